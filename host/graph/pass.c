/* Forward and backward over a batch: equations (1), (2) up the layers, (8), (9), (10) down them.
 *
 * Each tensor has a place of its own in the arena. Gradients of activations could take turns in two
 * places, but then a narrow one would find a wide one's numbers in its padding, which must be zero.
 */
#include "pass.h"

#include "base/error.h"
#include "ops/ops.h"
#include <stdlib.h>

/* Where each tensor lies in the arena. */
typedef struct plan {
  ebbi_slab slab;
  size_t x, z[EBB_MAX_LAYERS], a[EBB_MAX_LAYERS], dz[EBB_MAX_LAYERS];
} plan;

static bool keeps_z(const ebb_layer_spec *layer, ebbi_pass_kind kind) {
  return kind == EBBI_PASS_LAYERS && ebb_activation_needs_z(layer->activation);
}

/* Evaluation needs one gradient alone: the loss kernel writes the output's. A whole step needs
 * none, but its pass can evaluate the bad batch that it met. */
static bool keeps_dz(const ebb_spec *spec, size_t layer, ebbi_pass_kind kind) {
  return kind == EBBI_PASS_LAYERS || layer + 1 == spec->count;
}

/* In precision bf16 hidden layers keep their values in it; the loss reads the last layer's. */
static ebb_dtype type_of(const ebb_network *network, size_t layer) {
  bool half = ebb_device_precision(network->device) == EBB_PRECISION_BF16;
  return half && layer + 1 < network->spec.count ? EBB_BF16 : EBB_F32;
}

static ebb_status make_plan(plan *p, const ebb_network *network, size_t batch,
                            ebbi_pass_kind kind) {
  const ebb_spec *spec = &network->spec;
  p->slab = ebbi_slab_begin(network->device);
  TRY(ebbi_slab_add(&p->x, &p->slab, EBB_F32, batch, spec->layers[0].inputs));
  for (size_t l = 0; l < spec->count; l++) {
    size_t outputs = spec->layers[l].outputs;
    ebb_dtype type = type_of(network, l);
    TRY(ebbi_slab_add(&p->a[l], &p->slab, type, batch, outputs));
    if (keeps_z(&spec->layers[l], kind))
      TRY(ebbi_slab_add(&p->z[l], &p->slab, type, batch, outputs));
    if (keeps_dz(spec, l, kind)) TRY(ebbi_slab_add(&p->dz[l], &p->slab, type, batch, outputs));
  }
  return EBB_OK;
}

void ebbi_need_add(ebbi_need *need, size_t bytes) {
  need->total += bytes;
  if (bytes > need->largest) need->largest = bytes;
}

/* The network as whole steps see it; returns the number of layers. */
static size_t describe_layers(ebbi_whole_layer layers[EBB_MAX_LAYERS], const ebb_network *network) {
  const ebb_spec *spec = &network->spec;
  for (size_t l = 0; l < spec->count; l++)
    layers[l] = (ebbi_whole_layer){.inputs = spec->layers[l].inputs,
                                   .outputs = spec->layers[l].outputs,
                                   .weight = network->weight_offset[l],
                                   .bias = network->bias_offset[l],
                                   .activation = spec->layers[l].activation};
  return spec->count;
}

static ebb_status plan_whole(ebbi_whole_plan *whole, const ebb_network *network, size_t batch) {
  ebbi_whole_layer layers[EBB_MAX_LAYERS];
  size_t count = describe_layers(layers, network);
  ebbi_whole_network described = {layers, count, network->parameters->cols};
  return ebbi_whole_plan_make(whole, network->device, &described, batch);
}

/* What a function of whole steps says of the network. */
static bool ask(bool (*about)(const ebb_device *device, const ebbi_whole_network *network),
                const ebb_network *network) {
  ebbi_whole_layer layers[EBB_MAX_LAYERS];
  size_t count = describe_layers(layers, network);
  ebbi_whole_network described = {layers, count, network->parameters->cols};
  return about(network->device, &described);
}

bool ebbi_pass_can_be_whole(const ebb_network *network) {
  return ask(ebbi_whole_fits, network);
}

bool ebbi_pass_had_better_be_whole(const ebb_network *network) {
  return ask(ebbi_whole_pays, network);
}

