/* A pass: what it takes to run a network forward and backward over a batch of fixed size.
 *
 * All activations and gradients lie in one arena, planned once. Each call queues launches, or
 * records them while a sequence is being recorded.
 */
#ifndef EBBI_PASS_H
#define EBBI_PASS_H

#include "nn/network.h"
#include "whole_step.h"

#include <ebb/ops.h>

/* What a pass is for: evaluation, or training layer by layer or whole step by whole step. */
typedef enum ebbi_pass_kind {
  EBBI_PASS_EVALUATION,
  EBBI_PASS_LAYERS,
  EBBI_PASS_WHOLE
} ebbi_pass_kind;

typedef struct ebbi_pass {
  ebb_network *network;
  size_t batch; /* rows, B */
  ebb_loss loss;
  ebbi_pass_kind kind;
  ebbi_mma_state mma;             /* the precision that it was made in, and runs in */
  ebb_tensor *arena;              /* holds x, z, a and dz */
  ebb_tensor *x;                  /* [B, I] the batch */
  ebb_tensor *target;             /* I32 [B, 1] labels, or F32 [B, O] values */
  ebb_tensor *partials;           /* the loss's partial sums */
  ebb_tensor *state;              /* the step state */
  ebb_tensor *z[EBB_MAX_LAYERS];  /* [B, O] where a backward pass by layers needs it */
  ebb_tensor *a[EBB_MAX_LAYERS];  /* [B, O]; the last one holds logits or values */
  ebb_tensor *dz[EBB_MAX_LAYERS]; /* [B, O]; only the last one unless by layers */
  ebb_tensor *gradients;          /* a twin of the parameter slab a slice; NULL for evaluation */
  ebb_tensor *dw[EBB_MAX_LAYERS], *db[EBB_MAX_LAYERS]; /* views; NULL unless by layers */
  ebbi_whole_step *whole; /* NULL unless whole; then gradients and partials are its own */
} ebbi_pass;

/* Device memory that is going to be needed: in all, and in the largest single buffer. */
typedef struct ebbi_need {
  size_t total, largest; /* bytes */
} ebbi_need;

/* Adds a buffer to the need. */
void ebbi_need_add(ebbi_need *need, size_t bytes);

/* Can steps be whole? Planning one that cannot fails with EBB_ERR_UNSUPPORTED and the reason. */
bool ebbi_pass_can_be_whole(const ebb_network *network);

/* Are they better whole, as far as it is known? */
bool ebbi_pass_had_better_be_whole(const ebb_network *network);

/* Adds a pass's buffers, so that a plan can be made before anything is allocated. */
ebb_status ebbi_pass_need(ebbi_need *need, const ebb_network *network, size_t batch, ebb_loss loss,
                          ebbi_pass_kind kind);

ebb_status ebbi_pass_create(ebbi_pass **out, ebb_network *network, size_t batch, ebb_loss loss,
                            ebbi_pass_kind kind);
void ebbi_pass_free(ebbi_pass *pass);

/* a[last] from x: one launch a layer. */
ebb_status ebbi_pass_forward(ebbi_pass *pass);

/* dz[last] and partials from a[last], target and state. */
ebb_status ebbi_pass_loss(ebbi_pass *pass);

/* All gradients from dz[last]: two launches a layer, one for the first. By layers only. */
ebb_status ebbi_pass_backward(ebbi_pass *pass);

#endif
