/* Columns by name, position and default.
 *
 * A column in two lists is refused: no precedence rule could know which list the user meant.
 * Without a named target the last column is the target; only names, never values, can rule a column
 * out.
 */
#include "data/roles.h"

#include "base/error.h"
#include "base/text.h"
#include "data/encoder.h"

#include <ebb/tool.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const option_names[] = {"",        "drop", "keep",   "categorical",
                                           "numeric", "id",   "target", "weight-column"};

void ebbi_roles_free(ebbi_roles *roles) {
  free(roles->of);
  free(roles->targets.items);
  free(roles->ids.items);
  free(roles->inputs.items);
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

ebb_status ebbi_find_column(size_t *col, const ebbi_raw *raw, const char *item,
                            const char *option) {
  double position, count = (double)raw->cols;
  char shown[EBBI_SHOWN], hint[EBBI_SHOWN];
  *col = ebbi_names_find(&raw->names, item);
  if (*col != EBBI_NO_INDEX) return EBB_OK;
  if (ebbi_parse_double(&position, item) && position == floor(position)) {
    REQUIRE(position < count && position >= -count, EBB_ERR_INPUT,
            "%s: %s %s: the columns are 0 to %zu, or -1 to -%zu from the end", raw->path, option,
            ebbi_shown(shown, item), raw->cols - 1, raw->cols);
    *col = (size_t)(position < 0 ? position + count : position);
    return EBB_OK;
  }
  const char *near = ebb_suggest(item, (const char *const *)raw->names.items, raw->names.count);
  return ebbi_fail(EBB_ERR_INPUT, "%s: no column \"%s\"%s%s%s (--%s)", raw->path,
                   ebbi_shown(shown, item), near ? "; did you mean \"" : "",
                   near ? ebbi_shown(hint, near) : "", near ? "\"?" : "", option);
}

ebb_status ebbi_roles_mark(ebbi_roles *roles, const ebbi_raw *raw, size_t col, ebbi_role role) {
  char shown[EBBI_SHOWN];
  REQUIRE(roles->of[col] != role, EBB_ERR_INPUT, "%s: --%s names column \"%s\" twice", raw->path,
          option_names[role], ebbi_shown(shown, raw->names.items[col]));
  REQUIRE(roles->of[col] == EBBI_ROLE_NOTHING, EBB_ERR_INPUT,
          "%s: column \"%s\" is named twice, in --%s and in --%s", raw->path,
          ebbi_shown(shown, raw->names.items[col]), option_names[roles->of[col]],
          option_names[role]);
  REQUIRE(role != EBBI_ROLE_WEIGHT || !roles->weighted, EBB_ERR_INPUT,
          "%s: --weight-column names the columns \"%.80s\" and \"%.80s\"; weights are one column",
          raw->path, raw->names.items[roles->weight], raw->names.items[col]);
  roles->of[col] = role;
  if (role == EBBI_ROLE_WEIGHT) roles->weighted = true, roles->weight = col;
  ebbi_list *list = role == EBBI_ROLE_TARGET ? &roles->targets : &roles->ids;
  if (role == EBBI_ROLE_TARGET || role == EBBI_ROLE_ID) list->items[list->count++] = col;
  return EBB_OK;
}

static ebb_status take_item(ebbi_roles *roles, const ebbi_raw *raw, const char *item, size_t length,
                            ebbi_role role) {
  size_t col;
  for (; length > 0 && *item == ' '; item++) length--;
  while (length > 0 && item[length - 1] == ' ') length--;
  char *copy = strndup(item, length);
  REQUIRE(copy, EBB_ERR_MEMORY, "%s: no memory for a name", raw->path);
  ebb_status status = ebbi_find_column(&col, raw, copy, option_names[role]);
  free(copy);
  return status == EBB_OK ? ebbi_roles_mark(roles, raw, col, role) : status;
}

static ebb_status take(ebbi_roles *roles, const ebbi_raw *raw, const char *list, ebbi_role role) {
  if (!list) return EBB_OK;
  size_t whole = ebbi_names_find(&raw->names, list);
  if (whole != EBBI_NO_INDEX) return ebbi_roles_mark(roles, raw, whole, role);
  for (size_t length;; list += length + 1) {
    length = strcspn(list, ",");
    TRY(take_item(roles, raw, list, length, role));
    if (list[length] == '\0') return EBB_OK;
  }
}

/* Usual names of target columns. */
static bool is_target_name(const char *name) {
  static const char *const names[] = {
      "target",  "class",     "label",   "labels",         "y",
      "outcome", "diagnosis", "species", "classification", "response"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (strcasecmp(name, names[i]) == 0) return true;
  return false;
}

/* The last of the first `count` columns that may be the target. */
static size_t last_candidate(const ebbi_roles *roles, size_t count) {
  while (count > 0 &&
         (roles->of[count - 1] == EBBI_ROLE_DROP || roles->of[count - 1] == EBBI_ROLE_ID ||
          roles->of[count - 1] == EBBI_ROLE_WEIGHT))
    count--;
  return count - 1; /* EBBI_NO_INDEX: none */
}

/* The delimiter of a file that seems to have a single column. */
static const char *how_parted(const ebb_read_options *options) {
  if (options->delimiter) return "the delimiter is not the one given by --delimiter";
  if (options->decimal == ',')
    return "the delimiter may be the comma, which --decimal , reads as a decimal mark: remove "
           "that, or add --delimiter ,";
  return "their delimiter is none of , ; tab | and blanks: name it with --delimiter";
}

static ebb_status guess_target(ebbi_roles *roles, const ebbi_raw *raw) {
  char shown[EBBI_SHOWN];
  size_t col = last_candidate(roles, raw->cols);
  REQUIRE(col != EBBI_NO_INDEX && raw->cols > 1, EBB_ERR_INPUT,
          "%s: one column only, so nothing to learn from; if there are more, %s", raw->path,
          how_parted(roles->options));
  REQUIRE(roles->of[col] == EBBI_ROLE_NOTHING, EBB_ERR_INPUT,
          "%s: column \"%s\", in --%s, is the last and so the target; name another by --target, or "
          "say --task classification if its values are classes",
          raw->path, ebbi_shown(shown, raw->names.items[col]), option_names[roles->of[col]]);
  roles->guessed = true;
  return ebbi_roles_mark(roles, raw, col, EBBI_ROLE_TARGET);
}

static ebb_status propose_target(ebbi_roles *roles, const ebbi_raw *raw) {
  char shown[EBBI_SHOWN], name[EBBI_SHOWN], word[EBBI_QUOTED];
  size_t target = roles->targets.items[0];
  if (!raw->header || is_target_name(raw->names.items[target])) return EBB_OK;
  for (size_t c = raw->cols; c-- > 0;)
    if (roles->of[c] != EBBI_ROLE_DROP && is_target_name(raw->names.items[c]))
      return ebbi_notes_add(roles->notes, true,
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
  REQUIRE(!raw->image || !(lists || options->id || options->target || options->weight),
          EBB_ERR_ARGUMENT,
          "%s: an image has no columns to be named; its targets come from a second file (--labels)",
          raw->path);
  REQUIRE(!options->target || !options->no_target, EBB_ERR_ARGUMENT,
          "%s: --target %s and --no-target exclude each other", raw->path, options->target);
  return EBB_OK;
}

ebb_status ebbi_roles_make(ebbi_roles *roles, const ebbi_raw *raw, bool array) {
  const ebb_read_options *options = roles->options;
  size_t inputs = options->encoder ? options->encoder->columns : 0;
  TRY(check_options(options, raw));
  roles->of = calloc(raw->cols, sizeof *roles->of);
  roles->targets.items = calloc(raw->cols, sizeof *roles->targets.items);
  roles->ids.items = calloc(raw->cols, sizeof *roles->ids.items);
  roles->inputs.items = calloc(inputs + 1, sizeof *roles->inputs.items);
  REQUIRE(roles->of && roles->targets.items && roles->ids.items && roles->inputs.items,
          EBB_ERR_MEMORY, "%s: no memory for %zu columns", raw->path, raw->cols);
  TRY(take(roles, raw, options->drop, EBBI_ROLE_DROP));
  TRY(take(roles, raw, options->keep, EBBI_ROLE_KEEP));
  TRY(take(roles, raw, options->categorical, EBBI_ROLE_CATEGORICAL));
  TRY(take(roles, raw, options->numeric, EBBI_ROLE_NUMERIC));
  TRY(take(roles, raw, options->id, EBBI_ROLE_ID));
  TRY(take(roles, raw, options->target, EBBI_ROLE_TARGET));
  TRY(take(roles, raw, options->weight, EBBI_ROLE_WEIGHT));
  if (options->encoder) return ebbi_roles_match(roles, raw);
  if (options->target || options->no_target || array) return EBB_OK;
  return guess_target(roles, raw);
}

static void encoder_forms(ebbi_form *forms, const ebbi_roles *roles) {
  const ebb_encoder *encoder = roles->options->encoder;
  for (size_t i = 0; i < roles->inputs.count && encoder->features; i++)
    if (encoder->features[i].kind == EBB_COLUMN_CATEGORY ||
        encoder->features[i].kind == EBB_COLUMN_AMOUNT ||
        encoder->features[i].kind == EBB_COLUMN_DATE)
      forms[roles->inputs.items[i]] = EBBI_FORM_TEXT;
}

void ebbi_roles_forms(ebbi_form *forms, const ebbi_roles *roles, const ebbi_raw *raw) {
  static const ebbi_form by_role[] = {
      [EBBI_ROLE_DROP] = EBBI_FORM_SKIP,   [EBBI_ROLE_CATEGORICAL] = EBBI_FORM_TEXT,
      [EBBI_ROLE_ID] = EBBI_FORM_TEXT,     [EBBI_ROLE_TARGET] = EBBI_FORM_BOTH,
      [EBBI_ROLE_UNUSED] = EBBI_FORM_SKIP,
  };
  for (size_t c = 0; c < raw->cols; c++) forms[c] = by_role[roles->of[c]];
  if (roles->options->encoder) encoder_forms(forms, roles);
}

ebb_status ebbi_roles_default_target(ebbi_roles *roles, const ebbi_raw *raw) {
  if (!roles->guessed) return EBB_OK;
  size_t *target = roles->targets.items;
  while (ebbi_raw_is_empty(raw, *target)) {
    roles->of[*target] = EBBI_ROLE_NOTHING;
    *target = last_candidate(roles, *target);
    REQUIRE(*target != EBBI_NO_INDEX, EBB_ERR_INPUT, "%s: all columns are empty", raw->path);
    roles->of[*target] = EBBI_ROLE_TARGET;
  }
  return propose_target(roles, raw);
}
