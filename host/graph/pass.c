/* Creates a pass from its plan, and computes the memory that it needs. (pass_run.c runs it.) */
#include "pass.h"

#include "base/error.h"
#include "ops/ops.h"

#include <stdlib.h>
#include <string.h>

/* ---- need ---- */

void ebbi_need_add(ebbi_need *need, size_t bytes) {
  need->total += bytes;
  if (bytes > need->largest) need->largest = bytes;
}

/* Adds gradients, partial sums, and what whole steps keep. */
static ebb_status need_gradients(ebbi_need *need, const ebbi_exec *exec, const ebb_network *network,
                                 size_t batch, ebb_loss loss, ebbi_pass_kind kind) {
  size_t count = network->parameters->cols;
  ebbi_whole_layout whole = {.slices = 1};
  if (kind == EBBI_PASS_WHOLE) {
    TRY(ebbi_pass_whole_layout(&whole, exec, network, batch));
    ebbi_need_add(need, ebbi_whole_table_bytes(&whole));
    ebbi_need_add(need, ebbi_whole_scratch_bytes(&whole)); /* 0: values are in local memory */
    ebbi_need_add(need, ebbi_whole_progress_bytes(&whole));
  }
  if (kind != EBBI_PASS_EVALUATION)
    ebbi_need_add(need, whole.slices * ebbi_stride(whole.slices, count) * sizeof(float));
  size_t members =
      ebbi_value_rows(&network->spec, network->spec.count, kind != EBBI_PASS_EVALUATION);
  size_t sums = kind == EBBI_PASS_WHOLE ? whole.slices : ebbi_loss_groups(exec, batch * members);
  ebbi_need_add(need, sums * ebbi_loss_sums(loss) * sizeof(float));
  return EBB_OK;
}

/* Adds the tensors of the plan. */
static void need_places(ebbi_need *need, const ebbi_plan *plan) {
  ebbi_need_add(need, ebbi_stride(1, plan->arena) * sizeof(float));
  for (size_t i = 0; i < plan->place_count; i++)
    if (plan->places[i].apart)
      ebbi_need_add(need, plan->places[i].rows *
                              ebbi_stride(plan->places[i].rows, plan->places[i].cols) *
                              sizeof(float));
  ebbi_need_add(need, ebbi_device_workspace_need(plan->network->device, plan->workspace));
}

ebb_status ebbi_pass_need(ebbi_need *need, const ebbi_exec *exec, const ebb_network *network,
                          size_t batch, ebb_loss loss, ebbi_pass_kind kind) {
  size_t outputs = ebb_spec_outputs(&network->spec);
  bool classes = ebb_loss_has_labels(loss.kind);
  size_t target = classes ? 1 : ebbi_stride(batch, ebbi_loss_targets(loss, outputs));
  ebbi_plan *plan;
  TRY(ebbi_plan_create(&plan, exec, network, batch, kind, NULL));
  need_places(need, plan);
  free(plan);
  if (kind == EBBI_PASS_PREDICTION) return EBB_OK;
  ebbi_need_add(need, batch * target * sizeof(float));
  if (loss.weighted) ebbi_need_add(need, batch * sizeof(float));
  ebbi_need_add(need, sizeof(ebb_state));
  return need_gradients(need, exec, network, batch, loss, kind);
}

/* ---- building ---- */

static ebb_status make_tensor(ebb_tensor **out, const ebbi_pass *pass, const ebbi_place *place) {
  ebb_device *device = pass->network->device;
  if (place->apart) return ebb_tensor_create(out, device, place->dtype, place->rows, place->cols);
  return ebbi_tensor_view(out, pass->arena, place->offset, place->dtype, place->rows, place->cols);
}

static ebb_tensor *tensor_at(const ebbi_pass *pass, int place) {
  return place == EBBI_NO_PLACE ? NULL : pass->tensors[place];
}

static ebb_status make_places(ebbi_pass *pass) {
  const ebbi_plan *plan = pass->plan;
  size_t count = pass->network->spec.count;
  TRY(ebb_tensor_create(&pass->arena, pass->network->device, EBB_F32, 1, plan->arena));
  for (size_t i = 0; i < plan->place_count; i++)
    TRY(make_tensor(&pass->tensors[i], pass, &plan->places[i]));
  for (size_t v = 0; v <= count; v++) {
    pass->value[v] = tensor_at(pass, plan->value[v]);
    pass->dvalue[v] = tensor_at(pass, plan->dvalue[v]);
  }
  for (size_t n = 0; n < count; n++) {
    pass->z[n] = tensor_at(pass, plan->z[n]);
    for (size_t i = 0; i < EBB_NODE_INPUTS; i++)
      pass->dinput[n][i] = tensor_at(pass, plan->dinput[n][i]);
  }
  return EBB_OK;
}

/* Allocates the full size before anything is recorded, since recorded launches keep their buffers.
 */
static ebb_status make_workspace(const ebbi_pass *pass) {
  ebbi_buffer *workspace;
  size_t bytes = pass->plan->workspace;
  return bytes > 0 ? ebbi_device_workspace(&workspace, pass->network->device, bytes) : EBB_OK;
}

