/* Fitting an encoder: what the training rows say about the columns.
 *
 * Means, deviations and fills come from the given rows only: validation rows must not leak into
 * training. The lists of categories and classes come from the whole table: a rare category that
 * fell into the validation part is still a known one, and its weights just stay untrained.
 */
#include "encoder.h"

#include "base/error.h"
#include "base/text.h"
#include "table.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

void ebb_encoder_free(ebb_encoder *encoder) {
  if (!encoder) return;
  for (size_t c = 0; c < encoder->columns && encoder->features; c++)
    ebbi_names_free(&encoder->features[c].categories);
  free(encoder->features);
  free(encoder->target);
  ebbi_names_free(&encoder->names);
  ebbi_names_free(&encoder->classes);
  free(encoder);
}

/* The rows that an encoder is fitted on. */
typedef struct sample {
  const ebb_table *table;
  const size_t *rows; /* NULL: all */
  size_t count;
  bool refuse_missing;
} sample;

static size_t row_of(const sample *s, size_t i) {
  return s->rows ? s->rows[i] : i;
}

static ebb_status check_missing(const sample *s, size_t row, size_t col) {
  if (!s->refuse_missing) return EBB_OK;
  return ebbi_table_fail(s->table, row, col,
                         "a value is missing; remove the row, or fill such places with --missing "
                         "mean");
}

/* Mean and population deviation in two passes; a constant column gets deviation 1. */
static ebb_status fit_numbers(ebbi_feature *feature, const sample *s, size_t col) {
  const double *numbers = s->table->columns[col].numbers;
  double sum = 0, squares = 0, low = INFINITY, high = -INFINITY;
  size_t count = 0;
  for (size_t i = 0; i < s->count; i++) {
    double value = numbers[row_of(s, i)];
    if (isnan(value)) {
      TRY(check_missing(s, row_of(s, i), col));
      continue;
    }
    sum += value;
    low = fmin(low, value);
    high = fmax(high, value);
    count++;
  }
  if (count == 0)
    return ebbi_table_fail(s->table, row_of(s, 0), col,
                           "no row to learn from has a value here; remove the column");
  double mean = low == high ? low : sum / (double)count;
  for (size_t i = 0; i < s->count; i++) {
    double value = numbers[row_of(s, i)];
    if (!isnan(value)) squares += (value - mean) * (value - mean);
  }
  double deviation = sqrt(squares / (double)count);
  feature->fill = feature->mean = mean;
  feature->deviation = low == high || deviation == 0 ? 1 : deviation;
  return EBB_OK;
}

static ebb_status fit_categories(ebbi_feature *feature, const sample *s, size_t col) {
  const ebbi_column *column = &s->table->columns[col];
  size_t best = 0, names = column->names.count;
  TRY(ebbi_names_copy(&feature->categories, &column->names));
  size_t *frequency = calloc(names + 1, sizeof *frequency);
  REQUIRE(frequency, EBB_ERR_MEMORY, "encoder: no memory for %zu categories", names);
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < s->count && status == EBB_OK; i++) {
    int32_t code = column->codes[row_of(s, i)];
    if (code < 0)
      status = check_missing(s, row_of(s, i), col);
    else
      frequency[code]++;
  }
  for (size_t i = 0; i < names; i++)
    if (frequency[i] > frequency[best]) best = i;
  if (status == EBB_OK && frequency[best] == 0)
    status = ebbi_table_fail(s->table, row_of(s, 0), col,
                             "no row to learn from has a value here; remove the column");
  feature->fill_category = best;
  free(frequency);
  return status;
}

