/* Runs the calls of a plan: forward through the nodes, and backward. */
#include "base/error.h"
#include "pass.h"

/* The epilogue to be applied to the gradient of a node's output. */
static ebbi_epilogue epilogue_of(const ebbi_pass *pass, size_t node) {
  return (ebbi_epilogue){pass->network->spec.nodes[node].activation, pass->z[node],
                         pass->value[node + 1]};
}

static ebbi_node_call describe(const ebbi_pass *pass, size_t n) {
  const ebb_network *network = pass->network;
  ebbi_node_call call = {.exec = &pass->exec,
                         .network = network,
                         .index = n,
                         .frozen = pass->frozen[n],
                         .y = pass->value[n + 1],
                         .z = pass->z[n],
                         .parameters = network->parameter[n],
                         .state = pass->state,
                         .seed = pass->seed,
                         .span = pass->span,
                         .training = pass->kind == EBBI_PASS_LAYERS};
  for (size_t i = 0; i < ebbi_node_kind(&network->spec, n)->inputs; i++)
    call.x[i] = pass->value[network->spec.nodes[n].inputs[i]];
  return call;
}

static ebb_status run_forward_call(const ebbi_pass *pass, size_t n) {
  ebbi_node_call call = describe(pass, n);
  return ebbi_node_kind(&pass->network->spec, n)->forward(&call);
}

static ebb_status run_backward_call(const ebbi_pass *pass, size_t n) {
  const ebb_spec *spec = &pass->network->spec;
  ebbi_node_call call = describe(pass, n);
  call.gradients = pass->dparameter[n];
  call.dy = pass->dvalue[n + 1];
  for (size_t i = 0; i < EBB_NODE_INPUTS; i++) {
    call.dx[i] = pass->dinput[n][i];
    if (pass->plan->fused[n][i]) call.below[i] = epilogue_of(pass, spec->nodes[n].inputs[i] - 1);
  }
  return ebbi_node_kind(spec, n)->backward(&call);
}

static ebb_status run_add(const ebbi_pass *pass, const ebbi_call *call) {
  ebbi_epilogue epilogue = epilogue_of(pass, call->node);
  const ebb_tensor *b = call->b == EBBI_NO_PLACE ? NULL : pass->tensors[call->b];
  return ebbi_add(&pass->exec, pass->tensors[call->to], pass->tensors[call->a], b,
                  call->plain ? NULL : &epilogue);
}

static ebb_status run_call(const ebbi_pass *pass, const ebbi_call *call) {
  switch (call->type) {
  case EBBI_CALL_FORWARD:
    return run_forward_call(pass, call->node);
  case EBBI_CALL_BACKWARD:
    return run_backward_call(pass, call->node);
  case EBBI_CALL_ADD:
    return run_add(pass, call);
  case EBBI_CALL_LOSS:
    break;
  }
  return ebbi_loss_forward_backward(&pass->exec, pass->dvalue[pass->network->spec.count],
                                    pass->partials, pass->value[pass->network->spec.count],
                                    pass->target, pass->weights, pass->state, pass->loss);
}

ebb_status ebbi_pass_settle(ebbi_pass *pass) {
  const ebb_spec *spec = &pass->network->spec;
  for (size_t n = 0; n < spec->count; n++) {
    ebbi_node_call call = describe(pass, n);
    if (ebbi_node_kind(spec, n)->settle) TRY(ebbi_node_kind(spec, n)->settle(&call));
  }
  return EBB_OK;
}

static ebb_status run_calls(const ebbi_pass *pass, size_t first, size_t end) {
  for (size_t i = first; i < end; i++) TRY(run_call(pass, &pass->plan->calls[i]));
  return EBB_OK;
}

ebb_status ebbi_pass_forward(ebbi_pass *pass) {
  return run_calls(pass, 0, pass->plan->forward_count);
}

ebb_status ebbi_pass_loss(ebbi_pass *pass) {
  return run_calls(pass, pass->plan->forward_count, pass->plan->forward_count + 1);
}

ebb_status ebbi_pass_backward(ebbi_pass *pass) {
  return run_calls(pass, pass->plan->forward_count + 1, pass->plan->call_count);
}
