/* Profiles and traces: sums add up, counts are complete, and without a profile nothing is timed,
 * delayed or changed. test_kernel_work.c checks the work reported by kernels.
 */
#include "device/profiling.h"
#include "train_rig.h"

#include <jansson.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int open_profiled(void **state) {
  return ebb_device_open_profiled((ebb_device **)state, NULL) == EBB_OK ? 0 : -1;
}

static double clock_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static bool near(double a, double b) {
  double difference = a > b ? a - b : b - a;
  return difference <= 1e-9 * (a > b ? a : b) + 1e-12;
}

static const ebb_profile_row *find(ebb_device *device, const char *name, size_t x, size_t y,
                                   size_t z) {
  size_t count;
  const ebb_profile_row *rows = ebb_profile_rows(&count, device);
  for (size_t i = 0; i < count; i++)
    if (strcmp(rows[i].name, name) == 0 && rows[i].shape[0] == x && rows[i].shape[1] == y &&
        rows[i].shape[2] == z)
      return &rows[i];
  return NULL;
}

/* The kernels' launches in the table. Rows must be sorted by time and add up. */
static uint64_t check_sums(ebb_device *device) {
  size_t count;
  uint64_t kernels = 0, all = 0;
  double seconds = 0, last = 1e30;
  const ebb_profile_row *rows = ebb_profile_rows(&count, device);
  for (size_t i = 0; i < count; i++) {
    bool transfer = rows[i].shape[0] == 0;
    all += rows[i].launches;
    if (!transfer) kernels += rows[i].launches;
    assert_true(rows[i].launches > 0 && rows[i].bytes > 0 && rows[i].seconds <= last);
    seconds += last = rows[i].seconds;
  }
  ebb_profile_totals sums = ebb_profile_sums(device);
  assert_true(near(sums.wall, sums.busy + sums.idle + sums.first_use));
  assert_true(sums.idle >= 0 && sums.first_use >= 0 && sums.busy > 0);
  assert_true(near(sums.busy, seconds));
  assert_int_equal(sums.commands, all);
  return kernels;
}

static rig start(ebb_device *device, ebb_step_form form, size_t batch) {
  rig r = rig_make(device, "16relu-9gelu");
  r.options.batch = batch;
  r.options.step = form;
  assert_int_equal(rig_start(&r), EBB_OK);
  return r;
}

/* Profiles steps and compares their launches with the counters. */
static void profile_steps(ebb_device *device, rig *r, size_t steps) {
  double outside = clock_now();
  assert_int_equal(ebb_profile_begin(device, 0), EBB_OK);
  uint64_t before = ebb_device_counters(device).launches;
  double inside = clock_now();
  assert_int_equal(ebb_trainer_step(r->trainer, steps), EBB_OK);
  assert_int_equal(ebb_device_finish(device), EBB_OK);
  inside = clock_now() - inside;
  assert_int_equal(ebb_profile_end(device), EBB_OK);
  outside = clock_now() - outside;
  assert_int_equal(check_sums(device), ebb_device_counters(device).launches - before);
  assert_true(ebb_profile_sums(device).wall < 1.01 * outside);
  assert_true(ebb_profile_sums(device).wall > 0.99 * inside);
}

