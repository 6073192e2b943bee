/* An encoder's columns among those of a file.
 *
 * By name where the file of training and this one have a header: order does not matter then, and
 * further columns do no harm. By position else: the columns must then be those of training, with or
 * without the target, with or without those that were left out.
 */
#include "data/plan.h"

#include "base/error.h"
#include "data/encoder.h"
#include <stdlib.h>
#include <string.h>

static ebb_status mark_input(ebbi_plan *plan, const ebbi_raw *raw, size_t col) {
  char shown[EBBI_SHOWN];
  REQUIRE(plan->asked[col] == EBBI_ASKED_NOTHING, EBB_ERR_INPUT,
          "%s: column \"%s\" is an input of the model, and can be neither target nor id", raw->path,
          ebbi_shown(shown, raw->names.items[col]));
  plan->asked[col] = EBBI_ASKED_INPUT;
  plan->inputs.items[plan->inputs.count++] = col;
  return EBB_OK;
}

/* The encoder's targets, if all of them are there. */
static ebb_status match_targets(ebbi_plan *plan, const ebbi_raw *raw) {
  const ebbi_names *targets = &plan->options->encoder->targets;
  for (size_t k = 0; k < targets->count; k++) {
    size_t col = ebbi_names_find(&raw->names, targets->items[k]);
    if (col == EBBI_NO_INDEX || plan->asked[col] != EBBI_ASKED_NOTHING) return EBB_OK;
  }
  for (size_t k = 0; k < targets->count; k++)
    TRY(ebbi_plan_mark(plan, raw, ebbi_names_find(&raw->names, targets->items[k]),
                       EBBI_ASKED_TARGET));
  return EBB_OK;
}

/* Columns that neither the training file had nor an option names. */
static ebb_status note_extra(ebbi_plan *plan, const ebbi_raw *raw) {
  const ebb_encoder *encoder = plan->options->encoder;
  char list[320] = "";
  size_t count = 0;
  for (size_t c = 0; c < raw->cols; c++) {
    const char *name = raw->names.items[c];
    if (plan->asked[c] == EBBI_ASKED_NOTHING &&
        ebbi_names_find(&encoder->targets, name) == EBBI_NO_INDEX &&
        ebbi_names_find(&encoder->left_out, name) == EBBI_NO_INDEX &&
        ebbi_names_find(&encoder->ids, name) == EBBI_NO_INDEX)
      ebbi_say_name(list, sizeof list, &count, name);
  }
  if (count == 0) return EBB_OK;
  ebbi_say_more(list, sizeof list, count);
  return ebbi_notes_add(plan->notes, false,
                        "column%s ignored, as the model was trained without: %s; --id carries one "
                        "along",
                        count == 1 ? "" : "s", list);
}

static ebb_status match_by_name(ebbi_plan *plan, const ebbi_raw *raw) {
  const ebb_encoder *encoder = plan->options->encoder;
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
    TRY(mark_input(plan, raw, ebbi_names_find(&raw->names, encoder->names.items[i])));
  if (!plan->options->target && !plan->options->no_target) TRY(match_targets(plan, raw));
  return note_extra(plan, raw);
}

/* Which columns of the training file this one has; the inputs it must have. */
typedef struct shape {
  bool targets, left_out;
} shape;

static size_t find_position(const size_t *positions, size_t count, size_t position) {
  for (size_t i = 0; i < count; i++)
    if (positions[i] == position) return i;
  return EBBI_NO_INDEX;
}

static size_t shape_columns(const ebb_encoder *encoder, shape s) {
  size_t in_file = 0; /* targets of the training file itself, not of a file of labels */
  for (size_t k = 0; k < encoder->targets.count; k++)
    in_file += encoder->target_positions[k] < encoder->file_columns;
  size_t inputs = s.left_out ? encoder->file_columns - in_file : encoder->columns;
  return inputs + (s.targets ? encoder->targets.count : 0);
}

/* A target that is not looked at may as well be carried along. */
static bool is_carried(const ebbi_plan *plan, size_t col) {
  return plan->options->ignore_target && plan->asked[col] == EBBI_ASKED_ID;
}

/* Walks over the columns of the training file and those of this one side by side. Columns that are
 * a target or an id already are passed over if `aside`. */
