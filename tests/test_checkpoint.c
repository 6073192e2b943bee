/* A training that is saved, discarded and resumed gives the same bits as an uninterrupted one: in
 * every step form, with every place of the data, with every optimizer, inside an epoch and at its
 * end, with and without the best weights.
 */
#include "checkpoint_rig.h"

/* ---- steps ---- */

static const struct form {
  ebb_engine engine;
  ebb_step_form step;
} forms[] = {{EBB_ENGINE_CPU, EBB_STEP_LAYERS},
             {EBB_ENGINE_CPU, EBB_STEP_WHOLE},
             {EBB_ENGINE_GPU, EBB_STEP_WHOLE}};
enum { FORMS = sizeof forms / sizeof *forms };

static const struct by {
  ebb_optimizer_kind kind;
  double momentum;
  bool nesterov, amsgrad;
} optimizers[] = {{EBB_OPT_ADAM, 0, false, false},   {EBB_OPT_SGD, 0, false, false},
                  {EBB_OPT_SGD, 0.9, false, false},  {EBB_OPT_SGD, 0.9, true, false},
                  {EBB_OPT_ADAMW, 0, false, true},   {EBB_OPT_LAMB, 0, false, false},
                  {EBB_OPT_MUON, 0.95, false, false}};
enum { OPTIMIZERS = sizeof optimizers / sizeof *optimizers };

static plan plan_of(size_t form, size_t optimizer, size_t variant) {
  return (plan){.engine = forms[form].engine,
                .step = forms[form].step,
                .optimizer = optimizers[optimizer].kind,
                .momentum = optimizers[optimizer].momentum,
                .nesterov = optimizers[optimizer].nesterov,
                .amsgrad = optimizers[optimizer].amsgrad,
                .place = variant % 2 ? EBB_DATA_HOST : EBB_DATA_DEVICE,
                .shuffle = variant / 2 % 2};
}

/* 5 steps an epoch: saved within the second epoch, at its end, and after the first step. */
static void steps_go_on_to_the_last_bit(void **state) {
  static const size_t saved[] = {7, 10, 1};
  for (size_t form = 0; form < FORMS; form++)
    for (size_t optimizer = 0; optimizer < OPTIMIZERS; optimizer++)
      for (size_t variant = 0; variant < 4; variant++) {
        plan p = plan_of(form, optimizer, variant);
        expect_as_one(*state, &p, saved[(optimizer + variant) % 3], 23);
      }
}

static void a_checkpoint_of_no_step_is_one(void **state) {
  plan p = plan_of(0, 0, 3);
  expect_as_one(*state, &p, 0, 12);
}

/* Saved with one form or data place, resumed with another. */
static void place_and_form_may_change(void **state) {
  for (size_t i = 0; i < 4; i++) {
    plan before = plan_of(i % 2, 0, i), after = plan_of(1, 0, 3 - i);
    after.shuffle = before.shuffle;
    training whole, parts;
    training_start(&whole, *state, &before, 11);
    expect(ebb_trainer_step(whole.r.trainer, 20), EBB_OK);
    training_start(&parts, *state, &before, 11);
    expect(ebb_trainer_step(parts.r.trainer, 8), EBB_OK);
    expect(ebb_trainer_save(parts.r.trainer, folder, 1, NULL), EBB_OK);
    training_resume(&parts, *state, &after);
    expect(ebb_trainer_step(parts.r.trainer, 12), EBB_OK);
    if (before.step == after.step) {
      expect_same(&whole, &parts);
    } else {
      size_t count;
      float *a = parameters_of(whole.r.network, &count),
            *b = parameters_of(parts.r.network, &count);
      for (size_t j = 0; j < count; j++) assert_float_equal(a[j], b[j], 1e-4f);
      free(a);
      free(b);
    }
    rig_free(&whole.r);
    rig_free(&parts.r);
    clean_folder();
  }
}

