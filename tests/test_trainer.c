/* Training: any number of rows, losses, NaN, reports, memory. */
#include "device/cl.h"
#include "train_rig.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* The report of the last epoch. */
static bool keep_report(const ebb_report *report, void *user) {
  *(ebb_report *)user = *report;
  return true;
}

static void any_row_count_trains(void **state) {
  ebb_device *device = *state;
  static const size_t counts[] = {1, 31, 32, 33, 64, ROWS};
  toy *t = toy_make();
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    ebb_dataset data = classes_of(t, counts[i]);
    ebb_network *network = make_network(device, "8tanh", CLASSES);
    ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
    ebb_trainer *trainer;
    ebb_report report;
    options.epochs = 3;
    assert_int_equal(ebb_trainer_create(&trainer, network, &data, &data, &options), EBB_OK);
    assert_int_equal(ebb_trainer_run(trainer, keep_report, &report), EBB_OK);
    assert_int_equal(report.step, 3 * ((counts[i] + 31) / 32));
    assert_true(isfinite(report.train_loss) && isfinite(report.valid_loss));
    ebb_metrics metrics;
    assert_int_equal(
        ebb_evaluate(&metrics, network, &data, ebb_loss_default(EBB_LOSS_CROSS_ENTROPY)), EBB_OK);
    assert_int_equal(metrics.rows, counts[i]);
    assert_true(metrics.loss == report.valid_loss && metrics.accuracy == report.valid_accuracy);
    ebb_trainer_free(trainer);
    ebb_network_free(network);
  }
  free(t);
}

static void regression_learns(void **state) {
  ebb_device *device = *state;
  toy *t = toy_make();
  ebb_dataset data = {.rows = ROWS, .inputs = INPUTS, .outputs = 1, .x = t->x, .values = t->values};
  ebb_network *network = make_network(device, "16silu", 1);
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  ebb_trainer *trainer;
  ebb_metrics metrics;
  options.loss = ebb_loss_default(EBB_LOSS_MSE);
  options.epochs = 60;
  options.learning_rate = 0.01f;
  assert_int_equal(ebb_trainer_create(&trainer, network, &data, NULL, &options), EBB_OK);
  assert_int_equal(ebb_trainer_run(trainer, NULL, NULL), EBB_OK);
  assert_int_equal(ebb_evaluate(&metrics, network, &data, ebb_loss_default(EBB_LOSS_MSE)), EBB_OK);
  assert_true(metrics.r2 > 0.95 && isnan(metrics.accuracy));
  ebb_trainer_free(trainer);
  ebb_network_free(network);
  free(t);
}

/* Counts have their own losses, which refuse anything else. */
static void targets_must_suit_the_loss(void **state) {
  toy *t = toy_make();
  ebb_dataset data = {.rows = ROWS, .inputs = INPUTS, .outputs = 1, .x = t->x, .values = t->values};
  ebb_network *network = make_network(*state, "16silu", 1);
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  ebb_trainer *trainer;
  for (size_t i = 0; i < ROWS; i++) t->values[i] = (float)(i % 4);
  options.loss = ebb_loss_default(EBB_LOSS_POISSON);
  assert_int_equal(ebb_trainer_create(&trainer, network, &data, NULL, &options), EBB_OK);
  ebb_trainer_free(trainer);
  options.loss = ebb_loss_default(EBB_LOSS_GAMMA); /* 0 is no value above 0 */
  assert_int_equal(ebb_trainer_create(&trainer, network, &data, NULL, &options), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "row 0: target 0 is 0, which is not above 0"));
  t->values[5] = -1;
  options.loss = ebb_loss_default(EBB_LOSS_POISSON);
  assert_int_equal(ebb_trainer_create(&trainer, network, &data, NULL, &options), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "row 5: target 0 is -1, which is not 0 or more"));
  ebb_network_free(network);
  free(t);
}

static void uint8_data_train_like_the_same_floats(void **state) {
  ebb_device *device = *state;
  static uint8_t bytes[ROWS * INPUTS];
  static float floats[ROWS * INPUTS];
  toy *t = toy_make();
  for (size_t i = 0; i < ROWS * INPUTS; i++) {
    bytes[i] = (uint8_t)(i * 37 % 256);
    floats[i] = (1.0f / 255) * (float)bytes[i];
  }
  float *results[2];
  size_t count;
  for (int use_bytes = 0; use_bytes < 2; use_bytes++) {
    ebb_dataset data = classes_of(t, ROWS);
    data.x = use_bytes ? NULL : floats;
    data.x_u8 = use_bytes ? bytes : NULL;
    data.scale = 1.0f / 255;
    ebb_network *network = make_network(device, "8relu", CLASSES);
    ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
    ebb_trainer *trainer;
    assert_int_equal(ebb_trainer_create(&trainer, network, &data, NULL, &options), EBB_OK);
    assert_int_equal(ebb_trainer_run(trainer, NULL, NULL), EBB_OK);
    results[use_bytes] = parameters_of(network, &count);
    ebb_trainer_free(trainer);
    ebb_network_free(network);
  }
  assert_memory_equal(results[0], results[1], count * sizeof(float));
  free(results[0]);
  free(results[1]);
  free(t);
}

