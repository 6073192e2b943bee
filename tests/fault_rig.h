/* Shared by the tests under the fault layer: setting its variables. */
#ifndef EBB_FAULT_RIG_H
#define EBB_FAULT_RIG_H

#include "test_support.h"

#include <dlfcn.h>
#include <ebb/ebb.h>

/* Sets the layer's variables, as in "FAULT_API=clFinish FAULT_N=2", and unsets the others. */
static inline void fault_set(const char *variables) {
  void *layer = dlopen(getenv("OPENCL_LAYERS"), RTLD_NOW);
  void (*restart)(const char *);
  assert_non_null(layer);
  *(void **)&restart = dlsym(layer, "fault_layer_restart");
  assert_non_null(restart);
  restart(variables);
}

#endif
