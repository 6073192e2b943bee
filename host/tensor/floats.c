/* Transfers of floats: float32 on the host, float32 or bfloat16 on the device.
 */
#include "base/error.h"
#include "tensor.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

float ebbi_round_bf16(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000u;
  if (!isnan(x)) memcpy(&x, &bits, sizeof x);
  return x;
}

/* The upper half of a number's bits, once it is rounded; NaN keeps a bit that makes it one. */
static uint16_t narrow(float value) {
  uint32_t bits;
  float rounded = ebbi_round_bf16(value);
  memcpy(&bits, &rounded, sizeof bits);
  return (uint16_t)(bits >> 16 | (isnan(value) ? 0x40u : 0));
}

static float widen(uint16_t half) {
  uint32_t bits = (uint32_t)half << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Room for a bfloat16 tensor's elements. *halves is NULL for a float32 tensor, which needs none. */
static ebb_status make_halves(uint16_t **halves, size_t *count, const char *where,
                              const ebb_tensor *tensor, const float *values) {
  *halves = NULL;
  REQUIRE(tensor && values, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  REQUIRE(tensor->dtype == EBB_F32 || tensor->dtype == EBB_BF16, EBB_ERR_ARGUMENT,
          "%s: the tensor [%zu, %zu] must be of type F32 or BF16", where, tensor->rows,
          tensor->cols);
  *count = tensor->rows * tensor->cols;
  if (tensor->dtype == EBB_F32) return EBB_OK;
  *halves = calloc(*count, sizeof **halves);
  REQUIRE(*halves, EBB_ERR_MEMORY, "%s: no memory for %zu numbers", where, *count);
  return EBB_OK;
}

ebb_status ebb_tensor_upload_floats(ebb_tensor *tensor, const float *values) {
  uint16_t *halves;
  size_t count;
  TRY(make_halves(&halves, &count, "ebb_tensor_upload_floats", tensor, values));
  if (!halves) return ebb_tensor_upload(tensor, values);
  for (size_t i = 0; i < count; i++) halves[i] = narrow(values[i]);
  ebb_status status = ebb_tensor_upload(tensor, halves);
  free(halves);
  return status;
}

ebb_status ebb_tensor_download_floats(float *values, const ebb_tensor *tensor) {
  uint16_t *halves;
  size_t count;
  TRY(make_halves(&halves, &count, "ebb_tensor_download_floats", tensor, values));
  if (!halves) return ebb_tensor_download(values, tensor);
  ebb_status status = ebb_tensor_download(halves, tensor);
  for (size_t i = 0; i < count && status == EBB_OK; i++) values[i] = widen(halves[i]);
  free(halves);
  return status;
}
