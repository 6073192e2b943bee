/* Converts the numbers of an unfinished training to text and back: one table of fields.
 *
 * Floats are written as their bits, so that each is restored exactly, even NaN; JSON's decimals
 * cannot do that. Fields that the next step overwrites, or that follow from the data, are not
 * stored.
 */
#include "checkpoint.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 24 };

static const struct field {
  const char *name;
  size_t at, size; /* size: 8, 4, or that of bool */
  bool real;
  int since; /* first format version that has the field */
} fields[] = {
#define FIELD(name, member, real, since)                                                           \
  {name, offsetof(ebbi_snapshot, member), sizeof((ebbi_snapshot *)NULL)->member, real, since}
    FIELD("steps", state.done, false, 1),
    FIELD("epoch", state.epoch, false, 1),
    FIELD("epoch first step", state.epoch_first, false, 1),
    FIELD("last step", state.step, false, 1),
    FIELD("last rows", state.live, false, 1),
    FIELD("rows", state.rows, false, 1),
    FIELD("correct", state.correct, false, 1),
    FIELD("loss sum", state.loss_sum, true, 1),
    FIELD("loss carry", state.loss_carry, true, 1),
    FIELD("hit sum", state.hit_sum, true, 3),
    FIELD("hit carry", state.hit_carry, true, 3),
    FIELD("weight sum", state.weight_sum, true, 3),
    FIELD("weight carry", state.weight_carry, true, 3),
    FIELD("learning rate", state.learning_rate, true, 1),
    FIELD("schedule", schedule.kind, false, 2),
    FIELD("schedule first step", schedule.first, false, 2),
    FIELD("warm-up steps", schedule.warmup, false, 2),
    FIELD("schedule steps", schedule.steps, false, 2),
    FIELD("base rate", schedule.base_rate, true, 2),
    FIELD("schedule factor", schedule.factor, true, 2),
    FIELD("reductions", schedule.reductions, false, 3),
    FIELD("reduction step", schedule.reduced, false, 3),
    FIELD("plateau", plateau.best, true, 3),
    FIELD("epochs of plateau", plateau.behind, false, 3),
    FIELD("best epoch", best.epoch, false, 1),
    FIELD("best loss", best.loss, true, 1),
    FIELD("best accuracy", best.accuracy, true, 1),
    FIELD("epochs since", best.behind, false, 1),
    FIELD("pairs", lbfgs.pairs, false, 4),
    FIELD("moved", lbfgs.moved, false, 4),
    FIELD("converged", lbfgs.converged, false, 4),
    FIELD("good epoch", good_epoch, false, 1),
    FIELD("run first epoch", run_first, false, 1),
    FIELD("best in network", parked, false, 1),
};
enum { FIELDS = sizeof fields / sizeof *fields };

static const char key_shape[] = "schedule shape";

static uint64_t load(const void *from, size_t size) {
  uint64_t wide = 0;
  uint32_t narrow = 0;
  if (size == sizeof wide) memcpy(&wide, from, size);
  if (size == sizeof narrow) memcpy(&narrow, from, size);
  return size == sizeof wide ? wide : size == sizeof narrow ? narrow : *(const bool *)from;
}

/* Returns false if the value does not fit. */
static bool store(void *to, size_t size, uint64_t value) {
  uint32_t narrow = (uint32_t)value;
  if (size == sizeof value) {
    memcpy(to, &value, size);
    return true;
  }
  if (size == sizeof narrow) {
    memcpy(to, &narrow, size);
    return value <= UINT32_MAX;
  }
  *(bool *)to = value != 0;
  return value <= 1;
}

void ebbi_snapshot_put(ebbi_json *json, const ebbi_snapshot *snapshot) {
  char shape[EBB_SCHEDULE_TEXT];
  ebbi_json_text(json, key_shape,
                 ebb_schedule_text(shape, (ebb_schedule_kind)snapshot->schedule.kind,
                                   &snapshot->schedule.shape));
  for (size_t i = 0; i < FIELDS; i++) {
    const struct field *f = &fields[i];
    char text[TEXT];
    uint64_t value = load((const char *)snapshot + f->at, f->size);
    if (f->real)
      snprintf(text, sizeof text, "0x%0*" PRIx64, (int)(2 * f->size), value);
    else
      snprintf(text, sizeof text, "%" PRIu64, value);
    ebbi_json_text(json, f->name, text);
  }
}

/* Accepts only digits as they were written: no sign, no blanks. */
static bool parse(uint64_t *value, const char *text, bool real) {
  const char *prefix = real ? "0x" : "", *digits = text + strlen(prefix);
  char *end;
  if (strncmp(text, prefix, strlen(prefix)) != 0 || !strchr("0123456789abcdef", *digits) ||
      !*digits)
    return false;
  errno = 0;
  *value = strtoull(digits, &end, real ? 16 : 10);
  return *end == '\0' && errno == 0;
}

/* Checkpoints before version 3 have no shape: their schedules have no parameters. A shape of
 * another kind makes the schedule an impossible one. */
static bool read_shape(ebbi_schedule *schedule, const json_t *object, int version) {
  ebb_schedule named;
  const char *text = json_string_value(json_object_get(object, key_shape));
  if (version < 3) return true;
  if (!text || ebb_schedule_parse(&named, &schedule->shape, text, 1) != EBB_OK) return false;
  if ((uint32_t)named.kind != schedule->kind) schedule->kind = EBB_SCHEDULE_COUNT;
  return true;
}

/* Checkpoints before version 2 have no schedule; their rate is constant: the last step's. */
bool ebbi_snapshot_from_json(ebbi_snapshot *snapshot, const char **wrong, const json_t *object,
                             int version) {
  for (size_t i = 0; i < FIELDS; i++) {
    const struct field *f = &fields[i];
    const char *text = json_string_value(json_object_get(object, f->name));
    uint64_t value = 0;
    *wrong = f->name;
    if (f->since > version) continue;
    if (!text || !parse(&value, text, f->real)) return false;
    if (!store((char *)snapshot + f->at, f->size, value)) return false;
  }
  if (version < 2)
    snapshot->schedule = (ebbi_schedule){.base_rate = snapshot->state.learning_rate, .factor = 1};
  *wrong = key_shape;
  return read_shape(&snapshot->schedule, object, version);
}

bool ebbi_snapshot_is_possible(const ebbi_snapshot *snapshot, const ebb_trainer *trainer) {
  const ebb_state *state = &snapshot->state;
  uint64_t first = (uint64_t)state->epoch * trainer->epoch_steps;
  size_t epochs = state->epoch;
  return state->epoch_first == first && state->done >= first &&
         state->done - first < trainer->epoch_steps && isfinite(state->learning_rate) &&
         state->learning_rate >= 0 && ebbi_schedule_is_possible(&snapshot->schedule) &&
         snapshot->schedule.first <= state->done && snapshot->schedule.reduced <= state->done &&
         snapshot->best.epoch <= epochs && snapshot->good_epoch <= epochs &&
         snapshot->run_first <= epochs &&
         ebbi_lbfgs_is_possible(trainer->lbfgs, &snapshot->lbfgs) &&
         (!snapshot->parked || (trainer->latest && (snapshot->best.epoch > 0 || trainer->average)));
}
