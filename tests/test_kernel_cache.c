/* The kernel cache with a device: results are the same whatever the cache holds, and the counters
 * show where programs came from. The program is that of the yardsticks, the smallest one.
 */
#define _XOPEN_SOURCE 700 /* nftw */
#include "cache_rig.h"
#include "device/kernel_cache.h"

#include <ebb/ebb.h>
#include <ebb/tool.h>

enum { COUNT = 37 };

/* Where a run got its program from. */
typedef struct origin {
  uint64_t built, cached;
} origin;

/* Opens a device in a mode, runs a kernel and checks its result. */
static origin run(const char *mode) {
  ebb_device *device;
  ebb_tensor *a, *b, *c;
  float x[COUNT], y[COUNT], z[COUNT];
  if (mode) setenv("EBB_KERNEL_CACHE", mode, 1);
  if (ebb_device_open(&device, NULL) != EBB_OK) fail_msg("%s", ebb_error_message());
  unsetenv("EBB_KERNEL_CACHE");
  assert_int_equal(ebb_tensor_create(&a, device, EBB_F32, 1, COUNT), EBB_OK);
  assert_int_equal(ebb_tensor_create(&b, device, EBB_F32, 1, COUNT), EBB_OK);
  assert_int_equal(ebb_tensor_create(&c, device, EBB_F32, 1, COUNT), EBB_OK);
  for (int i = 0; i < COUNT; i++) {
    x[i] = (float)i;
    y[i] = (float)(i * i);
  }
  assert_int_equal(ebb_tensor_upload(b, x), EBB_OK);
  assert_int_equal(ebb_tensor_upload(c, y), EBB_OK);
  if (ebb_probe_triad(a, b, c, 2) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(ebb_tensor_download(z, a), EBB_OK);
  for (int i = 0; i < COUNT; i++) assert_true(z[i] == (float)(i + 2 * i * i));
  ebb_counters counters = ebb_device_counters(device);
  ebb_tensor_free(a);
  ebb_tensor_free(b);
  ebb_tensor_free(c);
  ebb_device_free(device);
  assert_int_equal(counters.programs_built + counters.programs_cached, 1);
  return (origin){counters.programs_built, counters.programs_cached};
}

#define assert_built(mode)  assert_int_equal(run(mode).built, 1)
#define assert_cached(mode) assert_int_equal(run(mode).cached, 1)

static void modes(void **state) {
  (void)state;
  static const struct {
    const char *platform;
    ebb_cache_mode mode;
  } rows[] = {{"Portable Computing Language", EBB_CACHE_OFF},
              {"NVIDIA CUDA", EBB_CACHE_OFF},
              {"Oclgrind", EBB_CACHE_OFF},
              {"Intel(R) OpenCL", EBB_CACHE_RW},
              {"a platform that nobody knows", EBB_CACHE_RW}};
  ebb_cache_mode mode;
  const char *reason;
  ebb_device_info info = {0};
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    strcpy(info.platform, rows[i].platform);
    setenv("EBB_KERNEL_CACHE", "", 1);
    assert_int_equal(ebb_cache_mode_for(&mode, &reason, &info), EBB_OK);
    assert_int_equal(mode, rows[i].mode);
    for (int m = 0; m < EBB_CACHE_MODE_COUNT; m++) {
      setenv("EBB_KERNEL_CACHE", ebb_cache_mode_name((ebb_cache_mode)m), 1);
      assert_int_equal(ebb_cache_mode_for(&mode, &reason, &info), EBB_OK);
      assert_int_equal(mode, m);
      assert_string_equal(reason, "EBB_KERNEL_CACHE");
    }
  }
  static const char *const wrong[] = {"on", "RW", "rw ", "1"};
  for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
    ebb_device *device;
    setenv("EBB_KERNEL_CACHE", wrong[i], 1);
    assert_int_equal(ebb_device_open(&device, NULL), EBB_ERR_ARGUMENT);
    assert_non_null(strstr(ebb_error_message(), "must be off, ro or rw"));
  }
  unsetenv("EBB_KERNEL_CACHE");
}

static void what_was_built_is_loaded(void **state) {
  (void)state;
  assert_built("rw");
  assert_int_equal(rig_count(NULL), 1);
  assert_cached("rw");
  assert_cached("ro");
  assert_int_equal(rig_count(NULL), 1);
}

static void modes_keep_to_their_rights(void **state) {
  (void)state;
  assert_built("off");
  assert_built("ro");
  assert_int_equal(access(rig_own, F_OK), -1); /* the folder does not exist either */
  assert_built("rw");
  assert_built("off");
  const char *path = rig_file();
  rig_flip(path, 60, 1);
  assert_built("ro");
  assert_built("ro"); /* and it is still not replaced */
  assert_built("rw");
  assert_cached("ro");
}

static void a_default_by_platform(void **state) {
  ebb_cache_mode mode;
  const char *reason;
  assert_int_equal(ebb_cache_mode_for(&mode, &reason, ebb_device_get_info(*state)), EBB_OK);
  assert_built(NULL);
  assert_int_equal(rig_count(NULL), mode == EBB_CACHE_RW ? 1 : 0);
}

static void damage_never_fails_a_run(void **state) {
  (void)state;
  assert_built("rw");
  size_t size = rig_size(rig_file());
  const size_t places[] = {0, 8, 20, 32, 39, 40, size / 2, size - 17, size - 16, size - 1};
  for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
    rig_flip(rig_file(), places[i], 0x10);
    assert_built("ro");
    rig_flip(rig_file(), places[i], 0x10);
  }
  const size_t sizes[] = {size - 1, size / 2, 56, 40, 1, 0};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    assert_int_equal(truncate(rig_file(), (off_t)sizes[i]), 0);
    assert_built("ro");
  }
  assert_built("rw");
  assert_cached("rw");
}

