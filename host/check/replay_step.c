/* Repeats operations by layers. Nodes run through their kinds' rows, as in a pass, on tensors of
 * the dump: a spec's sizes alone allocate nothing.
 */
#include "check/kind.h"
#include "check/replay.h"

#include "base/error.h"
#include "ops/ops.h"
#include "tensor/tensor.h"

#include <string.h>

/* Makes the operation's tensors from the dump. A gradient that it lacks is the value's own. */
static ebb_status make_tensors(ebbi_replay *r) {
  const ebbi_dump *d = &r->dump;
  ebbi_step_tensors *t = &r->tensors;
  ebbi_step_place *places;
  size_t node = d->number.layer, rows, cols;
  *t = (ebbi_step_tensors){.spec = &d->spec,
                           .loss = d->loss,
                           .live = d->live,
                           .step = d->step,
                           .seed = d->seed,
                           .span = d->span};
  TRY(ebbi_fixture_bytes(&places, &r->comparison.fixture, EBBI_STEP_PLACES, sizeof *places));
  size_t count = ebbi_step_places(places, t, d->operation, node, d->batch);
  for (size_t i = 0; i < count; i++) {
    const ebbi_step_place *place = &places[i];
    const char *name = d->old ? place->old : place->name;
    if (!place->needed && !ebbi_dump_shape(&rows, &cols, d, name)) continue;
    bool half = place->between && d->precision == EBB_PRECISION_BF16;
    TRY(ebbi_replay_make(place->tensor, r, name, half, place->rows, place->cols, !place->written));
  }
  for (size_t i = 0; i < ebbi_node_kind(&d->spec, node)->inputs; i++)
    if (!t->dinput[node][i]) t->dinput[node][i] = t->dvalue[d->spec.nodes[node].inputs[i]];
  return EBB_OK;
}

/* The node's call, in a network that has nothing except the spec. */
static ebb_status make_call(ebbi_node_call *call, ebbi_replay *r, ebb_network *network) {
  const ebbi_dump *d = &r->dump;
  ebbi_step_tensors *t = &r->tensors;
  ebbi_fixture *fixture = &r->comparison.fixture;
  size_t node = d->number.layer;
  ebb_state state = ebb_state_default((uint32_t)d->live, d->step, 0);
  ebb_tensor *state_tensor;
  *network = (ebb_network){.device = fixture->device, .spec = d->spec};
  TRY(ebbi_fixture_state(&state_tensor, fixture, &state));
  *call = (ebbi_node_call){.exec = &r->exec,
                           .network = network,
                           .index = node,
                           .y = t->value[node + 1],
                           .z = t->z[node],
                           .parameters = t->parameter[node],
                           .state = state_tensor,
                           .seed = d->seed,
                           .span = d->span,
                           .training = true};
  for (size_t i = 0; i < EBB_NODE_INPUTS; i++) call->x[i] = t->value[d->spec.nodes[node].inputs[i]];
  return EBB_OK;
}

ebb_status ebbi_replay_forward(ebbi_replay *r) {
  size_t node = r->dump.number.layer;
  ebb_network network;
  ebbi_node_call call;
  TRY(make_tensors(r));
  TRY(make_call(&call, r, &network));
  TRY(ebbi_node_kind(&r->dump.spec, node)->forward(&call));
  return ebbi_compare_forward(&r->comparison, &r->tensors, node);
}

/* The epilogue for the gradient of a value: f' of the node that produced it. */
static ebb_status epilogue_of(ebbi_epilogue *out, const ebbi_replay *r, size_t value) {
  const ebbi_step_tensors *t = &r->tensors;
  ebb_activation activation = t->spec->nodes[value - 1].activation;
  *out = (ebbi_epilogue){0};
  if (!ebbi_node_kind(t->spec, value - 1)->takes) return EBB_OK;
  *out = (ebbi_epilogue){activation, t->z[value - 1], t->value[value]};
  REQUIRE(t->value[value] && (t->z[value - 1] || !ebb_activation_needs_z(activation)),
          EBB_ERR_INPUT, "%s: the value that layer %zu made is not in it", r->dump.path, value);
  return EBB_OK;
}

/* Runs a node's backward, fused with f' of the nodes below where the training fused it. */
static ebb_status run_backward(ebbi_replay *r) {
  ebbi_step_tensors *t = &r->tensors;
  size_t node = r->dump.number.layer;
  const ebbi_kind *kind = ebbi_node_kind(&r->dump.spec, node);
  ebb_network network;
  ebbi_node_call call;
  TRY(make_tensors(r));
  TRY(make_call(&call, r, &network));
  call.gradients = t->dparameter[node];
  call.dy = t->dvalue[node + 1];
  REQUIRE(kind->backward, EBB_ERR_INPUT, "%s: a layer of kind %s computes no gradients",
          r->dump.path, kind->name);
  for (size_t i = 0; i < kind->inputs; i++) {
    size_t value = t->spec->nodes[node].inputs[i];
    call.dx[i] = t->dinput[node][i];
    if (call.dx[i] && call.dx[i] == t->dvalue[value]) TRY(epilogue_of(&call.below[i], r, value));
  }
  return kind->backward(&call);
}

