/* Replacing files: the outcome after success and after each kind of failure. The linker redirects
 * write to the test (--wrap), which imitates a full, broken or lying disk.
 */
#define _GNU_SOURCE
#include "writer_rig.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

/* ---- the disk ---- */

static int write_error;     /* errno of every write; 0: none */
static long flip_byte = -1; /* a bit of this byte of the next write flips; -1: none */

ssize_t __real_write(int file, const void *bytes, size_t size);
ssize_t __wrap_write(int file, const void *bytes, size_t size);
ssize_t __wrap_write(int file, const void *bytes, size_t size) {
  if (write_error) {
    errno = write_error;
    return -1;
  }
  if (flip_byte < 0 || (size_t)flip_byte >= size) return __real_write(file, bytes, size);
  char *copy = malloc(size);
  memcpy(copy, bytes, size);
  copy[flip_byte] = (char)(copy[flip_byte] ^ 4);
  flip_byte = -1;
  ssize_t done = __real_write(file, copy, size);
  free(copy);
  return done;
}

static void test_file_replace(void **state) {
  (void)state;
  remove(path);
  assert_int_equal(replace(path, "new", true), EBB_OK);
  expect_content("new", 3);
  assert_int_equal(replace(path, "second", false), EBB_OK);
  expect_content("new", 3);
  assert_int_equal(replace(path, "third", true), EBB_OK);
  expect_content("third", 5);
}

static void test_replace_through_a_link(void **state) {
  (void)state;
  char link_path[128];
  struct stat about;
  snprintf(link_path, sizeof link_path, "%s/link", folder);
  write_bytes("old", 3);
  assert_int_equal(symlink("file", link_path), 0);
  assert_int_equal(replace(link_path, "by link", true), EBB_OK);
  expect_content("by link", 7);
  assert_int_equal(lstat(link_path, &about), 0);
  assert_true(S_ISLNK(about.st_mode));
  assert_int_equal(unlink(link_path), 0);
}

static void make_link(const char *name, const char *target) {
  char whole[160];
  snprintf(whole, sizeof whole, "%s/%s", folder, name);
  assert_int_equal(symlink(target, whole), 0);
}

static void expect_link(const char *name) {
  char whole[160];
  struct stat about;
  snprintf(whole, sizeof whole, "%s/%s", folder, name);
  assert_int_equal(lstat(whole, &about), 0);
  assert_true(S_ISLNK(about.st_mode));
  assert_int_equal(unlink(whole), 0);
}

/* The chain: first -> sub/second -> ../third -> the file by its whole path. */
static void test_a_link_to_nothing_yet_makes_its_target(void **state) {
  (void)state;
  char first[128], sub[128];
  snprintf(first, sizeof first, "%s/first", folder);
  snprintf(sub, sizeof sub, "%s/sub", folder);
  remove(path);
  assert_int_equal(mkdir(sub, 0700), 0);
  make_link("first", "sub/second");
  make_link("sub/second", "../third");
  make_link("third", path);
  assert_int_equal(ebbi_file_try(first, 4), EBB_OK);
  assert_false(is_there("file", false));
  assert_int_equal(replace(first, "made", true), EBB_OK);
  expect_content("made", 4);
  expect_link("third");
  expect_link("sub/second");
  expect_link("first");
  assert_int_equal(rmdir(sub), 0);
}

static void test_links_in_a_circle_are_left(void **state) {
  (void)state;
  char first[128];
  snprintf(first, sizeof first, "%s/first", folder);
  make_link("first", "second");
  make_link("second", "first");
  assert_int_equal(replace(first, "lost", true), EBB_ERR_OUTPUT);
  expect_message("cannot be written: ");
  expect_link("first");
  expect_link("second");
}

/* Renaming over a pipe or device would remove it. The test uses its own pipe: as root, a failing
 * test on /dev/null would remove the machine's. */