static void a_falling_rate_goes_on_falling(void **state) {
  plan p = plan_of(0, 0, 0);
  training whole, parts;
  training_start(&whole, *state, &p, 11);
  training_start(&parts, *state, &p, 11);
  for (int i = 0; i < 2; i++) {
    ebb_trainer *trainer = i ? parts.r.trainer : whole.r.trainer;
    expect(ebb_trainer_step(trainer, 6), EBB_OK);
    expect(ebb_trainer_set_learning_rate(trainer, 0.0123f), EBB_OK);
  }
  expect(ebb_trainer_save(parts.r.trainer, folder, 1, NULL), EBB_OK);
  training_resume(&parts, *state, &p); /* created with the initial rate */
  expect(ebb_trainer_step(whole.r.trainer, 6), EBB_OK);
  expect(ebb_trainer_step(parts.r.trainer, 6), EBB_OK);
  expect_same(&whole, &parts);
  rig_free(&whole.r);
  rig_free(&parts.r);
}

/* Schedules that a training goes over to at a resumption; the first has been resumed within a
 * period.
 */
static const struct {
  ebb_schedule schedule;
  ebb_schedule_shape shape;
} later[] = {{{EBB_SCHEDULE_COSINE_RESTARTS, 2, 4, 0.1}, {1, {2}}},
             {{EBB_SCHEDULE_STEP, 2, 3, 0.5}, {0, {0}}},
             {{EBB_SCHEDULE_MULTISTEP, 1, 9, 0.5}, {3, {2, 4, 7}}},
             {{EBB_SCHEDULE_PLATEAU, 1, 0, 0.5}, {1, {1}}}};
enum { LATER = sizeof later / sizeof *later };

/* Five steps of the training, and an epoch for plateau that gained nothing. */
static void go_on(training *t, int set) {
  if (set > 0)
    expect(ebb_trainer_set_shaped_schedule(t->r.trainer, &later[set].schedule, &later[set].shape,
                                           0.02f),
           EBB_OK);
  expect(ebb_trainer_step(t->r.trainer, 5), EBB_OK);
  for (int i = 0; i < 3; i++) expect(ebbi_trainer_judge_plateau(t->r.trainer, NULL, 1), EBB_OK);
}

/* A schedule from the start, and schedules that were set later, whose steps count from there. */
static void a_schedule_goes_on(void **state) {
  for (size_t form = 0; form < FORMS; form++) {
    plan p = plan_of(form, 0, form % 4);
    training whole, parts;
    for (int i = 0; i < 2; i++) {
      training *t = i ? &parts : &whole;
      training_begin(t, *state, &p, 11);
      t->r.options.schedule = later[0].schedule;
      t->r.options.shape = later[0].shape;
      expect(training_create(t), EBB_OK);
      expect(ebb_trainer_step(t->r.trainer, 7), EBB_OK);
    }
    for (int set = 0; set <= LATER; set++) {
      expect(ebb_trainer_save(parts.r.trainer, folder, 1, NULL), EBB_OK);
      rig_free(&parts.r);
      training_begin(&parts, *state, &p, 99);
      parts.r.options.schedule = later[0].schedule;
      parts.r.options.shape = later[0].shape;
      expect(training_create(&parts), EBB_OK);
      expect(ebb_trainer_resume(parts.r.trainer, folder, NULL), EBB_OK);
      for (int i = 0; i < 2; i++) {
        training *t = i ? &parts : &whole;
        if (set < LATER)
          go_on(t, set);
        else
          expect(ebb_trainer_step(t->r.trainer, 5), EBB_OK);
      }
      expect_same(&whole, &parts);
    }
    rig_free(&whole.r);
    rig_free(&parts.r);
    clean_folder();
  }
}

/* ---- runs ---- */

enum { EPOCHS = 24 };

/* Records the reports of a run, which it saves and stops on request. */
typedef struct listener {
  training *t;
  size_t save_in;  /* an epoch; 0: never */
  bool at_its_end; /* else after its first step */
  size_t epochs;   /* completed */
  double losses[EPOCHS];
  ebb_report last;
} listener;

