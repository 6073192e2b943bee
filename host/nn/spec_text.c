/* Writes specs as text, and names their modules.
 *
 * Both use the same sequence of events (parenthesis opens, item, parenthesis closes), so that
 * tensor names count the items of the text.
 */
#include "base/error.h"
#include "nn/kind.h"
#include "nn/spec.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

size_t ebbi_spec_events(ebbi_spec_event events[EBBI_SPEC_EVENTS], const ebb_spec *spec) {
  size_t open[EBBI_SPEC_DEPTH], depth = 0, count = 0;
  for (size_t n = 0; n < spec->count; n++) {
    for (size_t later = spec->count; later-- > n + 1;) { /* the outermost closes last */
      if (ebbi_node_kind(spec, later)->inputs == 1 || spec->nodes[later].inputs[1] != n) continue;
      if (depth == EBBI_SPEC_DEPTH) return 0;
      open[depth++] = later;
      events[count++] = (ebbi_spec_event){EBBI_SPEC_OPEN, later};
    }
    bool closes = ebbi_node_kind(spec, n)->inputs > 1;
    if (closes && (depth == 0 || open[--depth] != n)) return 0;
    events[count++] = (ebbi_spec_event){closes ? EBBI_SPEC_CLOSE : EBBI_SPEC_ITEM, n};
  }
  return count;
}

/* ---- text ---- */

/* A growing text; `fits` is false once it has been cut. */
typedef struct growing {
  char *text;
  size_t size, used;
  bool fits;
} growing;

static void put(growing *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void put(growing *out, const char *format, ...) {
  va_list arguments;
  if (!out->fits) return;
  va_start(arguments, format);
  int written = vsnprintf(out->text + out->used, out->size - out->used, format, arguments);
  va_end(arguments);
  out->fits = written >= 0 && (size_t)written < out->size - out->used;
  if (out->fits) out->used += (size_t)written;
}

/* Writes a number with at most nine decimals and a decimal point in every locale. */
static void put_number(growing *out, double value) {
  unsigned long long billionths = (unsigned long long)llround(value * 1e9);
  unsigned long long whole = billionths / 1000000000, rest = billionths % 1000000000;
  int decimals = 9;
  put(out, "%llu", whole);
  if (rest == 0) return;
  for (; rest % 10 == 0; rest /= 10) decimals--;
  put(out, ".%0*llu", decimals, rest);
}

/* Whether the text leaves a node's numbers out: all are defaults, and silent. */
static bool is_silent(const ebb_node *node) {
  const ebbi_kind_setting *settings = ebbi_kind_of(node->kind)->settings;
  bool silent = true;
  for (size_t i = 0; i < EBB_NODE_SETTINGS && settings[i].name && !settings[i].suffix; i++)
    silent = silent && settings[i].silent && node->settings[i] == settings[i].standard;
  return silent;
}

/* A formula's name and, where it is used first, its texts. */
static void put_formula(growing *out, const ebb_spec *spec, size_t node) {
  const ebb_formula *formula = ebb_spec_formula_of(spec, spec->nodes[node].activation);
  put(out, "%s", formula->name);
  if (!ebbi_spec_defines(spec, node)) return;
  put(out, "(%s%s%s)", formula->f, formula->df[0] ? ";" : "", formula->df);
}

static void put_item(growing *out, const ebb_spec *spec, size_t number) {
  const ebb_node *node = &spec->nodes[number];
  const ebbi_kind *kind = ebbi_kind_of(node->kind);
  if (kind->word)
    put(out, "%s", kind->word);
  else
    put(out, "%zu", node->units);
  const ebbi_kind_setting *settings = kind->settings;
  size_t i = 0;
  for (; i < EBB_NODE_SETTINGS && settings[i].name && !settings[i].suffix; i++) {
    if (is_silent(node)) continue;
    if (i > 0) put(out, "x");
    put_number(out, node->settings[i]);
  }
  char activation[EBB_ACTIVATION_TEXT];
  if (ebb_spec_formula_of(spec, node->activation))
    put_formula(out, spec, number);
  else if (node->activation != EBB_ACT_IDENTITY)
    put(out, "%s", ebb_activation_text(activation, node->activation));
  for (; i < EBB_NODE_SETTINGS && settings[i].name; i++)
    if (node->settings[i] != 0) put(out, "%s", settings[i].suffix);
}

ebb_status ebb_spec_item(char *text, size_t size, const ebb_spec *spec, size_t node) {
  growing out = {text, size, 0, size > 0};
  REQUIRE(node < spec->count, EBB_ERR_ARGUMENT, "ebb_spec_item: there is no layer %zu", node + 1);
  put_item(&out, spec, node);
  REQUIRE(out.fits, EBB_ERR_ARGUMENT, "ebb_spec_item: %zu bytes do not hold the text", size);
  return EBB_OK;
}

ebb_status ebb_spec_text(char *text, size_t size, const ebb_spec *spec) {
  ebbi_spec_event events[EBBI_SPEC_EVENTS];
  growing out = {text, size, 0, size > 0};
  TRY(ebbi_spec_check(spec, "ebb_spec_text"));
  size_t count = ebbi_spec_events(events, spec);
  put(&out, "%zu", spec->inputs);
  for (size_t i = 0; i < count; i++) {
    bool first = i > 0 && events[i - 1].type == EBBI_SPEC_OPEN;
    bool closes = events[i].type == EBBI_SPEC_CLOSE;
    if (!first && !closes) put(&out, "-");
    if (closes)
      put(&out, ")");
    else
      put_item(&out, spec, events[i].node);
    if (events[i].type == EBBI_SPEC_OPEN) put(&out, "(");
  }
  REQUIRE(out.fits, EBB_ERR_ARGUMENT, "ebb_spec_text: %zu bytes do not hold the text", size);
  return EBB_OK;
}

/* ---- names ---- */

/* nn.Sequential numbers every module, layers as well as activations. Parentheses are one module,
 * whose modules are numbered from 0. */
void ebbi_spec_module(char name[EBBI_MODULE_NAME], const ebb_spec *spec, size_t node) {
  ebbi_spec_event events[EBBI_SPEC_EVENTS];
  size_t count = ebbi_spec_events(events, spec), index[EBBI_SPEC_DEPTH + 1] = {0}, depth = 0;
  for (size_t i = 0; i < count; i++) {
    bool opens = events[i].type == EBBI_SPEC_OPEN;
    if (!opens && events[i].node == node) break;
    if (opens) {
      index[++depth] = 0;
      continue;
    }
    if (events[i].type == EBBI_SPEC_CLOSE) depth--;
    bool active = spec->nodes[events[i].node].activation != EBB_ACT_IDENTITY;
    index[depth] += active ? 2 : 1;
  }
  growing out = {name, EBBI_MODULE_NAME, 0, true};
  for (size_t d = 0; d <= depth; d++) put(&out, "%s%zu", d ? "." : "", index[d]);
}
