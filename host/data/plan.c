/* Columns by name, position and default.
 *
 * A column in two lists is refused, not settled by some order of precedence: whoever wrote both
 * meant one of them. The target that nobody named is the last column; which column it may be
 * instead is said by its name alone, so that a guess never depends on values.
 */
#include "data/plan.h"

#include "base/error.h"
#include "base/text.h"
#include "data/encoder.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const option_names[] = {"",        "drop", "keep",  "categorical",
                                           "numeric", "id",   "target"};

void ebbi_plan_free(ebbi_plan *plan) {
  free(plan->asked);
  free(plan->targets.items);
  free(plan->ids.items);
  free(plan->inputs.items);
}

void ebbi_say_name(char *text, size_t size, size_t *count, const char *name) {
  char shown[EBBI_SHOWN];
  size_t used = strlen(text);
  if ((*count)++ < 5)
    snprintf(text + used, size - used, "%s\"%s\"", used ? ", " : "", ebbi_shown(shown, name));
}

void ebbi_say_more(char *text, size_t size, size_t count) {
  size_t used = strlen(text);
  if (count > 5) snprintf(text + used, size - used, " and %zu more", count - 5);
}

bool ebbi_raw_is_empty(const ebbi_raw *raw, size_t col) {
  return raw->columns[col].missing == raw->rows;
}

/* A name, or a position that may count from the end. */
static ebb_status find_column(size_t *col, const ebbi_raw *raw, const char *item, ebbi_asked what) {
  double position, count = (double)raw->cols;
  char shown[EBBI_SHOWN], hint[EBBI_SHOWN];
  *col = ebbi_names_find(&raw->names, item);
  if (*col != EBBI_NO_INDEX) return EBB_OK;
  if (ebbi_parse_double(&position, item) && position == floor(position)) {
    REQUIRE(position < count && position >= -count, EBB_ERR_INPUT,
            "%s: %s %s: the columns are 0 to %zu, or -1 to -%zu from the end", raw->path,
            option_names[what], ebbi_shown(shown, item), raw->cols - 1, raw->cols);
    *col = (size_t)(position < 0 ? position + count : position);
    return EBB_OK;
  }
  const char *near = ebb_suggest(item, (const char *const *)raw->names.items, raw->names.count);
  return ebbi_fail(EBB_ERR_INPUT, "%s: no column \"%s\"%s%s%s (--%s)", raw->path,
                   ebbi_shown(shown, item), near ? "; did you mean \"" : "",
                   near ? ebbi_shown(hint, near) : "", near ? "\"?" : "", option_names[what]);
}

ebb_status ebbi_plan_mark(ebbi_plan *plan, const ebbi_raw *raw, size_t col, ebbi_asked what) {
  char shown[EBBI_SHOWN];
  REQUIRE(plan->asked[col] != what, EBB_ERR_INPUT, "%s: --%s names column \"%s\" twice", raw->path,
          option_names[what], ebbi_shown(shown, raw->names.items[col]));
  REQUIRE(plan->asked[col] == EBBI_ASKED_NOTHING, EBB_ERR_INPUT,
          "%s: column \"%s\" is named twice, in --%s and in --%s", raw->path,
          ebbi_shown(shown, raw->names.items[col]), option_names[plan->asked[col]],
          option_names[what]);
  plan->asked[col] = what;
  ebbi_list *list = what == EBBI_ASKED_TARGET ? &plan->targets : &plan->ids;
  if (what == EBBI_ASKED_TARGET || what == EBBI_ASKED_ID) list->items[list->count++] = col;
  return EBB_OK;
}

static ebb_status take_item(ebbi_plan *plan, const ebbi_raw *raw, const char *item, size_t length,
                            ebbi_asked what) {
  size_t col;
  for (; length > 0 && *item == ' '; item++) length--;
  while (length > 0 && item[length - 1] == ' ') length--;
  char *copy = strndup(item, length);
  REQUIRE(copy, EBB_ERR_MEMORY, "%s: no memory for a name", raw->path);
  ebb_status status = find_column(&col, raw, copy, what);
  free(copy);
  return status == EBB_OK ? ebbi_plan_mark(plan, raw, col, what) : status;
}

