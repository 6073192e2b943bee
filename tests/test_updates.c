/* What updates do beside the optimizer: frozen layers, groups, penalties, clipping. The numbers are
 * compared with the reference by the self-test and by `ebb verify`; these tests are about the rest.
 */
#include "update_rig.h"

#include "graph/pass.h"

#include <math.h>

static void frozen_layers_keep_their_bits(void **state) {
  static const double rates[][3] = {{0, 1, 1}, {1, 0, 1}, {0, 0, 0.5}, {1, 1, 0}};
  for (size_t form = 0; form < 2; form++)
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
      rig r = make(*state, forms[form]);
      size_t count;
      float *before = parameters_of(r.network, &count);
      r.options.update.layer_rates = rates[i];
      r.options.update.layers = 3;
      r.options.update.l1 = r.options.update.l2 = 0.01;
      float *after = trained(&count, &r);
      for (size_t n = 0; n < 3; n++)
        assert_int_equal(stays(r.network, n, before, after), rates[i][n] == 0);
      free(before);
      free(after);
      rig_free(&r);
    }
}

/* Below the lowest trained layer no gradient is computed. */
static void frozen_bottom_has_no_launches(void **state) {
  static const double bottom[] = {0, 0};
  size_t calls[2];
  for (size_t i = 0; i < 2; i++) {
    rig r = make(*state, EBB_STEP_LAYERS);
    if (i > 0) r.options.update.layer_rates = bottom, r.options.update.layers = 2;
    assert_int_equal(rig_start(&r), EBB_OK);
    calls[i] = r.trainer->pass->plan->call_count;
    assert_int_equal(r.trainer->pass->dvalue[1] == NULL, i > 0);
    rig_free(&r);
  }
  assert_int_equal(calls[1] + 2, calls[0]);
}

/* Options without effect leave the plain program: no table, the same bits. */
static void options_without_effect_change_nothing(void **state) {
  static const double ones[] = {1, 1, 1};
  float *slabs[2];
  size_t count;
  for (size_t i = 0; i < 2; i++) {
    rig r = make(*state, EBB_STEP_AUTO);
    r.options.optimizer.weight_decay = 0;
    if (i > 0) r.options.update = (ebb_update_options){ones, 3, .no_decay_bias = 1};
    slabs[i] = trained(&count, &r);
    assert_null(r.trainer->groups.segments);
    rig_free(&r);
  }
  assert_memory_equal(slabs[0], slabs[1], count * sizeof **slabs);
  free(slabs[0]);
  free(slabs[1]);
}

/* With a huge decay and no gradient to speak of, weights vanish and biases stay. */
static void biases_are_spared(void **state) {
  for (size_t form = 0; form < 2; form++) {
    rig r = make(*state, forms[form]);
    size_t count;
    r.options.optimizer.weight_decay = 1;
    r.options.learning_rate = 0.5f;
    r.options.update.no_decay_bias = 1;
    r.options.update.clip_value = 1e-30;
    r.options.optimizer.epsilon = 1;
    float *ones = calloc(r.network->parameters->cols, sizeof *ones);
    for (size_t n = 0; n < 3; n++)
      for (size_t p = 0; p < 2; p++) ones[r.network->offset[n][p]] = 1;
    assert_int_equal(ebb_tensor_upload(r.network->parameters, ones), EBB_OK);
    float *after = trained(&count, &r);
    for (size_t n = 0; n < 3; n++) {
      assert_true(fabsf(after[r.network->offset[n][0]]) < 0.01f);
      assert_true(after[r.network->offset[n][1]] == 1);
    }
    free(ones);
    free(after);
    rig_free(&r);
  }
}

/* ntk divides the rates of weights by the root of the inputs; biases have a factor of their own. */
static void rates_follow_fan_in(void **state) {
  static const double rates[] = {6, 1, 0.5};
  rig r = make(*state, EBB_STEP_AUTO);
  r.options.update = (ebb_update_options){.layer_rates = rates, .layers = 3};
  r.options.update.ntk = 1;
  r.options.update.bias_rate = 0.25;
  for (size_t n = 0; n < 3; n++) {
    double inputs = (double)ebb_spec_cols(&r.network->spec, n);
    ebbi_update_group weight = ebbi_updates_group(&r.options, r.network, n, 0);
    ebbi_update_group bias = ebbi_updates_group(&r.options, r.network, n, 1);
    assert_true(weight.rate == rates[n] / sqrt(inputs) && bias.rate == rates[n] * 0.25);
  }
  size_t count;
  free(trained(&count, &r));
  assert_non_null(r.trainer->groups.segments);
  rig_free(&r);
}

/* Clipping, penalties and rate factors in both forms, checked by self-test and sentinel. */
static void all_together(void **state) {
  static const double rates[] = {0.5, 1, 3};
  static const ebb_optimizer_kind kinds[] = {EBB_OPT_SGD, EBB_OPT_MUON};
  for (size_t form = 0; form < 2; form++)
    for (size_t k = 0; k < 2; k++) {
      rig r = make(*state, forms[form]);
      size_t count;
      r.options.optimizer = ebb_optimizer_default(kinds[k]);
      r.options.batch = form > 0 ? 40 : 32; /* two slices */
      r.options.update = (ebb_update_options){.layer_rates = rates,
                                              .layers = 3,
                                              .no_decay_bias = 1,
                                              .clip_value = 0.02,
                                              .clip_norm = 0.1,
                                              .l1 = 0.001,
                                              .l2 = 0.002};
      free(trained(&count, &r));
      rig_free(&r);
    }
}

