/* An ensemble of a plain network. What stands for a layer among members is a column of the table of
 * kinds. */
#include "base/error.h"
#include "nn/kind.h"
#include "nn/spec.h"

static const char where[] = "ebb_spec_members";

/* The plain network's node as it stands in the ensemble; `values`: where its values are there. */
static ebb_status add_node(ebb_spec *spec, const ebb_spec *plain, size_t n, const size_t *values,
                           bool *first) {
  const ebbi_kind *kind = ebbi_node_kind(plain, n);
  ebb_node node = plain->nodes[n];
  bool last = n + 1 == plain->count;
  if (kind->share) {
    TRY(kind->share(spec, &node, *first, last));
    *first = false;
    return EBB_OK;
  }
  node.inputs[1] = values[node.inputs[1]];
  return ebbi_spec_append(spec, &node, where);
}

ebb_status ebb_spec_members(ebb_spec *spec, const ebb_spec *plain, size_t members,
                            ebb_loss_kind loss) {
  REQUIRE(spec && plain, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  TRY(ebbi_spec_check(plain, where));
  size_t values[EBB_MAX_NODES + 1] = {0}, n = 0;
  bool first = true;
  ebb_spec made;
  TRY(ebb_spec_begin(&made, plain->inputs));
  for (; ebbi_node_kind(plain, n)->front; n++) {
    TRY(ebbi_spec_append(&made, &plain->nodes[n], where));
    values[n + 1] = made.count;
  }
  TRY(ebb_spec_add_members(&made, members));
  for (values[n] = made.count; n < plain->count; n++) {
    TRY(add_node(&made, plain, n, values, &first));
    values[n + 1] = made.count;
  }
  TRY(ebb_spec_add_mean(&made, loss));
  TRY(ebbi_spec_check(&made, where));
  *spec = made;
  return EBB_OK;
}
