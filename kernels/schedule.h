/* The learning rate of a step: the formulas of include/ebb/schedule.h, for all launches that open
 * steps.
 *
 * Steps are 64-bit integers until two of them form a fraction, so that late steps are as exact as
 * early ones. `left` is counted from the end for the same reason: near the end the rate keeps its
 * digits. The constant rate is base_rate itself, bit for bit.
 */
#ifndef SCHEDULE_H
#define SCHEDULE_H

/* The twin of ebb_state_schedule in include/ebb/ops.h. */
typedef struct {
  ulong first, warmup, steps;
  float base_rate, factor;
  uint kind, reserved[3];
} step_schedule;

/* In the order of EBB_SCHEDULE_LIST. */
enum { SCHEDULE_CONSTANT, SCHEDULE_LINEAR, SCHEDULE_COSINE, SCHEDULE_STEP, SCHEDULE_EXPONENTIAL };

/* The part of a span of `steps` steps that is left after t of them. */
static inline float part_left(ulong steps, ulong t) {
  return t < steps ? (float)(steps - t) / (float)steps : 0.0f;
}

/* The rate divided by the base rate, t steps after step `top`, the first with the full rate. */
static inline float scheduled_part(__global const step_schedule *s, ulong top, ulong t) {
  const float factor = s->factor;
  if (s->kind == SCHEDULE_STEP || s->kind == SCHEDULE_EXPONENTIAL) {
    const float whole = (float)(t / s->steps), periods = (float)t / (float)s->steps;
    return pow(factor, s->kind == SCHEDULE_STEP ? whole : periods);
  }
  const float left = part_left(s->steps - top + 1, t), half_wave = sinpi(0.5f * left);
  return factor + (1.0f - factor) * (s->kind == SCHEDULE_LINEAR ? left : half_wave * half_wave);
}

static inline float scheduled_rate(__global const step_schedule *s, ulong step) {
  const ulong at = step > s->first ? step - s->first : 1, top = max(s->warmup, (ulong)1);
  if (at < top) return s->base_rate * ((float)at / (float)top);
  if (s->kind == SCHEDULE_CONSTANT) return s->base_rate;
  return s->base_rate * scheduled_part(s, top, at - top);
}

#endif
