/* Testing beforehand whether a file could be written: space, limits, names, rights. The linker
 * redirects fallocate to the test (--wrap), which imitates other file systems.
 */
#define _GNU_SOURCE
#include "writer_rig.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

/* ---- the disk ---- */

static int fallocate_error; /* of every call; 0: none */

int __real_fallocate(int file, int mode, off_t at, off_t size);
int __wrap_fallocate(int file, int mode, off_t at, off_t size);
int __wrap_fallocate(int file, int mode, off_t at, off_t size) {
  if (!fallocate_error) return __real_fallocate(file, mode, at, size);
  errno = fallocate_error;
  return -1;
}

static void expect_refused(const char *target, uint64_t bytes, const char *message) {
  assert_int_equal(ebbi_file_try(target, bytes), EBB_ERR_OUTPUT);
  expect_message(message);
  assert_int_equal(temporaries(), 0);
}

static void test_try(void **state) {
  (void)state;
  char other[160];
  snprintf(other, sizeof other, "%s/new", folder);
  write_bytes("old", 3);
  assert_int_equal(ebbi_file_try(path, 1 << 20), EBB_OK);
  expect_content("old", 3);
  assert_int_equal(ebbi_file_try(other, 0), EBB_OK);
  assert_false(is_there("new", false));
  expect_refused(folder, 1, "is a folder");
  expect_refused(path, UINT64_MAX, "18446744073709551615 bytes cannot be written: larger than the");
  expect_refused(path, (uint64_t)1 << 60, "1152921504606846976 bytes cannot be written: ");
  fallocate_error = ENOSPC;
  expect_refused(path, 4096, "4096 bytes cannot be written: no space left on the device of /tmp/");
  fallocate_error = EOPNOTSUPP; /* a file system that knows only its free blocks */
  assert_int_equal(ebbi_file_try(path, 4096), EBB_OK);
  expect_refused(path, (uint64_t)1 << 60, "no space left on the device of /tmp/");
  fallocate_error = 0;
  snprintf(other, sizeof other, "%s/none/new", folder);
  expect_refused(other, 1, "none/new: cannot be written: No such file");
  snprintf(other, sizeof other, "%s/new", path);
  expect_refused(other, 1, "file/new: cannot be written: Not a directory");
}

/* Only regular files are opened: opening and closing a pipe would signal its reader the end. */
static void test_try_what_is_no_file(void **state) {
  (void)state;
  remove(path);
  assert_int_equal(mkfifo(path, 0600), 0);
  assert_int_equal(ebbi_file_try(path, 1000), EBB_OK);
  assert_int_equal(ebbi_file_try("/dev/null", 1000), EBB_OK);
  assert_int_equal(unlink(path), 0);
}

/* The limit is queried, since exceeding it ends the process with a signal. */
static void test_try_beyond_the_limit(void **state) {
  (void)state;
  struct rlimit old, small;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = old;
  small.rlim_cur = 1000;
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  ebb_status at = ebbi_file_try(path, 1000), beyond = ebbi_file_try(path, 1001);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  assert_int_equal(at, EBB_OK);
  assert_int_equal(beyond, EBB_ERR_OUTPUT);
  expect_message("1001 bytes cannot be written: larger than this process may write (ulimit -f)");
}

static void test_another_users_file_in_a_shared_folder(void **state) {
  (void)state;
  if (geteuid() != 0) skip();
  write_bytes("old", 3);
  assert_int_equal(chmod(folder, 01777), 0);
  assert_int_equal(seteuid(65534), 0);
  ebb_status tried = ebbi_file_try(path, 1), done = replace(path, "new", true);
  assert_int_equal(seteuid(0), 0);
  assert_int_equal(chmod(folder, 0700), 0);
  assert_int_equal(tried, EBB_ERR_OUTPUT);
  assert_int_equal(done, EBB_ERR_OUTPUT);
  expect_message("file: cannot be replaced: it belongs to another user");
  expect_content("old", 3);
}

/* A file system of 64 KiB. The child's exit code is the result. */
static int fill_small_disk(void) {
  char target[128], text[128] = "";
  if (unshare(geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWNS | CLONE_NEWUSER) != 0) return 77;
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) return 77;
  if (mount("none", folder, "tmpfs", 0, "size=64k") != 0) return 77;
  snprintf(target, sizeof target, "%s/file", folder);
  memset(text, 'x', sizeof text - 1);
  if (ebbi_file_try(target, 40000) != EBB_OK) return 1;
  if (ebbi_file_try(target, 70000) != EBB_ERR_OUTPUT) return 2;
  if (!strstr(ebb_error_message(), "70000 bytes cannot be written: no space left")) return 3;
  for (int size = 40000, i = 0; i < 2; i++) { /* the second does not fit beside the first */
    ebbi_writer writer = {0};
    if (ebbi_file_try(target, (uint64_t)size) != (i == 0 ? EBB_OK : EBB_ERR_OUTPUT)) return 4;
    if (ebbi_writer_begin(&writer, target) != EBB_OK) return 5;
    for (int done = 0; done < size; done += 127) fputs(text, writer.stream);
    ebb_status status = ebbi_writer_commit(&writer);
    ebbi_writer_free(&writer);
    if (status != (i == 0 ? EBB_OK : EBB_ERR_OUTPUT)) return 6;
    if (i == 1 && !strstr(ebb_error_message(), "writing failed: no space left")) return 7;
  }
  return temporaries() == 0 ? 0 : 8;
}

static void test_a_small_disk(void **state) {
  (void)state;
  remove(path);
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) _exit(fill_small_disk());
  int end;
  assert_int_equal(waitpid(child, &end, 0), child);
  assert_true(WIFEXITED(end));
  if (WEXITSTATUS(end) == 77) skip(); /* this system does not allow mounting */
  assert_int_equal(WEXITSTATUS(end), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_try),
      cmocka_unit_test(test_try_what_is_no_file),
      cmocka_unit_test(test_try_beyond_the_limit),
      cmocka_unit_test(test_another_users_file_in_a_shared_folder),
      cmocka_unit_test(test_a_small_disk),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
