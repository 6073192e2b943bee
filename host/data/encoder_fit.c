/* Fitting an encoder: statistics of the training rows.
 *
 * Means, deviations, fills and the rarity of categories come only from the given rows: other rows
 * must not leak into training. The lists of categories and classes come from the whole table: a
 * rare one that occurs only in the validation part is still known, and its weights just stay
 * untrained.
 */
#include "data/encoder.h"

#include "base/error.h"
#include "base/options.h"
#include <stdlib.h>
#include <string.h>

static size_t first_missing(const ebbi_rows *rows, size_t input) {
  size_t i = 0;
  while (!ebbi_is_missing(rows->table, ebbi_rows_at(rows, i), input)) i++;
  return ebbi_rows_at(rows, i);
}

ebb_status ebbi_fit_missing(const ebb_encoder *encoder, const ebbi_rows *rows, size_t input,
                            size_t missing) {
  size_t row = missing ? first_missing(rows, input) : 0;
  if (missing && (encoder->missing == EBB_MISSING_REFUSE || encoder->missing == EBB_MISSING_DROP))
    return ebbi_missing_fail(rows->table, row, input,
                             "fill missing values with --missing mean, median, most or indicator, "
                             "or leave these rows out with --missing drop");
  if (missing == rows->count)
    return ebbi_table_fail(
        rows->table, row, input,
        "none of the %zu training rows has a value here; leave the column out with --drop",
        rows->count);
  return EBB_OK;
}

static ebb_status fit_features(ebb_encoder *encoder, const ebbi_rows *rows,
                               const ebb_encoder_options *options) {
  const ebb_table *table = rows->table;
  size_t index;
  encoder->features = calloc(table->cols, sizeof *encoder->features);
  REQUIRE(encoder->features, EBB_ERR_MEMORY, "encoder: no memory for %zu columns", table->cols);
  for (size_t c = 0; c < table->cols; c++) {
    ebbi_feature *feature = &encoder->features[c];
    feature->kind = ebbi_table_kind(table, c);
    memcpy(feature->format, table->columns[table->inputs[c]].format, sizeof feature->format);
    TRY(ebbi_names_add(&encoder->names, &index, ebbi_table_name(table, c)));
  }
  TRY(ebbi_fit_numbers(encoder, rows, options));
  for (size_t c = 0; c < table->cols; c++)
    if (encoder->features[c].kind == EBB_COLUMN_CATEGORY)
      TRY(ebbi_fit_categories(encoder, rows, c));
  return EBB_OK;
}

/* Records the position of each column in the file. */
static ebb_status fit_places(ebb_encoder *encoder, const ebb_table *table) {
  size_t index;
  encoder->columns = table->cols;
  encoder->file_columns = table->raw.cols;
  encoder->named = table->raw.header;
  encoder->positions = calloc(table->cols + 1, sizeof *encoder->positions);
  REQUIRE(encoder->positions, EBB_ERR_MEMORY, "encoder: no memory for %zu columns", table->cols);
  for (size_t c = 0; c < table->cols; c++) encoder->positions[c] = table->inputs[c];
  for (size_t c = 0; c < table->raw.cols; c++) {
    const char *name = table->raw.names.items[c];
    if (table->columns[c].use == EBB_COLUMN_LEFT_OUT)
      TRY(ebbi_names_add(&encoder->left_out, &index, name));
    else if (table->columns[c].use == EBB_COLUMN_ID)
      TRY(ebbi_names_add(&encoder->ids, &index, name));
    else if (table->columns[c].use == EBB_COLUMN_WEIGHT)
      encoder->weight = strdup(name);
  }
  bool lost = table->weighted && !table->weights && !encoder->weight;
  REQUIRE(!lost, EBB_ERR_MEMORY, "encoder: no memory for a name");
  return EBB_OK;
}

static bool is_image(const ebb_table *table) {
  for (size_t c = 0; c < table->cols; c++)
    if (ebbi_table_kind(table, c) != EBB_COLUMN_PIXEL) return false;
  return ebbi_row_bytes(table, 0) != NULL;
}

static unsigned char largest_byte(const ebbi_rows *rows) {
  const ebb_table *table = rows->table;
  unsigned char largest = 0;
  for (size_t i = 0; i < rows->count; i++) {
    const unsigned char *bytes = ebbi_row_bytes(table, ebbi_rows_at(rows, i));
    for (size_t c = 0; c < table->cols; c++) {
      unsigned char byte = bytes[table->inputs[c]];
      largest = byte > largest ? byte : largest;
    }
  }
  return largest;
}

static ebb_status fit(ebb_encoder *encoder, const ebbi_rows *rows,
                      const ebb_encoder_options *options) {
  TRY(ebbi_rows_check(rows));
  REQUIRE(rows->table->cols > 0, EBB_ERR_INPUT, "%s: no column is an input", rows->table->raw.path);
  encoder->missing = options->missing;
  encoder->scale = 1;
  TRY(fit_places(encoder, rows->table));
  TRY(ebbi_fit_target(encoder, rows, options->no_scale_target));
  if (is_image(rows->table)) {
    unsigned char largest = options->no_scale ? 1 : largest_byte(rows);
    if (largest > 0) encoder->scale = 1.0 / largest;
  } else {
    TRY(fit_features(encoder, rows, options));
    REQUIRE(options->pieces == 0 || options->frequencies == 0, EBB_ERR_ARGUMENT,
            "ebb_encoder_fit: numbers go in %zu pieces or to %zu frequencies, not both",
            options->pieces, options->frequencies);
    TRY(ebbi_fit_embeddings(encoder, rows->table, options->embed));
    encoder->periodic = (ebb_periodic){.frequencies = options->frequencies,
                                       .units = options->number_units ? options->number_units : 4};
  }
  return ebbi_encoder_count(encoder);
}

ebb_status ebb_encoder_fit(ebb_encoder **out, const ebb_table *table, const size_t *rows,
                           size_t count, const ebb_encoder_options *options) {
  ebb_encoder_options own = EBB_ENCODER_OPTIONS_INIT;
  *out = NULL;
  if (options) TRY(ebbi_options_take("ebb_encoder_fit", &own, sizeof own, options));
  ebb_encoder *encoder = calloc(1, sizeof *encoder);
  REQUIRE(encoder, EBB_ERR_MEMORY, "encoder: no memory");
  ebbi_rows all = {table, rows, rows ? count : table->rows};
  ebb_status status = fit(encoder, &all, &own);
  if (status == EBB_OK)
    *out = encoder;
  else
    ebb_encoder_free(encoder);
  return status;
}
