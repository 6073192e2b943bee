/* L-BFGS: trainings whose end is known, what it refuses, and checkpoints. */
#include "checkpoint_rig.h"

#include "train/train.h"

#include <ebb/sentinel.h>
#include <math.h>
#include <string.h>

/* ---- trainings ---- */

static bool keep_report(const ebb_report *report, void *user) {
  if (report->epoch_end) *(ebb_report *)user = *report;
  return true;
}

static rig make(ebb_device *device, const char *spec, ebb_step_form form) {
  rig r = rig_make(device, spec);
  r.options.step = form;
  r.options.batch = ROWS;
  r.options.epochs = 100;
  r.options.optimizer = ebb_optimizer_default(EBB_OPT_LBFGS);
  r.options.learning_rate = (float)ebb_optimizer_learning_rate(EBB_OPT_LBFGS);
  return r;
}

/* The toy's values by a network without hidden layers: a quadratic objective. */
static rig make_linear(ebb_device *device, const char *spec, ebb_step_form form) {
  rig r = make(device, "5relu", form);
  ebb_network_free(r.network);
  r.network = make_network(device, spec, 1);
  for (size_t i = 0; i < ROWS; i++) r.t->values[i] += r.t->x[i * INPUTS + 2] * r.t->x[i * INPUTS];
  r.data.labels = NULL, r.data.values = r.t->values, r.data.outputs = 1;
  r.options.loss = ebb_loss_default(EBB_LOSS_MSE);
  return r;
}

enum { UNKNOWNS = INPUTS + 1 };

/* Solves a w = b by elimination; a is symmetric and positive definite. */
static void solve(double a[UNKNOWNS][UNKNOWNS], double b[UNKNOWNS]) {
  for (size_t i = 0; i < UNKNOWNS; i++)
    for (size_t k = i + 1; k < UNKNOWNS; k++) {
      double factor = a[k][i] / a[i][i];
      for (size_t j = i; j < UNKNOWNS; j++) a[k][j] -= factor * a[i][j];
      b[k] -= factor * b[i];
    }
  for (size_t i = UNKNOWNS; i-- > 0;) {
    for (size_t j = i + 1; j < UNKNOWNS; j++) b[i] -= a[i][j] * b[j];
    b[i] /= a[i][i];
  }
}

/* The minimum of mse + decay / 2 |w|^2, without decay of the bias, by the normal equations. */
static void least_squares(double w[UNKNOWNS], const toy *t, double decay) {
  double a[UNKNOWNS][UNKNOWNS] = {{0}};
  memset(w, 0, UNKNOWNS * sizeof *w);
  for (size_t r = 0; r < ROWS; r++) {
    double x[UNKNOWNS] = {[INPUTS] = 1};
    for (size_t c = 0; c < INPUTS; c++) x[c] = (double)t->x[r * INPUTS + c];
    for (size_t i = 0; i < UNKNOWNS; i++) {
      for (size_t j = 0; j < UNKNOWNS; j++) a[i][j] += 2 * x[i] * x[j] / ROWS;
      w[i] += 2 * x[i] * (double)t->values[r] / ROWS;
    }
  }
  for (size_t i = 0; i < INPUTS; i++) a[i][i] += decay;
  solve(a, w);
}

static void is_solved(const rig *r, const double expected[UNKNOWNS], size_t member) {
  size_t count, node = r->network->spec.count > 1 ? 1 : 0; /* heads follow members */
  const ebb_tensor *const *parameter = (const ebb_tensor *const *)r->network->parameter[node];
  size_t step = node == 0 ? parameter[0]->stride : 1; /* heads have a row of weights each */
  float *w = parameters_of(r->network, &count);
  for (size_t k = 0; k < UNKNOWNS; k++) {
    size_t at = k < INPUTS ? r->network->offset[node][0] + member * parameter[0]->stride + k * step
                           : r->network->offset[node][1] + member * parameter[1]->stride;
    if (!(fabs((double)w[at] - expected[k]) < 5e-4))
      fail_msg("l2 %g, member %zu: weight %zu is %g, must be %g", r->options.update.l2, member, k,
               (double)w[at], expected[k]);
  }
  free(w);
}

/* Both forms, both places of the data; a penalty by either option; an ensemble, whose objective is
 * the mean of its members' losses, so that the penalty counts once a member. Values of a loss tell
 * weights apart down to the root of their rounding: sqrt(2 * 6e-8 * 0.3 / 0.5), by loss and
 * curvature. */
