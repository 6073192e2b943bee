/* Forks: a device works only in the process that opened it, and the child of a process that has
 * used OpenCL cannot open a device: the driver would wait for threads that the fork lacks.
 */
#include "test_support.h"

#include <ebb/ebb.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child's work; its exit code is 0 or says what went wrong. */
typedef int child(ebb_device *device, ebb_tensor *tensor);

static void run_in_child(child *what, ebb_device *device, ebb_tensor *tensor) {
  int result;
  fflush(NULL);
  pid_t process = fork();
  assert_true(process >= 0);
  if (process == 0) _exit(what(device, tensor));
  assert_int_equal(waitpid(process, &result, 0), process);
  assert_true(WIFEXITED(result));
  assert_int_equal(WEXITSTATUS(result), 0);
}

static bool is_refused(ebb_status status, const char *why) {
  return status == EBB_ERR_DEVICE && strstr(ebb_error_message(), why);
}

static int use_own_device(ebb_device *device, ebb_tensor *tensor) {
  float value = 3;
  if (ebb_device_open(&device, NULL) != EBB_OK) return 1;
  if (ebb_tensor_create(&tensor, device, EBB_F32, 1, 1) != EBB_OK) return 2;
  if (ebb_tensor_upload(tensor, &value) != EBB_OK) return 3;
  if (ebb_tensor_download(&value, tensor) != EBB_OK || value != 3) return 4;
  ebb_tensor_free(tensor);
  ebb_device_free(device);
  return 0;
}

static int use_parents_device(ebb_device *device, ebb_tensor *tensor) {
  static const char why[] = "forked";
  float value = 0;
  ebb_tensor *other;
  if (!is_refused(ebb_tensor_upload(tensor, &value), why)) return 1;
  if (!is_refused(ebb_tensor_download(&value, tensor), why)) return 2;
  if (!is_refused(ebb_tensor_create(&other, device, EBB_F32, 1, 1), why)) return 3;
  if (!is_refused(ebb_device_finish(device), why)) return 4;
  if (!is_refused(ebb_matmul(tensor, tensor, false, tensor, false), why) &&
      !is_refused(ebb_init_weights(tensor, EBB_INIT_HE_NORMAL, 1, 0), why))
    return 5;
  if (ebb_device_stuck(device, NULL, 0) != 0) return 6;
  ebb_tensor_free(tensor);
  ebb_device_free(device);
  return 0;
}

static int open_another(ebb_device *device, ebb_tensor *tensor) {
  static const char why[] = "fork before the first device is opened";
  size_t count;
  (void)tensor;
  if (!is_refused(ebb_device_open(&device, NULL), why)) return 1;
  return is_refused(ebb_device_count(&count), why) ? 0 : 2;
}

/* Must run first, before this process has used OpenCL. */
static void a_fork_of_an_unused_process_works(void **state) {
  (void)state;
  run_in_child(use_own_device, NULL, NULL);
  run_in_child(use_own_device, NULL, NULL);
}

static void a_fork_is_refused_at_once(void **state) {
  (void)state;
  float value = 5, back = 0;
  ebb_device *device;
  ebb_tensor *tensor;
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  assert_int_equal(ebb_tensor_create(&tensor, device, EBB_F32, 1, 1), EBB_OK);
  assert_int_equal(ebb_tensor_upload(tensor, &value), EBB_OK);
  run_in_child(use_parents_device, device, tensor);
  run_in_child(open_another, NULL, NULL);
  assert_int_equal(ebb_tensor_download(&back, tensor), EBB_OK); /* the parent is unaffected */
  assert_true(back == 5);
  ebb_tensor_free(tensor);
  ebb_device_free(device);
  run_in_child(open_another, NULL, NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_fork_of_an_unused_process_works),
      cmocka_unit_test(a_fork_is_refused_at_once),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
