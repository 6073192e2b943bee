/* Writes a dump: every tensor of the operation as float32, which holds bfloat16 numbers and labels
 * exactly, and each fact as a pair of metadata.
 */
#include "check/dump.h"

#include "base/error.h"
#include "data/decimal.h"
#include "nn/kind.h"
#include "nn/safetensors.h"
#include "tensor/tensor.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { PAIRS = 64, VALUE = EBB_SPEC_TEXT, TENSORS = EBBI_STEP_PLACES + 3 };

typedef struct dump {
  ebbi_fixture *fixture;
  size_t pairs, tensors;
  char values[PAIRS][VALUE];
  ebb_metadata metadata[PAIRS];
  ebbi_safetensor_source sources[TENSORS];
  ebbi_step_place places[EBBI_STEP_PLACES];
} dump;

__attribute__((format(printf, 3, 4))) static void put(dump *d, const char *key, const char *format,
                                                      ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(d->values[d->pairs], VALUE, format, arguments);
  va_end(arguments);
  for (char *c = d->values[d->pairs]; *c; c++) /* a driver's name may hold any character */
    if (*c < ' ' || *c > '~') *c = '?';
  d->metadata[d->pairs] = (ebb_metadata){key, d->values[d->pairs]};
  d->pairs++;
}

static void put_number(dump *d, const char *key, double value) {
  char text[EBBI_NUMBER_TEXT];
  put(d, key, "%s", ebbi_number_text(text, value));
}

static void put_floats(dump *d, const char *name, size_t rows, size_t cols, const float *values) {
  if (rows * cols == 0 || !values) return;
  d->sources[d->tensors++] =
      (ebbi_safetensor_source){.name = name, .rank = 2, .shape = {rows, cols}, .values = values};
}

static ebb_status put_doubles(dump *d, const char *name, size_t rows, size_t cols,
                              const double *values) {
  float *floats;
  TRY(ebbi_fixture_floats(&floats, d->fixture, rows * cols, values));
  put_floats(d, name, rows, cols, floats);
  return EBB_OK;
}

static ebb_status put_tensor(dump *d, const char *name, const ebb_tensor *tensor) {
  float *floats;
  if (!tensor) return EBB_OK;
  TRY(ebbi_fixture_bytes(&floats, d->fixture, tensor->rows * tensor->cols, sizeof *floats));
  put_floats(d, name, tensor->rows, tensor->cols, floats);
  if (tensor->dtype != EBB_I32) return ebb_tensor_download_floats(floats, tensor);
  TRY(ebb_tensor_download(floats, tensor));
  for (size_t i = 0; i < tensor->rows * tensor->cols; i++) {
    int32_t label;
    memcpy(&label, &floats[i], sizeof label);
    floats[i] = (float)label;
  }
  return EBB_OK;
}

static ebb_status put_step(dump *d, const ebbi_step_tensors *step, const ebbi_number *n,
                           ebbi_operation operation) {
  ebbi_step_tensors *t;
  TRY(ebbi_fixture_bytes(&t, d->fixture, 1, sizeof *t));
  *t = *step;
  size_t count =
      ebbi_step_places(d->places, t, operation, n->layer, t->value[t->spec->count]->rows);
  for (size_t i = 0; i < count; i++) {
    const ebbi_step_place *place = &d->places[i];
    if (!place->shared || *place->tensor != *place[-1].tensor)
      TRY(put_tensor(d, place->name, *place->tensor));
  }
  if (operation != EBBI_OPERATION_LOSS) return EBB_OK;
  TRY(put_tensor(d, "target", t->target));
  TRY(put_tensor(d, "weights", t->weights));
  return put_tensor(d, "partials", t->partials);
}

static void put_group(dump *d, const ebbi_update_case *u) {
  const ebbi_update_group *g = &u->group;
  const double numbers[EBBI_DUMP_GROUP] = {g->rate, g->no_decay,   g->l1,
                                           g->l2,   g->clip_value, g->clip_norm};
  for (size_t i = 0; i < EBBI_DUMP_GROUP; i++) put_number(d, ebbi_dump_group[i], numbers[i]);
  put_floats(d, "norms", EBBI_NORM_GROUPS, 2, u->norms);
}

static void put_update(dump *d, const ebbi_update_case *u) {
  static const char *const after[EBBI_SLABS] = {"parameters_after", "first_after", "second_after",
                                                "third_after"};
  for (size_t s = 0; s < EBBI_SLABS; s++) {
    put_floats(d, ebbi_slab_name(s), 1, u->count, u->before[s]);
    put_floats(d, after[s], 1, u->count, u->after[s]);
  }
  put_floats(d, "gradients", u->slices, u->count, u->gradients);
  if (u->grouped) put_group(d, u);
}

static ebb_status put_whole(dump *d, const ebbi_whole_case *w) {
  const ebb_spec *spec = &w->network->spec;
  size_t targets = ebbi_loss_targets(w->loss, ebb_spec_outputs(spec));
  put_floats(d, "parameters", 1, w->network->parameters->cols, w->parameters);
  TRY(put_doubles(d, "x", w->rows, ebb_spec_inputs(spec), w->x));
  TRY(put_doubles(d, "target", w->rows, targets, w->y));
  if (w->weights) TRY(put_doubles(d, "weights", w->rows, 1, w->weights));
  TRY(put_tensor(d, "gradients", w->gradients));
  return put_tensor(d, "partials", w->partials);
}

