/* What the host knows of an optimizer: a row each, in a file of its own in ops/optimizers/. */
#ifndef EBBI_OPTIMIZER_ROW_H
#define EBBI_OPTIMIZER_ROW_H

#include "setting.h"

#include <ebb/ops.h>

/* Floats that the host hands to an optimizer's kernel. */
enum { EBBI_OPTIMIZER_CONSTANTS = 8 };

typedef struct ebbi_optimizer_row {
  struct {
    bool has;
    double usual; /* the default */
  } settings[EBB_SETTING_COUNT];
  double learning_rate; /* the default */
  size_t (*moments)(const ebb_optimizer *optimizer);
  double (*flops)(const ebb_optimizer *optimizer); /* of a parameter */
  /* Formed in double: 1 - beta, formed from a float beta in the kernel, would be wrong in the fifth
   * digit. */
  void (*constants)(float constants[EBBI_OPTIMIZER_CONSTANTS], const ebb_optimizer *optimizer);
} ebbi_optimizer_row;

#define EBBI_OPTIMIZER_ROW(name, text, formula)                                                    \
  extern const ebbi_optimizer_row ebbi_optimizer_##text;
EBB_OPTIMIZER_LIST(EBBI_OPTIMIZER_ROW)
#undef EBBI_OPTIMIZER_ROW

/* The row of an optimizer that there is. */
const ebbi_optimizer_row *ebbi_optimizer_row_of(ebb_optimizer_kind kind);

#endif
