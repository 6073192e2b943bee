/* Network specs: from text, from calls, and back to text.
 *
 * A text is read in two passes: first into items (a size, perhaps an activation, and the column
 * where it stands), then, when the number of items is known, the items become layers; whether a
 * bare first number is the input size depends on what follows. A spec is only written when all of
 * it is right. Letters and digits are told apart by sets of our own, because isalpha() follows the
 * program's locale.
 */
#include "nn/spec.h"

#include "base/error.h"
#include "base/size.h"
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

enum { MAX_ITEMS = EBB_MAX_LAYERS + 1, SHOWN = 40 /* bytes of a bad word put into a message */ };

typedef struct item {
  size_t column; /* from 1 */
  size_t units;
  bool bare; /* no activation is written */
  ebb_activation activation;
} item;

static const char *const activation_names[] = {
#define NAME_ROW(name, text, needs_z, formula) text,
    EBB_ACTIVATION_LIST(NAME_ROW)};

#define KNOWN_ROW(name, text, needs_z, formula) " " text
#define KNOWN_ACTIVATIONS                       EBB_ACTIVATION_LIST(KNOWN_ROW)

/* The activation of exactly this name, or EBB_ACT_COUNT. */
static ebb_activation activation_named(const char *name, size_t length) {
  size_t i = 0;
  while (i < EBB_ACT_COUNT &&
         (strlen(activation_names[i]) != length || memcmp(activation_names[i], name, length) != 0))
    i++;
  return (ebb_activation)i;
}

static int shown(size_t length) {
  return length < SHOWN ? (int)length : SHOWN;
}

static ebb_status unknown_activation(const char *name, size_t length, size_t column) {
  char word[SHOWN + 1];
  snprintf(word, sizeof word, "%.*s", shown(length), name);
  REQUIRE(strcmp(word, "softmax") != 0, EBB_ERR_ARGUMENT,
          "spec:1:%zu: softmax is part of the loss cross_entropy; leave it out", column);
  const char *near = ebb_suggest(word, activation_names, EBB_ACT_COUNT);
  REQUIRE(near == NULL, EBB_ERR_ARGUMENT,
          "spec:1:%zu: unknown activation \"%s\"; did you mean \"%s\"?", column, word, near);
  return ebbi_fail(EBB_ERR_ARGUMENT, "spec:1:%zu: unknown activation \"%s\"; known are%s", column,
                   word, KNOWN_ACTIVATIONS);
}

/* Says why an item that does not begin with a digit is wrong. */
static ebb_status no_size(const char *text, size_t length, size_t column) {
  if (length == 0)
    return ebbi_fail(EBB_ERR_ARGUMENT,
                     "spec:1:%zu: a size is missing %s; write sizes joined by '-', 64-32relu-10",
                     column, text[0] == '-' ? "before this '-'" : "at the end");
  REQUIRE(activation_named(text, length) == EBB_ACT_COUNT, EBB_ERR_ARGUMENT,
          "spec:1:%zu: \"%.*s\" stands after a size, without '-': 512%.*s", column, shown(length),
          text, shown(length), text);
  return ebbi_fail(EBB_ERR_ARGUMENT,
                   "spec:1:%zu: unknown kind of layer \"%.*s\"; known are sizes (512), alone or "
                   "followed by one of%s",
                   column, shown(length), text, KNOWN_ACTIVATIONS);
}

/* Reads the item of `length` bytes at `text`. */
static ebb_status read_item(item *out, const char *text, size_t length, size_t column) {
  size_t digits = strspn(text, DIGITS), units = 0;
  if (digits == 0) return no_size(text, length, column);
  for (size_t i = 0; i < digits && units <= EBB_MAX_UNITS; i++)
    units = 10 * units + (size_t)(text[i] - '0');
  REQUIRE(units >= 1 && units <= EBB_MAX_UNITS, EBB_ERR_ARGUMENT,
          "spec:1:%zu: size %.*s is out of range; a layer has 1 to %d units", column, shown(digits),
          text, EBB_MAX_UNITS);
  *out = (item){.column = column, .units = units, .bare = digits == length};
  if (out->bare) return EBB_OK;
  out->activation = activation_named(text + digits, length - digits);
  if (out->activation == EBB_ACT_COUNT)
    return unknown_activation(text + digits, length - digits, column + digits);
  return EBB_OK;
}

/* What may be meant by sizes alone, `64`, `64,32`, `[64, 32]`: hidden layers, which are written
 * with relu here, but a first size that is the input's and a last one that is the output's. False:
 * there is more than sizes in the text. */
static bool propose_hidden(char *proposal, size_t size, const char *text, bool has_input,
                           bool has_output) {
  size_t used = 0;
  if (text[strspn(text, DIGITS " ,;x-[]()")] != '\0') return false;
  for (text += strcspn(text, DIGITS); *text != '\0' && used + SHOWN < size;) {
    size_t digits = strspn(text, DIGITS), next = digits + strcspn(text + digits, DIGITS);
    bool bare = (has_input && used == 0) || (has_output && text[next] == '\0');
    used += (size_t)snprintf(proposal + used, size - used, "%s%.*s%s", used ? "-" : "",
                             shown(digits), text, bare ? "" : "relu");
    text += next;
  }
  return used > 0 && *text == '\0';
}

