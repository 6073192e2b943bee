/* Data on the host give the same bits as data on the device, for all sizes; counters, and failing
 * uploads. test_stream_plan.c checks when the host is chosen.
 *
 * Two OpenCL functions are replaced by the test's own, which call the loader's unless a failure is
 * requested: no driver fails on request.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "device/cl.h"
#include "train/train.h"
#include "train_rig.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* What fails: pinned memory; the upload after this many, when it is queued or later. */
static bool pinned_fails;
static int refused_upload, broken_upload;

static void *next(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  assert_non_null(function);
  return function;
}

cl_mem clCreateBuffer(cl_context context, cl_mem_flags flags, size_t size, void *host,
                      cl_int *error) {
  cl_mem (*real)(cl_context, cl_mem_flags, size_t, void *, cl_int *);
  *(void **)&real = next("clCreateBuffer");
  if (!pinned_fails || !(flags & CL_MEM_ALLOC_HOST_PTR))
    return real(context, flags, size, host, error);
  *error = CL_OUT_OF_HOST_MEMORY;
  return NULL;
}

/* An event that reports a failure. */
static cl_event failed_event(cl_command_queue queue) {
  cl_context context;
  cl_int error;
  clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof context, &context, NULL);
  cl_event event = clCreateUserEvent(context, &error);
  clSetUserEventStatus(event, CL_OUT_OF_RESOURCES);
  return event;
}

cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset,
                            size_t size, const void *from, cl_uint count, const cl_event *waits,
                            cl_event *event) {
  cl_int (*real)(cl_command_queue, cl_mem, cl_bool, size_t, size_t, const void *, cl_uint,
                 const cl_event *, cl_event *);
  *(void **)&real = next("clEnqueueWriteBuffer");
  if (!blocking && refused_upload > 0 && --refused_upload == 0) return CL_OUT_OF_RESOURCES;
  cl_int error = real(queue, buffer, blocking, offset, size, from, count, waits, event);
  if (!blocking && broken_upload > 0 && --broken_upload == 0) {
    clReleaseEvent(*event);
    *event = failed_event(queue);
  }
  return error;
}

/* A training for both ways. */
typedef struct run {
  const char *spec;
  ebb_step_form step;
  size_t rows, batch, block_bytes,
      calls; /* calls: number of ebb_trainer_run calls, two epochs each */
  bool bytes, mse, in_order;
} run;

typedef struct outcome {
  float *parameters;
  size_t count, slots;
  ebb_report report;
  ebb_data_place place;
} outcome;

static bool keep_report(const ebb_report *report, void *user) {
  *(ebb_report *)user = *report;
  return true;
}

static void train(outcome *o, ebb_device *device, const run *r, ebb_data_place place) {
  static uint8_t bytes[ROWS * INPUTS];
  toy *t = toy_make();
  for (size_t i = 0; i < ROWS * INPUTS; i++) bytes[i] = (uint8_t)(i * 37 % 256);
  ebb_dataset data = classes_of(t, r->rows), valid = classes_of(t, ROWS / 2);
  if (r->bytes) data.x = NULL, data.x_u8 = bytes, data.scale = 1 / 255.0f;
  if (r->mse) data.labels = valid.labels = NULL, data.values = valid.values = t->values;
  if (r->mse) data.outputs = valid.outputs = 1;
  ebb_network *network = make_network(device, r->spec, data.outputs);
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  ebb_trainer *trainer;
  options.loss = ebb_loss_default(r->mse ? EBB_LOSS_MSE : EBB_LOSS_CROSS_ENTROPY);
  options.epochs = 2;
  options.batch = r->batch;
  options.shuffle = !r->in_order;
  options.seed = 0x123456789abcdefu;
  options.step = r->step;
  options.data_on = place;
  options.block_bytes = r->block_bytes;
  assert_int_equal(ebb_trainer_create(&trainer, network, &data, &valid, &options), EBB_OK);
  o->place = ebb_trainer_data_place(trainer);
  for (size_t i = 0; i < r->calls; i++) {
    assert_int_equal(ebb_trainer_run(trainer, keep_report, &o->report), EBB_OK);
    if (i % 2 == 0) assert_int_equal(ebb_trainer_step(trainer, 3), EBB_OK); /* not a whole block */
  }
  o->parameters = parameters_of(network, &o->count);
  ebb_trainer_free(trainer);
  ebb_network_free(network);
  free(t);
}

static void same_number(double a, double b) {
  assert_true(a == b || (isnan(a) && isnan(b)));
}

