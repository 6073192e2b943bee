/* Datasets: plain arrays, made here or filled in by a caller, and therefore checked before use.
 *
 * The check reads every number: one NaN among millions would turn all weights into NaN, and the
 * training would be blamed.
 */
#include "dataset.h"

#include "base/error.h"
#include "base/size.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void ebb_dataset_clear(ebb_dataset *dataset) {
  if (!dataset) return;
  free(dataset->storage);
  *dataset = (ebb_dataset){0};
}

ebb_status ebb_dataset_to_binary(ebb_dataset *d) {
  REQUIRE(d && d->labels && d->storage, EBB_ERR_ARGUMENT,
          "ebb_dataset_to_binary: no labels, or none of the dataset's own");
  REQUIRE(d->outputs == 2, EBB_ERR_INPUT,
          "one output tells two classes apart, and the target has %zu; cross_entropy takes any "
          "number of classes",
          d->outputs);
  _Static_assert(sizeof *d->values == sizeof *d->labels, "one takes the other's place");
  char *place = (char *)d->storage + ((const char *)d->labels - (const char *)d->storage);
  for (size_t i = 0; i < d->rows; i++) {
    float value = (float)d->labels[i];
    memcpy(place + i * sizeof value, &value, sizeof value);
  }
  d->values = (const float *)(const void *)place;
  d->labels = NULL;
  d->outputs = 1;
  return EBB_OK;
}

/* The largest magnitude, or Inf or NaN if one occurs. Without their sign, the bits of floats are
 * ordered by magnitude with Inf and NaN on top, and a maximum of integers is vectorised. */
static float find_largest(const float *values, size_t count) {
  uint32_t most = 0;
  for (size_t i = 0; i < count; i++) {
    uint32_t bits;
    memcpy(&bits, &values[i], sizeof bits);
    bits &= 0x7fffffff;
    most = bits > most ? bits : most;
  }
  float largest;
  memcpy(&largest, &most, sizeof largest);
  return largest;
}

static ebb_status check_finite(float *largest, const float *values, size_t rows, size_t cols,
                               const char *what) {
  *largest = values ? find_largest(values, rows * cols) : 0;
  for (size_t i = 0; !isfinite(*largest) && i < rows * cols; i++)
    REQUIRE(isfinite(values[i]), EBB_ERR_INPUT, "dataset: row %zu, %s %zu is %g", i / cols, what,
            i % cols, (double)values[i]);
  return EBB_OK;
}

static ebb_status check_weights(const ebb_dataset *d) {
  double sum = 0;
  for (size_t i = 0; d->weights && i < d->rows; i++) {
    REQUIRE(isfinite(d->weights[i]) && d->weights[i] >= 0, EBB_ERR_INPUT,
            "dataset: row %zu: weight %g; weights are finite and at least 0", i,
            (double)d->weights[i]);
    sum += (double)d->weights[i];
  }
  REQUIRE(!d->weights || sum > 0, EBB_ERR_INPUT,
          "dataset: all %zu weights are 0, so that no row counts", d->rows);
  return EBB_OK;
}

ebb_status ebb_dataset_check(const ebb_dataset *d) {
  return ebbi_dataset_check(NULL, d);
}

ebb_status ebbi_dataset_check(ebbi_largest *largest, const ebb_dataset *d) {
  ebbi_largest found;
  size_t count;
  REQUIRE(d->rows > 0 && d->inputs > 0, EBB_ERR_INPUT, "dataset: empty (%zu rows of %zu inputs)",
          d->rows, d->inputs);
  REQUIRE(ebbi_size_mul(&count, d->rows, d->inputs) && ebbi_size_mul(&count, d->rows, d->outputs),
          EBB_ERR_INPUT, "dataset: %zu rows of %zu inputs and %zu outputs are too many", d->rows,
          d->inputs, d->outputs);
  REQUIRE(!d->x != !d->x_u8, EBB_ERR_INPUT, "dataset: needs either x or x_u8");
  REQUIRE(!d->labels || !d->values, EBB_ERR_INPUT, "dataset: has both labels and values");
  REQUIRE(d->outputs > 0 || (!d->labels && !d->values), EBB_ERR_INPUT,
          "dataset: has targets, but outputs is 0");
  REQUIRE(!d->x_u8 || isfinite(d->scale), EBB_ERR_INPUT, "dataset: scale is %g", (double)d->scale);
  TRY(check_finite(&found.input, d->x, d->rows, d->inputs, "input"));
  TRY(check_finite(&found.target, d->values, d->rows, d->outputs, "output"));
  if (d->x_u8) found.input = 255 * fabsf(d->scale);
  for (size_t i = 0; d->labels && i < d->rows; i++)
    REQUIRE(d->labels[i] >= 0 && (size_t)d->labels[i] < d->outputs, EBB_ERR_INPUT,
            "dataset: row %zu: label %d, but there are %zu classes (0 to %zu)", i, d->labels[i],
            d->outputs, d->outputs - 1);
  TRY(check_weights(d));
  if (largest) *largest = found;
  return EBB_OK;
}

double ebbi_dataset_weight(const ebb_dataset *d) {
  double sum = 0;
  for (size_t i = 0; d->weights && i < d->rows; i++) sum += (double)d->weights[i];
  return sum > 0 ? sum / (double)d->rows : 1;
}
