/* Writes the encoder as JSON, for the metadata of a model file. (encoder_json_read.c reads it.)
 *
 *   {"task": …, "missing": …, "columns": 6, "file_columns": 8, "scale": 1.0, "outputs": 1,
 *    "targets": [{"name": …, "position": 7, "mean": …, "deviation": …}], "classes": […],
 *    "features": [[mean, deviation], {"mean": …, "deviation": …, "fill": …, "indicator": true},
 *                 {"kind": "date", "mean": [5 numbers], "deviation": [5 numbers], "fill": …},
 *                 {"categories": […], "fill": 2, "embed": 8, "other": true}, …],
 *    "periodic": [frequencies, units], "positions": […], "names": […], "named": false, "left_out":
 * […], "ids": […]}
 *
 * A number whose fill is its mean is a list of two; for the 784 pixels of an image as text this
 * halves the JSON. Numbers have 17 digits, which preserve any double.
 */
#include "data/encoder_json.h"
#include "base/error.h"
#include "base/json.h"
#include "data/encoder.h"

const char *const ebbi_missing_names[] = {
#define MISSING_NAME(name, text, what) text,
    EBB_MISSING_LIST(MISSING_NAME)
#undef MISSING_NAME
        NULL};

/* Of ebb_column_kind, in its order. */
const char *const ebbi_kind_names[] = {"number", "amount", "date", "category", "pixel", NULL};

static void add_names(ebbi_json *json, const char *key, const ebbi_names *names) {
  ebbi_json_list(json, key);
  for (size_t i = 0; i < names->count; i++) ebbi_json_text(json, NULL, names->items[i]);
  ebbi_json_end(json);
}

static void add_numbers(ebbi_json *json, const char *key, const double *numbers, size_t count) {
  ebbi_json_list(json, key);
  for (size_t i = 0; i < count; i++) ebbi_json_number(json, NULL, numbers[i]);
  ebbi_json_end(json);
}

static void add_figures(ebbi_json *json, const ebbi_feature *f) {
  if (f->kind == EBB_COLUMN_CATEGORY) {
    add_names(json, "categories", &f->categories);
    ebbi_json_whole(json, "fill", f->fill_category);
  } else if (f->kind == EBB_COLUMN_DATE) {
    add_numbers(json, "mean", f->mean, EBBI_DATE_PARTS);
    add_numbers(json, "deviation", f->deviation, EBBI_DATE_PARTS);
    ebbi_json_number(json, "fill", f->fill);
  } else {
    ebbi_json_number(json, "mean", f->mean[0]);
    ebbi_json_number(json, "deviation", f->deviation[0]);
    if (f->limit > 0) ebbi_json_number(json, "limit", f->limit);
    ebbi_json_number(json, "fill", f->fill);
  }
}

static void add_feature(ebbi_json *json, const ebbi_feature *f) {
  if (f->kind == EBB_COLUMN_NUMBER && f->fill == f->mean[0] && !f->indicator && f->limit == 0 &&
      f->pieces == 0) {
    add_numbers(json, NULL, (const double[]){f->mean[0], f->deviation[0]}, 2);
    return;
  }
  ebbi_json_object(json, NULL);
  add_figures(json, f);
  if (f->kind != EBB_COLUMN_NUMBER && f->kind != EBB_COLUMN_CATEGORY)
    ebbi_json_text(json, "kind", ebbi_kind_names[f->kind]);
  if (f->kind != EBB_COLUMN_CATEGORY && f->format[0]) ebbi_json_text(json, "format", f->format);
  if (f->pieces > 0) add_numbers(json, "pieces", f->ends, f->pieces + 1);
  if (f->units > 0) ebbi_json_whole(json, "embed", f->units);
  if (f->other) ebbi_json_flag(json, "other", true);
  if (f->indicator) ebbi_json_flag(json, "indicator", true);
  ebbi_json_end(json);
}

static void add_targets(ebbi_json *json, const ebb_encoder *e) {
  ebbi_json_list(json, "targets");
  for (size_t k = 0; k < e->targets.count; k++) {
    ebbi_json_object(json, NULL);
    ebbi_json_text(json, "name", e->targets.items[k]);
    ebbi_json_whole(json, "position", e->target_positions[k]);
    if (e->target_mean) {
      ebbi_json_number(json, "mean", e->target_mean[k]);
      ebbi_json_number(json, "deviation", e->target_deviation[k]);
    }
    ebbi_json_end(json);
  }
  ebbi_json_end(json);
}

static void add_columns(ebbi_json *json, const ebb_encoder *e) {
  ebbi_json_list(json, "features");
  for (size_t c = 0; e->features && c < e->columns; c++) add_feature(json, &e->features[c]);
  ebbi_json_end(json);
  ebbi_json_list(json, "positions");
  for (size_t c = 0; c < e->columns; c++) ebbi_json_whole(json, NULL, e->positions[c]);
  ebbi_json_end(json);
  add_names(json, "names", &e->names);
}

ebb_status ebb_encoder_to_json(char **out, const ebb_encoder *e) {
  ebbi_json json;
  *out = NULL;
  REQUIRE(e->task != EBB_TASK_AUTO, EBB_ERR_ARGUMENT,
          "encoder: it has no task yet, so it is not part of a trained model");
  ebbi_json_begin(&json);
  ebbi_json_text(&json, "task", ebb_task_name(e->task));
  ebbi_json_text(&json, "missing", ebbi_missing_names[e->missing]);
  ebbi_json_whole(&json, "columns", e->columns);
  ebbi_json_whole(&json, "file_columns", e->file_columns);
  ebbi_json_number(&json, "scale", e->scale);
  ebbi_json_whole(&json, "outputs", e->outputs);
  if (e->periodic.columns > 0) {
    const double periodic[] = {(double)e->periodic.frequencies, (double)e->periodic.units};
    add_numbers(&json, "periodic", periodic, 2);
  }
  ebbi_json_flag(&json, "bare", e->bare);
  ebbi_json_flag(&json, "named", e->named);
  add_targets(&json, e);
  add_names(&json, "classes", &e->classes);
  add_columns(&json, e);
  add_names(&json, "left_out", &e->left_out);
  add_names(&json, "ids", &e->ids);
  if (e->weight) ebbi_json_text(&json, "weight", e->weight);
  return ebbi_json_finish(out, &json, JSON_COMPACT | JSON_REAL_PRECISION(17), "encoder");
}
