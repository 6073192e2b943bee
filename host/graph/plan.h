/* The plan of a pass: every tensor with its place in the arena, and the calls in order.
 *
 * Memory is computed from the plan, and a pass is built from it, so the two agree.
 */
#ifndef EBBI_PLAN_H
#define EBBI_PLAN_H

#include "nn/kind.h"

/* What a pass is for: prediction, evaluation, or training by layers or by whole steps. */
typedef enum ebbi_pass_kind {
  EBBI_PASS_PREDICTION,
  EBBI_PASS_EVALUATION,
  EBBI_PASS_LAYERS,
  EBBI_PASS_WHOLE
} ebbi_pass_kind;

enum {
  EBBI_NO_PLACE = -1,
  EBBI_MAX_PLACES = 1 + EBB_MAX_NODES * (3 + EBB_NODE_INPUTS),
  EBBI_MAX_CALLS = 1 + EBB_MAX_NODES * (3 + EBB_NODE_INPUTS)
};

/* A tensor [rows, cols] of the arena. It lives from the call that writes it to the last call that
 * uses it. In training all live to the end, since self-tests read them after the step. */
typedef struct ebbi_place {
  size_t rows, cols;
  ebb_dtype dtype;
  size_t first, last;
  size_t offset; /* in the arena, in floats */
  bool apart;    /* in a buffer of its own */
} ebbi_place;

typedef enum ebbi_call_type {
  EBBI_CALL_FORWARD,  /* of a node */
  EBBI_CALL_LOSS,     /* the gradient of the output */
  EBBI_CALL_BACKWARD, /* of a node */
  EBBI_CALL_ADD       /* to = a + b, times f' of `node` unless `plain` */
} ebbi_call_type;

typedef struct ebbi_call {
  ebbi_call_type type;
  size_t node;
  int to, a, b; /* places, for ADD only; b may be EBBI_NO_PLACE */
  bool plain;
} ebbi_call;

/* Places by what they hold; two entries may share one place. */
typedef struct ebbi_plan {
  const ebbi_exec *exec; /* of the pass */
  const ebb_network *network;
  size_t batch;
  ebbi_pass_kind kind;
  const bool *frozen; /* by node: its parameters are not trained; NULL: none */
  ebbi_place places[EBBI_MAX_PLACES];
  size_t place_count;
  int value[EBB_MAX_NODES + 1], dvalue[EBB_MAX_NODES + 1];
  int z[EBB_MAX_NODES];                       /* sums before an activation whose f' needs them */
  int dinput[EBB_MAX_NODES][EBB_NODE_INPUTS]; /* what a node's backward writes */
  bool fused[EBB_MAX_NODES][EBB_NODE_INPUTS]; /* f' of the node below is applied */
  ebbi_call calls[EBBI_MAX_CALLS];
  size_t call_count, forward_count; /* total; before the loss */
  size_t arena;                     /* floats */
  size_t workspace;                 /* bytes */
} ebbi_plan;

/* Makes the plan; the caller frees it by free().  Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_plan_create(ebbi_plan **out, const ebbi_exec *exec, const ebb_network *network,
                            size_t batch, ebbi_pass_kind kind, const bool *frozen);

#endif
