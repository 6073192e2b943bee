/* Parses network specs.
 *
 * A text is parsed in two passes. The first reads items: a size with an optional activation, or the
 * word of another kind, each with its suffixes, and the column. When the number of items is known,
 * the second makes nodes of them; whether a bare first number is the input size depends on what
 * follows. The spec is written only if the whole text is correct.
 */
#include "base/error.h"
#include "base/text.h"
#include "nn/spec_words.h"

#include <ebb/tool.h>

#include <stdio.h>
#include <string.h>

/* One for the input size, one for each node, and one for each parenthesis that closes. */
enum { MAX_ITEMS = 2 * EBB_MAX_NODES + 1 };

typedef struct item {
  enum { ITEM_NODE, ITEM_OPEN, ITEM_CLOSE } type;
  size_t column; /* from 1 */
  bool bare;     /* only a size: as the first item it is the inputs */
  bool plain;    /* a size without activation: as the last item it is the output layer */
  ebb_node node; /* for ITEM_NODE and ITEM_OPEN; inputs are set later */
  size_t opened; /* for ITEM_CLOSE: the item that it closes */
} item;

/* The items read so far, and which of them are open parentheses. */
typedef struct reading {
  item *items;
  size_t count, open[EBBI_SPEC_DEPTH], depth;
  ebb_spec *spec; /* gets the formulas */
} reading;

static const char *const activation_names[] = {
#define NAME_ROW(name, text, needs_z, formula) #text,
    EBB_ACTIVATION_LIST(NAME_ROW)};

#define KNOWN_ROW(name, text, needs_z, formula) " " #text
#define KNOWN_ACTIVATIONS                       EBB_ACTIVATION_LIST(KNOWN_ROW)

/* What stands after a size and is not its activation. */
static ebb_status unknown_activation(const char *name, size_t length, size_t column) {
  char word[EBBI_SHOWN + 1];
  ebb_kind number;
  snprintf(word, sizeof word, "%.*s", ebbi_spec_shown(length), name);
  const ebbi_kind *kind = ebbi_kind_of_word(&number, word, strspn(word, EBBI_LETTERS "_"));
  REQUIRE(!kind || kind->word == NULL, EBB_ERR_ARGUMENT,
          "spec:1:%zu: a '-' is missing before \"%s\"; %s is a layer of its own, written %s",
          column, word, kind->name, kind->example);
  REQUIRE(strcmp(word, "softmax") != 0, EBB_ERR_ARGUMENT,
          "spec:1:%zu: softmax is part of the loss cross_entropy; leave it out", column);
  const char *near = ebb_suggest(word, activation_names, EBB_ACT_COUNT);
  REQUIRE(near == NULL, EBB_ERR_ARGUMENT,
          "spec:1:%zu: unknown activation \"%s\"; did you mean \"%s\"?", column, word, near);
  return ebbi_fail(
      EBB_ERR_ARGUMENT,
      "spec:1:%zu: unknown activation \"%s\"; known are%s, or a formula behind a name of "
      "yours: NAME(z * tanh(z))",
      column, word, KNOWN_ACTIVATIONS);
}

static ebb_status unknown_kind(const char *text, size_t length, size_t column) {
  char known[512] = "";
  size_t used = 0;
  for (int i = 0; i < EBB_KIND_COUNT; i++) {
    const ebbi_kind *kind = ebbi_kind_of((ebb_kind)i);
    REQUIRE(strlen(kind->name) > length || memcmp(kind->name, text, strlen(kind->name)) != 0,
            EBB_ERR_ARGUMENT, "spec:1:%zu: unknown kind of layer \"%.*s\"; %s is written %s",
            column, ebbi_spec_shown(length), text, kind->name, kind->example);
    if (kind->word && used < sizeof known)
      used += (size_t)snprintf(known + used, sizeof known - used, ", %s", kind->example);
  }
  return ebbi_fail(EBB_ERR_ARGUMENT,
                   "spec:1:%zu: unknown kind of layer \"%.*s\"; known are sizes, 512 or 512relu%s",
                   column, ebbi_spec_shown(length), text, known);
}

static ebb_status no_item(const char *text, size_t column) {
  char before[32] = "at the end";
  if (text[0] != '\0') snprintf(before, sizeof before, "before this '%c'", text[0]);
  return ebbi_fail(EBB_ERR_ARGUMENT,
                   "spec:1:%zu: a size is missing %s; write sizes joined by '-', 64-32relu-10",
                   column, before);
}

/* Whether setting i exists and is a number. */
static bool is_number(const ebbi_kind_setting *settings, size_t i) {
  return i < EBB_NODE_SETTINGS && settings[i].name && !settings[i].suffix;
}