static void a_step_by_layers_has_its_rows(void **state) {
  ebb_device *device = *state;
  bool cpu = ebb_device_engine(device) == EBB_ENGINE_CPU;
  rig r = start(device, EBB_STEP_LAYERS, 30);
  profile_steps(device, &r, 11);
  const ebb_profile_row *nn = find(device, cpu ? "matmul_nn_cpu" : "matmul_nn_gpu", 30, 16, 7);
  assert_non_null(nn);
  assert_int_equal(nn->launches, 11);
  assert_true(nn->flops == 11.0 * (2 * 30 * 16 * 7 + 30 * 16));
  assert_true(nn->bytes == 11.0 * 4 * (30 * 7 + 7 * 16 + 30 * 16 + 16));
  nn = find(device, cpu ? "matmul_nn_cpu" : "matmul_nn_gpu", 30, 9, 16); /* gelu keeps z */
  assert_non_null(nn);
  assert_true(nn->bytes == 11.0 * 4 * (30 * 16 + 16 * 9 + 2 * 30 * 9 + 9));
  const ebb_profile_row *tn = find(device, cpu ? "matmul_tn_cpu" : "matmul_tn_gpu", 16, 9, 30);
  assert_non_null(tn);
  assert_true(tn->flops == 11.0 * (2 * 30 * 16 * 9 + 30 * 9));
  assert_non_null(find(device, "loss", 30, 3, 0));
  rig_free(&r);
}

/* Launches of several steps have a row for each number of steps; single steps are the rest. */
static void whole_steps_have_their_rows(void **state) {
  ebb_device *device = *state;
  rig r = start(device, EBB_STEP_WHOLE, 30);
  size_t n = ebb_tensor_cols(ebb_network_parameters(r.network));
  profile_steps(device, &r, 35);
  const ebb_profile_row *many = find(device, "whole_steps", 30, n, 16);
  const ebb_profile_row *one = find(device, "whole_steps", 30, n, 1);
  assert_true(many && one && many->launches == 2 && one->launches == 3);
  double products = 30 * (4.0 * 7 * 16 + 6.0 * 16 * 9 + 6.0 * 9 * 3);
  double rest = 30 * (3.0 * 16 + 3.0 * 9 + 2.0 * 3 + 5.0 * 3) + 15.0 * (double)n;
  assert_true(near(one->flops, 3 * (products + rest)));
  assert_true(near(many->flops, 32 * (products + rest)));
  rig_free(&r);
  r = start(device, EBB_STEP_WHOLE, 70);
  profile_steps(device, &r, 4);
  assert_non_null(find(device, "whole_step", 70, n, 0));
  assert_non_null(find(device, "update", n, 3, 0)); /* the sum of three slices */
  rig_free(&r);
}

static void clblast_has_its_rows(void **state) {
  ebb_device *device = *state;
  ebb_engine before = ebb_device_engine(device);
  if (ebb_device_set_engine(device, EBB_ENGINE_CLBLAST) != EBB_OK) skip();
  rig r = start(device, EBB_STEP_LAYERS, 30);
  assert_int_equal(ebb_device_set_engine(device, before), EBB_OK);
  profile_steps(device, &r, 5);
  const ebb_profile_row *row = find(device, "clblast_sgemm", 30, 16, 7);
  assert_non_null(row);
  assert_int_equal(row->launches, 5);
  assert_true(row->flops == 5.0 * 2 * 30 * 16 * 7 && row->seconds > 0);
  rig_free(&r);
}

/* The weights after some steps, and how often the host waited. */
static float *train(ebb_device *device, size_t *count, uint64_t *waits, bool profiled) {
  rig r = start(device, EBB_STEP_LAYERS, 30);
  if (profiled) assert_int_equal(ebb_profile_begin(device, 100), EBB_OK);
  uint64_t before = ebb_device_counters(device).waits;
  assert_int_equal(ebb_trainer_step(r.trainer, 1000), EBB_OK);
  *waits = ebb_device_counters(device).waits - before;
  if (profiled) assert_int_equal(ebb_profile_end(device), EBB_OK);
  float *weights = parameters_of(r.network, count);
  rig_free(&r);
  return weights;
}

static void profiling_changes_no_weights_and_only_it_waits(void **state) {
  size_t count, same;
  uint64_t waits, profiled_waits;
  float *plain = train(*state, &count, &waits, false);
  float *profiled = train(*state, &same, &profiled_waits, true);
  assert_int_equal(waits, 0);
  /* 11,000 events in a ring of two halves */
  assert_int_equal(profiled_waits, (11000 - EBBI_PENDING_HALF - 1) / EBBI_PENDING_HALF);
  assert_int_equal(count, same);
  assert_memory_equal(plain, profiled, count * sizeof *plain);
  free(plain);
  free(profiled);
}

