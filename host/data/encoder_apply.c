/* Applying an encoder: rows of a table to the arrays that a network takes.
 *
 * All arrays of a dataset lie in one block, sized by the rows to be encoded. The table may come
 * from another file type than the training data: a model of images accepts pixels from CSV.
 * Invariant: every number written is finite.
 */
#include "base/error.h"
#include "base/size.h"
#include "data/encoder.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The source and the destination. */
typedef struct job {
  const ebb_encoder *encoder;
  ebbi_rows rows;
  size_t **places; /* [columns]: input of each category code; NULL for other columns */
  float *x;        /* [count, inputs], or NULL */
  uint8_t *x_u8;
  int32_t *labels; /* [count], or NULL */
  float *values;   /* [count, outputs], or NULL */
  float *weights;  /* [count], or NULL */
} job;

static float *inputs_at(const job *j, size_t i) {
  return j->x + i * j->encoder->inputs;
}

/* Fails unless the missing value can be filled. */
static ebb_status check_filled(const job *j, size_t i, size_t col) {
  const ebb_encoder *encoder = j->encoder;
  const char *advice = "remove the row: the model takes only complete rows";
  if (encoder->features && encoder->missing == EBB_MISSING_DROP)
    advice = "the model was trained with --missing drop and has no value to fill in: remove the "
             "row, or train with --missing mean, median, most or indicator";
  else if (encoder->features && encoder->missing == EBB_MISSING_REFUSE)
    advice = "the model was trained on complete rows and has no value to fill in: remove the row, "
             "or train with --missing mean, median, most or indicator";
  else if (encoder->features)
    return EBB_OK;
  return ebbi_missing_fail(j->rows.table, ebbi_rows_at(&j->rows, i), col, advice);
}

static bool put(float *x, double scaled) {
  if (!(fabs(scaled) <= FLT_MAX)) return false;
  *x = (float)scaled;
  return true;
}

static bool put_date(float *x, const ebbi_feature *feature, double days) {
  double parts[EBBI_DATE_PARTS];
  bool fits = true;
  ebbi_date_parts(parts, days);
  for (size_t p = 0; p < EBBI_DATE_PARTS; p++)
    if (feature->deviation[p] > 0)
      fits &= put(x++, (parts[p] - feature->mean[p]) / feature->deviation[p]);
  return fits;
}

/* Returns false if the result is too large for float32. */
static bool put_number(float *x, const ebb_encoder *encoder, const ebbi_feature *feature,
                       double value) {
  if (!feature) return put(x, value * encoder->scale);
  if (feature->kind == EBB_COLUMN_DATE) return put_date(x, feature, value);
  if (feature->pieces > 0) {
    ebbi_put_pieces(x, feature, value);
    return true;
  }
  double scaled = (value - feature->mean[0]) / feature->deviation[0];
  /* hypot: the square of a far value would be infinite. */
  return put(x, feature->limit > 0 ? scaled / hypot(1, scaled / feature->limit) : scaled);
}

static ebb_status put_numbers(const job *j, size_t first, size_t col) {
  const ebb_encoder *encoder = j->encoder;
  const ebbi_feature *feature = encoder->features ? &encoder->features[col] : NULL;
  size_t offset = !feature ? col : feature->front ? feature->input : encoder->first[col];
  size_t last = /* of the column's inputs that are not in front: the indicator */
      feature ? encoder->first[col] + ebbi_feature_inputs(feature) - feature->front - 1 : 0;
  double block[EBBI_BLOCK];
  ebbi_rows_numbers(block, &j->rows, first, col);
  if (feature) ebbi_round_feature(block, ebbi_rows_block(&j->rows, first), feature);
  for (size_t i = 0; i < ebbi_rows_block(&j->rows, first); i++) {
    float *x = inputs_at(j, first + i);
    bool missing = isnan(block[i]);
    if (missing) TRY(check_filled(j, first + i, col));
    double value = missing ? feature->fill : block[i];
    if (!put_number(x + offset, encoder, feature, value))
      return ebbi_table_fail(
          j->rows.table, ebbi_rows_at(&j->rows, first + i), col,
          "%g is too far from the training data: scaled, it is too large for float32", value);
    if (feature && feature->indicator) x[last] = missing;
  }
  return EBB_OK;
}