/* Reads the numbers that follow a kind's word: the `length` bytes at `text`. */
static ebb_status read_settings(item *out, const char *text, size_t length, size_t column) {
  const ebbi_kind *kind = ebbi_kind_of(out->node.kind);
  const ebbi_kind_setting *settings = kind->settings;
  for (size_t i = 0; i < EBB_NODE_SETTINGS; i++) out->node.settings[i] = settings[i].standard;
  for (size_t i = 0, at = 0; length > 0; i++, at++) {
    bool exists = is_number(settings, i), last = !is_number(settings, i + 1);
    size_t part = last ? length - at : strcspn(text + at, "x-()");
    if (exists && part > length - at) part = length - at; /* an activation follows */
    REQUIRE(exists && at + part <= length &&
                ebbi_parse_number(&out->node.settings[i], text + at, part, '.'),
            EBB_ERR_ARGUMENT, "spec:1:%zu: \"%.*s\" is no %s%s%s; write %s", column,
            ebbi_spec_shown(length), text, exists ? settings[i].name : "part", " of ", kind->name,
            kind->example);
    at += part;
    if (at >= length) return EBB_OK;
  }
  return EBB_OK;
}

/* Reads the activation of `length` bytes at `text`, and the parameter in parentheses after it. */
static ebb_status read_activation(reading *r, const char *text, size_t *length, size_t column) {
  item *out = &r->items[r->count];
  ebb_activation row = ebbi_activation_named(text, *length);
  bool formula = false;
  if (row == EBB_ACT_COUNT)
    TRY(ebbi_spec_read_formula(&formula, &out->node.activation, r->spec, text, length, column));
  if (formula) return EBB_OK;
  if (row == EBB_ACT_COUNT) return unknown_activation(text, *length, column);
  out->node.activation = row;
  if (text[*length] != '(') return EBB_OK;
  size_t begin = *length + 1, digits = strcspn(text + begin, ")");
  const char *name = ebb_activation_parameter_name(row);
  double parameter;
  REQUIRE(name, EBB_ERR_ARGUMENT, "spec:1:%zu: unexpected '('; %s has no parameter",
          column + *length, ebb_activation_name(row));
  REQUIRE(text[begin + digits] == ')', EBB_ERR_ARGUMENT,
          "spec:1:%zu: the ')' of this number is missing", column + begin);
  REQUIRE(ebbi_parse_number(&parameter, text + begin, digits, '.') &&
              ebb_activation_with(&out->node.activation, row, parameter) == EBB_OK,
          EBB_ERR_ARGUMENT,
          "spec:1:%zu: \"%.*s\" is no parameter %s of %s; it is a number from 0.000001 to 1000, "
          "%s(0.5)",
          column + begin, ebbi_spec_shown(digits), text + begin, name, ebb_activation_name(row),
          ebb_activation_name(row));
  *length = begin + digits + 1;
  return EBB_OK;
}

/* Reads what follows a kind's word: numbers, and an activation if the kind takes one. */
static ebb_status read_rest(reading *r, const char *text, size_t *length, size_t column) {
  item *out = &r->items[r->count];
  size_t numbers = ebbi_kind_of(out->node.kind)->takes ? strspn(text, EBBI_DIGITS ".x") : *length;
  if (numbers > *length) numbers = *length;
  size_t rest = *length - numbers;
  TRY(read_settings(out, text, numbers, column));
  if (rest > 0) TRY(read_activation(r, text + numbers, &rest, column + numbers));
  *length = numbers + rest;
  return EBB_OK;
}

/* Reads an item that begins with a word. */
static ebb_status read_word(reading *r, const char *text, size_t *length, size_t column) {
  size_t letters = strspn(text, EBBI_LETTERS "_");
  REQUIRE(ebbi_activation_named(text, *length) == EBB_ACT_COUNT, EBB_ERR_ARGUMENT,
          "spec:1:%zu: \"%.*s\" stands after a size, without '-': 512%.*s", column,
          ebbi_spec_shown(*length), text, ebbi_spec_shown(*length), text);
  ebb_kind number;
  const ebbi_kind *kind = letters > 0 ? ebbi_kind_of_word(&number, text, letters) : NULL;
  if (!kind) return unknown_kind(text, *length, column);
  size_t word = strlen(kind->word), rest = *length - word;
  bool opens = text[*length] == '(' && !(kind->takes && rest > 0); /* else a parameter follows */
  REQUIRE(opens == (kind->inputs > 1), EBB_ERR_ARGUMENT,
          "spec:1:%zu: \"%.*s\" %s: %s is written %s", column, ebbi_spec_shown(*length), text,
          opens ? "holds no layers" : "holds layers in parentheses", kind->name, kind->example);
  r->items[r->count] =
      (item){.type = opens ? ITEM_OPEN : ITEM_NODE, .column = column, .node.kind = number};
  TRY(read_rest(r, text + word, &rest, column + word));
  *length = word + rest;
  return EBB_OK;
}

