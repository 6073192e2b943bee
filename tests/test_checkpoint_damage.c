/* Checkpoints that are damaged or forged, and numbers that the device corrupts.
 *
 * The test replaces two OpenCL functions; its versions call the loader's and flip a bit of the data
 * on request.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "checkpoint_forge.h"
#include "device/cl.h"

#include <dlfcn.h>
#include <math.h>

/* How many reads, or writes, until the corrupted one; 0: none. */
static int bad_read, bad_write;

static void *next(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  assert_non_null(function);
  return function;
}

/* Flips a bit: in a step state, of a number that no check constrains; in tensors, any bit. */
static void garble(void *bytes, size_t size) {
  size_t at = offsetof(ebb_state, loss_sum);
  assert_true(at < size);
  ((unsigned char *)bytes)[at] ^= 4;
}

cl_int clEnqueueReadBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset,
                           size_t size, void *to, cl_uint count, const cl_event *waits,
                           cl_event *event) {
  cl_int (*real)(cl_command_queue, cl_mem, cl_bool, size_t, size_t, void *, cl_uint,
                 const cl_event *, cl_event *);
  *(void **)&real = next("clEnqueueReadBuffer");
  bool bad = bad_read > 0 && --bad_read == 0; /* the data must have arrived before the flip */
  cl_int error =
      real(queue, buffer, bad ? CL_TRUE : blocking, offset, size, to, count, waits, event);
  if (bad) garble(to, size);
  return error;
}

cl_int clEnqueueWriteBuffer(cl_command_queue queue, cl_mem buffer, cl_bool blocking, size_t offset,
                            size_t size, const void *from, cl_uint count, const cl_event *waits,
                            cl_event *event) {
  cl_int (*real)(cl_command_queue, cl_mem, cl_bool, size_t, size_t, const void *, cl_uint,
                 const cl_event *, cl_event *);
  *(void **)&real = next("clEnqueueWriteBuffer");
  if (bad_write == 0 || --bad_write > 0)
    return real(queue, buffer, blocking, offset, size, from, count, waits, event);
  unsigned char *wrong = malloc(size);
  memcpy(wrong, from, size);
  garble(wrong, size);
  cl_int error = real(queue, buffer, CL_TRUE, offset, size, wrong, count, waits, event);
  free(wrong);
  return error;
}

/* ---- rigs ---- */

/* ---- damage ---- */

/* In place: rewriting the file thousands of times would send each version to the disk. */
static void flip_bit(const char *name, size_t at) {
  char path[256];
  in_folder(path, name);
  FILE *stream = fopen(path, "r+b");
  assert_non_null(stream);
  assert_int_equal(fseek(stream, (long)at, SEEK_SET), 0);
  int byte = fgetc(stream) ^ 1 << at * 5 % 8;
  assert_int_equal(fseek(stream, (long)at, SEEK_SET), 0);
  assert_int_equal(fputc(byte, stream), byte);
  assert_int_equal(fclose(stream), 0);
}

static void a_flipped_bit_is_found(void **state) {
  const char *const names[] = {manifest_4, tensors_4};
  save_two(*state);
  for (size_t n = 0; n < 2; n++) {
    char *bytes;
    size_t size;
    read_file(&bytes, &size, names[n]);
    free(bytes);
    for (size_t i = 0; i < size; i++) {
      flip_bit(names[n], i);
      expect_passed_over(names[n]);
      flip_bit(names[n], i);
    }
  }
  ebb_checkpoint_info info;
  expect(ebb_checkpoint_describe(&info, folder), EBB_OK);
  assert_int_equal(info.step, 4);
  ebb_checkpoint_info_clear(&info);
}

static void a_cut_is_found(void **state) {
  const char *const names[] = {manifest_4, tensors_4};
  save_two(*state);
  for (size_t n = 0; n < 2; n++) {
    char path[256], *bytes;
    size_t size;
    read_file(&bytes, &size, names[n]);
    in_folder(path, names[n]);
    assert_int_equal(truncate(path, (off_t)size + 1), 0); /* one more 0 */
    expect_passed_over(names[n]);
    for (size_t length = size; length-- > 0;) {
      assert_int_equal(truncate(path, (off_t)length), 0);
      expect_passed_over(names[n]);
    }
    write_file(names[n], bytes, size);
    free(bytes);
  }
}