static ebb_status put_evidence(dump *d, const ebbi_live *live, const ebbi_evidence *evidence) {
  const ebbi_comparison *c = &live->comparison;
  if (evidence->step) TRY(put_step(d, evidence->step, &c->worst, c->operation));
  if (evidence->update) put_update(d, evidence->update);
  if (evidence->whole) TRY(put_whole(d, evidence->whole));
  if (!evidence->x) return EBB_OK;
  const ebbi_rows *rows = &evidence->true_rows;
  TRY(put_doubles(d, "rows", evidence->live, evidence->x->cols, rows->x));
  TRY(put_doubles(d, "row_targets", evidence->live, evidence->target->cols, rows->y));
  if (rows->weights) TRY(put_doubles(d, "row_weights", evidence->live, 1, rows->weights));
  TRY(put_tensor(d, "x", evidence->x));
  TRY(put_tensor(d, "weights", evidence->weights));
  return put_tensor(d, "target", evidence->target);
}

/* The wrong number, and its network, step and device. */
static void put_facts(dump *d, const ebbi_live *live, const char *what) {
  const ebbi_number *n = &live->comparison.worst;
  const ebb_trainer *trainer = live->trainer;
  const ebb_optimizer *o = &trainer->options.optimizer;
  char spec[VALUE] = "";
  (void)ebb_spec_text(spec, sizeof spec, &trainer->network->spec);
  put(d, "ebb.dump", "%s", EBBI_DUMP_VERSION);
  put(d, "what", "%s", what);
  put(d, "operation", "%s", n->operation);
  put(d, "tensor", "%s", n->tensor);
  put(d, "layer", "%zu", n->layer);
  put(d, "kind", "%s", ebbi_node_kind(&trainer->network->spec, n->layer)->name);
  put(d, "row", "%zu", n->row);
  put(d, "col", "%zu", n->col);
  put_number(d, "found", n->found);
  put_number(d, "expected", n->expected);
  put_number(d, "bound", n->bound);
  put(d, "spec", "%s", spec);
  put(d, "loss", "%s", ebb_loss_text((char[EBB_LOSS_TEXT]){0}, trainer->pass->loss));
  put(d, "batch", "%zu", trainer->pass->batch);
  put(d, "live", "%zu", (size_t)live->after.live);
  put(d, "step", "%llu", (unsigned long long)live->before.done + 1);
  put(d, "seed", "%llu", (unsigned long long)trainer->options.seed);
  put(d, "span", "%llu", (unsigned long long)trainer->pass->span);
  put(d, "optimizer", "%s", ebb_optimizer_name(o->kind));
  for (int i = 0; i < EBB_SETTING_COUNT; i++)
    put_number(d, ebbi_dump_settings[i], ebb_optimizer_get(o, (ebb_optimizer_setting)i));
  put_number(d, "learning_rate", (double)live->after.learning_rate);
}

static void put_device(dump *d, const ebb_device *device, const ebbi_exec *exec) {
  const ebb_device_info *info = ebb_device_get_info(device);
  const char *unit = ebbi_exec_unit(exec);
  put(d, "device", "%s", info->name);
  put(d, "platform", "%s", info->platform);
  put(d, "driver", "%s", info->driver);
  put(d, "engine", "%s", ebb_engine_name(exec->engine));
  put(d, "precision", "%s", ebb_precision_name(exec->mma.precision));
  put(d, "unit", "%s", unit ? unit : "");
  put(d, "width", "%u", exec->params.width);
}

ebb_status ebbi_dump_write(const ebbi_live *live, const ebbi_evidence *evidence, const char *what) {
  ebbi_fixture fixture = {.device = live->trainer->network->device};
  dump *d;
  TRY(ebbi_fixture_bytes(&d, &fixture, 1, sizeof *d));
  d->fixture = &fixture;
  put_facts(d, live, what);
  put_device(d, fixture.device, &live->trainer->pass->exec);
  ebb_status status = put_evidence(d, live, evidence);
  if (status == EBB_OK)
    status = ebbi_safetensors_write(live->dump, d->metadata, d->pairs, d->sources, d->tensors);
  ebbi_fixture_clear(&fixture);
  return status;
}

/* ---- description of a number ---- */

void ebbi_number_describe(char *text, size_t size, const ebbi_number *number,
                          const ebb_network *network) {
  char place[96];
  if (number->parameter == SIZE_MAX) {
    snprintf(text, size, "layer %zu%s, %s: %s [%zu, %zu]", number->layer + 1, number->kind,
             number->operation, number->tensor, number->row, number->col);
    return;
  }
  if (network)
    ebbi_network_describe(place, sizeof place, network, number->parameter);
  else
    snprintf(place, sizeof place, "number %zu of those kept", number->parameter);
  snprintf(text, size, "%s: %s of %s", number->operation, number->tensor, place);
}

ebb_status ebbi_live_report(ebbi_live *live, const ebbi_evidence *evidence) {
  const ebbi_number *n = &live->comparison.worst;
  char what[192], advice[512] = "", error[256];
  ebbi_number_describe(what, sizeof what, n, live->trainer->network);
  if (live->dump && ebbi_dump_write(live, evidence, what) == EBB_OK) {
    snprintf(advice, sizeof advice,
             "`ebb verify --replay %s` computes it again from what is kept there; ", live->dump);
  } else if (live->dump) {
    snprintf(error, sizeof error, "%s", ebb_error_message());
    snprintf(advice, sizeof advice, "it could not be kept for a replay (%s); ", error);
  }
  return ebbi_fail(
      EBB_ERR_NUMBERS,
      "%s: step %llu is computed wrongly: %s is %.9g, by the reference %.9g, give or "
      "take %.2g; the device, its driver or its memory is at fault; %s`ebb verify --all` "
      "checks every kernel",
      live->where, (unsigned long long)live->before.done + 1, what, n->found, n->expected, n->bound,
      advice);
}
