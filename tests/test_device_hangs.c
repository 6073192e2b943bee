/* Drivers that hang: waits that are given up, the state of the device afterwards, and what another
 * thread sees. Runs under the fault layer; where a hang must end, the test holds the queue back
 * with its own events.
 */
#include "device/cl.h"
#include "fault_rig.h"
#include "train_rig.h"

#include <ebb/opencl.h>
#include <ebb/profile.h>
#include <ebb/tool.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

static const double SOON = 0.02; /* a time limit for what hangs forever */

static ebb_device *open_device(void) {
  ebb_device *device;
  fault_set("");
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  return device;
}

static ebb_tensor *make_tensor(ebb_device *device, size_t rows, size_t cols) {
  ebb_tensor *tensor;
  assert_int_equal(ebb_tensor_create(&tensor, device, EBB_F32, rows, cols), EBB_OK);
  return tensor;
}

/* ---- permanent hangs ---- */

typedef ebb_status operation(ebb_device *device, ebb_tensor *tensor);

static ebb_status upload(ebb_device *device, ebb_tensor *tensor) {
  float values[64] = {0};
  (void)device;
  return ebb_tensor_upload(tensor, values);
}

static ebb_status download(ebb_device *device, ebb_tensor *tensor) {
  float values[64] = {0};
  (void)device;
  return ebb_tensor_download(values, tensor);
}

static ebb_status finish(ebb_device *device, ebb_tensor *tensor) {
  (void)tensor;
  return ebb_device_finish(device);
}

static ebb_status create(ebb_device *device, ebb_tensor *tensor) {
  ebb_status status = ebb_tensor_create(&tensor, device, EBB_F32, 3, 3);
  if (status == EBB_OK) ebb_tensor_free(tensor);
  return status;
}

static ebb_status launch(ebb_device *device, ebb_tensor *tensor) {
  (void)device;
  return ebb_init_weights(tensor, EBB_INIT_HE_NORMAL, 1, 0);
}

static ebb_status launch_and_finish(ebb_device *device, ebb_tensor *tensor) {
  for (int i = 0; i < 3; i++) TRY(launch(device, tensor));
  return ebb_device_finish(device);
}

static operation *const operations[] = {upload, download, finish,
                                        create, launch,   launch_and_finish};
enum { OPERATIONS = sizeof operations / sizeof *operations };

/* Every request to a lost device fails at once, with the same message and no OpenCL call. */
static void is_lost(ebb_device *device, ebb_tensor *tensor) {
  char message[1024];
  snprintf(message, sizeof message, "%s", ebb_error_message());
  fault_set("FAULT_API=clFinish FAULT_MODE=hang"); /* a call of this would not return */
  for (size_t i = 0; i < OPERATIONS; i++) {
    assert_int_equal(operations[i](device, tensor), EBB_ERR_DEVICE);
    assert_string_equal(ebb_error_message(), message);
  }
  assert_true(ebb_device_stuck(device, NULL, 0) == 0);
}

