/* The step state: counts beyond 32 bits, impossible states, and weights that give no finite loss.
 */
#include "test_support.h"
#include "train/train.h"
#include "train_rig.h"

#include <math.h>
#include <string.h>

enum { BATCH = 32, EPOCH_STEPS = 5 };

/* The first step of an epoch, beyond 32 bits. */
static const uint64_t LATE = UINT64_C(859000000) * EPOCH_STEPS;

/* Gives the trainer a state as if it had taken `steps` steps. */
static void go_to(ebb_trainer *trainer, uint64_t steps) {
  ebb_state s;
  assert_int_equal(ebb_tensor_download(&s, trainer->pass->state), EBB_OK);
  s.done = s.epoch_first = trainer->queued = steps;
  s.epoch = (uint32_t)(steps / EPOCH_STEPS);
  s.rows = steps > 0 ? ROWS : 0;
  assert_int_equal(ebb_tensor_upload(trainer->pass->state, &s), EBB_OK);
}

static bool keep_report(const ebb_report *report, void *user) {
  *(ebb_report *)user = *report;
  return true;
}

static rig late_rig(ebb_device *device, ebb_optimizer_kind kind, ebb_step_form form,
                    uint64_t steps) {
  rig r = rig_make(device, "8relu");
  r.options.optimizer = ebb_optimizer_default(kind);
  r.options.step = form;
  r.options.epochs = 3;
  r.options.shuffle = false;
  r.options.learning_rate = (float)fmax(0.05, ebb_optimizer_learning_rate(kind));
  assert_int_equal(rig_start(&r), EBB_OK);
  if (steps > 0) go_to(r.trainer, steps);
  return r;
}

/* After 4,295,000,000 steps a training learns as from the start: with sgd, which ignores the step's
 * number, bit for bit. Whole steps have the same rules, and each takes seconds to compile. */
static void steps_count_beyond_32_bits(void **state) {
  for (int kind = 0; kind < EBB_OPT_COUNT; kind++) /* lbfgs: as many steps as epochs */
    for (int form = EBB_STEP_LAYERS;
         form <= (kind < 2 ? EBB_STEP_WHOLE : EBB_STEP_LAYERS) && kind != EBB_OPT_LBFGS; form++) {
      ebb_report late, early;
      size_t count;
      rig r = late_rig(*state, (ebb_optimizer_kind)kind, (ebb_step_form)form, LATE);
      rig first = late_rig(*state, (ebb_optimizer_kind)kind, (ebb_step_form)form, 0);
      assert_int_equal(ebb_trainer_run(r.trainer, keep_report, &late), EBB_OK);
      assert_int_equal(ebb_trainer_run(first.trainer, keep_report, &early), EBB_OK);
      assert_true(late.step == LATE + 3 * EPOCH_STEPS && early.step == 3 * EPOCH_STEPS);
      assert_true(late.epoch == LATE / EPOCH_STEPS + 3);
      if (!(late.train_loss < 1.1 && early.train_loss < 1.1))
        fail_msg("%s: %g late, %g early", ebb_optimizer_name((ebb_optimizer_kind)kind),
                 late.train_loss, early.train_loss);
      float *a = parameters_of(r.network, &count), *b = parameters_of(first.network, &count);
      if (kind == EBB_OPT_SGD) assert_memory_equal(a, b, count * sizeof *a);
      free(a);
      free(b);
      rig_free(&r);
      rig_free(&first);
    }
}

static void too_many_epochs_are_refused(void **state) {
  rig r = late_rig(*state, EBB_OPT_SGD, EBB_STEP_WHOLE, (UINT64_C(4294967295) - 2) * EPOCH_STEPS);
  assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_trainer_step(r.trainer, 3 * EPOCH_STEPS), EBB_ERR_ARGUMENT);
  assert_int_equal(ebb_trainer_step(r.trainer, SIZE_MAX), EBB_ERR_ARGUMENT);
  rig_free(&r);
}

/* A flipped bit in anything that the host uses ends the training before another step. Words that
 * only the device uses, and sums with a possible value, are left out. */
static void impossible_states_are_errors(void **state) {
  static const struct {
    const char *name;
    size_t offset, bits;
  } fields[] = {{"done", offsetof(ebb_state, done), 64},
                {"epoch_first", offsetof(ebb_state, epoch_first), 64},
                {"bad_step", offsetof(ebb_state, bad_step), 64},
                {"epoch_steps", offsetof(ebb_state, epoch_steps), 32},
                {"epoch", offsetof(ebb_state, epoch), 32},
                {"frozen", offsetof(ebb_state, frozen), 32},
                {"bad_parameter", offsetof(ebb_state, bad_parameter), 32},
                {"bad_loss", offsetof(ebb_state, bad_loss), 32},
                {"rows", offsetof(ebb_state, rows), 32},
                {"learning_rate", offsetof(ebb_state, learning_rate), 32},
                {"schedule", offsetof(ebb_state, schedule), 8 * sizeof(ebb_state_schedule)}};
  rig r = late_rig(*state, EBB_OPT_ADAM, EBB_STEP_WHOLE, 0);
  ebb_state good;
  assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_OK);
  assert_int_equal(ebb_tensor_download(&good, r.trainer->pass->state), EBB_OK);
  for (size_t f = 0; f < sizeof fields / sizeof *fields; f++)
    for (size_t bit = 0; bit < fields[f].bits; bit++) {
      ebb_state bad = good;
      ((unsigned char *)&bad)[fields[f].offset + bit / 8] ^= (unsigned char)(1u << bit % 8);
      assert_int_equal(ebb_tensor_upload(r.trainer->pass->state, &bad), EBB_OK);
      r.trainer->broken = false;
      ebb_status status = ebb_trainer_run(r.trainer, NULL, NULL);
      if (status != EBB_ERR_DEVICE) fail_msg("bit %zu of %s: %d", bit, fields[f].name, status);
      assert_non_null(strstr(ebb_error_message(), "the device reports"));
      assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL),
                       EBB_ERR_NUMBERS); /* the training has ended */
    }
  rig_free(&r);
}

