/* Finding an encoder's columns in a file.
 *
 * If both the training file and this one have a header, columns are found by name: their order does
 * not matter, and additional columns do no harm. Otherwise they are found by position: the columns
 * must be those of training, with or without the target, and with or without the columns left out
 * then.
 */
#include "data/roles.h"

#include "base/error.h"
#include "data/encoder.h"
#include <stdlib.h>
#include <string.h>

static ebb_status mark_input(ebbi_roles *roles, const ebbi_raw *raw, size_t col) {
  char shown[EBBI_SHOWN];
  REQUIRE(roles->of[col] == EBBI_ROLE_NOTHING, EBB_ERR_INPUT,
          "%s: column \"%s\" is an input of the model, and cannot be target, id or weight",
          raw->path, ebbi_shown(shown, raw->names.items[col]));
  roles->of[col] = EBBI_ROLE_INPUT;
  roles->inputs.items[roles->inputs.count++] = col;
  return EBB_OK;
}

/* The encoder's targets, if all of them are there. */
static ebb_status match_targets(ebbi_roles *roles, const ebbi_raw *raw) {
  const ebbi_names *targets = &roles->options->encoder->targets;
  for (size_t k = 0; k < targets->count; k++) {
    size_t col = ebbi_names_find(&raw->names, targets->items[k]);
    if (col == EBBI_NO_INDEX || roles->of[col] != EBBI_ROLE_NOTHING) return EBB_OK;
  }
  for (size_t k = 0; k < targets->count; k++)
    TRY(ebbi_roles_mark(roles, raw, ebbi_names_find(&raw->names, targets->items[k]),
                        EBBI_ROLE_TARGET));
  return EBB_OK;
}

/* Notes columns that are neither in the training file nor named by an option. */
static ebb_status note_extra(ebbi_roles *roles, const ebbi_raw *raw) {
  const ebb_encoder *encoder = roles->options->encoder;
  char list[320] = "";
  size_t count = 0;
  for (size_t c = 0; c < raw->cols; c++) {
    const char *name = raw->names.items[c];
    if (roles->of[c] == EBBI_ROLE_NOTHING &&
        ebbi_names_find(&encoder->targets, name) == EBBI_NO_INDEX &&
        ebbi_names_find(&encoder->left_out, name) == EBBI_NO_INDEX &&
        ebbi_names_find(&encoder->ids, name) == EBBI_NO_INDEX &&
        !(encoder->weight && strcmp(encoder->weight, name) == 0))
      ebbi_say_name(list, sizeof list, &count, name);
  }
  if (count == 0) return EBB_OK;
  ebbi_say_more(list, sizeof list, count);
  return ebbi_notes_add(
      roles->notes, false,
      "column%s ignored, since the model was trained without: %s; --id passes one through",
      count == 1 ? "" : "s", list);
}

static ebb_status match_by_name(ebbi_roles *roles, const ebbi_raw *raw) {
  const ebb_encoder *encoder = roles->options->encoder;
  char list[320] = "";
  size_t missing = 0;
  for (size_t i = 0; i < encoder->columns; i++)
    if (ebbi_names_find(&raw->names, encoder->names.items[i]) == EBBI_NO_INDEX)
      ebbi_say_name(list, sizeof list, &missing, encoder->names.items[i]);
  ebbi_say_more(list, sizeof list, missing);
  REQUIRE(missing == 0, EBB_ERR_INPUT,
          "%s: %zu of the model's %zu input columns %s missing: %s; the header must name them as "
          "the training file did",
          raw->path, missing, encoder->columns, missing == 1 ? "is" : "are", list);
  for (size_t i = 0; i < encoder->columns; i++)
    TRY(mark_input(roles, raw, ebbi_names_find(&raw->names, encoder->names.items[i])));
  if (!roles->options->target && !roles->options->no_target) TRY(match_targets(roles, raw));
  return note_extra(roles, raw);
}

/* Which columns of the training file this file has; it must have the inputs. */
typedef struct shape {
  bool targets, left_out;
} shape;

static size_t find_position(const size_t *positions, size_t count, size_t position) {
  for (size_t i = 0; i < count; i++)
    if (positions[i] == position) return i;
  return EBBI_NO_INDEX;
}

static size_t shape_columns(const ebb_encoder *encoder, shape s) {
  size_t in_file = 0; /* targets in the training file itself, not in a labels file */
  for (size_t k = 0; k < encoder->targets.count; k++)
    in_file += encoder->target_positions[k] < encoder->file_columns;
  size_t inputs = s.left_out ? encoder->file_columns - in_file : encoder->columns;
  return inputs + (s.targets ? encoder->targets.count : 0);
}

