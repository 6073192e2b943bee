/* Tally and fixture.
 *
 * A fixture frees what it owns in one place, so checks are plain sequences of TRY. Outputs are
 * filled with NaN before a kernel runs, because zeros would often pass for results.
 */
#include "check/fixture.h"

#include "base/error.h"
#include "base/rng.h"
#include "check/reference.h"
#include "train/stream.h"
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A device may flush numbers below FLT_MIN to 0 (OpenCL 1.2, 4.2: CL_FP_DENORM is optional). A few
 * flushed numbers make at most this error. */
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

void ebbi_fixture_clear(ebbi_fixture *fixture) {
  for (size_t i = 0; i < fixture->tensor_count; i++) ebb_tensor_free(fixture->tensors[i]);
  for (size_t i = 0; i < fixture->array_count; i++) free(fixture->arrays[i]);
  fixture->tensor_count = fixture->array_count = 0;
}

ebb_status ebbi_fixture_bytes(void *out_pointer, ebbi_fixture *fixture, size_t count, size_t size) {
  void *array = fixture->array_count < EBBI_FIXTURE_ITEMS ? calloc(count, size) : NULL;
  REQUIRE(array, EBB_ERR_MEMORY, "verify: no memory for an array of %zu elements", count);
  fixture->arrays[fixture->array_count++] = array;
  memcpy(out_pointer, &array, sizeof array);
  return EBB_OK;
}

ebb_status ebbi_fixture_array(double **out, ebbi_fixture *fixture, size_t count) {
  return ebbi_fixture_bytes(out, fixture, count, sizeof **out);
}

ebb_status ebbi_fixture_magnitudes(double **out, ebbi_fixture *fixture, const double *values,
                                   size_t count) {
  TRY(ebbi_fixture_array(out, fixture, count));
  for (size_t i = 0; i < count; i++) (*out)[i] = fabs(values[i]);
  return EBB_OK;
}

ebb_status ebbi_fixture_normal(double **out, ebbi_fixture *fixture, size_t count, double spread) {
  TRY(ebbi_fixture_array(out, fixture, count));
  uint64_t seed = fixture->seed++;
  uint32_t block[4];
  for (size_t i = 0; i < count; i++) {
    if (i % 4 == 0) ebbi_philox(block, seed, EBBI_RNG_TEST, 0, i / 4);
    (*out)[i] = (double)(float)(spread * (double)ebbi_normal(block[i % 4]));
  }
  return EBB_OK;
}

ebb_status ebbi_fixture_values(double **out, ebbi_fixture *fixture, size_t count,
                               ebb_loss_kind kind) {
  TRY(ebbi_fixture_normal(out, fixture, count, 1));
  ebbi_reference_values(*out, count, kind);
  return EBB_OK;
}

ebb_status ebbi_fixture_labels(int32_t **out, ebbi_fixture *fixture, size_t count, size_t limit) {
  TRY(ebbi_fixture_bytes(out, fixture, count, sizeof **out));
  uint64_t seed = fixture->seed++;
  uint32_t block[4];
  for (size_t i = 0; i < count; i++) {
    ebbi_philox(block, seed, EBBI_RNG_TEST, 0, i);
    (*out)[i] = (int32_t)(block[0] % limit);
  }
  return EBB_OK;
}

ebb_status ebbi_fixture_keep(ebbi_fixture *fixture, ebb_tensor *tensor) {
  if (fixture->tensor_count == EBBI_FIXTURE_ITEMS) {
    ebb_tensor_free(tensor);
    return ebbi_fail(EBB_ERR_MEMORY, "verify: a case has more than %d tensors", EBBI_FIXTURE_ITEMS);
  }
  fixture->tensors[fixture->tensor_count++] = tensor;
  return EBB_OK;
}

static ebb_status create_tensor(ebb_tensor **out, ebbi_fixture *fixture, ebb_dtype dtype,
                                size_t rows, size_t cols, bool packed) {
  if (fixture->create) return fixture->create(out, fixture, dtype, rows, cols, packed);
  if (packed) return ebb_tensor_create_packed(out, fixture->device, dtype, rows, cols);
  return ebb_tensor_create(out, fixture->device, dtype, rows, cols);
}

ebb_status ebbi_fixture_tensor(ebb_tensor **out, ebbi_fixture *fixture, ebb_dtype dtype,
                               size_t rows, size_t cols, bool packed, const void *values) {
  TRY(create_tensor(out, fixture, dtype, rows, cols, packed));
  TRY(ebbi_fixture_keep(fixture, *out));
  return ebb_tensor_upload(*out, values);
}

ebb_status ebbi_fixture_floats(float **out, ebbi_fixture *fixture, size_t count,
                               const double *values) {
  TRY(ebbi_fixture_bytes(out, fixture, count, sizeof **out));
  for (size_t i = 0; i < count; i++) (*out)[i] = values ? (float)values[i] : NAN;
  return EBB_OK;
}