static ebb_status take(ebbi_plan *plan, const ebbi_raw *raw, const char *list, ebbi_asked what) {
  if (!list) return EBB_OK;
  size_t whole = ebbi_names_find(&raw->names, list);
  if (whole != EBBI_NO_INDEX) return ebbi_plan_mark(plan, raw, whole, what);
  for (size_t length;; list += length + 1) {
    length = strcspn(list, ",");
    TRY(take_item(plan, raw, list, length, what));
    if (list[length] == '\0') return EBB_OK;
  }
}

/* Names by which a column is known to be what others learn. */
static bool is_target_name(const char *name) {
  static const char *const names[] = {
      "target",  "class",     "label",   "labels",         "y",
      "outcome", "diagnosis", "species", "classification", "response"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcasecmp(name, names[i]) == 0) return true;
  return false;
}

/* The last of the first `count` columns that may be the target. */
static size_t last_candidate(const ebbi_plan *plan, size_t count) {
  while (count > 0 &&
         (plan->asked[count - 1] == EBBI_ASKED_DROP || plan->asked[count - 1] == EBBI_ASKED_ID))
    count--;
  return count - 1; /* EBBI_NO_INDEX: none */
}

/* What parts the columns of a file that seems to have one. */
static const char *how_parted(const ebb_read_options *options) {
  if (options->delimiter) return "something else than --delimiter names parts them";
  if (options->decimal == ',')
    return "commas may part them, which --decimal , takes for those of numbers: leave that out, or "
           "add --delimiter ,";
  return "what parts them is none of , ; tab | and blanks: --delimiter";
}

static ebb_status guess_target(ebbi_plan *plan, const ebbi_raw *raw) {
  char shown[EBBI_SHOWN];
  size_t col = last_candidate(plan, raw->cols);
  REQUIRE(col != EBBI_NO_INDEX && raw->cols > 1, EBB_ERR_INPUT,
          "%s: one column only, so nothing to learn from; if there are more, %s", raw->path,
          how_parted(plan->options));
  REQUIRE(plan->asked[col] == EBBI_ASKED_NOTHING, EBB_ERR_INPUT,
          "%s: column \"%s\", in --%s, is the last and so the target; name another by --target, or "
          "say --task classification if its values are classes",
          raw->path, ebbi_shown(shown, raw->names.items[col]), option_names[plan->asked[col]]);
  plan->guessed = true;
  return ebbi_plan_mark(plan, raw, col, EBBI_ASKED_TARGET);
}

static ebb_status propose_target(ebbi_plan *plan, const ebbi_raw *raw) {
  char shown[EBBI_SHOWN], name[EBBI_SHOWN], word[EBBI_QUOTED];
  size_t target = plan->targets.items[0];
  if (!raw->header || is_target_name(raw->names.items[target])) return EBB_OK;
  for (size_t c = raw->cols; c-- > 0;)
    if (plan->asked[c] != EBBI_ASKED_DROP && is_target_name(raw->names.items[c]))
      return ebbi_notes_add(plan->notes, true,
                            "target \"%s\", the last column; a column is named \"%s\": --target %s",
                            ebbi_shown(shown, raw->names.items[target]),
                            ebbi_shown(name, raw->names.items[c]),
                            ebbi_quoted(word, raw->names.items[c]));
  return EBB_OK;
}

