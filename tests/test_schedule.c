/* Schedules of the learning rate: PyTorch's numbers, every form of step, and setters that do not
 * wait.
 */
#include "check/reference.h"
#include "schedule_cases.h"
#include "test_support.h"
#include "train/train.h"
#include "train_rig.h"

#include <math.h>
#include <string.h>

enum { STEPS = 40 }; /* two bursts and eight more */

/* Batches of one slice, so that a launch may hold several whole steps; 19 steps an epoch. */
static rig small_rig(ebb_device *device, ebb_step_form form, ebb_data_place place) {
  rig r = rig_make(device, "8relu");
  r.options.batch = 8;
  r.options.step = form;
  r.options.data_on = place;
  r.options.optimizer = ebb_optimizer_default(EBB_OPT_ADAM);
  r.options.learning_rate = 0.5f;
  return r;
}

static ebb_state state_of(const rig *r) {
  ebb_state s;
  assert_int_equal(ebbi_trainer_read_state(&s, r->trainer), EBB_OK);
  return s;
}

/* ---- values ---- */

/* The case's schedule; its text has epochs of one step. */
static void parse_case(ebb_schedule *schedule, ebb_schedule_shape *given,
                       const struct torch_case *t) {
  *given = (ebb_schedule_shape){0};
  *schedule = t->schedule;
  if (!t->text) return;
  assert_int_equal(ebb_schedule_parse(schedule, given, t->text, 1), EBB_OK);
  ebb_schedule named = t->schedule;
  named.kind = schedule->kind;
  *schedule = named;
}

static void rates_are_those_of_pytorch(void **state) {
  rig r = small_rig(*state, EBB_STEP_LAYERS, EBB_DATA_AUTO);
  assert_int_equal(rig_start(&r), EBB_OK);
  for (size_t c = 0; c < sizeof torch_cases / sizeof *torch_cases; c++) {
    const struct torch_case *t = &torch_cases[c];
    ebb_schedule schedule;
    ebb_schedule_shape given, whole;
    parse_case(&schedule, &given, t);
    assert_int_equal(ebb_trainer_set_shaped_schedule(r.trainer, &schedule, &given, 0.5f), EBB_OK);
    whole = r.trainer->schedule.shape;
    for (size_t i = 0; i < t->count; i++) {
      const ebb_state_schedule piece = r.trainer->piece.set; /* of this step */
      assert_int_equal(ebb_trainer_step(r.trainer, 1), EBB_OK);
      double found = (double)state_of(&r).learning_rate;
      double reference = ebbi_reference_schedule(&schedule, &whole, 0.5, i + 1);
      uint64_t number = r.trainer->schedule.first + i + 1;
      double host = ebbi_schedule_rate(&r.trainer->schedule, number);
      const double wanted = t->rates[i];
      double bound = ebbi_piece_bound(&piece, number) + 1e-8;
      if (fabs(found - host) > bound || fabs(reference - wanted) > 1e-9 ||
          fabs(host - wanted) > 1e-8)
        fail_msg("case %zu, step %zu: %.9g, reference %.9g, host %.9g instead of %.9g", c, i + 1,
                 found, reference, host, wanted);
    }
  }
  rig_free(&r);
}

static void a_constant_rate_is_what_was_set_to_the_last_bit(void **state) {
  const float rate = 0.1234567f;
  for (int form = EBB_STEP_LAYERS; form < EBB_STEP_COUNT; form++) {
    rig r = small_rig(*state, (ebb_step_form)form, EBB_DATA_AUTO);
    r.options.learning_rate = rate;
    assert_int_equal(rig_start(&r), EBB_OK);
    assert_true(state_of(&r).learning_rate == rate);
    assert_int_equal(ebb_trainer_step(r.trainer, STEPS), EBB_OK);
    assert_true(state_of(&r).learning_rate == rate);
    rig_free(&r);
  }
}

static void steps_of_0_are_those_of_the_run(void **state) {
  static const uint64_t steps[EBB_SCHEDULE_COUNT] = {0,  57, 57, 19, 57, 57, 14, 57,
                                                     57, 57, 57, 5,  57, 57, 0};
  for (int kind = 0; kind < EBB_SCHEDULE_COUNT; kind++) {
    rig r = small_rig(*state, EBB_STEP_LAYERS, EBB_DATA_AUTO);
    r.options.epochs = 3;
    r.options.schedule = ebb_schedule_default((ebb_schedule_kind)kind);
    assert_int_equal(rig_start(&r), EBB_OK);
    assert_int_equal(r.trainer->schedule.steps, steps[kind]);
    rig_free(&r);
  }
}

