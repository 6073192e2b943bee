/* Identifying tables by their contents.
 *
 * The fingerprint hashes values, not the file's bytes: the same table gzipped, from standard input,
 * or in another format is the same data to a model. Inputs and targets count, since the model
 * learns from them; left-out columns do not.
 */
#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "data/rows.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A number by its value: 1, 1.0 and 1e0 are the same class. */
static uint64_t hash_text(const char *text) {
  double value;
  if (!ebbi_parse_double(&value, text) || !(fabs(value) <= FLT_MAX))
    return ebbi_hash_more(1, text, strlen(text));
  float single = (float)value + 0.0f; /* -0 is 0 */
  return ebbi_hash_more(2, &single, sizeof single);
}

/* A hash for each text. NULL: out of memory; then each row's text is hashed again, since a
 * fingerprint cannot fail and must not depend on memory. */
static uint64_t *hash_texts(const ebbi_names *texts) {
  uint64_t *hashes = calloc(texts->count + 1, sizeof *hashes);
  for (size_t i = 0; hashes && i < texts->count; i++) hashes[i] = hash_text(texts->items[i]);
  return hashes;
}

static uint64_t add_texts(uint64_t hash, const ebb_table *table, const ebbi_cells *codes,
                          const ebbi_names *texts) {
  uint64_t *hashes = hash_texts(texts);
  for (size_t row = 0; row < table->rows; row++) {
    int32_t code = ebbi_cells_code(codes, ebbi_table_row(table, row));
    uint64_t value = code < 0 ? 0 : hashes ? hashes[code] : hash_text(texts->items[code]);
    hash = ebbi_hash_more(hash, &value, sizeof value);
  }
  free(hashes);
  return hash;
}

/* Rounded to float32: a table may come in either precision. */
static uint64_t add_block(uint64_t hash, const double *values, size_t count) {
  float single[EBBI_BLOCK];
  for (size_t i = 0; i < count; i++) {
    bool fits = fabs(values[i]) <= FLT_MAX;
    single[i] = fits ? (float)values[i] + 0.0f : isnan(values[i]) ? FLT_MAX : -FLT_MAX;
  }
  return ebbi_hash_more(hash, single, count * sizeof *single);
}

static uint64_t add_numbers(uint64_t hash, const ebbi_rows *rows) {
  const ebb_table *table = rows->table;
  double block[EBBI_BLOCK];
  for (size_t first = 0; first < rows->count; first += EBBI_BLOCK) {
    size_t count = ebbi_rows_block(rows, first);
    for (size_t c = 0; c < table->cols; c++) {
      if (ebbi_table_kind(table, c) == EBB_COLUMN_CATEGORY) continue;
      ebbi_rows_numbers(block, rows, first, c);
      hash = add_block(hash, block, count);
    }
    for (size_t k = 0; k < table->target.cols && table->target.numbers; k++) {
      ebbi_rows_values(block, rows, first, k);
      hash = add_block(hash, block, count);
    }
  }
  return hash;
}

uint64_t ebb_table_fingerprint(const ebb_table *table) {
  ebbi_rows all = {table, NULL, table->rows};
  const ebbi_target *target = &table->target;
  size_t sizes[] = {table->rows, table->cols, target->cols};
  uint64_t hash = ebbi_hash_more(0, sizes, sizeof sizes);
  hash = add_numbers(hash, &all);
  for (size_t c = 0; c < table->cols; c++)
    if (ebbi_table_kind(table, c) == EBB_COLUMN_CATEGORY)
      hash = add_texts(hash, table, table->raw.columns[table->inputs[c]].codes,
                       ebbi_table_texts(table, c));
  if (target->codes) hash = add_texts(hash, table, target->codes, &target->classes);
  return hash ? hash : 1;
}
