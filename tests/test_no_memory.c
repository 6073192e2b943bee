/* Each allocation in turn fails while files are written and read: every failure is reported, the
 * old file is unchanged, nothing is left beside it, and the final file is complete. cache_rig.h
 * provides the folder for tuning results.
 */
#define _XOPEN_SOURCE 700 /* nftw */
#include "cache_rig.h"

#include "fail_memory.h"
#include <dirent.h>
#include <ebb/ebb.h>
#include <jansson.h>

static char folder[64], path[96];

static const char encoder_text[] =
    "{\"task\":\"regression\",\"missing\":\"indicator\",\"columns\":4,\"file_columns\":8,\"scale\":"
    "1.0,\"outputs\":2,\"bare\":false,\"named\":true,\"targets\":[{\"name\":\"y\",\"position\":0,"
    "\"mean\":2.5,\"deviation\":1.5},{\"name\":\"z\",\"position\":7,\"mean\":5.0,\"deviation\":1.0}"
    "],\"classes\":[],\"features\":[[1.0,0.0039215686274509803],{\"mean\":3.0,\"deviation\":1.0,"
    "\"fill\":3.0,\"kind\":\"amount\",\"indicator\":true},{\"mean\":[1970.0,1.0,3.5,0.5,0.0],"
    "\"deviation\":[0.0,0.0,0.5,0.5,0.0],\"fill\":0.5,\"kind\":\"date\"},{\"categories\":[\"a\",\"a"
    " name of more than "
    "16\"],\"fill\":0,\"other\":true,\"indicator\":true}],\"positions\":[1,2,3,6]"
    ",\"names\":[\"n\",\"price\",\"day\",\"k\"],\"left_out\":[\"text\"],\"ids\":[\"row\"]}";

static size_t read_file(char bytes[8192], const char *from) {
  FILE *stream = fopen(from, "rb");
  assert_non_null(stream);
  size_t size = fread(bytes, 1, 8192, stream);
  fclose(stream);
  return size;
}

static size_t files_beside(void) {
  size_t count = 0;
  DIR *stream = opendir(folder);
  assert_non_null(stream);
  while (readdir(stream)) count++;
  closedir(stream);
  return count - 2;
}

static ebb_encoder *make_encoder(void) {
  ebb_encoder *encoder;
  if (ebb_encoder_from_json(&encoder, encoder_text) != EBB_OK) fail_msg("%s", ebb_error_message());
  return encoder;
}

static void expect_no_memory(ebb_status status, long n) {
  if (status != EBB_ERR_MEMORY)
    fail_msg("allocation %ld: %s: %s", n, ebb_status_name(status), ebb_error_message());
}

static void encoders(void **state) {
  (void)state;
  ebb_encoder *made = make_encoder(), *read;
  char *text;
  for (long n = 1;; n++) {
    fail_memory(n);
    ebb_status status = ebb_encoder_to_json(&text, made);
    if (!memory_has_failed()) break;
    expect_no_memory(status, n);
    assert_null(text);
  }
  assert_string_equal(text, encoder_text);
  ebb_encoder_free(made);
  for (long n = 1;; n++) {
    fail_memory(n);
    ebb_status status = ebb_encoder_from_json(&read, text);
    if (!memory_has_failed()) break;
    expect_no_memory(status, n);
    assert_null(read);
  }
  free(text);
  assert_int_equal(ebb_encoder_to_json(&text, read), EBB_OK);
  assert_string_equal(text, encoder_text);
  free(text);
  ebb_encoder_free(read);
}