static void files_that_are_missing_or_strange(void **state) {
  char path[256], other[256], *bytes;
  size_t size;
  save_two(*state);
  read_file(&bytes, &size, tensors_4);
  in_folder(path, tensors_4);
  assert_int_equal(unlink(path), 0);
  expect_passed_over(tensors_4);
  assert_int_equal(mkfifo(path, 0600), 0); /* reading it would block forever */
  expect_passed_over(tensors_4);
  assert_int_equal(unlink(path), 0);
  in_folder(other, tensors_2);
  assert_int_equal(link(other, path), 0); /* the tensors of another step */
  expect_passed_over(tensors_4);
  assert_int_equal(unlink(path), 0);
  write_file(tensors_4, bytes, size);
  free(bytes);
  read_file(&bytes, &size, manifest_2);
  write_file(manifest_4, bytes, size); /* intact, under another step's name */
  expect_passed_over(manifest_4);
  free(bytes);
}

static void if_none_is_good_each_is_told(void **state) {
  training t;
  ebb_checkpoint_info info;
  save_two(*state);
  write_file(manifest_4, "{}", 2);
  write_file(tensors_2, "", 0);
  expect(ebb_checkpoint_describe(&info, folder), EBB_ERR_INPUT);
  expect_message("all 2 checkpoints are damaged:\n");
  expect_message(manifest_4);
  expect_message(tensors_2);
  assert_null(info.path);
  training_start(&t, *state, &usual, 11);
  expect(ebb_trainer_resume(t.r.trainer, folder, &info), EBB_ERR_INPUT);
  assert_null(info.path);
  expect(ebb_trainer_step(t.r.trainer, 1), EBB_OK); /* the trainer is unaffected */
  expect(ebb_trainer_save(t.r.trainer, folder, 9, NULL), EBB_OK);
  rig_free(&t.r);
}

/* A training resumed from the previous checkpoint continues, and removes the damaged one. */
static void a_training_goes_on_from_the_one_before(void **state) {
  training whole, t;
  ebb_checkpoint_info info;
  save_two(*state);
  flip_bit(tensors_4, 500);
  training_start(&whole, *state, &usual, 11);
  expect(ebb_trainer_step(whole.r.trainer, 3), EBB_OK);
  training_start(&t, *state, &usual, 99);
  expect(ebb_trainer_resume(t.r.trainer, folder, &info), EBB_OK);
  assert_int_equal(info.step, 2);
  assert_non_null(strstr(info.damaged, tensors_4));
  ebb_checkpoint_info_clear(&info);
  expect(ebb_trainer_step(t.r.trainer, 1), EBB_OK);
  expect_same(&whole, &t);
  expect(ebb_trainer_save(t.r.trainer, folder, 1, NULL), EBB_OK);
  ebbi_checkpoint_list list;
  expect(ebbi_checkpoint_list_make(&list, folder), EBB_OK);
  assert_true(list.count == 2 && list.files[0].step == 3);
  ebbi_checkpoint_list_free(&list);
  rig_free(&whole.r);
  rig_free(&t.r);
}

/* ---- forgeries with a valid checksum ---- */

static void forged_texts_are_passed_over(void **state) {
  static const char *const forged[][2] = {
      {"\"file\": \"step-000000000004.safetensors\"",
       "\"file\": \"../p-000000000004.safetensors\""},
      {"\"7-8tanh-3\"", "\"7-8tanh--\""},
      {"\"steps\": \"4\"", "\"steps\": \"5\""},
      {"\"steps\": \"4\"", "\"steps\": 456"},
      {"\"steps\": \"4\"", "\"steps\": \"\x2d\""},
      {"\"learning rate\": \"0x", "\"learning rate\": \" 0"},
      {"\"best in network\": \"0\"", "\"best in network\": \"2\""},
      {"\"checksum\": \"", "\"checksun\": \""},
      {"\"tensors\": {", "\"tensorz\": {"},
  };
  for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
    clean_folder();
    save_two(*state);
    forge(forged[i][0], forged[i][1]);
    expect_passed_over(manifest_4);
  }
}

