/* Which elements are compared, and the worst of them.
 *
 * Elements are picked as rows times columns: a run of neighbours is read at once, and each picked
 * row serves all picked columns. Elements picked singly would each cost the reading of a row and a
 * column of their own.
 */
#include "check/comparison.h"

#include "base/error.h"
#include "base/rng.h"
#include "tensor/tensor.h"

#include <math.h>
#include <string.h>

const char *ebbi_operation_name(ebbi_operation operation) {
  static const char *const names[EBBI_OPERATION_COUNT] = {
#define OPERATION_NAME(name, text) text,
      EBBI_OPERATION_LIST(OPERATION_NAME)};
  return names[operation];
}

void ebbi_comparison_of(ebbi_comparison *c, ebbi_operation operation, const char *kind,
                        size_t layer) {
  ebbi_fixture_clear(&c->fixture);
  c->operation = operation;
  c->kind = kind;
  c->layer = layer;
}

static bool is_watched(const ebbi_comparison *c, const char *tensor, size_t row, size_t col) {
  const ebbi_number *w = c->watched;
  return w && strcmp(w->tensor, tensor) == 0 && w->row == row && w->col == col;
}

void ebbi_compare_parameter(ebbi_comparison *c, const char *tensor, size_t row, size_t col,
                            size_t parameter, double found, double expected, double bound) {
  ebbi_number number = {ebbi_operation_name(c->operation),
                        c->kind,
                        tensor,
                        c->layer,
                        row,
                        col,
                        parameter,
                        found,
                        expected,
                        bound};
  if (is_watched(c, tensor, row, col)) {
    c->watched->found = found;
    c->watched->expected = expected;
    c->watched->bound = bound;
  }
  if (!isfinite(found) || !isfinite(expected) || !isfinite(bound)) return;
  double severity = ebbi_severity(fabs(found - expected), bound);
  if (c->compared++ > 0 && severity <= c->severity) return;
  c->severity = severity;
  c->worst = number;
}

void ebbi_compare(ebbi_comparison *c, const char *tensor, size_t row, size_t col, double found,
                  double expected, double bound) {
  ebbi_compare_parameter(c, tensor, row, col, SIZE_MAX, found, expected, bound);
}

void ebbi_compare_label(ebbi_comparison *c, size_t row, size_t col, double label, size_t classes) {
  ebbi_compare(c, "target", row, col, label, fmin(fmax(label, 0), (double)classes - 1), 0);
}

size_t ebbi_pick_one(ebbi_comparison *c, size_t limit) {
  uint32_t block[4];
  ebbi_philox(block, c->fixture.seed++, EBBI_RNG_TEST, 1, 0);
  return (size_t)(((uint64_t)block[0] << 32 | block[1]) % limit);
}

/* Adds `count` neighbours from `first` on to the picks, without duplicates. */
static void add(ebbi_picks *picks, size_t first, size_t count) {
  for (size_t i = first; i < first + count; i++) {
    size_t at = picks->count;
    while (at > 0 && picks->index[at - 1] >= i) at--;
    if (at < picks->count && picks->index[at] == i) continue;
    memmove(&picks->index[at + 1], &picks->index[at], (picks->count - at) * sizeof i);
    picks->index[at] = i;
    picks->count++;
  }
}

ebbi_picks ebbi_pick(ebbi_comparison *c, size_t count, size_t always) {
  enum { ALL = 20, RUN = 8, TILE = 32, SIDE = 2, LAST = 4 };
  ebbi_picks picks = {0};
  size_t run = ebbi_pick_one(c, count > RUN ? count - RUN + 1 : 1);
  size_t edge = TILE * (1 + ebbi_pick_one(c, count > 2 * TILE ? (count - 1) / TILE : 1));
  if (count <= ALL) {
    add(&picks, 0, count);
    return picks;
  }
  add(&picks, 0, 1);
  add(&picks, run, RUN);
  if (edge + SIDE <= count) add(&picks, edge - SIDE, 2 * SIDE);
  add(&picks, count - LAST, LAST);
  if (always < count) add(&picks, always, 1);
  return picks;
}

/* The number of neighbouring picks from `first` on. */
static size_t run_of(const ebbi_picks *picks, size_t first) {
  size_t end = first + 1;
  while (end < picks->count && picks->index[end] == picks->index[end - 1] + 1) end++;
  return end - first;
}

/* An element of any type, as a double. */
static double element(const void *values, ebb_dtype dtype, size_t i) {
  if (dtype == EBB_U8) return ((const uint8_t *)values)[i];
  if (dtype == EBB_I32) return ((const int32_t *)values)[i];
  if (dtype == EBB_F32) return (double)((const float *)values)[i];
  uint32_t bits = (uint32_t)((const uint16_t *)values)[i] << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return (double)value;
}

ebb_status ebbi_read_range(double **out, ebbi_comparison *c, const ebb_tensor *tensor, size_t first,
                           size_t rows) {
  size_t cols = tensor->cols;
  void *values;
  TRY(ebbi_fixture_bytes(&values, &c->fixture, rows * cols, sizeof(float)));
  TRY(ebbi_fixture_array(out, &c->fixture, rows * cols));
  TRY(ebbi_tensor_download_part(values, tensor, first, rows, 0, cols));
  for (size_t e = 0; e < rows * cols; e++) (*out)[e] = element(values, tensor->dtype, e);
  return EBB_OK;
}

ebb_status ebbi_read_rows(double **out, ebbi_comparison *c, const ebb_tensor *tensor,
                          const ebbi_picks *picks) {
  size_t cols = tensor->cols;
  void *values;
  TRY(ebbi_fixture_bytes(&values, &c->fixture, picks->count * cols, sizeof(float)));
  TRY(ebbi_fixture_array(out, &c->fixture, picks->count * cols));
  for (size_t i = 0, run; i < picks->count; i += run) {
    run = run_of(picks, i);
    TRY(ebbi_tensor_download_part(values, tensor, picks->index[i], run, 0, cols));
    for (size_t e = 0; e < run * cols; e++)
      (*out)[i * cols + e] = element(values, tensor->dtype, e);
  }
  return EBB_OK;
}

ebb_status ebbi_read_cols(double **out, ebbi_comparison *c, const ebb_tensor *tensor,
                          const ebbi_picks *picks) {
  size_t rows = tensor->rows;
  void *values;
  TRY(ebbi_fixture_bytes(&values, &c->fixture, picks->count * rows, sizeof(float)));
  TRY(ebbi_fixture_array(out, &c->fixture, picks->count * rows));
  for (size_t i = 0, run; i < picks->count; i += run) {
    run = run_of(picks, i);
    TRY(ebbi_tensor_download_part(values, tensor, 0, rows, picks->index[i], run));
    for (size_t r = 0; r < rows; r++)
      for (size_t j = 0; j < run; j++)
        (*out)[(i + j) * rows + r] = element(values, tensor->dtype, r * run + j);
  }
  return EBB_OK;
}
