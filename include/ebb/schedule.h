/* Schedules: the learning rate as a function of the step.
 *
 * The device computes the rate: the launch that opens a step evaluates the schedule in the step
 * state (ebb_state of ops.h). A schedule therefore costs no launch and no wait.
 *
 * Steps count from 1. With a warm-up of w steps, step s <= w has the rate base * s / w, so step w
 * is the first with the full rate. In the formulas, t is the number of steps since step w (without
 * a warm-up, since step 1), and left falls from 1 at t = 0 to 0 at step `steps` + 1 and then stays
 * 0.
 */
#ifndef EBB_SCHEDULE_H
#define EBB_SCHEDULE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, name, default factor, n, meaning of `steps`, rate divided by the base rate). By default
 * `steps` is the n-th part of all steps; with n = 0 the kind has neither steps nor factor. `steps`
 * is the SPAN of the schedule including warm-up, or a PERIOD. PyTorch's equivalents: LinearLR from
 * 1, CosineAnnealingLR, StepLR, ExponentialLR with factor = gamma and a period of 1 step. */
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
  uint64_t warmup; /* warm-up steps; 0: none */
  uint64_t steps;  /* 0: the default part of the run's steps */
  double factor;   /* in [0, 1] */
} ebb_schedule;

const char *ebb_schedule_name(ebb_schedule_kind kind);

/* Returns a schedule without warm-up, with steps 0 and the kind's default factor. */
ebb_schedule ebb_schedule_default(ebb_schedule_kind kind);

#ifdef __cplusplus
}
#endif
#endif