/* More launches than the ring holds, several times over, and at its edges. */
static void no_launch_is_lost(void **state) {
  ebb_device *device = *state;
  static const size_t counts[] = {1, EBBI_PENDING_HALF, 2 * EBBI_PENDING_HALF,
                                  2 * EBBI_PENDING_HALF + 1, 5 * EBBI_PENDING_HALF + 7};
  ebb_tensor *a, *c;
  assert_int_equal(ebb_tensor_create(&a, device, EBB_F32, 2, 2), EBB_OK);
  assert_int_equal(ebb_tensor_create(&c, device, EBB_F32, 2, 2), EBB_OK);
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    assert_int_equal(ebb_profile_begin(device, 0), EBB_OK);
    for (size_t k = 0; k < counts[i]; k++)
      assert_int_equal(ebb_matmul(c, a, false, a, false), EBB_OK);
    assert_int_equal(ebb_profile_end(device), EBB_OK);
    assert_int_equal(check_sums(device), counts[i]);
  }
  ebb_tensor_free(a);
  ebb_tensor_free(c);
}

/* 600 shapes; reading the table in between sorts it. */
static void too_many_kinds_share_a_row(void **state) {
  ebb_device *device = *state;
  ebb_tensor *a, *b, *c;
  assert_int_equal(ebb_tensor_create(&b, device, EBB_F32, 1, 1), EBB_OK);
  assert_int_equal(ebb_profile_begin(device, 0), EBB_OK);
  for (size_t round = 0; round < 2; round++) {
    for (size_t rows = 1; rows <= 300; rows++) {
      assert_int_equal(ebb_tensor_create(&a, device, EBB_F32, rows, 1), EBB_OK);
      assert_int_equal(ebb_tensor_create(&c, device, EBB_F32, rows, 1), EBB_OK);
      assert_int_equal(ebb_matmul(c, a, false, b, false), EBB_OK);
      ebb_tensor_free(a);
      ebb_tensor_free(c);
    }
    if (round == 0) assert_int_equal(ebb_profile_restart(device), EBB_OK);
  }
  assert_int_equal(ebb_profile_end(device), EBB_OK);
  size_t count, others = 0, launches = 0;
  const ebb_profile_row *rows = ebb_profile_rows(&count, device);
  assert_int_equal(count, EBBI_PROFILE_ROWS);
  for (size_t i = 0; i < count; i++) {
    if (strcmp(rows[i].name, "other") == 0) others += rows[i].launches;
    launches += rows[i].launches;
  }
  assert_int_equal(others, 300 - (EBBI_PROFILE_ROWS - 1));
  assert_int_equal(launches, 300);
  ebb_tensor_free(b);
}

static void a_restart_begins_at_nothing(void **state) {
  ebb_device *device = *state;
  size_t count;
  rig r = start(device, EBB_STEP_LAYERS, 30);
  assert_int_equal(ebb_profile_begin(device, 0), EBB_OK);
  assert_int_equal(ebb_trainer_step(r.trainer, 9), EBB_OK);
  assert_int_equal(ebb_profile_restart(device), EBB_OK);
  assert_null(ebb_profile_rows(&count, device));
  assert_int_equal(count, 0);
  assert_int_equal(ebb_profile_sums(device).commands, 0);
  assert_int_equal(ebb_trainer_step(r.trainer, 2), EBB_OK);
  assert_int_equal(ebb_profile_end(device), EBB_OK);
  assert_int_equal(check_sums(device), 2 * 11);
  assert_true(ebb_profile_sums(device).first_use == 0); /* all have been used */
  assert_int_equal(ebb_profile_restart(device), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_profile_end(device), EBB_ERR_ARGUMENT);
  rig_free(&r);
}

