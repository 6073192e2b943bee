/* Tuning: stored choices take effect, invalid ones are ignored, and a candidate is measured only if
 * it is correct. Uses the GPU engine; files go to the test's own folder. */
#define _XOPEN_SOURCE 700 /* nftw */
#include "cache_rig.h"

#include <ebb/ebb.h>

static const ebb_tune_shape shape = {EBB_LAYOUT_TN, 300, 40, 77};

/* A choice other than automatic's for the shape. */
static const int other = 5;

static unsigned class_of_shape(void) {
  return ebb_matmul_class(shape.rows, shape.cols, shape.depth);
}

static ebb_device *open_device(void) {
  ebb_device *device;
  setenv("EBB_MATMUL", "gpu", 1);
  if (ebb_device_open(&device, NULL) != EBB_OK) fail_msg("%s", ebb_error_message());
  return device;
}

static ebb_tune_owner owner_of(void) {
  ebb_device *device = open_device();
  ebb_tune_owner owner = ebb_device_tune_owner(device);
  ebb_device_free(device);
  return owner;
}

/* The choice for the shape on a newly opened device. */
static int choice_at_open(void) {
  ebb_device *device = open_device();
  int choice = ebb_device_matmul_choice(device, shape.layout, class_of_shape());
  ebb_device_free(device);
  return choice;
}

static const char *path_for(const ebb_tune_owner *owner) {
  static char path[4096];
  assert_int_equal(ebb_tune_path(path, sizeof path, owner), EBB_OK);
  return path;
}

/* Stores one choice. */
static void keep(const ebb_tune_owner *owner, int choice) {
  const ebb_tuned one = {shape, choice, 0.001, 0.002};
  if (ebb_tune_store(&one, 1, owner) != EBB_OK) fail_msg("%s", ebb_error_message());
}

static char *read_text(const char *path) {
  static char text[8192];
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  size_t size = fread(text, 1, sizeof text - 1, file);
  text[size] = '\0';
  fclose(file);
  return text;
}

static void write_text(const char *path, const char *text, size_t size) {
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  assert_int_equal(fwrite(text, 1, size, file), size);
  assert_int_equal(fclose(file), 0);
}

/* Writes a text to the file, with `from` replaced by `to`. */
static void change(const char *path, const char *text, const char *from, const char *to) {
  static char changed[8192];
  const char *at = strstr(text, from);
  if (!at) fail_msg("the file lacks %s", from);
  int size =
      snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
  write_text(path, changed, (size_t)size);
}

static void kept_is_obeyed(void **state) {
  (void)state;
  ebb_tune_owner owner = owner_of();
  assert_int_equal(choice_at_open(), EBB_MATMUL_CONFIG_AUTO);
  keep(&owner, other);
  assert_int_equal(choice_at_open(), other);
  ebb_device *device = open_device();
  assert_int_equal(
      ebb_device_choose_matmul_config(device, shape.layout, shape.rows, shape.cols, shape.depth),
      other);
  assert_int_not_equal(
      ebb_device_choose_matmul_config(device, EBB_LAYOUT_NN, shape.rows, shape.cols, shape.depth),
      other);
  ebb_device_free(device);
  setenv("EBB_MATMUL_CONFIG", ebb_matmul_config_name(EBB_PRECISION_FP32, 1),
         1); /* a forced choice takes precedence */
  device = open_device();
  unsetenv("EBB_MATMUL_CONFIG");
  assert_int_equal(
      ebb_device_choose_matmul_config(device, shape.layout, shape.rows, shape.cols, shape.depth),
      1);
  ebb_device_free(device);
}

static void what_is_read_was_written(void **state) {
  (void)state;
  ebb_tune_owner owner = owner_of();
  const ebb_tuned two[] = {{shape, 3, 0.25, 0.5},
                           {{EBB_LAYOUT_NT, 1, 2048, 2049}, EBB_MATMUL_CONFIG_AUTO, 0.125, 0}};
  ebb_tuned *list;
  size_t count;
  assert_int_equal(ebb_tune_load(&list, &count, &owner), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "nothing has been tuned yet"));
  assert_int_equal(ebb_tune_store(two, 2, &owner), EBB_OK);
  assert_int_equal(ebb_tune_load(&list, &count, &owner), EBB_OK);
  assert_int_equal(count, 2);
  for (size_t i = 0; i < count; i++) {
    assert_int_equal(list[i].shape.layout, two[i].shape.layout);
    assert_int_equal(list[i].shape.rows, two[i].shape.rows);
    assert_int_equal(list[i].shape.cols, two[i].shape.cols);
    assert_int_equal(list[i].shape.depth, two[i].shape.depth);
    assert_int_equal(list[i].choice, two[i].choice);
    assert_true(list[i].seconds == two[i].seconds && list[i].auto_seconds == two[i].auto_seconds);
  }
  free(list);
}

