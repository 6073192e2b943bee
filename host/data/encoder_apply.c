/* Applying an encoder: rows of a table to the arrays that a network takes.
 *
 * All arrays of a dataset lie in one block, sized from the rows that are encoded. A table need not
 * be of the file type that the encoder was fitted on: a model of images can be given their pixels
 * as CSV. Invariant: every number written is finite.
 */
#include "base/error.h"
#include "base/size.h"
#include "encoder.h"
#include "table.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is encoded, and to where. */
typedef struct job {
  const ebb_encoder *encoder;
  const ebb_table *table;
  const size_t *rows; /* NULL: all */
  size_t count;
  float *x; /* [count, inputs], or NULL */
  uint8_t *x_u8;
  int32_t *labels; /* [count], or NULL */
  float *values;   /* [count, outputs], or NULL */
} job;

static size_t row_of(const job *j, size_t i) {
  return j->rows ? j->rows[i] : i;
}

static ebb_status put_number(const job *j, size_t i, size_t col, size_t offset) {
  const ebb_encoder *encoder = j->encoder;
  const ebbi_feature *feature = encoder->features ? &encoder->features[col] : NULL;
  double value = ebbi_table_number(j->table, row_of(j, i), col);
  if (isnan(value)) {
    if (!feature || encoder->missing == EBB_MISSING_REFUSE)
      return ebbi_table_fail(j->table, row_of(j, i), col,
                             "a value is missing, and the model was trained without --missing "
                             "mean; remove the row");
    value = feature->fill;
  }
  double scaled = feature ? (value - feature->mean) / feature->deviation : value * encoder->scale;
  if (!(fabs(scaled) <= FLT_MAX))
    return ebbi_table_fail(j->table, row_of(j, i), col,
                           "%g is too far from what the model was trained on (scaled: %g)", value,
                           scaled);
  j->x[i * encoder->inputs + offset] = (float)scaled;
  return EBB_OK;
}

/* map[code] is the encoder's index of a category of the table, or EBBI_NO_INDEX. */
static ebb_status put_category(const job *j, size_t i, size_t col, size_t offset,
                               const size_t *map) {
  const ebbi_feature *feature = &j->encoder->features[col];
  const ebbi_column *column = &j->table->columns[col];
  int32_t code = column->codes[row_of(j, i)];
  if (code < 0 && j->encoder->missing == EBB_MISSING_REFUSE)
    return ebbi_table_fail(j->table, row_of(j, i), col,
                           "a value is missing, and the model was trained without --missing mean; "
                           "remove the row");
  size_t index = code < 0 ? feature->fill_category : map[code];
  char shown[EBBI_SHOWN];
  if (index == EBBI_NO_INDEX)
    return ebbi_table_fail(j->table, row_of(j, i), col,
                           "\"%s\" is none of the %zu categories that the model was trained on",
                           ebbi_shown(shown, column->names.items[code]), feature->categories.count);
  for (size_t k = 0; k < feature->categories.count; k++)
    j->x[i * j->encoder->inputs + offset + k] = k == index;
  return EBB_OK;
}

static ebb_status put_categories(const job *j, size_t col, size_t offset) {
  const ebbi_names *names = &j->table->columns[col].names;
  size_t *map = malloc((names->count + 1) * sizeof *map);
  REQUIRE(map, EBB_ERR_MEMORY, "encoder: no memory for %zu categories", names->count);
  for (size_t k = 0; k < names->count; k++)
    map[k] = ebbi_names_find(&j->encoder->features[col].categories, names->items[k]);
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < j->count && status == EBB_OK; i++)
    status = put_category(j, i, col, offset, map);
  free(map);
  return status;
}

static ebb_status put_inputs(const job *j) {
  const ebb_encoder *encoder = j->encoder;
  size_t offset = 0, cols = j->table->cols;
  if (j->x_u8) {
    for (size_t i = 0; i < j->count; i++)
      memcpy(j->x_u8 + i * cols, j->table->u8 + row_of(j, i) * cols, cols);
    return EBB_OK;
  }
  for (size_t c = 0; c < encoder->columns; c++) {
    if (encoder->features && encoder->features[c].category) {
      TRY(put_categories(j, c, offset));
      offset += encoder->features[c].categories.count;
      continue;
    }
    for (size_t i = 0; i < j->count; i++) TRY(put_number(j, i, c, offset));
    offset++;
  }
  return EBB_OK;
}

