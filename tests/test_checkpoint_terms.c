/* What must be equal for a training to be resumed, and what may differ. */
#include "checkpoint_rig.h"

#include <locale.h>

static const plan usual = {
    .optimizer = EBB_OPT_ADAM, .shuffle = true, .keep_best = true, .epochs = 4};

typedef void change(training *t);

static void other_rate(training *t) {
  t->r.options.learning_rate = 0.0500001f;
}
static void other_schedule(training *t) {
  t->r.options.schedule = (ebb_schedule){EBB_SCHEDULE_COSINE, 3, 16, 0.01};
}
static void shaped_schedule(training *t) {
  t->r.options.schedule = (ebb_schedule){EBB_SCHEDULE_MULTISTEP, 0, 16, 0.5};
  t->r.options.shape = (ebb_schedule_shape){2, {0.25, 9}};
}
static void warmed_up(training *t) {
  t->r.options.schedule.warmup = 5;
}
static void other_optimizer(training *t) {
  t->r.options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
}
static void other_beta(training *t) {
  t->r.options.optimizer.beta2 = 0.99;
}
static void with_amsgrad(training *t) {
  t->r.options.optimizer.amsgrad = true;
}
static void other_batch(training *t) {
  t->r.options.batch = 9;
}
static void other_seed(training *t) {
  t->r.options.seed = UINT64_MAX;
}
static void no_shuffle(training *t) {
  t->r.options.shuffle = false;
}
static void clipped(training *t) {
  t->r.options.update.clip_norm = 0.5;
  t->r.options.update.accumulate = 2;
}
static void slower_layer(training *t) {
  static const double rates[] = {1, 0.1};
  t->r.options.update.layer_rates = rates;
  t->r.options.update.layers = 2;
}
static void penalties(training *t) {
  t->r.options.update.l1 = 0.001;
  t->r.options.update.no_decay_bias = 1;
}
static void last_by_muon(training *t) {
  t->r.options.optimizer = ebb_optimizer_default(EBB_OPT_MUON);
  t->r.options.update.muon_last = 1;
}
static void other_monitor(training *t) {
  t->r.options.monitor = EBB_MONITOR_ACCURACY;
}
static void other_delta(training *t) {
  t->r.options.min_delta = 1e-12;
}
static void no_best(training *t) {
  t->r.options.keep_best = false;
  t->r.options.patience = 1;
}
static void no_validation(training *t) {
  t->r.options.keep_best = false;
}
static void fewer_rows(training *t) {
  t->r.data.rows--;
}
static void other_input(training *t) {
  t->r.t->x[25 * INPUTS + 6] += 1e-6f;
}
static void other_label(training *t) {
  t->r.t->labels[0] ^= 1;
}
static void other_input_and_label(training *t) {
  other_input(t);
  other_label(t);
}
static void other_validation(training *t) {
  t->r.t->x[ROWS * INPUTS - 1] = 0;
}
static void other_network(training *t) {
  ebb_device *device = ebb_network_device(t->r.network);
  ebb_network_free(t->r.network);
  t->r.network = make_network(device, "9tanh", CLASSES);
}