/* Each change makes the file or its entry one that is ignored. */
static void bad_text_is_ignored(void **state) {
  (void)state;
  static const char *const changes[][2] = {{"\"format\": 1", "\"format\": 2"},
                                           {"\"format\": 1", "\"format\": \"1\""},
                                           {"\"version\": \"", "\"version\": \"9"},
                                           {"\"platform\": \"", "\"platform\": \"x"},
                                           {"\"device\": \"", "\"device\": \"x"},
                                           {"\"driver\": \"", "\"driver\": \"x"},
                                           {"\"driver\": ", "\"drover\": "},
                                           {"\"precision\": \"fp32\"", "\"precision\": \"tf32\""},
                                           {"\"engine\": \"gpu\"", "\"engine\": \"cpu\""},
                                           {"\"choice\": \"", "\"choice\": \"9"},
                                           {"\"choice\": \"128x128x8 8x8\"", "\"choice\": 5"},
                                           {"\"layout\": \"tn\"", "\"layout\": \"tt\""},
                                           {"\"rows\": 300", "\"rows\": 0"},
                                           {"\"rows\": 300", "\"rows\": -300"},
                                           {"\"cols\": 40", "\"cols\": 4e1"},
                                           {"\"depth\": 77", "\"depth\": 99999999999999"},
                                           {"\"choices\": [", "\"choices\": [["},
                                           {"\"choices\": [", "\"choices\": {\"a\": ["},
                                           {"\"format\": 1,", "\"format\": 1, \"format\": 1,"},
                                           {"{", "["},
                                           {"{", ""}};
  ebb_tune_owner owner = owner_of();
  keep(&owner, other);
  const char *path = path_for(&owner);
  char *good = strdup(read_text(path));
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    change(path, good, changes[i][0], changes[i][1]);
    if (choice_at_open() != EBB_MATMUL_CONFIG_AUTO) fail_msg("%s is obeyed", changes[i][1]);
  }
  change(path, good, "\"format\"", "\"format\"");
  assert_int_equal(choice_at_open(), other);
  for (size_t size = 0; size < strlen(good); size += 7) {
    write_text(path, good, size);
    assert_int_equal(choice_at_open(), EBB_MATMUL_CONFIG_AUTO);
  }
  free(good);
}

static void an_unknown_entry_costs_itself_alone(void **state) {
  (void)state;
  ebb_tune_owner owner = owner_of();
  const ebb_tuned two[] = {{{EBB_LAYOUT_NN, 64, 64, 64}, 2, 1, 1}, {shape, other, 1, 1}};
  assert_int_equal(ebb_tune_store(two, 2, &owner), EBB_OK);
  const char *path = path_for(&owner);
  char *good = strdup(read_text(path));
  change(path, good, ebb_matmul_config_name(EBB_PRECISION_FP32, 2), "7x7x7 1x1");
  assert_int_equal(choice_at_open(), other);
  free(good);
}

/* A file that may be another user's, or is too large. */
static void bad_files_are_ignored(void **state) {
  (void)state;
  char moved[128];
  ebb_tune_owner owner = owner_of();
  keep(&owner, other);
  const char *path = path_for(&owner);
  assert_int_equal(chmod(path, 0622), 0); /* others have write permission */
  assert_int_equal(choice_at_open(), EBB_MATMUL_CONFIG_AUTO);
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(choice_at_open(), other);
  snprintf(moved, sizeof moved, "%s/moved", rig_base);
  assert_int_equal(rename(path, moved), 0);
  assert_int_equal(symlink(moved, path), 0);
  assert_int_equal(choice_at_open(), EBB_MATMUL_CONFIG_AUTO);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(mkfifo(path, 0600), 0); /* must not block either */
  assert_int_equal(choice_at_open(), EBB_MATMUL_CONFIG_AUTO);
  assert_int_equal(unlink(path), 0);
  assert_int_equal(rename(moved, path), 0);
  assert_int_equal(choice_at_open(), other);
  assert_int_equal(truncate(path, 2 << 20), 0);
  assert_int_equal(choice_at_open(), EBB_MATMUL_CONFIG_AUTO);
  keep(&owner, other);
  if (geteuid() == 0) { /* only root can give a file away */
    assert_int_equal(chown(path, 1, (gid_t)-1), 0);
    assert_int_equal(choice_at_open(), EBB_MATMUL_CONFIG_AUTO);
    assert_int_equal(chown(path, 0, (gid_t)-1), 0);
    assert_int_equal(choice_at_open(), other);
  }
}

