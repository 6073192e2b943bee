/* Reads an encoder from its JSON text.
 *
 * The text may come from anyone: types, ranges and the consistency of all lists are checked, and no
 * number in the text decides how much is allocated. Older files have one "target" instead of
 * "targets", no positions, and only two kinds of features: {"mean", "deviation", "fill"} and
 * {"categories", "fill"}.
 */
#include "base/error.h"
#include "base/json.h"
#include "data/encoder.h"
#include "data/encoder_json.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static ebb_status names_from_json(ebbi_names *names, const json_t *root, const char *key) {
  const json_t *list = json_object_get(root, key);
  size_t index;
  if (!list) return EBB_OK;
  REQUIRE(json_is_array(list), EBB_ERR_INPUT, "encoder: \"%s\" is not a list", key);
  for (size_t i = 0; i < json_array_size(list); i++) {
    const char *text = json_string_value(json_array_get(list, i));
    REQUIRE(text, EBB_ERR_INPUT, "encoder: \"%s\"[%zu] is not a text", key, i);
    TRY(ebbi_names_add(names, &index, text));
    REQUIRE(index == i, EBB_ERR_INPUT, "encoder: \"%s\"[%zu] stands twice", key, i);
  }
  return EBB_OK;
}

static ebb_status number_from_json(double *out, const json_t *value, const char *key) {
  REQUIRE(json_is_number(value), EBB_ERR_INPUT, "encoder: \"%s\" is not a number", key);
  *out = json_number_value(value);
  return EBB_OK;
}

static ebb_status size_from_json(size_t *out, const json_t *value, const char *key, size_t limit) {
  json_int_t number = json_integer_value(value);
  REQUIRE(json_is_integer(value) && number >= 0 && (uint64_t)number <= limit, EBB_ERR_INPUT,
          "encoder: \"%s\" is not a whole number from 0 to %zu", key, limit);
  *out = (size_t)number;
  return EBB_OK;
}

/* A missing flag is false. */
static ebb_status flag_from_json(bool *out, const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  REQUIRE(!value || json_is_boolean(value), EBB_ERR_INPUT, "encoder: \"%s\" is not true or false",
          key);
  *out = json_is_true(value);
  return EBB_OK;
}

/* The index of a word in a list ended by NULL. */
static ebb_status word_from_json(size_t *out, const json_t *object, const char *key,
                                 const char *const *words) {
  const char *text = json_string_value(json_object_get(object, key));
  for (*out = 0; text && words[*out]; (*out)++)
    if (strcmp(text, words[*out]) == 0) return EBB_OK;
  return ebbi_fail(EBB_ERR_INPUT, "encoder: \"%s\" is not one of the allowed words", key);
}

static ebb_status check_deviation(double deviation, bool may_be_zero) {
  REQUIRE(deviation > 0 || (may_be_zero && deviation == 0), EBB_ERR_INPUT,
          "encoder: \"deviation\" is %g, not above 0", deviation);
  return EBB_OK;
}

static ebb_status date_from_json(ebbi_feature *f, const json_t *object) {
  const json_t *mean = json_object_get(object, "mean");
  const json_t *deviation = json_object_get(object, "deviation");
  REQUIRE(json_array_size(mean) == EBBI_DATE_PARTS && json_array_size(deviation) == EBBI_DATE_PARTS,
          EBB_ERR_INPUT, "encoder: a date's \"mean\" and \"deviation\" are not %d numbers each",
          EBBI_DATE_PARTS);
  for (size_t p = 0; p < EBBI_DATE_PARTS; p++) {
    TRY(number_from_json(&f->mean[p], json_array_get(mean, p), "mean"));
    TRY(number_from_json(&f->deviation[p], json_array_get(deviation, p), "deviation"));
    TRY(check_deviation(f->deviation[p], p != EBBI_DATE_DAYS));
  }
  return number_from_json(&f->fill, json_object_get(object, "fill"), "fill");
}

static ebb_status category_from_json(ebbi_feature *f, const json_t *object) {
  f->kind = EBB_COLUMN_CATEGORY;
  TRY(names_from_json(&f->categories, object, "categories"));
  REQUIRE(f->categories.count > 0, EBB_ERR_INPUT, "encoder: \"categories\" is empty");
  TRY(flag_from_json(&f->other, object, "other"));
  const json_t *units = json_object_get(object, "embed");
  if (units) TRY(size_from_json(&f->units, units, "embed", EBBI_MAX_COLUMNS));
  return size_from_json(&f->fill_category, json_object_get(object, "fill"), "fill",
                        f->categories.count - 1);
}

