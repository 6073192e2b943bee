/* The table of schedules: names, defaults, parameters, and the text form.
 */
#include "schedule.h"

#include "base/error.h"
#include "base/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct {
  const char *name;
  double factor;
  unsigned parts;
} names[] = {
#define SCHEDULE_ROW(name, text, factor, parts, steps, formula) {text, factor, parts},
    EBB_SCHEDULE_LIST(SCHEDULE_ROW)};

/* A parameter that says when something happens: a part of the steps, or a number of them. */
#define MOST_STEPS        9007199254740992.0
#define TIME(name, usual) {name, 0, MOST_STEPS, true, false, usual}

static const ebbi_schedule_row rows[EBB_SCHEDULE_COUNT] = {
    [EBB_SCHEDULE_CONSTANT] = {ebbi_piece_whole, .curve = EBBI_CURVE_CONSTANT},
    [EBB_SCHEDULE_LINEAR] = {ebbi_piece_whole, .curve = EBBI_CURVE_LINEAR},
    [EBB_SCHEDULE_COSINE] = {ebbi_piece_whole, .curve = EBBI_CURVE_COSINE},
    [EBB_SCHEDULE_STEP] = {ebbi_piece_whole, .curve = EBBI_CURVE_STEP},
    [EBB_SCHEDULE_EXPONENTIAL] = {ebbi_piece_whole, .curve = EBBI_CURVE_EXPONENTIAL},
    [EBB_SCHEDULE_MULTISTEP] = {ebbi_piece_multistep, .many = true,
                                .parameters = {TIME("milestone", 0.5)}},
    [EBB_SCHEDULE_COSINE_RESTARTS] = {ebbi_piece_restarts,
                                      .parameters = {{"growth", 1, 1000, false, false, 1}}},
    [EBB_SCHEDULE_ONE_CYCLE] = {ebbi_piece_one_cycle, .rises = true,
                                .parameters = {TIME("rise", 0.3),
                                               {"divisor", 1, 1e9, false, false, 25}}},
    [EBB_SCHEDULE_WSD] = {ebbi_piece_decay, .curve = EBBI_CURVE_LINEAR,
                          .parameters = {TIME("decay", 0.2)}},
    [EBB_SCHEDULE_WSD_SQRT] = {ebbi_piece_decay, .curve = EBBI_CURVE_ROOT,
                               .parameters = {TIME("decay", 0.2)}},
    [EBB_SCHEDULE_POLYNOMIAL] = {ebbi_piece_whole, .curve = EBBI_CURVE_POLYNOMIAL,
                                 .parameters = {{"power", 0, 100, true, false, 2}}},
    [EBB_SCHEDULE_INVERSE_SQRT] = {ebbi_piece_whole, .curve = EBBI_CURVE_INVERSE_ROOT},
    [EBB_SCHEDULE_FLAT_COSINE] = {ebbi_piece_flat, .curve = EBBI_CURVE_COSINE,
                                  .parameters = {TIME("flat", 0.5)}},
    [EBB_SCHEDULE_COSLOG4] = {ebbi_piece_whole, .curve = EBBI_CURVE_COSLOG4},
    [EBB_SCHEDULE_PLATEAU] = {ebbi_piece_plateau, .waits = true,
                              .parameters = {{"patience", 0, 1e9, false, false, 10},
                                             {"least", 0, 1, false, false, 0},
                                             {"threshold", 0, 1, false, true, 1e-4}}},
};

static bool exists(ebb_schedule_kind kind) {
  return (unsigned)kind < EBB_SCHEDULE_COUNT;
}

const ebbi_schedule_row *ebbi_schedule_row_of(ebb_schedule_kind kind) {
  return &rows[kind];
}

const char *ebb_schedule_name(ebb_schedule_kind kind) {
  return exists(kind) ? names[kind].name : "?";
}

bool ebb_schedule_has_steps(ebb_schedule_kind kind) {
  return exists(kind) && names[kind].parts > 0;
}

bool ebb_schedule_has_factor(ebb_schedule_kind kind) {
  return exists(kind) && names[kind].factor < 1;
}

ebb_schedule ebb_schedule_default(ebb_schedule_kind kind) {
  return (ebb_schedule){.kind = kind, .factor = exists(kind) ? names[kind].factor : 1};
}

static size_t parameter_count(ebb_schedule_kind kind) {
  size_t count = 0;
  while (count < EBBI_SCHEDULE_PARAMETERS && rows[kind].parameters[count].name) count++;
  return count;
}

static const ebbi_setting *parameter(ebb_schedule_kind kind, size_t p) {
  return &rows[kind].parameters[rows[kind].many ? 0 : p];
}

ebb_schedule_shape ebbi_shape_complete(ebb_schedule_kind kind, const ebb_schedule_shape *shape) {
  ebb_schedule_shape whole = {0};
  if (shape) whole = *shape;
  if (rows[kind].many && whole.count > 0) return whole;
  for (size_t p = whole.count; p < parameter_count(kind); p++)
    whole.values[whole.count++] = rows[kind].parameters[p].usual;
  if (rows[kind].many) whole.values[whole.count++] = (1 + rows[kind].parameters[0].usual) / 2;
  return whole;
}