ebb_status ebbi_replay_weight_gradient(ebbi_replay *r) {
  size_t node = r->dump.number.layer;
  REQUIRE(ebbi_node_check(&r->dump.spec, node)->compare_gradients, EBB_ERR_INPUT,
          "%s: layer %zu has no parameters", r->dump.path, node + 1);
  TRY(run_backward(r));
  return ebbi_compare_weight_gradient(&r->comparison, &r->tensors, node);
}

ebb_status ebbi_replay_input_gradient(ebbi_replay *r) {
  const ebbi_dump *d = &r->dump;
  size_t node = d->number.layer, input = 0;
  const char *const *names = ebbi_node_check(&d->spec, node)->dx;
  while (input < EBB_NODE_INPUTS && (!names[input] || strcmp(names[input], d->number.tensor) != 0))
    input++;
  REQUIRE(input < EBB_NODE_INPUTS, EBB_ERR_INPUT, "%s: layer %zu writes no gradient \"%.40s\"",
          d->path, node + 1, d->number.tensor);
  TRY(run_backward(r));
  REQUIRE(d->spec.nodes[node].inputs[input] > 0 && r->tensors.dinput[node][input], EBB_ERR_INPUT,
          "%s: layer %zu has no gradient of its input", d->path, node + 1);
  return ebbi_compare_input_gradient(&r->comparison, &r->tensors, node, input);
}

/* Adds the gradients as a pass does: from the last reader of the value on, then times f'. */
ebb_status ebbi_replay_gradient_sum(ebbi_replay *r) {
  ebbi_step_tensors *t = &r->tensors;
  size_t value = r->dump.number.layer + 1, count = 0;
  const ebb_tensor *terms[EBB_NODE_INPUTS * EBB_MAX_NODES];
  ebbi_epilogue epilogue;
  REQUIRE(value < r->dump.spec.count, EBB_ERR_INPUT, "%s: the output has no sum of gradients",
          r->dump.path);
  TRY(make_tensors(r));
  TRY(epilogue_of(&epilogue, r, value));
  for (size_t n = t->spec->count; n-- > value;)
    for (size_t i = ebbi_node_kind(t->spec, n)->inputs; i-- > 0;)
      if (t->spec->nodes[n].inputs[i] == value) terms[count++] = t->dinput[n][i];
  REQUIRE(count > 0, EBB_ERR_INPUT, "%s: nothing reads what layer %zu makes", r->dump.path, value);
  for (size_t i = 1; i + 1 < count; i++)
    TRY(ebbi_add(&r->exec, t->dvalue[value], i == 1 ? terms[0] : t->dvalue[value], terms[i], NULL));
  const ebb_tensor *first = count > 2 ? t->dvalue[value] : terms[0];
  TRY(ebbi_add(&r->exec, t->dvalue[value], first, count > 1 ? terms[count - 1] : NULL, &epilogue));
  return ebbi_compare_gradient_sum(&r->comparison, t, value);
}

ebb_status ebbi_replay_loss(ebbi_replay *r) {
  const ebbi_dump *d = &r->dump;
  ebbi_step_tensors *t = &r->tensors;
  ebbi_fixture *fixture = &r->comparison.fixture;
  size_t last = d->spec.count;
  ebb_state state = ebb_state_default((uint32_t)d->live, 1, 0);
  ebb_tensor *state_tensor;
  float *weights;
  TRY(make_tensors(r));
  TRY(ebbi_replay_target(&t->target, r, "target", d->batch));
  if (d->loss.weighted) {
    TRY(ebbi_dump_floats(&weights, fixture, d, "weights", d->batch, 1));
    TRY(ebbi_fixture_tensor(&t->weights, fixture, EBB_F32, d->batch, 1, true, weights));
  }
  TRY(ebbi_loss_partials_create(ebbi_device_exec(fixture->device), &t->partials, fixture->device,
                                t->value[last]->rows, d->loss));
  TRY(ebbi_fixture_keep(fixture, t->partials));
  TRY(ebbi_fixture_state(&state_tensor, fixture, &state));
  TRY(ebbi_loss_forward_backward(ebbi_device_exec(fixture->device), t->dvalue[last], t->partials,
                                 t->value[last], t->target, t->weights, state_tensor, d->loss));
  return ebbi_compare_loss(&r->comparison, t);
}