static void states_that_cannot_be_are_refused(void **state) {
  static const char *const forged[][2] = {
      {"\"epoch\": \"0\"", "\"epoch\": \"7\""},
      {"\"epoch first step\": \"0\"", "\"epoch first step\": \"1\""},
      {"\"best epoch\": \"0\"", "\"best epoch\": \"1\""},
      {"\"run first epoch\": \"0\"", "\"run first epoch\": \"1\""},
      {"\"best in network\": \"0\"", "\"best in network\": \"1\""},
      {"\"learning rate\": \"0x3d", "\"learning rate\": \"0xbd"},
      {"\"learning rate\": \"0x3d4c", "\"learning rate\": \"0x7fcc"},
      {"\"schedule\": \"0\"", "\"schedule\": \"9\""},
      {"\"schedule\": \"0\"", "\"schedule\": \"1\""},
      {"\"reductions\": \"0\"", "\"reductions\": \"9\""},
      {"\"reduction step\": \"0\"", "\"reduction step\": \"9\""},
      {"\"schedule first step\": \"0\"", "\"schedule first step\": \"5\""},
      {"\"schedule steps\": \"0\"", "\"schedule steps\": \"9\""},
      {"\"base rate\": \"0x3d", "\"base rate\": \"0xbd"},
      {"\"schedule factor\": \"0x3f8", "\"schedule factor\": \"0x3f0"},
  };
  for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
    training t;
    clean_folder();
    save_two(*state);
    forge(forged[i][0], forged[i][1]);
    training_start(&t, *state, &usual, 11);
    expect(ebb_trainer_resume(t.r.trainer, folder, NULL), EBB_ERR_INPUT);
    expect_message("it holds an impossible state");
    rig_free(&t.r);
  }
}

/* ---- corrupted numbers ---- */

static void a_garbled_download_becomes_no_checkpoint(void **state) {
  training t;
  int garbled = 0;
  training_start(&t, *state, &usual, 11);
  expect(ebb_trainer_step(t.r.trainer, 2), EBB_OK);
  for (;; garbled++) {
    bad_read = garbled + 1;
    ebb_status status = ebb_trainer_save(t.r.trainer, folder, 1, NULL);
    if (bad_read > 0) {
      expect(status, EBB_OK);
      break;
    }
    expect(status, EBB_ERR_DEVICE);
    expect_message("when it is read again");
    ebb_checkpoint_info info;
    expect(ebb_checkpoint_describe(&info, folder), EBB_ERR_INPUT);
  }
  bad_read = 0;
  assert_int_equal(garbled, 2 + 2 * 4); /* the state; weights, fallback weights, two moments */
  rig_free(&t.r);
}

static void a_garbled_upload_is_not_trained_on(void **state) {
  training t;
  int garbled = 0;
  save_two(*state);
  for (bool done = false; !done; garbled++) {
    training_start(&t, *state, &usual, 11);
    bad_write = garbled + 1;
    ebb_status status = ebb_trainer_resume(t.r.trainer, folder, NULL);
    done = bad_write > 0;
    bad_write = 0;
    expect(status, done ? EBB_OK : EBB_ERR_DEVICE);
    rig_free(&t.r);
  }
  assert_int_equal(garbled, 1 + 4 + 1); /* and the good read */
}

static void weights_that_are_not_finite_are_not_saved(void **state) {
  training t;
  size_t count;
  training_start(&t, *state, &usual, 11);
  expect(ebb_trainer_step(t.r.trainer, 2), EBB_OK);
  float *values = parameters_of(t.r.network, &count);
  values[t.r.network->offset[1][1] + 2] = NAN;
  expect(ebb_tensor_upload(ebb_network_parameters(t.r.network), values), EBB_OK);
  expect(ebb_trainer_save(t.r.trainer, folder, 1, NULL), EBB_ERR_NUMBERS);
  expect_message("layer 2 bias [2] of \"parameters\" is ");
  expect_message("nan");
  ebb_checkpoint_info info;
  expect(ebb_checkpoint_describe(&info, folder), EBB_ERR_INPUT);
  free(values);
  rig_free(&t.r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_flipped_bit_is_found),
      TEST(a_cut_is_found),
      TEST(files_that_are_missing_or_strange),
      TEST(if_none_is_good_each_is_told),
      TEST(a_training_goes_on_from_the_one_before),
      TEST(forged_texts_are_passed_over),
      TEST(states_that_cannot_be_are_refused),
      TEST(a_garbled_download_becomes_no_checkpoint),
      TEST(a_garbled_upload_is_not_trained_on),
      TEST(weights_that_are_not_finite_are_not_saved),
  };
  return cmocka_run_group_tests(tests, open_device_and_folder, close_device_and_folder);
}
