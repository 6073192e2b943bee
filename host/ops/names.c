/* The names of weight initialisations: the second column of the list in ebb/ops.h. */
#include <ebb/ops.h>

static const char *const inits[] = {"auto",
#define INIT_ROW(name, text, gain, fan, normal) text,
                                    EBB_INIT_LIST(INIT_ROW)};

const char *ebb_init_name(ebb_init init) {
  return (unsigned)init < EBB_INIT_COUNT ? inits[init] : "?";
}