static void test_what_is_no_file_is_written_in_place(void **state) {
  (void)state;
  char text[16] = "";
  struct stat about;
  remove(path);
  assert_int_equal(mkfifo(path, 0600), 0);
  int reader = open(path, O_RDONLY | O_NONBLOCK);
  assert_true(reader >= 0);
  assert_int_equal(replace(path, "in place", true), EBB_OK);
  assert_int_equal(read(reader, text, sizeof text), 8);
  assert_string_equal(text, "in place");
  close(reader);
  assert_int_equal(lstat(path, &about), 0);
  assert_true(S_ISFIFO(about.st_mode));
  assert_int_equal(unlink(path), 0);
}

/* A limit on file sizes stands in for a full disk: the failure shows at commit. */
static void test_failed_write(void **state) {
  (void)state;
  struct rlimit old, small;
  write_bytes("old", 3);
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
  small = old;
  small.rlim_cur = 4;
  void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
  ebb_status status = replace(path, "more than four bytes", true);
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
  signal(SIGXFSZ, handler);
  assert_int_equal(status, EBB_ERR_OUTPUT);
  expect_message("file: writing failed: larger than this process may write (ulimit -f)");
  expect_message("which is 4 bytes");
  expect_content("old", 3);
}

static void test_unwritable_places(void **state) {
  (void)state;
  char missing[128];
  snprintf(missing, sizeof missing, "%s/missing/file", folder);
  assert_int_equal(replace(missing, "text", true), EBB_ERR_OUTPUT);
  expect_message("missing/file: cannot be written: No such file");
  assert_int_equal(replace(folder, "text", true), EBB_ERR_OUTPUT);
  expect_message("is a folder");
  assert_int_equal(replace("", "text", true), EBB_ERR_OUTPUT);
}

static void test_read_only_folder(void **state) {
  (void)state;
  uid_t user = geteuid();
  write_bytes("old", 3);
  assert_int_equal(chmod(folder, 0555), 0);
  if (user == 0 && seteuid(65534) != 0) skip(); /* root may write anywhere */
  ebb_status status = replace(path, "new", true);
  if (user == 0) assert_int_equal(seteuid(0), 0);
  assert_int_equal(chmod(folder, 0700), 0);
  assert_int_equal(status, EBB_ERR_OUTPUT);
  expect_message("file: cannot be written: Permission denied");
  expect_content("old", 3);
}

/* ---- errors of writing ---- */

static void test_the_first_error_is_told(void **state) {
  (void)state;
  static const struct {
    int error;
    const char *message;
  } cases[] = {{ENOSPC, "writing failed: no space left on the device of /tmp/ebb_writer_"},
               {EDQUOT, "quota"},
               {EFBIG, "larger than the file system of /tmp/ebb_writer_"},
               {EIO, "writing failed: Input/output error"},
               {ENXIO, "writing failed: No such device or address"}};
  write_bytes("old", 3);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    ebbi_writer writer = {0};
    assert_int_equal(ebbi_writer_begin(&writer, path), EBB_OK);
    for (int line = 0; line < 100; line++) {
      for (int word = 0; word < 100; word++) fputs("a word ", writer.stream);
      write_error = line == 10 ? cases[i].error : line > 10 ? EBADF : 0;
      fflush(writer.stream);
      errno = 0; /* as other code may do meanwhile */
    }
    ebb_status status = ebbi_writer_commit(&writer);
    write_error = 0;
    assert_int_equal(status, EBB_ERR_OUTPUT);
    expect_message(cases[i].message);
    ebbi_writer_free(&writer);
    expect_content("old", 3);
    assert_int_equal(temporaries(), 0);
  }
}

static void test_a_full_device(void **state) {
  (void)state;
  struct stat about;
  if (stat("/dev/full", &about) != 0 || !S_ISCHR(about.st_mode)) skip();
  assert_int_equal(replace("/dev/full", "text", true), EBB_ERR_OUTPUT);
  expect_message("/dev/full: writing failed: no space left on the device of /dev");
}

