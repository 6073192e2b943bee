/* The two forms of a training step, by layers and whole (fused): their launches, when each is
 * chosen, that both learn the same and repeat to the last bit, and that their memory is planned.
 * Uses the CPU and GPU engines, whose whole steps are different kernels. */
#include "check/reference.h"
#include "device/cl.h"
#include "graph/whole_table.h"
#include "ops/optimizer_row.h"
#include "train_rig.h"

#include <math.h>
#include <string.h>

/* Runs 20 steps of a network of three layers, and checks what the device was asked to do. */
static void count_steps(ebb_device *device, ebb_step_form form, size_t batch, uint64_t launches) {
  rig r = rig_make(device, "16relu-16gelu");
  r.options.batch = batch;
  r.options.step = form;
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_step_form(r.trainer), form);
  ebb_counters before = ebb_device_counters(device);
  assert_int_equal(ebb_trainer_step(r.trainer, 20), EBB_OK); /* several epochs */
  ebb_counters after = ebb_device_counters(device);
  assert_int_equal(after.downloads, before.downloads);
  assert_int_equal(after.downloaded_bytes, before.downloaded_bytes);
  assert_int_equal(after.uploads, before.uploads);
  assert_int_equal(after.waits, before.waits);
  assert_int_equal(after.programs_built, before.programs_built);
  assert_int_equal(after.launches - before.launches, launches);
  rig_free(&r);
}

static void a_step_downloads_nothing_and_waits_for_nothing(void **state) {
  /* gather, forward L, loss, backward 2L - 1, update */
  count_steps(*state, EBB_STEP_LAYERS, 32, 20 * (1 + 3 + 1 + 5 + 1));
  /* the gradients of 3 slices, update */
  count_steps(*state, EBB_STEP_WHOLE, 70, 20 * (1 + 1));
  /* everything in a launch, and 16 steps a launch while as many are left */
  count_steps(*state, EBB_STEP_WHOLE, 32, 1 + 4);
}

/* The form that AUTO selects on this device for this network. */
static ebb_step_form form_of(ebb_device *device, const char *spec) {
  rig r = rig_make(device, spec);
  assert_int_equal(rig_start(&r), EBB_OK);
  ebb_step_form form = ebb_trainer_step_form(r.trainer);
  rig_free(&r);
  return form;
}

static void small_networks_take_whole_steps_on_a_cpu(void **state) {
  ebb_device *device = *state;
  ebb_engine before = ebb_device_engine(device);
  bool cpu = ebb_device_get_info(device)->type == EBB_DEVICE_CPU;
  ebb_step_form whole = cpu ? EBB_STEP_WHOLE : EBB_STEP_LAYERS;
  ebb_step_form team = ebbi_team_waits(device) ? EBB_STEP_WHOLE : EBB_STEP_LAYERS;
  assert_int_equal(ebb_device_set_engine(device, EBB_ENGINE_CPU), EBB_OK);
  assert_int_equal(form_of(device, "128relu-128relu"), whole);
  assert_int_equal(form_of(device, "129relu"), team);
  assert_int_equal(form_of(device, "128relu-128relu-128relu-128relu-128relu-128relu"),
                   team); /* 80,000 weights */
  assert_int_equal(form_of(device, "1025relu"), EBB_STEP_LAYERS);
  assert_int_equal(form_of(device, "512relu-512relu"), EBB_STEP_LAYERS); /* 270,000 */
  assert_int_equal(ebb_device_set_engine(device, before), EBB_OK);
}

static void smaller_ones_take_them_in_groups(void **state) {
  ebb_device *device = *state;
  ebb_engine before = ebb_device_engine(device);
  assert_int_equal(ebb_device_set_engine(device, EBB_ENGINE_GPU), EBB_OK);
  assert_int_equal(form_of(device, "64relu-128relu"), EBB_STEP_WHOLE);
  assert_int_equal(form_of(device, "128relu-128relu"), EBB_STEP_LAYERS); /* 21,760 floats */
  assert_int_equal(ebb_device_set_engine(device, before), EBB_OK);
}

static void whole_steps_that_cannot_be_are_refused(void **state) {
  rig r = rig_make(*state, "1025relu");
  r.options.step = EBB_STEP_WHOLE;
  assert_int_equal(rig_start(&r), EBB_ERR_UNSUPPORTED);
  assert_non_null(strstr(ebb_error_message(), "1025 wide, at most 1"));
  r.options.step = EBB_STEP_COUNT;
  assert_int_equal(rig_start(&r), EBB_ERR_ARGUMENT);
  rig_free(&r);
  r = rig_make(*state, "512relu-512relu");
  r.options.step = EBB_STEP_WHOLE;
  assert_int_equal(rig_start(&r), EBB_ERR_UNSUPPORTED);
  assert_non_null(strstr(ebb_error_message(), ", at most "));
  rig_free(&r);
}

