/* The files of checkpoints: which are kept and which are removed, foreign files, and unusable paths
 * and texts.
 */
#include "checkpoint_rig.h"

static const plan usual = {.optimizer = EBB_OPT_ADAM, .shuffle = true};

static void write_file(const char *name, const char *text) {
  char path[256];
  in_folder(path, name);
  FILE *stream = fopen(path, "w");
  assert_non_null(stream);
  fputs(text, stream);
  assert_int_equal(fclose(stream), 0);
}

static bool exists(const char *name) {
  char path[256];
  struct stat about;
  in_folder(path, name);
  return lstat(path, &about) == 0;
}

/* ---- which files stay ---- */

static void the_newest_are_kept(void **state) {
  training t;
  training_start(&t, *state, &usual, 11);
  save(&t, 2);
  EXPECT_STEPS(0);
  for (int i = 0; i < 4; i++) {
    steps(&t, 1);
    save(&t, i < 3 ? 3 : 2);
    if (i == 0) EXPECT_STEPS(1, 0);
    if (i == 2) EXPECT_STEPS(3, 2, 1);
  }
  EXPECT_STEPS(4, 3);
  save(&t, 2); /* the same step again */
  EXPECT_STEPS(4, 3);
  save(&t, 1);
  EXPECT_STEPS(4);
  expect_newest(4);
  rig_free(&t.r);
}

static void a_description_has_it_all(void **state) {
  static const char text[] = "{\"name\": \"ä\", \"lines\": \"1\\n2\"}\n\t\x01";
  char path[256];
  training t;
  ebb_checkpoint_info info;
  training_start(&t, *state, &usual, 11);
  steps(&t, 7);
  expect(ebb_trainer_save(t.r.trainer, folder, 1, text), EBB_OK);
  rig_free(&t.r);
  expect(ebb_checkpoint_describe(&info, folder), EBB_OK);
  in_folder(path, "step-000000000007.json");
  assert_string_equal(info.path, path);
  assert_string_equal(info.spec, "7-8tanh-3");
  assert_string_equal(info.extra, text);
  assert_true(info.step == 7 && info.epoch == 1);
  ebb_checkpoint_info_clear(&info);
  training_start(&t, *state, &usual, 11);
  expect(ebb_trainer_resume(t.r.trainer, folder, &info), EBB_OK);
  assert_string_equal(info.path, path);
  assert_string_equal(info.extra, text);
  ebb_checkpoint_info_clear(&info);
  ebb_checkpoint_info_clear(&info);
  ebb_checkpoint_info_clear(NULL);
  rig_free(&t.r);
}

/* Names that are almost ours, and our names on things that are not regular files. */
static void what_is_not_ours_stays(void **state) {
  static const char *const names[] = {"notes.txt",
                                      "step-1.json",
                                      "step-000000000001.json.bak",
                                      "step-000000000001.safetensorsx",
                                      "step-000000000001-again.json",
                                      "step-00000000000a.json",
                                      "step--00000000001.json",
                                      "step-0000000000001.json",
                                      "Step-000000000001.json",
                                      "step-99999999999999999999.json"};
  char path[256];
  training t;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) write_file(names[i], "mine");
  in_folder(path, "step-000000000009.json");
  assert_int_equal(mkdir(path, 0777), 0);
  in_folder(path, "step-000000000008.json");
  assert_int_equal(symlink("notes.txt", path), 0);
  training_start(&t, *state, &usual, 11);
  for (int i = 0; i < 3; i++) {
    steps(&t, 1);
    save(&t, 1);
  }
  EXPECT_STEPS(3);
  expect_newest(3);
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) assert_true(exists(names[i]));
  assert_true(exists("step-000000000009.json") && exists("step-000000000008.json"));
  rig_free(&t.r);
}

static void what_is_incomplete_goes(void **state) {
  training t;
  training_start(&t, *state, &usual, 11);
  steps(&t, 2);
  save(&t, 2);
  write_file("step-000000000001.safetensors", "tensors of no manifest");
  write_file("step-000000000002-again.safetensors", "of a save that was not finished");
  write_file("step-000000000005.safetensors", "of the next one");
  write_file("step-000000000004.json", "{");
  steps(&t, 1);
  save(&t, 5);
  EXPECT_STEPS(3, 2);
  expect_newest(3);
  rig_free(&t.r);
}

