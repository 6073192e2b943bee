/* Tables made of a caller's arrays instead of a file.
 *
 * The values are not copied: a table only points at them, as it does into the bytes of an NPY file.
 */
#include "base/error.h"
#include "data/formats.h"
#include "data/table.h"

#include <stdlib.h>
#include <string.h>

/* Describes `values` [rows, cols] as an array of a raw whose messages name it `name`. */
static ebb_status take(ebbi_raw *raw, const char *name, ebbi_element element, const void *values,
                       size_t rows, size_t cols) {
  ebbi_array array = {.element = element, .rank = 2, .shape = {rows, cols}, .data = values};
  raw->path = strdup(name);
  REQUIRE(raw->path, EBB_ERR_MEMORY, "%s: no memory for a table", name);
  TRY(ebbi_array_measure(&array, name));
  return ebbi_raw_take_array(raw, &array);
}

static ebb_status take_targets(ebbi_raw *raw, const ebb_arrays *arrays) {
  if (!arrays->labels && !arrays->values) return EBB_OK;
  raw->labels = calloc(1, sizeof *raw->labels);
  REQUIRE(raw->labels, EBB_ERR_MEMORY, "arrays: no memory for targets");
  if (arrays->labels) return take(raw->labels, "labels", EBBI_I32, arrays->labels, arrays->rows, 1);
  return take(raw->labels, "values", EBBI_F32, arrays->values, arrays->rows, arrays->outputs);
}

ebb_status ebb_table_from_arrays(ebb_table **out, const ebb_arrays *arrays,
                                 const ebb_encoder *encoder) {
  static const char where[] = "ebb_table_from_arrays";
  REQUIRE(out && arrays && arrays->x, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  REQUIRE(arrays->rows > 0 && arrays->inputs > 0, EBB_ERR_ARGUMENT,
          "%s: x is [%zu, %zu]; it needs at least one row and one column", where, arrays->rows,
          arrays->inputs);
  REQUIRE(!arrays->labels || !arrays->values, EBB_ERR_ARGUMENT,
          "%s: both labels and values are given; a table has one target", where);
  REQUIRE(!arrays->values || arrays->outputs > 0, EBB_ERR_ARGUMENT,
          "%s: values without columns: outputs is 0", where);
  ebb_read_options options = {.size = sizeof(ebb_read_options),
                              .encoder = encoder,
                              .no_target = !arrays->labels && !arrays->values};
  if (!encoder && !options.no_target)
    options.task = arrays->labels ? EBB_TASK_CLASSIFICATION : EBB_TASK_REGRESSION;
  ebbi_raw raw = {0};
  ebb_status status = take(&raw, "x", EBBI_F32, arrays->x, arrays->rows, arrays->inputs);
  if (status == EBB_OK) status = take_targets(&raw, arrays);
  if (status != EBB_OK) {
    ebbi_raw_free(&raw);
    return status;
  }
  TRY(ebbi_table_take(out, &raw, &options));
  (*out)->weights = arrays->weights;
  (*out)->weighted = arrays->weights != NULL;
  return EBB_OK;
}
