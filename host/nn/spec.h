/* Specs inside the library. (The public functions are declared in ebb/network.h.) */
#ifndef EBBI_SPEC_H
#define EBBI_SPEC_H

#include <ebb/network.h>

/* Checks a spec that a caller may have filled by hand: 1 to EBB_MAX_LAYERS layers, sizes in range,
 * each layer's fan-in the fan-out of the layer below, the last layer without activation, and a
 * number of parameters that fits a size_t.
 * Errors: EBB_ERR_ARGUMENT, naming `where` and the layer. */
ebb_status ebbi_spec_check(const ebb_spec *spec, const char *where);

#endif
