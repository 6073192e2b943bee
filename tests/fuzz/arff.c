/* ARFF, all the way.
 */
#include "tables.h"

#include <data/formats.h>

static bool is_arff(const char *bytes, size_t size) {
  (void)size;
  return ebbi_is_arff(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_table_input(data, size, is_arff);
}