static void nan_stops_training_and_restores_the_last_good_weights(void **state) {
  ebb_device *device = *state;
  rig r = rig_make(device, "16relu-16relu");
  size_t count;
  r.options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
  r.options.learning_rate = 0.01f;
  r.options.epochs = 2;
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_OK);
  float *good = parameters_of(r.network, &count);
  assert_int_equal(ebb_trainer_set_learning_rate(r.trainer, 1e30f), EBB_OK);
  assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_ERR_NUMBERS);
  assert_non_null(strstr(ebb_error_message(), "step 1"));
  assert_non_null(strstr(ebb_error_message(), "layer"));
  assert_non_null(strstr(ebb_error_message(), "epoch 2"));
  float *after = parameters_of(r.network, &count);
  assert_memory_equal(good, after, count * sizeof(float));
  assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_ERR_NUMBERS);
  free(good);
  free(after);
  rig_free(&r);
}

/* Trains one row with the given weights until NaN or Inf; the message must contain `part`. */
static void breaks_in(ebb_device *device, ebb_step_form form, const char *spec_text, size_t layer,
                      float weight, float value, ebb_optimizer_kind kind, const char *part) {
  const float x[] = {0, 1000}, values[] = {value};
  ebb_dataset data = {.rows = 1, .inputs = 2, .outputs = 1, .x = x, .values = values};
  ebb_spec spec;
  ebb_network *network;
  ebb_trainer *trainer;
  float weights[64];
  assert_int_equal(ebb_spec_parse(&spec, spec_text, 0, 0), EBB_OK);
  assert_int_equal(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 4), EBB_OK);
  ebb_tensor *w = ebb_network_weight(network, layer);
  for (size_t i = 0; i < ebb_tensor_rows(w) * ebb_tensor_cols(w); i++) weights[i] = weight;
  assert_int_equal(ebb_tensor_upload(w, weights), EBB_OK);
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  options.loss = ebb_loss_default(EBB_LOSS_MSE);
  options.optimizer = ebb_optimizer_default(kind);
  options.epochs = 5;
  options.step = form;
  assert_int_equal(ebb_trainer_create(&trainer, network, &data, NULL, &options), EBB_OK);
  assert_int_equal(ebb_trainer_run(trainer, NULL, NULL), EBB_ERR_NUMBERS);
  if (!strstr(ebb_error_message(), part)) fail_msg("\"%s\"", ebb_error_message());
  ebb_trainer_free(trainer);
  ebb_network_free(network);
}

static void nan_is_traced_to_its_layer(void **state) {
  for (ebb_step_form form = EBB_STEP_LAYERS; form <= EBB_STEP_WHOLE; form++) {
    breaks_in(*state, form, "2-8relu-8relu-1", 2, 3e38f, 0, EBB_OPT_SGD,
              "step 1, in the output of layer 3");
    breaks_in(*state, form, "2-8relu-8relu-1", 0, 3e38f, 0, EBB_OPT_SGD,
              "step 1, in the output of layer 1");
    /* The loss is finite; the second moment of this gradient is not. */
    breaks_in(*state, form, "2-1", 0, 0, 1e19f, EBB_OPT_ADAM, "step 1, in layer 1 weight [1, 0]");
  }
}

/* Trains one row of numbers of this size until NaN; the message must end with `advice`. */
static void advises(ebb_device *device, float input, float target, const char *advice) {
  const float x[] = {0, -input};
  ebb_dataset data = {.rows = 1, .inputs = 2, .outputs = 1, .x = x, .values = &target};
  ebb_spec spec;
  ebb_network *network;
  ebb_trainer *trainer;
  assert_int_equal(ebb_spec_parse(&spec, "2-8tanh-1", 0, 0), EBB_OK);
  assert_int_equal(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 4), EBB_OK);
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  options.loss = ebb_loss_default(EBB_LOSS_MSE);
  options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
  options.learning_rate = 1e30f;
  assert_int_equal(ebb_trainer_create(&trainer, network, &data, NULL, &options), EBB_OK);
  assert_int_equal(ebb_trainer_run(trainer, NULL, NULL), EBB_ERR_NUMBERS);
  const char *weights = strstr(ebb_error_message(), "the weights are ");
  const char *end = weights ? strchr(weights, ';') : NULL;
  if (!end || strcmp(end + 2, advice) != 0) fail_msg("\"%s\"", ebb_error_message());
  ebb_trainer_free(trainer);
  ebb_network_free(network);
}

