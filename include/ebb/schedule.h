/* Schedules: the learning rate as a function of the step.
 *
 * The device computes it: the launch that opens a step takes the rate of that step from the
 * schedule in the step state (ebb_state of ops.h), so a schedule costs no launch and no wait.
 *
 * Steps count from 1. A warm-up of w steps comes first: step s of it has the rate base * s / w, so
 * step w is the first with the whole rate. t below is the number of steps since that one, or since
 * step 1 without a warm-up; left falls from 1 at t = 0 to 0 at step `steps` + 1, and stays 0.
 */
#ifndef EBB_SCHEDULE_H
#define EBB_SCHEDULE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, name, default factor, n: by default `steps` is the n-th part of all steps, or 0: there is
 * neither steps nor factor, what `steps` is: SPAN, all steps of the schedule, warm-up included, or
 * PERIOD; the rate divided by the base rate). PyTorch's names: LinearLR from 1, CosineAnnealingLR,
 * StepLR, ExponentialLR with factor = gamma and a period of 1 step. */
#define EBB_SCHEDULE_LIST(X)                                                                       \
  X(CONSTANT, "constant", 1, 0, PERIOD, "1")                                                       \
  X(LINEAR, "linear", 0, 1, SPAN, "factor + (1 - factor) left")                                    \
  X(COSINE, "cosine", 0, 1, SPAN, "factor + (1 - factor) (1 - cos(pi left)) / 2")                  \
  X(STEP, "step", 0.1, 3, PERIOD, "factor ^ floor(t / steps)")                                     \
  X(EXPONENTIAL, "exponential", 0.01, 1, PERIOD, "factor ^ (t / steps)")

typedef enum ebb_schedule_kind {
#define EBB_SCHEDULE_ENUM(name, text, factor, parts, steps, formula) EBB_SCHEDULE_##name,
  EBB_SCHEDULE_LIST(EBB_SCHEDULE_ENUM)
#undef EBB_SCHEDULE_ENUM
      EBB_SCHEDULE_COUNT
} ebb_schedule_kind;

typedef struct ebb_schedule {
  ebb_schedule_kind kind;
  uint64_t warmup; /* steps of the warm-up; 0: none */
  uint64_t steps;  /* 0: the part of the run's steps that the list gives */
  double factor;   /* in [0, 1] */
} ebb_schedule;

const char *ebb_schedule_name(ebb_schedule_kind kind);

/* No warm-up, steps 0, the kind's default factor. */
ebb_schedule ebb_schedule_default(ebb_schedule_kind kind);

#ifdef __cplusplus
}
#endif
#endif
