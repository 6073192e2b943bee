/* Making schedules: valid values, and what depends on the number of steps.
 */
#include "schedule.h"

#include "base/error.h"

#include <float.h>
#include <math.h>

enum { NONE, PERIOD, SPAN };

static const struct {
  unsigned parts;
  int steps;
} lengths[] = {
#define SCHEDULE_LENGTH(name, text, factor, parts, steps, formula) {parts, steps},
    EBB_SCHEDULE_LIST(SCHEDULE_LENGTH)};

static uint64_t length_of(const ebb_schedule *schedule, uint64_t all) {
  unsigned parts = lengths[schedule->kind].parts;
  if (parts == 0) return 0;
  if (schedule->steps > 0) return schedule->steps;
  return all / parts > 0 ? all / parts : 1;
}

/* The warm-up must end in the first piece; or it is the length of that piece. */
static ebb_status check_warmup(const char *where, const ebbi_schedule *s) {
  ebb_schedule_kind kind = (ebb_schedule_kind)s->kind;
  REQUIRE(lengths[kind].steps != SPAN || s->warmup <= s->steps, EBB_ERR_ARGUMENT,
          "%s: a warm-up of %llu steps is longer than the schedule, %llu steps", where,
          (unsigned long long)s->warmup, (unsigned long long)s->steps);
  if (s->warmup == 0 || ebbi_schedule_row_of(kind)->rises) return EBB_OK;
  ebbi_piece first, top;
  ebbi_schedule_piece(&first, s, s->first);
  ebbi_schedule_piece(&top, s, s->first + s->warmup - 1);
  bool flat = first.set.warmup == s->warmup;
  REQUIRE(flat && top.set.first == s->first, EBB_ERR_ARGUMENT,
          "%s: a warm-up of %llu steps does not end before the rate of %s first falls, after %llu "
          "steps",
          where, (unsigned long long)s->warmup, ebb_schedule_name(kind),
          (unsigned long long)(flat ? first.end - s->first : 0));
  return EBB_OK;
}

ebb_status ebbi_schedule_make(ebbi_schedule *out, const char *where, const ebb_schedule *schedule,
                              const ebb_schedule_shape *shape, float rate, uint64_t all) {
  ebb_schedule_kind kind = schedule->kind;
  static const ebb_schedule_shape plain = {0};
  TRY(ebbi_shape_check(where, kind, shape ? shape : &plain));
  REQUIRE(isfinite(rate) && rate >= 0, EBB_ERR_ARGUMENT,
          "%s: learning rate %g is not a finite number of at least 0", where, (double)rate);
  REQUIRE(schedule->factor >= 0 && schedule->factor <= 1, EBB_ERR_ARGUMENT,
          "%s: schedule factor %g is not in [0, 1]", where, schedule->factor);
  REQUIRE(schedule->warmup < UINT64_MAX / 2 && schedule->steps < UINT64_MAX / 2, EBB_ERR_ARGUMENT,
          "%s: a schedule of %llu steps with a warm-up of %llu is too long", where,
          (unsigned long long)schedule->steps, (unsigned long long)schedule->warmup);
  ebbi_schedule made = {.warmup = schedule->warmup,
                        .steps = length_of(schedule, all),
                        .base_rate = rate,
                        .factor = ebb_schedule_has_factor(kind) ? (float)schedule->factor : 1,
                        .kind = (uint32_t)kind,
                        .shape = ebbi_shape_complete(kind, shape)};
  if (made.factor < FLT_MIN) made.factor = 0; /* as on devices that flush denormal numbers */
  TRY(check_warmup(where, &made));
  *out = made;
  return EBB_OK;
}

ebb_status ebb_schedule_check(const ebb_schedule *schedule, const ebb_schedule_shape *shape,
                              uint64_t all) {
  ebbi_schedule made;
  REQUIRE(schedule, EBB_ERR_ARGUMENT, "ebb_schedule_check: schedule is NULL");
  return ebbi_schedule_make(&made, ebb_schedule_name(schedule->kind), schedule, shape, 0, all);
}

bool ebbi_schedule_is_possible(const ebbi_schedule *s) {
  ebbi_schedule made;
  const ebb_schedule as = {(ebb_schedule_kind)s->kind, s->warmup, s->steps, (double)s->factor};
  return (unsigned)as.kind < EBB_SCHEDULE_COUNT &&
         ebb_schedule_has_steps(as.kind) == (s->steps > 0) &&
         ebbi_schedule_make(&made, "", &as, &s->shape, s->base_rate, 1) == EBB_OK &&
         made.factor == s->factor && s->reduced >= (s->reductions > 0 ? s->first : 0) &&
         (s->reductions == 0 || ebbi_schedule_row_of(as.kind)->waits);
}

double ebbi_schedule_rate(const ebbi_schedule *schedule, uint64_t step) {
  ebbi_piece piece;
  uint64_t done = step > schedule->first ? step - 1 : schedule->first;
  ebbi_schedule_piece(&piece, schedule, done);
  return ebbi_piece_rate(&piece.set, step);
}
