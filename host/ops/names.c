/* The names of activations and weight initialisations.
 *
 * They are the second column of the lists in ebb/ops.h, so a new row appears here, in the spec
 * parser and in the tool's help without further changes. Tables indexed by the enum replace
 * switches, which would have to be kept up to date by hand.
 */
#include <ebb/ops.h>

static const struct {
  const char *name;
  bool needs_z;
} activations[] = {
#define ACTIVATION_ROW(name, text, needs_z, formula) {#text, needs_z},
    EBB_ACTIVATION_LIST(ACTIVATION_ROW)};

static const char *const inits[] = {"auto",
#define INIT_ROW(name, text, gain, fan, normal) text,
                                    EBB_INIT_LIST(INIT_ROW)};

const char *ebb_activation_name(ebb_activation activation) {
  return (unsigned)activation < EBB_ACT_COUNT ? activations[activation].name : "?";
}

bool ebb_activation_needs_z(ebb_activation activation) {
  return (unsigned)activation < EBB_ACT_COUNT && activations[activation].needs_z;
}

const char *ebb_init_name(ebb_init init) {
  return (unsigned)init < EBB_INIT_COUNT ? inits[init] : "?";
}
