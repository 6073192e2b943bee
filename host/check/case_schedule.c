/* Cases of the schedules: the learning rate in the state after a launch that opens a step.
 */
#include "check/verify_kernels.h"

#include "base/error.h"
#include "check/reference.h"
#include "ops/schedule.h"
#include <float.h>
#include <math.h>

/* Steps before the schedule, and steps of a long schedule: both need more than 32 bits. */
#define LATE UINT64_C(0x100000007)
#define LONG UINT64_C(10000000000007)

/* A gather of one number, which opens a step. */
typedef struct opener {
  ebb_tensor *x, *y, *state, *data, *targets;
} opener;

static ebb_status make_opener(opener *o, ebbi_fixture *fixture) {
  const float number = 1;
  const int32_t label = 0;
  ebb_state state = ebb_state_default(0, 0, 0);
  TRY(ebbi_fixture_output(&o->x, fixture, 1, 1));
  TRY(ebbi_fixture_tensor(&o->y, fixture, EBB_I32, 1, 1, false, &label));
  TRY(ebbi_fixture_tensor(&o->data, fixture, EBB_F32, 1, 1, true, &number));
  TRY(ebbi_fixture_tensor(&o->targets, fixture, EBB_I32, 1, 1, true, &label));
  return ebbi_fixture_state(&o->state, fixture, &state);
}

/* Near its end the cosine is a small difference: double precision leaves this error. */
static double bound_of(const ebb_state_schedule *set, uint64_t step) {
  double bound = ebbi_schedule_bound(set, step);
  return bound > 0 ? bound + 16 * DBL_EPSILON * (double)set->base_rate : 0;
}

/* Opens step number `step` of the schedule after earlier steps. */
static ebb_status compare_step(ebbi_fixture *fixture, const opener *o, const ebb_schedule *schedule,
                               const ebb_state_schedule *set, uint64_t step) {
  ebb_state state = ebb_state_default(0, 0, NAN);
  state.schedule = *set;
  state.done = set->first + step - 1;
  state.epoch_first = state.done;
  TRY(ebb_tensor_upload(o->state, &state));
  TRY(ebb_gather(o->x, o->y, o->state, o->data, o->targets, 1, false, 1));
  TRY(ebb_tensor_download(&state, o->state));
  double expected = ebbi_reference_schedule(schedule, (double)set->base_rate, step);
  ebbi_tally_add(&fixture->tally, (double)state.learning_rate, expected, 1,
                 bound_of(set, set->first + step));
  ebbi_tally_add(&fixture->tally, (double)state.learning_rate, /* the rate that the training uses */
                 ebbi_schedule_rate(set, set->first + step), 1,
                 ebbi_schedule_bound(set, set->first + step));
  return EBB_OK;
}

/* Checks the steps at and around the ends of warm-up, period and schedule. */
static ebb_status run_schedule(ebbi_fixture *fixture, const opener *o, const ebb_schedule *schedule,
                               float rate, uint64_t first) {
  uint64_t warm = schedule->warmup, length = schedule->steps;
  const uint64_t steps[] = {1,
                            2,
                            warm,
                            warm + 1,
                            warm + length / 3,
                            length - 1,
                            length,
                            length + 1,
                            warm + length,
                            warm + length + 1,
                            3 * length,
                            100 * length,
                            UINT64_C(1) << 60};
  ebb_state_schedule set;
  TRY(ebbi_schedule_make(&set, "schedule", schedule, rate, length));
  set.first = first;
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    if (steps[i] > 0) TRY(compare_step(fixture, o, schedule, &set, steps[i]));
  return EBB_OK;
}

/* A warm-up of rows - 1 steps, then `cols` steps or far more; the factor is 1 / depth or 0. */
ebb_status ebbi_case_schedule(ebbi_fixture *fixture, ebbi_shape s) {
  opener o;
  TRY(make_opener(&o, fixture));
  for (int kind = 0; kind < EBB_SCHEDULE_COUNT; kind++)
    for (int form = 0; form < 4; form++) {
      uint64_t warm = s.rows - 1, late = form & 1 ? LATE : 0;
      double factor = form == 3 ? 0 : (double)(float)(1 / (double)s.depth);
      const ebb_schedule schedule = {.kind = (ebb_schedule_kind)kind,
                                     .warmup = warm,
                                     .steps = warm + s.cols + (form & 2 ? LONG : 0),
                                     .factor = factor};
      ebbi_tally_case(&fixture->tally, "%s, warm-up %zu, %zu steps, factor %g",
                      ebb_schedule_name(schedule.kind), s.rows - 1, s.cols, factor);
      TRY(run_schedule(fixture, &o, &schedule, late ? 3e3f : 0.3f, late));
    }
  return EBB_OK;
}