/* Reads the item of `length` bytes at `text`, and the parameter of its activation after it. */
static ebb_status read_item(reading *r, const char *text, size_t *length, size_t column) {
  size_t digits = strspn(text, EBBI_DIGITS), units = 0, rest = *length - digits;
  if (*length == 0) return no_item(text, column);
  if (digits == 0) return read_word(r, text, length, column);
  REQUIRE(
      text[digits] != '.', EBB_ERR_ARGUMENT,
      "spec:1:%zu: \"%.*s\" is no size; sizes are whole numbers, and the number of a kind follows "
      "its word without '-'",
      column, ebbi_spec_shown(*length), text);
  for (size_t i = 0; i < digits && units <= EBB_MAX_UNITS; i++)
    units = 10 * units + (size_t)(text[i] - '0');
  REQUIRE(units >= 1 && units <= EBB_MAX_UNITS, EBB_ERR_ARGUMENT,
          "spec:1:%zu: size %.*s is out of range; a layer has 1 to %d units", column,
          ebbi_spec_shown(digits), text, EBB_MAX_UNITS);
  item *out = &r->items[r->count];
  *out = (item){.column = column, .plain = rest == 0, .node.units = units};
  (void)ebbi_kind_of_word(&out->node.kind, "", 0);
  REQUIRE(rest > 0 || text[digits] != '(', EBB_ERR_ARGUMENT,
          "spec:1:%zu: unexpected '('; a size holds no layers", column + digits);
  if (rest > 0) TRY(read_activation(r, text + digits, &rest, column + digits));
  *length = digits + rest;
  return EBB_OK;
}

/* Reads the suffixes at the end of an item: each switches a setting on. */
static ebb_status read_suffixes(item *out, const char *text, size_t *at) {
  const ebbi_kind *kind = ebbi_kind_of(out->node.kind);
  out->bare = out->plain && text[*at] != ':';
  while (text[*at] == ':') {
    const char *suffix = text + *at, *known = NULL;
    size_t length = 1 + strcspn(suffix + 1, ":-()"), i = 0;
    for (; i < EBB_NODE_SETTINGS && kind->settings[i].name; i++) {
      const char *own = kind->settings[i].suffix;
      if (own) known = own;
      if (own && strlen(own) == length && memcmp(own, suffix, length) == 0) break;
    }
    bool found = i < EBB_NODE_SETTINGS && kind->settings[i].name;
    REQUIRE(found, EBB_ERR_ARGUMENT, "spec:1:%zu: \"%.*s\" is no suffix of %s; %s%s", *at + 1,
            ebbi_spec_shown(length), suffix, kind->name, known ? "write " : "it has none",
            known ? known : "");
    REQUIRE(out->node.settings[i] == 0, EBB_ERR_ARGUMENT, "spec:1:%zu: \"%.*s\" stands there twice",
            *at + 1, ebbi_spec_shown(length), suffix);
    out->node.settings[i] = 1;
    *at += length;
  }
  return EBB_OK;
}

/* Reads an item with the parenthesis that it opens, or those that close after it. */
static ebb_status read_next(reading *r, const char *text, size_t *at) {
  size_t length = strcspn(text + *at, "-():");
  TRY(read_item(r, text + *at, &length, *at + 1));
  *at += length;
  TRY(read_suffixes(&r->items[r->count], text, at));
  bool opens = r->items[r->count++].type == ITEM_OPEN;
  if (opens) {
    REQUIRE(r->depth < EBBI_SPEC_DEPTH, EBB_ERR_ARGUMENT,
            "spec:1:%zu: parentheses more than %d deep", *at + 1, EBBI_SPEC_DEPTH);
    r->open[r->depth++] = r->count - 1;
    return EBB_OK;
  }
  for (; text[*at] == ')'; ++*at)
    r->items[r->count++] = (item){.type = ITEM_CLOSE, .opened = r->open[--r->depth]};
  REQUIRE(text[*at] == '-' || text[*at] == '\0', EBB_ERR_ARGUMENT,
          "spec:1:%zu: a '-' is missing before this '%c'", *at + 1, text[*at]);
  return EBB_OK;
}

static ebb_status read_items(item items[MAX_ITEMS], size_t *count, ebb_spec *spec,
                             const char *text) {
  size_t stray = ebbi_spec_find_stray(text), read = 0, at = 0;
  if (text[stray] != '\0') return ebbi_spec_stray_byte(text, stray);
  reading r = {.items = items, .spec = spec};
  do {
    REQUIRE(read++ <= EBB_MAX_NODES, EBB_ERR_ARGUMENT, "spec:1:%zu: more than %d layers", at + 1,
            EBB_MAX_NODES);
    TRY(read_next(&r, text, &at));
  } while (text[at++] != '\0');
  REQUIRE(r.depth == 0, EBB_ERR_ARGUMENT, "spec:1:%zu: the ')' of this item is missing",
          items[r.open[r.depth - 1]].column);
  *count = r.count;
  return EBB_OK;
}

