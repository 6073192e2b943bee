/* Specs inside the library. (ebb/network.h declares the public functions.) */
#ifndef EBBI_SPEC_H
#define EBBI_SPEC_H

#include <ebb/network.h>

#include <stdbool.h>

/* Deepest nesting of parentheses in a spec text. */
enum { EBBI_SPEC_DEPTH = 16 };

/* Adds a node; its first input is the latest value. `node` supplies the second input for kinds with
 * two, the units for kinds that leave them free, activation and settings. Settings are rounded to
 * nine decimals.
 * Errors: EBB_ERR_ARGUMENT, the message beginning with `where`. */
ebb_status ebbi_spec_append(ebb_spec *spec, const ebb_node *node, const char *where);

/* Reads a formula from `text`, "name(f; df)" or "name" of one that is defined, into the formulas of
 * `spec`. `*length` is that of the name, and gets that of what was read. `*found` tells whether
 * there is one. `column` is that of the name, for messages. Errors: EBB_ERR_ARGUMENT. */
ebb_status ebbi_spec_read_formula(bool *found, ebb_activation *out, ebb_spec *spec,
                                  const char *text, size_t *length, size_t column);

/* The bytes of a parenthesis at `text` with those inside it, both signs among them; 0 if it is not
 * closed. */
size_t ebbi_spec_parenthesis(const char *text);

/* Checks that formulas are as ebb_spec_formula makes them. Errors: EBB_ERR_ARGUMENT. */
ebb_status ebbi_spec_check_formulas(const ebb_spec *spec, const char *where);

/* Whether the text of a node defines its formula: the first node that uses it does. */
bool ebbi_spec_defines(const ebb_spec *spec, size_t node);

/* As ebb_spec_parse. The nodes of data that `front` begins with stand before the text's layers,
 * unless the text names some itself; front->inputs are the inputs. */
ebb_status ebbi_spec_parse_behind(ebb_spec *spec, const char *text, const ebb_spec *front,
                                  size_t outputs);

/* Checks a spec that a caller may have filled by hand: 1 to EBB_MAX_NODES nodes, sizes and settings
 * in range, every value read, parentheses nested, the last node dense without activation, and a
 * number of parameters that fits in a size_t.
 * Errors: EBB_ERR_ARGUMENT, naming `where` and the layer. */
ebb_status ebbi_spec_check(const ebb_spec *spec, const char *where);

/* An element of a spec text: a node's parenthesis opens, a node's item, or its parenthesis closes.
 */
typedef struct ebbi_spec_event {
  enum { EBBI_SPEC_OPEN, EBBI_SPEC_ITEM, EBBI_SPEC_CLOSE } type;
  size_t node;
} ebbi_spec_event;

enum { EBBI_SPEC_EVENTS = 2 * EBB_MAX_NODES };

/* Lists the events of a spec in the order of its text and returns their number. Returns 0 if
 * parentheses cross or are nested deeper than EBBI_SPEC_DEPTH. */
size_t ebbi_spec_events(ebbi_spec_event events[EBBI_SPEC_EVENTS], const ebb_spec *spec);

/* The name of a node's module in PyTorch's nn.Sequential: "4", or "4.0" within parentheses. */
enum { EBBI_MODULE_NAME = 5 * (EBBI_SPEC_DEPTH + 1) };
void ebbi_spec_module(char name[EBBI_MODULE_NAME], const ebb_spec *spec, size_t node);

#endif