static ebb_status fit_features(ebb_encoder *encoder, const sample *s, bool no_scale) {
  const ebb_table *table = s->table;
  encoder->features = calloc(table->cols, sizeof *encoder->features);
  REQUIRE(encoder->features, EBB_ERR_MEMORY, "encoder: no memory for %zu columns", table->cols);
  TRY(ebbi_names_copy(&encoder->names, &table->names));
  for (size_t c = 0; c < table->cols; c++) {
    ebbi_feature *feature = &encoder->features[c];
    feature->category = table->columns[c].category;
    if (feature->category) {
      TRY(fit_categories(feature, s, c));
      continue;
    }
    TRY(fit_numbers(feature, s, c));
    if (!no_scale) continue;
    feature->mean = 0;
    feature->deviation = 1;
  }
  return EBB_OK;
}

ebb_status ebbi_encoder_count(ebb_encoder *encoder) {
  size_t inputs = encoder->columns;
  for (size_t c = 0; c < encoder->columns && encoder->features; c++)
    if (encoder->features[c].category) inputs += encoder->features[c].categories.count - 1;
  REQUIRE(inputs <= EBBI_MAX_COLUMNS, EBB_ERR_INPUT,
          "encoder: %zu columns become %zu inputs, at most %d", encoder->columns, inputs,
          EBBI_MAX_COLUMNS);
  encoder->inputs = inputs;
  return EBB_OK;
}

static ebb_status fit(ebb_encoder *encoder, const sample *s, const ebb_encoder_options *options) {
  const ebb_table *table = s->table;
  REQUIRE(s->count > 0, EBB_ERR_ARGUMENT, "encoder: no rows to fit on");
  for (size_t i = 0; i < s->count; i++)
    REQUIRE(row_of(s, i) < table->rows, EBB_ERR_ARGUMENT, "encoder: row %zu of %zu", row_of(s, i),
            table->rows);
  encoder->task = table->target.task;
  encoder->missing = options->missing;
  encoder->columns = table->cols;
  encoder->named = table->named;
  encoder->scale = table->u8 && !options->no_scale ? 1.0 / 255 : 1.0;
  encoder->target_position = table->target.position;
  if (table->target.name) encoder->target = strdup(table->target.name);
  REQUIRE(!encoder->target == !table->target.name, EBB_ERR_MEMORY, "encoder: no memory for a name");
  if (table->columns) TRY(fit_features(encoder, s, options->no_scale));
  TRY(ebbi_names_copy(&encoder->classes, &table->target.classes));
  encoder->outputs = table->target.codes ? encoder->classes.count : table->target.cols;
  return ebbi_encoder_count(encoder);
}

ebb_status ebb_encoder_fit(ebb_encoder **out, const ebb_table *table, const size_t *rows,
                           size_t count, const ebb_encoder_options *options) {
  static const ebb_encoder_options defaults;
  if (!options) options = &defaults;
  *out = NULL;
  sample s = {table, rows, rows ? count : table->rows, options->missing == EBB_MISSING_REFUSE};
  ebb_encoder *encoder = calloc(1, sizeof *encoder);
  REQUIRE(encoder, EBB_ERR_MEMORY, "encoder: no memory");
  ebb_status status = fit(encoder, &s, options);
  if (status == EBB_OK)
    *out = encoder;
  else
    ebb_encoder_free(encoder);
  return status;
}

size_t ebb_encoder_inputs(const ebb_encoder *encoder) {
  return encoder->inputs;
}

size_t ebb_encoder_outputs(const ebb_encoder *encoder) {
  return encoder->outputs;
}

ebb_task ebb_encoder_task(const ebb_encoder *encoder) {
  return encoder->task;
}

const char *ebb_encoder_class(const ebb_encoder *encoder, size_t index) {
  return index < encoder->classes.count ? encoder->classes.items[index] : NULL;
}

size_t ebbi_encoder_find_class(const ebb_encoder *encoder, const char *text) {
  double wanted, value;
  size_t index = ebbi_names_find(&encoder->classes, text);
  if (index != EBBI_NO_INDEX || !ebbi_parse_double(&wanted, text)) return index;
  for (size_t i = 0; i < encoder->classes.count; i++)
    if (ebbi_parse_double(&value, encoder->classes.items[i]) && value == wanted) return i;
  return EBBI_NO_INDEX;
}
