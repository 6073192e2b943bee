/* The graph as whole steps see it: a chain of layers in the parameter slab. Whole steps support
 * dense nodes only, so a network with any other kind has none. */
#include "graph/whole_network.h"

#include "base/error.h"
#include "nn/kind.h"

/* Returns the first node without a form in whole steps, or the number of nodes. */
static size_t first_unfit(const ebb_spec *spec) {
  size_t n = 0;
  while (n < spec->count && ebbi_node_kind(spec, n)->whole) n++;
  return n;
}

/* `layers` stores what the result points to. All nodes are dense, so each reads the one before it.
 */
static ebbi_whole_network describe(ebbi_whole_layer layers[EBB_MAX_NODES],
                                   const ebb_network *network) {
  const ebb_spec *spec = &network->spec;
  for (size_t n = 0; n < spec->count; n++)
    layers[n] = (ebbi_whole_layer){.inputs = ebb_spec_cols(spec, n),
                                   .outputs = ebb_spec_cols(spec, n + 1),
                                   .weight = network->offset[n][0],
                                   .bias = network->parameter[n][1] ? network->offset[n][1]
                                                                    : EBBI_WHOLE_NONE,
                                   .activation = spec->nodes[n].activation};
  return (ebbi_whole_network){layers, spec->count, network->parameters->cols, EBBI_WHOLE_ANY};
}

bool ebbi_pass_can_be_whole(const ebbi_exec *exec, const ebb_network *network) {
  ebbi_whole_layer layers[EBB_MAX_NODES];
  if (first_unfit(&network->spec) < network->spec.count) return false;
  ebbi_whole_network described = describe(layers, network);
  return ebbi_whole_fits(exec, network->device, &described);
}

bool ebbi_pass_whole_is_faster(const ebbi_exec *exec, const ebb_network *network, size_t batch) {
  ebbi_whole_layer layers[EBB_MAX_NODES];
  if (first_unfit(&network->spec) < network->spec.count) return false;
  ebbi_whole_network described = describe(layers, network);
  return ebbi_whole_is_faster(exec, network->device, &described, batch);
}

static ebb_status require_fit(const ebb_spec *spec) {
  size_t n = first_unfit(spec);
  REQUIRE(n == spec->count, EBB_ERR_UNSUPPORTED,
          "whole steps: layer %zu is of kind %s, which they do not support; use steps by layers",
          n + 1, ebb_kind_name(spec->nodes[n].kind));
  return EBB_OK;
}

ebb_status ebbi_pass_whole_layout(ebbi_whole_layout *layout, const ebbi_exec *exec,
                                  const ebb_network *network, size_t batch) {
  ebbi_whole_layer layers[EBB_MAX_NODES];
  TRY(require_fit(&network->spec));
  ebbi_whole_network described = describe(layers, network);
  return ebbi_whole_layout_make(layout, exec, network->device, &described, batch);
}

ebb_status ebbi_pass_make_whole(ebbi_whole_step **out, const ebbi_exec *exec,
                                const ebb_network *network, size_t batch, ebb_loss loss) {
  ebbi_whole_layer layers[EBB_MAX_NODES];
  TRY(require_fit(&network->spec));
  ebbi_whole_network described = describe(layers, network);
  return ebbi_whole_step_create(out, exec, network->device, &described, batch, loss);
}