static void a_quadratic_is_solved(void **state) {
  enum { MEMBERS = 3 };
  static const struct {
    ebb_step_form form;
    ebb_data_place place;
    double weight_decay, l2;
    const char *spec;
    size_t members;
  } cases[] = {{EBB_STEP_LAYERS, EBB_DATA_DEVICE, 0, 0, "7-1", 1},
               {EBB_STEP_WHOLE, EBB_DATA_HOST, 0, 0, "7-1", 1},
               {EBB_STEP_LAYERS, EBB_DATA_DEVICE, 0.25, 0.125, "7-1", 1},
               {EBB_STEP_WHOLE, EBB_DATA_DEVICE, 0, 0.375, "7-1", 1},
               {EBB_STEP_LAYERS, EBB_DATA_DEVICE, 0, 0.125, "members3-heads1-mean", MEMBERS}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rig r = make_linear(*state, cases[i].spec, cases[i].form);
    double expected[UNKNOWNS], decay = cases[i].weight_decay + cases[i].l2;
    ebb_report report = {0};
    r.options.data_on = cases[i].place;
    r.options.optimizer.weight_decay = cases[i].weight_decay;
    r.options.update.l2 = cases[i].l2;
    r.options.update.no_decay_bias = 1;
    least_squares(expected, r.t, decay * (double)cases[i].members);
    assert_int_equal(rig_start(&r), EBB_OK);
    assert_int_equal(ebb_self_test(r.trainer), EBB_OK);
    assert_int_equal(ebb_trainer_run(r.trainer, keep_report, &report), EBB_OK);
    assert_int_equal(ebb_sentinel(r.trainer, 1, NULL), EBB_OK);
    assert_true(report.converged && report.epoch < 40 && !report.stopped_early);
    assert_true(report.step == report.epoch);
    for (size_t m = 0; m < cases[i].members; m++) is_solved(&r, expected, m);
    rig_free(&r);
  }
}

/* Runs repeat to the bit, whether in one or in several; a longer history needs fewer steps. */
static void runs_repeat(void **state) {
  float *slabs[2];
  size_t count;
  for (size_t i = 0; i < 2; i++) {
    rig r = make(*state, "5tanh", EBB_STEP_AUTO);
    r.options.epochs = i ? 4 : 12;
    assert_int_equal(rig_start(&r), EBB_OK);
    for (size_t k = 0; k < (i ? 3 : 1); k++)
      assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_OK);
    slabs[i] = parameters_of(r.network, &count);
    rig_free(&r);
  }
  assert_memory_equal(slabs[0], slabs[1], count * sizeof **slabs);
  free(slabs[0]);
  free(slabs[1]);
}

static void a_longer_history_needs_fewer_steps(void **state) {
  size_t steps[2];
  for (size_t i = 0; i < 2; i++) {
    rig r = make_linear(*state, "7-1", EBB_STEP_AUTO);
    ebb_report report = {0};
    r.options.update.history = i ? 8 : 1;
    assert_int_equal(rig_start(&r), EBB_OK);
    assert_int_equal(ebb_trainer_run(r.trainer, keep_report, &report), EBB_OK);
    steps[i] = report.epoch;
    rig_free(&r);
  }
  assert_true(steps[1] < steps[0]);
}

/* The loss never rises, and what is kept is the best epoch. */
static void classes_are_learnt(void **state) {
  rig r = make(*state, "6tanh-res(4silu-6)", EBB_STEP_LAYERS);
  ebb_report report = {0};
  double before = INFINITY;
  r.options.epochs = 1;
  assert_int_equal(rig_start(&r), EBB_OK);
  for (size_t epoch = 0; epoch < 15; epoch++) {
    assert_int_equal(ebb_trainer_run(r.trainer, keep_report, &report), EBB_OK);
    assert_true(report.train_loss <= before);
    before = report.train_loss;
  }
  assert_true(report.train_loss < 0.2);
  rig_free(&r);
}

/* Numbers that are not finite end a training as with other optimizers. */
static void bad_numbers_are_reported(void **state) {
  for (size_t form = 0; form < 2; form++) {
    rig r = make(*state, "5relu", form ? EBB_STEP_WHOLE : EBB_STEP_LAYERS);
    for (size_t i = 0; i < ROWS * INPUTS; i++) r.t->x[i] *= 1e38f;
    assert_int_equal(rig_start(&r), EBB_OK);
    assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_ERR_NUMBERS);
    assert_non_null(strstr(ebb_error_message(), "NaN or Inf at step 1"));
    rig_free(&r);
  }
}

/* ---- refusals ---- */

static void give_l1(ebb_train_options *o) {
  o->update.l1 = 0.1;
}
static void give_clip(ebb_train_options *o) {
  o->update.clip_norm = 1;
}
static void give_value(ebb_train_options *o) {
  o->update.clip_value = 1;
}
static void give_max(ebb_train_options *o) {
  o->update.max_norm = 1;
}
static void give_ema(ebb_train_options *o) {
  o->update.ema = 0.9;
}
static void give_swa(ebb_train_options *o) {
  o->update.swa = 1;
}
static void give_parts(ebb_train_options *o) {
  o->update.accumulate = 2;
}
static void give_ntk(ebb_train_options *o) {
  o->update.ntk = 1;
}
static void give_batch(ebb_train_options *o) {
  o->batch = ROWS - 1;
}
static void give_history(ebb_train_options *o) {
  o->update.history = 101;
}
static void give_tries(ebb_train_options *o) {
  o->update.line_tries = 1001;
}
static void give_layers(ebb_train_options *o) {
  static const double rates[] = {0};
  o->update.layer_rates = rates, o->update.layers = 1;
}
static void give_other(ebb_train_options *o) {
  o->optimizer = ebb_optimizer_default(EBB_OPT_ADAM);
  o->update.history = 5;
}
static void give_nothing(ebb_train_options *o) {
  (void)o;
}