/* A trace as JSON; the file is removed. */
static json_t *read_trace(const ebb_device *device, const char *path) {
  json_error_t error;
  assert_int_equal(ebb_profile_write_trace(device, path), EBB_OK);
  json_t *trace = json_load_file(path, 0, &error);
  if (!trace) fail_msg("%s:%d: %s", path, error.line, error.text);
  remove(path);
  return trace;
}

static double number(const json_t *event, const char *key) {
  assert_true(json_is_number(json_object_get(event, key)));
  return json_number_value(json_object_get(event, key));
}

/* Counts a track's events (tid) with this start of their names; *last receives the last. */
static size_t count_events(json_t **last, const json_t *trace, int track, const char *name) {
  size_t i, count = 0;
  json_t *event;
  json_array_foreach(json_object_get(trace, "traceEvents"), i, event) {
    if (strcmp(json_string_value(json_object_get(event, "ph")), "X") != 0) continue;
    assert_true(number(event, "ts") >= 0 && number(event, "dur") >= 0 && number(event, "pid") == 1);
    if (number(event, "tid") != track) continue;
    if (strncmp(json_string_value(json_object_get(event, "name")), name, strlen(name)) != 0)
      continue;
    count++;
    *last = event;
  }
  return count;
}

static void a_trace_is_what_chrome_reads(void **state) {
  ebb_device *device = *state;
  rig r = start(device, EBB_STEP_LAYERS, 30);
  json_t *command, *phase;
  assert_int_equal(ebb_profile_begin(device, 1000), EBB_OK);
  double begun = clock_now();
  assert_int_equal(ebb_trainer_step(r.trainer, 20), EBB_OK);
  assert_int_equal(ebb_device_finish(device), EBB_OK);
  ebb_profile_phase(
      device, "st\xc3\xa9p \"1\"\\\n, which has a name too long for what is kept of it", begun);
  assert_int_equal(ebb_profile_end(device), EBB_OK);
  json_t *trace = read_trace(device, "trace.json");
  assert_int_equal(count_events(&command, trace, 1, ""), 220);
  assert_int_equal(count_events(&phase, trace, 2, "st??p ?1???, which"), 1);
  const json_t *arguments = json_object_get(command, "args"), *row;
  assert_string_equal(json_string_value(json_object_get(command, "name")), "update");
  row = json_object_get(arguments, "shape");
  assert_int_equal(json_array_size(row), 1);
  assert_int_equal(json_integer_value(json_array_get(row, 0)),
                   ebb_tensor_cols(ebb_network_parameters(r.network)));
  assert_true(number(arguments, "flops") > 0 && number(arguments, "bytes") > 0);
  /* the two clocks agree: the last command ends within the phase, to a millisecond */
  double end = number(command, "ts") + number(command, "dur");
  assert_true(end > number(phase, "ts") - 1000);
  assert_true(end < number(phase, "ts") + number(phase, "dur") + 1000);
  json_decref(trace);
  rig_free(&r);
}

static void a_trace_keeps_as_much_as_it_may(void **state) {
  ebb_device *device = *state;
  rig r = start(device, EBB_STEP_LAYERS, 30);
  json_t *event;
  assert_int_equal(ebb_profile_begin(device, 13), EBB_OK);
  assert_int_equal(ebb_trainer_step(r.trainer, 20), EBB_OK);
  for (int i = 0; i < 20; i++) ebb_profile_phase(device, "phase", clock_now());
  assert_int_equal(ebb_profile_end(device), EBB_OK);
  assert_int_equal(ebb_profile_sums(device).traced, 13 + 13);
  assert_int_equal(ebb_profile_sums(device).left_out, 220 - 13 + 7);
  assert_int_equal(check_sums(device), 220); /* all are in the table */
  json_t *trace = read_trace(device, "trace.json");
  assert_int_equal(count_events(&event, trace, 1, ""), 13);
  assert_int_equal(count_events(&event, trace, 2, "phase"), 13);
  assert_true(number(json_object_get(trace, "otherData"), "left_out") == 220 - 13 + 7);
  json_decref(trace);
  rig_free(&r);
}