static void folder_that_is_not_ones_own(void **state) {
  (void)state;
  char folder[128], moved[128];
  ebb_tune_owner owner = owner_of();
  keep(&owner, other);
  snprintf(folder, sizeof folder, "%s/tune", rig_own);
  snprintf(moved, sizeof moved, "%s/elsewhere", rig_base);
  assert_int_equal(chmod(folder, 0777), 0);
  assert_int_equal(choice_at_open(), EBB_MATMUL_CONFIG_AUTO);
  assert_int_equal(chmod(folder, 0700), 0);
  assert_int_equal(choice_at_open(), other);
  assert_int_equal(rename(folder, moved), 0);
  assert_int_equal(symlink(moved, folder), 0);
  assert_int_equal(choice_at_open(), EBB_MATMUL_CONFIG_AUTO);
  const ebb_tuned one = {shape, 1, 1, 1};
  assert_int_equal(ebb_tune_store(&one, 1, &owner), EBB_ERR_OUTPUT);
}

/* Every part of the key selects another file; a file renamed for another device is ignored. */
static void each_combination_has_its_file(void **state) {
  (void)state;
  ebb_tune_owner owner = owner_of(), changed[5] = {owner, owner, owner, owner, owner};
  changed[0].info.name[0] ^= 1;
  changed[1].info.platform[0] ^= 1;
  changed[2].info.driver[0] ^= 1;
  changed[3].engine[0] ^= 1;
  changed[4].precision = EBB_PRECISION_TF32;
  char *own = strdup(path_for(&owner));
  for (size_t i = 0; i < 5; i++) {
    keep(&changed[i], 2);
    const char *path = path_for(&changed[i]);
    assert_string_not_equal(own, path);
    assert_int_equal(choice_at_open(), EBB_MATMUL_CONFIG_AUTO);
    assert_int_equal(rename(path, own), 0);
    assert_int_equal(choice_at_open(), EBB_MATMUL_CONFIG_AUTO);
  }
  free(own);
}

