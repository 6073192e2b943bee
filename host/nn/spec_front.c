/* Texts that leave out the nodes that belong to the data: embeddings, which the encoder's columns
 * require. They stand before all layers.
 */
#include "base/error.h"
#include "nn/kind.h"
#include "nn/spec.h"

#include <string.h>

/* The nodes that a spec begins with and a text may leave out. */
static size_t count_front(const ebb_spec *spec) {
  size_t count = 0;
  while (count < spec->count && ebbi_node_kind(spec, count)->front) count++;
  return count;
}

static bool names_front(const char *text) {
  for (int i = 0; i < EBB_KIND_COUNT; i++) {
    const ebbi_kind *kind = ebbi_kind_of((ebb_kind)i);
    if (kind->front && strstr(text, kind->word)) return true;
  }
  return false;
}

ebb_status ebbi_spec_parse_behind(ebb_spec *spec, const char *text, const ebb_spec *front,
                                  size_t outputs) {
  size_t count = count_front(front);
  if (!text || count == 0 || names_front(text))
    return ebb_spec_parse(spec, text, front->inputs, outputs);
  ebb_spec whole = *front, rest;
  whole.count = count;
  TRY(ebb_spec_parse(&rest, text, ebb_spec_outputs(&whole), outputs));
  memcpy(whole.formulas, rest.formulas, sizeof whole.formulas);
  for (size_t n = 0; n < rest.count; n++) {
    ebb_node node = rest.nodes[n];
    node.inputs[1] += count;
    TRY(ebbi_spec_append(&whole, &node, "spec"));
  }
  *spec = whole;
  return EBB_OK;
}

ebb_status ebb_spec_parse_like(ebb_spec *spec, const char *text, const ebb_spec *like) {
  return ebbi_spec_parse_behind(spec, text, like, ebb_spec_outputs(like));
}
