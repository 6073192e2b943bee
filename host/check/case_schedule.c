/* Cases of the schedules: the learning rate that a launch which opens a step leaves in the state.
 */
#include "check/verify_kernels.h"

#include "base/error.h"
#include "check/reference.h"
#include "ops/schedule.h"
#include <float.h>
#include <math.h>

/* Steps done when the schedule was set, and steps of a long one: more than 32 bits hold. */
#define LATE UINT64_C(0x100000007)
#define LONG UINT64_C(10000000000007)

/* What opens a step: a gather of one number. */
typedef struct opener {
  ebb_tensor *x, *y, *state, *data, *targets;
} opener;

static ebb_status make_opener(opener *o, ebbi_probe *probe) {
  const float number = 1;
  const int32_t label = 0;
  ebb_state state = ebb_state_default(0, 0, 0);
  TRY(ebbi_probe_output(&o->x, probe, 1, 1));
  TRY(ebbi_probe_tensor(&o->y, probe, EBB_I32, 1, 1, false, &label));
  TRY(ebbi_probe_tensor(&o->data, probe, EBB_F32, 1, 1, true, &number));
  TRY(ebbi_probe_tensor(&o->targets, probe, EBB_I32, 1, 1, true, &label));
  return ebbi_probe_state(&o->state, probe, &state);
}

/* The cosine comes near its end by a difference, of which double precision keeps so much. */
static double bound_of(const ebb_state_schedule *set, uint64_t step) {
  double bound = ebbi_schedule_bound(set, step);
  return bound > 0 ? bound + 16 * DBL_EPSILON * (double)set->base_rate : 0;
}

/* Opens the step that is number `step` of the schedule, after others. */
static ebb_status compare_step(ebbi_probe *probe, const opener *o, const ebb_schedule *schedule,
                               const ebb_state_schedule *set, uint64_t step) {
  ebb_state state = ebb_state_default(0, 0, NAN);
  state.schedule = *set;
  state.done = set->first + step - 1;
  state.epoch_first = state.done;
  TRY(ebb_tensor_upload(o->state, &state));
  TRY(ebb_gather(o->x, o->y, o->state, o->data, o->targets, 1, false, 1));
  TRY(ebb_tensor_download(&state, o->state));
  double expected = ebbi_reference_schedule(schedule, (double)set->base_rate, step);
  ebbi_tally_add(&probe->tally, (double)state.learning_rate, expected, 1,
                 bound_of(set, set->first + step));
  ebbi_tally_add(&probe->tally, (double)state.learning_rate, /* what a training goes by */
                 ebbi_schedule_rate(set, set->first + step), 1,
                 ebbi_schedule_bound(set, set->first + step));
  return EBB_OK;
}

/* At the ends of warm-up, period and schedule, and around them. */
static ebb_status run_schedule(ebbi_probe *probe, const opener *o, const ebb_schedule *schedule,
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
    if (steps[i] > 0) TRY(compare_step(probe, o, schedule, &set, steps[i]));
  return EBB_OK;
}

/* A warm-up of rows - 1 steps, `cols` more or many more, the factor 1 / depth or 0. */
ebb_status ebbi_case_schedule(ebbi_probe *probe, ebbi_shape s) {
  opener o;
  TRY(make_opener(&o, probe));
  for (int kind = 0; kind < EBB_SCHEDULE_COUNT; kind++)
    for (int form = 0; form < 4; form++) {
      uint64_t warm = s.rows - 1, late = form & 1 ? LATE : 0;
      double factor = form == 3 ? 0 : (double)(float)(1 / (double)s.depth);
      const ebb_schedule schedule = {.kind = (ebb_schedule_kind)kind,
                                     .warmup = warm,
                                     .steps = warm + s.cols + (form & 2 ? LONG : 0),
                                     .factor = factor};
      ebbi_tally_case(&probe->tally, "%s, warm-up %zu, %zu steps, factor %g",
                      ebb_schedule_name(schedule.kind), s.rows - 1, s.cols, factor);
      TRY(run_schedule(probe, &o, &schedule, late ? 3e3f : 0.3f, late));
    }
  return EBB_OK;
}