static void both_ways(ebb_device *device, const run *r) {
  outcome resident, streamed;
  uint64_t before = ebb_device_counters(device).allocated_bytes;
  train(&resident, device, r, EBB_DATA_DEVICE);
  train(&streamed, device, r, EBB_DATA_HOST);
  assert_int_equal(resident.place, EBB_DATA_DEVICE);
  assert_int_equal(streamed.place, EBB_DATA_HOST);
  assert_memory_equal(resident.parameters, streamed.parameters, resident.count * sizeof(float));
  assert_int_equal(resident.report.step, streamed.report.step);
  same_number(resident.report.train_loss, streamed.report.train_loss);
  same_number(resident.report.train_accuracy, streamed.report.train_accuracy);
  same_number(resident.report.valid_loss, streamed.report.valid_loss);
  same_number(resident.report.valid_accuracy, streamed.report.valid_accuracy);
  assert_int_equal(ebb_device_counters(device).allocated_bytes, before);
  free(resident.parameters);
  free(streamed.parameters);
}

/* A row of floats with its label has 32 bytes: blocks of one step, several, an epoch. */
static void the_bits_are_those_of_resident_data(void **state) {
  static const run runs[] = {
      {"16relu", EBB_STEP_LAYERS, ROWS, 32, 1, 2, false, false, false},
      {"16relu", EBB_STEP_LAYERS, ROWS, 32, 2048, 2, true, false, false},
      {"16gelu", EBB_STEP_LAYERS, ROWS, 32, 3072, 1, false, true, false},
      {"16relu", EBB_STEP_LAYERS, ROWS, 32, 0, 3, false, false, false},
      {"16relu", EBB_STEP_LAYERS, 20, 32, 0, 3, true, true, false},
      {"16relu", EBB_STEP_LAYERS, ROWS, 32, 2048, 2, false, false, true},
      {"16relu", EBB_STEP_LAYERS, ROWS, 50, 1600, 2, false, false, true},
      {"16relu", EBB_STEP_WHOLE, ROWS, 32, 1, 2, false, false, false},
      {"16relu", EBB_STEP_WHOLE, ROWS, 7, 3600, 3, false, false, false},
      {"16tanh", EBB_STEP_WHOLE, ROWS, 7, 3600, 3, true, true, false},
      {"16tanh", EBB_STEP_WHOLE, ROWS, 1, 600, 2, false, true, true},
      {"16relu", EBB_STEP_WHOLE, ROWS, 70, 2240, 2, false, false, false},
      {"16relu", EBB_STEP_WHOLE, ROWS, 70, 2240, 2, true, true, true},
      {"16relu", EBB_STEP_WHOLE, 20, 32, 1, 2, false, false, false},
      {"16relu", EBB_STEP_WHOLE, ROWS, 32, 0, 2, true, false, false},
  };
  for (size_t i = 0; i < sizeof runs / sizeof *runs; i++) both_ways(*state, &runs[i]);
}

static rig host_rig(ebb_device *device, size_t block_bytes) {
  rig r = rig_make(device, "16relu");
  r.options.data_on = EBB_DATA_HOST;
  r.options.block_bytes = block_bytes;
  r.options.epochs = 3;
  return r;
}

/* The parameters after three epochs of host_rig without failures. */
static float *undisturbed(ebb_device *device, size_t *count) {
  rig r = host_rig(device, 1);
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_OK);
  float *values = parameters_of(r.network, count);
  rig_free(&r);
  return values;
}

static void a_step_downloads_nothing(void **state) {
  ebb_device *device = *state;
  rig r = host_rig(device, 1);
  assert_int_equal(rig_start(&r), EBB_OK);
  ebb_counters before = ebb_device_counters(device);
  assert_int_equal(ebb_trainer_step(r.trainer, 15), EBB_OK); /* 3 epochs */
  ebb_counters after = ebb_device_counters(device);
  assert_int_equal(after.downloads, before.downloads);
  assert_int_equal(after.uploads - before.uploads,
                   2 * (15 + 1)); /* rows and targets, one block ahead */
  /* every row three times, and the first batch of the fourth epoch */
  assert_int_equal(after.uploaded_bytes - before.uploaded_bytes, (3 * ROWS + 32) * 32);
  assert_true(after.waits - before.waits <= 2 * (15 + 1));
  assert_int_equal(ebb_device_finish(device), EBB_OK);
  rig_free(&r);
}

/* Two blocks that are already on the device are not uploaded again. */
static void rows_in_order_stay_if_they_can(void **state) {
  ebb_device *device = *state;
  rig r = host_rig(device, 3072); /* steps 1 to 3, 4 and 5 */
  r.options.shuffle = false;
  assert_int_equal(rig_start(&r), EBB_OK);
  ebb_counters before = ebb_device_counters(device);
  assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_OK);
  ebb_counters after = ebb_device_counters(device);
  assert_int_equal(after.uploads - before.uploads, 2 * 2 + 1); /* and the evaluation's state */
  rig_free(&r);
}

