/* The host's table of optimizers: one row each, in its own file in ops/optimizers/. */
#ifndef EBBI_OPTIMIZER_ROW_H
#define EBBI_OPTIMIZER_ROW_H

#include "setting.h"

#include <ebb/ops.h>

/* Floats that the host passes to an optimizer's kernel. */
enum { EBBI_OPTIMIZER_CONSTANTS = 8 };

typedef struct ebbi_optimizer_row {
  struct {
    bool has;
    double usual; /* default */
  } settings[EBB_SETTING_COUNT];
  double learning_rate; /* default */
  bool full_batch;      /* compares gradients of successive steps, which must be of all rows */
  bool searches;        /* finds its steps by a line search over all rows (train/lbfgs.h) */
  bool unscheduled;     /* uses the learning rate in its first step only */
  bool orthogonal;      /* updates weight matrices of hidden layers apart (train/muon.h) */
  bool trusts;          /* multiplies the rate of a weight tensor by its trust ratio */
  size_t (*moments)(const ebb_optimizer *optimizer);
  double (*flops)(const ebb_optimizer *optimizer); /* for each parameter */
  /* Computed in double: 1 - beta, computed in the kernel from a float beta, would be wrong in the
   * fifth digit. */
  void (*constants)(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *optimizer);
  /* Fails if settings that are each in range do not go together. NULL: they always do. */
  ebb_status (*check)(const char *where, const ebb_optimizer *optimizer);
} ebbi_optimizer_row;

#define EBBI_OPTIMIZER_ROW(name, text, formula)                                                    \
  extern const ebbi_optimizer_row ebbi_optimizer_##text;
EBB_OPTIMIZER_LIST(EBBI_OPTIMIZER_ROW)
#undef EBBI_OPTIMIZER_ROW

/* Returns the row of an optimizer; the kind must be valid. */
const ebbi_optimizer_row *ebbi_optimizer_row_of(ebb_optimizer_kind kind);

#endif