static void units_have_bounded_norms(void **state) {
  static const double rates[] = {1, 0, 1};
  for (size_t form = 0; form < 2; form++) {
    rig r = make(*state, forms[form]);
    size_t count, largest = 0;
    r.options.update = (ebb_update_options){.layer_rates = rates, .layers = 3, .max_norm = 0.5};
    float *w = trained(&count, &r);
    for (size_t n = 0; n < 3; n++) {
      const ebb_tensor *view = r.network->parameter[n][0];
      for (size_t c = 0; c < view->cols; c++) {
        double sum = 0;
        for (size_t i = 0; i < view->rows; i++)
          sum += pow((double)w[r.network->offset[n][0] + i * view->stride + c], 2);
        if (rates[n] > 0) assert_true(sqrt(sum) < 0.5 + 1e-6);
        largest += sqrt(sum) > 0.499;
      }
    }
    assert_true(largest > 3);
    free(w);
    rig_free(&r);
  }
}

/* Parts of a step: 60 + 60 + 30 rows, the last step's as one full, one short and one empty part,
 * make the update of one batch of 60, up to rounding. */
static void parts_make_the_update_of_one_batch(void **state) {
  static const ebb_data_place places[] = {EBB_DATA_DEVICE, EBB_DATA_HOST};
  for (size_t place = 0; place < 2; place++) {
    float *slabs[2];
    double losses[2];
    size_t count;
    for (size_t i = 0; i < 2; i++) {
      rig r = make(*state, EBB_STEP_LAYERS);
      ebb_state sums;
      r.options.data_on = places[place];
      r.options.block_bytes = 1;
      r.options.batch = i > 0 ? 20 : 60;
      r.options.update.accumulate = i > 0 ? 3 : 0;
      r.options.update.clip_norm = 0.1;
      r.options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
      slabs[i] = trained(&count, &r);
      assert_int_equal(ebb_tensor_download(&sums, r.trainer->pass->state), EBB_OK);
      assert_true(sums.done == 9 && sums.rows == ROWS);
      losses[i] = (double)sums.loss_sum;
      rig_free(&r);
    }
    for (size_t i = 0; i < count; i++) assert_true(fabsf(slabs[0][i] - slabs[1][i]) < 1e-6f);
    assert_true(fabs(losses[0] - losses[1]) < 1e-4);
    free(slabs[0]);
    free(slabs[1]);
  }
}

static void parts_take_no_whole_steps(void **state) {
  rig r = make(*state, EBB_STEP_WHOLE);
  r.options.update.accumulate = 2;
  assert_int_equal(rig_start(&r), EBB_ERR_UNSUPPORTED);
  r.options.step = EBB_STEP_AUTO;
  r.options.update.accumulate = 100; /* more than there are batches */
  assert_int_equal(rig_start(&r), EBB_OK);
  assert_int_equal(ebb_trainer_step_form(r.trainer), EBB_STEP_LAYERS);
  assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_OK);
  rig_free(&r);
}

/* ---- averages ---- */

/* After each step the average is decay * average + (1 - decay) * weights; it begins with those of
 * the first step, and the network holds it after a run only. */
static void moving_average_follows_the_steps(void **state) {
  for (size_t form = 0; form < 2; form++) {
    rig r = make(*state, forms[form]);
    size_t count;
    double average[4096];
    r.options.update.ema = 0.75;
    assert_int_equal(rig_start(&r), EBB_OK);
    for (int step = 0; step < 7; step++) {
      assert_int_equal(ebb_trainer_step(r.trainer, 1), EBB_OK);
      float *p = parameters_of(r.network, &count);
      assert_true(count <= 4096);
      for (size_t i = 0; i < count; i++)
        average[i] = step > 0 ? 0.75 * average[i] + 0.25 * (double)p[i] : (double)p[i];
      free(p);
    }
    float *found = malloc(count * sizeof *found);
    assert_int_equal(ebb_tensor_download(found, r.trainer->average), EBB_OK);
    for (size_t i = 0; i < count; i++) assert_true(fabs((double)found[i] - average[i]) < 1e-6);
    free(found);
    rig_free(&r);
  }
}

/* The sum of the weights at the ends of epochs from the second on. */
typedef struct epochs {
  ebb_network *network;
  double sum[4096], valid_loss;
  size_t count;
} epochs;

static bool take_epoch(const ebb_report *report, void *user) {
  epochs *e = user;
  size_t count;
  if (!report->epoch_end) return true;
  e->valid_loss = report->valid_loss;
  if (report->epoch < 2) return true;
  float *p = parameters_of(e->network, &count);
  for (size_t i = 0; i < count; i++) e->sum[i] += (double)p[i];
  e->count++;
  free(p);
  return true;
}

