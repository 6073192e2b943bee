/* Weights of rows: from a column of the file, or from the caller's arrays, times those of classes.
 *
 * A weight that is no number, or is negative, is refused where it stands: a guess would silently
 * change what is learned. Only ratios of weights matter, so nothing here scales them.
 */
#include "base/error.h"
#include "data/columns.h"
#include "data/encoder.h"
#include "data/reading.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Numbers that were read as texts. Fails at the first text that is none. */
static ebb_status read_texts(ebbi_raw *raw, size_t col, char decimal) {
  const ebbi_names *texts = &raw->columns[col].texts;
  char shown[EBBI_SHOWN];
  double *values = malloc((texts->count + 1) * sizeof *values);
  REQUIRE(values, EBB_ERR_MEMORY, "%s: no memory for %zu numbers", raw->path, texts->count);
  size_t read = 0;
  while (read < texts->count && ebbi_number_parse(&values[read], texts->items[read], decimal))
    read++;
  ebb_status status = EBB_OK;
  if (read == texts->count)
    status = ebbi_raw_take_numbers(raw, col, values);
  else
    status = ebbi_raw_fail(raw, ebbi_raw_first_row(raw, col, read), col,
                           "the weight \"%s\" is not a number (--weight-column)",
                           ebbi_shown(shown, texts->items[read]));
  free(values);
  return status;
}

ebb_status ebbi_weights_check(ebbi_raw *raw, size_t col, char decimal) {
  if (raw->columns && raw->columns[col].codes) TRY(read_texts(raw, col, decimal));
  bool none = raw->columns && !raw->columns[col].numbers;
  double sum = 0;
  for (size_t row = 0; row < raw->rows; row++) {
    double weight = none ? (double)NAN : ebbi_raw_number(raw, row, col);
    if (isnan(weight))
      return ebbi_raw_fail(raw, row, col, "the weight is missing (--weight-column)");
    if (!(weight >= 0 && weight <= (double)FLT_MAX))
      return ebbi_raw_fail(raw, row, col,
                           "the weight is %g; weights are finite and at least 0 (--weight-column)",
                           weight);
    sum += weight;
  }
  REQUIRE(sum > 0, EBB_ERR_INPUT, "%s: column \"%.80s\": all weights are 0, so that no row counts",
          raw->path, raw->names.items[col]);
  return EBB_OK;
}

double ebbi_table_weight(const ebb_table *table, size_t row) {
  row = ebbi_table_row(table, row);
  if (table->weights) return (double)table->weights[row];
  return table->weighted ? ebbi_raw_number(&table->raw, row, table->weight) : 1;
}

const char *ebb_encoder_weight(const ebb_encoder *encoder) {
  return encoder->weight;
}

ebb_status ebbi_encode_weights(float *weights, const ebb_encoder *encoder, const ebbi_rows *rows,
                               const int32_t *labels) {
  for (size_t i = 0; i < rows->count; i++) {
    double weight = ebbi_table_weight(rows->table, ebbi_rows_at(rows, i));
    if (labels && encoder->class_weights) weight *= encoder->class_weights[labels[i]];
    REQUIRE(!(weight > (double)FLT_MAX), EBB_ERR_INPUT,
            "%s: row %zu (from 0): the weight of the row times that of its class is %g, too large "
            "for float32",
            rows->table->raw.path, ebbi_table_row(rows->table, ebbi_rows_at(rows, i)), weight);
    weights[i] = (float)weight;
  }
  return EBB_OK;
}
