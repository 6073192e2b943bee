/* Leftovers of killed writers are removed, and nothing else: no files of live writers, of other
 * users or of other programs.
 */
#define _GNU_SOURCE
#include "writer_rig.h"

#include <pthread.h>
#include <signal.h>

/* Kills a process while it writes, which leaves its temporary file. */
static void die_writing(void) {
  pid_t child = fork();
  assert_true(child >= 0);
  if (child == 0) {
    ebbi_writer writer = {0};
    if (ebbi_writer_begin(&writer, path) == EBB_OK) raise(SIGKILL);
    _exit(1);
  }
  int end;
  assert_int_equal(waitpid(child, &end, 0), child);
  assert_true(WIFSIGNALED(end));
}

static void test_dead_writers_are_swept(void **state) {
  (void)state;
  static const char *const others[] = {"ebb-0123456789abcde.tmp",   "ebb-0123456789abcdefa.tmp",
                                       "ebb-0123456789abcdeF.tmp",  "ebb-0123456789abcdef.tmp.tmp",
                                       "ebc-0123456789abcdef.tmp",  "ebb-0123456789abcdef.tmq",
                                       "model.safetensors.17.0.tmp"};
  die_writing();
  die_writing(); /* this sweeps the first */
  assert_int_equal(temporaries(), 1);
  make_file("ebb-0123456789abcdef.tmp"); /* of the same age */
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) make_file(others[i]);
  assert_int_equal(replace(path, "new", true), EBB_OK);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++)
    assert_true(is_there(others[i], true));
  assert_int_equal(temporaries(), 0);
}

static void test_only_plain_files_are_swept(void **state) {
  (void)state;
  char name[160];
  snprintf(name, sizeof name, "%s/ebb-0000000000000001.tmp", folder);
  assert_int_equal(mkdir(name, 0700), 0);
  snprintf(name, sizeof name, "%s/ebb-0000000000000002.tmp", folder);
  assert_int_equal(mkfifo(name, 0600), 0);
  snprintf(name, sizeof name, "%s/ebb-0000000000000003.tmp", folder);
  assert_int_equal(symlink("file", name), 0);
  assert_int_equal(replace(path, "new", true), EBB_OK);
  assert_true(is_there("ebb-0000000000000001.tmp", true));
  assert_true(is_there("ebb-0000000000000002.tmp", true));
  assert_true(is_there("ebb-0000000000000003.tmp", true));
}

static void test_files_of_others_are_not_swept(void **state) {
  (void)state;
  char name[160];
  if (geteuid() != 0) skip(); /* only root can give a file away */
  make_file("ebb-0123456789abcdef.tmp");
  snprintf(name, sizeof name, "%s/ebb-0123456789abcdef.tmp", folder);
  assert_int_equal(chown(name, 65534, 65534), 0);
  assert_int_equal(replace(path, "new", true), EBB_OK);
  assert_true(is_there("ebb-0123456789abcdef.tmp", true));
}

static void test_live_writers_are_left_alone(void **state) {
  (void)state;
  ebbi_writer first = {0}, second = {0};
  assert_int_equal(ebbi_writer_begin(&first, path), EBB_OK);
  assert_int_equal(ebbi_writer_begin(&second, path), EBB_OK);
  assert_int_equal(temporaries(), 2);
  pid_t child = fork();
  if (child == 0) _exit(replace(path, "of the child", true) == EBB_OK ? 0 : 1);
  int end;
  assert_int_equal(waitpid(child, &end, 0), child);
  assert_true(WIFEXITED(end) && WEXITSTATUS(end) == 0);
  expect_content("of the child", 12);
  fputs("second", second.stream);
  fputs("first", first.stream);
  assert_int_equal(ebbi_writer_commit(&second), EBB_OK);
  expect_content("second", 6);
  assert_int_equal(ebbi_writer_commit(&first), EBB_OK);
  expect_content("first", 5);
  ebbi_writer_free(&first);
  ebbi_writer_free(&second);
}

/* Many writers sweep while others have created their file but not locked it yet. */
static void *write_often(void *failures) {
  for (int i = 0; i < 200; i++)
    if (replace(path, "from a thread", true) != EBB_OK) ++*(int *)failures;
  return NULL;
}

static void test_writers_at_the_same_time(void **state) {
  (void)state;
  enum { THREADS = 4 };
  pthread_t threads[THREADS];
  int failures[THREADS] = {0};
  for (int i = 0; i < THREADS; i++)
    assert_int_equal(pthread_create(&threads[i], NULL, write_often, &failures[i]), 0);
  for (int i = 0; i < THREADS; i++) {
    assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(failures[i], 0);
  }
  expect_content("from a thread", 13);
  assert_int_equal(temporaries(), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_dead_writers_are_swept),
      cmocka_unit_test(test_only_plain_files_are_swept),
      cmocka_unit_test(test_files_of_others_are_not_swept),
      cmocka_unit_test(test_live_writers_are_left_alone),
      cmocka_unit_test(test_writers_at_the_same_time),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
