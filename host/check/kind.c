/* The table of kinds, and what its rows share.
 */
#include "check/kind.h"

const ebbi_kind_check *ebbi_kind_check_of(ebb_kind kind) {
  static const ebbi_kind_check *const rows[EBB_KIND_COUNT] = {
#define ROW(name, text) &ebbi_kind_check_##text,
      EBB_KIND_LIST(ROW)
#undef ROW
  };
  return rows[kind];
}

const ebbi_kind_check *ebbi_node_check(const ebb_spec *spec, size_t node) {
  return ebbi_kind_check_of(spec->nodes[node].kind);
}

size_t ebbi_member_rows(double *out, const double *column, size_t rows, size_t members, size_t m) {
  size_t count = 0;
  for (size_t r = m; r < rows; r += members) out[count++] = column[r];
  return count;
}

size_t ebbi_node_count(const ebbi_node_arrays *n) {
  return n->batch * n->spec->nodes[n->node].units;
}

size_t ebbi_node_input_count(const ebbi_node_arrays *n, size_t input) {
  size_t value = n->spec->nodes[n->node].inputs[input];
  size_t examples = n->batch / ebbi_value_rows(n->spec, n->node + 1, true);
  return examples * ebbi_value_rows(n->spec, value, true) * ebb_spec_cols(n->spec, value);
}
