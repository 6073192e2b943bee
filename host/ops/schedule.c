/* Learning-rate schedules on the host: names, defaults, valid values, and the rate that the device
 * must compute. */
#include "schedule.h"

#include "base/error.h"

#include <float.h>
#include <math.h>

enum { PERIOD, SPAN };

static const struct row {
  const char *name;
  double factor;
  unsigned parts;
  int steps;
} rows[] = {
#define SCHEDULE_ROW(name, text, factor, parts, steps, formula) {text, factor, parts, steps},
    EBB_SCHEDULE_LIST(SCHEDULE_ROW)};

const char *ebb_schedule_name(ebb_schedule_kind kind) {
  return (unsigned)kind < EBB_SCHEDULE_COUNT ? rows[kind].name : "?";
}

ebb_schedule ebb_schedule_default(ebb_schedule_kind kind) {
  return (ebb_schedule){.kind = kind,
                        .factor = (unsigned)kind < EBB_SCHEDULE_COUNT ? rows[kind].factor : 1};
}

bool ebbi_schedule_varies(ebb_schedule_kind kind) {
  return (unsigned)kind < EBB_SCHEDULE_COUNT && rows[kind].parts > 0;
}

static uint64_t default_steps(const struct row *row, uint64_t all) {
  uint64_t steps = row->parts > 0 ? all / row->parts : 0;
  return steps > 0 || row->parts == 0 ? steps : 1;
}

ebb_status ebbi_schedule_make(ebb_state_schedule *out, const char *where,
                              const ebb_schedule *schedule, float rate, uint64_t all) {
  REQUIRE((unsigned)schedule->kind < EBB_SCHEDULE_COUNT, EBB_ERR_ARGUMENT,
          "%s: there is no schedule %d", where, (int)schedule->kind);
  const struct row *row = &rows[schedule->kind];
  REQUIRE(isfinite(rate) && rate >= 0, EBB_ERR_ARGUMENT,
          "%s: learning rate %g is not a finite number of at least 0", where, (double)rate);
  REQUIRE(schedule->factor >= 0 && schedule->factor <= 1, EBB_ERR_ARGUMENT,
          "%s: schedule factor %g is not in [0, 1]", where, schedule->factor);
  uint64_t steps = row->parts == 0   ? 0
                   : schedule->steps ? schedule->steps
                                     : default_steps(row, all);
  REQUIRE(row->steps != SPAN || schedule->warmup <= steps, EBB_ERR_ARGUMENT,
          "%s: a warm-up of %llu steps is longer than the schedule, %llu steps", where,
          (unsigned long long)schedule->warmup, (unsigned long long)steps);
  *out = (ebb_state_schedule){.warmup = schedule->warmup,
                              .steps = steps,
                              .base_rate = rate,
                              .factor = row->parts > 0 ? (float)schedule->factor : 1,
                              .kind = (uint32_t)schedule->kind};
  if (out->factor < FLT_MIN) out->factor = 0; /* as on devices that flush denormal numbers */
  return EBB_OK;
}

bool ebbi_schedule_is_possible(const ebb_state_schedule *s) {
  ebb_state_schedule made;
  const ebb_schedule as = {(ebb_schedule_kind)s->kind, s->warmup, s->steps, (double)s->factor};
  return ebbi_schedule_varies(as.kind) == (s->steps > 0) &&
         ebbi_schedule_make(&made, "", &as, s->base_rate, 1) == EBB_OK && made.factor == s->factor;
}

/* Returns the rate divided by the base rate. */
static double part_of(const ebb_state_schedule *s, uint64_t top, uint64_t t) {
  static const double pi = 3.14159265358979323846;
  uint64_t span = s->steps - top + 1;
  double factor = (double)s->factor, left = t < span ? (double)(span - t) / (double)span : 0;
  switch ((ebb_schedule_kind)s->kind) {
  case EBB_SCHEDULE_LINEAR:
    return factor + (1 - factor) * left;
  case EBB_SCHEDULE_COSINE:
    return factor + (1 - factor) * pow(sin(pi / 2 * left), 2);
  case EBB_SCHEDULE_STEP:
    return pow(factor, (double)(t / s->steps));
  case EBB_SCHEDULE_EXPONENTIAL:
    return pow(factor, (double)t / (double)s->steps);
  case EBB_SCHEDULE_CONSTANT:
  case EBB_SCHEDULE_COUNT:
    break;
  }
  return 1;
}

/* In units of 2^-24, from the errors that OpenCL allows: conversion 1/2 ulp, division 2.5, sinpi 4,
 * pow 16, where an ulp is two units; the exponent of pow has a relative error of 7 units. The part
 * of the base rate, and the rate, may be 0 instead of denormal. */
double ebbi_schedule_bound(const ebb_state_schedule *s, uint64_t step) {
  double base = (double)s->base_rate, rate = ebbi_schedule_rate(s, step), units = 40;
  if (s->kind == EBB_SCHEDULE_CONSTANT && rate == base) return 0;
  bool power = s->kind == EBB_SCHEDULE_STEP || s->kind == EBB_SCHEDULE_EXPONENTIAL;
  if (power && rate > 0 && rate < base) units += 8 * log(base / rate);
  return units * (double)FLT_EPSILON / 2 * rate + (double)FLT_MIN * fmax(base, 1);
}

double ebbi_schedule_rate(const ebb_state_schedule *s, uint64_t step) {
  uint64_t at = step > s->first ? step - s->first : 1, top = s->warmup > 1 ? s->warmup : 1;
  double base = (double)s->base_rate;
  return at < top ? base * (double)at / (double)top : base * part_of(s, top, at - top);
}
