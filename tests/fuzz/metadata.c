/* What the metadata of a model file say: lines of a key and its value, parted by a blank, beside
 * the weights of one layer from two inputs to one output.
 */
#include "models.h"

#include <jansson.h>

static const char tensors[] =
    "{\"0.weight\": {\"dtype\": \"F32\", \"shape\": [1, 2], \"data_offsets\": [0, 8]},"
    " \"0.bias\": {\"dtype\": \"F32\", \"shape\": [1], \"data_offsets\": [8, 12]}}";

static json_t *take_pairs(fuzz_input *input) {
  json_t *pairs = fuzz_need(json_object());
  while (input->left > 0) {
    size_t size;
    char *line = fuzz_take(&size, input, '\n'), *value = strchr(line, ' ');
    if (value) *value++ = '\0';
    json_t *text = value ? json_string(value) : NULL; /* NULL: no UTF-8 */
    if (text) (void)json_object_set_new(pairs, line, text);
    free(line);
  }
  return pairs;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char weights[12] = {0};
  fuzz_input input = fuzz_begin(data, size);
  json_t *header = fuzz_need(json_loads(tensors, 0, NULL));
  json_object_set_new(header, "__metadata__", take_pairs(&input));
  char *text = fuzz_need(json_dumps(header, JSON_COMPACT));
  fuzz_model(fuzz_safetensors(text, strlen(text), weights, sizeof weights), NULL);
  free(text);
  json_decref(header);
  return 0;
}
