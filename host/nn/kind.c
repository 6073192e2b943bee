/* The table of layer kinds, and the public functions that read it. */
#include "nn/kind.h"

#include "base/size.h"

static const ebbi_kind *const kinds[] = {
#define KIND_POINTER(name, text) &ebbi_kind_##text,
    EBB_KIND_LIST(KIND_POINTER)};

const ebbi_kind *ebbi_kind_of(ebb_kind kind) {
  return kinds[kind];
}

const ebbi_kind *ebbi_node_kind(const ebb_spec *spec, size_t node) {
  return kinds[spec->nodes[node].kind];
}

ebb_status ebbi_node_shape(ebb_node *node, const size_t cols[EBB_NODE_INPUTS], const char *where) {
  const ebbi_kind *kind = kinds[node->kind];
  if (kind->shape) return kind->shape(node, cols, where);
  node->units = cols[0];
  return EBB_OK;
}

size_t ebbi_node_parameters(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_spec *spec,
                            size_t node) {
  const ebb_node *n = &spec->nodes[node];
  const ebbi_kind *kind = kinds[n->kind];
  return kind->parameters ? kind->parameters(out, n, ebb_spec_cols(spec, n->inputs[0])) : 0;
}

size_t ebbi_value_rows(const ebb_spec *spec, size_t value, bool training) {
  if (value == 0) return 1;
  const ebb_node *node = &spec->nodes[value - 1];
  if (training && kinds[node->kind]->evaluation_only)
    return ebbi_value_rows(spec, node->inputs[0], training);
  return node->members > 0 ? node->members : 1;
}

size_t ebbi_spec_layers(size_t nodes[EBB_MAX_NODES], const ebb_spec *spec) {
  size_t count = 0;
  for (size_t n = 0; n < spec->count; n++)
    if (ebbi_node_kind(spec, n)->parameters) nodes[count++] = n;
  return count;
}

static bool is_known(ebb_kind kind) {
  return (unsigned)kind < EBB_KIND_COUNT;
}

const char *ebb_kind_name(ebb_kind kind) {
  return is_known(kind) ? kinds[kind]->name : "unknown";
}

const char *ebb_kind_example(ebb_kind kind) {
  return is_known(kind) ? kinds[kind]->example : "";
}

const char *ebb_kind_help(ebb_kind kind) {
  return is_known(kind) ? kinds[kind]->help : "";
}

const char *ebb_kind_setting(ebb_kind kind, size_t index) {
  return is_known(kind) && index < EBB_NODE_SETTINGS ? kinds[kind]->settings[index].name : NULL;
}

/* Adds a node's number of parameters; returns false on overflow. */
static bool add_parameters(size_t *sum, const ebb_spec *spec, size_t node) {
  ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
  size_t count = ebbi_node_parameters(parameters, spec, node), numbers;
  for (size_t p = 0; p < count; p++)
    if (!ebbi_size_mul(&numbers, parameters[p].rows, parameters[p].cols) ||
        !ebbi_size_add(sum, *sum, numbers))
      return false;
  return true;
}

size_t ebb_spec_node_parameters(const ebb_spec *spec, size_t node) {
  size_t sum = 0;
  if (node >= spec->count) return 0;
  return add_parameters(&sum, spec, node) ? sum : SIZE_MAX;
}

size_t ebb_spec_parameters(const ebb_spec *spec) {
  size_t sum = 0;
  for (size_t n = 0; n < spec->count; n++)
    if (!add_parameters(&sum, spec, n)) return SIZE_MAX;
  return sum;
}