static ebb_status match_shape(ebbi_plan *plan, const ebbi_raw *raw, shape s, bool aside) {
  const ebb_encoder *encoder = plan->options->encoder;
  size_t targets = encoder->targets.count, col = 0, input = 0;
  for (size_t p = 0; p < encoder->file_columns + targets; p++) {
    bool is_input = input < encoder->columns && encoder->positions[input] == p;
    bool is_target = find_position(encoder->target_positions, targets, p) != EBBI_NO_INDEX;
    bool here = is_input || (is_target ? s.targets : s.left_out && p < encoder->file_columns);
    if (!here) continue;
    while (aside && col < raw->cols && plan->asked[col] != EBBI_ASKED_NOTHING) col++;
    REQUIRE(col < raw->cols, EBB_ERR_INPUT, "%s: the model's columns contradict each other",
            raw->path);
    if (is_input) {
      TRY(mark_input(plan, raw, col));
      input++;
    } else if (is_target && !plan->options->target && !is_carried(plan, col)) {
      TRY(ebbi_plan_mark(plan, raw, col, EBBI_ASKED_TARGET));
    }
    col++;
  }
  REQUIRE(input == encoder->columns, EBB_ERR_INPUT, "%s: the model's columns are out of order",
          raw->path);
  return EBB_OK;
}

static ebb_status match_by_position(ebbi_plan *plan, const ebbi_raw *raw) {
  static const shape shapes[] = {{true, true}, {false, true}, {true, false}, {false, false}};
  const ebb_encoder *encoder = plan->options->encoder;
  size_t aside = plan->targets.count + plan->ids.count;
  for (size_t i = 0; i < 4; i++) {
    bool set_aside = aside > 0 && i > 0; /* unless all is as it was in training */
    bool no_targets = plan->options->no_target || (set_aside && plan->targets.count > 0);
    if (shapes[i].targets && no_targets) continue;
    if (shape_columns(encoder, shapes[i]) == raw->cols - (set_aside ? aside : 0))
      return match_shape(plan, raw, shapes[i], set_aside);
  }
  size_t with_target = shape_columns(encoder, (shape){.targets = true});
  return ebbi_fail(EBB_ERR_INPUT,
                   "%s: %zu columns, but the model takes %zu (or %zu with the target)%s", raw->path,
                   raw->cols, encoder->columns, with_target,
                   encoder->named ? ", by position, as this file names none" : "");
}

/* Targets stand last, behind the inputs: one column of classes, or a column an output. */
static ebb_status match_bare(ebbi_plan *plan, const ebbi_raw *raw) {
  const ebb_encoder *encoder = plan->options->encoder;
  size_t rest = raw->cols - plan->targets.count - plan->ids.count, inputs = encoder->columns;
  bool may = !plan->options->target && !plan->options->no_target;
  bool with_target = may && (rest == inputs + 1 || rest == inputs + encoder->outputs);
  REQUIRE(rest == inputs || with_target, EBB_ERR_INPUT,
          "%s: %zu columns, but the model takes %zu%s", raw->path, rest, inputs,
          may ? ", with one target, or one an output, behind them" : "");
  for (size_t c = 0; c < raw->cols; c++) {
    if (plan->asked[c] != EBBI_ASKED_NOTHING) continue;
    if (plan->inputs.count < inputs)
      TRY(mark_input(plan, raw, c));
    else
      TRY(ebbi_plan_mark(plan, raw, c, EBBI_ASKED_TARGET));
  }
  return EBB_OK;
}

ebb_status ebbi_plan_match(ebbi_plan *plan, const ebbi_raw *raw) {
  const ebb_encoder *encoder = plan->options->encoder;
  if (encoder->bare)
    TRY(match_bare(plan, raw));
  else if (encoder->named && encoder->features && raw->header)
    TRY(match_by_name(plan, raw));
  else
    TRY(match_by_position(plan, raw));
  bool ignored = plan->options->ignore_target;
  for (size_t c = 0; c < raw->cols; c++)
    if (plan->asked[c] == EBBI_ASKED_NOTHING || (ignored && plan->asked[c] == EBBI_ASKED_TARGET))
      plan->asked[c] = EBBI_ASKED_UNUSED;
  if (ignored) plan->targets.count = 0;
  return EBB_OK;
}
