/* Reads a dump. It may come from anywhere, so every fact and shape is checked before use.
 */
#include "check/dump.h"
#include "check/kind.h"

#include "base/error.h"
#include "base/text.h"
#include "ops/ops.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const operations[] = {
#define TEXT_2(name, text)    text,
#define TEXT_3(name, text, a) text,
    EBBI_OPERATION_LIST(TEXT_2) NULL};
#define NAME_OF_3(name, text, a) #text,
static const char *const optimizers[] = {EBB_OPTIMIZER_LIST(NAME_OF_3) NULL};

const char *const ebbi_dump_settings[] = {
#define FIELD(field, type, option, least, most, closed, other, text) #field,
    EBB_OPTIMIZER_SETTING_LIST(FIELD)};
static const char *const engines[] = {EBB_ENGINE_LIST(TEXT_2) NULL};
static const char *const precisions[] = {EBB_PRECISION_LIST(TEXT_2) NULL};
static const char *const units[] = {"", EBBI_UNIT_LIST(TEXT_2) NULL};

static ebb_status get(const char **out, const ebbi_dump *dump, const char *key) {
  *out = ebbi_safetensors_metadata(dump->file, key);
  REQUIRE(*out, EBB_ERR_INPUT,
          "%s: its metadata lack \"%s\"; only what a sentinel has written can "
          "be replayed",
          dump->path, key);
  return EBB_OK;
}

static ebb_status get_name(int *out, const ebbi_dump *dump, const char *key,
                           const char *const *names) {
  const char *text;
  TRY(get(&text, dump, key));
  for (*out = 0; names[*out] && strcmp(names[*out], text) != 0;) ++*out;
  REQUIRE(names[*out], EBB_ERR_INPUT, "%s: %s \"%.40s\" is not known", dump->path, key, text);
  return EBB_OK;
}

static ebb_status get_number(double *out, const ebbi_dump *dump, const char *key) {
  const char *text;
  TRY(get(&text, dump, key));
  REQUIRE(ebbi_parse_double(out, text) && isfinite(*out), EBB_ERR_INPUT,
          "%s: %s \"%.40s\" is not a number", dump->path, key, text);
  return EBB_OK;
}

static ebb_status get_count(uint64_t *out, const ebbi_dump *dump, const char *key) {
  const char *text;
  char *end;
  TRY(get(&text, dump, key));
  errno = 0;
  *out = strtoull(text, &end, 10);
  REQUIRE(*text >= '0' && *text <= '9' && *end == '\0' && errno == 0, EBB_ERR_INPUT,
          "%s: %s \"%.40s\" is not a whole number", dump->path, key, text);
  return EBB_OK;
}

/* The spec gives the kind; a dump whose metadata disagree is damaged. */
static ebb_status check_kind(const ebbi_dump *d, size_t node) {
  const char *kind, *expected = ebbi_node_kind(&d->spec, node)->name;
  if (d->old) return EBB_OK;
  TRY(get(&kind, d, "kind"));
  REQUIRE(strcmp(kind, expected) == 0, EBB_ERR_INPUT,
          "%s: layer %zu is of kind \"%.40s\", by the spec it is %s", d->path, node + 1, kind,
          expected);
  return EBB_OK;
}

static ebb_status read_number(ebbi_dump *d) {
  ebbi_number *n = &d->number;
  uint64_t layer, row, col;
  int operation;
  TRY(get_name(&operation, d, "operation", operations));
  d->operation = (ebbi_operation)operation;
  n->operation = ebbi_operation_name(d->operation);
  TRY(get(&n->tensor, d, "tensor"));
  TRY(get_count(&layer, d, "layer"));
  TRY(get_count(&row, d, "row"));
  TRY(get_count(&col, d, "col"));
  TRY(get_number(&n->found, d, "found"));
  TRY(get_number(&n->expected, d, "expected"));
  TRY(get_number(&n->bound, d, "bound"));
  REQUIRE(layer < d->spec.count && row < SIZE_MAX && col < SIZE_MAX, EBB_ERR_INPUT,
          "%s: layer %llu of a network of %zu", d->path, (unsigned long long)layer + 1,
          d->spec.count);
  n->layer = (size_t)layer, n->row = (size_t)row, n->col = (size_t)col;
  n->parameter = SIZE_MAX;
  n->kind = ebbi_node_check(&d->spec, n->layer)->label;
  return check_kind(d, n->layer);
}

static ebb_status read_optimizer(ebbi_dump *d) {
  ebb_optimizer *o = &d->optimizer;
  double rate;
  int kind;
  TRY(get_name(&kind, d, "optimizer", optimizers));
  *o = ebb_optimizer_default((ebb_optimizer_kind)kind);
  for (int i = 0; i < EBB_SETTING_COUNT; i++) { /* an older version had fewer settings */
    double value;
    ebb_optimizer_setting setting = (ebb_optimizer_setting)i;
    bool late = i >= EBB_SETTINGS_ALWAYS_LISTED && ebb_optimizer_setting_is_flag(setting);
    bool needed = ebb_optimizer_has(o->kind, setting) && !late;
    if (!needed && !ebbi_safetensors_metadata(d->file, ebbi_dump_settings[i])) continue;
    TRY(get_number(&value, d, ebbi_dump_settings[i]));
    ebb_optimizer_set(o, setting, value);
  }
  TRY(get_number(&rate, d, "learning_rate"));
  TRY(get_count(&d->step, d, "step"));
  d->learning_rate = (float)rate;
  bool fits = ebbi_optimizer_check(d->path, o) == EBB_OK && rate >= 0 && d->step > 0;
  REQUIRE(fits, EBB_ERR_INPUT, "%s: its optimizer's settings cannot be", d->path);
  return EBB_OK;
}