/* A bit that flips on its way to the disk is found before the old file is replaced. */
static void test_a_disk_that_lies(void **state) {
  (void)state;
  write_bytes("old", 3);
  for (long at = 0; at < 24; at++) {
    flip_byte = at;
    assert_int_equal(replace(path, "twenty-four bytes it has", true), EBB_ERR_OUTPUT);
    assert_int_equal(flip_byte, -1);
    expect_message("were read back, which differ");
    expect_content("old", 3);
    assert_int_equal(temporaries(), 0);
  }
  assert_int_equal(replace(path, "twenty-four bytes it has", true), EBB_OK);
}

/* As on a file system whose locks are invisible to other machines. */
static void test_a_temporary_file_that_is_taken_away(void **state) {
  (void)state;
  char name[160];
  ebbi_writer writer = {0};
  write_bytes("old", 3);
  assert_int_equal(ebbi_writer_begin(&writer, path), EBB_OK);
  snprintf(name, sizeof name, "%s/%s", folder, writer.temporary);
  assert_int_equal(unlink(name), 0);
  fputs("new", writer.stream);
  assert_int_equal(ebbi_writer_commit(&writer), EBB_ERR_OUTPUT);
  expect_message("was removed meanwhile");
  ebbi_writer_free(&writer);
  expect_content("old", 3);
}

/* ---- names ---- */

static void test_the_longest_name(void **state) {
  (void)state;
  char name[400], *end = name + snprintf(name, sizeof name, "%s/", folder);
  memset(end, 'n', 255);
  end[255] = '\0';
  assert_int_equal(ebbi_file_try(name, 100), EBB_OK);
  assert_int_equal(replace(name, "long", true), EBB_OK);
  assert_int_equal(replace(name, "longer", true), EBB_OK);
  expect_content_of(name, "longer", 6);
  assert_int_equal(unlink(name), 0);
  strcpy(end + 255, "n"); /* refused at once, not at the end */
  ebbi_writer writer = {0};
  assert_int_equal(ebbi_writer_begin(&writer, name), EBB_ERR_OUTPUT);
  ebbi_writer_free(&writer);
  expect_message("cannot be written: its name is too long for the file system of /tmp/ebb_writer_");
  assert_int_equal(ebbi_file_try(name, 100), EBB_ERR_OUTPUT);
}

static void test_a_name_without_folder(void **state) {
  (void)state;
  char here[4096];
  assert_non_null(getcwd(here, sizeof here));
  assert_int_equal(chdir(folder), 0);
  assert_int_equal(replace("file", "by name", true), EBB_OK);
  ebbi_writer writer = {0}; /* the folder may change meanwhile */
  assert_int_equal(ebbi_writer_begin(&writer, "file"), EBB_OK);
  assert_int_equal(chdir("/"), 0);
  fputs("as begun", writer.stream);
  assert_int_equal(ebbi_writer_commit(&writer), EBB_OK);
  ebbi_writer_free(&writer);
  assert_int_equal(chdir(here), 0);
  expect_content("as begun", 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_file_replace),
      cmocka_unit_test(test_replace_through_a_link),
      cmocka_unit_test(test_a_link_to_nothing_yet_makes_its_target),
      cmocka_unit_test(test_links_in_a_circle_are_left),
      cmocka_unit_test(test_what_is_no_file_is_written_in_place),
      cmocka_unit_test(test_failed_write),
      cmocka_unit_test(test_unwritable_places),
      cmocka_unit_test(test_read_only_folder),
      cmocka_unit_test(test_the_first_error_is_told),
      cmocka_unit_test(test_a_full_device),
      cmocka_unit_test(test_a_disk_that_lies),
      cmocka_unit_test(test_a_temporary_file_that_is_taken_away),
      cmocka_unit_test(test_the_longest_name),
      cmocka_unit_test(test_a_name_without_folder),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