/* The mean of epochs is what is evaluated, and what remains. */
static void mean_of_epochs_is_evaluated_and_kept(void **state) {
  rig r = make(*state, EBB_STEP_AUTO);
  epochs e = {.network = r.network};
  ebb_metrics metrics;
  size_t count;
  r.options.epochs = 4;
  r.options.update.swa = 2;
  assert_int_equal(ebb_trainer_create(&r.trainer, r.network, &r.data, &r.data, &r.options), EBB_OK);
  assert_int_equal(ebb_trainer_run(r.trainer, take_epoch, &e), EBB_OK);
  assert_int_equal(e.count, 3);
  float *found = parameters_of(r.network, &count);
  for (size_t i = 0; i < count; i++) assert_true(fabs((double)found[i] - e.sum[i] / 3) < 1e-6);
  assert_int_equal(ebb_evaluate(&metrics, r.network, &r.data, r.options.loss), EBB_OK);
  assert_true(metrics.loss == e.valid_loss);
  free(found);
  rig_free(&r);
}

/* Two runs of two epochs leave the bits of one run of four. */
static void averages_go_on_in_a_later_run(void **state) {
  for (size_t swa = 0; swa < 2; swa++) {
    float *slabs[2];
    size_t count;
    for (size_t runs = 1; runs <= 2; runs++) {
      rig r = make(*state, EBB_STEP_AUTO);
      r.options.epochs = 4 / runs;
      r.options.update.ema = swa ? 0 : 0.9;
      r.options.update.swa = swa ? 2 : 0;
      assert_int_equal(rig_start(&r), EBB_OK);
      for (size_t i = 0; i < runs; i++)
        assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_OK);
      slabs[runs - 1] = parameters_of(r.network, &count);
      rig_free(&r);
    }
    assert_memory_equal(slabs[0], slabs[1], count * sizeof **slabs);
    free(slabs[0]);
    free(slabs[1]);
  }
}

/* A training that diverges ends as without clipping, with the last good weights. */
static void divergence_is_reported(void **state) {
  for (size_t form = 0; form < 2; form++) {
    rig r = make(*state, forms[form]);
    size_t count;
    r.options.update.clip_norm = 1;
    r.options.optimizer = ebb_optimizer_default(EBB_OPT_SGD);
    r.options.learning_rate = 1e38f;
    assert_int_equal(rig_start(&r), EBB_OK);
    assert_int_equal(ebb_trainer_run(r.trainer, NULL, NULL), EBB_ERR_NUMBERS);
    float *after = parameters_of(r.network, &count);
    for (size_t i = 0; i < count; i++) assert_true(isfinite(after[i]));
    free(after);
    rig_free(&r);
  }
}

static void impossible_options_are_refused(void **state) {
  static const double zeros[] = {0, 0, 0}, few[] = {1, -1}, many[] = {1, 1, 1, 1};
  static const struct {
    ebb_update_options options;
    const char *word;
  } bad[] = {{{.layer_rates = zeros, .layers = 3}, "frozen"},
             {{.layer_rates = few, .layers = 2}, "layer 2"},
             {{.layer_rates = many, .layers = 4}, "count from 1"},
             {{.layers = 2}, "NULL"},
             {{.no_decay_bias = 2}, "no_decay_bias"},
             {{.clip_value = -1}, "clip_value"},
             {{.clip_norm = 1e-13}, "clip_norm"},
             {{.l1 = NAN}, "l1"},
             {{.l2 = INFINITY}, "l2"},
             {{.max_norm = 1e-9}, "max_norm"},
             {{.ntk = 2}, "ntk"},
             {{.muon_last = 1}, "belongs to muon"},
             {{.muon_original = 2}, "0 or 1"},
             {{.bias_rate = -1}, "bias_rate"},
             {{.ema = 1}, "ema"},
             {{.ema = 0.5, .swa = 2}, "choose one"}};
  rig r = make(*state, EBB_STEP_AUTO);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    r.options.update = bad[i].options;
    assert_int_equal(rig_start(&r), EBB_ERR_ARGUMENT);
    if (!strstr(ebb_error_message(), bad[i].word)) fail_msg("%s", ebb_error_message());
  }
  rig_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frozen_layers_keep_their_bits),
      cmocka_unit_test(frozen_bottom_has_no_launches),
      cmocka_unit_test(options_without_effect_change_nothing),
      cmocka_unit_test(biases_are_spared),
      cmocka_unit_test(rates_follow_fan_in),
      cmocka_unit_test(all_together),
      cmocka_unit_test(units_have_bounded_norms),
      cmocka_unit_test(parts_make_the_update_of_one_batch),
      cmocka_unit_test(parts_take_no_whole_steps),
      cmocka_unit_test(moving_average_follows_the_steps),
      cmocka_unit_test(mean_of_epochs_is_evaluated_and_kept),
      cmocka_unit_test(averages_go_on_in_a_later_run),
      cmocka_unit_test(divergence_is_reported),
      cmocka_unit_test(impossible_options_are_refused),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
