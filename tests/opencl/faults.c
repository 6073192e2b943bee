/* Faults that drivers have and that the library must survive, on demand: CHECKER_FAULT=NAME:TEXT
 * plays the named fault for every program whose options contain the text.
 *   build  it does not build
 *   group  its kernels take groups of 32 items only (CL_KERNEL_WORK_GROUP_SIZE)
 *   spill  its kernels use private memory (CL_KERNEL_PRIVATE_MEM_SIZE), and a launch is a violation
 *   zero   from a binary, its kernels report a required group of 0 items
 */
#include "checker.h"

#include <stdlib.h>
#include <string.h>

bool plays(fault which, const char *options) {
  static const char *const names[FAULT_COUNT] = {"build:", "group:", "spill:", "zero:"};
  const char *wanted = getenv("CHECKER_FAULT");
  size_t length = strlen(names[which]);
  return wanted && strncmp(wanted, names[which], length) == 0 &&
         strstr(options, wanted + length) != NULL;
}