const char *const ebbi_dump_group[EBBI_DUMP_GROUP] = {"rate_factor", "no_decay",   "l1",
                                                      "l2",          "clip_value", "clip_norm"};

/* A training without groups has none. */
static ebb_status read_group(ebbi_dump *d) {
  double numbers[EBBI_DUMP_GROUP];
  d->grouped = ebbi_safetensors_metadata(d->file, ebbi_dump_group[0]) != NULL;
  for (size_t i = 0; d->grouped && i < EBBI_DUMP_GROUP; i++) {
    TRY(get_number(&numbers[i], d, ebbi_dump_group[i]));
    REQUIRE(numbers[i] >= 0 && numbers[i] <= 1e30, EBB_ERR_INPUT, "%s: %s of %g cannot be", d->path,
            ebbi_dump_group[i], numbers[i]);
  }
  if (d->grouped)
    d->group = (ebbi_update_group){.rate = numbers[0],
                                   .no_decay = numbers[1] != 0,
                                   .l1 = numbers[2],
                                   .l2 = numbers[3],
                                   .clip_value = numbers[4],
                                   .clip_norm = numbers[5]};
  return EBB_OK;
}

static ebb_status read_device(ebbi_dump *d) {
  uint64_t width;
  int engine, precision, unit;
  TRY(get_name(&engine, d, "engine", engines));
  TRY(get_name(&precision, d, "precision", precisions));
  TRY(get_name(&unit, d, "unit", units));
  TRY(get_count(&width, d, "width"));
  d->engine = (ebb_engine)engine;
  d->precision = (ebb_precision)precision;
  d->emulated = unit == 1 + EBBI_UNIT_EMULATED;
  REQUIRE(width == 4 || width == 8 || width == 16, EBB_ERR_INPUT, "%s: a width of %llu cannot be",
          d->path, (unsigned long long)width);
  d->width = (size_t)width;
  return EBB_OK;
}

static ebb_status read_facts(ebbi_dump *d) {
  const char *version, *spec;
  uint64_t batch, live;
  const char *loss;
  TRY(get(&version, d, "ebb.dump"));
  d->old = strcmp(version, EBBI_DUMP_OLD_VERSION) == 0;
  REQUIRE(d->old || strcmp(version, EBBI_DUMP_VERSION) == 0, EBB_ERR_INPUT,
          "%s: a dump of version \"%.40s\"; this release reads versions " EBBI_DUMP_OLD_VERSION
          " and " EBBI_DUMP_VERSION,
          d->path, version);
  TRY(get(&spec, d, "spec"));
  REQUIRE(ebb_spec_parse(&d->spec, spec, 0, 0) == EBB_OK, EBB_ERR_INPUT,
          "%s: spec \"%.80s\" is none of a network", d->path, spec);
  TRY(get(&loss, d, "loss"));
  REQUIRE(ebb_loss_parse(&d->loss, loss) == EBB_OK, EBB_ERR_INPUT,
          "%s: loss \"%.40s\" is not known", d->path, loss);
  d->loss.weighted = ebbi_safetensors_find(d->file, "weights") != NULL;
  TRY(get_count(&batch, d, "batch"));
  TRY(get_count(&live, d, "live"));
  TRY(get_count(&d->seed, d, "seed"));
  if (ebbi_safetensors_metadata(d->file, "span")) TRY(get_count(&d->span, d, "span"));
  REQUIRE(live > 0 && live <= batch && batch <= INT_MAX / 2, EBB_ERR_INPUT,
          "%s: %llu rows in a batch of %llu cannot be", d->path, (unsigned long long)live,
          (unsigned long long)batch);
  d->batch = (size_t)batch, d->live = (size_t)live;
  TRY(read_number(d));
  TRY(read_optimizer(d));
  TRY(read_group(d));
  return read_device(d);
}

ebb_status ebbi_dump_read(ebbi_dump *out, const char *path) {
  *out = (ebbi_dump){.path = path};
  TRY(ebbi_safetensors_read(&out->file, path));
  return read_facts(out);
}

void ebbi_dump_free(ebbi_dump *dump) {
  ebbi_safetensors_free(dump->file);
}

bool ebbi_dump_shape(size_t *rows, size_t *cols, const ebbi_dump *dump, const char *name) {
  const ebbi_safetensor *tensor = ebbi_safetensors_find(dump->file, name);
  if (!tensor || tensor->rank != 2 || tensor->count == 0) return false;
  *rows = tensor->shape[0];
  *cols = tensor->shape[1];
  return true;
}

ebb_status ebbi_dump_floats(float **out, ebbi_fixture *fixture, const ebbi_dump *dump,
                            const char *name, size_t rows, size_t cols) {
  size_t has_rows = 0, has_cols = 0;
  bool there = ebbi_dump_shape(&has_rows, &has_cols, dump, name);
  REQUIRE(there && has_rows == rows && has_cols == cols, EBB_ERR_INPUT,
          "%s: tensor \"%s\" is [%zu, %zu], must be [%zu, %zu]", dump->path, name, has_rows,
          has_cols, rows, cols);
  const ebbi_safetensor *tensor = ebbi_safetensors_find(dump->file, name);
  TRY(ebbi_fixture_bytes(out, fixture, rows * cols, sizeof **out));
  return ebbi_safetensor_to_float(*out, dump->file, tensor);
}
