/* Networks: all parameters in one slab, each layer's weights and biases a view into it.
 *
 * One slab means that one launch updates every layer and one read saves them all. Layers are dense
 * with the activation fused; a table of layer kinds waits for the day when there is a second one.
 */
#include "network.h"

#include "base/error.h"
#include "spec.h"
#include <ebb/ops.h>
#include <stdio.h>
#include <stdlib.h>

static ebb_status plan_slab(ebb_network *network, ebbi_slab *slab) {
  *slab = ebbi_slab_begin(network->device);
  for (size_t l = 0; l < network->spec.count; l++) {
    const ebb_layer_spec *layer = &network->spec.layers[l];
    TRY(ebbi_slab_add(&network->weight_offset[l], slab, EBB_F32, layer->inputs, layer->outputs));
    TRY(ebbi_slab_add(&network->bias_offset[l], slab, EBB_F32, 1, layer->outputs));
  }
  return EBB_OK;
}

static ebb_status build(ebb_network *network, ebb_init init, uint64_t seed) {
  ebbi_slab slab;
  TRY(plan_slab(network, &slab));
  TRY(ebb_tensor_create(&network->parameters, network->device, EBB_F32, 1, slab.count));
  for (size_t l = 0; l < network->spec.count; l++) {
    const ebb_layer_spec *layer = &network->spec.layers[l];
    TRY(ebbi_tensor_view(&network->weight[l], network->parameters, network->weight_offset[l],
                         EBB_F32, layer->inputs, layer->outputs));
    TRY(ebbi_tensor_view(&network->bias[l], network->parameters, network->bias_offset[l], EBB_F32,
                         1, layer->outputs));
    if (init == EBB_INIT_ZERO) continue; /* as buffers are made */
    TRY(ebb_init_weights(network->weight[l], init, seed, (uint32_t)l));
  }
  return EBB_OK;
}

ebb_status ebb_network_create(ebb_network **out, ebb_device *device, const ebb_spec *spec,
                              ebb_init init, uint64_t seed) {
  REQUIRE(out && device && spec, EBB_ERR_ARGUMENT, "ebb_network_create: an argument is NULL");
  TRY(ebbi_spec_check(spec, "ebb_network_create"));
  ebb_network *network = calloc(1, sizeof *network);
  REQUIRE(network, EBB_ERR_MEMORY, "ebb_network_create: no memory");
  network->device = device;
  network->spec = *spec;
  if (init == EBB_INIT_AUTO) init = EBB_INIT_XAVIER_UNIFORM; /* docs/decisions/0022 */
  ebb_status status = build(network, init, seed);
  if (status != EBB_OK) {
    ebb_network_free(network);
    return status;
  }
  *out = network;
  return EBB_OK;
}

void ebb_network_free(ebb_network *network) {
  if (!network) return;
  for (size_t l = 0; l < network->spec.count; l++) {
    ebb_tensor_free(network->weight[l]);
    ebb_tensor_free(network->bias[l]);
  }
  ebb_tensor_free(network->parameters);
  free(network->notes);
  free(network);
}

void ebbi_network_describe(char *text, size_t size, const ebb_network *network, size_t index) {
  size_t l = 0;
  while (l + 1 < network->spec.count && network->weight_offset[l + 1] <= index) l++;
  if (index >= network->bias_offset[l]) {
    snprintf(text, size, "layer %zu bias [%zu]", l + 1, index - network->bias_offset[l]);
    return;
  }
  size_t at = index - network->weight_offset[l], stride = network->weight[l]->stride;
  snprintf(text, size, "layer %zu weight [%zu, %zu]", l + 1, at / stride, at % stride);
}

const ebb_spec *ebb_network_spec(const ebb_network *network) {
  return &network->spec;
}
ebb_device *ebb_network_device(const ebb_network *network) {
  return network->device;
}
ebb_tensor *ebb_network_parameters(const ebb_network *network) {
  return network->parameters;
}

ebb_tensor *ebb_network_weight(const ebb_network *network, size_t layer) {
  return layer < network->spec.count ? network->weight[layer] : NULL;
}

ebb_tensor *ebb_network_bias(const ebb_network *network, size_t layer) {
  return layer < network->spec.count ? network->bias[layer] : NULL;
}
