/* The schedule of the learning rate, from the options. Lengths in epochs become steps, since the
 * library counts only steps. A length that is not given is left to the library, which knows the
 * number of steps in a run.
 */
#include "train_schedule.h"

#include "output.h"

#include <math.h>

static uint64_t epoch_steps(const training *t) {
  size_t rows = t->options.batch * t->options.update.accumulate; /* of a step */
  return (t->train_rows + rows - 1) / rows;
}

static uint64_t steps_of(const training *t, interval length) {
  return length.steps + length.epochs * epoch_steps(t);
}

static uint64_t all_steps(const training *t) {
  return t->options.epochs * epoch_steps(t);
}

/* The text has been checked when the options were read. */
static ebb_schedule parsed(ebb_schedule_shape *shape, const settings *s, size_t steps) {
  ebb_schedule schedule = ebb_schedule_default(EBB_SCHEDULE_CONSTANT);
  ebb_schedule_parse(&schedule, shape, s->schedule, steps);
  return schedule;
}

static void take(training *t) {
  const settings *s = t->s;
  ebb_schedule *schedule = &t->options.schedule;
  *schedule = parsed(&t->options.shape, s, epoch_steps(t));
  schedule->warmup = steps_of(t, s->warmup);
  schedule->steps = steps_of(t, s->schedule_length);
  if (!isnan(s->schedule_factor)) schedule->factor = s->schedule_factor;
}

int schedule_check(const settings *s) {
  ebb_schedule_shape shape;
  ebb_schedule_kind kind = parsed(&shape, s, 1).kind;
  ebb_optimizer_kind optimizer = (ebb_optimizer_kind)s->optimizer;
  bool warms = s->warmup.steps > 0 || s->warmup.epochs > 0;
  if (!ebb_optimizer_is_scheduled(optimizer) && (kind != EBB_SCHEDULE_CONSTANT || warms))
    return fail(EXIT_USAGE, "%s has no effect on %s, whose first step alone uses the learning rate",
                settings_origin(s, warms ? "warmup" : "schedule").text,
                ebb_optimizer_name(optimizer));
  const struct {
    const char *option;
    bool needless;
  } apart[] = {{"schedule-length", !ebb_schedule_has_steps(kind)},
               {"schedule-factor", !ebb_schedule_has_factor(kind)}};
  for (int i = 0; i < 2; i++) {
    if (!apart[i].needless || !settings_named(s, apart[i].option)) continue;
    option_origin origin = settings_origin(s, apart[i].option);
    if (kind == EBB_SCHEDULE_CONSTANT)
      return fail(EXIT_USAGE, "%s needs a --schedule that is not constant", origin.text);
    return fail(EXIT_USAGE, "%s: the schedule %s has none", origin.text, ebb_schedule_name(kind));
  }
  return EXIT_GOOD;
}

int schedule_choose(training *t) {
  const settings *s = t->s;
  take(t);
  const ebb_schedule *schedule = &t->options.schedule;
  uint64_t all = all_steps(t), steps = schedule->steps;
  if (schedule->warmup > (steps > 0 ? steps : all))
    return fail(EXIT_USAGE, "%s: a warm-up of %llu steps is longer than the %s, %llu steps",
                settings_origin(s, "warmup").text, (unsigned long long)schedule->warmup,
                steps > 0 ? "schedule" : "training", (unsigned long long)(steps > 0 ? steps : all));
  if (ebb_schedule_check(schedule, &t->options.shape, all) == EBB_OK) return EXIT_GOOD;
  return fail(EXIT_USAGE, "%s: %s", settings_origin(s, "schedule").text, ebb_error_message());
}

/* The second training has its own number of epochs, for which the warm-up may be too long. */
void schedule_choose_again(training *t) {
  take(t);
  uint64_t all = all_steps(t);
  ebb_schedule *schedule = &t->options.schedule;
  if (schedule->warmup > all) schedule->warmup = all;
  while (schedule->warmup > 0 && ebb_schedule_check(schedule, &t->options.shape, all) != EBB_OK)
    schedule->warmup /= 2;
}

bool schedule_varies(const training *t) {
  return t->options.schedule.kind != EBB_SCHEDULE_CONSTANT || t->options.schedule.warmup > 0;
}

void schedule_describe(char text[SCHEDULE_TEXT], const training *t) {
  const ebb_schedule *schedule = &t->options.schedule;
  char name[EBB_SCHEDULE_TEXT];
  int used = 0;
  text[0] = '\0';
  if (schedule->kind != EBB_SCHEDULE_CONSTANT)
    used = snprintf(text, SCHEDULE_TEXT, ", %s",
                    ebb_schedule_text(name, schedule->kind, &t->options.shape));
  if (schedule->warmup > 0)
    snprintf(text + used, SCHEDULE_TEXT - (size_t)used, ", warm-up %llu step%s",
             (unsigned long long)schedule->warmup, plural((size_t)schedule->warmup));
}

void schedule_put(json_t *line, const training *t) {
  const ebb_schedule *schedule = &t->options.schedule;
  char name[EBB_SCHEDULE_TEXT];
  if (!schedule_varies(t)) return;
  put(line, "schedule", json_string(ebb_schedule_text(name, schedule->kind, &t->options.shape)));
  put(line, "warmup_steps", json_integer((json_int_t)schedule->warmup));
  if (schedule->kind == EBB_SCHEDULE_CONSTANT) return;
  if (schedule->steps > 0) put(line, "schedule_steps", json_integer((json_int_t)schedule->steps));
  if (ebb_schedule_has_factor(schedule->kind))
    put_number(line, "schedule_factor", schedule->factor);
}