/* The report of the last epoch. */
static bool keep_report(const ebb_report *report, void *user) {
  *(ebb_report *)user = *report;
  return true;
}

/* A network, the form of its steps and the rows of one. */
typedef struct trial {
  const char *spec;
  ebb_step_form form;
  size_t batch;
} trial;

/* Trains 6 epochs in runs of `epochs_a_call` and returns the parameters. */
static float *train_toy(ebb_device *device, trial what, size_t epochs_a_call, size_t *count,
                        double *accuracy) {
  rig r = rig_make(device, what.spec);
  ebb_report report;
  r.options.step = what.form;
  r.options.batch = what.batch;
  r.options.epochs = epochs_a_call;
  r.options.learning_rate = 0.02f;
  assert_int_equal(rig_start(&r), EBB_OK);
  for (size_t done = 0; done < 6; done += epochs_a_call)
    assert_int_equal(ebb_trainer_run(r.trainer, keep_report, &report), EBB_OK);
  assert_int_equal(report.epoch, 6);
  *accuracy = report.train_accuracy;
  float *values = parameters_of(r.network, count);
  rig_free(&r);
  return values;
}

/* 32: a step is one launch, or part of one. 70: slices of 32, 32 and 6 rows; in the last step of an
 * epoch, 10 rows and an empty slice. The last is for a team. */
static const char small[] = "16relu-9gelu:nobias", middle[] = "140relu-9gelu:nobias";
static const trial toys[] = {{small, EBB_STEP_LAYERS, 32},
                             {small, EBB_STEP_WHOLE, 32},
                             {small, EBB_STEP_LAYERS, 70},
                             {small, EBB_STEP_WHOLE, 70},
                             {middle, EBB_STEP_WHOLE, 70}};
enum { TOYS = sizeof toys / sizeof *toys };

static bool has_teams(const ebb_device *device) {
  return !ebbi_whole_is_grouped(&device->exec, device);
}

static int toys_of(const ebb_device *device) {
  return has_teams(device) ? TOYS : TOYS - 1;
}

static void runs_repeat_bit_for_bit_in_one_call_or_many(void **state) {
  size_t count, other_count;
  double accuracy;
  for (int i = 0; i < toys_of(*state); i++) {
    float *first = train_toy(*state, toys[i], 6, &count, &accuracy);
    assert_true(accuracy > 0.8);
    for (size_t epochs = 1; epochs <= 3; epochs++) {
      float *again = train_toy(*state, toys[i], epochs, &other_count, &accuracy);
      assert_int_equal(count, other_count);
      assert_memory_equal(first, again, count * sizeof *first);
      free(again);
    }
    free(first);
  }
}

/* One item, several, more than there are cores; and each phase in a launch of its own. */
static void a_team_of_any_size_computes_the_same(void **state) {
  ebb_device *device = *state;
  ebb_device_info before = device->info;
  static const unsigned units[] = {1, 2, 5, 0};
  float *first = NULL;
  size_t count;
  double accuracy;
  for (size_t i = 0; has_teams(device) && i < sizeof units / sizeof *units; i++) {
    if (units[i] == 0) device->info.platform[0] = '?'; /* a driver that nothing is known about */
    if (units[i] > 0) device->info.compute_units = units[i];
    float *found = train_toy(device, toys[TOYS - 1], 6, &count, &accuracy);
    device->info = before;
    if (first) assert_memory_equal(first, found, count * sizeof *found);
    if (first) free(found);
    if (!first) first = found;
  }
  free(first);
}

/* The same with another optimizer or loss, with a short last batch. */
static float *train_by(ebb_device *device, ebb_step_form form, int kind, ebb_loss loss,
                       size_t *count) {
  static float targets[2 * ROWS];
  rig r = rig_make(device, "12relu-20gelu");
  r.options.step = form;
  r.options.loss = loss;
  r.options.optimizer = ebb_optimizer_default((ebb_optimizer_kind)kind);
  r.options.optimizer.momentum = 0.9;
  r.options.optimizer.nesterov = !ebb_loss_has_labels(loss.kind);
  r.options.optimizer.weight_decay = 0.01;
  size_t steps = 37; /* two bursts and five more */
  if (ebbi_optimizer_row_of((ebb_optimizer_kind)kind)->searches) {
    r.options.batch = ROWS, steps = 4; /* a search amplifies rounding soon */
    r.options.learning_rate = 1;
  }
  if (!ebb_loss_has_labels(loss.kind)) {
    /* A direction, and probabilities, need two targets. */
    bool two = ebb_loss_is_direction(loss.kind) || ebb_loss_domain_of(loss.kind).sum > 0;
    r.data.outputs = two ? 2 : 1;
    ebb_network_free(r.network);
    r.network = make_network(device, "12relu-20gelu", r.data.outputs * ebb_loss_outputs(loss));
    for (size_t i = 0; i < r.data.rows; i++) {
      double value = (double)r.t->values[i];
      ebbi_reference_values(&value, 1, loss.kind);
      targets[i * r.data.outputs] = (float)value;
      if (two) targets[2 * i + 1] = 1 - (float)value;
    }
    r.data.labels = NULL, r.data.values = targets;
  }
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_step(r.trainer, steps), EBB_OK);
  float *values = parameters_of(r.network, count);
  rig_free(&r);
  return values;
}

