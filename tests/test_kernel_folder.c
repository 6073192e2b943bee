/* EBB_KERNEL_DIR: which files are compiled. A folder or file that belongs to another user, or is
 * writable by others, is refused; setting this up needs root, and is skipped otherwise.
 */
#include "device/cl.h"
#include "test_support.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char name[] = "update.cl", text[] = "/* a kernel file */\n";
static char folder[64], path[128], other[128];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/ebb_test_XXXXXX");
  if (!mkdtemp(folder)) return -1;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  snprintf(other, sizeof other, "%s.link", folder);
  setenv("EBB_KERNEL_DIR", folder, 1);
  FILE *file = fopen(path, "w");
  return file && fputs(text, file) > 0 && fclose(file) == 0 ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  unsetenv("EBB_KERNEL_DIR");
  remove(path);
  remove(other);
  return remove(folder);
}

static void is_read(void) {
  char *found;
  if (ebbi_kernel_folder_read(&found, name) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_non_null(found);
  assert_string_equal(found, text);
  free(found);
}

static void is_refused(ebb_status status, const char *why, const char *where) {
  char *found;
  assert_int_equal(ebbi_kernel_folder_read(&found, name), status);
  assert_null(found);
  if (!strstr(ebb_error_message(), why) || !strstr(ebb_error_message(), where))
    fail_msg("%s", ebb_error_message());
}

static void own_files_are_read(void **state) {
  (void)state;
  char *found;
  is_read();
  assert_int_equal(ebbi_kernel_folder_read(&found, "loss.cl"), EBB_OK); /* does not exist */
  assert_null(found);
  unsetenv("EBB_KERNEL_DIR");
  assert_int_equal(ebbi_kernel_folder_read(&found, name), EBB_OK);
  assert_null(found);
}

static void what_others_may_write_to_is_refused(void **state) {
  (void)state;
  static const mode_t modes[] = {0707, 0777};
  for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
    assert_int_equal(chmod(folder, modes[i]), 0);
    is_refused(EBB_ERR_ARGUMENT, "others may write to", folder);
    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(chmod(path, modes[i]), 0);
    is_refused(EBB_ERR_ARGUMENT, "others may write to", path);
    assert_int_equal(chmod(path, 0600), 0);
  }
  assert_int_equal(chmod(folder, 01777), 0); /* sticky: others cannot replace files there */
  is_read();
}

/* The user's own group may write, since many systems give each user a group; others may not. */
static void what_a_group_may_write_to(void **state) {
  (void)state;
  enum { ANOTHER = 65534 };
  assert_int_equal(chmod(folder, 0775), 0);
  assert_int_equal(chmod(path, 0664), 0);
  is_read();
  if (geteuid() != 0) skip();
  assert_int_equal(chown(path, 0, ANOTHER), 0);
  is_refused(EBB_ERR_ARGUMENT, "others may write to", path);
  assert_int_equal(chmod(path, 0644), 0);
  assert_int_equal(chown(folder, 0, ANOTHER), 0);
  is_refused(EBB_ERR_ARGUMENT, "others may write to", folder);
}

static void what_is_another_users_is_refused(void **state) {
  (void)state;
  enum { NOBODY = 65534 };
  if (geteuid() != 0) skip();
  assert_int_equal(chown(folder, NOBODY, NOBODY), 0);
  is_refused(EBB_ERR_ARGUMENT, "belongs to user 65534", folder);
  assert_int_equal(chown(folder, 0, 0), 0);
  assert_int_equal(chown(path, NOBODY, NOBODY), 0);
  is_refused(EBB_ERR_ARGUMENT, "belongs to user 65534", path);
}

/* A link counts as its target. */
static void links_are_followed_first(void **state) {
  (void)state;
  enum { NOBODY = 65534 };
  assert_int_equal(symlink(folder, other), 0);
  setenv("EBB_KERNEL_DIR", other, 1);
  is_read();
  if (geteuid() == 0) {
    assert_int_equal(lchown(other, NOBODY, NOBODY), 0);
    is_read();
    assert_int_equal(chown(folder, NOBODY, NOBODY), 0);
    is_refused(EBB_ERR_ARGUMENT, "belongs to user 65534", other);
    assert_int_equal(chown(folder, 0, 0), 0);
  }
  assert_int_equal(remove(other), 0);
  setenv("EBB_KERNEL_DIR", folder, 1);
  assert_int_equal(rename(path, other), 0);
  assert_int_equal(symlink(other, path), 0);
  is_read();
  assert_int_equal(chmod(other, 0666), 0);
  is_refused(EBB_ERR_ARGUMENT, "others may write to", path);
}

static void what_is_no_file_is_refused(void **state) {
  (void)state;
  assert_int_equal(remove(path), 0);
  assert_int_equal(mkfifo(path, 0600), 0);
  is_refused(EBB_ERR_INPUT, "not a regular file", path);
  assert_int_equal(remove(path), 0);
  assert_int_equal(mkdir(path, 0700), 0);
  is_refused(EBB_ERR_INPUT, "not a regular file", path);
  setenv("EBB_KERNEL_DIR", "/dev/null/none", 1);
  is_refused(EBB_ERR_ARGUMENT, "no such folder", "/dev/null/none");
}

int main(void) {
#define FOLDER_TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)
  const struct CMUnitTest tests[] = {
      FOLDER_TEST(own_files_are_read),        FOLDER_TEST(what_others_may_write_to_is_refused),
      FOLDER_TEST(what_a_group_may_write_to), FOLDER_TEST(what_is_another_users_is_refused),
      FOLDER_TEST(links_are_followed_first),  FOLDER_TEST(what_is_no_file_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
