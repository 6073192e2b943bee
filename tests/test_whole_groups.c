/* Whole (fused) steps in groups: local memory and group size may change how a step is computed, but
 * not the result. Checks the layouts for networks and devices of many sizes, and training on this
 * device as if it were smaller, down to the minimum. */
#include "device/cl.h"
#include "graph/pass.h"
#include "graph/whole_table.h"
#include "train_rig.h"

#include <string.h>

/* Limits of groups: a 4 KiB device is the smallest that can be opened. */
static const struct limits {
  size_t max_group;
  uint64_t local_bytes;
} all_limits[] = {{64, 4096}, {64, 16384}, {128, 32768}, {256, 49152}, {256, 65536}};
enum { LIMITS = sizeof all_limits / sizeof *all_limits };

/* Makes the device appear to have these limits; its parameters and build options follow. */
static void limit(ebb_device *device, struct limits limits) {
  device->info.max_group = limits.max_group;
  device->info.local_bytes = limits.local_bytes;
  assert_int_equal(ebb_device_set_width(device, ebb_device_width(device)), EBB_OK);
}

static struct limits limits_of(const ebb_device *device) {
  return (struct limits){device->info.max_group, device->info.local_bytes};
}

/* ---- layouts ---- */

enum { WIDEST_COUNT = 6, LAYERS = 3 };
static const size_t sizes[WIDEST_COUNT] = {1, 2, 17, 64, 127, 128};

static ebbi_whole_network network_of(ebbi_whole_layer layers[LAYERS], size_t number) {
  size_t inputs = sizes[number % WIDEST_COUNT];
  for (size_t l = 0; l < LAYERS; l++) {
    number /= WIDEST_COUNT;
    layers[l] = (ebbi_whole_layer){.inputs = inputs,
                                   .outputs = sizes[number % WIDEST_COUNT],
                                   .activation = l + 1 < LAYERS ? EBB_ACT_GELU : EBB_ACT_IDENTITY};
    inputs = layers[l].outputs;
  }
  return (ebbi_whole_network){layers, LAYERS, 60000, EBBI_WHOLE_ANY};
}

/* The kernels' number of the product; the layer's units and depth in this direction. */
enum { UP = 2, DOWN = 5 };

/* Checks the phases: each unit of each product once and in order, weights copied in the phase
 * before, no panel too long. */
static void check_phases(const ebbi_table_row *rows, const ebbi_whole_layout *layout,
                         const ebbi_whole_network *network) {
  size_t done[2][LAYERS] = {{0}};
  for (size_t i = 1; i < layout->phases; i++) {
    int work = rows[i].phase.work;
    if (work != UP && work != DOWN) {
      assert_int_equal(rows[i - 1].phase.copy, 0);
      continue;
    }
    size_t l = (size_t)rows[i].phase.layer, units = (size_t)rows[i].phase.units;
    const ebbi_whole_layer *layer = &network->layers[l];
    assert_int_equal(rows[i - 1].phase.copy, work == UP ? 1 : 2);
    assert_int_equal(rows[i - 1].phase.copy_layer, l);
    assert_int_equal(rows[i - 1].phase.copy_first, rows[i].phase.first);
    assert_int_equal(rows[i - 1].phase.copy_units, units);
    assert_int_equal(rows[i].phase.first, done[work == DOWN][l]);
    assert_true((work == UP ? layer->inputs : layer->outputs) * (units | 1) <= layout->panel);
    done[work == DOWN][l] += units;
  }
  for (size_t l = 0; l < LAYERS; l++) {
    assert_int_equal(done[0][l], network->layers[l].outputs);
    assert_int_equal(done[1][l], l > 0 ? network->layers[l].inputs : 0);
  }
}

static void plans_fit_and_leave_nothing_out(void **state) {
  ebb_device *device = *state;
  struct limits before = limits_of(device);
  size_t local = 0, scratch = 0, in_parts = 0;
  for (size_t d = 0; d < LIMITS; d++) {
    limit(device, all_limits[d]);
    for (size_t n = 0; n < 1296; n++) {
      ebbi_whole_layer layers[LAYERS];
      ebbi_whole_network network = network_of(layers, n);
      ebbi_whole_layout layout;
      assert_int_equal(ebbi_whole_layout_make(&layout, &device->exec, device, &network, 100),
                       EBB_OK);
      assert_true(layout.form == EBBI_WHOLE_GROUPS &&
                  (layout.values == 0) != (layout.scratch == 0));
      assert_true(layout.local_bytes <= device->exec.params.step_local);
      assert_true(layout.local_bytes < all_limits[d].local_bytes);
      ebbi_table_row *rows = calloc(layout.phases, sizeof *rows);
      assert_int_equal(ebbi_whole_phases(rows, &network, layout.panel), layout.phases);
      check_phases(rows, &layout, &network);
      free(rows);
      local += layout.values > 0;
      scratch += layout.scratch > 0;
      in_parts += layout.phases > 3 * LAYERS + 2;
    }
  }
  assert_true(local > 1000 && scratch > 1000 && in_parts > 1000);
  limit(device, before);
}

static void without_local_memory_there_are_none(void **state) {
  ebb_device *device = *state;
  struct limits before = limits_of(device);
  limit(device, (struct limits){256, 1024});
  rig r = rig_make(device, "100relu");
  r.options.step = EBB_STEP_WHOLE;
  assert_int_equal(rig_start(&r), EBB_ERR_UNSUPPORTED);
  assert_non_null(strstr(ebb_error_message(), "1024 bytes of local memory"));
  assert_non_null(strstr(ebb_error_message(), "1696 and 256 are needed"));
  assert_false(ebbi_pass_can_be_whole(&device->exec, r.network));
  assert_false(ebbi_pass_whole_is_faster(&device->exec, r.network, 32));
  rig_free(&r);
  limit(device, (struct limits){256, 1696});
  r = rig_make(device, "100relu");
  r.options.step = EBB_STEP_WHOLE;
  assert_int_equal(rig_start(&r), EBB_OK);
  rig_free(&r);
  limit(device, before);
}

/* ---- training ---- */

/* Trains with batches of one slice or several; the last batch of an epoch is shorter. */
static float *train(ebb_device *device, struct limits limits, size_t batch, size_t *count) {
  struct limits before = limits_of(device);
  limit(device, limits);
  rig r = rig_make(device, "37gelu-101tanh-33relu");
  r.options.step = EBB_STEP_WHOLE;
  r.options.batch = batch;
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_step(r.trainer, 21), EBB_OK);
  float *values = parameters_of(r.network, count);
  rig_free(&r);
  limit(device, before);
  return values;
}

static void limits_do_not_change_a_bit(void **state) {
  static const size_t batches[] = {32, 70};
  size_t count, other;
  for (int b = 0; b < 2; b++) {
    float *first = train(*state, all_limits[0], batches[b], &count);
    for (size_t d = 1; d < LIMITS; d++) {
      float *again = train(*state, all_limits[d], batches[b], &other);
      assert_int_equal(other, count);
      assert_memory_equal(first, again, count * sizeof *first);
      free(again);
    }
    free(first);
  }
}

static int open_gpu_engine(void **state) {
  if (open_test_device(state) != 0) return -1;
  return ebb_device_set_engine(*state, EBB_ENGINE_GPU) == EBB_OK ? 0 : -1;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(plans_fit_and_leave_nothing_out),
      cmocka_unit_test(without_local_memory_there_are_none),
      cmocka_unit_test(limits_do_not_change_a_bit),
  };
  return cmocka_run_group_tests(tests, open_gpu_engine, close_test_device);
}