ebb_schedule_shape ebb_schedule_shape_default(ebb_schedule_kind kind) {
  return exists(kind) ? ebbi_shape_complete(kind, NULL) : (ebb_schedule_shape){0};
}

ebb_status ebbi_shape_check(const char *where, ebb_schedule_kind kind,
                            const ebb_schedule_shape *shape) {
  REQUIRE(exists(kind), EBB_ERR_ARGUMENT, "%s: there is no schedule %d", where, (int)kind);
  size_t most = rows[kind].many ? EBB_SCHEDULE_VALUES : parameter_count(kind);
  REQUIRE(shape->count <= most, EBB_ERR_ARGUMENT, "%s: %s has at most %zu parameters, not %zu",
          where, names[kind].name, most, shape->count);
  for (size_t p = 0; p < shape->count; p++)
    TRY(ebbi_setting_check(where, names[kind].name, parameter(kind, p), shape->values[p]));
  return EBB_OK;
}

/* ---- text ---- */

static ebb_status find(ebb_schedule_kind *kind, const char *text, size_t length) {
  char known[320] = "";
  for (int i = 0; i < EBB_SCHEDULE_COUNT; i++) {
    *kind = (ebb_schedule_kind)i;
    if (strlen(names[i].name) == length && strncmp(text, names[i].name, length) == 0) return EBB_OK;
    snprintf(known + strlen(known), sizeof known - strlen(known), "%s%s", i ? ", " : "",
             names[i].name);
  }
  return ebbi_fail(EBB_ERR_ARGUMENT, "schedule \"%.*s\": unknown; known are: %s",
                   (int)(length < 60 ? length : 60), text, known);
}

static bool ends_with(const char *text, size_t *length, const char *unit) {
  size_t of_unit = strlen(unit);
  bool found = *length > of_unit && strncmp(text + *length - of_unit, unit, of_unit) == 0;
  if (found) *length -= of_unit;
  return found;
}

/* A number; of a time it may be in epochs or steps. */
static bool parse_value(double *value, const ebbi_setting *setting, const char *at, size_t length,
                        size_t epoch_steps) {
  bool time = setting->most >= MOST_STEPS;
  bool epochs = time && (ends_with(at, &length, "epochs") || ends_with(at, &length, "epoch"));
  bool steps =
      time && !epochs && (ends_with(at, &length, "steps") || ends_with(at, &length, "step"));
  if (!ebbi_parse_number(value, at, length, '.')) return false;
  if (epochs) *value *= (double)epoch_steps;
  return !(epochs || steps) || *value >= 1;
}

/* Parses what stands between the parentheses. */
static ebb_status parse_values(ebb_schedule_shape *shape, ebb_schedule_kind kind, const char *text,
                               const char *at, size_t epoch_steps) {
  size_t most = rows[kind].many ? EBB_SCHEDULE_VALUES : parameter_count(kind);
  for (char stop = ','; stop == ','; shape->count++) {
    size_t length = strcspn(at, ",)");
    stop = at[length];
    REQUIRE(shape->count < most, EBB_ERR_ARGUMENT,
            "schedule \"%.60s\": %s has at most %zu "
            "parameters",
            text, names[kind].name, most);
    const ebbi_setting *setting = parameter(kind, shape->count);
    REQUIRE(parse_value(&shape->values[shape->count], setting, at, length, epoch_steps),
            EBB_ERR_ARGUMENT, "schedule \"%.60s\": \"%.*s\" is no number for %s", text,
            (int)(length < 40 ? length : 40), at, setting->name);
    REQUIRE(stop != '\0' && (stop == ',' || at[length + 1] == '\0'), EBB_ERR_ARGUMENT,
            "schedule \"%.60s\": does not end with a \")\"", text);
    at += length + 1;
  }
  return EBB_OK;
}

ebb_status ebb_schedule_parse(ebb_schedule *out, ebb_schedule_shape *shape, const char *text,
                              size_t epoch_steps) {
  REQUIRE(out && shape && text, EBB_ERR_ARGUMENT, "ebb_schedule_parse: an argument is NULL");
  size_t length = strcspn(text, "(");
  ebb_schedule_kind kind;
  ebb_schedule_shape given = {0};
  TRY(find(&kind, text, length));
  if (text[length]) TRY(parse_values(&given, kind, text, text + length + 1, epoch_steps));
  TRY(ebbi_shape_check(text, kind, &given));
  *out = ebb_schedule_default(kind);
  *shape = given;
  return EBB_OK;
}

const char *ebb_schedule_text(char text[EBB_SCHEDULE_TEXT], ebb_schedule_kind kind,
                              const ebb_schedule_shape *shape) {
  snprintf(text, EBB_SCHEDULE_TEXT, "%s", ebb_schedule_name(kind));
  size_t count = shape && shape->count <= EBB_SCHEDULE_VALUES ? shape->count : 0;
  for (size_t p = 0; p < count; p++)
    snprintf(text + strlen(text), EBB_SCHEDULE_TEXT - strlen(text), "%c%s%s", p == 0 ? '(' : ',',
             ebbi_number_text((char[EBBI_NUMBER_TEXT]){0}, shape->values[p]),
             p + 1 == count ? ")" : "");
  return text;
}