/* Each optimizer and each loss once or more: every pair is a program that takes seconds to compile.
 */
static void every_optimizer_and_loss_learns_the_same(void **state) {
  size_t count;
  for (int n = 0; n < EBB_OPT_COUNT || n < EBB_LOSS_COUNT; n++) {
    ebb_loss loss = ebb_loss_default((ebb_loss_kind)(n % EBB_LOSS_COUNT));
    float *layers = train_by(*state, EBB_STEP_LAYERS, n % EBB_OPT_COUNT, loss, &count);
    float *whole = train_by(*state, EBB_STEP_WHOLE, n % EBB_OPT_COUNT, loss, &count);
    for (size_t p = 0; p < count; p++)
      if (!(fabs((double)layers[p] - whole[p]) < 1e-4 * (1 + fabs((double)layers[p]))))
        fail_msg("%s: parameter %zu: %g by layers, %g in whole steps", ebb_loss_name(loss.kind), p,
                 (double)layers[p], (double)whole[p]);
    free(layers);
    free(whole);
  }
}

static void both_forms_learn_the_same(void **state) {
  size_t count;
  double accuracy[2];
  for (int b = 0; b < 2; b++) {
    float *layers = train_toy(*state, toys[2 * b], 6, &count, &accuracy[0]);
    float *whole = train_toy(*state, toys[2 * b + 1], 6, &count, &accuracy[1]);
    for (size_t i = 0; i < count; i++)
      assert_true(fabs((double)layers[i] - whole[i]) < 1e-4 * (1 + fabs((double)layers[i])));
    assert_true(fabs(accuracy[0] - accuracy[1]) < 1e-6);
    free(layers);
    free(whole);
  }
}

/* Exactly as much memory as the trainer takes is enough, and less is not, with no moments to three.
 */
static void a_plan_is_exact(void **state) {
  ebb_device *device = *state;
  const ebb_device_info whole = device->info;
  for (ebb_step_form form = EBB_STEP_LAYERS; form <= EBB_STEP_WHOLE; form++)
    for (size_t moments = 0; moments <= EBB_OPTIMIZER_MOMENTS; moments++) {
      rig r = rig_make(device, "20relu-33gelu");
      uint64_t before = ebb_device_counters(device).allocated_bytes;
      r.options.step = form;
      r.options.batch = 100;
      r.options.optimizer = ebb_optimizer_default(moments < 2 ? EBB_OPT_SGD : EBB_OPT_ADAM);
      r.options.optimizer.momentum = moments == 1 ? 0.9 : 0;
      r.options.optimizer.amsgrad = moments == 3;
      assert_int_equal(ebb_optimizer_moments(&r.options.optimizer), moments);
      assert_int_equal(ebb_trainer_create(&r.trainer, r.network, &r.data, &r.data, &r.options),
                       EBB_OK);
      uint64_t needed = ebb_device_counters(device).allocated_bytes - before;
      ebb_trainer_free(r.trainer);
      r.trainer = NULL;
      device->info.global_bytes = before + needed - 1;
      assert_int_equal(ebb_trainer_create(&r.trainer, r.network, &r.data, &r.data, &r.options),
                       EBB_ERR_MEMORY);
      assert_non_null(strstr(ebb_error_message(), "training with batch"));
      device->info.global_bytes = before + needed;
      assert_int_equal(ebb_trainer_create(&r.trainer, r.network, &r.data, &r.data, &r.options),
                       EBB_OK);
      device->info = whole;
      rig_free(&r);
    }
}

static int open_gpu_engine(void **state) {
  if (open_test_device(state) != 0) return -1;
  return ebb_device_set_engine(*state, EBB_ENGINE_GPU) == EBB_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_step_downloads_nothing_and_waits_for_nothing),
      cmocka_unit_test(small_networks_take_whole_steps_on_a_cpu),
      cmocka_unit_test(smaller_ones_take_them_in_groups),
      cmocka_unit_test(whole_steps_that_cannot_be_are_refused),
      cmocka_unit_test(runs_repeat_bit_for_bit_in_one_call_or_many),
      cmocka_unit_test(a_team_of_any_size_computes_the_same),
      cmocka_unit_test(both_forms_learn_the_same),
      cmocka_unit_test(every_optimizer_and_loss_learns_the_same),
      cmocka_unit_test(a_plan_is_exact),
  };
  int failed = cmocka_run_group_tests(tests, open_test_device, close_test_device);
  return failed + cmocka_run_group_tests_name("gpu", tests, open_gpu_engine, close_test_device);
}
