/* What the host knows of a loss: a row each, in a file of its own in ops/losses/. */
#ifndef EBBI_LOSS_ROW_H
#define EBBI_LOSS_ROW_H

#include "setting.h"

#include <ebb/ops.h>

typedef struct ebbi_loss_row {
  ebbi_setting parameters[EBB_LOSS_PARAMETERS]; /* in the order of the text; unused: no name */
  bool squares;                                 /* the mean of (z - y)^2 */
  double flops, bytes;                          /* of an output */
} ebbi_loss_row;

#define EBBI_LOSS_ROW(name, text, targets, formula) extern const ebbi_loss_row ebbi_loss_##text;
EBB_LOSS_LIST(EBBI_LOSS_ROW)
#undef EBBI_LOSS_ROW

/* The row of a loss that there is. */
const ebbi_loss_row *ebbi_loss_row_of(ebb_loss_kind kind);

/* Fails unless there is such a loss and its parameters are in their ranges. */
ebb_status ebbi_require_loss(const char *where, ebb_loss loss);

#endif
