/* Shared by the tests under the fault layer: setting its variables. */
#ifndef EBB_FAULT_RIG_H
#define EBB_FAULT_RIG_H

#include "test_support.h"

#include <dlfcn.h>
#include <ebb/ebb.h>
#include <stdio.h>
#include <string.h>

/* Sets the layer's variables, as in "FAULT_API=clFinish FAULT_N=2", and unsets the others. */
static inline void fault_set(const char *variables) {
  static const char *const all[] = {
      "FAULT_API",   "FAULT_N",     "FAULT_CODE",  "FAULT_STICKY", "FAULT_MODE",  "FAULT_SECONDS",
      "FAULT_INFO",  "FAULT_BYTE",  "FAULT_XOR",   "SPOOF_GLOBAL", "SPOOF_ALLOC", "SPOOF_LOCAL",
      "SPOOF_GROUP", "SPOOF_UNITS", "SPOOF_WIDTH", "SPOOF_TYPE",   "SPOOF_ALIGN"};
  char copy[512], *rest = copy;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) unsetenv(all[i]);
  snprintf(copy, sizeof copy, "%s", variables);
  for (char *word; (word = strtok_r(rest, " ", &rest));) {
    char *value = strchr(word, '=');
    assert_non_null(value);
    *value = '\0';
    setenv(word, value + 1, 1);
  }
  void *layer = dlopen(getenv("OPENCL_LAYERS"), RTLD_NOW | RTLD_NOLOAD);
  void (*restart)(void);
  if (!layer) return; /* the first OpenCL call reads them */
  *(void **)&restart = dlsym(layer, "fault_layer_restart");
  assert_non_null(restart);
  restart();
  dlclose(layer);
}

#endif