/* The format of the column's texts, if they are not plain numbers. */
static ebb_status format_from_json(ebbi_feature *f, const json_t *from) {
  const json_t *value = json_object_get(from, "format");
  const char *text = json_string_value(value);
  if (!value) return EBB_OK;
  REQUIRE(text && strlen(text) < sizeof f->format, EBB_ERR_INPUT,
          "encoder: \"format\" is not a text of at most %zu bytes", sizeof f->format - 1);
  memcpy(f->format, text, strlen(text));
  return EBB_OK;
}

/* Older files, and columns that are standardised, have none. */
static ebb_status limit_from_json(ebbi_feature *f, const json_t *from) {
  const json_t *limit = json_object_get(from, "limit");
  if (!limit) return EBB_OK;
  TRY(number_from_json(&f->limit, limit, "limit"));
  REQUIRE(f->limit > 0, EBB_ERR_INPUT, "encoder: \"limit\" is %g, not above 0", f->limit);
  return EBB_OK;
}

/* The ends of a number's pieces, ascending. */
static ebb_status pieces_from_json(ebbi_feature *f, const json_t *from) {
  const json_t *list = json_object_get(from, "pieces");
  size_t count = json_array_size(list);
  if (!list) return EBB_OK;
  REQUIRE(count > 2, EBB_ERR_INPUT, "encoder: \"pieces\" is not a list of three numbers or more");
  f->ends = malloc(count * sizeof *f->ends);
  REQUIRE(f->ends, EBB_ERR_MEMORY, "encoder: no memory for %zu pieces", count);
  for (size_t i = 0; i < count; i++) {
    TRY(number_from_json(&f->ends[i], json_array_get(list, i), "pieces"));
    REQUIRE(i == 0 || f->ends[i] > f->ends[i - 1], EBB_ERR_INPUT,
            "encoder: \"pieces\"[%zu] is not above the one before", i);
  }
  f->pieces = count - 1;
  return EBB_OK;
}

static ebb_status feature_from_json(ebbi_feature *f, const json_t *from) {
  bool pair = json_array_size(from) == 2;
  size_t kind = EBB_COLUMN_NUMBER;
  TRY(flag_from_json(&f->indicator, from, "indicator"));
  if (json_object_get(from, "categories")) return category_from_json(f, from);
  if (json_object_get(from, "kind")) TRY(word_from_json(&kind, from, "kind", ebbi_kind_names));
  REQUIRE(kind != EBB_COLUMN_CATEGORY, EBB_ERR_INPUT, "encoder: a category without \"categories\"");
  f->kind = (ebb_column_kind)kind;
  TRY(format_from_json(f, from));
  if (kind == EBB_COLUMN_DATE) return date_from_json(f, from);
  const json_t *mean = pair ? json_array_get(from, 0) : json_object_get(from, "mean");
  const json_t *deviation = pair ? json_array_get(from, 1) : json_object_get(from, "deviation");
  TRY(number_from_json(&f->mean[0], mean, "mean"));
  TRY(number_from_json(&f->deviation[0], deviation, "deviation"));
  TRY(number_from_json(&f->fill, pair ? mean : json_object_get(from, "fill"), "fill"));
  TRY(limit_from_json(f, from));
  TRY(pieces_from_json(f, from));
  return check_deviation(f->deviation[0], false);
}

static ebb_status features_from_json(ebb_encoder *e, const json_t *root) {
  const json_t *features = json_object_get(root, "features");
  if (!features || json_array_size(features) == 0) {
    REQUIRE(!features || json_is_array(features), EBB_ERR_INPUT,
            "encoder: \"features\" is not a list");
    return EBB_OK;
  }
  REQUIRE(json_array_size(features) == e->columns, EBB_ERR_INPUT,
          "encoder: \"features\" is not a list of %zu columns", e->columns);
  TRY(names_from_json(&e->names, root, "names"));
  REQUIRE(e->names.count == e->columns, EBB_ERR_INPUT, "encoder: %zu \"names\" for %zu columns",
          e->names.count, e->columns);
  e->features = calloc(e->columns, sizeof *e->features);
  REQUIRE(e->features, EBB_ERR_MEMORY, "encoder: no memory for %zu columns", e->columns);
  for (size_t c = 0; c < e->columns; c++)
    TRY(feature_from_json(&e->features[c], json_array_get(features, c)));
  return EBB_OK;
}