/* Refuses sizes without activation that contradict known data sizes: hidden layers were meant. */
static ebb_status check_bare(const item *items, size_t count, const char *text, size_t inputs,
                             size_t outputs) {
  char proposal[4 * EBBI_SHOWN];
  bool begins = count > 1 && items[0].node.units == inputs,
       ends = items[count - 1].node.units == outputs;
  bool bare = true, good_input = begins || count == 1;
  for (size_t i = 0; i < count; i++) bare = bare && items[i].bare;
  if (!bare || !inputs || !outputs || (good_input && ends)) return EBB_OK;
  if (!ebbi_spec_propose(proposal, sizeof proposal, text, begins, ends)) return EBB_OK;
  const item *wrong = good_input ? &items[count - 1] : &items[0];
  return ebbi_fail(EBB_ERR_ARGUMENT,
                   "spec:1:%zu: %s size %zu, but the data have %zu; hidden layers are written with "
                   "their activation: %s",
                   wrong->column, good_input ? "output" : "input", wrong->node.units,
                   good_input ? outputs : inputs, proposal);
}

/* Determines a first or last size: `given` is the item that states it, or NULL; `data` is the size
 * of the data, or 0. */
static ebb_status choose_size(size_t *out, const item *given, size_t data, const char *what) {
  REQUIRE(given || data, EBB_ERR_ARGUMENT, "spec: %s size left out and no data to take it from",
          what);
  REQUIRE(data <= EBB_MAX_UNITS, EBB_ERR_ARGUMENT,
          "spec: the data have %s size %zu; a network takes at most %d", what, data, EBB_MAX_UNITS);
  REQUIRE(!given || !data || given->node.units == data, EBB_ERR_ARGUMENT,
          "spec:1:%zu: %s size %zu, but the data have %zu", given->column, what, given->node.units,
          data);
  *out = given ? given->node.units : data;
  return EBB_OK;
}

/* Adds the nodes of the items [first, end). */
static ebb_status add_items(ebb_spec *spec, const item *items, size_t first, size_t end) {
  size_t values[MAX_ITEMS]; /* values from before each open parenthesis */
  for (size_t i = first; i < end; i++) {
    const item *added = &items[i];
    char where[32];
    values[i] = spec->count;
    if (added->type == ITEM_OPEN) continue;
    if (added->type == ITEM_CLOSE) added = &items[items[i].opened];
    ebb_node node = added->node;
    if (added != &items[i]) node.inputs[1] = values[items[i].opened];
    snprintf(where, sizeof where, "spec:1:%zu", added->column);
    TRY(ebbi_spec_append(spec, &node, where));
  }
  return EBB_OK;
}

/* Adds the output layer, unless the items end with a node of another kind that may be the last. */
static ebb_status add_output(ebb_spec *spec, const item *last, size_t outputs) {
  const ebbi_kind *kind = ebbi_kind_of(last->node.kind);
  if (last->type == ITEM_NODE && kind->word && kind->ends) {
    REQUIRE(outputs == 0 || ebb_spec_outputs(spec) == outputs, EBB_ERR_ARGUMENT,
            "spec:1:%zu: output size %zu, but the data have %zu", last->column,
            ebb_spec_outputs(spec), outputs);
    return EBB_OK;
  }
  TRY(choose_size(&outputs, last->plain ? last : NULL, outputs, "output"));
  ebb_node output = last->plain ? last->node : (ebb_node){0};
  (void)ebbi_kind_of_word(&output.kind, "", 0);
  output.units = outputs;
  return ebbi_spec_append(spec, &output, "spec");
}

ebb_status ebb_spec_parse(ebb_spec *spec, const char *text, size_t inputs, size_t outputs) {
  item items[MAX_ITEMS];
  size_t count = 0;
  REQUIRE(text, EBB_ERR_ARGUMENT, "spec: no text given");
  ebb_spec read = {0}, parsed;
  TRY(read_items(items, &count, &read, text));
  TRY(check_bare(items, count, text, inputs, outputs));
  const item *first = &items[0], *last = &items[count - 1];
  bool has_input = count > 1 && first->bare, has_output = last->plain;
  TRY(choose_size(&inputs, has_input ? first : NULL, inputs, "input"));
  TRY(ebb_spec_begin(&parsed, inputs));
  memcpy(parsed.formulas, read.formulas, sizeof parsed.formulas);
  TRY(add_items(&parsed, items, has_input, count - has_output));
  TRY(add_output(&parsed, last, outputs));
  TRY(ebbi_spec_check(&parsed, "spec"));
  *spec = parsed;
  return EBB_OK;
}
