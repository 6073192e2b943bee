/* Schedules: the learning rate as a function of the step.
 *
 * The device computes the rate: the launch that opens a step evaluates the curve in the step state
 * (ebb_state of ops.h). A schedule therefore costs no launch and no wait. Schedules that consist of
 * several curves are set piece by piece while steps are queued, which waits for nothing either.
 *
 * Steps count from 1. With a warm-up of w steps, step s <= w has the rate base * s / w, so step w
 * is the first with the full rate. In the formulas, t is the number of steps since step w (without
 * a warm-up, since step 1), and left falls from 1 at t = 0 to 0 at step `steps` + 1 and then stays
 * 0. Two schedules begin below the full rate: a warm-up of one_cycle is the length of its rise, and
 * that of coslog4 is a factor on its curve.
 */
#ifndef EBB_SCHEDULE_H
#define EBB_SCHEDULE_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* X(NAME, name, default factor, n, meaning of `steps`, rate divided by the base rate). A default
 * factor of 1: the kind has no factor. By default `steps` is the n-th part of all steps. `steps` is
 * the SPAN of the schedule including warm-up, or a PERIOD; NONE: the kind has no steps.
 *
 * Words in parentheses behind a name are its parameters (ebb_schedule_shape). A parameter that says
 * when something happens is a part of `steps` if it is below 1, and otherwise a number of steps.
 *
 * PyTorch's equivalents: LinearLR from 1, CosineAnnealingLR, StepLR, ExponentialLR with factor =
 * gamma and a period of 1 step, MultiStepLR, CosineAnnealingWarmRestarts, OneCycleLR, PolynomialLR,
 * ReduceLROnPlateau. */
#define EBB_SCHEDULE_LIST(X)                                                                       \
  X(CONSTANT, "constant", 1, 0, NONE, "1")                                                         \
  X(LINEAR, "linear", 0, 1, SPAN, "factor + (1 - factor) left")                                    \
  X(COSINE, "cosine", 0, 1, SPAN, "factor + (1 - factor) (1 - cos(pi left)) / 2")                  \
  X(STEP, "step", 0.1, 3, PERIOD, "factor ^ floor(t / steps)")                                     \
  X(EXPONENTIAL, "exponential", 0.01, 1, PERIOD, "factor ^ (t / steps)")                           \
  X(MULTISTEP, "multistep", 0.1, 1, SPAN, "(milestones): factor ^ (milestones passed)")            \
  X(COSINE_RESTARTS, "cosine_restarts", 0, 4, PERIOD,                                              \
    "(growth): cosine, again and again, each period growth times as long as the one before")       \
  X(ONE_CYCLE, "one_cycle", 4e-6, 1, SPAN,                                                         \
    "(rise, divisor): by a cosine from 1 / divisor to 1, then by another to factor")               \
  X(WSD, "wsd", 0, 1, SPAN, "(decay): 1, and over the last steps linear")                          \
  X(WSD_SQRT, "wsd_sqrt", 0, 1, SPAN,                                                              \
    "(decay): 1, and over the last steps factor + (1 - factor) (1 - sqrt(1 - left))")              \
  X(POLYNOMIAL, "polynomial", 0, 1, SPAN, "(power): factor + (1 - factor) left ^ power")           \
  X(INVERSE_SQRT, "inverse_sqrt", 0, 10, PERIOD,                                                   \
    "factor + (1 - factor) sqrt(steps / (steps + t))")                                             \
  X(FLAT_COSINE, "flat_cosine", 0, 1, SPAN, "(flat): 1 over the first steps, then cosine")         \
  X(COSLOG4, "coslog4", 0, 1, SPAN,                                                                \
    "factor + (1 - factor) (1 - cos(2 pi log2(1 + 15 (1 - left)))) / 2")                           \
  X(PLATEAU, "plateau", 0.1, 0, NONE,                                                              \
    "(patience, least, threshold): times factor when the validation stands still")

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

enum { EBB_SCHEDULE_VALUES = 16, EBB_SCHEDULE_TEXT = 448 };

/* The parameters of a schedule's kind, in the order of its text. The first `count` are given, the
 * others have their defaults; multistep has as many milestones as are given, or two.
 *
 * multistep(0.5,0.75), cosine_restarts(1), one_cycle(0.3,25), wsd(0.2), wsd_sqrt(0.2),
 * polynomial(2), flat_cosine(0.5), plateau(10,0,0.0001) are the defaults.
 *
 * plateau, after each epoch: if the monitored figure (of the validation rows, or without these the
 * training loss) has not improved by more than `threshold` of itself in more than `patience` epochs
 * in a row, the rate is multiplied by the factor. It stays at least base * least. Epochs of the
 * warm-up do not count. */
typedef struct ebb_schedule_shape {
  size_t count;
  double values[EBB_SCHEDULE_VALUES];
} ebb_schedule_shape;

const char *ebb_schedule_name(ebb_schedule_kind kind);

/* Return true if `steps` and `factor` mean something to the kind. */
bool ebb_schedule_has_steps(ebb_schedule_kind kind);
bool ebb_schedule_has_factor(ebb_schedule_kind kind);

/* Returns a schedule without warm-up, with steps 0 and the kind's default factor. */
ebb_schedule ebb_schedule_default(ebb_schedule_kind kind);

/* Returns all parameters of a kind with their defaults. */
ebb_schedule_shape ebb_schedule_shape_default(ebb_schedule_kind kind);

/* Parses a name and its parameters: "cosine", "multistep(0.5,0.8)", "multistep(10epochs,20epochs)",
 * "wsd(1000steps)". An epoch is `epoch_steps` steps. Warm-up, steps and factor are not part of the
 * text: they are those of ebb_schedule_default.
 * Errors: EBB_ERR_ARGUMENT (unknown schedule, or a parameter out of range). */
ebb_status ebb_schedule_parse(ebb_schedule *out, ebb_schedule_shape *shape, const char *text,
                              size_t epoch_steps);

/* Checks a schedule for a run of `all` steps; `shape` may be NULL.
 * Errors: EBB_ERR_ARGUMENT: `schedule: why`. */
ebb_status ebb_schedule_check(const ebb_schedule *schedule, const ebb_schedule_shape *shape,
                              uint64_t all);

/* Writes name and given parameters as text for ebb_schedule_parse; returns `text`. `shape` may be
 * NULL. */
const char *ebb_schedule_text(char text[EBB_SCHEDULE_TEXT], ebb_schedule_kind kind,
                              const ebb_schedule_shape *shape);

#ifdef __cplusplus
}
#endif
#endif
