/* The pieces of each schedule: which curve the step after `done` steps is on, and where it ends.
 *
 * Boundaries are whole numbers of 64 bits, so that they are exact at any number of steps. A piece
 * knows nothing of those before it: a training can be resumed at any step.
 */
#include "schedule.h"

#include <float.h>
#include <math.h>

/* A rate below the normal floats is 0, as on devices that flush denormal numbers. */
static float flushed(double rate) {
  return rate < (double)FLT_MIN ? 0.0f : (float)rate;
}

static uint64_t later(uint64_t a, uint64_t b) {
  return a < UINT64_MAX - b ? a + b : UINT64_MAX;
}

/* A parameter as a number of steps, at least one. */
static uint64_t steps_of(const ebbi_schedule *s, size_t parameter) {
  double value = s->shape.values[parameter];
  double steps = round(value < 1 ? value * (double)s->steps : value);
  return steps > 1 ? (uint64_t)steps : 1;
}

/* Makes a piece that begins at a step and has no warm-up. */
static void begin(ebbi_piece *out, const ebbi_schedule *s, ebbi_curve curve, uint64_t after) {
  *out = (ebbi_piece){.set = {.first = later(s->first, after),
                              .base_rate = s->base_rate,
                              .factor = s->factor,
                              .kind = (uint32_t)curve},
                      .end = UINT64_MAX};
}

/* Makes a constant first piece, with the warm-up, up to a step. */
static void begin_flat(ebbi_piece *out, const ebbi_schedule *s, uint64_t until) {
  begin(out, s, EBBI_CURVE_CONSTANT, 0);
  out->set.warmup = s->warmup;
  out->end = later(s->first, until);
}

void ebbi_piece_whole(ebbi_piece *out, const ebbi_schedule *s, uint64_t done) {
  (void)done;
  begin(out, s, ebbi_schedule_row_of((ebb_schedule_kind)s->kind)->curve, 0);
  out->set.warmup = s->warmup;
  out->set.steps = s->steps;
  if (out->set.kind == EBBI_CURVE_POLYNOMIAL) out->set.power = (float)s->shape.values[0];
}

void ebbi_piece_multistep(ebbi_piece *out, const ebbi_schedule *s, uint64_t done) {
  uint64_t from = 0, until = UINT64_MAX;
  size_t passed = 0;
  for (; passed < s->shape.count; passed++) {
    until = steps_of(s, passed);
    if (until > done - s->first) break;
    from = until;
    until = UINT64_MAX;
  }
  begin_flat(out, s, until);
  if (passed == 0) return;
  out->set.first = later(s->first, from);
  out->set.warmup = 0;
  out->set.base_rate = flushed((double)s->base_rate * pow((double)s->factor, (double)passed));
}

void ebbi_piece_restarts(ebbi_piece *out, const ebbi_schedule *s, uint64_t done) {
  uint64_t growth = (uint64_t)s->shape.values[0], period = s->steps, from = 0;
  uint64_t before = s->warmup > 1 ? s->warmup - 1 : 0, at = done - s->first;
  uint64_t t = at > before ? at - before : 0;
  if (growth == 1) from = t / period * period;
  while (t - from >= period) {
    from += period;
    period = period > UINT64_MAX / growth ? UINT64_MAX : period * growth;
  }
  begin(out, s, EBBI_CURVE_COSINE, from > 0 ? from + before : 0);
  out->set.warmup = from > 0 ? 0 : s->warmup;
  out->set.steps = later(period, from > 0 ? 0 : before);
  out->end = later(s->first, later(later(from, period), before));
}

/* PyTorch's: the highest rate at step `rise`, the lowest at the last step. */
void ebbi_piece_one_cycle(ebbi_piece *out, const ebbi_schedule *s, uint64_t done) {
  uint64_t rise = (s->warmup > 0 ? s->warmup : steps_of(s, 0)) - 1;
  if (done - s->first < rise) {
    begin(out, s, EBBI_CURVE_RISE, 0);
    out->set.steps = rise;
    out->set.factor = (float)(1 / s->shape.values[1]);
    out->end = later(s->first, rise);
  } else {
    begin(out, s, EBBI_CURVE_COSINE, rise);
    out->set.steps = s->steps > rise + 2 ? s->steps - 1 - rise : 1;
  }
}

/* Constant up to a step, then the kind's curve up to the last one; its end, if none is left. */
static void flat_then_curve(ebbi_piece *out, const ebbi_schedule *s, uint64_t done, uint64_t flat) {
  if (done - s->first < flat) {
    begin_flat(out, s, flat);
  } else {
    bool over = s->steps <= flat;
    ebbi_curve curve = ebbi_schedule_row_of((ebb_schedule_kind)s->kind)->curve;
    begin(out, s, over ? EBBI_CURVE_CONSTANT : curve, flat);
    if (over) out->set.base_rate = flushed((double)s->base_rate * (double)s->factor);
    if (!over) out->set.steps = s->steps - flat;
  }
}

void ebbi_piece_decay(ebbi_piece *out, const ebbi_schedule *s, uint64_t done) {
  uint64_t decay = steps_of(s, 0);
  flat_then_curve(out, s, done, s->steps > decay ? s->steps - decay : 0);
}

void ebbi_piece_flat(ebbi_piece *out, const ebbi_schedule *s, uint64_t done) {
  flat_then_curve(out, s, done, steps_of(s, 0));
}

void ebbi_piece_plateau(ebbi_piece *out, const ebbi_schedule *s, uint64_t done) {
  (void)done;
  begin_flat(out, s, UINT64_MAX);
  if (s->reductions == 0) return;
  double part = fmax(s->shape.values[1], pow((double)s->factor, (double)s->reductions));
  out->set.first = s->reduced;
  out->set.warmup = 0;
  out->set.base_rate = flushed((double)s->base_rate * part);
}

void ebbi_schedule_piece(ebbi_piece *out, const ebbi_schedule *schedule, uint64_t done) {
  ebbi_schedule_row_of((ebb_schedule_kind)schedule->kind)->piece(out, schedule, done);
}