/* The first and the last file hold the same model. */
static void saving(void **state) {
  (void)state;
  static char old[8192], now[8192];
  ebb_device *device;
  ebb_model model = {
      .encoder = make_encoder(), .loss = ebb_loss_default(EBB_LOSS_MSE), .fingerprint = 1};
  ebb_spec spec;
  long n = 1;
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  assert_int_equal(ebb_spec_parse(&spec, "9-5relu-2", 0, 0), EBB_OK);
  model.split = (ebb_split){.valid = 0.25, .test = 0.125, .seed = 7};
  size_t inputs = ebb_encoder_inputs(model.encoder);
  assert_int_equal(inputs, 9);
  assert_int_equal(ebb_network_create(&model.network, device, &spec, EBB_INIT_AUTO, 1), EBB_OK);
  if (ebb_model_save(&model, path) != EBB_OK) fail_msg("%s", ebb_error_message());
  size_t size = read_file(old, path);
  for (;; n++) {
    fail_memory(n);
    ebb_status status = ebb_model_save(&model, path);
    if (!memory_has_failed()) break;
    expect_no_memory(status, n);
    assert_int_equal(read_file(now, path), size);
    assert_memory_equal(now, old, size);
    assert_int_equal(files_beside(), 1);
  }
  assert_true(n > 100);
  assert_int_equal(read_file(now, path), size);
  assert_memory_equal(now, old, size);
  for (n = 1;; n++) {
    fail_memory(n);
    ebb_status status = ebb_model_try(&spec, model.encoder, path);
    if (!memory_has_failed()) break;
    expect_no_memory(status, n);
    assert_int_equal(files_beside(), 1);
  }
  ebb_model_clear(&model);
  ebb_device_free(device);
}

static void describing(void **state) {
  (void)state;
  ebb_model_info info;
  long n = 1;
  for (;; n++) {
    fail_memory(n);
    ebb_status status = ebb_model_describe(&info, path, NULL);
    if (!memory_has_failed()) break;
    expect_no_memory(status, n);
    assert_true(info.encoder == NULL && info.notes == NULL);
  }
  assert_true(n > 100);
  char *text;
  assert_int_equal(ebb_encoder_to_json(&text, info.encoder), EBB_OK);
  assert_string_equal(text, encoder_text);
  free(text);
  ebb_model_info_clear(&info);
}

static void loading(void **state) {
  (void)state;
  ebb_device *device;
  ebb_model model;
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  for (long n = 1;; n++) {
    fail_memory(n);
    ebb_status status = ebb_model_load(&model, device, path, NULL);
    if (!memory_has_failed()) break;
    expect_no_memory(status, n);
    assert_null(model.network);
  }
  ebb_model_clear(&model);
  ebb_device_free(device);
}

static void keeping_what_was_tuned(void **state) {
  (void)state;
  const ebb_tuned two[] = {{{EBB_LAYOUT_TN, 300, 40, 77}, 3, 0.25, 0.5},
                           {{EBB_LAYOUT_NT, 1, 2048, 2049}, EBB_MATMUL_CONFIG_AUTO, 0.125, 0}};
  ebb_device *device;
  ebb_tuned *list;
  size_t count;
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  ebb_tune_owner owner = ebb_device_tune_owner(device);
  ebb_device_free(device);
  snprintf(owner.info.name, sizeof owner.info.name, "Gr\xf6\xdf\x65"); /* not UTF-8 */
  for (long n = 1;; n++) {
    fail_memory(n);
    ebb_status status = ebb_tune_store(two, 2, &owner);
    if (!memory_has_failed()) break;
    expect_no_memory(status, n);
  }
  for (long n = 1;; n++) {
    fail_memory(n);
    ebb_status status = ebb_tune_load(&list, &count, &owner);
    if (!memory_has_failed()) break;
    expect_no_memory(status, n);
    assert_null(list);
  }
  assert_int_equal(count, 2);
  assert_int_equal(list[0].choice, 3);
  free(list);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(encoders),
      cmocka_unit_test(saving),
      cmocka_unit_test(describing),
      cmocka_unit_test(loading),
      cmocka_unit_test(keeping_what_was_tuned),
  };
  strcpy(folder, "/tmp/ebb_no_memory_XXXXXX");
  if (!mkdtemp(folder)) return 1;
  snprintf(path, sizeof path, "%s/model.safetensors", folder);
  json_set_alloc_funcs(jansson_malloc, free);
  int failed = cmocka_run_group_tests(tests, rig_set_up, rig_tear_down);
  remove(path);
  return failed + (rmdir(folder) != 0);
}
