/* Tally and probe.
 *
 * A probe frees what it owns in one place, and checks read as straight paragraphs of TRY. Outputs
 * are filled with NaN before a kernel runs, for zeros would pass for results in many places.
 */
#include "check/probe.h"

#include "base/error.h"
#include "base/rng.h"
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A device may take numbers below FLT_MIN for 0 (OpenCL 1.2, 4.2: CL_FP_DENORM is optional): so
 * much may a few such numbers be off. */
static const double FLUSHED = 4.0 * FLT_MIN;

void ebbi_tally_case(ebbi_tally *tally, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(tally->current, sizeof tally->current, format, arguments);
  va_end(arguments);
}

double ebbi_severity(double error, double bound) {
  if (error == 0) return 0;
  return error <= bound || error > bound ? error / bound : INFINITY;
}

void ebbi_tally_add(ebbi_tally *tally, double found, double expected, double scale, double bound) {
  double difference = fabs(found - expected);
  double nothing = bound > 0 ? FLUSHED : 0;
  double error = difference <= nothing ? 0 : difference / scale;
  bool worse = ebbi_severity(error, bound) > ebbi_severity(tally->error, tally->bound);
  if (tally->compared++ > 0 && !worse) return;
  tally->error = error;
  tally->bound = bound;
  memcpy(tally->worst, tally->current, sizeof tally->worst);
}

void ebbi_probe_clear(ebbi_probe *probe) {
  for (size_t i = 0; i < probe->tensor_count; i++) ebb_tensor_free(probe->tensors[i]);
  for (size_t i = 0; i < probe->array_count; i++) free(probe->arrays[i]);
  probe->tensor_count = probe->array_count = 0;
}

ebb_status ebbi_probe_bytes(void *out_pointer, ebbi_probe *probe, size_t count, size_t size) {
  void *array = probe->array_count < EBBI_PROBE_ITEMS ? calloc(count, size) : NULL;
  REQUIRE(array, EBB_ERR_MEMORY, "verify: no memory for an array of %zu elements", count);
  probe->arrays[probe->array_count++] = array;
  memcpy(out_pointer, &array, sizeof array);
  return EBB_OK;
}

ebb_status ebbi_probe_array(double **out, ebbi_probe *probe, size_t count) {
  return ebbi_probe_bytes(out, probe, count, sizeof **out);
}

ebb_status ebbi_probe_magnitudes(double **out, ebbi_probe *probe, const double *values,
                                 size_t count) {
  TRY(ebbi_probe_array(out, probe, count));
  for (size_t i = 0; i < count; i++) (*out)[i] = fabs(values[i]);
  return EBB_OK;
}

ebb_status ebbi_probe_normal(double **out, ebbi_probe *probe, size_t count, double spread) {
  TRY(ebbi_probe_array(out, probe, count));
  uint64_t seed = probe->seed++;
  uint32_t block[4];
  for (size_t i = 0; i < count; i++) {
    if (i % 4 == 0) ebbi_philox(block, seed, EBBI_RNG_TEST, 0, i / 4);
    (*out)[i] = (double)(float)(spread * (double)ebbi_normal(block[i % 4]));
  }
  return EBB_OK;
}

ebb_status ebbi_probe_labels(int32_t **out, ebbi_probe *probe, size_t count, size_t limit) {
  TRY(ebbi_probe_bytes(out, probe, count, sizeof **out));
  uint64_t seed = probe->seed++;
  uint32_t block[4];
  for (size_t i = 0; i < count; i++) {
    ebbi_philox(block, seed, EBBI_RNG_TEST, 0, i);
    (*out)[i] = (int32_t)(block[0] % limit);
  }
  return EBB_OK;
}

ebb_status ebbi_probe_keep(ebbi_probe *probe, ebb_tensor *tensor) {
  if (probe->tensor_count == EBBI_PROBE_ITEMS) {
    ebb_tensor_free(tensor);
    return ebbi_fail(EBB_ERR_MEMORY, "verify: a case has more than %d tensors", EBBI_PROBE_ITEMS);
  }
  probe->tensors[probe->tensor_count++] = tensor;
  return EBB_OK;
}

