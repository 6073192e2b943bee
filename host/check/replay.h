/* A replay in progress: a dump's operation, rebuilt from the dump's contents.
 */
#ifndef EBBI_REPLAY_H
#define EBBI_REPLAY_H

#include "check/dump.h"

typedef struct ebbi_replay {
  ebbi_exec exec; /* as in the training */
  ebbi_dump dump;
  ebbi_comparison comparison;
  ebbi_number watched;       /* its values on this device */
  ebbi_step_tensors tensors; /* for an operation by layers */
  ebb_network *network;      /* for a whole step */
  ebbi_pass *pass;
} ebbi_replay;

/* A tensor with the dump's numbers, or with NaN for the operation to fill. The dump must contain
 * the tensor in either case, so no more is allocated than a file holds. */
ebb_status ebbi_replay_make(ebb_tensor **out, ebbi_replay *r, const char *name, bool half,
                            size_t rows, size_t cols, bool filled);

/* The weights of rows; NULL unless the loss is weighted. */
ebb_status ebbi_replay_weights(double **out, ebbi_replay *r, const char *name, size_t rows);

/* Labels, which must be classes, or values: those of a batch, or of a dataset with these weights
 * (NULL: none). */
ebb_status ebbi_replay_target(ebb_tensor **out, ebbi_replay *r, const char *name, size_t rows);
ebb_status ebbi_replay_targets(ebb_tensor **out, ebbi_replay *r, const char *name, size_t rows,
                               const double *weights);

/* The operations by layers: each is run, then compared by the functions of the live check. */
ebb_status ebbi_replay_forward(ebbi_replay *r);
ebb_status ebbi_replay_loss(ebbi_replay *r);
ebb_status ebbi_replay_weight_gradient(ebbi_replay *r);
ebb_status ebbi_replay_input_gradient(ebbi_replay *r);
ebb_status ebbi_replay_gradient_sum(ebbi_replay *r);

#endif
