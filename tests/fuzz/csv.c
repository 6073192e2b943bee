/* Text tables: every option of their reading, then all the way. Other formats have targets of
 * their own.
 */
#include "tables.h"

#include <data/array.h>
#include <data/formats.h>

static bool is_text(const char *bytes, size_t size) {
  return !ebbi_is_npy(bytes, size) && !ebbi_is_idx(bytes, size) && !ebbi_is_zip(bytes, size) &&
         fuzz_is_narrow(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_table_input(data, size, is_text);
}