static ebb_status stray_byte(const char *text, size_t at) {
  char shown_byte[8], proposal[4 * SHOWN];
  unsigned char byte = (unsigned char)text[at];
  size_t column = at + 1;
  if (!propose_hidden(proposal, sizeof proposal, text, false, false))
    snprintf(proposal, sizeof proposal, "64-32relu-10");
  snprintf(shown_byte, sizeof shown_byte, byte > ' ' && byte < 127 ? "'%c'" : "0x%02x", byte);
  return ebbi_fail(EBB_ERR_ARGUMENT,
                   "spec:1:%zu: unexpected %s; write sizes joined by a plain '-', without blanks, "
                   "hidden ones with their activation: %s",
                   column, shown_byte, proposal);
}

static ebb_status read_items(item items[MAX_ITEMS], size_t *count, const char *text) {
  size_t stray = strspn(text, DIGITS LETTERS "_.-");
  if (text[stray] != '\0') return stray_byte(text, stray);
  *count = 0;
  for (size_t at = 0;; at++) {
    size_t length = strcspn(text + at, "-");
    REQUIRE(*count < MAX_ITEMS, EBB_ERR_ARGUMENT, "spec:1:%zu: more than %d layers", at + 1,
            EBB_MAX_LAYERS);
    TRY(read_item(&items[*count], text + at, length, at + 1));
    ++*count;
    at += length;
    if (text[at] == '\0') return EBB_OK;
  }
}

/* Sizes alone that are not those of the data, where both are known: hidden layers are meant. */
static ebb_status check_bare(const item *items, size_t count, const char *text, size_t inputs,
                             size_t outputs) {
  char proposal[4 * SHOWN];
  bool begins = count > 1 && items[0].units == inputs, ends = items[count - 1].units == outputs;
  bool bare = true, good_input = begins || count == 1;
  for (size_t i = 0; i < count; i++) bare = bare && items[i].bare;
  if (!bare || !inputs || !outputs || (good_input && ends)) return EBB_OK;
  if (!propose_hidden(proposal, sizeof proposal, text, begins, ends)) return EBB_OK;
  const item *wrong = good_input ? &items[count - 1] : &items[0];
  return ebbi_fail(EBB_ERR_ARGUMENT,
                   "spec:1:%zu: %s size %zu, but the data have %zu; hidden layers are written with "
                   "their activation: %s",
                   wrong->column, good_input ? "output" : "input", wrong->units,
                   good_input ? outputs : inputs, proposal);
}

/* Settles a first or last size: `given` is the item that states it, or NULL; `data` what the data
 * tell, or 0. */
static ebb_status settle(size_t *out, const item *given, size_t data, const char *what) {
  REQUIRE(given || data, EBB_ERR_ARGUMENT, "spec: %s size left out and no data to take it from",
          what);
  REQUIRE(data <= EBB_MAX_UNITS, EBB_ERR_ARGUMENT,
          "spec: the data have %s size %zu; a network takes at most %d", what, data, EBB_MAX_UNITS);
  REQUIRE(!given || !data || given->units == data, EBB_ERR_ARGUMENT,
          "spec:1:%zu: %s size %zu, but the data have %zu", given->column, what, given->units,
          data);
  *out = given ? given->units : data;
  return EBB_OK;
}

ebb_status ebb_spec_parse(ebb_spec *spec, const char *text, size_t inputs, size_t outputs) {
  item items[MAX_ITEMS];
  size_t count = 0;
  REQUIRE(text, EBB_ERR_ARGUMENT, "spec: no text given");
  TRY(read_items(items, &count, text));
  TRY(check_bare(items, count, text, inputs, outputs));
  bool has_input = count > 1 && items[0].bare, has_output = items[count - 1].bare;
  TRY(settle(&inputs, has_input ? &items[0] : NULL, inputs, "input"));
  TRY(settle(&outputs, has_output ? &items[count - 1] : NULL, outputs, "output"));
  size_t layers = count - has_input + !has_output;
  REQUIRE(layers <= EBB_MAX_LAYERS, EBB_ERR_ARGUMENT, "spec: %zu layers; allowed are 1 to %d",
          layers, EBB_MAX_LAYERS);
  ebb_spec parsed;
  TRY(ebb_spec_begin(&parsed, inputs));
  for (size_t i = has_input; i < count - has_output; i++)
    TRY(ebb_spec_add(&parsed, items[i].units, items[i].activation));
  TRY(ebb_spec_add(&parsed, outputs, EBB_ACT_IDENTITY));
  TRY(ebbi_spec_check(&parsed, "spec"));
  *spec = parsed;
  return EBB_OK;
}

static bool in_range(size_t units) {
  return units >= 1 && units <= EBB_MAX_UNITS;
}

