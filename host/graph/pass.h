/* A pass: what it takes to run a network forward and backward over a batch of fixed size.
 *
 * All values and gradients lie in one arena, planned once (plan.h). Each call queues launches, or
 * records them while a sequence is being recorded.
 */
#ifndef EBBI_PASS_H
#define EBBI_PASS_H

#include "plan.h"
#include "whole_network.h"
#include "whole_step.h"

#include <ebb/ops.h>

typedef struct ebbi_pass {
  ebb_network *network;
  size_t batch; /* rows, B */
  ebb_loss loss;
  ebbi_pass_kind kind;
  ebbi_exec exec; /* by which it was made, and runs */
  uint64_t seed;  /* of the training: for nodes that are random by step */
  ebbi_plan *plan;
  ebb_tensor *arena;                    /* holds the tensors of the plan */
  ebb_tensor *tensors[EBBI_MAX_PLACES]; /* by place; what follows up to dinput points to them */
  ebb_tensor *value[EBB_MAX_NODES + 1]; /* 0: the batch; the last one holds logits or values */

  /* Gradients, NULL where none is computed; of a value with an activation by its sum, dz. Unless by
   * layers there is that of the output alone, and for prediction none. */
  ebb_tensor *dvalue[EBB_MAX_NODES + 1];
  ebb_tensor *z[EBB_MAX_NODES]; /* sums, where a backward pass by layers needs them */

  /* What each node's backward writes: the gradient of its input, or a part of it. */
  ebb_tensor *dinput[EBB_MAX_NODES][EBB_NODE_INPUTS];
  ebb_tensor *target;    /* I32 [B, 1] labels, or F32 [B, O] values; not for prediction, nor are */
  ebb_tensor *partials;  /* the loss's partial sums */
  ebb_tensor *state;     /* and the step state */
  ebb_tensor *gradients; /* a twin of the parameter slab a slice; NULL unless for training */
  ebb_tensor *dparameter[EBB_MAX_NODES][EBBI_NODE_PARAMETERS]; /* views; NULL unless by layers */
  ebbi_whole_step *whole; /* NULL unless whole; then gradients and partials are its own */
} ebbi_pass;

/* Device memory that is going to be needed: in all, and in the largest single buffer. */
typedef struct ebbi_need {
  size_t total, largest; /* bytes */
} ebbi_need;

/* Adds a buffer to the need. */
void ebbi_need_add(ebbi_need *need, size_t bytes);

/* Adds a pass's buffers, so that a plan can be made before anything is allocated. */
ebb_status ebbi_pass_need(ebbi_need *need, const ebbi_exec *exec, const ebb_network *network,
                          size_t batch, ebb_loss loss, ebbi_pass_kind kind);

ebb_status ebbi_pass_create(ebbi_pass **out, const ebbi_exec *exec, ebb_network *network,
                            size_t batch, ebb_loss loss, ebbi_pass_kind kind);

/* A pass for prediction: without loss, target, state and gradients. */
ebb_status ebbi_pass_create_prediction(ebbi_pass **out, const ebbi_exec *exec, ebb_network *network,
                                       size_t batch);
void ebbi_pass_free(ebbi_pass *pass);

/* The output from the batch: a launch a node. */
ebb_status ebbi_pass_forward(ebbi_pass *pass);

/* The output's gradient and partials, from the output, target and state. */
ebb_status ebbi_pass_loss(ebbi_pass *pass);

/* All gradients from the output's. By layers only. */
ebb_status ebbi_pass_backward(ebbi_pass *pass);

#endif
