/* Terms: what must be equal to resume a training as if it had never been interrupted.
 *
 * Each term is a name and a value, both plain text, so that one loop compares them and the message
 * can state the difference. Data are compared by checksums, which are computed when the trainer is
 * created, since the arrays may be freed afterwards. Checksums mean nothing to a reader, so
 * messages omit them.
 */
#include "base/error.h"
#include "base/text.h"
#include "checkpoint.h"

#include <ebb/precision.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const monitors[EBB_MONITOR_COUNT] = {
#define NAME(name, text, what) text,
    EBB_MONITOR_LIST(NAME)};

/* The terms of a dataset. */
enum { ROWS, INPUTS, SCALE, TARGETS, WEIGHTS, DATA_TERMS };
enum { TRAINING, VALIDATION, DATA_SETS };
static const char *const data_terms[DATA_SETS][DATA_TERMS] = {
    {"training rows", "training inputs", "training input scale", "training targets",
     "training weights"},
    {"validation rows", "validation inputs", "validation input scale", "validation targets",
     "validation weights"}};

static const char key_schedule[] = "schedule";

#define CHECKSUM_MARK ", XXH3 "

ebbi_data_print ebbi_data_print_of(const ebb_dataset *data) {
  size_t count = data->rows * data->inputs;
  ebbi_data_print print = {
      .rows = data->rows,
      .inputs = data->inputs,
      .outputs = data->outputs,
      .bytes = data->x_u8 != NULL,
      .classes = data->labels != NULL,
      .scale = data->x_u8 ? data->scale : 1,
      .x = data->x_u8 ? ebbi_hash_of(data->x_u8, count)
                      : ebbi_hash_of(data->x, count * sizeof *data->x),
      .targets = data->labels ? ebbi_hash_of(data->labels, data->rows * sizeof *data->labels)
                              : ebbi_hash_of(data->values,
                                             data->rows * data->outputs * sizeof *data->values),
      .weighted = data->weights != NULL,
  };
  if (data->weights)
    print.weights = ebbi_hash_of(data->weights, data->rows * sizeof *data->weights);
  return print;
}

static void add_flag(ebbi_json *terms, const char *name, bool value) {
  ebbi_json_text(terms, name, value ? "yes" : "no");
}

static void add_count(ebbi_json *terms, const char *name, uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%" PRIu64, value);
  ebbi_json_text(terms, name, text);
}

/* Replaces the locale's decimal point by '.'; it may be several bytes. */
static void use_point(char *text) {
  char *point = text + strspn(text, "+-0123456789e"), *rest = point;
  while (*rest && !strchr("+-0123456789e", *rest)) rest++;
  if (rest == point) return;
  *point = '.';
  memmove(point + 1, rest, strlen(rest) + 1);
}

enum { NUMBER = 40 };

/* Writes the fewest digits that identify the number among floats or doubles. */
static void number_text(char text[NUMBER], double value, bool single) {
  double back = NAN;
  for (int digits = 1; digits <= 17; digits++) {
    snprintf(text, NUMBER, "%.*g", digits, value);
    use_point(text);
    if (ebbi_parse_double(&back, text) &&
        (back == value || (single && (float)back == (float)value)))
      break;
  }
}

static void add_number(ebbi_json *terms, const char *name, double value, bool single) {
  char text[NUMBER];
  number_text(text, value, single);
  ebbi_json_text(terms, name, text);
}

static void add_array(ebbi_json *terms, const char *name, size_t columns, const char *of,
                      const ebbi_hash *hash) {
  char text[96], digits[33];
  ebbi_hash_text(digits, hash);
  snprintf(text, sizeof text, "%zu %s" CHECKSUM_MARK "%s", columns, of, digits);
  ebbi_json_text(terms, name, text);
}

static void add_data(ebbi_json *terms, const char *const names[DATA_TERMS],
                     const ebbi_data_print *print) {
  add_count(terms, names[ROWS], print->rows);
  add_array(terms, names[INPUTS], print->inputs, print->bytes ? "of uint8" : "of float32",
            &print->x);
  add_number(terms, names[SCALE], (double)print->scale, true);
  add_array(terms, names[TARGETS], print->outputs, print->classes ? "classes" : "columns",
            &print->targets);
  if (print->weighted) add_array(terms, names[WEIGHTS], 1, "column", &print->weights);
}

