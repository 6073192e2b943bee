/* Specs inside the library. (The public functions are declared in ebb/network.h.) */
#ifndef EBBI_SPEC_H
#define EBBI_SPEC_H

#include <ebb/network.h>

/* A dense node by its sizes. */
typedef struct ebbi_layer {
  size_t inputs, outputs; /* fan-in I, fan-out O */
  ebb_activation activation;
} ebbi_layer;

static inline ebbi_layer ebbi_spec_layer(const ebb_spec *spec, size_t node) {
  const ebb_node *n = &spec->nodes[node];
  return (ebbi_layer){ebb_spec_cols(spec, n->inputs[0]), n->units, n->activation};
}

/* Parentheses in a spec text, one within another, at most. */
enum { EBBI_SPEC_DEPTH = 16 };

/* Adds a node that reads the latest value first. Its inputs[1], if its kind has two, its units, if
 * its kind leaves them free, its activation and its settings are taken from `node`; settings are
 * kept to nine decimals. Errors: EBB_ERR_ARGUMENT, the message beginning with `where`. */
ebb_status ebbi_spec_append(ebb_spec *spec, const ebb_node *node, const char *where);

/* Checks a spec that a caller may have filled by hand: 1 to EBB_MAX_NODES nodes, sizes and settings
 * in range, every value read, parentheses nested, the last node dense without activation, and a
 * number of parameters that fits a size_t.
 * Errors: EBB_ERR_ARGUMENT, naming `where` and the layer. */
ebb_status ebbi_spec_check(const ebb_spec *spec, const char *where);

/* A spec text as it goes by: a parenthesis of this node opens, its item stands here, or its
 * parenthesis closes. */
typedef struct ebbi_spec_event {
  enum { EBBI_SPEC_OPEN, EBBI_SPEC_ITEM, EBBI_SPEC_CLOSE } type;
  size_t node;
} ebbi_spec_event;

enum { EBBI_SPEC_EVENTS = 2 * EBB_MAX_NODES };

/* The events of a spec in the order of its text; returns their number. 0: parentheses cross, or
 * are more than EBBI_SPEC_DEPTH deep. */
size_t ebbi_spec_events(ebbi_spec_event events[EBBI_SPEC_EVENTS], const ebb_spec *spec);

/* The name of a node's module in PyTorch's nn.Sequential: "4", or "4.0" within parentheses. */
enum { EBBI_MODULE_NAME = 5 * (EBBI_SPEC_DEPTH + 1) };
void ebbi_spec_module(char name[EBBI_MODULE_NAME], const ebb_spec *spec, size_t node);

#endif
