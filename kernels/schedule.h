/* The learning rate of a step: the curves of which the schedules of include/ebb/schedule.h consist,
 * for all launches that open steps.
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
  uint curve;
  float power;
  uint reserved[2];
} step_schedule;

/* In the order of ebbi_curve in host/ops/schedule.h. */
enum {
  CURVE_CONSTANT,
  CURVE_LINEAR,
  CURVE_COSINE,
  CURVE_STEP,
  CURVE_EXPONENTIAL,
  CURVE_POLYNOMIAL,
  CURVE_ROOT,
  CURVE_INVERSE_ROOT,
  CURVE_RISE,
  CURVE_COSLOG4
};

/* The part of a span of `steps` steps that is left after t of them. */
static inline float part_left(ulong steps, ulong t) {
  return t < steps ? (float)(steps - t) / (float)steps : 0.0f;
}

/* The part of such a span that is gone after t steps. */
static inline float part_gone(ulong steps, ulong t) {
  return t < steps ? (float)t / (float)steps : 1.0f;
}

/* sin^2 of log2(1 + 15 gone) half turns; the logarithm is counted from the nearer end. */
static inline float coslog_wave(float left, float gone) {
  const float u = left < 0.5f ? -0.9375f * left : 15.0f * gone;
  const float wave = sinpi(log1p(u) * 1.44269504f);
  return wave * wave;
}

/* What is left of the part of the rate above `factor`, t steps after step `top`. */
static inline float curve_left(__global const step_schedule *s, ulong top, ulong t) {
  const ulong span = s->steps - top + 1;
  const float left = part_left(span, t), gone = part_gone(span, t);
  if (s->curve == CURVE_LINEAR) return left;
  if (s->curve == CURVE_POLYNOMIAL) return pow(left, s->power);
  if (s->curve == CURVE_ROOT) return left / (1.0f + sqrt(gone)); /* 1 - sqrt(gone) */
  if (s->curve == CURVE_INVERSE_ROOT) return sqrt((float)s->steps / (float)(s->steps + t));
  if (s->curve == CURVE_COSLOG4) return coslog_wave(left, gone);
  const float half_wave = sinpi(0.5f * (s->curve == CURVE_RISE ? gone : left));
  return half_wave * half_wave;
}

/* The rate divided by the base rate, t steps after step `top`, the first with the full rate. */
static inline float scheduled_part(__global const step_schedule *s, ulong top, ulong t) {
  const float factor = s->factor;
  if (s->curve == CURVE_STEP || s->curve == CURVE_EXPONENTIAL) {
    const float whole = (float)(t / s->steps), periods = (float)t / (float)s->steps;
    return pow(factor, s->curve == CURVE_STEP ? whole : periods);
  }
  return factor + (1.0f - factor) * curve_left(s, top, t);
}

static inline float scheduled_rate(__global const step_schedule *s, ulong step) {
  const ulong at = step > s->first ? step - s->first : 1, top = max(s->warmup, (ulong)1);
  const float ramp = at < top ? (float)at / (float)top : 1.0f;
  if (s->curve == CURVE_COSLOG4) /* begins at 0, so the warm-up goes beside it */
    return s->base_rate * (ramp * scheduled_part(s, 1, at - 1));
  if (at < top) return s->base_rate * ramp;
  if (s->curve == CURVE_CONSTANT) return s->base_rate;
  return s->base_rate * scheduled_part(s, top, at - top);
}

#endif