/* The gradients of a step by layers, with a view for each parameter. */
static ebb_status make_layer_gradients(ebbi_pass *pass) {
  const ebb_network *network = pass->network;
  TRY(ebb_tensor_create(&pass->gradients, network->device, EBB_F32, 1, network->parameters->cols));
  for (size_t n = 0; n < network->spec.count; n++)
    for (size_t p = 0; p < EBBI_NODE_PARAMETERS && network->parameter[n][p]; p++) {
      const ebb_tensor *parameter = network->parameter[n][p];
      TRY(ebbi_tensor_view(&pass->dparameter[n][p], pass->gradients, network->offset[n][p], EBB_F32,
                           parameter->rows, parameter->cols));
    }
  return EBB_OK;
}

static ebb_status make_whole_step(ebbi_pass *pass) {
  TRY(ebbi_pass_make_whole(&pass->whole, &pass->exec, pass->network, pass->batch, pass->loss));
  pass->gradients = pass->whole->gradients;
  pass->partials = pass->whole->partials;
  return EBB_OK;
}

static ebb_status build(ebbi_pass *pass) {
  ebb_device *device = pass->network->device;
  size_t batch = pass->batch, outputs = ebb_spec_outputs(&pass->network->spec);
  TRY(ebbi_plan_create(&pass->plan, &pass->exec, pass->network, batch, pass->kind, pass->frozen));
  TRY(make_workspace(pass));
  TRY(make_places(pass));
  if (pass->kind == EBBI_PASS_PREDICTION) return EBB_OK;
  TRY(ebbi_require_outputs("network", pass->loss, outputs));
  bool classes = ebb_loss_has_labels(pass->loss.kind);
  TRY(ebb_tensor_create(&pass->target, device, classes ? EBB_I32 : EBB_F32, batch,
                        ebbi_loss_targets(pass->loss, outputs)));
  if (pass->loss.weighted) TRY(ebb_tensor_create_packed(&pass->weights, device, EBB_F32, batch, 1));
  TRY(ebb_tensor_create(&pass->state, device, EBB_I32, 1, EBB_STATE_WORDS));
  if (pass->kind == EBBI_PASS_WHOLE) return make_whole_step(pass);
  TRY(ebbi_loss_partials_create(&pass->exec, &pass->partials, device,
                                pass->value[pass->network->spec.count]->rows, pass->loss));
  return pass->kind == EBBI_PASS_LAYERS ? make_layer_gradients(pass) : EBB_OK;
}

static ebb_status create(ebbi_pass **out, const ebbi_pass *described) {
  ebbi_pass *pass = calloc(1, sizeof *pass);
  REQUIRE(pass, EBB_ERR_MEMORY, "pass: no memory");
  *pass = *described;
  pass->exec.formulas = pass->network->spec.formulas;
  ebb_status status = build(pass);
  if (status == EBB_OK)
    *out = pass;
  else
    ebbi_pass_free(pass);
  return status;
}

ebb_status ebbi_pass_create(ebbi_pass **out, const ebbi_exec *exec, ebb_network *network,
                            size_t batch, ebb_loss loss, ebbi_pass_kind kind) {
  return create(
      out,
      &(ebbi_pass){.exec = *exec, .network = network, .batch = batch, .loss = loss, .kind = kind});
}

ebb_status ebbi_pass_create_training(ebbi_pass **out, const ebbi_exec *exec, ebb_network *network,
                                     size_t batch, ebb_loss loss, ebbi_pass_kind kind,
                                     const bool frozen[EBB_MAX_NODES]) {
  ebbi_pass described = {
      .exec = *exec, .network = network, .batch = batch, .loss = loss, .kind = kind};
  memcpy(described.frozen, frozen, sizeof described.frozen);
  return create(out, &described);
}

ebb_status ebbi_pass_create_prediction(ebbi_pass **out, const ebbi_exec *exec, ebb_network *network,
                                       size_t batch) {
  return create(
      out, &(ebbi_pass){
               .exec = *exec, .network = network, .batch = batch, .kind = EBBI_PASS_PREDICTION});
}

void ebbi_pass_free(ebbi_pass *pass) {
  if (!pass) return;
  for (size_t i = 0; pass->plan && i < pass->plan->place_count; i++)
    ebb_tensor_free(pass->tensors[i]);
  for (size_t n = 0; n < pass->network->spec.count; n++)
    for (size_t p = 0; p < EBBI_NODE_PARAMETERS; p++) ebb_tensor_free(pass->dparameter[n][p]);
  ebb_tensor_free(pass->target);
  ebb_tensor_free(pass->weights);
  ebb_tensor_free(pass->state);
  if (!pass->whole) { /* otherwise the whole step owns them */
    ebb_tensor_free(pass->partials);
    ebb_tensor_free(pass->gradients);
  }
  ebbi_whole_step_free(pass->whole);
  ebb_tensor_free(pass->arena);
  free(pass->plan);
  free(pass);
}