static ebb_status scale_from_json(ebb_encoder *e, size_t k, const json_t *target) {
  const json_t *mean = json_object_get(target, "mean");
  REQUIRE(!mean == !e->target_mean, EBB_ERR_INPUT,
          "encoder: target %zu has %s \"mean\", unlike others or for classes", k,
          mean ? "a" : "no");
  if (!mean) return EBB_OK;
  TRY(number_from_json(&e->target_mean[k], mean, "mean"));
  TRY(number_from_json(&e->target_deviation[k], json_object_get(target, "deviation"), "deviation"));
  return check_deviation(e->target_deviation[k], false);
}

/* The single target of an older file. */
static const json_t *target_at(const json_t *root, size_t k) {
  const json_t *list = json_object_get(root, "targets");
  return list ? json_array_get(list, k) : json_object_get(root, "target");
}

static ebb_status target_from_json(ebb_encoder *e, size_t k, const json_t *target, size_t limit) {
  const char *name = json_string_value(json_object_get(target, "name"));
  size_t index;
  REQUIRE(name, EBB_ERR_INPUT, "encoder: \"target\" has no name");
  TRY(ebbi_names_add(&e->targets, &index, name));
  REQUIRE(index == k, EBB_ERR_INPUT, "encoder: two targets are named \"%.60s\"", name);
  TRY(size_from_json(&e->target_positions[k], json_object_get(target, "position"), "position",
                     limit));
  return scale_from_json(e, k, target);
}

/* Older files have no target scale, and a single name for all columns of a labels file. */
static ebb_status allocate_targets(ebb_encoder *e, size_t count, bool scaled) {
  e->target_positions = calloc(count + 1, sizeof *e->target_positions);
  REQUIRE(e->target_positions, EBB_ERR_MEMORY, "encoder: no memory for %zu targets", count);
  if (!scaled) return EBB_OK;
  REQUIRE(count == e->outputs, EBB_ERR_INPUT, "encoder: %zu \"targets\" for %zu outputs", count,
          e->outputs);
  e->target_mean = calloc(count, sizeof(double));
  e->target_deviation = calloc(count, sizeof(double));
  REQUIRE(e->target_mean && e->target_deviation, EBB_ERR_MEMORY,
          "encoder: no memory for %zu targets", count);
  return EBB_OK;
}

static ebb_status targets_from_json(ebb_encoder *e, const json_t *root) {
  const json_t *list = json_object_get(root, "targets");
  size_t count = list ? json_array_size(list) : 1;
  TRY(size_from_json(&e->outputs, json_object_get(root, "outputs"), "outputs", EBBI_MAX_COLUMNS));
  REQUIRE(e->outputs > 0, EBB_ERR_INPUT, "encoder: \"outputs\" is 0");
  REQUIRE(count > 0 || (e->bare && json_is_array(list)), EBB_ERR_INPUT,
          "encoder: \"targets\" is not a list of targets");
  bool values = e->task == EBB_TASK_REGRESSION;
  TRY(allocate_targets(e, count, values && json_object_get(target_at(root, 0), "mean")));
  for (size_t k = 0; k < count; k++)
    TRY(target_from_json(e, k, target_at(root, k), list ? e->file_columns + k : e->columns));
  if (e->task != EBB_TASK_CLASSIFICATION) return EBB_OK;
  TRY(names_from_json(&e->classes, root, "classes"));
  REQUIRE(e->classes.count == e->outputs, EBB_ERR_INPUT, "encoder: %zu \"classes\" for %zu outputs",
          e->classes.count, e->outputs);
  return EBB_OK;
}

/* Older files have no positions: the columns are in order, without the target. */
static ebb_status positions_from_json(ebb_encoder *e, const json_t *root) {
  const json_t *list = json_object_get(root, "positions");
  REQUIRE(!list || json_array_size(list) == e->columns, EBB_ERR_INPUT,
          "encoder: \"positions\" is not a list of %zu columns", e->columns);
  e->positions = calloc(e->columns, sizeof *e->positions); /* at most EBBI_MAX_COLUMNS */
  REQUIRE(e->positions, EBB_ERR_MEMORY, "encoder: no memory for %zu columns", e->columns);
  for (size_t c = 0; c < e->columns; c++)
    if (list)
      TRY(size_from_json(&e->positions[c], json_array_get(list, c), "positions",
                         e->file_columns - 1));
    else
      e->positions[c] = c + (e->targets.count > 0 && c >= e->target_positions[0]);
  REQUIRE(e->positions[e->columns - 1] < e->file_columns, EBB_ERR_INPUT,
          "encoder: %zu columns and the target among them do not fit in \"file_columns\": %zu",
          e->columns, e->file_columns);
  return EBB_OK;
}

