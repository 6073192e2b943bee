/* The encoder as JSON, for the metadata of a model file.
 *
 *   {"task": …, "missing": …, "columns": 4, "scale": 1.0, "target": {"name": …, "position": 4},
 *    "features": [{"mean": …, "deviation": …, "fill": …}, {"categories": […], "fill": 2}, …],
 *    "names": […], "named": false, "outputs": 3, "classes": […]}
 *
 * Numbers are written with 17 digits, which give the same double back. What is read may come from
 * anyone: types, ranges and the agreement of all lists are checked, and nothing is allocated by a
 * number in the text.
 */
#include "base/error.h"
#include "encoder.h"
#include "table.h"
#include <float.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* jansson passes NULL on: one test at the end finds any failed allocation. */
static json_t *names_to_json(const ebbi_names *names) {
  json_t *list = json_array();
  for (size_t i = 0; i < names->count; i++)
    if (json_array_append_new(list, json_string(names->items[i])) != 0) {
      json_decref(list);
      return NULL;
    }
  return list;
}

static json_t *feature_to_json(const ebbi_feature *f) {
  if (f->category)
    return json_pack("{s:o, s:I}", "categories", names_to_json(&f->categories), "fill",
                     (json_int_t)f->fill_category);
  return json_pack("{s:f, s:f, s:f}", "mean", f->mean, "deviation", f->deviation, "fill", f->fill);
}

static json_t *features_to_json(const ebb_encoder *encoder) {
  json_t *list = json_array();
  for (size_t c = 0; c < encoder->columns; c++)
    if (json_array_append_new(list, feature_to_json(&encoder->features[c])) != 0) {
      json_decref(list);
      return NULL;
    }
  return list;
}

static json_t *to_json(const ebb_encoder *e) {
  json_t *root =
      json_pack("{s:s, s:s, s:I, s:f, s:{s:s, s:I}, s:I}", "task", ebb_task_name(e->task),
                "missing", e->missing == EBB_MISSING_MEAN ? "mean" : "refuse", "columns",
                (json_int_t)e->columns, "scale", e->scale, "target", "name", e->target, "position",
                (json_int_t)e->target_position, "outputs", (json_int_t)e->outputs);
  int failed = root == NULL;
  if (e->features)
    failed |= json_object_set_new(root, "features", features_to_json(e)) |
              json_object_set_new(root, "names", names_to_json(&e->names)) |
              json_object_set_new(root, "named", json_boolean(e->named));
  if (e->task == EBB_TASK_CLASSIFICATION)
    failed |= json_object_set_new(root, "classes", names_to_json(&e->classes));
  if (!failed) return root;
  json_decref(root);
  return NULL;
}

ebb_status ebb_encoder_to_json(char **out, const ebb_encoder *encoder) {
  *out = NULL;
  REQUIRE(encoder->target, EBB_ERR_ARGUMENT,
          "encoder: fitted without a target, it belongs to no trained model");
  json_t *root = to_json(encoder);
  *out = root ? json_dumps(root, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;
  json_decref(root);
  REQUIRE(*out, EBB_ERR_MEMORY, "encoder: no memory for its JSON text");
  return EBB_OK;
}

static ebb_status names_from_json(ebbi_names *names, const json_t *list, const char *what) {
  size_t index;
  REQUIRE(json_is_array(list), EBB_ERR_INPUT, "encoder: \"%s\" is not a list", what);
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *text = json_string_value(json_array_get(list, i));
    REQUIRE(text, EBB_ERR_INPUT, "encoder: \"%s\"[%zu] is not a text", what, i);
    TRY(ebbi_names_add(names, &index, text));
    REQUIRE(index == i, EBB_ERR_INPUT, "encoder: \"%s\"[%zu] stands twice", what, i);
  }
  return EBB_OK;
}

static ebb_status number_from_json(double *out, const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  REQUIRE(json_is_number(value), EBB_ERR_INPUT, "encoder: \"%s\" is not a number", key);
  *out = json_number_value(value);
  return EBB_OK;
}

static ebb_status size_from_json(size_t *out, const json_t *object, const char *key, size_t limit) {
  const json_t *value = json_object_get(object, key);
  json_int_t number = json_integer_value(value);
  REQUIRE(json_is_integer(value) && number >= 0 && (uint64_t)number <= limit, EBB_ERR_INPUT,
          "encoder: \"%s\" is not a whole number from 0 to %zu", key, limit);
  *out = (size_t)number;
  return EBB_OK;
}

static ebb_status feature_from_json(ebbi_feature *f, const json_t *object) {
  const json_t *categories = json_object_get(object, "categories");
  f->category = categories != NULL;
  if (f->category) {
    TRY(names_from_json(&f->categories, categories, "categories"));
    REQUIRE(f->categories.count > 0, EBB_ERR_INPUT, "encoder: \"categories\" is empty");
    return size_from_json(&f->fill_category, object, "fill", f->categories.count - 1);
  }
  TRY(number_from_json(&f->mean, object, "mean"));
  TRY(number_from_json(&f->deviation, object, "deviation"));
  TRY(number_from_json(&f->fill, object, "fill"));
  REQUIRE(f->deviation > 0, EBB_ERR_INPUT, "encoder: \"deviation\" is %g, not above 0",
          f->deviation);
  return EBB_OK;
}