/* "constant", "cosine, factor 0, 1000 steps, warm-up 20 steps". */
static void add_schedule(ebbi_json *terms, const ebb_schedule *s, const ebb_schedule_shape *shape) {
  char text[EBB_SCHEDULE_TEXT + 160], name[EBB_SCHEDULE_TEXT], factor[NUMBER];
  int used = snprintf(text, sizeof text, "%s", ebb_schedule_text(name, s->kind, shape));
  number_text(factor, s->factor, true);
  if (ebb_schedule_has_factor(s->kind))
    used += snprintf(text + used, sizeof text - (size_t)used, ", factor %s", factor);
  if (ebb_schedule_has_steps(s->kind))
    used += snprintf(text + used, sizeof text - (size_t)used, ", %" PRIu64 " steps", s->steps);
  if (s->warmup > 0)
    snprintf(text + used, sizeof text - (size_t)used, ", warm-up %" PRIu64 " steps", s->warmup);
  ebbi_json_text(terms, key_schedule, text);
}

/* Adds a setting under its option's name. */
static void add_setting(ebbi_json *terms, const ebb_optimizer *o, ebb_optimizer_setting setting) {
  char name[32];
  double value = ebb_optimizer_get(o, setting);
  snprintf(name, sizeof name, "%s", ebb_optimizer_setting_name(setting));
  for (char *dash = name; (dash = strchr(dash, '-')) != NULL;) *dash = ' ';
  if (ebb_optimizer_setting_is_flag(setting))
    add_flag(terms, name, value != 0);
  else
    add_number(terms, name, value, false);
}

/* An earlier version did not know some flags of its optimizers, so that none is listed while off.
 */
static bool is_listed(const ebb_optimizer *o, ebb_optimizer_setting setting) {
  bool off = ebb_optimizer_setting_is_flag(setting) && ebb_optimizer_get(o, setting) == 0;
  return (int)setting < EBB_SETTINGS_ALWAYS_LISTED || (ebb_optimizer_has(o->kind, setting) && !off);
}

static void add_optimizer(ebbi_json *terms, const ebb_train_options *options) {
  const ebb_optimizer *o = &options->optimizer;
  ebbi_json_text(terms, "optimizer", ebb_optimizer_name(o->kind));
  add_number(terms, "learning rate", (double)options->learning_rate, true);
  add_schedule(terms, &options->schedule, &options->shape);
  for (int i = 0; i < EBB_SETTING_COUNT; i++)
    if (is_listed(o, (ebb_optimizer_setting)i)) add_setting(terms, o, (ebb_optimizer_setting)i);
}

/* "1 0 0.1": the factors of the layers' rates. */
static void add_layer_rates(ebbi_json *terms, const ebb_update_options *o) {
  char text[EBB_MAX_NODES * NUMBER];
  size_t used = 0;
  for (size_t n = 0; n < o->layers; n++) {
    char number[NUMBER];
    number_text(number, o->layer_rates[n], false);
    used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", n > 0 ? " " : "", number);
  }
  if (o->layers > 0) ebbi_json_text(terms, "layer rates", text);
}

/* Terms that earlier versions did not have are listed where they have an effect. */
static void add_update(ebbi_json *terms, const ebb_train_options *options) {
  const ebb_update_options *o = &options->update;
  const struct {
    const char *name;
    double value;
  } numbers[] = {{"clip value", o->clip_value},
                 {"clip norm", o->clip_norm},
                 {"l1", o->l1},
                 {"l2", o->l2},
                 {"max norm", o->max_norm},
                 {"rate of biases", o->bias_rate},
                 {"ema", o->ema},
                 {"swa from epoch", (double)ebbi_average_first(options)}};
  add_layer_rates(terms, o);
  if (o->accumulate > 1) add_count(terms, "accumulated batches", o->accumulate);
  if (ebbi_lbfgs_history(options) > 0) {
    add_count(terms, "history", ebbi_lbfgs_history(options));
    add_count(terms, "tries on a line", ebbi_lbfgs_tries(options));
  }
  if (o->no_decay_bias) add_flag(terms, "no decay of biases", true);
  if (o->ntk) add_flag(terms, "rates by fan-in", true);
  if (o->muon_last) add_flag(terms, "muon of the last layer", true);
  if (o->muon_original) add_flag(terms, "original steps of muon", true);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    if (numbers[i].value > 0) add_number(terms, numbers[i].name, numbers[i].value, false);
}

static void add_options(ebbi_json *terms, const ebb_train_options *options) {
  ebbi_json_text(terms, "loss", ebb_loss_text((char[EBB_LOSS_TEXT]){0}, options->loss));
  add_optimizer(terms, options);
  add_count(terms, "batch", options->batch);
  add_flag(terms, "shuffle", options->shuffle);
  add_count(terms, "seed", options->seed);
  add_flag(terms, "best weights kept", options->keep_best);
  ebbi_json_text(terms, "monitor", monitors[options->monitor]);
  add_number(terms, "least improvement", options->min_delta, false);
  add_update(terms, options);
}

