/* ebb_verify passes on this device, runs the requested checks, and counts them.
 * test_verify_faults.c shows that it can fail.
 */
#include "test_support.h"

#include <ebb/ebb.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the report callback received. */
typedef struct seen {
  size_t checks, failed;
  char failed_names[4096]; /* "group name; " for each */
} seen;

static bool note(const ebb_check *check, void *user) {
  seen *s = user;
  s->checks++;
  assert_true(check->passed == (check->error <= check->bound));
  assert_non_null(check->detail);
  if (check->passed) return true;
  s->failed++;
  size_t used = strlen(s->failed_names);
  snprintf(s->failed_names + used, sizeof s->failed_names - used, "%s %s; ", check->group,
           check->name);
  return true;
}

static ebb_network *make_network(ebb_device *device, const char *text) {
  ebb_network *network = NULL;
  ebb_spec spec;
  assert_int_equal(ebb_spec_parse(&spec, text, 0, 0), EBB_OK);
  assert_int_equal(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 3), EBB_OK);
  return network;
}

static ebb_verify_options options_for(const ebb_network *network) {
  return (ebb_verify_options){.size = sizeof(ebb_verify_options),
                              .network = network,
                              .optimizer = ebb_optimizer_default(EBB_OPT_SGD),
                              .seed = 5};
}

/* Verifies and requires success, naming what failed. */
static ebb_verify_result verify_passes(ebb_device *device, const ebb_verify_options *options) {
  seen s = {0};
  ebb_verify_result result;
  ebb_status status = ebb_verify(&result, device, options, note, &s);
  if (status != EBB_OK) fail_msg("%s\nfailed: %s", ebb_error_message(), s.failed_names);
  assert_int_equal(result.checks, s.checks);
  assert_int_equal(result.failed, 0);
  assert_true(result.worst.error <= result.worst.bound);
  assert_non_null(result.worst.name);
  return result;
}

static void test_kernels_pass(void **state) {
  ebb_engine before = ebb_device_engine(*state);
  ebb_verify_options options = {.size = sizeof(ebb_verify_options), .kernels = true, .seed = 1};
  ebb_verify_result result = verify_passes(*state, &options);
  assert_true(result.checks >= 30); /* including ten activations in each direction */
  assert_int_equal(ebb_device_engine(*state), before);
}

static size_t count_checks(ebb_device *device, const ebb_verify_options *options) {
  size_t count = 0;
  if (ebb_verify_count(&count, device, options) != EBB_OK) fail_msg("%s", ebb_error_message());
  return count;
}

/* Counting builds nothing, and exactly the counted checks are run. */
static void test_checks_are_counted(void **state) {
  static const char *const patterns[] = {"gather", "kernel probe_*", "gradient", "layer 1 *",
                                         "forward loss, whole step"};
  static const size_t counts[] = {1, 2, 8, 7, 1};
  ebb_device *device = *state;
  ebb_network *network = make_network(device, "5-9relu-3");
  ebb_verify_options options = options_for(network);
  options.kernels = true;
  for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
    options.only = patterns[i];
    uint64_t built = ebb_device_counters(device).programs_built;
    assert_int_equal(count_checks(device, &options), counts[i]);
    assert_int_equal(ebb_device_counters(device).programs_built, built);
    assert_int_equal(verify_passes(device, &options).checks, counts[i]);
  }
  options.only = NULL;
  options.all = true;
  size_t all = count_checks(device, &options);
  options.all = false;
  assert_true(all > 2 * count_checks(device, &options));
  options.only = "matmul"; /* a complete first word, or nothing */
  assert_int_equal(ebb_verify_count(&all, device, &options), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "matmul"));
  ebb_network_free(network);
}

typedef struct names {
  size_t count, most;
  char list[512];
} names;

static bool take_name(const ebb_check *check, void *user) {
  names *n = user;
  size_t used = strlen(n->list);
  assert_true(check->error == 0 && check->bound == 0 && check->detail[0] == '\0');
  snprintf(n->list + used, sizeof n->list - used, "%s %s;", check->group, check->name);
  return ++n->count != n->most;
}