/* The place of a value among those of its column; EBBI_NO_INDEX: it is unknown. */
static ebb_status find_place(size_t *place, const job *j, size_t i, size_t col, double code) {
  const ebbi_feature *feature = &j->encoder->features[col];
  const ebb_table *table = j->rows.table;
  char shown[EBBI_SHOWN];
  if (isnan(code)) {
    *place = feature->indicator ? ebbi_feature_places(feature) : feature->fill_category;
    return check_filled(j, i, col);
  }
  *place = j->places[col][(size_t)code];
  if (*place != EBBI_NO_INDEX || !table->refuse_unknown) return EBB_OK;
  return ebbi_table_fail(table, ebbi_rows_at(&j->rows, i), col,
                         "\"%s\" is not one of the %zu categories that the model was trained on; "
                         "without --unknown refuse it becomes zeros",
                         ebbi_shown(shown, ebbi_table_texts(table, col)->items[(size_t)code]),
                         feature->categories.count);
}

/* An unknown category has the code -1, which no table of the network has: it reads zeros. */
static ebb_status put_category(const job *j, size_t i, size_t col, double code) {
  const ebbi_feature *feature = &j->encoder->features[col];
  float *x = inputs_at(j, i);
  size_t place;
  TRY(find_place(&place, j, i, col, code));
  if (feature->units > 0) {
    x[feature->input] = place == EBBI_NO_INDEX ? -1 : (float)(feature->code + place);
    return EBB_OK;
  }
  x += j->encoder->first[col];
  memset(x, 0, ebbi_feature_inputs(feature) * sizeof *x);
  if (place != EBBI_NO_INDEX) x[place] = 1;
  return EBB_OK;
}

static ebb_status put_block(const job *j, size_t first) {
  const ebb_encoder *encoder = j->encoder;
  for (size_t c = 0; c < encoder->columns; c++) {
    const ebbi_feature *feature = encoder->features ? &encoder->features[c] : NULL;
    if (!feature || feature->kind != EBB_COLUMN_CATEGORY) {
      TRY(put_numbers(j, first, c));
    } else {
      double codes[EBBI_BLOCK];
      ebbi_rows_codes(codes, &j->rows, first, c);
      for (size_t i = first; i < first + ebbi_rows_block(&j->rows, first); i++)
        TRY(put_category(j, i, c, codes[i - first]));
    }
  }
  return EBB_OK;
}

static void put_bytes(const job *j) {
  const ebb_table *table = j->rows.table;
  size_t cols = table->cols, moved = 0;
  for (size_t c = 0; c < cols; c++) moved += table->inputs[c] != c;
  for (size_t i = 0; i < j->rows.count; i++) {
    const unsigned char *from = ebbi_row_bytes(table, ebbi_rows_at(&j->rows, i));
    uint8_t *to = j->x_u8 + i * cols;
    if (moved == 0) memcpy(to, from, cols);
    for (size_t c = 0; c < cols && moved > 0; c++) to[c] = from[table->inputs[c]];
  }
}

static void free_places(job *j) {
  for (size_t c = 0; c < j->encoder->columns && j->places; c++) free(j->places[c]);
  free(j->places);
}

static ebb_status find_places(job *j) {
  const ebb_encoder *encoder = j->encoder;
  j->places = calloc(encoder->columns, sizeof *j->places);
  REQUIRE(j->places, EBB_ERR_MEMORY, "encoder: no memory for %zu columns", encoder->columns);
  for (size_t c = 0; c < encoder->columns && encoder->features; c++) {
    if (encoder->features[c].kind != EBB_COLUMN_CATEGORY) continue;
    const ebbi_names *texts = ebbi_table_texts(j->rows.table, c);
    size_t *places = j->places[c] = malloc((texts->count + 1) * sizeof *places);
    REQUIRE(places, EBB_ERR_MEMORY, "encoder: no memory for %zu categories", texts->count);
    for (size_t k = 0; k < texts->count; k++)
      places[k] = ebbi_feature_place(&encoder->features[c], texts->items[k]);
  }
  return EBB_OK;
}

static ebb_status put_inputs(job *j) {
  if (j->x_u8) {
    put_bytes(j);
    return EBB_OK;
  }
  ebb_status status = find_places(j);
  for (size_t first = 0; first < j->rows.count && status == EBB_OK; first += EBBI_BLOCK)
    status = put_block(j, first);
  free_places(j);
  return status;
}

static const char *what_holds(ebb_column_kind kind) {
  return kind == EBB_COLUMN_CATEGORY ? "texts" : kind == EBB_COLUMN_DATE ? "dates" : "numbers";
}