ebb_status ebb_spec_begin(ebb_spec *spec, size_t inputs) {
  REQUIRE(in_range(inputs), EBB_ERR_ARGUMENT, "ebb_spec_begin: %zu inputs; allowed are 1 to %d",
          inputs, EBB_MAX_UNITS);
  memset(spec, 0, sizeof *spec);
  spec->layers[0].inputs = inputs;
  return EBB_OK;
}

ebb_status ebb_spec_add(ebb_spec *spec, size_t outputs, ebb_activation activation) {
  size_t count = spec->count;
  REQUIRE(count < EBB_MAX_LAYERS, EBB_ERR_ARGUMENT, "ebb_spec_add: more than %d layers",
          EBB_MAX_LAYERS);
  REQUIRE(in_range(outputs), EBB_ERR_ARGUMENT, "ebb_spec_add: %zu outputs; allowed are 1 to %d",
          outputs, EBB_MAX_UNITS);
  REQUIRE((unsigned)activation < EBB_ACT_COUNT, EBB_ERR_ARGUMENT,
          "ebb_spec_add: no activation has number %d", (int)activation);
  size_t inputs = count == 0 ? spec->layers[0].inputs : spec->layers[count - 1].outputs;
  spec->layers[count] = (ebb_layer_spec){inputs, outputs, activation};
  spec->count = count + 1;
  return EBB_OK;
}

static bool count_parameters(size_t *out, const ebb_spec *spec) {
  *out = 0;
  for (size_t l = 0; l < spec->count; l++) {
    size_t layer;
    if (!ebbi_size_mul(&layer, spec->layers[l].inputs + 1, spec->layers[l].outputs) ||
        !ebbi_size_add(out, *out, layer))
      return false;
  }
  return true;
}

ebb_status ebbi_spec_check(const ebb_spec *spec, const char *where) {
  size_t count = spec->count, parameters;
  REQUIRE(count >= 1 && count <= EBB_MAX_LAYERS, EBB_ERR_ARGUMENT,
          "%s: %zu layers; allowed are 1 to %d", where, count, EBB_MAX_LAYERS);
  for (size_t l = 0; l < count; l++) {
    const ebb_layer_spec *layer = &spec->layers[l];
    REQUIRE(in_range(layer->inputs) && in_range(layer->outputs), EBB_ERR_ARGUMENT,
            "%s: layer %zu has %zu inputs and %zu outputs; allowed are 1 to %d", where, l,
            layer->inputs, layer->outputs, EBB_MAX_UNITS);
    REQUIRE(l == 0 || layer->inputs == layer[-1].outputs, EBB_ERR_ARGUMENT,
            "%s: layer %zu has %zu inputs, but the layer below has %zu outputs", where, l,
            layer->inputs, layer[-1].outputs);
    REQUIRE((unsigned)layer->activation < EBB_ACT_COUNT, EBB_ERR_ARGUMENT,
            "%s: layer %zu: no activation has number %d", where, l, (int)layer->activation);
  }
  REQUIRE(spec->layers[count - 1].activation == EBB_ACT_IDENTITY, EBB_ERR_ARGUMENT,
          "%s: the last layer has activation %s; it must have none, the loss follows it", where,
          ebb_activation_name(spec->layers[count - 1].activation));
  REQUIRE(count_parameters(&parameters, spec), EBB_ERR_ARGUMENT,
          "%s: the number of parameters does not fit this machine's sizes", where);
  return EBB_OK;
}

/* Appends to the text of length *used; false if it does not fit. */
static bool append(char *text, size_t size, size_t *used, size_t units, const char *name,
                   const char *separator) {
  int written = snprintf(text + *used, size - *used, "%s%zu%s", separator, units, name);
  if (written < 0 || (size_t)written >= size - *used) return false;
  *used += (size_t)written;
  return true;
}

ebb_status ebb_spec_text(char *text, size_t size, const ebb_spec *spec) {
  TRY(ebbi_spec_check(spec, "ebb_spec_text"));
  size_t used = 0;
  bool fits = size > 0 && append(text, size, &used, spec->layers[0].inputs, "", "");
  for (size_t l = 0; l < spec->count && fits; l++) {
    ebb_activation activation = spec->layers[l].activation;
    const char *name = activation == EBB_ACT_IDENTITY ? "" : ebb_activation_name(activation);
    fits = append(text, size, &used, spec->layers[l].outputs, name, "-");
  }
  REQUIRE(fits, EBB_ERR_ARGUMENT, "ebb_spec_text: %zu bytes do not hold the text", size);
  return EBB_OK;
}

size_t ebb_spec_inputs(const ebb_spec *spec) {
  return spec->layers[0].inputs;
}

size_t ebb_spec_outputs(const ebb_spec *spec) {
  return spec->count > 0 ? spec->layers[spec->count - 1].outputs : 0;
}

size_t ebb_spec_parameters(const ebb_spec *spec) {
  size_t count;
  return count_parameters(&count, spec) ? count : SIZE_MAX;
}