ebb_status ebbi_fixture_numbers(ebb_tensor **out, ebbi_fixture *fixture, ebb_dtype dtype,
                                size_t rows, size_t cols, const double *values) {
  float *floats;
  TRY(ebbi_fixture_floats(&floats, fixture, rows * cols, values));
  TRY(create_tensor(out, fixture, dtype, rows, cols, false));
  TRY(ebbi_fixture_keep(fixture, *out));
  return ebb_tensor_upload_floats(*out, floats);
}

ebb_status ebbi_fixture_targets(ebb_tensor **out, ebbi_fixture *fixture, ebb_dtype dtype,
                                size_t rows, size_t cols, const void *targets,
                                const double *weights) {
  ebbi_target_rows from = {.targets = targets, .mean = 1, .cols = cols};
  size_t words = cols + (weights ? 1 : 0);
  float *floats = NULL;
  uint32_t *packed;
  if (weights) TRY(ebbi_fixture_floats(&floats, fixture, rows, weights));
  TRY(ebbi_fixture_bytes(&packed, fixture, rows * words, sizeof *packed));
  from.weights = floats;
  for (size_t r = 0; r < rows; r++) ebbi_target_row(packed + r * words, &from, r);
  return ebbi_fixture_tensor(out, fixture, dtype, rows, words, true, packed);
}

ebb_status ebbi_fixture_weights(double **out, ebbi_fixture *fixture, size_t rows, ebb_loss loss) {
  *out = NULL;
  if (!loss.weighted) return EBB_OK;
  TRY(ebbi_fixture_normal(out, fixture, rows, 2));
  for (size_t r = 0; r < rows; r++) (*out)[r] = rows == 2 || r % 3 == 1 ? 0 : fabs((*out)[r]);
  return EBB_OK;
}

ebb_status ebbi_fixture_sums(double sums[3], ebbi_fixture *fixture, const ebb_tensor *partials) {
  size_t cols = ebb_tensor_cols(partials);
  double *values;
  TRY(ebbi_fixture_read(&values, fixture, partials));
  for (size_t i = 0; i < 3; i++) sums[i] = 0;
  for (size_t i = 0; i < ebb_tensor_rows(partials) * cols; i++) sums[i % cols] += values[i];
  return EBB_OK;
}

ebb_status ebbi_fixture_input(ebb_tensor **out, ebbi_fixture *fixture, size_t rows, size_t cols,
                              const double *values) {
  return ebbi_fixture_numbers(out, fixture, EBB_F32, rows, cols, values);
}

ebb_status ebbi_fixture_upload(ebb_tensor *tensor, ebbi_fixture *fixture, const double *values) {
  float *floats;
  TRY(ebbi_fixture_floats(&floats, fixture, ebb_tensor_rows(tensor) * ebb_tensor_cols(tensor),
                          values));
  return ebb_tensor_upload(tensor, floats);
}

ebb_status ebbi_fixture_output(ebb_tensor **out, ebbi_fixture *fixture, size_t rows, size_t cols) {
  return ebbi_fixture_input(out, fixture, rows, cols, NULL);
}

ebb_status ebbi_fixture_random(ebb_tensor **out, double **values, ebbi_fixture *fixture,
                               size_t rows, size_t cols, double spread) {
  TRY(ebbi_fixture_normal(values, fixture, rows * cols, spread));
  return ebbi_fixture_input(out, fixture, rows, cols, *values);
}

ebb_status ebbi_fixture_state(ebb_tensor **out, ebbi_fixture *fixture, const ebb_state *state) {
  return ebbi_fixture_tensor(out, fixture, EBB_I32, 1, EBB_STATE_WORDS, false, state);
}

ebb_status ebbi_fixture_read_into(double *out, const ebb_tensor *tensor) {
  size_t count = ebb_tensor_rows(tensor) * ebb_tensor_cols(tensor);
  float *values = calloc(count, sizeof *values);
  REQUIRE(values, EBB_ERR_MEMORY, "verify: no memory for %zu values", count);
  ebb_status status = ebb_tensor_download_floats(values, tensor);
  for (size_t i = 0; i < count; i++) out[i] = (double)values[i];
  free(values);
  return status;
}

ebb_status ebbi_fixture_read(double **out, ebbi_fixture *fixture, const ebb_tensor *tensor) {
  TRY(ebbi_fixture_array(out, fixture, ebb_tensor_rows(tensor) * ebb_tensor_cols(tensor)));
  return ebbi_fixture_read_into(*out, tensor);
}

ebb_status ebbi_fixture_compare(ebbi_fixture *fixture, const ebb_tensor *tensor,
                                const double *expected, const double *scale, double bound) {
  double *found;
  TRY(ebbi_fixture_read(&found, fixture, tensor));
  size_t count = ebb_tensor_rows(tensor) * ebb_tensor_cols(tensor);
  for (size_t i = 0; i < count; i++)
    ebbi_tally_add(&fixture->tally, found[i], expected[i], scale ? scale[i] : 1, scale ? bound : 0);
  return EBB_OK;
}