static ebb_status check_columns(const ebb_encoder *encoder, const ebb_table *table) {
  char name[EBBI_SHOWN];
  REQUIRE(table->cols == encoder->columns, EBB_ERR_INPUT,
          "%s: %zu columns are inputs, but the model takes %zu", table->raw.path, table->cols,
          encoder->columns);
  for (size_t c = 0; c < table->cols; c++) {
    const char *here = what_holds(ebbi_table_kind(table, c));
    const char *there =
        what_holds(encoder->features ? encoder->features[c].kind : EBB_COLUMN_NUMBER);
    REQUIRE(strcmp(here, there) == 0, EBB_ERR_INPUT,
            "%s: column \"%s\" holds %s, but the model takes %s", table->raw.path,
            ebbi_shown(name, ebbi_table_name(table, c)), here, there);
  }
  return EBB_OK;
}

static ebb_status check_target(const ebb_encoder *encoder, const ebb_table *table) {
  const ebbi_target *target = &table->target;
  if (target->cols == 0) return EBB_OK;
  REQUIRE(target->task == encoder->task, EBB_ERR_INPUT,
          "%s: the target is one of %s, but the model does %s", table->raw.path,
          ebb_task_name(target->task), ebb_task_name(encoder->task));
  REQUIRE(target->codes || target->cols == encoder->outputs, EBB_ERR_INPUT,
          "%s: %zu target values a row, but the model gives %zu", table->raw.path, target->cols,
          encoder->outputs);
  return EBB_OK;
}

/* Allocates the dataset's block. Targets and weights come first, since bytes need no alignment. */
static ebb_status allocate(ebb_dataset *out, job *j) {
  const ebb_table *table = j->rows.table;
  const ebb_encoder *encoder = j->encoder;
  bool classes = table->target.codes != NULL, has_target = table->target.cols > 0;
  bool bytes = !encoder->features && ebbi_row_bytes(table, 0);
  bool weighted = table->weighted || (classes && encoder->class_weights);
  size_t cols = weighted, target, x;
  if (has_target) cols += classes ? 1 : encoder->outputs;
  bool fits =
      ebbi_size_mul(&target, j->rows.count, sizeof(float)) && ebbi_size_mul(&target, target, cols);
  fits = fits && ebbi_size_mul(&x, j->rows.count, bytes ? 1 : sizeof(float)) &&
         ebbi_size_mul(&x, x, encoder->inputs) && ebbi_size_add(&x, x, target);
  char *block = fits ? malloc(x) : NULL;
  REQUIRE(block, EBB_ERR_MEMORY, "encoder: no memory for %zu rows of %zu inputs", j->rows.count,
          encoder->inputs);
  void *targets = block, *inputs = block + target;
  if (has_target && classes) j->labels = targets;
  if (has_target && !classes) j->values = targets;
  if (weighted) j->weights = (float *)inputs - j->rows.count;
  if (bytes)
    j->x_u8 = inputs;
  else
    j->x = inputs;
  *out = (ebb_dataset){.rows = j->rows.count,
                       .inputs = encoder->inputs,
                       .outputs = encoder->outputs,
                       .x = j->x,
                       .x_u8 = j->x_u8,
                       .scale = bytes ? (float)encoder->scale : 1.0f,
                       .labels = j->labels,
                       .values = j->values,
                       .storage = block,
                       .weights = j->weights};
  return EBB_OK;
}

ebb_status ebb_encoder_apply(ebb_dataset *out, const ebb_encoder *encoder, const ebb_table *table,
                             const size_t *rows, size_t count) {
  job j = {.encoder = encoder, .rows = {table, rows, rows ? count : table->rows}};
  *out = (ebb_dataset){0};
  TRY(ebbi_rows_check(&j.rows));
  TRY(check_columns(encoder, table));
  TRY(check_target(encoder, table));
  TRY(allocate(out, &j));
  ebb_status status = put_inputs(&j);
  if (status == EBB_OK && j.labels) status = ebbi_encode_labels(j.labels, encoder, &j.rows);
  if (status == EBB_OK && j.values) status = ebbi_encode_values(j.values, encoder, &j.rows);
  if (status == EBB_OK && j.weights)
    status = ebbi_encode_weights(j.weights, encoder, &j.rows, j.labels);
  if (status != EBB_OK) ebb_dataset_clear(out);
  return status;
}