static void waits_are_given_up(void **state) {
  (void)state;
  static const struct {
    const char *api;
    size_t rows, cols;
    operation *run;
    const char *message;
  } rows[] = {
      {"clEnqueueWriteBuffer", 1, 4, upload, "upload: no progress for 0.0"},
      {"clEnqueueWriteBufferRect", 4, 4, upload, "upload: no progress for 0.0"},
      {"clEnqueueReadBuffer", 1, 4, download, "download: no progress for 0.0"},
      {"clEnqueueReadBufferRect", 4, 4, download, "download: no progress for 0.0"},
      {"clEnqueueWriteBuffer", 1, 4, create, "upload: no progress for 0.0"},
      {"clEnqueueMarkerWithWaitList", 1, 4, finish, "wait for the queue: no progress for 0.0"},
      {"clEnqueueNDRangeKernel", 2, 2, launch_and_finish,
       "of 4 launches 0 are known to be done; last launches: init_weights x4;"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    char variables[128];
    ebb_device *device = open_device();
    ebb_tensor *tensor = make_tensor(device, rows[i].rows, rows[i].cols);
    assert_int_equal(launch(device, tensor), EBB_OK);
    assert_int_equal(ebb_device_finish(device), EBB_OK);
    snprintf(variables, sizeof variables, "FAULT_API=%s FAULT_MODE=stall", rows[i].api);
    fault_set(variables);
    assert_int_equal(ebb_device_set_timeout(device, SOON), EBB_OK);
    assert_int_equal(rows[i].run(device, tensor), EBB_ERR_DEVICE);
    if (!strstr(ebb_error_message(), rows[i].message)) fail_msg("%s", ebb_error_message());
    assert_non_null(strstr(ebb_error_message(), "--device-timeout"));
    is_lost(device, tensor);
    ebb_tensor_free(tensor);
    ebb_device_free(device);
  }
}

/* A streamed training hangs in its uploads, or in allocating their memory. */
static void staging_is_given_up(void **state) {
  (void)state;
  static const char *const hangs[] = {
      "FAULT_API=clEnqueueMapBuffer FAULT_MODE=stall",
      "FAULT_API=clEnqueueMarkerWithWaitList FAULT_MODE=stall",
      "FAULT_API=clEnqueueWriteBuffer FAULT_N=20 FAULT_MODE=stall",
      "FAULT_API=clEnqueueNDRangeKernel FAULT_N=9 FAULT_MODE=stall",
  };
  for (size_t i = 0; i < sizeof hangs / sizeof *hangs; i++) {
    ebb_device *device = open_device();
    rig r = rig_make(device, "7-3");
    r.options.data_on = EBB_DATA_HOST;
    r.options.epochs = 3;
    ebb_device_set_timeout(device, SOON);
    fault_set(hangs[i]);
    ebb_status status = rig_start(&r);
    if (status == EBB_OK) status = ebb_trainer_run(r.trainer, NULL, NULL);
    assert_int_equal(status, EBB_ERR_DEVICE);
    assert_non_null(strstr(ebb_error_message(), "no progress"));
    rig_free(&r);
    ebb_device_free(device);
  }
}

static void a_profile_is_given_up(void **state) {
  (void)state;
  ebb_device *device;
  fault_set("");
  assert_int_equal(ebb_device_open_profiled(&device, NULL), EBB_OK);
  ebb_tensor *tensor = make_tensor(device, 2, 2);
  assert_int_equal(ebb_profile_begin(device, 10), EBB_OK);
  fault_set("FAULT_API=clEnqueueNDRangeKernel FAULT_MODE=stall");
  ebb_device_set_timeout(device, SOON);
  assert_int_equal(launch(device, tensor), EBB_OK);
  assert_int_equal(ebb_profile_end(device), EBB_ERR_DEVICE);
  assert_non_null(strstr(ebb_error_message(), "profile: no progress"));
  ebb_tensor_free(tensor);
  ebb_device_free(device);
}

/* Freeing is the first to wait. */
static void freeing_gives_up_too(void **state) {
  (void)state;
  ebb_device *device = open_device();
  ebb_tensor *tensor = make_tensor(device, 2, 2);
  fault_set("FAULT_API=clEnqueueNDRangeKernel FAULT_MODE=stall");
  ebb_device_set_timeout(device, SOON);
  assert_int_equal(launch(device, tensor), EBB_OK);
  ebb_tensor_free(tensor);
  ebb_device_free(device);
}

static void time_limits(void **state) {
  (void)state;
  ebb_device *device = open_device();
  assert_int_equal(ebb_device_set_timeout(device, -1), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_device_set_timeout(device, 0.0 / 0.0), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_device_set_timeout(NULL, 1), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_device_set_timeout(device, 1e300), EBB_OK);
  assert_int_equal(ebb_device_finish(device), EBB_OK);
  ebb_device_free(device);
}

/* ---- temporary hangs ---- */

/* Holds the device's queue back: what is queued from now on begins when the gate opens. */
static cl_event add_gate(ebb_device *device) {
  cl_event gate = clCreateUserEvent(ebb_device_cl_context(device), NULL);
  assert_non_null(gate);
  assert_int_equal(clEnqueueMarkerWithWaitList(ebb_device_cl_queue(device), 1, &gate, NULL), 0);
  return gate;
}

static void open_gate(cl_event gate) {
  assert_int_equal(clSetUserEventStatus(gate, CL_COMPLETE), CL_SUCCESS);
  clReleaseEvent(gate);
}

/* The command finishes before or after the device is freed: the memory that it writes to still
 * exists, and is freed by the later of both. */
static void a_late_end_does_no_harm(void **state) {
  (void)state;
  for (int ends_first = 0; ends_first < 2; ends_first++) {
    ebb_device *device = open_device();
    ebb_tensor *tensor = make_tensor(device, 8, 8);
    cl_command_queue queue = ebb_device_cl_queue(device);
    cl_event gate = add_gate(device);
    clRetainCommandQueue(queue);
    ebb_device_set_timeout(device, SOON);
    assert_int_equal(download(device, tensor), EBB_ERR_DEVICE);
    if (ends_first) open_gate(gate);
    if (ends_first) assert_int_equal(clFinish(queue), CL_SUCCESS);
    ebb_tensor_free(tensor);
    ebb_device_free(device);
    if (!ends_first) open_gate(gate);
    assert_int_equal(clFinish(queue), CL_SUCCESS);
    clReleaseCommandQueue(queue);
  }
}

enum { GATES = 24, BEHIND = 16 };

/* Opens the gates one after the other, each well within the time limit. */
static void *open_all(void *user) {
  const struct timespec pause = {.tv_nsec = 100000000};
  for (int i = 0; i < GATES; i++) {
    nanosleep(&pause, NULL);
    open_gate(((cl_event *)user)[i]);
  }
  return NULL;
}

static void a_queue_that_moves_does_not_hang(void **state) {
  (void)state;
  ebb_device *device = open_device();
  ebb_tensor *tensor = make_tensor(device, 2, 2);
  cl_event gates[GATES];
  pthread_t opener;
  ebb_device_set_timeout(device, 0.1 * GATES - 0.4);
  for (int i = 0; i < GATES; i++) {
    gates[i] = add_gate(device);
    for (int k = 0; k < BEHIND; k++) assert_int_equal(launch(device, tensor), EBB_OK);
  }
  assert_int_equal(pthread_create(&opener, NULL, open_all, gates), 0);
  assert_int_equal(download(device, tensor), EBB_OK);
  assert_int_equal(pthread_join(opener, NULL), 0);
  ebb_tensor_free(tensor);
  ebb_device_free(device);
}

/* However long the queue, there are few markers of progress. */
static void a_long_queue_has_few_pulses(void **state) {
  (void)state;
  ebb_device *device = open_device();
  ebb_tensor *tensor = make_tensor(device, 1, 1);
  cl_event gate = add_gate(device);
  uint64_t gap = device->watch.pulse_gap;
  for (uint64_t i = 0; i < 3 * gap * EBBI_PULSES; i++)
    assert_int_equal(launch(device, tensor), EBB_OK);
  assert_int_equal(device->watch.pulse_gap, 4 * gap);
  assert_true(device->watch.pulse_count > EBBI_PULSES / 2 - 1);
  for (size_t i = 1; i < device->watch.pulse_count; i++)
    assert_true(device->watch.pulses[i].launch > device->watch.pulses[i - 1].launch);
  open_gate(gate);
  assert_int_equal(ebb_device_finish(device), EBB_OK);
  bool progress;
  assert_int_equal(ebbi_pulses_poll(device, &progress), CL_SUCCESS);
  assert_int_equal(device->watch.pulse_count, 0);
  assert_int_equal(device->watch.pulse_gap, gap);
  ebb_tensor_free(tensor);
  ebb_device_free(device);
}

/* Another thread waits until the device is seen in a call or wait, then opens the gate. */
typedef struct watcher {
  const ebb_device *device;
  cl_event gate;
  char what[256], cut[8];
} watcher;

static void *watch(void *user) {
  watcher *w = user;
  do /* on a busy machine a call of OpenCL that queues the download may be seen first */
    sched_yield();
  while (ebb_device_stuck(w->device, w->what, sizeof w->what) == 0 ||
         strncmp(w->what, "cl", 2) == 0);
  ebb_device_stuck(w->device, w->cut, sizeof w->cut);
  open_gate(w->gate);
  return NULL;
}

static void another_thread_sees_where_it_hangs(void **state) {
  (void)state;
  ebb_device *device = open_device();
  ebb_tensor *tensor = make_tensor(device, 2, 2);
  watcher w = {.device = device};
  pthread_t thread;
  ebb_device_set_timeout(device, 0);
  assert_int_equal(ebb_device_finish(device), EBB_OK);
  assert_true(ebb_device_stuck(device, w.what, sizeof w.what) == 0);
  assert_string_equal(w.what, "");
  for (int i = 0; i < 2; i++) assert_int_equal(launch(device, tensor), EBB_OK);
  w.gate = add_gate(device);
  assert_int_equal(ebb_probe_fma(tensor, tensor, 1, 1, 1), EBB_ERR_ARGUMENT); /* not a launch */
  assert_int_equal(pthread_create(&thread, NULL, watch, &w), 0);
  assert_int_equal(download(device, tensor), EBB_OK);
  assert_int_equal(pthread_join(thread, NULL), 0);
  assert_string_equal(w.what, "download; last launches: init_weights x2");
  assert_string_equal(w.cut, "downloa");
  ebb_tensor_free(tensor);
  ebb_device_free(device);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(waits_are_given_up),
      cmocka_unit_test(staging_is_given_up),
      cmocka_unit_test(a_profile_is_given_up),
      cmocka_unit_test(freeing_gives_up_too),
      cmocka_unit_test(time_limits),
      cmocka_unit_test(a_late_end_does_no_harm),
      cmocka_unit_test(a_queue_that_moves_does_not_hang),
      cmocka_unit_test(a_long_queue_has_few_pulses),
      cmocka_unit_test(another_thread_sees_where_it_hangs),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