static ebb_status create_tensor(ebb_tensor **out, ebbi_probe *probe, ebb_dtype dtype, size_t rows,
                                size_t cols, bool packed) {
  if (probe->create) return probe->create(out, probe, dtype, rows, cols, packed);
  if (packed) return ebb_tensor_create_packed(out, probe->device, dtype, rows, cols);
  return ebb_tensor_create(out, probe->device, dtype, rows, cols);
}

ebb_status ebbi_probe_tensor(ebb_tensor **out, ebbi_probe *probe, ebb_dtype dtype, size_t rows,
                             size_t cols, bool packed, const void *values) {
  TRY(create_tensor(out, probe, dtype, rows, cols, packed));
  TRY(ebbi_probe_keep(probe, *out));
  return ebb_tensor_upload(*out, values);
}

ebb_status ebbi_probe_floats(float **out, ebbi_probe *probe, size_t count, const double *values) {
  TRY(ebbi_probe_bytes(out, probe, count, sizeof **out));
  for (size_t i = 0; i < count; i++) (*out)[i] = values ? (float)values[i] : NAN;
  return EBB_OK;
}

ebb_status ebbi_probe_numbers(ebb_tensor **out, ebbi_probe *probe, ebb_dtype dtype, size_t rows,
                              size_t cols, const double *values) {
  float *floats;
  TRY(ebbi_probe_floats(&floats, probe, rows * cols, values));
  TRY(create_tensor(out, probe, dtype, rows, cols, false));
  TRY(ebbi_probe_keep(probe, *out));
  return ebb_tensor_upload_floats(*out, floats);
}

ebb_status ebbi_probe_input(ebb_tensor **out, ebbi_probe *probe, size_t rows, size_t cols,
                            const double *values) {
  return ebbi_probe_numbers(out, probe, EBB_F32, rows, cols, values);
}

ebb_status ebbi_probe_upload(ebb_tensor *tensor, ebbi_probe *probe, const double *values) {
  float *floats;
  TRY(ebbi_probe_floats(&floats, probe, ebb_tensor_rows(tensor) * ebb_tensor_cols(tensor), values));
  return ebb_tensor_upload(tensor, floats);
}

ebb_status ebbi_probe_output(ebb_tensor **out, ebbi_probe *probe, size_t rows, size_t cols) {
  return ebbi_probe_input(out, probe, rows, cols, NULL);
}

ebb_status ebbi_probe_random(ebb_tensor **out, double **values, ebbi_probe *probe, size_t rows,
                             size_t cols, double spread) {
  TRY(ebbi_probe_normal(values, probe, rows * cols, spread));
  return ebbi_probe_input(out, probe, rows, cols, *values);
}

ebb_status ebbi_probe_state(ebb_tensor **out, ebbi_probe *probe, const ebb_state *state) {
  return ebbi_probe_tensor(out, probe, EBB_I32, 1, EBB_STATE_WORDS, false, state);
}

ebb_status ebbi_probe_read_into(double *out, const ebb_tensor *tensor) {
  size_t count = ebb_tensor_rows(tensor) * ebb_tensor_cols(tensor);
  float *values = calloc(count, sizeof *values);
  REQUIRE(values, EBB_ERR_MEMORY, "verify: no memory for %zu values", count);
  ebb_status status = ebb_tensor_download_floats(values, tensor);
  for (size_t i = 0; i < count; i++) out[i] = (double)values[i];
  free(values);
  return status;
}

ebb_status ebbi_probe_read(double **out, ebbi_probe *probe, const ebb_tensor *tensor) {
  TRY(ebbi_probe_array(out, probe, ebb_tensor_rows(tensor) * ebb_tensor_cols(tensor)));
  return ebbi_probe_read_into(*out, tensor);
}

ebb_status ebbi_probe_compare(ebbi_probe *probe, const ebb_tensor *tensor, const double *expected,
                              const double *scale, double bound) {
  double *found;
  TRY(ebbi_probe_read(&found, probe, tensor));
  size_t count = ebb_tensor_rows(tensor) * ebb_tensor_cols(tensor);
  for (size_t i = 0; i < count; i++)
    ebbi_tally_add(&probe->tally, found[i], expected[i], scale ? scale[i] : 1, scale ? bound : 0);
  return EBB_OK;
}
