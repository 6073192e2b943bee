/* The reference's learning rates, by the closed forms of PyTorch's torch.optim.lr_scheduler:
 * LinearLR from 1 to `factor`, CosineAnnealingLR with eta_min = factor * rate, StepLR,
 * ExponentialLR with gamma = factor ^ (1 / steps), MultiStepLR, CosineAnnealingWarmRestarts,
 * OneCycleLR, PolynomialLR. A warm-up is a LinearLR before them; its last step is the first of the
 * schedule. The others are written down from their formulas.
 */
#include "check/reference.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

/* PyTorch's cosine from one rate to another; the part is in [0, 1]. */
static double anneal(double from, double to, double part) {
  return to + (from - to) * (1 + cos(pi * part)) / 2;
}

/* A parameter as a number of steps. */
static uint64_t steps_of(const ebb_schedule *s, double value) {
  double steps = value < 1 ? floor(value * (double)s->steps + 0.5) : floor(value + 0.5);
  return steps < 1 ? 1 : (uint64_t)steps;
}

static double multistep(const ebb_schedule *s, const ebb_schedule_shape *shape, uint64_t epoch) {
  double part = 1;
  for (size_t m = 0; m < shape->count; m++)
    if (epoch >= steps_of(s, shape->values[m])) part *= s->factor;
  return part;
}

static double restarts(const ebb_schedule *s, uint64_t growth, uint64_t t) {
  uint64_t period = s->steps;
  if (growth == 1) t %= period;
  while (t >= period) {
    t -= period;
    period *= growth;
  }
  return anneal(1, s->factor, (double)t / (double)period);
}

static double one_cycle(const ebb_schedule *s, const ebb_schedule_shape *shape, uint64_t epoch) {
  uint64_t top = (s->warmup > 0 ? s->warmup : steps_of(s, shape->values[0])) - 1;
  uint64_t last = s->steps > top + 1 ? s->steps - 1 : top + 1;
  if (epoch < top) return anneal(1 / shape->values[1], 1, (double)epoch / (double)top);
  return epoch < last ? anneal(1, s->factor, (double)(epoch - top) / (double)(last - top))
                      : s->factor;
}

/* 1 up to `flat` steps; then from 1 down to the factor by what is gone, or its square root. */
static double flat_then(const ebb_schedule *s, uint64_t flat, uint64_t epoch, bool root,
                        bool wave) {
  if (epoch < flat) return 1;
  if (epoch >= s->steps) return s->factor;
  double gone = (double)(epoch - flat) / (double)(s->steps - flat);
  if (wave) return anneal(1, s->factor, gone);
  return s->factor + (1 - s->factor) * (1 - (root ? sqrt(gone) : gone));
}

static double coslog4(const ebb_schedule *s, uint64_t step) {
  double gone = step <= s->steps ? (double)(step - 1) / (double)s->steps : 1;
  double ramp = step < s->warmup ? (double)step / (double)s->warmup : 1;
  double wave = (1 - cos(2 * pi * log2(1 + 15 * gone))) / 2;
  return ramp * (s->factor + (1 - s->factor) * wave);
}

/* The part of the rate after the warm-up; `epoch` counts from 0, and t from the warm-up's end. */
static double part_of(const ebb_schedule *s, const ebb_schedule_shape *shape, uint64_t epoch,
                      uint64_t warm) {
  const double *v = shape->values;
  double t = (double)(epoch - warm), t_max = (double)(s->steps - warm), f = s->factor;
  uint64_t decay = s->steps > 0 && shape->count > 0 ? steps_of(s, v[0]) : 0;
  uint64_t flat = s->steps > decay ? s->steps - decay : 0;
  switch (s->kind) {
  case EBB_SCHEDULE_LINEAR:
    return t < t_max ? 1 + (f - 1) * t / t_max : f;
  case EBB_SCHEDULE_COSINE:
    return t < t_max ? anneal(1, f, t / t_max) : f;
  case EBB_SCHEDULE_STEP:
    return pow(f, (double)((epoch - warm) / s->steps));
  case EBB_SCHEDULE_EXPONENTIAL:
    return pow(f, t / (double)s->steps);
  case EBB_SCHEDULE_MULTISTEP:
    return multistep(s, shape, epoch);
  case EBB_SCHEDULE_COSINE_RESTARTS:
    return restarts(s, (uint64_t)v[0], epoch - warm);
  case EBB_SCHEDULE_WSD:
    return flat_then(s, flat, epoch, false, false);
  case EBB_SCHEDULE_WSD_SQRT:
    return flat_then(s, flat, epoch, true, false);
  case EBB_SCHEDULE_FLAT_COSINE:
    return flat_then(s, decay, epoch, false, true);
  case EBB_SCHEDULE_POLYNOMIAL:
    return t < t_max ? f + (1 - f) * pow(1 - t / t_max, v[0]) : f;
  case EBB_SCHEDULE_INVERSE_SQRT:
    return f + (1 - f) / sqrt(1 + t / (double)s->steps);
  default:
    return 1;
  }
}

double ebbi_reference_schedule(const ebb_schedule *s, const ebb_schedule_shape *shape, double rate,
                               uint64_t step) {
  uint64_t warm = s->warmup > 0 ? s->warmup - 1 : 0, epoch = step - 1; /* as PyTorch counts */
  if (s->kind == EBB_SCHEDULE_ONE_CYCLE) return rate * one_cycle(s, shape, epoch);
  if (s->kind == EBB_SCHEDULE_COSLOG4) return rate * coslog4(s, step);
  if (epoch < warm) return rate * (double)step / (double)s->warmup;
  return rate * part_of(s, shape, epoch, warm);
}
