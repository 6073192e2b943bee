/* Model files, also those of others, with a spec beside them or without: a line with the spec,
 * which may be empty, then the file.
 */
#include "models.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = fuzz_begin(data, size);
  char *spec_text = fuzz_take(&size, &input, '\n');
  fuzz_model(fuzz_safetensors_input(&input), *spec_text ? spec_text : NULL);
  free(spec_text);
  return 0;
}