/* ---- all forms ---- */

static void expect_equal_weights(const rig *a, const rig *b) {
  size_t count;
  float *x = parameters_of(a->network, &count), *y = parameters_of(b->network, &count);
  assert_memory_equal(x, y, count * sizeof *x);
  free(x);
  free(y);
}

/* Steps queued together equal single steps whose constant rate the host sets. */
static void expect_as_by_hand(ebb_device *device, ebb_step_form form, ebb_data_place place,
                              const ebb_schedule *schedule) {
  rig at_once = small_rig(device, form, place), by_hand = small_rig(device, form, place);
  at_once.options.schedule = *schedule;
  assert_int_equal(rig_start(&at_once), EBB_OK);
  assert_int_equal(rig_start(&by_hand), EBB_OK);
  assert_int_equal(ebb_trainer_step(at_once.trainer, STEPS), EBB_OK);
  for (size_t i = 1; i <= STEPS; i++) {
    rig one = small_rig(device, form, place); /* gives that step's rate, to the bit */
    one.options.schedule = *schedule;
    assert_int_equal(rig_start(&one), EBB_OK);
    assert_int_equal(ebb_trainer_step(one.trainer, i), EBB_OK);
    float rate = state_of(&one).learning_rate;
    assert_int_equal(ebb_trainer_set_learning_rate(by_hand.trainer, rate), EBB_OK);
    assert_int_equal(ebb_trainer_step(by_hand.trainer, 1), EBB_OK);
    rig_free(&one);
  }
  expect_equal_weights(&at_once, &by_hand);
  rig_free(&at_once);
  rig_free(&by_hand);
}

static void every_form_takes_the_rate_of_its_step(void **state) {
  const ebb_schedule cosine = {EBB_SCHEDULE_COSINE, 5, 37, 0};
  expect_as_by_hand(*state, EBB_STEP_LAYERS, EBB_DATA_DEVICE, &cosine);
  expect_as_by_hand(*state, EBB_STEP_WHOLE, EBB_DATA_DEVICE, &cosine);
  expect_as_by_hand(*state, EBB_STEP_WHOLE, EBB_DATA_HOST, &cosine);
  const ebb_schedule restarts = {EBB_SCHEDULE_COSINE_RESTARTS, 5, 13, 0};
  expect_as_by_hand(*state, EBB_STEP_WHOLE, EBB_DATA_HOST, &restarts);
}

/* ---- setting ---- */

/* The schedule is set between queued steps: earlier steps keep their rate, and nothing waits. */
static void setting_waits_for_nothing(void **state) {
  const ebb_schedule linear = {EBB_SCHEDULE_LINEAR, 2, 9, 0.25};
  rig queued = small_rig(*state, EBB_STEP_WHOLE, EBB_DATA_DEVICE);
  rig waited = small_rig(*state, EBB_STEP_WHOLE, EBB_DATA_DEVICE);
  assert_int_equal(rig_start(&queued), EBB_OK);
  assert_int_equal(rig_start(&waited), EBB_OK);
  for (int w = 0; w < 2; w++) {
    rig *r = w ? &waited : &queued;
    ebb_counters before = ebb_device_counters(*state);
    assert_int_equal(ebb_trainer_step(r->trainer, 20), EBB_OK);
    if (w) state_of(r);
    assert_int_equal(ebb_trainer_set_learning_rate(r->trainer, 0.0625f), EBB_OK);
    assert_int_equal(ebb_trainer_step(r->trainer, 3), EBB_OK);
    if (w) state_of(r);
    assert_int_equal(ebb_trainer_set_schedule(r->trainer, &linear, 0.25f), EBB_OK);
    assert_int_equal(ebb_trainer_step(r->trainer, 17), EBB_OK);
    ebb_counters after = ebb_device_counters(*state);
    if (w) continue;
    assert_int_equal(after.waits, before.waits);
    assert_int_equal(after.downloads, before.downloads);
    assert_int_equal(after.uploads, before.uploads);
    assert_int_equal(after.programs_built, before.programs_built);
  }
  assert_true(state_of(&queued).learning_rate == state_of(&waited).learning_rate);
  assert_true(fabsf(state_of(&queued).learning_rate - 0.0625f) < 1e-7f);
  expect_equal_weights(&queued, &waited);
  rig_free(&queued);
  rig_free(&waited);
}