static void a_trace_that_cannot_be_written_is_an_error(void **state) {
  ebb_device *device = *state;
  assert_int_equal(ebb_profile_begin(device, 10), EBB_OK);
  assert_int_equal(ebb_profile_write_trace(device, "trace.json"),
                   EBB_ERR_ARGUMENT); /* not ended yet */
  assert_int_equal(ebb_profile_end(device), EBB_OK);
  assert_int_equal(ebb_profile_write_trace(device, "."), EBB_ERR_OUTPUT);
  assert_int_equal(ebb_profile_write_trace(device, "/none/trace.json"), EBB_ERR_OUTPUT);
  assert_non_null(strstr(ebb_error_message(), "/none/trace.json"));
  if (access("/dev/full", W_OK) == 0) {
    assert_int_equal(ebb_profile_write_trace(device, "/dev/full"), EBB_ERR_OUTPUT);
    assert_non_null(strstr(ebb_error_message(), "/dev/full"));
  }
  assert_int_equal(ebb_profile_begin(device, 0), EBB_OK);
  assert_int_equal(ebb_profile_end(device), EBB_OK);
  assert_int_equal(ebb_profile_write_trace(device, "trace.json"),
                   EBB_ERR_ARGUMENT); /* no trace was kept */
}

static void a_plain_device_times_nothing(void **state) {
  (void)state;
  ebb_device *plain;
  size_t count;
  assert_int_equal(ebb_device_open(&plain, NULL), EBB_OK);
  assert_int_equal(ebb_profile_begin(plain, 0), EBB_ERR_UNSUPPORTED);
  assert_non_null(strstr(ebb_error_message(), "ebb_device_open_profiled"));
  assert_int_equal(ebb_profile_end(plain), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_profile_write_trace(plain, "trace.json"), EBB_ERR_ARGUMENT);
  assert_null(ebb_profile_rows(&count, plain));
  ebb_profile_phase(plain, "nothing", 0);
  assert_true(ebb_profile_sums(plain).wall == 0);
  ebb_device_free(plain);
}

/* The device is freed during a profile with pending events. */
static void a_device_may_go_while_it_is_profiled(void **state) {
  (void)state;
  ebb_device *device;
  assert_int_equal(ebb_device_open_profiled(&device, NULL), EBB_OK);
  rig r = start(device, EBB_STEP_LAYERS, 30);
  assert_int_equal(ebb_profile_begin(device, 1000), EBB_OK);
  assert_int_equal(ebb_trainer_step(r.trainer, 20), EBB_OK);
  assert_int_equal(ebb_profile_begin(device, 10), EBB_OK); /* and started again */
  assert_int_equal(ebb_trainer_step(r.trainer, 20), EBB_OK);
  rig_free(&r);
  ebb_device_free(device);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_step_by_layers_has_its_rows),
      cmocka_unit_test(whole_steps_have_their_rows),
      cmocka_unit_test(clblast_has_its_rows),
      cmocka_unit_test(profiling_changes_no_weights_and_only_it_waits),
      cmocka_unit_test(no_launch_is_lost),
      cmocka_unit_test(too_many_kinds_share_a_row),
      cmocka_unit_test(a_restart_begins_at_nothing),
      cmocka_unit_test(a_trace_is_what_chrome_reads),
      cmocka_unit_test(a_trace_keeps_as_much_as_it_may),
      cmocka_unit_test(a_trace_that_cannot_be_written_is_an_error),
      cmocka_unit_test(a_plain_device_times_nothing),
      cmocka_unit_test(a_device_may_go_while_it_is_profiled),
  };
  return cmocka_run_group_tests(tests, open_profiled, close_test_device);
}
