/* Safetensors files of any kind: every byte of every tensor is there, and read as a number where it
 * can be a weight.
 */
#include "models.h"

#include <math.h>
#include <nn/safetensors.h>

static void check_tensor(const ebbi_safetensors *file, const ebbi_safetensor *t) {
  size_t count = 1;
  unsigned char sum = 0;
  FUZZ_CHECK(t->rank <= EBBI_SAFETENSOR_RANK, "%zu dimensions", t->rank);
  for (size_t i = 0; i < t->rank; i++) count *= t->shape[i];
  FUZZ_CHECK(count == t->count, "%zu elements of %zu", t->count, count);
  for (size_t i = 0; i < t->size; i++) sum ^= t->bytes[i];
  FUZZ_CHECK(sum == (sum & 0xff), "bytes");
  FUZZ_CHECK(ebbi_safetensors_find(file, t->name), "\"%s\" is not found", t->name);
  if (!ebbi_safetensor_is_float(t)) return;
  float *values = fuzz_need(malloc((t->count + 1) * sizeof *values));
  if (ebbi_safetensor_to_float(values, file, t) != EBB_OK) fuzz_expect_message();
  free(values);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = fuzz_begin(data, size);
  ebb_tensor_file *file;
  if (ebb_tensor_file_read(&file, fuzz_safetensors_input(&input)) != EBB_OK) {
    fuzz_expect_message();
    return 0;
  }
  for (size_t i = 0; i < ebb_tensor_file_tensors(file); i++) {
    ebb_tensor_entry entry = ebb_tensor_file_tensor(file, i);
    FUZZ_CHECK(entry.name && entry.dtype, "tensor %zu", i);
    check_tensor(file, ebbi_safetensors_at(file, i));
  }
  for (size_t i = 0; i < ebb_tensor_file_pairs(file); i++) {
    ebb_metadata pair = ebb_tensor_file_pair(file, i);
    const char *found = ebbi_safetensors_metadata(file, pair.key);
    FUZZ_CHECK(found && strcmp(found, pair.value) == 0, "pair %zu", i);
  }
  ebb_tensor_file_free(file);
  return 0;
}