static bool listen(const ebb_report *report, void *user) {
  listener *l = user;
  l->last = *report;
  if (report->epoch_end) {
    l->epochs = report->epoch;
    l->losses[report->epoch - 1] = report->valid_loss;
  }
  if (report->epoch != l->save_in || report->epoch_end != l->at_its_end) return true;
  expect(ebb_trainer_save(l->t->r.trainer, folder, 1, NULL), EBB_OK);
  return false;
}

static void run(training *t, listener *l) {
  l->t = t;
  expect(ebb_trainer_run(t->r.trainer, listen, l), EBB_OK);
}

/* A run that is saved and ended by its callback, then resumed, equals an uninterrupted one. */
static void expect_run_as_one(ebb_device *device, const plan *p, size_t epoch, bool at_its_end) {
  training whole, parts;
  listener one = {0}, two = {.save_in = epoch, .at_its_end = at_its_end};
  training_start(&whole, device, p, 11);
  run(&whole, &one);
  training_start(&parts, device, p, 11);
  run(&parts, &two);
  training_resume(&parts, device, p);
  two.save_in = 0;
  run(&parts, &two);
  expect_same(&whole, &parts);
  assert_int_equal(one.epochs, two.epochs);
  assert_int_equal(one.last.epochs, two.last.epochs);
  assert_int_equal(one.last.stopped_early, two.last.stopped_early);
  assert_memory_equal(one.losses, two.losses, one.epochs * sizeof(double));
  rig_free(&whole.r);
  rig_free(&parts.r);
  clean_folder();
}

static plan run_plan(bool keep_best, size_t patience) {
  return (plan){.keep_best = keep_best,
                .patience = patience,
                .optimizer = EBB_OPT_ADAM,
                .shuffle = true,
                .epochs = EPOCHS};
}

static void runs_go_on_to_the_last_bit(void **state) {
  for (int keep = 0; keep < 2; keep++)
    for (size_t patience = 0; patience <= 4; patience += 4) {
      plan p = run_plan(keep, patience);
      if (!keep && !patience) p.epochs = 4; /* more rows, without validation */
      expect_run_as_one(*state, &p, 1, false);
      expect_run_as_one(*state, &p, 1, true);
      expect_run_as_one(*state, &p, 3, true);
    }
}

/* The last epoch of a run, by number or by patience: the resumed run ends at once. */
static void a_run_that_was_over_ends_at_once(void **state) {
  for (size_t patience = 0; patience <= 4; patience += 4) {
    plan p = run_plan(true, patience);
    listener l = {0};
    training t;
    training_start(&t, *state, &p, 11);
    run(&t, &l);
    assert_int_equal(l.last.stopped_early, patience > 0);
    assert_true(l.last.best_epoch < l.epochs && (!patience || l.epochs < EPOCHS));
    rig_free(&t.r);
    expect_run_as_one(*state, &p, l.epochs, true);
  }
}

/* After a run the network has the best weights and the trainer the latest. A checkpoint restores
 * both, and later runs count as those of an uninterrupted trainer. */
static void between_runs_both_weights_come_back(void **state) {
  plan p = run_plan(true, 0);
  training whole, parts;
  listener one = {0}, two = {0};
  p.epochs = EPOCHS / 2;
  training_start(&whole, *state, &p, 11);
  training_start(&parts, *state, &p, 11);
  run(&whole, &one);
  run(&parts, &two);
  assert_true(two.last.best_epoch < two.epochs && parts.r.trainer->parked);
  expect(ebb_trainer_save(parts.r.trainer, folder, 1, NULL), EBB_OK);
  training_resume(&parts, *state, &p);
  expect_same(&whole, &parts);
  run(&parts, &two); /* the interrupted one, which was over */
  expect_same(&whole, &parts);
  run(&whole, &one);
  run(&parts, &two);
  assert_int_equal(two.epochs, EPOCHS);
  expect_same(&whole, &parts);
  rig_free(&whole.r);
  rig_free(&parts.r);
}