static void what_cannot_be_is_refused(void **state) {
  static const struct {
    ebb_schedule schedule;
    float rate;
    const char *said;
  } cases[] = {
      {{(ebb_schedule_kind)EBB_SCHEDULE_COUNT, 0, 0, 1}, 1, "there is no schedule"},
      {{EBB_SCHEDULE_LINEAR, 0, 9, 1.5}, 1, "schedule factor 1.5 is not in [0, 1]"},
      {{EBB_SCHEDULE_STEP, 0, 9, NAN}, 1, "is not in [0, 1]"},
      {{EBB_SCHEDULE_COSINE, 10, 9, 0}, 1, "a warm-up of 10 steps is longer than the schedule, 9"},
      {{EBB_SCHEDULE_WSD, 11, 12, 0},
       1,
       "11 steps does not end before the rate of wsd first falls"},
      {{EBB_SCHEDULE_WSD, 1, 1, 0}, 1, "wsd first falls, after 0 steps"},
      {{EBB_SCHEDULE_CONSTANT, 0, 0, 1},
       -1,
       "learning rate -1 is not a finite number of at least 0"},
      {{EBB_SCHEDULE_CONSTANT, 0, 0, 1},
       INFINITY,
       "learning rate inf is not a finite number of at least 0"},
  };
  rig r = small_rig(*state, EBB_STEP_LAYERS, EBB_DATA_AUTO);
  assert_int_equal(rig_start(&r), EBB_OK);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ebb_trainer *trainer;
    r.options.schedule = cases[i].schedule;
    r.options.learning_rate = cases[i].rate;
    assert_int_equal(ebb_trainer_create(&trainer, r.network, &r.data, NULL, &r.options),
                     EBB_ERR_ARGUMENT);
    assert_non_null(strstr(ebb_error_message(), cases[i].said));
    assert_int_equal(ebb_trainer_set_schedule(r.trainer, &cases[i].schedule, cases[i].rate),
                     EBB_ERR_ARGUMENT);
    assert_non_null(strstr(ebb_error_message(), cases[i].said));
  }
  assert_int_equal(ebb_trainer_set_schedule(r.trainer, NULL, 1), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_trainer_set_learning_rate(NULL, 1), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_trainer_step(r.trainer, 1), EBB_OK); /* which changes nothing */
  assert_true(state_of(&r).learning_rate == 0.5f);
  rig_free(&r);
}

/* ---- texts ---- */

static void texts_are_read_and_written(void **state) {
  (void)state;
  static const struct {
    const char *text, *written, *said;
  } cases[] = {
      {"cosine", "cosine", NULL},
      {"multistep(10epochs,0.75,2steps)", "multistep(70,0.75,2)", NULL},
      {"multistep(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16)",
       "multistep(1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16)", NULL},
      {"one_cycle(0.25)", "one_cycle(0.25)", NULL},
      {"plateau(3,0.01,0)", "plateau(3,0.01,0)", NULL},
      {"cosin", NULL, "unknown; known are: constant, linear,"},
      {"cosine(1)", NULL, "cosine has at most 0 parameters"},
      {"wsd()", NULL, "\"\" is no number for decay"},
      {"wsd(0)", NULL, "decay of wsd is 0, not in (0"},
      {"wsd(nan)", NULL, "is no number"},
      {"wsd(0.2", NULL, "does not end with a \")\""},
      {"wsd(0.2)x", NULL, "does not end with a \")\""},
      {"polynomial(2epochs)", NULL, "\"2epochs\" is no number for power"},
      {"wsd(0.01epochs)", NULL, "is no number for decay"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ebb_schedule schedule;
    ebb_schedule_shape shape;
    char text[EBB_SCHEDULE_TEXT];
    ebb_status status = ebb_schedule_parse(&schedule, &shape, cases[i].text, 7);
    assert_int_equal(status, cases[i].said ? EBB_ERR_ARGUMENT : EBB_OK);
    if (cases[i].said && !strstr(ebb_error_message(), cases[i].said))
      fail_msg("%s: %s", cases[i].text, ebb_error_message());
    if (cases[i].written)
      assert_string_equal(ebb_schedule_text(text, schedule.kind, &shape), cases[i].written);
  }
}

/* ---- plateau ---- */

/* As ReduceLROnPlateau(factor=0.1, patience=2, min_lr=0.01) from 0.5, after each of these losses.
 */
static void a_plateau_reduces_as_pytorch_does(void **state) {
  static const double losses[] = {1.0,  0.5, 0.6,  0.49999, 0.7, 0.4,
                                  0.45, 0.4, 0.41, 0.42,    NAN, 0.3};
  static const double rates[] = {0.5,  0.5,  0.5,  0.5,  0.05, 0.05,
                                 0.05, 0.05, 0.01, 0.01, 0.01, 0.01};
  rig r = small_rig(*state, EBB_STEP_LAYERS, EBB_DATA_AUTO);
  r.options.schedule = ebb_schedule_default(EBB_SCHEDULE_PLATEAU);
  r.options.schedule.warmup = 3;
  r.options.shape = (ebb_schedule_shape){2, {2, 0.02}};
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_step(r.trainer, 2), EBB_OK);
  for (int i = 0; i < 9; i++) /* the warm-up does not count */
    assert_int_equal(ebbi_trainer_judge_plateau(r.trainer, NULL, 7), EBB_OK);
  assert_int_equal(ebb_trainer_step(r.trainer, 1), EBB_OK);
  for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) {
    assert_int_equal(ebbi_trainer_judge_plateau(r.trainer, NULL, losses[i]), EBB_OK);
    assert_int_equal(ebb_trainer_step(r.trainer, 1), EBB_OK);
    assert_true(fabs((double)state_of(&r).learning_rate - rates[i]) < 1e-8);
  }
  rig_free(&r);
}

