/* The best epoch: which one it is, that its weights are kept, when patience ends a run, and that a
 * run continues where the previous one stopped. */
#include "device/cl.h"
#include "train/train.h"
#include "train_rig.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Judges a sequence of losses and accuracies: the best epoch, and how many epochs ago it was. */
typedef struct verdict {
  size_t epoch, behind;
} verdict;

static verdict judge(const double *losses, const double *accuracies, size_t count,
                     ebb_monitor monitor, double min_delta) {
  const ebb_train_options options = {
      .size = sizeof(ebb_train_options), .monitor = monitor, .min_delta = min_delta};
  ebbi_best best = {0};
  for (size_t i = 0; i < count; i++) {
    ebb_metrics valid = {.loss = losses[i], .accuracy = accuracies ? accuracies[i] : NAN};
    bool better = ebbi_best_judge(&best, &options, i + 1, &valid);
    assert_int_equal(better, best.epoch == i + 1);
    assert_true(best.behind == (best.epoch ? i + 1 - best.epoch : i + 1));
    if (best.epoch) assert_true(best.loss == losses[best.epoch - 1]);
  }
  return (verdict){best.epoch, best.behind};
}

static void the_best_epoch_is_found(void **state) {
  (void)state;
  enum { N = 7 };
  static const double falling[N] = {7, 6, 5, 4, 3, 2, 1}, bowl[N] = {5, 3, 2, 2, 4, 2, 9};
  static const double broken[N] = {NAN, INFINITY, 4, NAN, -INFINITY, 3, NAN};
  static const double never[N] = {NAN, NAN, NAN, INFINITY, NAN, NAN, NAN};
  static const double slow[N] = {1, 0.75, 0.5, 0.25, 0, -0.25, -0.5};
  static const double right[N] = {0.5, 0.75, 0.75, 0.5, 1, 1, 0.25};
  const ebb_monitor loss = EBB_MONITOR_LOSS, accuracy = EBB_MONITOR_ACCURACY;
  const struct {
    const double *losses, *accuracies;
    ebb_monitor monitor;
    double min_delta;
    size_t epoch, behind;
  } cases[] = {
      {falling, right, loss, 0, 7, 0},
      {bowl, right, loss, 0, 3, 4},  /* the first of equals */
      {broken, NULL, loss, 0, 6, 1}, /* a loss that is not finite neither wins nor interferes */
      {never, NULL, loss, 0, 0, 7},
      {slow, NULL, loss, 0.25, 7, 0}, /* 0.5 below the best: every other epoch */
      {slow, NULL, loss, 0.5, 7, 0},  /* every third */
      {slow, NULL, loss, 2, 1, 6},
      {bowl, right, accuracy, 0, 5, 2},
      {bowl, right, accuracy, 0.25, 5, 2}, /* 0.75 is not more than 0.25 above 0.5, 1 is */
      {bowl, right, accuracy, 0.5, 1, 6},  /* exactly min_delta is not more than it */
      {broken, right, accuracy, 0, 6, 1},  /* its better epochs have no loss */
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    verdict v =
        judge(cases[i].losses, cases[i].accuracies, N, cases[i].monitor, cases[i].min_delta);
    if (v.epoch != cases[i].epoch || v.behind != cases[i].behind)
      fail_msg("case %zu: epoch %zu, %zu behind", i, v.epoch, v.behind);
  }
}

enum { SEEN = 64, HELD_OUT = 60 };

/* A training on few rows, at a rate that soon makes validation worse, and its reports. */
typedef struct search {
  rig r;
  ebb_dataset valid;
  size_t epochs;  /* reported so far */
  size_t stop_at; /* the callback ends the run at this epoch; 0: never */
  size_t stop_in; /* ... within it, after its first step */
  double losses[SEEN], accuracies[SEEN];
  float *best; /* the weights at the last epoch that improved */
  ebb_report last;
} search;

static search search_make(ebb_device *device) {
  search s = {.r = rig_make(device, "8tanh")};
  s.valid = s.r.data;
  s.valid.rows = HELD_OUT;
  s.valid.x += (ROWS - HELD_OUT) * INPUTS;
  s.valid.labels += ROWS - HELD_OUT;
  s.r.data.rows = 24;
  s.r.options.batch = 8;
  s.r.options.learning_rate = 0.05f;
  s.r.options.epochs = 24;
  s.r.options.keep_best = true;
  for (size_t i = 0; i < ROWS; i += 4) s.r.t->labels[i] = (s.r.t->labels[i] + 1) % CLASSES;
  return s;
}