/* The bias gradient is a launch of its own only with CLBlast, which shows that CLBlast ran. */
static void measure_clblast(ebb_device *device) {
  ebb_tuner *tuner;
  ebb_tensor *x, *dz, *dw, *db;
  double seconds = 0;
  if (ebb_tuner_create(&tuner, device, &shape) != EBB_OK) fail_msg("%s", ebb_error_message());
  if (ebb_tuner_measure(&seconds, NULL, tuner, EBB_MATMUL_CLBLAST) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  assert_true(seconds > 0);
  ebb_tuner_free(tuner);
  assert_int_equal(ebb_tensor_create(&x, device, EBB_F32, shape.depth, shape.rows), EBB_OK);
  assert_int_equal(ebb_tensor_create(&dz, device, EBB_F32, shape.depth, shape.cols), EBB_OK);
  assert_int_equal(ebb_tensor_create(&dw, device, EBB_F32, shape.rows, shape.cols), EBB_OK);
  assert_int_equal(ebb_tensor_create(&db, device, EBB_F32, 1, shape.cols), EBB_OK);
  for (uint64_t launches = 2; launches > 0; launches--) {
    ebb_counters before = ebb_device_counters(device);
    assert_int_equal(ebb_dense_weight_gradient(dw, db, x, dz), EBB_OK);
    assert_int_equal(ebb_device_counters(device).launches - before.launches, launches);
    assert_int_equal(ebb_device_set_matmul_choice(device, shape.layout, class_of_shape(),
                                                  EBB_MATMUL_CONFIG_AUTO),
                     EBB_OK);
  }
  assert_int_equal(
      ebb_device_set_matmul_choice(device, shape.layout, class_of_shape(), EBB_MATMUL_CLBLAST),
      EBB_OK);
  ebb_tensor_free(x);
  ebb_tensor_free(dz);
  ebb_tensor_free(dw);
  ebb_tensor_free(db);
}

/* Tuning may choose the engine clblast for a class if no engine is forced. */
static void engine_choice(void **state) {
  (void)state;
  ebb_device *device;
  unsetenv("EBB_MATMUL");
  if (ebb_device_open(&device, NULL) != EBB_OK) fail_msg("%s", ebb_error_message());
  ebb_engine own = ebb_device_engine(device);
  ebb_status status =
      ebb_device_set_matmul_choice(device, shape.layout, class_of_shape(), EBB_MATMUL_CLBLAST);
  if (status == EBB_ERR_UNSUPPORTED) {
    ebb_device_free(device);
    skip();
  }
  assert_int_equal(status, EBB_OK);
  assert_int_equal(
      ebb_device_choose_engine(device, shape.layout, shape.rows, shape.cols, shape.depth),
      EBB_ENGINE_CLBLAST);
  assert_int_equal(
      ebb_device_choose_engine(device, EBB_LAYOUT_NN, shape.rows, shape.cols, shape.depth), own);
  measure_clblast(device);
  ebb_verify_result result; /* it sets engines, and leaves none forced */
  const ebb_verify_options options = {
      .size = sizeof(ebb_verify_options), .kernels = true, .only = "probe_triad"};
  assert_int_equal(ebb_verify(&result, device, &options, NULL, NULL), EBB_OK);
  assert_int_equal(
      ebb_device_choose_engine(device, shape.layout, shape.rows, shape.cols, shape.depth),
      EBB_ENGINE_CLBLAST);
  assert_int_equal(ebb_device_set_engine(device, own), EBB_OK);
  assert_int_equal(
      ebb_device_choose_engine(device, shape.layout, shape.rows, shape.cols, shape.depth), own);
  ebb_device_free(device);
  device = open_device(); /* EBB_MATMUL forces an engine, too */
  assert_int_equal(
      ebb_device_set_matmul_choice(device, shape.layout, class_of_shape(), EBB_MATMUL_CLBLAST),
      EBB_OK);
  assert_int_equal(
      ebb_device_choose_engine(device, shape.layout, shape.rows, shape.cols, shape.depth),
      EBB_ENGINE_GPU);
  ebb_device_free(device);
}

static void off_by_variable(void **state) {
  (void)state;
  ebb_device *device;
  ebb_tune_owner owner = owner_of();
  keep(&owner, other);
  setenv("EBB_TUNE", "off", 1);
  assert_int_equal(choice_at_open(), EBB_MATMUL_CONFIG_AUTO);
  setenv("EBB_TUNE", "on", 1);
  assert_int_equal(choice_at_open(), other);
  setenv("EBB_TUNE", "no", 1);
  assert_int_equal(ebb_device_open(&device, NULL), EBB_ERR_ARGUMENT);
  assert_non_null(strstr(ebb_error_message(), "EBB_TUNE=no: must be on or off"));
  unsetenv("EBB_TUNE");
}

/* All layouts are measured, and the device's choices do not change. */
static void measuring(void **state) {
  (void)state;
  ebb_device *device = open_device();
  unsigned class_index = ebb_matmul_class(20, 36, 48);
  for (int l = 0; l < EBB_LAYOUT_COUNT; l++) {
    const ebb_tune_shape s = {(ebb_layout)l, 20, 36, 48};
    ebb_tuner *tuner;
    double seconds = 0, auto_seconds = 0;
    if (ebb_tuner_create(&tuner, device, &s) != EBB_OK) fail_msg("%s", ebb_error_message());
    assert_int_equal(ebb_device_set_matmul_choice(device, s.layout, class_index, 3), EBB_OK);
    if (ebb_tuner_measure(&seconds, &auto_seconds, tuner, 1) != EBB_OK)
      fail_msg("%s", ebb_error_message());
    assert_true(seconds > 0 && auto_seconds > 0);
    seconds = 0;
    assert_int_equal(ebb_tuner_measure(&seconds, NULL, tuner, EBB_MATMUL_CONFIG_AUTO), EBB_OK);
    assert_true(seconds > 0);
    assert_int_equal(ebb_device_matmul_choice(device, s.layout, class_index), 3);
    assert_int_equal(ebb_tuner_measure(&seconds, NULL, tuner, 99), EBB_ERR_ARGUMENT);
    assert_int_equal(ebb_device_set_engine(device, EBB_ENGINE_CPU), EBB_OK);
    assert_int_equal(ebb_tuner_measure(&seconds, NULL, tuner, 1), EBB_ERR_UNSUPPORTED);
    assert_int_equal(ebb_device_set_engine(device, EBB_ENGINE_GPU), EBB_OK);
    ebb_tuner_free(tuner);
  }
  ebb_tuner *tuner;
  assert_int_equal(ebb_tuner_create(&tuner, device, &(ebb_tune_shape){EBB_LAYOUT_NN, 0, 1, 1}),
                   EBB_ERR_ARGUMENT);
  ebb_device_free(device);
}

#define TUNE_TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

/* The group's device is opened before XDG_CACHE_HOME changes, because drivers keep caches there
 * too, which the tests must not move. */
int main(void) {
  const struct CMUnitTest tests[] = {
      TUNE_TEST(kept_is_obeyed),
      TUNE_TEST(what_is_read_was_written),
      TUNE_TEST(bad_text_is_ignored),
      TUNE_TEST(an_unknown_entry_costs_itself_alone),
      TUNE_TEST(bad_files_are_ignored),
      TUNE_TEST(folder_that_is_not_ones_own),
      TUNE_TEST(each_combination_has_its_file),
      TUNE_TEST(engine_choice),
      TUNE_TEST(off_by_variable),
      TUNE_TEST(measuring),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