static void nan_is_put_down_to_large_numbers_first(void **state) {
  const char *how =
      ": standardise them (the tool does unless --no-scale or --no-scale-target), then try a lower "
      "learning rate than 1e+30";
  char text[256];
  advises(*state, 1000, 1000, "try a lower learning rate than 1e+30");
  snprintf(text, sizeof text, "inputs reach 3.2e+06%s", how);
  advises(*state, 3.2e6f, -7, text);
  snprintf(text, sizeof text, "targets reach 1.2e+09%s", how);
  advises(*state, 1, -1.2e9f, text);
  snprintf(text, sizeof text, "inputs reach 3.2e+06, targets 1.2e+09%s", how);
  advises(*state, 3.2e6f, 1.2e9f, text);
}

static void epsilon_must_survive_float32(void **state) {
  ebb_device *device = *state;
  rig r = rig_make(device, "4tanh");
  r.options.optimizer.epsilon = 1e-46;
  assert_int_equal(rig_start(&r), EBB_ERR_ARGUMENT);
  rig_free(&r);
}

static void reports_follow_steps_queued_by_hand(void **state) {
  ebb_device *device = *state;
  rig r = rig_make(device, "4tanh");
  ebb_report report;
  r.options.epochs = 1;
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_step(r.trainer, 3 * 5 + 2), EBB_OK); /* three epochs and two steps */
  assert_int_equal(ebb_trainer_run(r.trainer, keep_report, &report), EBB_OK);
  assert_int_equal(report.epoch, 4);
  assert_int_equal(report.step, 20);
  ebb_metrics metrics;
  assert_int_equal(
      ebb_evaluate(&metrics, r.network, &r.data, ebb_loss_default(EBB_LOSS_CROSS_ENTROPY)), EBB_OK);
  assert_true(fabs(report.train_loss - metrics.loss) < 0.05); /* of this epoch, not of all four */
  rig_free(&r);
}

static bool stop_at_two(const ebb_report *report, void *user) {
  *(size_t *)user = report->epoch;
  return report->epoch < 2;
}

static void the_callback_stops_training(void **state) {
  ebb_device *device = *state;
  rig r = rig_make(device, "8relu");
  size_t epoch = 0;
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_run(r.trainer, stop_at_two, &epoch), EBB_OK);
  assert_int_equal(epoch, 2);
  rig_free(&r);
}

/* What the reports said so far. */
typedef struct heard {
  size_t reports, ends;
  ebb_report last;
} heard;

static bool hear_and_stop(const ebb_report *report, void *user) {
  heard *h = user;
  h->reports++;
  h->ends += report->epoch_end;
  h->last = *report;
  return false;
}

/* An epoch whose only step is the first step of all is completed, whatever the callback returns. */
static void an_epoch_of_one_step_is_closed(void **state) {
  rig r = rig_make(*state, "6relu");
  heard h = {0};
  r.options.batch = ROWS;
  assert_int_equal(ebb_trainer_create(&r.trainer, r.network, &r.data, &r.data, &r.options), EBB_OK);
  assert_int_equal(ebb_trainer_run(r.trainer, hear_and_stop, &h), EBB_OK);
  assert_true(h.reports == 1 && h.ends == 1 && h.last.epoch == 1);
  assert_true(isfinite(h.last.valid_loss) && h.last.first_step_seconds > 0);
  assert_true(isnan(h.last.samples_per_second)); /* only the first step, so there is no rate */
  assert_int_equal(ebb_trainer_run(r.trainer, hear_and_stop, &h), EBB_OK);
  assert_true(h.reports == 2 && h.ends == 2 && h.last.epoch == 2);
  assert_true(h.last.first_step_seconds == 0 && isfinite(h.last.samples_per_second));
  rig_free(&r);
}

/* Programs are built for the first step and the first evaluation, with the settings from the
 * trainer's creation, and never in later epochs. */