static ebb_status search_start(search *s) {
  return ebb_trainer_create(&s->r.trainer, s->r.network, &s->r.data, &s->valid, &s->r.options);
}

static void search_free(search *s) {
  free(s->best);
  rig_free(&s->r);
}

static bool listen(const ebb_report *report, void *user) {
  search *s = user;
  s->last = *report;
  if (!report->epoch_end) return report->epoch != s->stop_in;
  assert_true(report->epoch <= SEEN);
  s->epochs = report->epoch;
  s->losses[report->epoch - 1] = report->valid_loss;
  s->accuracies[report->epoch - 1] = report->valid_accuracy;
  assert_int_equal(report->improved, report->best_epoch == report->epoch);
  assert_true(report->best_loss == s->losses[report->best_epoch - 1]);
  assert_true(report->best_accuracy == s->accuracies[report->best_epoch - 1]);
  if (report->improved) {
    size_t count;
    free(s->best);
    s->best = parameters_of(s->r.network, &count);
  }
  return report->epoch != s->stop_at;
}

static size_t lowest(const double *losses, size_t count) {
  size_t best = 0;
  for (size_t i = 1; i < count; i++)
    if (losses[i] < losses[best]) best = i;
  return best + 1;
}

/* The network has the weights of the best epoch so far, and evaluates like it. */
static void holds_the_best(search *s) {
  size_t count, best = lowest(s->losses, s->epochs);
  ebb_metrics metrics;
  float *now = parameters_of(s->r.network, &count);
  assert_int_equal(s->last.best_epoch, best);
  assert_memory_equal(now, s->best, count * sizeof(float));
  assert_int_equal(ebb_evaluate(&metrics, s->r.network, &s->valid, s->r.options.loss), EBB_OK);
  assert_true(metrics.loss == s->losses[best - 1]);
  free(now);
}

static void the_best_weights_are_left(void **state) {
  search s = search_make(*state);
  assert_int_equal(search_start(&s), EBB_OK);
  assert_int_equal(ebb_trainer_run(s.r.trainer, listen, &s), EBB_OK);
  assert_true(s.epochs == 24 && s.last.best_epoch > 1 && s.last.best_epoch < 24);
  assert_false(s.last.stopped_early);
  holds_the_best(&s);
  search_free(&s);
}

static void a_callback_that_stops_leaves_them_too(void **state) {
  for (int within = 0; within < 2; within++) {
    search s = search_make(*state);
    s.stop_at = within ? 0 : 20;
    assert_int_equal(search_start(&s), EBB_OK);
    if (within) {
      s.r.trainer->options.epochs = 20;
      assert_int_equal(ebb_trainer_run(s.r.trainer, listen, &s), EBB_OK);
      assert_int_equal(ebb_trainer_step(s.r.trainer, 1), EBB_OK); /* in epoch 21 */
      s.r.trainer->options.epochs = 0;
    }
    assert_int_equal(ebb_trainer_run(s.r.trainer, listen, &s), EBB_OK);
    assert_int_equal(s.epochs, 20);
    holds_the_best(&s);
    search_free(&s);
  }
}

/* A run stopped in its first epoch has no best epoch: the weights stay as they are. */
static void without_a_best_epoch_the_latest_stay(void **state) {
  search s = search_make(*state);
  size_t count;
  s.stop_in = 1;
  assert_int_equal(search_start(&s), EBB_OK);
  float *before = parameters_of(s.r.network, &count);
  assert_int_equal(ebb_trainer_run(s.r.trainer, listen, &s), EBB_OK);
  float *after = parameters_of(s.r.network, &count);
  assert_true(s.epochs == 0 && s.last.best_epoch == 0 && isnan(s.last.best_loss));
  assert_memory_not_equal(before, after, count * sizeof(float));
  free(before);
  free(after);
  search_free(&s);
}

