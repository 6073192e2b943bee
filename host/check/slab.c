/* Places in the slab, from the parameters in the table of kinds.
 */
#include "check/slab.h"

#include "nn/kind.h"

size_t ebbi_node_numbers(const ebb_spec *spec, size_t node) {
  ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
  size_t numbers = 0;
  for (size_t p = ebbi_node_parameters(parameters, spec, node); p-- > 0;)
    numbers += parameters[p].rows * parameters[p].cols;
  return numbers;
}

size_t ebbi_slab_place(const ebb_network *network, size_t node, size_t i) {
  size_t p = 0;
  for (; i >= network->parameter[node][p]->rows * network->parameter[node][p]->cols; p++)
    i -= network->parameter[node][p]->rows * network->parameter[node][p]->cols;
  const ebb_tensor *tensor = network->parameter[node][p];
  return network->offset[node][p] + i / tensor->cols * tensor->stride + i % tensor->cols;
}

void ebbi_slab_parameter(size_t *first, size_t *end, const ebb_network *network, size_t node,
                         size_t parameter) {
  bool last = parameter + 1 == EBBI_NODE_PARAMETERS || !network->parameter[node][parameter + 1];
  ebbi_slab_range(first, end, network, node);
  *first = network->offset[node][parameter];
  if (!last) *end = network->offset[node][parameter + 1];
}

void ebbi_slab_range(size_t *first, size_t *end, const ebb_network *network, size_t node) {
  size_t next = node + 1;
  *first = *end = 0;
  if (!network->parameter[node][0]) return;
  while (next < network->spec.count && !network->parameter[next][0]) next++;
  *first = network->offset[node][0];
  *end = next < network->spec.count ? network->offset[next][0] : network->parameters->cols;
}