/* A run judges each epoch, here at a rate that gains nothing. */
static void a_run_reduces_at_a_plateau(void **state) {
  rig r = small_rig(*state, EBB_STEP_WHOLE, EBB_DATA_AUTO);
  r.options.schedule = ebb_schedule_default(EBB_SCHEDULE_PLATEAU);
  r.options.shape = (ebb_schedule_shape){1, {1}};
  r.options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
  r.options.learning_rate = 1e-20f;
  r.options.epochs = 6;
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_OK);
  assert_int_equal(r.trainer->schedule.reductions, 2);
  assert_int_equal(r.trainer->schedule.reduced, 5 * 19);
  rig_free(&r);
}

static void a_failed_training_takes_no_schedule(void **state) {
  rig r = small_rig(*state, EBB_STEP_LAYERS, EBB_DATA_AUTO);
  r.options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
  r.options.learning_rate = 1e30f;
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_ERR_NUMBERS);
  assert_int_equal(ebb_trainer_set_learning_rate(r.trainer, 0.1f), EBB_ERR_NUMBERS);
  rig_free(&r);
}

/* A rate that differs from the schedule's, or a changed schedule, is found. */
static void a_device_that_has_another_rate_is_found(void **state) {
  rig r = small_rig(*state, EBB_STEP_LAYERS, EBB_DATA_AUTO);
  r.options.schedule = (ebb_schedule){EBB_SCHEDULE_COSINE, 5, 57, 0};
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_step(r.trainer, 30), EBB_OK);
  ebb_state good = state_of(&r), bad = good;
  bad.learning_rate *= 1.0001f;
  assert_int_equal(ebb_tensor_upload(r.trainer->pass->state, &bad), EBB_OK);
  assert_int_equal(ebbi_trainer_read_state(&bad, r.trainer), EBB_ERR_DEVICE);
  assert_non_null(strstr(ebb_error_message(), "the device reports the learning rate"));
  for (size_t byte = 0; byte < sizeof good.schedule; byte++) {
    bad = good;
    ((unsigned char *)&bad.schedule)[byte] ^= 1;
    assert_int_equal(ebb_tensor_upload(r.trainer->pass->state, &bad), EBB_OK);
    r.trainer->broken = false;
    assert_int_equal(ebbi_trainer_read_state(&bad, r.trainer), EBB_ERR_DEVICE);
    assert_non_null(strstr(ebb_error_message(), "the device reports the schedule"));
  }
  rig_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rates_are_those_of_pytorch),
      cmocka_unit_test(a_constant_rate_is_what_was_set_to_the_last_bit),
      cmocka_unit_test(steps_of_0_are_those_of_the_run),
      cmocka_unit_test(every_form_takes_the_rate_of_its_step),
      cmocka_unit_test(setting_waits_for_nothing),
      cmocka_unit_test(what_cannot_be_is_refused),
      cmocka_unit_test(texts_are_read_and_written),
      cmocka_unit_test(a_plateau_reduces_as_pytorch_does),
      cmocka_unit_test(a_run_reduces_at_a_plateau),
      cmocka_unit_test(a_failed_training_takes_no_schedule),
      cmocka_unit_test(a_device_that_has_another_rate_is_found),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