static void a_folder_without_use_never_fails_a_run(void **state) {
  (void)state;
  assert_built("rw");
  assert_int_equal(chmod(rig_kernels, 0777), 0);
  assert_built("rw");
  setenv("XDG_CACHE_HOME", "/proc/self", 1);
  assert_built("rw");
  assert_built("ro");
}

/* The key of the only file. */
static ebbi_hash only_key(void) {
  char name[256];
  ebbi_hash key;
  assert_int_equal(rig_count(name), 1);
  for (size_t i = 0; i < sizeof key.bytes; i++) {
    unsigned byte;
    assert_int_equal(sscanf(name + 2 * i, "%2x", &byte), 1);
    key.bytes[i] = (unsigned char)byte;
  }
  return key;
}

static void binaries_that_the_driver_refuses(void **state) {
  (void)state;
  assert_built("rw");
  ebbi_hash key = only_key();
  static const unsigned char garbage[5000] = "this is no program";
  const size_t sizes[] = {1, 18, sizeof garbage};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    assert_int_equal(ebbi_kernel_cache_store(&key, garbage, sizes[i]), EBB_OK);
    assert_built("ro");
    assert_built("rw");
    assert_cached("rw");
  }
}

/* A driver may accept a binary of a different program. */
static void a_binary_without_our_kernels(void **state) {
  (void)state;
  char folder[80], path[100];
  snprintf(folder, sizeof folder, "%s/sources", rig_base);
  snprintf(path, sizeof path, "%s/probe.cl", folder);
  assert_int_equal(mkdir(folder, 0700), 0);
  FILE *file = fopen(path, "w");
  assert_non_null(file);
  fputs("__kernel __attribute__((reqd_work_group_size(1, 1, 1)))\n"
        "void probe_fma(__global float *y, __global const float *x, int count, int steps,\n"
        "               float scale, float shift) { y[0] = x[0]; }\n",
        file);
  fclose(file);
  assert_built("rw");
  ebbi_hash key = only_key();
  assert_int_equal(remove(rig_file()), 0);

  ebb_device *device;
  ebb_tensor *a, *b;
  setenv("EBB_KERNEL_DIR", folder, 1);
  setenv("EBB_KERNEL_CACHE", "rw", 1);
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  assert_int_equal(ebb_tensor_create(&a, device, EBB_F32, 1, COUNT), EBB_OK);
  assert_int_equal(ebb_tensor_create(&b, device, EBB_F32, 1, COUNT), EBB_OK);
  assert_int_equal(ebb_probe_fma(a, b, 1, 1, 1), EBB_OK);
  ebb_tensor_free(a);
  ebb_tensor_free(b);
  ebb_device_free(device);
  unsetenv("EBB_KERNEL_DIR");

  ebbi_hash other = only_key();
  assert_memory_not_equal(other.bytes, key.bytes, sizeof key.bytes); /* the key covers the source */
  ebbi_kernel_entry entry;
  assert_int_equal(ebbi_kernel_cache_load(&entry, &other), EBB_OK);
  assert_int_equal(ebbi_kernel_cache_store(&key, entry.binary, entry.size), EBB_OK);
  free(entry.bytes);
  assert_built("ro");
  assert_built("rw");
  assert_cached("rw");
}

static void options_are_in_the_key(void **state) {
  (void)state;
  assert_built("rw");
  unsigned width = ebb_device_width(*state) == 4 ? 8 : 4;
  setenv("EBB_WIDTH", width == 4 ? "4" : "8", 1);
  assert_built("rw");
  assert_cached("ro");
  unsetenv("EBB_WIDTH");
  assert_int_equal(rig_count(NULL), 2);
  assert_cached("ro");
}

static size_t bad_findings;

static void count_bad(const ebb_finding *finding, void *user) {
  if (!finding->ok && strstr(finding->what, user)) bad_findings++;
}

static void the_doctor_sees_a_folder_without_use(void **state) {
  (void)state;
  bool healthy;
  setenv("EBB_KERNEL_CACHE", "rw", 1);
  for (int bad = 0; bad <= 1; bad++) {
    bad_findings = 0;
    if (bad) assert_int_equal(symlink("/tmp", rig_own), 0);
    assert_int_equal(ebb_doctor(&healthy, count_bad, "ebb's kernel cache"), EBB_OK);
    assert_true(healthy);
    assert_int_equal(bad_findings, bad);
  }
  setenv("EBB_KERNEL_CACHE", "wr", 1);
  assert_int_equal(ebb_doctor(&healthy, count_bad, "EBB_KERNEL_CACHE=wr"), EBB_OK);
  assert_true(!healthy && bad_findings == 2);
  unsetenv("EBB_KERNEL_CACHE");
}

#define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, rig_set_up, rig_tear_down)

/* The group's device is opened before XDG_CACHE_HOME changes, because drivers keep caches there
 * too, which the tests must not move. */
int main(void) {
  const struct CMUnitTest tests[] = {
      CACHE_TEST(modes),
      CACHE_TEST(what_was_built_is_loaded),
      CACHE_TEST(modes_keep_to_their_rights),
      CACHE_TEST(a_default_by_platform),
      CACHE_TEST(damage_never_fails_a_run),
      CACHE_TEST(a_folder_without_use_never_fails_a_run),
      CACHE_TEST(binaries_that_the_driver_refuses),
      CACHE_TEST(a_binary_without_our_kernels),
      CACHE_TEST(options_are_in_the_key),
      CACHE_TEST(the_doctor_sees_a_folder_without_use),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
