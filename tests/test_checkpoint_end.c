/* If the process dies at any moment of a save, or the disk corrupts what was saved, the previous
 * checkpoint survives.
 *
 * The test replaces the functions that rename and remove files. Its versions work until the moment
 * of death; from then on they do nothing.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include "checkpoint_rig.h"

#include <dlfcn.h>
#include <errno.h>

/* Calls until the process dies; 0: it does not die. */
static int calls_left;
static bool dead;

static bool dies(void) {
  if (calls_left > 0 && --calls_left == 0) dead = true;
  if (dead) errno = EIO;
  return dead;
}

/* Renames until a bit flips in this file. */
static int renames_left;
static const char *to_garble;

static void garble(const char *path) {
  FILE *stream = fopen(path, "r+b");
  assert_non_null(stream);
  assert_int_equal(fseek(stream, 300, SEEK_SET), 0);
  int byte = fgetc(stream) ^ 1;
  assert_int_equal(fseek(stream, 300, SEEK_SET), 0);
  assert_int_equal(fputc(byte, stream), byte);
  assert_int_equal(fclose(stream), 0);
}

static void *next(const char *name) {
  void *function = dlsym(RTLD_NEXT, name);
  assert_non_null(function);
  return function;
}

static int renamed(int result) {
  if (renames_left > 0 && --renames_left == 0) garble(to_garble);
  return result;
}

int rename(const char *from, const char *to) {
  int (*real)(const char *, const char *);
  *(void **)&real = next("rename");
  return dies() ? -1 : renamed(real(from, to));
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
  int (*real)(int, const char *, int, const char *);
  *(void **)&real = next("renameat");
  return dies() ? -1 : renamed(real(from_folder, from, to_folder, to));
}

int unlink(const char *path) {
  int (*real)(const char *);
  *(void **)&real = next("unlink");
  return dies() ? -1 : real(path);
}

int unlinkat(int within, const char *path, int flags) {
  int (*real)(int, const char *, int);
  *(void **)&real = next("unlinkat");
  return dies() ? -1 : real(within, path, flags);
}

/* The folder contains the two files of each of these checkpoints and nothing else. */
static void expect_nothing_else(size_t checkpoints) {
  DIR *stream = opendir(folder);
  size_t count = 0;
  assert_non_null(stream);
  for (struct dirent *next; (next = readdir(stream));)
    if (strcmp(next->d_name, ".") != 0 && strcmp(next->d_name, "..") != 0) count++;
  closedir(stream);
  assert_int_equal(count, 2 * checkpoints);
}

static const plan usual = {.optimizer = EBB_OPT_ADAM, .shuffle = true};

/* A save that dies at call `n`; false: the save needed fewer calls and succeeded. */
static bool save_dying(training *t, int n) {
  calls_left = n;
  dead = false;
  ebb_status status = ebb_trainer_save(t->r.trainer, folder, 1, NULL);
  bool died = dead;
  calls_left = 0;
  dead = false;
  if (!died) expect(status, EBB_OK);
  return died;
}

/* A checkpoint after 3 steps, then another after `more` steps, with a death at each moment. What
 * remains is valid, resumes normally, and the next save cleans up. */
static void die_everywhere(ebb_device *device, size_t more) {
  training whole;
  int n = 1;
  training_start(&whole, device, &usual, 11);
  steps(&whole, 9);
  for (bool died = true; died; n++) {
    training t;
    ebb_checkpoint_info info;
    clean_folder();
    training_start(&t, device, &usual, 11);
    steps(&t, 3);
    save(&t, 1);
    steps(&t, more);
    died = save_dying(&t, n);
    if (!died) expect_nothing_else(1);
    expect(ebb_checkpoint_describe(&info, folder), EBB_OK);
    assert_string_equal(info.damaged, "");
    size_t step = (size_t)info.step;
    assert_true(step == 3 + more || (died && step == 3));
    ebb_checkpoint_info_clear(&info);
    training_resume(&t, device, &usual);
    steps(&t, 9 - step);
    expect_same(&whole, &t);
    save(&t, 1);
    EXPECT_STEPS(9);
    expect_nothing_else(1);
    rig_free(&t.r);
  }
  assert_true(n > 4); /* two renames, two removals */
  rig_free(&whole.r);
}

static void an_end_at_any_moment_loses_nothing(void **state) {
  die_everywhere(*state, 3);
}

static void nor_when_the_same_step_is_saved_again(void **state) {
  die_everywhere(*state, 0);
}

/* A file that cannot be read back as written: the previous checkpoint stays. */
static void nor_when_the_disk_garbles_it(void **state) {
  const char *const names[] = {"step-000000000004.json", "step-000000000004.safetensors"};
  training t;
  training_start(&t, *state, &usual, 11);
  steps(&t, 3);
  save(&t, 1);
  steps(&t, 1);
  for (int i = 0; i < 2; i++) {
    char path[256];
    ebb_checkpoint_info info;
    in_folder(path, names[i]);
    to_garble = path;
    renames_left = 2; /* the manifest exists by then */
    expect(ebb_trainer_save(t.r.trainer, folder, 1, NULL), EBB_ERR_OUTPUT);
    expect_message(names[i]);
    expect_message("damaged");
    expect(ebb_checkpoint_describe(&info, folder), EBB_OK);
    assert_int_equal(info.step, 3);
    ebb_checkpoint_info_clear(&info);
  }
  save(&t, 2);
  EXPECT_STEPS(4, 3);
  expect_nothing_else(2);
  rig_free(&t.r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(an_end_at_any_moment_loses_nothing),
      TEST(nor_when_the_same_step_is_saved_again),
      TEST(nor_when_the_disk_garbles_it),
  };
  return cmocka_run_group_tests(tests, open_device_and_folder, close_device_and_folder);
}