/* A text that may be missing. */
static ebb_status text_from_json(char **out, const json_t *root, const char *key) {
  const json_t *value = json_object_get(root, key);
  REQUIRE(!value || json_is_string(value), EBB_ERR_INPUT, "encoder: \"%s\" is not a text", key);
  *out = value ? strdup(json_string_value(value)) : NULL;
  REQUIRE(*out || !value, EBB_ERR_MEMORY, "encoder: no memory for a name");
  return EBB_OK;
}

/* The number of columns, and those that are neither input nor target. */
static ebb_status columns_from_json(ebb_encoder *e, const json_t *root) {
  const json_t *file = json_object_get(root, "file_columns");
  TRY(size_from_json(&e->columns, json_object_get(root, "columns"), "columns", EBBI_MAX_COLUMNS));
  REQUIRE(e->columns > 0, EBB_ERR_INPUT, "encoder: \"columns\" is 0");
  e->file_columns = e->columns + 1;
  if (file) TRY(size_from_json(&e->file_columns, file, "file_columns", EBBI_MAX_COLUMNS));
  REQUIRE(e->file_columns >= e->columns, EBB_ERR_INPUT,
          "encoder: \"file_columns\" is %zu, of which %zu are inputs", e->file_columns, e->columns);
  TRY(names_from_json(&e->left_out, root, "left_out"));
  TRY(names_from_json(&e->ids, root, "ids"));
  TRY(text_from_json(&e->weight, root, "weight"));
  return flag_from_json(&e->named, root, "named");
}

/* A missing list is no periodic embedding. */
static ebb_status periodic_from_json(ebb_encoder *e, const json_t *root) {
  const json_t *list = json_object_get(root, "periodic");
  double frequencies = 0, units = 0;
  if (!list) return EBB_OK;
  TRY(number_from_json(&frequencies, json_array_get(list, 0), "periodic"));
  TRY(number_from_json(&units, json_array_get(list, 1), "periodic"));
  REQUIRE(frequencies >= 1 && frequencies <= EBBI_MAX_COLUMNS && units >= 1 &&
              units <= EBBI_MAX_COLUMNS,
          EBB_ERR_INPUT, "encoder: \"periodic\" is %g, %g", frequencies, units);
  e->periodic = (ebb_periodic){.frequencies = (size_t)frequencies, .units = (size_t)units};
  return EBB_OK;
}

static ebb_status from_json(ebb_encoder *e, const json_t *root) {
  static const char *const tasks[] = {"classification", "regression", NULL};
  size_t task, missing;
  REQUIRE(json_is_object(root), EBB_ERR_INPUT, "encoder: the JSON text is not an object");
  TRY(word_from_json(&task, root, "task", tasks));
  TRY(word_from_json(&missing, root, "missing", ebbi_missing_names));
  e->task = task == 0 ? EBB_TASK_CLASSIFICATION : EBB_TASK_REGRESSION;
  e->missing = (ebb_missing)missing;
  TRY(flag_from_json(&e->bare, root, "bare"));
  TRY(columns_from_json(e, root));
  TRY(number_from_json(&e->scale, json_object_get(root, "scale"), "scale"));
  REQUIRE(fabs(e->scale) <= FLT_MAX, EBB_ERR_INPUT, "encoder: \"scale\" is %g", e->scale);
  TRY(features_from_json(e, root));
  TRY(periodic_from_json(e, root));
  TRY(targets_from_json(e, root));
  TRY(positions_from_json(e, root));
  return ebbi_encoder_count(e);
}

ebb_status ebb_encoder_from_json(ebb_encoder **out, const char *text) {
  json_t *root;
  ebbi_json_fault fault;
  *out = NULL;
  ebb_status status = ebbi_json_read(&root, &fault, text, strlen(text));
  REQUIRE(status != EBB_ERR_INPUT, status, "encoder: not JSON at byte %zu: %s", fault.byte,
          fault.why);
  ebb_encoder *encoder = status == EBB_OK ? calloc(1, sizeof *encoder) : NULL;
  status = encoder ? from_json(encoder, root) : ebbi_fail(EBB_ERR_MEMORY, "encoder: no memory");
  json_decref(root);
  if (status == EBB_OK)
    *out = encoder;
  else
    ebb_encoder_free(encoder);
  return status;
}