static ebb_status check_options(const ebb_read_options *options, const ebbi_raw *raw) {
  bool lists = options->drop || options->keep || options->categorical || options->numeric;
  REQUIRE(!lists || !options->encoder, EBB_ERR_ARGUMENT,
          "%s: the model says what each column is: --drop, --keep, --categorical and --numeric are "
          "for training",
          raw->path);
  REQUIRE(!raw->image || !(lists || options->id || options->target), EBB_ERR_ARGUMENT,
          "%s: an image has no columns to be named; its targets come from a second file (--labels)",
          raw->path);
  REQUIRE(!options->target || !options->no_target, EBB_ERR_ARGUMENT,
          "%s: a target, and none, are asked for: --target %s and --no-target", raw->path,
          options->target);
  return EBB_OK;
}

ebb_status ebbi_plan_make(ebbi_plan *plan, const ebbi_raw *raw, bool array) {
  const ebb_read_options *options = plan->options;
  size_t inputs = options->encoder ? options->encoder->columns : 0;
  TRY(check_options(options, raw));
  plan->asked = calloc(raw->cols, sizeof *plan->asked);
  plan->targets.items = calloc(raw->cols, sizeof *plan->targets.items);
  plan->ids.items = calloc(raw->cols, sizeof *plan->ids.items);
  plan->inputs.items = calloc(inputs + 1, sizeof *plan->inputs.items);
  REQUIRE(plan->asked && plan->targets.items && plan->ids.items && plan->inputs.items,
          EBB_ERR_MEMORY, "%s: no memory for %zu columns", raw->path, raw->cols);
  TRY(take(plan, raw, options->drop, EBBI_ASKED_DROP));
  TRY(take(plan, raw, options->keep, EBBI_ASKED_KEEP));
  TRY(take(plan, raw, options->categorical, EBBI_ASKED_CATEGORICAL));
  TRY(take(plan, raw, options->numeric, EBBI_ASKED_NUMERIC));
  TRY(take(plan, raw, options->id, EBBI_ASKED_ID));
  TRY(take(plan, raw, options->target, EBBI_ASKED_TARGET));
  if (options->encoder) return ebbi_plan_match(plan, raw);
  if (options->target || options->no_target || array) return EBB_OK;
  return guess_target(plan, raw);
}

static void encoder_forms(ebbi_form *forms, const ebbi_plan *plan) {
  const ebb_encoder *encoder = plan->options->encoder;
  for (size_t i = 0; i < plan->inputs.count && encoder->features; i++)
    if (encoder->features[i].kind == EBB_KIND_CATEGORY ||
        encoder->features[i].kind == EBB_KIND_AMOUNT || encoder->features[i].kind == EBB_KIND_DATE)
      forms[plan->inputs.items[i]] = EBBI_FORM_TEXT;
}

void ebbi_plan_forms(ebbi_form *forms, const ebbi_plan *plan, const ebbi_raw *raw) {
  static const ebbi_form by_asked[] = {
      [EBBI_ASKED_DROP] = EBBI_FORM_SKIP,   [EBBI_ASKED_CATEGORICAL] = EBBI_FORM_TEXT,
      [EBBI_ASKED_ID] = EBBI_FORM_TEXT,     [EBBI_ASKED_TARGET] = EBBI_FORM_BOTH,
      [EBBI_ASKED_UNUSED] = EBBI_FORM_SKIP,
  };
  for (size_t c = 0; c < raw->cols; c++) forms[c] = by_asked[plan->asked[c]];
  if (plan->options->encoder) encoder_forms(forms, plan);
}

ebb_status ebbi_plan_settle(ebbi_plan *plan, const ebbi_raw *raw) {
  if (!plan->guessed) return EBB_OK;
  size_t *target = plan->targets.items;
  while (ebbi_raw_is_empty(raw, *target)) {
    plan->asked[*target] = EBBI_ASKED_NOTHING;
    *target = last_candidate(plan, *target);
    REQUIRE(*target != EBBI_NO_INDEX, EBB_ERR_INPUT, "%s: all columns are empty", raw->path);
    plan->asked[*target] = EBBI_ASKED_TARGET;
  }
  return propose_target(plan, raw);
}
