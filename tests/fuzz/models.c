/* Model files: made of parts, read without a device, their parts checked against each other.
 */
#include "models.h"

#include <ebb/model.h>
#include <math.h>
#include <nn/spec.h>

const char *fuzz_safetensors(const char *header, size_t length, const char *data, size_t size) {
  char *bytes = fuzz_need(malloc(8 + length + size));
  for (size_t i = 0; i < 8; i++) bytes[i] = (char)((uint64_t)length >> 8 * i & 0xff);
  memcpy(bytes + 8, header, length);
  if (size > 0) memcpy(bytes + 8 + length, data, size);
  const char *path = fuzz_file(bytes, 8 + length + size);
  free(bytes);
  return path;
}

const char *fuzz_safetensors_input(fuzz_input *input) {
  size_t length, size;
  if (!fuzz_pick(input, 2)) return fuzz_file(input->at, input->left);
  char *header = fuzz_take(&length, input, '\0'), *data = fuzz_rest(&size, input);
  const char *path = fuzz_safetensors(header, length, data, size);
  free(header);
  free(data);
  return path;
}

void fuzz_model(const char *path, const char *spec_text) {
  ebb_model_info info;
  if (ebb_model_describe(&info, path, spec_text) != EBB_OK) {
    fuzz_expect_message();
    return;
  }
  FUZZ_CHECK(ebbi_spec_check(&info.spec, "model") == EBB_OK, "spec");
  FUZZ_CHECK(info.loss.kind < EBB_LOSS_COUNT, "loss %d", (int)info.loss.kind);
  FUZZ_CHECK(info.notes, "no notes");
  const ebb_split *split = &info.split;
  FUZZ_CHECK(split->valid >= 0 && split->test >= 0 && split->valid + split->test < 1, "%g and %g",
             split->valid, split->test);
  if (info.encoder) {
    FUZZ_CHECK(ebb_encoder_inputs(info.encoder) == ebb_spec_inputs(&info.spec), "inputs");
    FUZZ_CHECK(ebb_encoder_outputs(info.encoder) == ebb_spec_outputs(&info.spec), "outputs");
  }
  ebb_model_info_clear(&info);
}
