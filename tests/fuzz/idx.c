/* IDX, all the way.
 */
#include "tables.h"

#include <data/array.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  return fuzz_table_input(data, size, ebbi_is_idx);
}