static void add_all(ebbi_json *terms, const ebb_trainer *trainer, const char *spec) {
  ebbi_json_text(terms, "network", spec);
  ebbi_json_text(terms, "precision", ebb_precision_name(trainer->pass->exec.mma.precision));
  add_options(terms, &trainer->options);
  add_data(terms, data_terms[TRAINING], &trainer->train_print);
  if (trainer->valid.pass) add_data(terms, data_terms[VALIDATION], &trainer->valid_print);
}

/* Returns the terms as parsed from a manifest, since they are compared with such terms. */
ebb_status ebbi_terms_of(json_t **out, const ebb_trainer *trainer) {
  char spec[EBB_SPEC_TEXT], *text;
  ebbi_json terms;
  ebbi_json_fault fault;
  TRY(ebb_spec_text(spec, sizeof spec, &trainer->network->spec));
  ebbi_json_begin(&terms);
  add_all(&terms, trainer, spec);
  TRY(ebbi_json_finish(&text, &terms, JSON_COMPACT, "checkpoint"));
  ebb_status status = ebbi_json_read(out, &fault, text, strlen(text));
  free(text);
  REQUIRE(status == EBB_OK, status, "checkpoint: no memory for the options");
  return EBB_OK;
}

/* ---- the differences as text ---- */

typedef struct differences {
  json_t *saved, *here;
  char text[2048];
} differences;

/* Appends `; ` and a clause. Terms are ASCII unless the file is forged. */
__attribute__((format(printf, 2, 3))) static void add(differences *d, const char *format, ...) {
  size_t used = strlen(d->text);
  if (used > 0) snprintf(d->text + used, sizeof d->text - used, "; ");
  used = strlen(d->text);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(d->text + used, sizeof d->text - used, format, arguments);
  va_end(arguments);
  for (char *c = d->text + used; *c; c++)
    if (*c < ' ' || *c > '~') *c = '?';
}

/* Version 1 of the format had no schedules: the rate was constant. */
static const char *value_of(const json_t *terms, const char *name) {
  const json_t *value = json_object_get(terms, name);
  const char *text = json_string_value(value);
  if (!value && strcmp(name, key_schedule) == 0) return ebb_schedule_name(EBB_SCHEDULE_CONSTANT);
  return text ? text : value ? "?" : "none";
}

static bool differs(const differences *d, const char *name) {
  return strcmp(value_of(d->saved, name), value_of(d->here, name)) != 0;
}

/* Returns its length without the checksum. */
static int shown(const char *value) {
  const char *mark = strstr(value, CHECKSUM_MARK);
  return mark ? (int)(mark - value) : (int)strlen(value);
}

/* Appends `; batch 32, here 16` if the term differs. Returns false if only a checksum differs, or
 * nothing. */
static bool compare_term(differences *d, const char *name) {
  const char *saved = value_of(d->saved, name), *here = value_of(d->here, name);
  int there_shown = shown(saved), here_shown = shown(here);
  bool only_checksum = saved[there_shown] && here[here_shown] && there_shown == here_shown &&
                       memcmp(saved, here, (size_t)here_shown) == 0;
  if (!differs(d, name) || only_checksum) return false;
  add(d, "%s %.*s, here %.*s", name, there_shown, saved, here_shown, here);
  return true;
}

/* Different rows change all other terms of the data, so only they are reported. */
static void compare_data(differences *d, const char *const names[DATA_TERMS]) {
  if (compare_term(d, names[ROWS])) return;
  compare_term(d, names[SCALE]);
  bool inputs = !compare_term(d, names[INPUTS]) && differs(d, names[INPUTS]);
  bool targets = !compare_term(d, names[TARGETS]) && differs(d, names[TARGETS]);
  bool weights = !compare_term(d, names[WEIGHTS]) && differs(d, names[WEIGHTS]);
  if (inputs || targets)
    add(d, "the values of the %s%s differ", names[inputs ? INPUTS : TARGETS],
        inputs && targets ? " and targets" : "");
  if (weights) add(d, "the values of the %s differ", names[WEIGHTS]);
}

static bool is_of_data(const char *name) {
  for (size_t set = 0; set < DATA_SETS; set++)
    for (size_t term = 0; term < DATA_TERMS; term++)
      if (strcmp(name, data_terms[set][term]) == 0) return true;
  return false;
}

ebb_status ebbi_terms_compare(const char *path, json_t *saved, json_t *here) {
  differences d = {saved, here, ""};
  const char *name;
  json_t *value;
  json_object_foreach(here, name, value) {
    if (!is_of_data(name)) compare_term(&d, name);
  }
  json_object_foreach(saved, name, value) {
    if (!json_object_get(here, name) && !is_of_data(name)) compare_term(&d, name);
  }
  for (size_t set = 0; set < DATA_SETS; set++) compare_data(&d, data_terms[set]);
  REQUIRE(!*d.text, EBB_ERR_ARGUMENT, "%s: belongs to another training: %s", path, d.text);
  return EBB_OK;
}
