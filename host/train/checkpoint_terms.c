/* What must be the same for a training to go on as if it had never been interrupted.
 *
 * Each term is a name and a value, both texts in plain words, so that the comparison is one loop
 * and what differs can be said. Data are compared by checksums: those of the trainer are made when
 * it is, since the arrays may go afterwards.
 */
#include "base/error.h"
#include "base/text.h"
#include "checkpoint.h"

#include <ebb/precision.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const monitors[EBB_MONITOR_COUNT] = {
#define NAME(name, text, what) text,
    EBB_MONITOR_LIST(NAME)};

ebbi_data_print ebbi_data_print_of(const ebb_dataset *data) {
  size_t count = data->rows * data->inputs;
  return (ebbi_data_print){
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
  };
}

/* False: no memory, as for everything that fails here. */
static bool add(json_t *terms, const char *name, const char *value) {
  return json_object_set_new(terms, name, json_string(value)) == 0;
}

static bool add_flag(json_t *terms, const char *name, bool value) {
  return add(terms, name, value ? "yes" : "no");
}

static bool add_count(json_t *terms, const char *name, uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%" PRIu64, value);
  return add(terms, name, text);
}

/* The locale's decimal point, whatever it is made of, to ours. */
static void use_point(char *text) {
  char *point = text + strspn(text, "+-0123456789e"), *rest = point;
  while (*rest && !strchr("+-0123456789e", *rest)) rest++;
  if (rest == point) return;
  *point = '.';
  memmove(point + 1, rest, strlen(rest) + 1);
}

/* In as few digits as say which number it is, of floats or of doubles. */
static bool add_number(json_t *terms, const char *name, double value, bool single) {
  char text[40];
  double back = NAN;
  for (int digits = 1; digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, value);
    use_point(text);
    if (ebbi_parse_double(&back, text) &&
        (back == value || (single && (float)back == (float)value)))
      break;
  }
  return add(terms, name, text);
}

static bool add_array(json_t *terms, const char *name, size_t columns, const char *of,
                      const ebbi_hash *hash) {
  char text[96], digits[33];
  ebbi_hash_text(digits, hash);
  snprintf(text, sizeof text, "%zu %s, XXH3 %s", columns, of, digits);
  return add(terms, name, text);
}

static bool add_data(json_t *terms, const char *const names[4], const ebbi_data_print *print) {
  return add_count(terms, names[0], print->rows) &&
         add_array(terms, names[1], print->inputs, print->bytes ? "of uint8" : "of float32",
                   &print->x) &&
         add_number(terms, names[2], (double)print->scale, true) &&
         add_array(terms, names[3], print->outputs, print->classes ? "classes" : "columns",
                   &print->targets);
}

static bool add_optimizer(json_t *terms, const ebb_train_options *options) {
  const ebb_optimizer *o = &options->optimizer;
  return add(terms, "optimizer", ebb_optimizer_name(o->kind)) &&
         add_number(terms, "learning rate", (double)options->learning_rate, true) &&
         add_number(terms, "momentum", o->momentum, false) &&
         add_flag(terms, "nesterov", o->nesterov) && add_number(terms, "beta1", o->beta1, false) &&
         add_number(terms, "beta2", o->beta2, false) &&
         add_number(terms, "epsilon", o->epsilon, false) &&
         add_number(terms, "weight decay", o->weight_decay, false);
}

static bool add_options(json_t *terms, const ebb_train_options *options) {
  return add(terms, "loss", ebb_loss_name(options->loss)) && add_optimizer(terms, options) &&
         add_count(terms, "batch", options->batch) &&
         add_flag(terms, "shuffle", options->shuffle) && add_count(terms, "seed", options->seed) &&
         add_flag(terms, "best weights kept", options->keep_best) &&
         add(terms, "monitor", monitors[options->monitor]) &&
         add_number(terms, "least improvement", options->min_delta, false);
}

static bool add_all(json_t *terms, const ebb_trainer *trainer, const char *spec) {
  static const char *const train[] = {"training rows", "training inputs", "training input scale",
                                      "training targets"};
  static const char *const valid[] = {"validation rows", "validation inputs",
                                      "validation input scale", "validation targets"};
  return add(terms, "network", spec) &&
         add(terms, "precision", ebb_precision_name(trainer->pass->mma.precision)) &&
         add_options(terms, &trainer->options) && add_data(terms, train, &trainer->train_print) &&
         (!trainer->valid.pass || add_data(terms, valid, &trainer->valid_print));
}

ebb_status ebbi_terms_of(json_t **out, const ebb_trainer *trainer) {
  char spec[EBB_MAX_LAYERS * 24 + 24];
  TRY(ebb_spec_text(spec, sizeof spec, &trainer->network->spec));
  json_t *terms = json_object();
  bool good = terms && add_all(terms, trainer, spec);
  if (!good) json_decref(terms);
  REQUIRE(good, EBB_ERR_MEMORY, "checkpoint: no memory for the options");
  *out = terms;
  return EBB_OK;
}

/* Appends `; batch 32, here 16`, escaped, as a file may be forged. */
static bool describe(char *text, size_t size, const char *name, const json_t *saved,
                     const json_t *here) {
  const char *there = saved ? json_string_value(saved) : "none";
  json_t *words = json_sprintf("%s%s %s, here %s", *text ? "; " : "", name, there ? there : "?",
                               here ? json_string_value(here) : "none");
  char *line = words ? json_dumps(words, JSON_ENCODE_ANY | JSON_ENSURE_ASCII) : NULL;
  json_decref(words);
  size_t used = strlen(text), length = line ? strlen(line) : 0;
  if (line) snprintf(text + used, size - used, "%.*s", (int)(length - 2), line + 1); /* no quotes */
  free(line);
  return line != NULL;
}

ebb_status ebbi_terms_compare(const char *path, json_t *saved, json_t *here) {
  char text[2048] = "";
  const char *name;
  json_t *value;
  bool good = true;
  json_object_foreach(here, name, value) {
    const json_t *other = json_object_get(saved, name);
    if (!json_equal(other, value)) good = describe(text, sizeof text, name, other, value) && good;
  }
  json_object_foreach(saved, name, value) if (!json_object_get(here, name)) good =
      describe(text, sizeof text, name, value, NULL) && good;
  REQUIRE(good, EBB_ERR_MEMORY, "%s: no memory to say how it differs", path);
  REQUIRE(!*text, EBB_ERR_ARGUMENT, "%s: is of another training: %s", path, text);
  return EBB_OK;
}