/* Checks are listed in their order, nothing is run, and the callback may stop. */
static void test_checks_are_listed(void **state) {
  ebb_device *device = *state;
  ebb_network *network = make_network(device, "5-9relu-3");
  ebb_verify_options options = options_for(network);
  options.kernels = options.all = true;
  options.only = "*er_products";
  assert_int_equal(ebb_verify_list(device, &options, take_name, &(names){0}), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_verify_list(device, &options, NULL, NULL), EBB_ERR_ARGUMENT);
  options.only = "kernel probe_*a";
  names some = {0}, first = {.most = 1};
  uint64_t built = ebb_device_counters(device).programs_built;
  assert_int_equal(ebb_verify_list(device, &options, take_name, &some), EBB_OK);
  assert_int_equal(ebb_device_counters(device).programs_built, built);
  assert_int_equal(some.count, count_checks(device, &options));
  assert_string_equal(some.list, "kernel probe_fma;");
  options.only = "layer 1 *";
  assert_int_equal(ebb_verify_list(device, &options, take_name, &first), EBB_OK);
  assert_string_equal(first.list, "gradient layer 1 weight;");
  ebb_network_free(network);
}

/* Each kind of node brings a network of its own; that of dense has layers without bias. One more
 * has a formula. */
static void test_kinds_pass(void **state) {
  ebb_verify_options options = {
      .size = sizeof(ebb_verify_options), .kernels = true, .only = "kind", .seed = 3};
  ebb_verify_result result = verify_passes(*state, &options);
  assert_int_equal(result.checks, 4 * (EBB_KIND_COUNT + 1));
  options.skip_differences = true;
  assert_int_equal(count_checks(*state, &options), 3 * (EBB_KIND_COUNT + 1));
  options.only = "res gradient";
  assert_int_equal(verify_passes(*state, &options).checks, 1);
}

/* A tuned choice counts as the device's default. */
static void test_tuned_choices_are_checked(void **state) {
  ebb_device *device = *state;
  ebb_verify_options options = {.size = sizeof(ebb_verify_options), .kernels = true},
                     all = {.size = sizeof(ebb_verify_options), .kernels = true, .all = true};
  ebb_engine before = ebb_device_engine(device);
  assert_int_equal(ebb_device_set_engine(device, EBB_ENGINE_GPU), EBB_OK);
  size_t usual = count_checks(device, &options), everything = count_checks(device, &all);
  assert_int_equal(ebb_device_set_matmul_choice(device, EBB_LAYOUT_NN, 3, 2), EBB_OK);
  assert_int_equal(count_checks(device, &options), usual + 3); /* the dense layer's passes */
  assert_int_equal(count_checks(device, &all), everything);
  options.only = "dense_weight_gradient gpu *";
  assert_int_equal(verify_passes(device, &options).checks, 1);
  assert_int_equal(ebb_device_set_matmul_choice(device, EBB_LAYOUT_NN, 3, EBB_MATMUL_CONFIG_AUTO),
                   EBB_OK);
  assert_int_equal(ebb_device_set_engine(device, before), EBB_OK);
}

/* Only the programs of the selected checks are built. */
static void test_only_builds_nothing_else(void **state) {
  (void)state;
  ebb_device *device = NULL;
  ebb_verify_options options = {.size = sizeof(ebb_verify_options),
                                .kernels = true,
                                .all = true,
                                .only = "kernel init_weights"};
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  verify_passes(device, &options);
  assert_int_equal(ebb_device_counters(device).programs_built, 1);
  ebb_device_free(device);
}

static bool stop_at_third(const ebb_check *check, void *user) {
  (void)check;
  return ++*(size_t *)user < 3;
}

static void test_the_callback_stops(void **state) {
  size_t calls = 0;
  ebb_network *network = make_network(*state, "5-9relu-3");
  ebb_verify_options options = options_for(network);
  ebb_verify_result result;
  assert_int_equal(ebb_verify(&result, *state, &options, stop_at_third, &calls), EBB_OK);
  assert_int_equal(calls, 3);
  assert_int_equal(result.checks, 3);
  ebb_network_free(network);
}

static bool everything; /* what the word `all` asks for */

static bool is_taken(const ebb_network *network, size_t index, int variant, ebb_loss loss) {
  if (ebb_spec_outputs(ebb_network_spec(network)) % ebb_loss_outputs(loss) > 0) return false;
  return everything || ((size_t)variant + index) % (index == 0 ? 2 : 4) == 0;
}

