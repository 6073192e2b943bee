/* The reference's learning rates, by the closed forms of PyTorch's torch.optim.lr_scheduler:
 * LinearLR from 1 to `factor`, CosineAnnealingLR with eta_min = factor * rate, StepLR,
 * ExponentialLR with gamma = factor ^ (1 / steps). A warm-up is a LinearLR before them; its last
 * step is the first of the schedule.
 */
#include "check/reference.h"

#include <math.h>

double ebbi_reference_schedule(const ebb_schedule *s, double rate, uint64_t step) {
  static const double pi = 3.14159265358979323846;
  uint64_t warm = s->warmup > 0 ? s->warmup - 1 : 0, epoch = step - 1; /* as PyTorch counts */
  if (epoch < warm) return rate * (double)step / (double)s->warmup;
  double t = (double)(epoch - warm), t_max = (double)(s->steps - warm), low = s->factor * rate;
  switch (s->kind) {
  case EBB_SCHEDULE_LINEAR:
    return t < t_max ? rate * (1 + (s->factor - 1) * t / t_max) : low;
  case EBB_SCHEDULE_COSINE:
    return t < t_max ? low + (rate - low) * (1 + cos(pi * t / t_max)) / 2 : low;
  case EBB_SCHEDULE_STEP:
    return rate * pow(s->factor, (double)((epoch - warm) / s->steps));
  case EBB_SCHEDULE_EXPONENTIAL:
    return rate * pow(s->factor, t / (double)s->steps);
  case EBB_SCHEDULE_CONSTANT:
  case EBB_SCHEDULE_COUNT:
    break;
  }
  return rate;
}
