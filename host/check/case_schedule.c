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

/* A schedule as the host makes it, and the step that it begins after. */
typedef struct subject {
  ebb_schedule schedule;
  ebb_schedule_shape shape;
  ebbi_schedule made;
} subject;

/* What a piece stores of a schedule, such as a rate after a milestone, is rounded once; and near
 * its end a cosine is a small difference, where double precision leaves an error. */
static double bound_of(const subject *s, const ebbi_piece *piece, uint64_t step) {
  double bound = ebbi_piece_bound(&piece->set, step), base = (double)s->made.base_rate;
  if (!(bound > 0) && piece->set.base_rate == s->made.base_rate) return 0;
  return bound + (double)FLT_EPSILON * ebbi_piece_rate(&piece->set, step) + 16 * DBL_EPSILON * base;
}

/* Opens step number `step` of the schedule after earlier steps. */
static ebb_status compare_step(ebbi_fixture *fixture, const opener *o, const subject *s,
                               uint64_t step) {
  ebb_state state = ebb_state_default(0, 0, NAN);
  ebbi_piece piece;
  uint64_t number = s->made.first + step;
  ebbi_schedule_piece(&piece, &s->made, number - 1);
  state.schedule = piece.set;
  state.done = number - 1;
  state.epoch_first = state.done;
  TRY(ebb_tensor_upload(o->state, &state));
  TRY(ebb_gather(o->x, o->y, o->state, o->data, o->targets, 1, false, 1));
  TRY(ebb_tensor_download(&state, o->state));
  double expected =
      ebbi_reference_schedule(&s->schedule, &s->shape, (double)s->made.base_rate, step);
  ebbi_tally_add(&fixture->tally, (double)state.learning_rate, expected, 1,
                 bound_of(s, &piece, number));
  ebbi_tally_add(&fixture->tally, (double)state.learning_rate, /* the rate that the training uses */
                 ebbi_piece_rate(&piece.set, number), 1, ebbi_piece_bound(&piece.set, number));
  return EBB_OK;
}

/* Checks the last step of a piece and two of the next, for the first few pieces. */
static ebb_status run_pieces(ebbi_fixture *fixture, const opener *o, const subject *s) {
  ebbi_piece piece = {.end = s->made.first};
  for (int p = 0; p < 4 && piece.end < UINT64_MAX / 2; p++) {
    ebbi_schedule_piece(&piece, &s->made, piece.end);
    uint64_t last = piece.end - s->made.first;
    for (uint64_t step = last; step < last + 3 && piece.end < UINT64_MAX; step++)
      TRY(compare_step(fixture, o, s, step));
  }
  return EBB_OK;
}

/* Checks the steps at and around the ends of warm-up, period, pieces and schedule. */
static ebb_status run_schedule(ebbi_fixture *fixture, const opener *o, const subject *s) {
  uint64_t warm = s->schedule.warmup, length = s->schedule.steps;
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
  for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
    if (steps[i] > 0) TRY(compare_step(fixture, o, s, steps[i]));
  return run_pieces(fixture, o, s);
}

/* A warm-up of rows - 1 steps, then at least `cols` steps or far more; the factor is 1 / depth or
 * 0. The parameters of the kinds are their defaults. */
ebb_status ebbi_case_schedule(ebbi_fixture *fixture, ebbi_shape shape) {
  opener o;
  TRY(make_opener(&o, fixture));
  for (int kind = 0; kind < EBB_SCHEDULE_COUNT; kind++)
    for (int form = 0; form < 4; form++) {
      uint64_t warm = shape.rows - 1, late = form & 1 ? LATE : 0;
      double factor = form == 3 ? 0 : (double)(float)(1 / (double)shape.depth);
      subject s = {.schedule = {.kind = (ebb_schedule_kind)kind,
                                .warmup = warm,
                                .steps = 3 * warm + shape.cols + (form & 2 ? LONG : 0),
                                .factor = factor},
                   .shape = ebb_schedule_shape_default((ebb_schedule_kind)kind)};
      ebbi_tally_case(&fixture->tally, "%s, warm-up %zu, %zu steps, factor %g",
                      ebb_schedule_name(s.schedule.kind), shape.rows - 1, shape.cols, factor);
      TRY(ebbi_schedule_make(&s.made, "schedule", &s.schedule, &s.shape, late ? 3e3f : 0.3f, 1));
      s.made.first = late;
      TRY(run_schedule(fixture, &o, &s));
    }
  return EBB_OK;
}
