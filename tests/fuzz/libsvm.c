/* libsvm's format, all the way.
 */
#include "tables.h"

#include <data/formats.h>

static bool is_libsvm(const char *bytes, size_t size) {
  (void)size;
  return ebbi_is_libsvm(bytes) && fuzz_is_narrow(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_table_input(data, size, is_libsvm);
}
