/* The version, set by the project line of CMakeLists.txt. */
#include <ebb/ebb.h>

const char *ebb_version(void) {
  return EBB_VERSION;
}
