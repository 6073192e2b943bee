/* Optimizers that look at whole tensors: trust ratios of lamb, matrices of muon.
 */
#include "update_rig.h"

#include <math.h>

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