/* A new training in the folder of an old one: the old one loses nothing. */
static void another_trainings_folder_is_refused(void **state) {
  training t;
  training_start(&t, *state, &usual, 11);
  steps(&t, 6);
  save(&t, 1);
  rig_free(&t.r);
  training_start(&t, *state, &usual, 11);
  for (int i = 0; i < 2; i++) {
    expect(ebb_trainer_save(t.r.trainer, folder, 1, NULL), EBB_ERR_ARGUMENT);
    expect_message("has a checkpoint of step 6, and this training is at step ");
    expect_message("resume from the folder, or save to another one");
    steps(&t, 5);
  }
  EXPECT_STEPS(6);
  rig_free(&t.r);
}

/* ---- impossible places and texts ---- */

static void folders_are_made(void **state) {
  char path[256], above[160];
  training t;
  training_start(&t, *state, &usual, 11);
  in_folder(path, "a/b//c/");
  expect(ebb_trainer_save(t.r.trainer, path, 1, NULL), EBB_OK);
  strcpy(above, folder);
  strcat(folder, "/a/b/c");
  EXPECT_STEPS(0);
  clean_folder();
  for (int i = 0; i < 3; i++) {
    assert_int_equal(rmdir(folder), 0);
    *strrchr(folder, '/') = '\0';
  }
  assert_string_equal(folder, above);
  rig_free(&t.r);
}

static void places_that_cannot_be(void **state) {
  char path[256];
  training t;
  ebb_checkpoint_info info;
  training_start(&t, *state, &usual, 11);
  write_file("file", "");
  in_folder(path, "file");
  expect(ebb_trainer_save(t.r.trainer, path, 1, NULL), EBB_ERR_OUTPUT);
  expect_message("is not a folder");
  expect(ebb_checkpoint_describe(&info, path), EBB_ERR_INPUT);
  in_folder(path, "file/in/it");
  expect(ebb_trainer_save(t.r.trainer, path, 1, NULL), EBB_ERR_OUTPUT);
  expect(ebb_trainer_save(t.r.trainer, "", 1, NULL), EBB_ERR_OUTPUT);
  in_folder(path, "none");
  expect(ebb_trainer_resume(t.r.trainer, path, &info), EBB_ERR_INPUT);
  expect_message("No such file or directory");
  expect(ebb_trainer_resume(t.r.trainer, folder, &info), EBB_ERR_INPUT);
  expect_message("has no checkpoint");
  assert_null(info.path);
  rig_free(&t.r);
}

static void arguments_that_cannot_be(void **state) {
  training t;
  ebb_checkpoint_info info;
  training_start(&t, *state, &usual, 11);
  ebb_trainer *trainer = t.r.trainer;
  expect(ebb_trainer_save(NULL, folder, 1, NULL), EBB_ERR_ARGUMENT);
  expect(ebb_trainer_save(trainer, NULL, 1, NULL), EBB_ERR_ARGUMENT);
  expect(ebb_trainer_save(trainer, folder, 0, NULL), EBB_ERR_ARGUMENT);
  expect(ebb_trainer_save(trainer, folder, 1, "\xff"), EBB_ERR_ARGUMENT);
  expect_message("not UTF-8");
  char *text = malloc(EBBI_EXTRA_LIMIT + 2);
  memset(text, 1, EBBI_EXTRA_LIMIT + 1); /* six characters each in JSON */
  text[EBBI_EXTRA_LIMIT + 1] = '\0';
  expect(ebb_trainer_save(trainer, folder, 1, text), EBB_ERR_ARGUMENT);
  expect_message("at most 1048576");
  expect(ebb_trainer_resume(trainer, folder, NULL), EBB_ERR_INPUT); /* nothing has been written */
  text[EBBI_EXTRA_LIMIT] = '\0';
  expect(ebb_trainer_save(trainer, folder, 1, text), EBB_OK);
  expect(ebb_checkpoint_describe(&info, folder), EBB_OK);
  assert_string_equal(info.extra, text);
  ebb_checkpoint_info_clear(&info);
  expect(ebb_trainer_resume(NULL, folder, NULL), EBB_ERR_ARGUMENT);
  expect(ebb_trainer_resume(trainer, NULL, NULL), EBB_ERR_ARGUMENT);
  expect(ebb_checkpoint_describe(NULL, folder), EBB_ERR_ARGUMENT);
  expect(ebb_checkpoint_describe(&info, NULL), EBB_ERR_ARGUMENT);
  free(text);
  rig_free(&t.r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(the_newest_are_kept),
      TEST(a_description_has_it_all),
      TEST(what_is_not_ours_stays),
      TEST(what_is_incomplete_goes),
      TEST(another_trainings_folder_is_refused),
      TEST(folders_are_made),
      TEST(places_that_cannot_be),
      TEST(arguments_that_cannot_be),
  };
  return cmocka_run_group_tests(tests, open_device_and_folder, close_device_and_folder);
}