/* A trainer's second run ends where it would have ended without the interruption. */
static void a_later_run_goes_on_too(void **state) {
  plan p = run_plan(false, 0);
  training whole, parts;
  listener one = {0}, two = {.save_in = 5, .at_its_end = true};
  p.epochs = 3;
  training_start(&whole, *state, &p, 11);
  training_start(&parts, *state, &p, 11);
  for (int i = 0; i < 2; i++) {
    run(&whole, &one);
    run(&parts, &two); /* stops in the second run */
  }
  assert_int_equal(two.epochs, 5);
  training_resume(&parts, *state, &p);
  run(&parts, &two);
  assert_int_equal(two.epochs, 6);
  expect_same(&whole, &parts);
  rig_free(&whole.r);
  rig_free(&parts.r);
}

/* After a resume, NaN falls back to the same weights as without the interruption. */
static void what_nan_falls_back_to_comes_back(void **state) {
  plan p = run_plan(true, 0);
  training t;
  listener l = {.save_in = 10, .at_its_end = true};
  size_t count;
  training_start(&t, *state, &p, 11);
  run(&t, &l);
  float *best = parameters_of(t.r.network, &count);
  training_resume(&t, *state, &p);
  expect(ebb_trainer_set_learning_rate(t.r.trainer, 3e38f), EBB_OK);
  expect(ebb_trainer_run(t.r.trainer, NULL, NULL), EBB_ERR_NUMBERS);
  float *now = parameters_of(t.r.network, &count);
  assert_memory_equal(best, now, count * sizeof(float));
  expect(ebb_trainer_save(t.r.trainer, folder, 1, NULL), EBB_ERR_NUMBERS);
  free(best);
  free(now);
  rig_free(&t.r);
}

/* ---- what updates do besides ---- */

static void updates_go_on_to_the_last_bit(void **state) {
  static const double rates[] = {0.5, 1};
  for (size_t form = 0; form < FORMS; form++) {
    plan p = plan_of(form, 0, form);
    p.update = (ebb_update_options){
        .layer_rates = rates, .layers = 2, .clip_norm = 0.1, .max_norm = 1, .ema = 0.9};
    expect_as_one(*state, &p, 7, 5);
  }
  plan parts = plan_of(0, 0, 3);
  parts.update.accumulate = 2;
  expect_as_one(*state, &parts, 4, 5);
}

static bool stop_after_three(const ebb_report *report, void *user) {
  (void)user;
  return report->epoch < 3 || !report->epoch_end;
}

/* The mean over epochs 2 to 5, saved after the third, with and without the best epoch's weights;
 * and what the network holds after a run. */
static void averages_go_on_in_runs(void **state) {
  for (int best = 0; best < 2; best++) {
    plan p = plan_of(0, 0, 0);
    training whole, parts;
    p.epochs = 5;
    p.keep_best = best;
    p.update.swa = 2;
    training_start(&whole, *state, &p, 11);
    expect(ebb_trainer_run(whole.r.trainer, NULL, NULL), EBB_OK);
    training_start(&parts, *state, &p, 11);
    expect(ebb_trainer_run(parts.r.trainer, stop_after_three, NULL), EBB_OK);
    for (int i = 0; i < 2; i++) { /* within the run, and after it */
      expect(ebb_trainer_save(parts.r.trainer, folder, 1, NULL), EBB_OK);
      training_resume(&parts, *state, &p);
      expect(ebb_trainer_run(parts.r.trainer, NULL, NULL), EBB_OK);
      expect_same(&whole, &parts);
    }
    rig_free(&whole.r);
    rig_free(&parts.r);
    clean_folder();
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(steps_go_on_to_the_last_bit),
      TEST(a_checkpoint_of_no_step_is_one),
      TEST(place_and_form_may_change),
      TEST(a_falling_rate_goes_on_falling),
      TEST(a_schedule_goes_on),
      TEST(runs_go_on_to_the_last_bit),
      TEST(a_run_that_was_over_ends_at_once),
      TEST(between_runs_both_weights_come_back),
      TEST(a_later_run_goes_on_too),
      TEST(what_nan_falls_back_to_comes_back),
      TEST(updates_go_on_to_the_last_bit),
      TEST(averages_go_on_in_runs),
  };
  return cmocka_run_group_tests(tests, open_device_and_folder, close_device_and_folder);
}