static ebb_status put_labels(const job *j) {
  const ebbi_target *target = &j->table->target;
  size_t *map = malloc(target->classes.count * sizeof *map);
  REQUIRE(map, EBB_ERR_MEMORY, "encoder: no memory for %zu classes", target->classes.count);
  for (size_t k = 0; k < target->classes.count; k++)
    map[k] = ebbi_encoder_find_class(j->encoder, target->classes.items[k]);
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < j->count && status == EBB_OK; i++) {
    int32_t code = target->codes[row_of(j, i)];
    char shown[EBBI_SHOWN];
    if (map[code] == EBBI_NO_INDEX)
      status = ebbi_target_fail(
          j->table, row_of(j, i), "\"%s\" is none of the %zu classes that the model was trained on",
          ebbi_shown(shown, target->classes.items[code]), j->encoder->outputs);
    else
      j->labels[i] = (int32_t)map[code];
  }
  free(map);
  return status;
}

static void put_values(const job *j) {
  size_t outputs = j->encoder->outputs;
  for (size_t i = 0; i < j->count; i++)
    for (size_t k = 0; k < outputs; k++)
      j->values[i * outputs + k] = (float)j->table->target.numbers[row_of(j, i) * outputs + k];
}

static ebb_status check_columns(const ebb_encoder *encoder, const ebb_table *table) {
  char name[EBBI_SHOWN];
  REQUIRE(table->cols == encoder->columns, EBB_ERR_INPUT,
          "%s: %zu columns, but the model takes %zu", table->path, table->cols, encoder->columns);
  for (size_t c = 0; c < table->cols; c++) {
    bool category = encoder->features && encoder->features[c].category;
    bool here = table->columns && table->columns[c].category;
    REQUIRE(here == category, EBB_ERR_INPUT, "%s: column \"%s\" holds %s, but the model takes %s",
            table->path, table->columns ? ebbi_shown(name, table->names.items[c]) : "all",
            here ? "text" : "numbers", category ? "text" : "numbers");
  }
  return EBB_OK;
}

static ebb_status check_target(const ebb_encoder *encoder, const ebb_table *table) {
  const ebbi_target *target = &table->target;
  if (target->cols == 0) return EBB_OK;
  REQUIRE(target->task == encoder->task, EBB_ERR_INPUT,
          "%s: the target is one of %s, but the model does %s", table->path,
          ebb_task_name(target->task), ebb_task_name(encoder->task));
  REQUIRE(target->codes || target->cols == encoder->outputs, EBB_ERR_INPUT,
          "%s: %zu target values a row, but the model gives %zu", target->path, target->cols,
          encoder->outputs);
  return EBB_OK;
}

/* Allocates the dataset's block: targets first, as bytes need no alignment. */
static ebb_status allocate(ebb_dataset *out, job *j) {
  bool classes = j->table->target.codes != NULL, bytes = j->table->u8 && !j->encoder->features;
  bool has_target = j->table->target.cols > 0;
  size_t target = 0, x;
  bool fits = !has_target || (ebbi_size_mul(&target, j->count, sizeof(float)) &&
                              ebbi_size_mul(&target, target, classes ? 1 : j->encoder->outputs));
  fits = fits && ebbi_size_mul(&x, j->count, bytes ? 1 : sizeof(float)) &&
         ebbi_size_mul(&x, x, j->encoder->inputs) && ebbi_size_add(&x, x, target);
  char *block = fits ? malloc(x) : NULL;
  REQUIRE(block, EBB_ERR_MEMORY, "encoder: no memory for %zu rows of %zu inputs", j->count,
          j->encoder->inputs);
  void *targets = block, *inputs = block + target;
  if (has_target && classes) j->labels = targets;
  if (has_target && !classes) j->values = targets;
  if (bytes)
    j->x_u8 = inputs;
  else
    j->x = inputs;
  *out = (ebb_dataset){.rows = j->count,
                       .inputs = j->encoder->inputs,
                       .outputs = j->encoder->outputs,
                       .x = j->x,
                       .x_u8 = j->x_u8,
                       .scale = bytes ? (float)j->encoder->scale : 1.0f,
                       .labels = j->labels,
                       .values = j->values,
                       .storage = block};
  return EBB_OK;
}

ebb_status ebb_encoder_apply(ebb_dataset *out, const ebb_encoder *encoder, const ebb_table *table,
                             const size_t *rows, size_t count) {
  job j = {.encoder = encoder, .table = table, .rows = rows, .count = rows ? count : table->rows};
  *out = (ebb_dataset){0};
  REQUIRE(j.count > 0, EBB_ERR_ARGUMENT, "encoder: no rows to encode");
  for (size_t i = 0; i < j.count; i++)
    REQUIRE(row_of(&j, i) < table->rows, EBB_ERR_ARGUMENT, "encoder: row %zu of %zu", row_of(&j, i),
            table->rows);
  TRY(check_columns(encoder, table));
  TRY(check_target(encoder, table));
  TRY(allocate(out, &j));
  ebb_status status = put_inputs(&j);
  if (status == EBB_OK && j.labels) status = put_labels(&j);
  if (status == EBB_OK && j.values) put_values(&j);
  if (status != EBB_OK) ebb_dataset_clear(out);
  return status;
}