static void what_does_not_go_together_is_refused(void **state) {
  static const struct {
    const char *spec, *message;
    void (*give)(ebb_train_options *o);
  } cases[] = {{"5relu", "l1 (its penalty", give_l1},
               {"5relu", "clipping", give_clip},
               {"5relu", "clipping", give_value},
               {"5relu", "max_norm", give_max},
               {"5relu", "average", give_ema},
               {"5relu", "average", give_swa},
               {"5relu", "accumulated", give_parts},
               {"5relu", "rates or freezing", give_ntk},
               {"5relu", "rates or freezing", give_layers},
               {"5relu", "all 150 rows; the batch is 149", give_batch},
               {"5relu", "history of 101", give_history},
               {"5relu", "1001 tries", give_tries},
               {"5relu", "history has no effect on optimizer adam", give_other},
               {"5relu-drop0.2", "layer 2, dropout", give_nothing},
               {"noise0.1-5relu", "layer 1, noise", give_nothing},
               {"5relu-batchnormrelu", "layer 2, batchnorm", give_nothing}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    rig r = make(*state, cases[i].spec, EBB_STEP_AUTO);
    cases[i].give(&r.options);
    ebb_status status = rig_start(&r);
    if (status != EBB_ERR_ARGUMENT || !strstr(ebb_error_message(), cases[i].message))
      fail_msg("case %zu: %s", i, ebb_error_message());
    rig_free(&r);
  }
}

/* ---- checkpoints ---- */

/* Before the first step, with the first pair still to be judged, and with a full history. */
static void steps_go_on_to_the_last_bit(void **state) {
  static const size_t saved[] = {0, 1, 2, 7};
  for (size_t i = 0; i < sizeof saved / sizeof *saved; i++) {
    plan p = {.optimizer = EBB_OPT_LBFGS,
              .step = i % 2 ? EBB_STEP_WHOLE : EBB_STEP_LAYERS,
              .place = i / 2 ? EBB_DATA_HOST : EBB_DATA_DEVICE,
              .update = {.history = 3, .l2 = 0.001}};
    expect_as_one(*state, &p, saved[i], 5);
  }
}

/* A resumed training that had converged ends at once. */
static void the_end_is_remembered(void **state) {
  float *slabs[2];
  size_t count, epochs[2];
  for (size_t i = 0; i < 2; i++) {
    rig r = make_linear(*state, "7-1", EBB_STEP_WHOLE);
    assert_int_equal(rig_start(&r), EBB_OK);
    if (i == 1) assert_int_equal(ebb_trainer_resume(r.trainer, folder, NULL), EBB_OK);
    assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_OK);
    epochs[i] = r.trainer->epochs_done;
    if (i == 0) assert_int_equal(ebb_trainer_save(r.trainer, folder, 1, NULL), EBB_OK);
    slabs[i] = parameters_of(r.network, &count);
    rig_free(&r);
  }
  assert_true(epochs[0] == epochs[1] && epochs[0] < 40);
  assert_memory_equal(slabs[0], slabs[1], count * sizeof **slabs);
  free(slabs[0]);
  free(slabs[1]);
}

static void another_history_is_another_training(void **state) {
  rig r = make(*state, "5relu", EBB_STEP_AUTO);
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_save(r.trainer, folder, 1, NULL), EBB_OK);
  assert_false(ebbi_lbfgs_is_possible(r.trainer->lbfgs, &(ebbi_lbfgs_memory){.pairs = 11}));
  assert_false(ebbi_lbfgs_is_possible(NULL, &(ebbi_lbfgs_memory){.moved = true}));
  rig_free(&r);
  r = make(*state, "5relu", EBB_STEP_AUTO);
  r.options.update.history = 3;
  r.options.update.line_tries = 25;
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_resume(r.trainer, folder, NULL), EBB_ERR_ARGUMENT);
  expect_message("another training: history 10, here 3");
  rig_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_quadratic_is_solved),
      cmocka_unit_test(runs_repeat),
      cmocka_unit_test(a_longer_history_needs_fewer_steps),
      cmocka_unit_test(classes_are_learnt),
      cmocka_unit_test(bad_numbers_are_reported),
      cmocka_unit_test(what_does_not_go_together_is_refused),
      TEST(steps_go_on_to_the_last_bit),
      TEST(the_end_is_remembered),
      TEST(another_history_is_another_training),
  };
  return cmocka_run_group_tests(tests, open_device_and_folder, close_device_and_folder);
}