/* Every activation, every loss and every optimizer with all its settings in turn. The first network
 * takes each second, the others each fourth; with `all` each network takes all, on every engine.
 */
static void test_networks_pass(void **state) {
  static const char *const specs[] = {"7-11relu-9leaky_relu-13sigmoid-8tanh-6",
                                      "7-11gelu-9gelu_tanh-13silu-8softplus-12elu-6", "3-2", "1-1",
                                      "7-drop0.2-11relu-res(9tanh-drop0.5-res(9relu-9)-11)-5"};
  ebb_engine before = ebb_device_engine(*state);
  for (int e = 0; e < (everything ? EBB_ENGINE_COUNT : 1); e++) {
    if (everything && ebb_device_set_engine(*state, (ebb_engine)e) != EBB_OK) continue;
    for (size_t i = 0; i < sizeof specs / sizeof *specs; i++) {
      ebb_network *network = make_network(*state, specs[i]);
      for (int variant = 0; variant < EBB_OPT_COUNT || variant < EBB_LOSS_COUNT; variant++) {
        ebb_verify_options options = options_for(network);
        options.loss = ebb_loss_default((ebb_loss_kind)(variant % EBB_LOSS_COUNT));
        if (!is_taken(network, i, variant, options.loss)) continue;
        options.optimizer = ebb_optimizer_default((ebb_optimizer_kind)(variant % EBB_OPT_COUNT));
        options.optimizer.momentum = 0.9;
        options.optimizer.nesterov = variant % 2;
        options.optimizer.weight_decay = 0.05;
        options.batch = i == 0 ? 1 : 35;
        options.skip_differences = e > 0 || variant >= EBB_LOSS_COUNT; /* they would repeat */
        verify_passes(*state, &options);
      }
      ebb_network_free(network);
    }
  }
  assert_int_equal(ebb_device_set_engine(*state, before), EBB_OK);
}

static void test_a_deep_and_a_wide_network_pass(void **state) {
  static const char *const specs[] = {
      "5-16relu-16relu-16relu-16relu-16relu-16relu-16relu-16relu-16relu-16relu-3", "100-300relu-7"};
  for (int i = 0; i < 2; i++) {
    ebb_network *network = make_network(*state, specs[i]);
    ebb_verify_options options = options_for(network);
    verify_passes(*state, &options);
    ebb_network_free(network);
  }
}

/* Weights after a training: small gradients, confident outputs. */
static void test_a_trained_network_passes(void **state) {
  static const float x[] = {0, 0, 0, 1, 1, 0, 1, 1};
  static const int32_t labels[] = {0, 1, 1, 0};
  ebb_dataset data = {.rows = 4, .inputs = 2, .outputs = 2, .x = x, .labels = labels};
  ebb_train_options train = EBB_TRAIN_OPTIONS_INIT;
  ebb_trainer *trainer = NULL;
  ebb_network *network = make_network(*state, "2-16tanh-16relu-2");
  train.epochs = 500;
  train.learning_rate = 0.05f;
  assert_int_equal(ebb_trainer_create(&trainer, network, &data, NULL, &train), EBB_OK);
  assert_int_equal(ebb_trainer_run(trainer, NULL, NULL), EBB_OK);
  ebb_trainer_free(trainer);
  ebb_verify_options options = options_for(network);
  options.dataset = &data; /* four rows: fewer than the default batch */
  options.optimizer = ebb_optimizer_default(EBB_OPT_ADAM);
  verify_passes(*state, &options);
  ebb_network_free(network);
}

static void test_uint8_data_and_values_pass(void **state) {
  enum { ROWS = 40, INPUTS = 6, OUTPUTS = 2 };
  uint8_t x[ROWS * INPUTS];
  float values[ROWS * OUTPUTS];
  for (int i = 0; i < ROWS * INPUTS; i++) x[i] = (uint8_t)(i * 37);
  for (int i = 0; i < ROWS * OUTPUTS; i++) values[i] = (float)(i % 11) - 5;
  ebb_dataset data = {.rows = ROWS,
                      .inputs = INPUTS,
                      .outputs = OUTPUTS,
                      .x_u8 = x,
                      .scale = 1 / 255.0f,
                      .values = values};
  ebb_network *network = make_network(*state, "6-20silu-2");
  ebb_verify_options options = options_for(network);
  options.dataset = &data;
  options.loss = ebb_loss_default(EBB_LOSS_MSE);
  verify_passes(*state, &options);
  data.scale = 1; /* inputs up to 255 */
  verify_passes(*state, &options);
  ebb_network_free(network);
}

