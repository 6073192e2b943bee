/* Networks: one slab holds all parameters, and each parameter is a view into it.
 *
 * With one slab, one launch updates all nodes and one read saves them. The table of kinds lists a
 * node's parameters.
 */
#include "network.h"

#include "base/error.h"
#include "kind.h"
#include "ops/ops.h"
#include "spec.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ebb_status plan_slab(ebb_network *network, ebbi_slab *slab) {
  *slab = ebbi_slab_begin(network->device);
  for (size_t n = 0; n < network->spec.count; n++) {
    ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
    size_t count = ebbi_node_parameters(parameters, &network->spec, n);
    for (size_t p = 0; p < count; p++)
      TRY(ebbi_slab_add(&network->offset[n][p], slab, EBB_F32, parameters[p].rows,
                        parameters[p].cols));
  }
  return EBB_OK;
}

/* Fills a parameter. New buffers are zero already, and with EBB_INIT_ZERO they stay so. */
static ebb_status fill(ebb_tensor *view, const ebbi_parameter *parameter, ebb_init init,
                       uint64_t seed, uint32_t stream) {
  if (init == EBB_INIT_ZERO) return EBB_OK;
  switch (parameter->fill) {
  case EBBI_FILL_RANDOM:
    return ebb_init_weights(view, init, seed, stream);
  case EBBI_FILL_NORMAL:
    return ebbi_init_normal(view, parameter->number, seed, stream);
  case EBBI_FILL_CONSTANT:
    return ebbi_init_constant(ebbi_tensor_exec(view), view, parameter->number);
  case EBBI_FILL_SIGNS:
    return ebbi_init_signs(ebbi_tensor_exec(view), view, seed, stream);
  case EBBI_FILL_ZERO:
    break;
  }
  return EBB_OK;
}

/* Creates and fills the views of a node's parameters, each from a stream of its own. */
static ebb_status build_node(ebb_network *network, size_t n, const ebbi_parameter *parameters,
                             size_t count, ebb_init init, uint64_t seed, uint32_t stream) {
  for (size_t p = 0; p < count; p++) {
    ebb_tensor **view = &network->parameter[n][p];
    TRY(ebbi_tensor_view(view, network->parameters, network->offset[n][p], EBB_F32,
                         parameters[p].rows, parameters[p].cols));
    TRY(fill(*view, &parameters[p], init, seed, stream | (uint32_t)p << 16));
  }
  return EBB_OK;
}

/* A node's stream of random numbers is the number of nodes with parameters before it. */
static ebb_status build(ebb_network *network, ebb_init init, uint64_t seed) {
  ebbi_slab slab;
  uint32_t stream = 0;
  TRY(plan_slab(network, &slab));
  TRY(ebb_tensor_create(&network->parameters, network->device, EBB_F32, 1, slab.count));
  for (size_t n = 0; n < network->spec.count; n++) {
    ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
    size_t count = ebbi_node_parameters(parameters, &network->spec, n);
    TRY(build_node(network, n, parameters, count, init, seed, stream));
    if (count > 0) stream++;
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
  for (size_t n = 0; n < network->spec.count; n++)
    for (size_t p = 0; p < EBBI_NODE_PARAMETERS; p++) ebb_tensor_free(network->parameter[n][p]);
  ebb_tensor_free(network->parameters);
  free(network->notes);
  free(network);
}

void ebbi_network_describe(char *text, size_t size, const ebb_network *network, size_t index) {
  size_t at_node = 0, at_p = 0;
  ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
  for (size_t n = 0; n < network->spec.count; n++)
    for (size_t p = 0; p < ebbi_node_parameters(parameters, &network->spec, n); p++)
      if (network->offset[n][p] <= index) at_node = n, at_p = p;
  ebbi_node_parameters(parameters, &network->spec, at_node);
  const ebbi_parameter *parameter = &parameters[at_p];
  size_t at = index - network->offset[at_node][at_p];
  size_t stride = network->parameter[at_node][at_p]->stride;
  if (parameter->layout == EBBI_FILE_VECTOR)
    snprintf(text, size, "layer %zu %s [%zu]", at_node + 1, parameter->name, at);
  else
    snprintf(text, size, "layer %zu %s [%zu, %zu]", at_node + 1, parameter->name, at / stride,
             at % stride);
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

/* Returns a node's parameter by name, or NULL. */
static ebb_tensor *parameter_named(const ebb_network *network, size_t node, const char *name) {
  ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
  if (node >= network->spec.count) return NULL;
  size_t count = ebbi_node_parameters(parameters, &network->spec, node);
  for (size_t p = 0; p < count; p++)
    if (strcmp(parameters[p].name, name) == 0) return network->parameter[node][p];
  return NULL;
}

ebb_tensor *ebb_network_weight(const ebb_network *network, size_t node) {
  return parameter_named(network, node, "weight");
}

ebb_tensor *ebb_network_bias(const ebb_network *network, size_t node) {
  return parameter_named(network, node, "bias");
}