/* Adds gradients, partial sums, and what else a kind of training keeps. */
static ebb_status need_gradients(ebbi_need *need, const ebb_network *network, size_t batch,
                                 ebbi_pass_kind kind) {
  size_t count = network->parameters->cols;
  ebbi_whole_plan whole = {.slices = 1};
  if (kind == EBBI_PASS_WHOLE) {
    TRY(plan_whole(&whole, network, batch));
    ebbi_need_add(need, ebbi_whole_table_bytes(&whole));
    ebbi_need_add(need, ebbi_whole_scratch_bytes(&whole)); /* 0: values lie in local memory */
  }
  if (kind != EBBI_PASS_EVALUATION)
    ebbi_need_add(need, whole.slices * ebbi_stride(whole.slices, count) * sizeof(float));
  size_t pairs = kind == EBBI_PASS_WHOLE ? whole.slices : ebbi_loss_groups(network->device, batch);
  ebbi_need_add(need, pairs * 2 * sizeof(float));
  return EBB_OK;
}

static void raise_to(size_t *most, size_t bytes) {
  if (bytes > *most) *most = bytes;
}

/* Bytes of the workspace that split products pass partial sums through, one for all layers. */
static size_t workspace_bytes(const ebb_network *network, size_t batch, ebbi_pass_kind kind) {
  const ebb_device *device = network->device;
  size_t most = 0;
  for (size_t l = 0; l < network->spec.count; l++) {
    size_t in = network->spec.layers[l].inputs, out = network->spec.layers[l].outputs;
    raise_to(&most, ebbi_matmul_workspace(device, EBB_LAYOUT_NN, batch, out, in));
    if (kind != EBBI_PASS_LAYERS) continue;
    raise_to(&most, ebbi_matmul_workspace(device, EBB_LAYOUT_TN, in, out, batch));
    if (l > 0) raise_to(&most, ebbi_matmul_workspace(device, EBB_LAYOUT_NT, batch, in, out));
  }
  return most;
}

ebb_status ebbi_pass_need(ebbi_need *need, const ebb_network *network, size_t batch, ebb_loss loss,
                          ebbi_pass_kind kind) {
  size_t outputs = ebb_spec_outputs(&network->spec);
  size_t target = loss == EBB_LOSS_CROSS_ENTROPY ? 1 : ebbi_stride(batch, outputs);
  plan p;
  TRY(make_plan(&p, network, batch, kind));
  ebbi_need_add(need, ebbi_stride(1, p.slab.count) * sizeof(float));
  ebbi_need_add(need, batch * target * sizeof(float));
  ebbi_need_add(need, sizeof(ebb_state));
  ebbi_need_add(need,
                ebbi_device_workspace_need(network->device, workspace_bytes(network, batch, kind)));
  return need_gradients(need, network, batch, kind);
}

/* The gradients of a step by layers, with a view for each layer. */
static ebb_status make_layer_gradients(ebbi_pass *pass) {
  const ebb_network *network = pass->network;
  TRY(ebb_tensor_create(&pass->gradients, network->device, EBB_F32, 1, network->parameters->cols));
  for (size_t l = 0; l < network->spec.count; l++) {
    const ebb_layer_spec *layer = &network->spec.layers[l];
    TRY(ebbi_tensor_view(&pass->dw[l], pass->gradients, network->weight_offset[l], EBB_F32,
                         layer->inputs, layer->outputs));
    TRY(ebbi_tensor_view(&pass->db[l], pass->gradients, network->bias_offset[l], EBB_F32, 1,
                         layer->outputs));
  }
  return EBB_OK;
}

static ebb_status make_whole_step(ebbi_pass *pass) {
  const ebb_network *network = pass->network;
  ebbi_whole_layer layers[EBB_MAX_LAYERS];
  size_t count = describe_layers(layers, network);
  ebbi_whole_network described = {layers, count, network->parameters->cols};
  TRY(ebbi_whole_step_create(&pass->whole, network->device, &described, pass->batch));
  pass->gradients = pass->whole->gradients;
  pass->partials = pass->whole->partials;
  return EBB_OK;
}

/* At its full size before anything is recorded: recorded launches keep the one that they find. */
static ebb_status make_workspace(const ebbi_pass *pass) {
  ebbi_buffer *workspace;
  size_t bytes = workspace_bytes(pass->network, pass->batch, pass->kind);
  return bytes > 0 ? ebbi_device_workspace(&workspace, pass->network->device, bytes) : EBB_OK;
}

