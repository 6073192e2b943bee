/* When data stay on the host, on devices with less memory; how blocks are cut; and that the plan is
 * followed. test_stream.c checks the results.
 */
#include "device/cl.h"
#include "train/train.h"
#include "train_rig.h"

#include <string.h>

enum { MANY = 4000 };

/* Rows that take more memory than the rest of a small training; many_free frees them. */
static ebb_dataset many_make(void) {
  float *x = calloc(MANY * INPUTS, sizeof *x);
  int32_t *labels = calloc(MANY, sizeof *labels);
  for (size_t i = 0; i < MANY * INPUTS; i++) x[i] = (float)(i * 7919 % 1009) / 1009 - 0.5f;
  for (size_t i = 0; i < MANY; i++) labels[i] = (int32_t)(i % CLASSES);
  return (ebb_dataset){
      .rows = MANY, .inputs = INPUTS, .outputs = CLASSES, .x = x, .labels = labels};
}

static void many_free(ebb_dataset *data) {
  free((void *)data->x);
  free((void *)data->labels);
}

/* As the device shrinks, first the training rows go to the host, then the validation rows, and the
 * plan is followed. With too little memory for that, nothing is allocated. */
static void the_host_is_chosen_where_data_do_not_fit(void **state) {
  enum { RESIDENT, TRAIN_ON_HOST, ALL_ON_HOST, WAYS };
  ebb_device *device = *state;
  const ebb_device_info whole = device->info;
  rig r = rig_make(device, "4relu");
  ebb_dataset data = many_make();
  uint64_t before = ebb_device_counters(device).allocated_bytes, need[WAYS] = {0};
  int last = RESIDENT;
  r.options.block_bytes = 1;
  for (uint64_t spare = 1000000;; spare -= 4000) {
    device->info.global_bytes = before + spare;
    ebb_status status = ebb_trainer_create(&r.trainer, r.network, &data, &data, &r.options);
    uint64_t used = ebb_device_counters(device).allocated_bytes - before;
    assert_true(used <= spare && (used == 0) == (status != EBB_OK));
    if (status != EBB_OK) break;
    int way = ebb_trainer_data_place(r.trainer) == EBB_DATA_DEVICE ? RESIDENT
              : r.trainer->valid.feed.stream                       ? ALL_ON_HOST
                                                                   : TRAIN_ON_HOST;
    assert_true(way >= last);
    last = way;
    need[way] = used;
    ebb_trainer_free(r.trainer);
    r.trainer = NULL;
  }
  assert_non_null(strstr(ebb_error_message(), "try batch 16"));
  assert_true(need[RESIDENT] > need[TRAIN_ON_HOST] && need[TRAIN_ON_HOST] > need[ALL_ON_HOST]);
  assert_true(need[ALL_ON_HOST] > 0);
  r.options.data_on = EBB_DATA_DEVICE;
  device->info.global_bytes = before + need[RESIDENT] - 1;
  assert_int_equal(ebb_trainer_create(&r.trainer, r.network, &data, &data, &r.options),
                   EBB_ERR_MEMORY);
  device->info = whole;
  rig_free(&r);
  many_free(&data);
}

/* What a training of large batches allocates on its own device with this much memory; 0 if the plan
 * is refused. Weight gradients of such batches split their depth. */
static uint64_t allocated_within(ebb_engine engine, uint64_t bytes) {
  ebb_device *device;
  assert_int_equal(ebb_device_open(&device, NULL), EBB_OK);
  assert_int_equal(ebb_device_set_engine(device, engine), EBB_OK);
  rig r = rig_make(device, "4relu");
  ebb_dataset data = many_make();
  uint64_t before = ebb_device_counters(device).allocated_bytes;
  r.options.batch = MANY;
  r.options.step = EBB_STEP_LAYERS;
  r.options.data_on = EBB_DATA_DEVICE;
  device->info.global_bytes = before + bytes;
  ebb_status status = ebb_trainer_create(&r.trainer, r.network, &data, NULL, &r.options);
  assert_int_equal(device->workspace != NULL, status == EBB_OK);
  uint64_t used = ebb_device_counters(device).allocated_bytes - before;
  rig_free(&r);
  many_free(&data);
  ebb_device_free(device);
  return used;
}

static void the_workspace_of_split_products_is_planned(void **state) {
  static const ebb_engine engines[] = {EBB_ENGINE_CPU, EBB_ENGINE_GPU};
  (void)state;
  for (int i = 0; i < 2; i++) {
    uint64_t needed = allocated_within(engines[i], 1 << 28);
    assert_int_equal(allocated_within(engines[i], needed), needed);
    assert_int_equal(allocated_within(engines[i], needed - 1), 0);
  }
}

static void evaluations_choose_the_host_too(void **state) {
  const uint64_t spare = 330000; /* the pass takes 260 KiB, the data 125 KiB */
  ebb_device *device = *state;
  const ebb_device_info whole = device->info;
  ebb_dataset data = many_make();
  ebb_metrics resident, streamed;
  ebb_network *network = make_network(device, "4relu", CLASSES);
  assert_int_equal(
      ebb_evaluate(&resident, network, &data, ebb_loss_default(EBB_LOSS_CROSS_ENTROPY)), EBB_OK);
  uint64_t before = ebb_device_counters(device).allocated_bytes;
  assert_true(ebb_device_counters(device).peak_bytes > before + spare);
  device->counters.peak_bytes = before;
  device->info.global_bytes = before + spare;
  assert_int_equal(
      ebb_evaluate(&streamed, network, &data, ebb_loss_default(EBB_LOSS_CROSS_ENTROPY)), EBB_OK);
  device->info = whole;
  assert_true(ebb_device_counters(device).peak_bytes <= before + spare);
  assert_true(resident.loss == streamed.loss);
  assert_true(resident.accuracy == streamed.accuracy);
  ebb_network_free(network);
  many_free(&data);
}

static void blocks_are_cut_by_sizes(void **state) {
  ebb_device *device = *state;
  const ebb_device_info whole = device->info;
  ebb_dataset data = {.rows = 100000,
                      .inputs = 7,
                      .outputs = 3,
                      .x = (const float *)"",
                      .labels = (const int32_t *)""};
  assert_int_equal(ebbi_feed_block_steps(device, &data, 10, 3200), 10);
  assert_int_equal(ebbi_feed_block_steps(device, &data, 10, 320 * 33), 32);
  assert_int_equal(ebbi_feed_block_steps(device, &data, 10, 1), 1);
  assert_int_equal(ebbi_feed_block_steps(device, &data, 10, 0), 10000); /* 3.2 MB */
  assert_int_equal(ebbi_feed_block_steps(device, &data, 100000, 1), 1);
  assert_int_equal(ebbi_feed_block_steps(device, &data, 1000, SIZE_MAX), 100);
  device->info.global_bytes = 16 * 320 * 4;
  assert_int_equal(ebbi_feed_block_steps(device, &data, 10, SIZE_MAX), 4);
  device->info.max_allocation = 320 * 3;
  assert_int_equal(ebbi_feed_block_steps(device, &data, 10, SIZE_MAX), 3);
  device->info = whole;
  rig r = rig_make(device, "4relu");
  r.options.data_on = EBB_DATA_PLACE_COUNT;
  assert_int_equal(rig_start(&r), EBB_ERR_ARGUMENT);
  rig_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_workspace_of_split_products_is_planned),
      cmocka_unit_test(the_host_is_chosen_where_data_do_not_fit),
      cmocka_unit_test(evaluations_choose_the_host_too),
      cmocka_unit_test(blocks_are_cut_by_sizes),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