/* Consecutive runs of these epochs; with `broken`, each is also ended within an epoch. */
static search run_in_parts(ebb_device *device, bool keep_best, size_t parts, bool broken) {
  search s = search_make(device);
  s.r.options.keep_best = keep_best;
  s.r.options.epochs = 24 / parts;
  assert_int_equal(search_start(&s), EBB_OK);
  for (size_t i = 0; i < parts; i++) {
    if (broken && i > 0) assert_int_equal(ebb_trainer_step(s.r.trainer, 2), EBB_OK);
    assert_int_equal(ebb_trainer_run(s.r.trainer, listen, &s), EBB_OK);
  }
  assert_int_equal(s.epochs, 24);
  return s;
}

static void runs_go_on_as_one_longer_run(void **state) {
  for (int keep = 0; keep < 2; keep++) {
    search whole = run_in_parts(*state, keep, 1, false);
    for (int broken = 0; broken < 2; broken++) {
      search parts = run_in_parts(*state, keep, 3, broken);
      size_t count;
      float *a = parameters_of(whole.r.network, &count);
      float *b = parameters_of(parts.r.network, &count);
      assert_memory_equal(whole.losses, parts.losses, 24 * sizeof(double));
      assert_int_equal(whole.last.best_epoch, parts.last.best_epoch);
      assert_memory_equal(whole.best, parts.best, count * sizeof(float));
      assert_memory_equal(a, b, count * sizeof(float));
      assert_int_equal(memcmp(a, whole.best, count * sizeof(float)) == 0, keep);
      free(a);
      free(b);
      search_free(&parts);
    }
    search_free(&whole);
  }
}

static void patience_ends_a_run(void **state) {
  search full = run_in_parts(*state, true, 1, false);
  search s = search_make(*state);
  s.r.options.patience = 4;
  size_t best = full.last.best_epoch;
  assert_true(best + 4 < 24);
  assert_int_equal(search_start(&s), EBB_OK);
  assert_int_equal(ebb_trainer_run(s.r.trainer, listen, &s), EBB_OK);
  assert_true(s.last.stopped_early && s.epochs == best + 4 && s.last.best_epoch == best);
  holds_the_best(&s);
  assert_int_equal(ebb_trainer_run(s.r.trainer, listen, &s),
                   EBB_OK); /* counted from the start again */
  assert_true(s.epochs >= best + 8);
  assert_memory_equal(s.losses, full.losses, (s.epochs < 24 ? s.epochs : 24) * sizeof(double));
  search_free(&s);
  search_free(&full);
}

static void accuracy_can_be_the_monitor(void **state) {
  search s = search_make(*state);
  s.r.options.monitor = EBB_MONITOR_ACCURACY;
  assert_int_equal(search_start(&s), EBB_OK);
  assert_int_equal(ebb_trainer_run(s.r.trainer, listen, &s), EBB_OK);
  for (size_t i = 0; i < s.epochs; i++) {
    if (i + 1 < s.last.best_epoch) assert_true(s.accuracies[i] < s.last.best_accuracy);
    assert_true(s.accuracies[i] <= s.last.best_accuracy);
  }
  assert_true(s.last.best_epoch !=
              lowest(s.losses, s.epochs)); /* otherwise the test would prove nothing */
  search_free(&s);
}

static void nan_falls_back_to_the_best_epoch(void **state) {
  search s = search_make(*state);
  char wanted[64];
  s.r.options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
  s.r.options.learning_rate = 0.5f;
  assert_int_equal(search_start(&s), EBB_OK);
  assert_int_equal(ebb_trainer_run(s.r.trainer, listen, &s), EBB_OK);
  assert_true(s.last.best_epoch < s.epochs);
  assert_int_equal(ebb_trainer_set_learning_rate(s.r.trainer, 3e38f), EBB_OK);
  assert_int_equal(ebb_trainer_run(s.r.trainer, listen, &s), EBB_ERR_NUMBERS);
  snprintf(wanted, sizeof wanted, "the weights are those of the best epoch, %zu;",
           s.last.best_epoch);
  if (!strstr(ebb_error_message(), wanted)) fail_msg("\"%s\"", ebb_error_message());
  holds_the_best(&s);
  search_free(&s);
}

/* The bytes downloaded by the end of each epoch. */
typedef struct traffic {
  ebb_device *device;
  uint64_t downloaded[SEEN];
  size_t improvements;
} traffic;

static bool count_bytes(const ebb_report *report, void *user) {
  traffic *t = user;
  if (report->epoch_end)
    t->downloaded[report->epoch] = ebb_device_counters(t->device).downloaded_bytes;
  t->improvements += report->improved;
  return true;
}