static ebb_status build(ebbi_pass *pass) {
  ebb_device *device = pass->network->device;
  const ebb_spec *spec = &pass->network->spec;
  size_t batch = pass->batch, outputs = spec->layers[spec->count - 1].outputs;
  plan p;
  TRY(make_plan(&p, pass->network, batch, pass->kind));
  TRY(make_workspace(pass));
  TRY(ebb_tensor_create(&pass->arena, device, EBB_F32, 1, p.slab.count));
  TRY(ebbi_tensor_view(&pass->x, pass->arena, p.x, EBB_F32, batch, spec->layers[0].inputs));
  for (size_t l = 0; l < spec->count; l++) {
    const ebb_layer_spec *layer = &spec->layers[l];
    ebb_dtype type = type_of(pass->network, l);
    TRY(ebbi_tensor_view(&pass->a[l], pass->arena, p.a[l], type, batch, layer->outputs));
    if (keeps_dz(spec, l, pass->kind))
      TRY(ebbi_tensor_view(&pass->dz[l], pass->arena, p.dz[l], type, batch, layer->outputs));
    if (keeps_z(layer, pass->kind))
      TRY(ebbi_tensor_view(&pass->z[l], pass->arena, p.z[l], type, batch, layer->outputs));
  }
  bool classes = pass->loss == EBB_LOSS_CROSS_ENTROPY;
  TRY(ebb_tensor_create(&pass->target, device, classes ? EBB_I32 : EBB_F32, batch,
                        classes ? 1 : outputs));
  TRY(ebb_tensor_create(&pass->state, device, EBB_I32, 1, EBB_STATE_WORDS));
  if (pass->kind == EBBI_PASS_WHOLE) return make_whole_step(pass);
  TRY(ebb_loss_partials_create(&pass->partials, device, batch));
  return pass->kind == EBBI_PASS_LAYERS ? make_layer_gradients(pass) : EBB_OK;
}

ebb_status ebbi_pass_create(ebbi_pass **out, ebb_network *network, size_t batch, ebb_loss loss,
                            ebbi_pass_kind kind) {
  ebbi_pass *pass = calloc(1, sizeof *pass);
  REQUIRE(pass, EBB_ERR_MEMORY, "pass: no memory");
  pass->network = network;
  pass->batch = batch;
  pass->loss = loss;
  pass->kind = kind;
  pass->mma = ebbi_device_mma(network->device);
  ebb_status status = build(pass);
  if (status != EBB_OK) {
    ebbi_pass_free(pass);
    return status;
  }
  *out = pass;
  return EBB_OK;
}

void ebbi_pass_free(ebbi_pass *pass) {
  if (!pass) return;
  for (size_t l = 0; l < pass->network->spec.count; l++) {
    ebb_tensor_free(pass->z[l]);
    ebb_tensor_free(pass->a[l]);
    ebb_tensor_free(pass->dz[l]);
    ebb_tensor_free(pass->dw[l]);
    ebb_tensor_free(pass->db[l]);
  }
  ebb_tensor_free(pass->x);
  ebb_tensor_free(pass->target);
  ebb_tensor_free(pass->state);
  if (!pass->whole) { /* else they are its own */
    ebb_tensor_free(pass->partials);
    ebb_tensor_free(pass->gradients);
  }
  ebbi_whole_step_free(pass->whole);
  ebb_tensor_free(pass->arena);
  free(pass);
}

/* What layer l reads: the batch, or the layer below's activation. */
static ebb_tensor *input_of(const ebbi_pass *pass, size_t layer) {
  return layer == 0 ? pass->x : pass->a[layer - 1];
}

static ebb_status run_forward(const ebbi_pass *pass) {
  const ebb_network *network = pass->network;
  for (size_t l = 0; l < network->spec.count; l++)
    TRY(ebb_dense_forward(pass->a[l], pass->z[l], input_of(pass, l), network->weight[l],
                          network->bias[l], network->spec.layers[l].activation));
  return EBB_OK;
}

/* A trainer runs it once more over a bad batch, when the device may have another precision. */
ebb_status ebbi_pass_forward(ebbi_pass *pass) {
  ebb_device *device = pass->network->device;
  ebbi_mma_state now = ebbi_device_mma(device);
  ebbi_device_set_mma(device, pass->mma);
  ebb_status status = run_forward(pass);
  ebbi_device_set_mma(device, now);
  return status;
}

ebb_status ebbi_pass_loss(ebbi_pass *pass) {
  size_t last = pass->network->spec.count - 1;
  return ebb_loss_forward_backward(pass->dz[last], pass->partials, pass->a[last], pass->target,
                                   pass->state, pass->loss);
}

ebb_status ebbi_pass_backward(ebbi_pass *pass) {
  const ebb_network *network = pass->network;
  for (size_t l = network->spec.count; l-- > 0;) {
    TRY(ebb_dense_weight_gradient(pass->dw[l], pass->db[l], input_of(pass, l), pass->dz[l]));
    if (l == 0) break;
    TRY(ebb_dense_input_gradient(pass->dz[l - 1], pass->dz[l], network->weight[l], pass->z[l - 1],
                                 pass->a[l - 1], network->spec.layers[l - 1].activation));
  }
  return EBB_OK;
}