static ebb_status features_from_json(ebb_encoder *e, const json_t *root) {
  const json_t *features = json_object_get(root, "features");
  const json_t *named = json_object_get(root, "named");
  if (!features) return EBB_OK;
  REQUIRE(json_is_array(features) && json_array_size(features) == e->columns, EBB_ERR_INPUT,
          "encoder: \"features\" is not a list of %zu columns", e->columns);
  REQUIRE(json_is_boolean(named), EBB_ERR_INPUT, "encoder: \"named\" is not true or false");
  e->named = json_is_true(named);
  TRY(names_from_json(&e->names, json_object_get(root, "names"), "names"));
  REQUIRE(e->names.count == e->columns, EBB_ERR_INPUT, "encoder: %zu \"names\" for %zu columns",
          e->names.count, e->columns);
  e->features = calloc(e->columns, sizeof *e->features);
  REQUIRE(e->features, EBB_ERR_MEMORY, "encoder: no memory for %zu columns", e->columns);
  for (size_t c = 0; c < e->columns; c++)
    TRY(feature_from_json(&e->features[c], json_array_get(features, c)));
  return EBB_OK;
}

/* One of the texts, or a failure. */
static ebb_status choice_from_json(size_t *out, const json_t *root, const char *key,
                                   const char *first, const char *second) {
  const char *text = json_string_value(json_object_get(root, key));
  bool known = text && (strcmp(text, first) == 0 || strcmp(text, second) == 0);
  REQUIRE(known, EBB_ERR_INPUT, "encoder: \"%s\" is neither \"%s\" nor \"%s\"", key, first, second);
  *out = strcmp(text, second) == 0;
  return EBB_OK;
}

static ebb_status target_from_json(ebb_encoder *e, const json_t *root) {
  const json_t *target = json_object_get(root, "target");
  const char *name = json_string_value(json_object_get(target, "name"));
  REQUIRE(name, EBB_ERR_INPUT, "encoder: \"target\" has no name");
  e->target = strdup(name);
  REQUIRE(e->target, EBB_ERR_MEMORY, "encoder: no memory for a name");
  TRY(size_from_json(&e->target_position, target, "position", e->columns));
  TRY(size_from_json(&e->outputs, root, "outputs", EBBI_MAX_COLUMNS));
  REQUIRE(e->outputs > 0, EBB_ERR_INPUT, "encoder: \"outputs\" is 0");
  if (e->task != EBB_TASK_CLASSIFICATION) return EBB_OK;
  TRY(names_from_json(&e->classes, json_object_get(root, "classes"), "classes"));
  REQUIRE(e->classes.count == e->outputs, EBB_ERR_INPUT, "encoder: %zu \"classes\" for %zu outputs",
          e->classes.count, e->outputs);
  return EBB_OK;
}

static ebb_status from_json(ebb_encoder *e, const json_t *root) {
  size_t regression = 0, mean = 0;
  REQUIRE(json_is_object(root), EBB_ERR_INPUT, "encoder: the JSON text is not an object");
  TRY(choice_from_json(&regression, root, "task", "classification", "regression"));
  TRY(choice_from_json(&mean, root, "missing", "refuse", "mean"));
  e->task = regression ? EBB_TASK_REGRESSION : EBB_TASK_CLASSIFICATION;
  e->missing = mean ? EBB_MISSING_MEAN : EBB_MISSING_REFUSE;
  TRY(size_from_json(&e->columns, root, "columns", EBBI_MAX_COLUMNS));
  REQUIRE(e->columns > 0, EBB_ERR_INPUT, "encoder: \"columns\" is 0");
  TRY(number_from_json(&e->scale, root, "scale"));
  REQUIRE(fabs(e->scale) <= FLT_MAX, EBB_ERR_INPUT, "encoder: \"scale\" is %g", e->scale);
  TRY(features_from_json(e, root));
  TRY(target_from_json(e, root));
  return ebbi_encoder_count(e);
}

ebb_status ebb_encoder_from_json(ebb_encoder **out, const char *text) {
  json_error_t error;
  *out = NULL;
  json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, &error);
  REQUIRE(root, EBB_ERR_INPUT, "encoder: not JSON (byte %d)", error.position);
  ebb_encoder *encoder = calloc(1, sizeof *encoder);
  ebb_status status =
      encoder ? from_json(encoder, root) : ebbi_fail(EBB_ERR_MEMORY, "encoder: no memory");
  json_decref(root);
  if (status == EBB_OK)
    *out = encoder;
  else
    ebb_encoder_free(encoder);
  return status;
}
