/* The encoder as JSON, for the metadata of a model file. (encoder_json_read.c has the way back.)
 *
 *   {"task": …, "missing": …, "columns": 6, "file_columns": 8, "scale": 1.0, "outputs": 1,
 *    "targets": [{"name": …, "position": 7, "mean": …, "deviation": …}], "classes": […],
 *    "features": [[mean, deviation], {"mean": …, "deviation": …, "fill": …, "indicator": true},
 *                 {"kind": "date", "mean": [5 numbers], "deviation": [5 numbers], "fill": …},
 *                 {"categories": […], "fill": 2, "other": true}, …],
 *    "positions": […], "names": […], "named": false, "left_out": […], "ids": […]}
 *
 * A number whose fill is its mean is a list of two: of 784 pixels of a text file that is half the
 * text. Figures are written with 17 digits, which give the same double back.
 */
#include "data/encoder_json.h"
#include "base/error.h"
#include "data/encoder.h"
#include <jansson.h>
#include <stdlib.h>

const char *const ebbi_missing_names[] = {
#define MISSING_NAME(name, text, what) text,
    EBB_MISSING_LIST(MISSING_NAME)
#undef MISSING_NAME
        NULL};

/* Of ebb_column_kind, in its order. */
const char *const ebbi_kind_names[] = {"number", "amount", "date", "category", "pixel", NULL};

/* A list of what `make` gives for each index; jansson passes NULL on: one test at the end finds any
 * failed allocation. */
static json_t *list_of(json_t *(*make)(const void *from, size_t index), const void *from,
                       size_t count) {
  json_t *list = json_array();
  for (size_t i = 0; i < count; i++)
    if (json_array_append_new(list, make(from, i)) != 0) {
      json_decref(list);
      return NULL;
    }
  return list;
}

static json_t *text_at(const void *names, size_t index) {
  return json_string(((const ebbi_names *)names)->items[index]);
}

static json_t *number_at(const void *numbers, size_t index) {
  return json_real(((const double *)numbers)[index]);
}

static json_t *size_at(const void *sizes, size_t index) {
  return json_integer((json_int_t)((const size_t *)sizes)[index]);
}

static json_t *names_to_json(const ebbi_names *names) {
  return list_of(text_at, names, names->count);
}

static json_t *category_to_json(const ebbi_feature *f) {
  return json_pack("{s:o, s:I}", "categories", names_to_json(&f->categories), "fill",
                   (json_int_t)f->fill_category);
}

static json_t *date_to_json(const ebbi_feature *f) {
  return json_pack("{s:o, s:o, s:f}", "mean", list_of(number_at, f->mean, EBBI_DATE_PARTS),
                   "deviation", list_of(number_at, f->deviation, EBBI_DATE_PARTS), "fill", f->fill);
}

static json_t *feature_at(const void *features, size_t index) {
  const ebbi_feature *f = (const ebbi_feature *)features + index;
  if (f->kind == EBB_KIND_NUMBER && f->fill == f->mean[0] && !f->indicator)
    return json_pack("[f, f]", f->mean[0], f->deviation[0]);
  json_t *object = f->kind == EBB_KIND_CATEGORY ? category_to_json(f)
                   : f->kind == EBB_KIND_DATE
                       ? date_to_json(f)
                       : json_pack("{s:f, s:f, s:f}", "mean", f->mean[0], "deviation",
                                   f->deviation[0], "fill", f->fill);
  int failed = object == NULL;
  if (f->kind != EBB_KIND_NUMBER && f->kind != EBB_KIND_CATEGORY)
    failed |= json_object_set_new(object, "kind", json_string(ebbi_kind_names[f->kind]));
  if (f->kind != EBB_KIND_CATEGORY && f->format[0])
    failed |= json_object_set_new(object, "format", json_string(f->format));
  if (f->other) failed |= json_object_set_new(object, "other", json_true());
  if (f->indicator) failed |= json_object_set_new(object, "indicator", json_true());
  if (!failed) return object;
  json_decref(object);
  return NULL;
}

static json_t *target_at(const void *from, size_t index) {
  const ebb_encoder *e = from;
  json_t *object = json_pack("{s:s, s:I}", "name", e->targets.items[index], "position",
                             (json_int_t)e->target_positions[index]);
  if (!object || !e->target_mean) return object;
  if (json_object_set_new(object, "mean", json_real(e->target_mean[index])) == 0 &&
      json_object_set_new(object, "deviation", json_real(e->target_deviation[index])) == 0)
    return object;
  json_decref(object);
  return NULL;
}

static json_t *to_json(const ebb_encoder *e) {
  json_t *root = json_pack("{s:s, s:s, s:I, s:I, s:f, s:I, s:b}", "task", ebb_task_name(e->task),
                           "missing", ebbi_missing_names[e->missing], "columns",
                           (json_int_t)e->columns, "file_columns", (json_int_t)e->file_columns,
                           "scale", e->scale, "outputs", (json_int_t)e->outputs, "bare", e->bare);
  const struct {
    const char *key;
    json_t *value;
  } lists[] = {{"targets", list_of(target_at, e, e->targets.count)},
               {"classes", names_to_json(&e->classes)},
               {"features", list_of(feature_at, e->features, e->features ? e->columns : 0)},
               {"positions", list_of(size_at, e->positions, e->columns)},
               {"names", names_to_json(&e->names)},
               {"left_out", names_to_json(&e->left_out)},
               {"ids", names_to_json(&e->ids)}};
  int failed = root == NULL || json_object_set_new(root, "named", json_boolean(e->named)) != 0;
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
    failed |= json_object_set_new(root, lists[i].key, lists[i].value);
  if (!failed) return root;
  json_decref(root);
  return NULL;
}

ebb_status ebb_encoder_to_json(char **out, const ebb_encoder *encoder) {
  *out = NULL;
  REQUIRE(encoder->task != EBB_TASK_AUTO, EBB_ERR_ARGUMENT,
          "encoder: it has no task yet, so it belongs to no trained model");
  json_t *root = to_json(encoder);
  *out = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
  json_decref(root);
  REQUIRE(*out, EBB_ERR_MEMORY, "encoder: no memory for its JSON text");
  return EBB_OK;
}