static void evaluations_keep_the_engine_of_the_making(void **state) {
  ebb_device *device = *state;
  ebb_engine own = ebb_device_engine(device),
             other = own == EBB_ENGINE_CPU ? EBB_ENGINE_GPU : EBB_ENGINE_CPU;
  double losses[2];
  for (int changed = 0; changed < 2; changed++) {
    rig r = rig_make(device, "6relu");
    heard h = {0};
    r.options.step = EBB_STEP_LAYERS;
    assert_int_equal(ebb_trainer_create(&r.trainer, r.network, &r.data, &r.data, &r.options),
                     EBB_OK);
    if (changed) assert_int_equal(ebb_device_set_engine(device, other), EBB_OK);
    if (changed) assert_int_equal(ebb_trainer_step(r.trainer, 2), EBB_OK); /* before any run */
    do assert_int_equal(ebb_trainer_run(r.trainer, hear_and_stop, &h), EBB_OK);
    while (h.ends == 0);
    uint64_t built = ebb_device_counters(device).programs_built;
    assert_int_equal(ebb_trainer_run(r.trainer, hear_and_stop, &h), EBB_OK);
    assert_int_equal(ebb_device_counters(device).programs_built, built);
    losses[changed] = h.last.valid_loss;
    rig_free(&r);
  }
  assert_true(losses[0] == losses[1]);
  assert_int_equal(ebb_device_set_engine(device, own), EBB_OK);
}

static void what_does_not_fit_is_refused(void **state) {
  ebb_device *device = *state;
  rig r = rig_make(device, "8relu");
  uint64_t before = ebb_device_counters(device).allocated_bytes;
  r.options.batch = 0;
  assert_int_equal(rig_start(&r), EBB_ERR_ARGUMENT);
  r.options.batch = 8;
  r.data.inputs = INPUTS - 1;
  assert_int_equal(rig_start(&r), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "6 inputs"));
  r.data.inputs = INPUTS;
  r.options.loss = ebb_loss_default(EBB_LOSS_MSE);
  assert_int_equal(rig_start(&r), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_device_counters(device).allocated_bytes, before);
  rig_free(&r);
}

/* On a device that has shrunk, the plan is refused before anything is allocated. */
static void a_plan_too_large_is_refused_with_numbers(void **state) {
  ebb_device *device = *state;
  const ebb_device_info whole = device->info;
  rig r = rig_make(device, "512relu");
  uint64_t before = ebb_device_counters(device).allocated_bytes;
  r.options.batch = 64;
  device->info.global_bytes = before + 65536; /* the pass alone takes about 300 KiB */
  assert_int_equal(rig_start(&r), EBB_ERR_MEMORY);
  assert_non_null(strstr(ebb_error_message(), "batch 64"));
  assert_non_null(strstr(ebb_error_message(), "try batch 32"));
  device->info = whole;
  device->info.max_allocation = 65536;
  assert_int_equal(rig_start(&r), EBB_ERR_MEMORY);
  assert_non_null(strstr(ebb_error_message(), "in one buffer"));
  assert_int_equal(ebb_device_counters(device).allocated_bytes, before);
  device->info = whole;
  assert_int_equal(rig_start(&r), EBB_OK);
  rig_free(&r);
}

static void ten_thousand_steps_leak_nothing(void **state) {
  ebb_device *device = *state;
  uint64_t before = ebb_device_counters(device).allocated_bytes;
  rig r = rig_make(device, "4relu");
  assert_int_equal(rig_start(&r), EBB_OK);
  uint64_t during = ebb_device_counters(device).allocated_bytes;
  for (int i = 0; i < 10; i++) {
    assert_int_equal(ebb_trainer_step(r.trainer, 1000), EBB_OK);
    assert_int_equal(ebb_device_finish(device), EBB_OK);
  }
  assert_int_equal(ebb_device_counters(device).allocated_bytes, during);
  rig_free(&r);
  assert_int_equal(ebb_device_counters(device).allocated_bytes, before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_row_count_trains),
      cmocka_unit_test(regression_learns),
      cmocka_unit_test(targets_must_suit_the_loss),
      cmocka_unit_test(uint8_data_train_like_the_same_floats),
      cmocka_unit_test(nan_stops_training_and_restores_the_last_good_weights),
      cmocka_unit_test(nan_is_traced_to_its_layer),
      cmocka_unit_test(nan_is_put_down_to_large_numbers_first),
      cmocka_unit_test(epsilon_must_survive_float32),
      cmocka_unit_test(reports_follow_steps_queued_by_hand),
      cmocka_unit_test(the_callback_stops_training),
      cmocka_unit_test(an_epoch_of_one_step_is_closed),
      cmocka_unit_test(evaluations_keep_the_engine_of_the_making),
      cmocka_unit_test(what_does_not_fit_is_refused),
      cmocka_unit_test(a_plan_too_large_is_refused_with_numbers),
      cmocka_unit_test(ten_thousand_steps_leak_nothing),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