static void evaluations_agree(void **state) {
  ebb_device *device = *state;
  toy *t = toy_make();
  ebb_dataset all[2] = {classes_of(t, ROWS), classes_of(t, ROWS)};
  all[1].labels = NULL, all[1].values = t->values, all[1].outputs = 1;
  for (int loss = 0; loss < 2; loss++)
    for (size_t batch = 30; batch <= 170; batch += 70) {
      ebb_network *network = make_network(device, "8relu", all[loss].outputs);
      ebb_loss kind = ebb_loss_default(loss ? EBB_LOSS_MSE : EBB_LOSS_CROSS_ENTROPY);
      ebb_metrics metrics[2];
      for (size_t steps = 0; steps < 2; steps++) {
        ebbi_evaluator evaluator;
        ebbi_feed_spec spec = {.dataset = &all[loss], .batch = batch, .block_steps = steps};
        assert_int_equal(ebbi_evaluator_create(&evaluator, network, &spec, kind), EBB_OK);
        for (int again = 0; again < 3; again++)
          assert_int_equal(ebbi_evaluator_run(&metrics[steps], &evaluator), EBB_OK);
        ebbi_evaluator_free(&evaluator);
      }
      assert_int_equal(metrics[0].rows, metrics[1].rows);
      same_number(metrics[0].loss, metrics[1].loss);
      same_number(metrics[0].accuracy, metrics[1].accuracy);
      same_number(metrics[0].r2, metrics[1].r2);
      ebb_network_free(network);
    }
  free(t);
}

/* Trains until NaN. The message must be the same, although the bad batch has been overwritten. */
static void bad_numbers_are_traced_to_the_same_place(void **state) {
  ebb_device *device = *state;
  for (ebb_step_form form = EBB_STEP_LAYERS; form <= EBB_STEP_WHOLE; form++) {
    char messages[2][512];
    for (int host = 0; host < 2; host++) {
      rig r = host_rig(device, 1);
      for (size_t i = 0; i < INPUTS; i++) r.t->x[40 * INPUTS + i] = 3.4e38f;
      r.options.step = form;
      r.options.shuffle = false;
      r.options.data_on = host ? EBB_DATA_HOST : EBB_DATA_DEVICE;
      assert_int_equal(rig_start(&r), EBB_OK);
      assert_int_equal(ebb_trainer_step(r.trainer, 5), EBB_OK);
      assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_ERR_NUMBERS);
      snprintf(messages[host], sizeof messages[host], "%s", ebb_error_message());
      rig_free(&r);
    }
    assert_non_null(strstr(messages[0], "at step 2, in the output of layer"));
    assert_string_equal(messages[0], messages[1]);
  }
}

/* Uploads are refused when queued, or fail later: each gives an error, and the training continues
 * from where it was. */
static void training_goes_on_after_an_upload_failed(void **state) {
  ebb_device *device = *state;
  size_t count, found;
  float *expected = undisturbed(device, &count);
  for (int at = 1; at <= 18; at++) {
    rig r = host_rig(device, 1);
    ebb_report report = {0};
    ebb_status status = EBB_OK;
    int failures = 0;
    assert_int_equal(rig_start(&r), EBB_OK);
    *(at % 2 ? &refused_upload : &broken_upload) = at / 2 + 1;
    r.trainer->options.epochs = 1;
    while (report.epoch < 3) {
      status = ebb_trainer_run(r.trainer, keep_report, &report);
      if (status == EBB_OK) continue;
      assert_int_equal(status, EBB_ERR_DEVICE);
      assert_non_null(strstr(ebb_error_message(), "upload: clEnqueueWriteBuffer"));
      failures++;
    }
    assert_int_equal(failures, 1);
    assert_int_equal(refused_upload + broken_upload, 0);
    float *values = parameters_of(r.network, &found);
    assert_memory_equal(values, expected, count * sizeof *values);
    free(values);
    rig_free(&r);
  }
  free(expected);
}

static void plain_memory_will_do(void **state) {
  ebb_device *device = *state;
  size_t count;
  float *expected = undisturbed(device, &count);
  pinned_fails = true;
  float *values = undisturbed(device, &count);
  pinned_fails = false;
  assert_memory_equal(values, expected, count * sizeof *values);
  free(values);
  free(expected);
}

static void ten_thousand_steps_leak_nothing(void **state) {
  ebb_device *device = *state;
  uint64_t before = ebb_device_counters(device).allocated_bytes;
  rig r = host_rig(device, 1);
  assert_int_equal(rig_start(&r), EBB_OK);
  uint64_t during = ebb_device_counters(device).allocated_bytes;
  assert_int_equal(ebb_trainer_step(r.trainer, 10000), EBB_OK);
  assert_int_equal(ebb_device_counters(device).allocated_bytes, during);
  rig_free(&r);
  assert_int_equal(ebb_device_counters(device).allocated_bytes, before);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_bits_are_those_of_resident_data),
      cmocka_unit_test(a_step_downloads_nothing),
      cmocka_unit_test(rows_in_order_stay_if_they_can),
      cmocka_unit_test(evaluations_agree),
      cmocka_unit_test(bad_numbers_are_traced_to_the_same_place),
      cmocka_unit_test(training_goes_on_after_an_upload_failed),
      cmocka_unit_test(plain_memory_will_do),
      cmocka_unit_test(ten_thousand_steps_leak_nothing),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
