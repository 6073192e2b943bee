/* The numbers of a training that goes on, to texts and back: one table of fields.
 *
 * Floats are written as their bits, so that every one comes back, NaN too; in decimals, as JSON
 * has them, some would not. What the next step writes before it reads it, and what follows from the
 * data, is not kept.
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
} fields[] = {
#define FIELD(name, member, real)                                                                  \
  {name, offsetof(ebbi_snapshot, member), sizeof((ebbi_snapshot *)NULL)->member, real}
    FIELD("steps", state.done, false),
    FIELD("epoch", state.epoch, false),
    FIELD("epoch first step", state.epoch_first, false),
    FIELD("last step", state.step, false),
    FIELD("last rows", state.live, false),
    FIELD("rows", state.rows, false),
    FIELD("correct", state.correct, false),
    FIELD("loss sum", state.loss_sum, true),
    FIELD("loss carry", state.loss_carry, true),
    FIELD("learning rate", state.learning_rate, true),
    FIELD("best epoch", best.epoch, false),
    FIELD("best loss", best.loss, true),
    FIELD("best accuracy", best.accuracy, true),
    FIELD("epochs since", best.behind, false),
    FIELD("good epoch", good_epoch, false),
    FIELD("run first epoch", run_first, false),
    FIELD("best in network", parked, false),
};
enum { FIELDS = sizeof fields / sizeof *fields };

static uint64_t load(const void *from, size_t size) {
  uint64_t wide = 0;
  uint32_t narrow = 0;
  if (size == sizeof wide) memcpy(&wide, from, size);
  if (size == sizeof narrow) memcpy(&narrow, from, size);
  return size == sizeof wide ? wide : size == sizeof narrow ? narrow : *(const bool *)from;
}

/* False: it does not fit. */
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

/* The digits alone, as they were written: no sign, no blanks. */
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

bool ebbi_snapshot_from_json(ebbi_snapshot *snapshot, const char **wrong, const json_t *object) {
  for (size_t i = 0; i < FIELDS; i++) {
    const struct field *f = &fields[i];
    const char *text = json_string_value(json_object_get(object, f->name));
    uint64_t value = 0;
    *wrong = f->name;
    if (!text || !parse(&value, text, f->real)) return false;
    if (!store((char *)snapshot + f->at, f->size, value)) return false;
  }
  return true;
}

bool ebbi_snapshot_is_possible(const ebbi_snapshot *snapshot, const ebb_trainer *trainer) {
  const ebb_state *state = &snapshot->state;
  uint64_t first = (uint64_t)state->epoch * trainer->epoch_steps;
  size_t epochs = state->epoch;
  return state->epoch_first == first && state->done >= first &&
         state->done - first < trainer->epoch_steps && isfinite(state->learning_rate) &&
         state->learning_rate >= 0 && snapshot->best.epoch <= epochs &&
         snapshot->good_epoch <= epochs && snapshot->run_first <= epochs &&
         (!snapshot->parked || (trainer->latest && snapshot->best.epoch > 0));
}
