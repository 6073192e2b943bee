/* Checkpoints of other versions of the format: an older one resumes, a later one is refused.
 */
#include "checkpoint_forge.h"

static void a_later_version_is_refused(void **state) {
  training t;
  ebb_checkpoint_info info;
  save_two(*state);
  forge("\"version\": 2", "\"version\": 3");
  expect(ebb_checkpoint_describe(&info, folder), EBB_ERR_UNSUPPORTED);
  expect_message("has format version 3");
  training_start(&t, *state, &usual, 11);
  expect(ebb_trainer_resume(t.r.trainer, folder, NULL), EBB_ERR_UNSUPPORTED);
  expect(ebb_trainer_save(t.r.trainer, folder, 1, NULL), EBB_ERR_UNSUPPORTED);
  forge("\"version\": 3", "\"version\": 0");
  expect_passed_over(manifest_4);
  rig_free(&t.r);
}

/* Turns the checkpoint into version 1, which had no schedules. */
static void forge_version_1(void) {
  static const char *const newer[] = {"\"schedule\": \"constant\"", "\"schedule\": \"0\"",
                                      "\"schedule first step\"",    "\"warm-up steps\"",
                                      "\"schedule steps\"",         "\"base rate\"",
                                      "\"schedule factor\""};
  size_t size;
  char *text;
  read_file(&text, &size, manifest_4);
  char *body = strstr(text, "\n{") + 1;
  for (size_t i = 0; i < sizeof newer / sizeof *newer; i++) {
    char *at = strstr(body, newer[i]), *end = strchr(at, '\n') + 1;
    while (at[-1] == ' ') at--;
    memmove(at, end, strlen(end) + 1);
  }
  memcpy(strstr(body, "\"version\": 2"), "\"version\": 1", strlen("\"version\": 1"));
  sign(text, body);
  free(text);
}

/* After a changed rate, both versions resume with the same bits. */
static void version_1_goes_on_with_a_constant_rate(void **state) {
  training new, old;
  for (int version = 1; version <= 2; version++) {
    training *t = version == 1 ? &old : &new;
    clean_folder();
    training_start(t, *state, &usual, 11);
    expect(ebb_trainer_step(t->r.trainer, 2), EBB_OK);
    expect(ebb_trainer_set_learning_rate(t->r.trainer, 0.0123f), EBB_OK);
    expect(ebb_trainer_step(t->r.trainer, 2), EBB_OK);
    expect(ebb_trainer_save(t->r.trainer, folder, 1, NULL), EBB_OK);
    if (version == 1) forge_version_1();
    training_resume(t, *state, &usual);
    assert_true(t->r.trainer->schedule.base_rate == 0.0123f);
    expect(ebb_trainer_step(t->r.trainer, 5), EBB_OK);
  }
  expect_same_tensor(new.r.network->parameters, old.r.network->parameters);
  clean_folder();
  save_two(*state);
  forge_version_1();
  rig_free(&new.r);
  training_begin(&new, *state, &usual, 11);
  new.r.options.schedule = ebb_schedule_default(EBB_SCHEDULE_STEP);
  expect(training_create(&new), EBB_OK);
  expect(ebb_trainer_resume(new.r.trainer, folder, NULL), EBB_ERR_ARGUMENT);
  expect_message("belongs to another training: schedule constant, here step, factor 0.1, ");
  rig_free(&new.r);
  rig_free(&old.r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_later_version_is_refused),
      TEST(version_1_goes_on_with_a_constant_rate),
  };
  return cmocka_run_group_tests(tests, open_device_and_folder, close_device_and_folder);
}