/* An ignored target may be passed through as an id as well. */
static bool is_carried(const ebbi_roles *roles, size_t col) {
  return roles->options->ignore_target && roles->of[col] == EBBI_ROLE_ID;
}

/* Walks through the columns of the training file and of this file in parallel. With `aside`, skips
 * columns that already are a target or an id. */
static ebb_status match_shape(ebbi_roles *roles, const ebbi_raw *raw, shape s, bool aside) {
  const ebb_encoder *encoder = roles->options->encoder;
  size_t targets = encoder->targets.count, col = 0, input = 0;
  for (size_t p = 0; p < encoder->file_columns + targets; p++) {
    bool is_input = input < encoder->columns && encoder->positions[input] == p;
    bool is_target = find_position(encoder->target_positions, targets, p) != EBBI_NO_INDEX;
    bool here = is_input || (is_target ? s.targets : s.left_out && p < encoder->file_columns);
    if (!here) continue;
    while (aside && col < raw->cols && roles->of[col] != EBBI_ROLE_NOTHING) col++;
    REQUIRE(col < raw->cols, EBB_ERR_INPUT, "%s: the model's columns contradict each other",
            raw->path);
    if (is_input) {
      TRY(mark_input(roles, raw, col));
      input++;
    } else if (is_target && !roles->options->target && !is_carried(roles, col)) {
      TRY(ebbi_roles_mark(roles, raw, col, EBBI_ROLE_TARGET));
    }
    col++;
  }
  REQUIRE(input == encoder->columns, EBB_ERR_INPUT, "%s: the model's columns are out of order",
          raw->path);
  return EBB_OK;
}

static ebb_status match_by_position(ebbi_roles *roles, const ebbi_raw *raw) {
  static const shape shapes[] = {{true, true}, {false, true}, {true, false}, {false, false}};
  const ebb_encoder *encoder = roles->options->encoder;
  size_t aside = roles->targets.count + roles->ids.count + (roles->weighted ? 1 : 0);
  for (size_t i = 0; i < 4; i++) {
    bool set_aside = aside > 0 && i > 0; /* unless everything is as in training */
    bool no_targets = roles->options->no_target || (set_aside && roles->targets.count > 0);
    if (shapes[i].targets && no_targets) continue;
    if (shape_columns(encoder, shapes[i]) == raw->cols - (set_aside ? aside : 0))
      return match_shape(roles, raw, shapes[i], set_aside);
  }
  size_t with_target = shape_columns(encoder, (shape){.targets = true});
  return ebbi_fail(EBB_ERR_INPUT,
                   "%s: %zu columns, but the model takes %zu (or %zu with the target)%s", raw->path,
                   raw->cols, encoder->columns, with_target,
                   encoder->named ? ", by position, since this file has no header" : "");
}

/* Targets follow the inputs: one column of classes, or one column for each output. */
static ebb_status match_bare(ebbi_roles *roles, const ebbi_raw *raw) {
  const ebb_encoder *encoder = roles->options->encoder;
  size_t aside = roles->targets.count + roles->ids.count + (roles->weighted ? 1 : 0);
  size_t rest = raw->cols - aside, inputs = encoder->columns;
  bool may = !roles->options->target && !roles->options->no_target;
  bool with_target = may && (rest == inputs + 1 || rest == inputs + encoder->outputs);
  REQUIRE(rest == inputs || with_target, EBB_ERR_INPUT,
          "%s: %zu columns, but the model takes %zu%s", raw->path, rest, inputs,
          may ? ", followed by one target, or one for each output" : "");
  for (size_t c = 0; c < raw->cols; c++) {
    if (roles->of[c] != EBBI_ROLE_NOTHING) continue;
    if (roles->inputs.count < inputs)
      TRY(mark_input(roles, raw, c));
    else
      TRY(ebbi_roles_mark(roles, raw, c, EBBI_ROLE_TARGET));
  }
  return EBB_OK;
}

ebb_status ebbi_roles_match(ebbi_roles *roles, const ebbi_raw *raw) {
  const ebb_encoder *encoder = roles->options->encoder;
  if (encoder->bare)
    TRY(match_bare(roles, raw));
  else if (encoder->named && encoder->features && raw->header)
    TRY(match_by_name(roles, raw));
  else
    TRY(match_by_position(roles, raw));
  bool ignored = roles->options->ignore_target;
  for (size_t c = 0; c < raw->cols; c++)
    if (roles->of[c] == EBBI_ROLE_NOTHING || (ignored && roles->of[c] == EBBI_ROLE_TARGET))
      roles->of[c] = EBBI_ROLE_UNUSED;
  if (ignored) roles->targets.count = 0;
  return EBB_OK;
}