static void what_differs_is_said(void **state) {
  static const struct {
    change *change;
    const char *said;
  } cases[] = {
      {other_rate, "learning rate 0.05, here 0.0500001"},
      {other_schedule, "schedule constant, here cosine, factor 0.01, 16 steps, warm-up 3 steps"},
      {shaped_schedule, "schedule constant, here multistep(0.25,9), factor 0.5, 16 steps"},
      {warmed_up, "schedule constant, here constant, warm-up 5 steps"},
      {other_optimizer, "optimizer adam, here sgd; weight decay 0.01, here 0"},
      {other_beta, "beta2 0.999, here 0.99"},
      {with_amsgrad, "amsgrad none, here yes"},
      {other_batch, "batch 8, here 9"},
      {other_seed, "seed 1, here 18446744073709551615"},
      {no_shuffle, "shuffle yes, here no"},
      {clipped, "accumulated batches none, here 2; clip norm none, here 0.5"},
      {slower_layer, "layer rates none, here 1 0.1"},
      {penalties, "no decay of biases none, here yes; l1 none, here 0.001"},
      {last_by_muon, "muon of the last layer none, here yes"},
      {other_monitor, "monitor loss, here accuracy"},
      {other_delta, "least improvement 0, here 1e-12"},
      {no_best, "best weights kept yes, here no"},
      {no_validation, "best weights kept yes, here no; validation rows 60, here none"},
      {fewer_rows, "belongs to another training: training rows 26, here 25"},
      {other_input, "belongs to another training: the values of the training inputs differ"},
      {other_label, "belongs to another training: the values of the training targets differ"},
      {other_input_and_label, "the values of the training inputs and targets differ"},
      {other_validation, "belongs to another training: the values of the validation inputs differ"},
      {other_network, "network 7-8tanh-3, here 7-9tanh-3"},
  };
  training t;
  training_start(&t, *state, &usual, 11);
  expect(ebb_trainer_save(t.r.trainer, folder, 1, NULL), EBB_OK);
  rig_free(&t.r);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    training other;
    ebb_checkpoint_info info;
    training_begin(&other, *state, &usual, 11);
    cases[i].change(&other);
    expect(training_create(&other), EBB_OK);
    expect(ebb_trainer_resume(other.r.trainer, folder, &info), EBB_ERR_ARGUMENT);
    expect_message("/step-000000000000.json: belongs to another training: ");
    expect_message(cases[i].said);
    assert_null(strstr(ebb_error_message(), "XXH3"));
    assert_null(info.path);
    expect(ebb_trainer_save(other.r.trainer, folder, 1, NULL), EBB_ERR_ARGUMENT);
    expect_message(cases[i].said);
    rig_free(&other.r);
  }
}

static void epochs_and_patience_may_differ(void **state) {
  plan p = usual;
  training t;
  training_start(&t, *state, &usual, 11);
  expect(ebb_trainer_save(t.r.trainer, folder, 1, NULL), EBB_OK);
  p.epochs = 3;
  p.patience = 2;
  training_resume(&t, *state, &p);
  rig_free(&t.r);
}

static void products_must_have_the_same_precision(void **state) {
  ebb_device *device = *state;
  training t;
  training_start(&t, device, &usual, 11);
  expect(ebb_trainer_save(t.r.trainer, folder, 1, NULL), EBB_OK);
  rig_free(&t.r);
  setenv("EBB_MATRIX_UNIT", "emulated", 1);
  expect(ebb_device_set_precision(device, EBB_PRECISION_BF16), EBB_OK);
  training_start(&t, device, &usual, 11);
  expect(ebb_device_set_precision(device, EBB_PRECISION_FP32),
         EBB_OK); /* the trainer keeps its own */
  unsetenv("EBB_MATRIX_UNIT");
  expect(ebb_trainer_resume(t.r.trainer, folder, NULL), EBB_ERR_ARGUMENT);
  expect_message("precision fp32, here bf16");
  rig_free(&t.r);
}

static void only_a_new_trainer_resumes(void **state) {
  training t;
  training_start(&t, *state, &usual, 11);
  expect(ebb_trainer_save(t.r.trainer, folder, 1, NULL), EBB_OK);
  expect(ebb_trainer_resume(t.r.trainer, folder, NULL), EBB_OK);
  expect(ebb_trainer_resume(t.r.trainer, folder, NULL), EBB_ERR_ARGUMENT);
  expect_message("make a new one");
  rig_free(&t.r);
  training_start(&t, *state, &usual, 11);
  expect(ebb_trainer_step(t.r.trainer, 1), EBB_OK);
  expect(ebb_trainer_resume(t.r.trainer, folder, NULL), EBB_ERR_ARGUMENT);
  rig_free(&t.r);
}

static void terms_do_not_depend_on_the_locale(void **state) {
  const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "cs_CZ.UTF-8"};
  const char *set = NULL;
  training t;
  training_start(&t, *state, &usual, 11);
  save(&t, 1);
  rig_free(&t.r);
  for (size_t i = 0; i < 4 && set == NULL; i++) set = setlocale(LC_ALL, names[i]);
  if (set == NULL) skip(); /* no locale with a decimal comma is installed */
  training_start(&t, *state, &usual, 11);
  expect(ebb_trainer_resume(t.r.trainer, folder, NULL), EBB_OK);
  setlocale(LC_ALL, "C");
  rig_free(&t.r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(what_differs_is_said),
      TEST(epochs_and_patience_may_differ),
      TEST(products_must_have_the_same_precision),
      TEST(only_a_new_trainer_resumes),
      TEST(terms_do_not_depend_on_the_locale),
  };
  return cmocka_run_group_tests(tests, open_device_and_folder, close_device_and_folder);
}