/* Evaluations too: rows lost or counted twice. */
static void evaluations_count_their_rows(void **state) {
  rig r = late_rig(*state, EBB_OPT_SGD, EBB_STEP_LAYERS, 0);
  ebbi_evaluator *evaluator = &r.trainer->sample;
  ebb_metrics metrics;
  ebb_state s;
  for (int run = 0; run < 3; run++) {
    assert_int_equal(ebbi_evaluator_run(&metrics, evaluator), EBB_OK);
    assert_true(isfinite(metrics.loss) && metrics.rows == BATCH);
  }
  assert_int_equal(ebb_tensor_download(&s, evaluator->pass->state), EBB_OK);
  s.done++;
  assert_int_equal(ebb_tensor_upload(evaluator->pass->state, &s), EBB_OK);
  assert_int_equal(ebbi_evaluator_run(&metrics, evaluator), EBB_ERR_DEVICE);
  assert_non_null(strstr(ebb_error_message(), "the device reports"));
  assert_int_equal(ebbi_evaluator_run(&metrics, evaluator), EBB_OK); /* it starts again */
  rig_free(&r);
}

/* What remains of a training with one enormous step an epoch. */
typedef struct blow_up {
  bool valid, keep_best, stop;
  size_t epochs;
} blow_up;

static bool stop_at_once(const ebb_report *report, void *user) {
  (void)report;
  return !*(bool *)user;
}

/* The first step makes weights that are finite and so large that no output is. */
static void run_blow_up(ebb_device *device, blow_up how) {
  size_t count;
  rig r = rig_make(device, "8relu");
  r.options.batch = how.stop ? BATCH : ROWS;
  r.options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
  r.options.learning_rate = 1e30f;
  r.options.epochs = how.epochs;
  r.options.keep_best = how.keep_best;
  float *before = parameters_of(r.network, &count);
  assert_int_equal(
      ebb_trainer_create(&r.trainer, r.network, &r.data, how.valid ? &r.data : NULL, &r.options),
      EBB_OK);
  assert_int_equal(ebb_trainer_run(r.trainer, stop_at_once, &how.stop), EBB_ERR_NUMBERS);
  assert_non_null(strstr(ebb_error_message(), "try a lower learning rate"));
  assert_int_equal(r.trainer->good_epoch, 0);
  float *after = parameters_of(r.network, &count);
  assert_memory_equal(before, after, count * sizeof *before);
  free(before);
  free(after);
  rig_free(&r);
}

static void weights_without_a_finite_loss_are_not_kept(void **state) {
  for (int valid = 0; valid < 2; valid++)
    for (int stop = 0; stop < 2; stop++)
      for (size_t epochs = 1; epochs <= 10; epochs += 9) {
        run_blow_up(*state, (blow_up){valid, false, stop, epochs});
        if (valid) run_blow_up(*state, (blow_up){valid, true, stop, epochs});
      }
}

/* Bad weights only in the last epoch: the epoch before remains. */
static bool raise_rate(const ebb_report *report, void *user) {
  if (report->epoch_end && report->epoch == 2)
    assert_int_equal(ebb_trainer_set_learning_rate(user, 1e30f), EBB_OK);
  return true;
}

static void the_last_good_epoch_is_left(void **state) {
  rig r = rig_make(*state, "8relu"), two = rig_make(*state, "8relu");
  size_t count;
  r.options.batch = two.options.batch = ROWS;
  r.options.optimizer = two.options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
  r.options.epochs = 3, two.options.epochs = 2;
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(rig_start(&two), EBB_OK);
  assert_int_equal(ebb_trainer_run(r.trainer, raise_rate, r.trainer), EBB_ERR_NUMBERS);
  assert_non_null(strstr(ebb_error_message(), "again those of the end of epoch 2"));
  assert_int_equal(ebb_trainer_run(two.trainer, NULL, NULL), EBB_OK);
  float *a = parameters_of(r.network, &count), *b = parameters_of(two.network, &count);
  assert_memory_equal(a, b, count * sizeof *a);
  free(a);
  free(b);
  rig_free(&r);
  rig_free(&two);
}

/* Calls at the multiples of look_steps, at any speed. */
typedef struct calls {
  size_t look, seen;
} calls;

static bool count_looks(const ebb_report *report, void *user) {
  calls *c = user;
  c->seen += report->step % c->look == 0 && !report->epoch_end;
  return true;
}

static void looks_come_at_their_multiples(void **state) {
  rig r = rig_make(*state, "8relu");
  calls c = {.look = 7};
  r.options.batch = 1;
  r.options.epochs = 2;
  r.options.look_steps = c.look;
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_run(r.trainer, count_looks, &c), EBB_OK);
  assert_int_equal(c.seen, 2 * ROWS / c.look);
  rig_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(steps_count_beyond_32_bits),
      cmocka_unit_test(too_many_epochs_are_refused),
      cmocka_unit_test(impossible_states_are_errors),
      cmocka_unit_test(evaluations_count_their_rows),
      cmocka_unit_test(weights_without_a_finite_loss_are_not_kept),
      cmocka_unit_test(the_last_good_epoch_is_left),
      cmocka_unit_test(looks_come_at_their_multiples),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
