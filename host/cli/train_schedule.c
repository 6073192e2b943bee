/* The schedule of the learning rate, from the options. Lengths in epochs become steps, since the
 * library counts only steps. A length that is not given is left to the library, which knows the
 * number of steps in a run.
 */
#include "train_schedule.h"

#include "output.h"

#include <math.h>

static uint64_t epoch_steps(const training *t) {
  return (t->train_rows + t->options.batch - 1) / t->options.batch;
}

static uint64_t steps_of(const training *t, interval length) {
  return length.steps + length.epochs * epoch_steps(t);
}

static void take(training *t) {
  const settings *s = t->s;
  ebb_schedule *schedule = &t->options.schedule;
  *schedule = ebb_schedule_default((ebb_schedule_kind)s->schedule);
  schedule->warmup = steps_of(t, s->warmup);
  schedule->steps = steps_of(t, s->schedule_length);
  if (!isnan(s->schedule_factor)) schedule->factor = s->schedule_factor;
}

int schedule_check(const settings *s) {
  static const char *const apart[] = {"schedule-length", "schedule-factor"};
  ebb_optimizer_kind kind = (ebb_optimizer_kind)s->optimizer;
  bool warms = s->warmup.steps > 0 || s->warmup.epochs > 0;
  if (!ebb_optimizer_is_scheduled(kind) && (s->schedule != EBB_SCHEDULE_CONSTANT || warms))
    return fail(EXIT_USAGE, "%s has no effect on %s, whose first step alone uses the learning rate",
                settings_origin(s, warms ? "warmup" : "schedule").text, ebb_optimizer_name(kind));
  for (int i = 0; i < 2 && s->schedule == EBB_SCHEDULE_CONSTANT; i++)
    if (settings_named(s, apart[i]))
      return fail(EXIT_USAGE, "%s needs a --schedule that is not constant",
                  settings_origin(s, apart[i]).text);
  return EXIT_GOOD;
}

int schedule_choose(training *t) {
  const settings *s = t->s;
  take(t);
  const ebb_schedule *schedule = &t->options.schedule;
  uint64_t all = t->options.epochs * epoch_steps(t), steps = schedule->steps;
  if (schedule->warmup <= (steps > 0 ? steps : all)) return EXIT_GOOD;
  return fail(EXIT_USAGE, "%s: a warm-up of %llu steps is longer than the %s, %llu steps",
              settings_origin(s, "warmup").text, (unsigned long long)schedule->warmup,
              steps > 0 ? "schedule" : "training", (unsigned long long)(steps > 0 ? steps : all));
}

void schedule_choose_again(training *t) {
  take(t);
  uint64_t all = t->options.epochs * epoch_steps(t);
  if (t->options.schedule.warmup > all) t->options.schedule.warmup = all;
}

bool schedule_varies(const training *t) {
  return t->s->schedule != EBB_SCHEDULE_CONSTANT || t->options.schedule.warmup > 0;
}

void schedule_describe(char text[SCHEDULE_TEXT], const training *t) {
  const ebb_schedule *schedule = &t->options.schedule;
  int used = 0;
  text[0] = '\0';
  if (schedule->kind != EBB_SCHEDULE_CONSTANT)
    used = snprintf(text, SCHEDULE_TEXT, ", %s", ebb_schedule_name(schedule->kind));
  if (schedule->warmup > 0)
    snprintf(text + used, SCHEDULE_TEXT - (size_t)used, ", warm-up %llu step%s",
             (unsigned long long)schedule->warmup, plural((size_t)schedule->warmup));
}

void schedule_put(json_t *line, const training *t) {
  const ebb_schedule *schedule = &t->options.schedule;
  if (!schedule_varies(t)) return;
  put(line, "schedule", json_string(ebb_schedule_name(schedule->kind)));
  put(line, "warmup_steps", json_integer((json_int_t)schedule->warmup));
  if (schedule->kind == EBB_SCHEDULE_CONSTANT) return;
  if (schedule->steps > 0) put(line, "schedule_steps", json_integer((json_int_t)schedule->steps));
  put_number(line, "schedule_factor", schedule->factor);
}
