/* What updates do beside the optimizer, from the options: groups of layers, penalties, clipping.
 *
 * Layers are named by their numbers from 1, as in messages and in `ebb info`, by ranges and lists
 * of these, "1..3,5", by "all-but-last", or by their kind, "scale". No layer need be of a kind:
 * where a recipe names one, the data decide whether there is such a layer.
 */
#include "train_update.h"

#include "output.h"

#include <stdlib.h>
#include <string.h>

/* A text with layers, and what is left of it. */
typedef struct layer_text {
  training *t;
  const char *option, *text, *at;
} layer_text;

static int refuse(const layer_text *l, const char *why) {
  return fail(EXIT_USAGE, "%s: \"%s\": %s", settings_origin(l->t->s, l->option).text, l->text, why);
}

/* Takes a whole number; false if there is none. */
static bool take_number(size_t *out, layer_text *l) {
  char *end;
  if (*l->at < '0' || *l->at > '9') return false;
  *out = strtoul(l->at, &end, 10);
  l->at = end;
  return true;
}

/* The last layer that has weights. */
static size_t last_layer(const ebb_spec *spec) {
  size_t last = spec->count;
  while (last > 1 && ebb_spec_node_parameters(spec, last - 1) == 0) last--;
  return last;
}

/* True if the text goes on with this word. */
static bool take_word(layer_text *l, const char *word) {
  size_t length = strlen(word);
  if (strncmp(l->at, word, length) != 0 || (l->at[length] && !strchr(",=", l->at[length])))
    return false;
  l->at += length;
  return true;
}

/* Takes the name of a kind. */
static bool take_kind(bool chosen[EBB_MAX_NODES], layer_text *l) {
  const ebb_spec *spec = &l->t->spec;
  for (int kind = 0; kind < EBB_KIND_COUNT; kind++) {
    if (!take_word(l, ebb_kind_name((ebb_kind)kind))) continue;
    for (size_t n = 0; n < spec->count; n++) chosen[n] = (int)spec->nodes[n].kind == kind;
    return true;
  }
  return false;
}

/* Takes "3" or "1..3". */
static int take_range(bool chosen[EBB_MAX_NODES], layer_text *l) {
  const ebb_spec *spec = &l->t->spec;
  size_t first, last;
  char why[160];
  if (!take_number(&first, l))
    return refuse(l, "expected layers: 2, 1..3, all-but-last, or a kind, such as scale");
  last = first;
  if (strncmp(l->at, "..", 2) == 0) {
    l->at += 2;
    if (!take_number(&last, l)) return refuse(l, "expected a layer after the two points: 1..3");
  }
  snprintf(why, sizeof why, "layers count from 1, as in `ebb info`; %.60s has %zu", l->t->spec_text,
           spec->count);
  if (first < 1 || first > last || last > spec->count) return refuse(l, why);
  for (size_t n = first; n <= last; n++) chosen[n - 1] = true;
  return EXIT_GOOD;
}

/* Takes one item of the list: the layers that it names. */
static int take_item(bool chosen[EBB_MAX_NODES], layer_text *l) {
  memset(chosen, 0, EBB_MAX_NODES * sizeof *chosen);
  if (take_kind(chosen, l)) return EXIT_GOOD;
  if (!take_word(l, "all-but-last")) return take_range(chosen, l);
  size_t last = last_layer(&l->t->spec);
  for (size_t n = 1; n < last; n++) chosen[n - 1] = true;
  return last > 1 ? EXIT_GOOD : refuse(l, "the network has one layer only");
}

/* Sets the rates of the text's layers: to 0 or, with `valued`, to the numbers after "=". */
static int take_layers(training *t, const char *option, const char *text, bool valued) {
  layer_text l = {t, option, text, text};
  for (bool more = true; more; l.at++) {
    bool chosen[EBB_MAX_NODES];
    double rate = 0;
    int code = take_item(chosen, &l);
    if (code != EXIT_GOOD) return code;
    if (valued) {
      char *end = NULL;
      if (*l.at == '=') rate = strtod(l.at + 1, &end);
      if (!end || end == l.at + 1 || !(rate >= 0 && rate <= 1e6))
        return refuse(&l, "expected a factor from 0 to 1e6 after each layer: 2=0.1");
      l.at = end;
    }
    for (size_t n = 0; n < t->spec.count; n++)
      if (chosen[n]) t->layer_rates[n] = rate;
    more = *l.at == ',';
    if (!more && *l.at) return refuse(&l, "layers are separated by commas: 1..2,4");
  }
  return EXIT_GOOD;
}

static int choose_layers(training *t) {
  const settings *s = t->s;
  ebb_update_options *o = &t->options.update;
  if (!s->freeze && !s->layer_rate) return EXIT_GOOD;
  for (size_t n = 0; n < t->spec.count; n++) t->layer_rates[n] = 1;
  int code = s->layer_rate ? take_layers(t, "layer-rate", s->layer_rate, true) : EXIT_GOOD;
  if (code == EXIT_GOOD && s->freeze) code = take_layers(t, "freeze", s->freeze, false);
  o->layer_rates = t->layer_rates;
  o->layers = t->spec.count;
  return code;
}

/* Reads "ema=0.999", "swa" and "swa=15". */
static int choose_average(training *t) {
  ebb_update_options *o = &t->options.update;
  const char *text = t->s->average;
  char *end = NULL;
  if (!text) return EXIT_GOOD;
  if (strncmp(text, "ema=", 4) == 0) {
    o->ema = strtod(text + 4, &end);
    if (end != text + 4 && !*end && o->ema > 0 && o->ema < 1) return EXIT_GOOD;
  }
  if (strcmp(text, "swa") == 0) {
    o->swa = EBB_SWA_DEFAULT;
    return EXIT_GOOD;
  }
  if (strncmp(text, "swa=", 4) == 0 && text[4] >= '0' && text[4] <= '9') {
    o->swa = strtoul(text + 4, &end, 10);
    if (!*end && o->swa > 0 && o->swa <= t->options.epochs) return EXIT_GOOD;
  }
  return fail(EXIT_USAGE,
              "%s: \"%s\" is no average; expected ema=D with a decay between 0 and 1, swa, or "
              "swa=N with an epoch from 1 to %zu",
              settings_origin(t->s, "average").text, text, t->options.epochs);
}

int update_choose(training *t) {
  const settings *s = t->s;
  ebb_update_options *o = &t->options.update;
  o->no_decay_bias = s->no_decay_bias;
  o->ntk = s->ntk;
  o->history = s->history;
  o->line_tries = s->line_tries;
  o->muon_last = s->muon_last;
  o->muon_original = s->muon_original;
  o->bias_rate = s->bias_rate == 1 ? 0 : s->bias_rate;
  o->clip_norm = s->clip_norm;
  o->clip_value = s->clip_value;
  o->l1 = s->l1;
  o->l2 = s->l2;
  o->max_norm = s->max_norm;
  int code = choose_average(t);
  return code == EXIT_GOOD ? choose_layers(t) : code;
}