static void keeping_the_best_downloads_nothing(void **state) {
  traffic counted[2] = {{.device = *state}, {.device = *state}};
  for (int keep = 0; keep < 2; keep++) {
    search s = search_make(*state);
    s.r.options.keep_best = keep;
    assert_int_equal(search_start(&s), EBB_OK);
    assert_int_equal(ebb_trainer_run(s.r.trainer, count_bytes, &counted[keep]), EBB_OK);
    search_free(&s);
  }
  assert_true(counted[1].improvements > 1);
  for (size_t i = 2; i <= 24; i++) {
    uint64_t bytes = counted[1].downloaded[i] - counted[1].downloaded[i - 1];
    assert_int_equal(bytes, counted[0].downloaded[i] - counted[0].downloaded[i - 1]);
    assert_int_equal(bytes, 2 * EBB_STATE_WORDS * sizeof(uint32_t)); /* the sums of both parts */
  }
}

static uint64_t allocated_by(search *s, ebb_device *device) {
  uint64_t before = ebb_device_counters(device).allocated_bytes;
  assert_int_equal(search_start(s), EBB_OK);
  uint64_t used = ebb_device_counters(device).allocated_bytes - before;
  ebb_trainer_free(s->r.trainer);
  s->r.trainer = NULL;
  return used;
}

static void the_weights_that_wait_are_planned(void **state) {
  ebb_device *device = *state;
  const ebb_device_info whole = device->info;
  search s = search_make(device);
  size_t slab = ebb_tensor_cols(ebb_network_parameters(s.r.network)) * sizeof(float);
  s.r.options.data_on = EBB_DATA_DEVICE;
  uint64_t with = allocated_by(&s, device);
  s.r.options.keep_best = false;
  assert_int_equal(with, allocated_by(&s, device) + slab);
  s.r.options.keep_best = true;
  device->info.global_bytes = ebb_device_counters(device).allocated_bytes + with;
  assert_int_equal(allocated_by(&s, device), with);
  device->info.global_bytes--;
  assert_int_equal(search_start(&s), EBB_ERR_MEMORY);
  assert_non_null(strstr(ebb_error_message(), "best weights"));
  device->info = whole;
  search_free(&s);
}

static void refused(search *s, const ebb_dataset *valid, const char *part) {
  assert_int_equal(
      ebb_trainer_create(&s->r.trainer, s->r.network, &s->r.data, valid, &s->r.options),
      EBB_ERR_ARGUMENT);
  if (!strstr(ebb_error_message(), part)) fail_msg("\"%s\"", ebb_error_message());
}

static void what_cannot_be_is_refused(void **state) {
  search s = search_make(*state);
  refused(&s, NULL, "validation rows");
  s.r.options.keep_best = false;
  s.r.options.patience = 1;
  refused(&s, NULL, "validation rows");
  s.r.options.monitor = EBB_MONITOR_COUNT;
  refused(&s, &s.valid, "no monitor 2");
  s.r.options.monitor = EBB_MONITOR_LOSS;
  s.r.options.min_delta = NAN;
  refused(&s, &s.valid, "min_delta nan");
  s.r.options.min_delta = -0.5;
  refused(&s, &s.valid, "min_delta -0.5");
  s.r.options.min_delta = 0;
  s.r.options.monitor = EBB_MONITOR_ACCURACY;
  s.r.options.loss = ebb_loss_default(EBB_LOSS_MSE);
  s.r.data.labels = s.valid.labels = NULL;
  s.r.data.values = s.valid.values = s.r.t->x;
  refused(&s, &s.valid, "accuracy, which loss mse does not have");
  search_free(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_best_epoch_is_found),
      cmocka_unit_test(the_best_weights_are_left),
      cmocka_unit_test(a_callback_that_stops_leaves_them_too),
      cmocka_unit_test(without_a_best_epoch_the_latest_stay),
      cmocka_unit_test(runs_go_on_as_one_longer_run),
      cmocka_unit_test(patience_ends_a_run),
      cmocka_unit_test(accuracy_can_be_the_monitor),
      cmocka_unit_test(nan_falls_back_to_the_best_epoch),
      cmocka_unit_test(keeping_the_best_downloads_nothing),
      cmocka_unit_test(the_weights_that_wait_are_planned),
      cmocka_unit_test(what_cannot_be_is_refused),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
