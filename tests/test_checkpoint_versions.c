/* Checkpoints of other versions of the format: an older one resumes, a later one is refused.
 */
#include "checkpoint_forge.h"

static void a_later_version_is_refused(void **state) {
  training t;
  ebb_checkpoint_info info;
  save_two(*state);
  forge("\"version\": 4", "\"version\": 5");
  expect(ebb_checkpoint_describe(&info, folder), EBB_ERR_UNSUPPORTED);
  expect_message("has format version 5");
  training_start(&t, *state, &usual, 11);
  expect(ebb_trainer_resume(t.r.trainer, folder, NULL), EBB_ERR_UNSUPPORTED);
  expect(ebb_trainer_save(t.r.trainer, folder, 1, NULL), EBB_ERR_UNSUPPORTED);
  forge("\"version\": 5", "\"version\": 0");
  expect_passed_over(manifest_4);
  rig_free(&t.r);
}

/* Turns the checkpoint into version 3, which knew no lbfgs, version 2, whose schedules had no
 * parameters and whose rows had no weights, or into version 1, which had no schedules. */
static void forge_version(int version) {
  static const struct {
    const char *line;
    int since;
  } newer[] = {{"\"schedule\": \"constant\"", 2},
               {"\"schedule\": \"0\"", 2},
               {"\"schedule first step\"", 2},
               {"\"warm-up steps\"", 2},
               {"\"schedule steps\"", 2},
               {"\"base rate\"", 2},
               {"\"schedule factor\"", 2},
               {"\"schedule shape\"", 3},
               {"\"reductions\"", 3},
               {"\"reduction step\"", 3},
               {"\"plateau\"", 3},
               {"\"epochs of plateau\"", 3},
               {"\"hit sum\"", 3},
               {"\"hit carry\"", 3},
               {"\"weight sum\"", 3},
               {"\"weight carry\"", 3},
               {"\"pairs\"", 4},
               {"\"moved\"", 4},
               {"\"converged\"", 4}};
  char named[] = "\"version\": 0";
  size_t size;
  char *text;
  read_file(&text, &size, manifest_4);
  char *body = strstr(text, "\n{") + 1;
  for (size_t i = 0; i < sizeof newer / sizeof *newer; i++) {
    if (newer[i].since <= version) continue;
    char *at = strstr(body, newer[i].line), *end = strchr(at, '\n') + 1;
    while (at[-1] == ' ') at--;
    memmove(at, end, strlen(end) + 1);
  }
  named[strlen(named) - 1] = (char)('0' + version);
  memcpy(strstr(body, "\"version\": 4"), named, strlen(named));
  sign(text, body);
  free(text);
}

/* After a changed rate, all versions resume with the same bits. */
static void older_versions_go_on_with_a_constant_rate(void **state) {
  training new, old[3];
  for (int version = 1; version <= 4; version++) {
    training *t = version < 4 ? &old[version - 1] : &new;
    clean_folder();
    training_start(t, *state, &usual, 11);
    expect(ebb_trainer_step(t->r.trainer, 2), EBB_OK);
    expect(ebb_trainer_set_learning_rate(t->r.trainer, 0.0123f), EBB_OK);
    expect(ebb_trainer_step(t->r.trainer, 2), EBB_OK);
    expect(ebb_trainer_save(t->r.trainer, folder, 1, NULL), EBB_OK);
    if (version < 4) forge_version(version);
    training_resume(t, *state, &usual);
    assert_true(t->r.trainer->schedule.base_rate == 0.0123f);
    expect(ebb_trainer_step(t->r.trainer, 5), EBB_OK);
  }
  for (int i = 0; i < 3; i++) {
    expect_same_tensor(new.r.network->parameters, old[i].r.network->parameters);
    rig_free(&old[i].r);
  }
  clean_folder();
  save_two(*state);
  forge_version(1);
  rig_free(&new.r);
  training_begin(&new, *state, &usual, 11);
  new.r.options.schedule = ebb_schedule_default(EBB_SCHEDULE_STEP);
  expect(training_create(&new), EBB_OK);
  expect(ebb_trainer_resume(new.r.trainer, folder, NULL), EBB_ERR_ARGUMENT);
  expect_message("belongs to another training: schedule constant, here step, factor 0.1, ");
  rig_free(&new.r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(a_later_version_is_refused),
      TEST(older_versions_go_on_with_a_constant_rate),
  };
  return cmocka_run_group_tests(tests, open_device_and_folder, close_device_and_folder);
}