static void test_weights_stay(void **state) {
  ebb_network *network = make_network(*state, "5-9relu-3");
  ebb_tensor *slab = ebb_network_parameters(network);
  size_t bytes = ebb_tensor_cols(slab) * sizeof(float);
  float *before = malloc(bytes), *after = malloc(bytes);
  assert_non_null(before);
  assert_non_null(after);
  assert_int_equal(ebb_tensor_download(before, slab), EBB_OK);
  ebb_verify_options options = options_for(network);
  options.learning_rate = 0.5f;
  verify_passes(*state, &options);
  assert_int_equal(ebb_tensor_download(after, slab), EBB_OK);
  assert_memory_equal(before, after, bytes);
  free(before);
  free(after);
  ebb_network_free(network);
}

static void test_nan_weights_fail(void **state) {
  ebb_network *network = make_network(*state, "2-3relu-2");
  float weights[6] = {1, 2, NAN, 4, 5, 6};
  seen s = {0};
  ebb_verify_result result;
  ebb_verify_options options = options_for(network);
  assert_int_equal(ebb_tensor_upload(ebb_network_weight(network, 0), weights), EBB_OK);
  assert_int_equal(ebb_verify(&result, *state, &options, note, &s), EBB_ERR_NUMBERS);
  assert_true(result.failed > 0);
  assert_int_equal(result.failed, s.failed);
  assert_false(result.worst.passed);
  assert_non_null(strstr(s.failed_names, "forward layer 1"));
  ebb_network_free(network);
}

static void test_wrong_arguments(void **state) {
  static const float x[6] = {0};
  static const int32_t labels[2] = {0, 1};
  ebb_dataset narrow = {.rows = 2, .inputs = 3, .outputs = 2, .x = x, .labels = labels};
  ebb_dataset no_values = {.rows = 3, .inputs = 2, .outputs = 2, .x = x, .labels = labels};
  ebb_network *network = make_network(*state, "2-2");
  ebb_verify_options options = options_for(network), nothing = {0};
  ebb_verify_result result;
  no_values.rows = 2;
  assert_int_equal(ebb_verify(NULL, *state, &options, NULL, NULL), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_verify(&result, NULL, &options, NULL, NULL), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_verify(&result, *state, NULL, NULL, NULL), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_verify(&result, *state, &nothing, NULL, NULL), EBB_ERR_ARGUMENT);
  options.dataset = &narrow;
  assert_int_equal(ebb_verify(&result, *state, &options, NULL, NULL), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "3 inputs"));
  options.dataset = &no_values;
  options.loss = ebb_loss_default(EBB_LOSS_MSE);
  assert_int_equal(ebb_verify(&result, *state, &options, NULL, NULL), EBB_ERR_ARGUMENT);
  options.loss.kind = EBB_LOSS_COUNT;
  assert_int_equal(ebb_verify(&result, *state, &options, NULL, NULL), EBB_ERR_ARGUMENT);
  ebb_network_free(network);
}

int main(int count, char **words) {
  everything = count > 1 && strcmp(words[1], "all") == 0;
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_kernels_pass),
      cmocka_unit_test(test_checks_are_counted),
      cmocka_unit_test(test_checks_are_listed),
      cmocka_unit_test(test_kinds_pass),
      cmocka_unit_test(test_tuned_choices_are_checked),
      cmocka_unit_test(test_only_builds_nothing_else),
      cmocka_unit_test(test_the_callback_stops),
      cmocka_unit_test(test_networks_pass),
      cmocka_unit_test(test_a_deep_and_a_wide_network_pass),
      cmocka_unit_test(test_a_trained_network_passes),
      cmocka_unit_test(test_uint8_data_and_values_pass),
      cmocka_unit_test(test_weights_stay),
      cmocka_unit_test(test_nan_weights_fail),
      cmocka_unit_test(test_wrong_arguments),
  };
  return cmocka_run_group_tests_name("verify", tests, open_test_device, close_test_device);
}
