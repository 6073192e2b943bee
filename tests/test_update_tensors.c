/* Optimizers that look at whole tensors: trust ratios of lamb, matrices of muon.
 */
#include "train_rig.h"

#include "train/train.h"

#include <ebb/sentinel.h>
#include <math.h>
#include <string.h>

static const char spec[] = "16relu-9tanh";
static const ebb_step_form forms[] = {EBB_STEP_LAYERS, EBB_STEP_WHOLE};

/* Trains with these options and both checks of the numbers; the weights after it. */
static float *trained(size_t *count, rig *r) {
  assert_int_equal(rig_start(r), EBB_OK);
  if (ebb_self_test(r->trainer) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(ebb_trainer_run(r->trainer, NULL, NULL), EBB_OK);
  for (uint64_t seed = 1; seed <= 4; seed++)
    if (ebb_sentinel(r->trainer, seed, NULL) != EBB_OK) fail_msg("%s", ebb_error_message());
  return parameters_of(r->network, count);
}

static rig make(ebb_device *device, ebb_step_form form) {
  rig r = rig_make(device, spec);
  r.options.step = form;
  r.options.epochs = 3;
  r.options.optimizer = ebb_optimizer_default(EBB_OPT_ADAMW);
  r.options.learning_rate = 0.01f;
  return r;
}

/* True if the node's parameters have the same bits in both slabs. */
static bool stays(const ebb_network *network, size_t node, const float *a, const float *b) {
  size_t first = network->offset[node][0];
  size_t end =
      node + 1 < network->spec.count ? network->offset[node + 1][0] : network->parameters->cols;
  return memcmp(a + first, b + first, (end - first) * sizeof *a) == 0;
}

/* Each weight tensor has a trust ratio of its own, biases have none, in both forms. */
static void lamb_trusts_each_weight_tensor(void **state) {
  for (size_t form = 0; form < 2; form++) {
    rig r = make(*state, forms[form]);
    size_t count;
    ebbi_update_segment runs[6];
    r.options.optimizer = ebb_optimizer_default(EBB_OPT_LAMB);
    free(trained(&count, &r));
    assert_int_equal(r.trainer->groups.segments->rows, 6);
    assert_int_equal(ebb_tensor_download(runs, r.trainer->groups.segments), EBB_OK);
    for (size_t i = 0; i < 6; i++) {
      assert_int_equal(runs[i].trusted, i % 2 == 0);
      assert_true(i % 2 == 0 ? runs[i].trust > 0 && runs[i].trust != runs[(i + 2) % 6].trust
                             : runs[i].trust == 1);
    }
    rig_free(&r);
  }
}

/* By default the last layer's weights are left to AdamW, frozen ones to nobody. */
static void muon_takes_weights_of_hidden_layers(void **state) {
  static const double rates[] = {1, 0, 1};
  static const bool wanted[][3] = {{1, 1, 0}, {1, 1, 1}, {1, 0, 1}};
  for (size_t form = 0; form < 2; form++)
    for (size_t i = 0; i < 3; i++) {
      rig r = make(*state, forms[form]);
      size_t count;
      r.options.optimizer = ebb_optimizer_default(EBB_OPT_MUON);
      r.options.update.muon_last = i > 0;
      r.options.update.muon_original = i == 1;
      if (i > 1) r.options.update.layer_rates = rates, r.options.update.layers = 3;
      for (size_t n = 0; n < 3; n++) {
        assert_int_equal(ebbi_muon_takes(&r.options, r.network, n, 0), wanted[i][n]);
        assert_false(ebbi_muon_takes(&r.options, r.network, n, 1));
      }
      float *before = parameters_of(r.network, &count), *after = trained(&count, &r);
      for (size_t n = 0; n < 3; n++)
        assert_int_equal(stays(r.network, n, before, after), i > 1 && rates[n] == 0);
      free(before);
      free(after);
      rig_free(&r);
    }
}

/* Singular values of a direction of 5 steps lie near 1: the squares of its numbers add up to about
 * the smaller side. */
static void muon_makes_orthogonal_directions(void **state) {
  rig r = make(*state, EBB_STEP_LAYERS);
  size_t count;
  r.options.optimizer = ebb_optimizer_default(EBB_OPT_MUON);
  free(trained(&count, &r));
  const ebb_tensor *w = r.network->parameter[1][0];
  float *second = calloc(r.network->parameters->cols, sizeof *second);
  assert_int_equal(ebb_tensor_download(second, r.trainer->moments[1]), EBB_OK);
  double squares = 0, least = (double)(w->rows < w->cols ? w->rows : w->cols);
  for (size_t i = 0; i < w->rows * w->stride; i++)
    squares += pow((double)second[r.network->offset[1][0] + i], 2);
  assert_true(squares > 0.4 * least && squares < 1.5 * least);
  free(second);
  rig_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lamb_trusts_each_weight_tensor),
      cmocka_unit_test(muon_takes_weights_of_hidden_layers),
      cmocka_unit_test(muon_makes_orthogonal_directions),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
