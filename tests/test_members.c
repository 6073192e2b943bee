/* Ensembles whose members share weights: the network that ebb_spec_members makes, what it refuses,
 * and predictions, which are means over the members by the loss's own form.
 */
#include "base/rng.h"
#include "check/reference.h"
#include "test_support.h"

#include <ebb/model.h>
#include <ebb/trainer.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 37, INPUTS = 5, OUTPUTS = 3, MEMBERS = 4 };

static double random_value(uint64_t seed, size_t index) {
  uint32_t block[4];
  ebbi_philox(block, seed, EBBI_RNG_TEST, 2, index);
  return (double)ebbi_normal(block[0]);
}

static void make(ebb_spec *spec, const char *text, ebb_loss_kind loss) {
  ebb_spec plain;
  assert_int_equal(ebb_spec_parse(&plain, text, INPUTS, OUTPUTS), EBB_OK);
  assert_int_equal(ebb_spec_members(spec, &plain, MEMBERS, loss), EBB_OK);
}

static void texts_of_ensembles(void **state) {
  (void)state;
  static const struct {
    const char *plain, *text;
    ebb_loss_kind loss;
  } cases[] = {
      {"8relu-drop0.1", "5-members4-adapter:nobias:signs-8:nobias-adapterrelu-drop0.1-heads3-mean",
       EBB_LOSS_MSE},
      {"8relu:nobias-6tanh",
       "5-members4-adapter:nobias:signs-8:nobias-adapterrelu:nobias-adapter:nobias-6:nobias-"
       "adaptertanh-heads3-mean:softmax",
       EBB_LOSS_CROSS_ENTROPY},
      {"embed2x7x3-res(9relu-9)",
       "5-embed2x7x3-members4-res(adapter:nobias:signs-9:nobias-adapterrelu-adapter:nobias-9:"
       "nobias-adapter)-heads3-mean:exp",
       EBB_LOSS_POISSON},
      {"3", "5-members4-heads3-mean:sigmoid", EBB_LOSS_BCE},
  };
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    char text[EBB_SPEC_TEXT], again_text[EBB_SPEC_TEXT];
    ebb_spec spec, again;
    make(&spec, cases[c].plain, cases[c].loss);
    assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_OK);
    assert_string_equal(text, cases[c].text);
    assert_int_equal(ebb_spec_parse(&again, text, INPUTS, OUTPUTS), EBB_OK);
    assert_int_equal(ebb_spec_text(again_text, sizeof again_text, &again), EBB_OK);
    assert_string_equal(again_text, text);
    assert_int_equal(ebb_spec_outputs(&again), OUTPUTS);
  }
}

static void refused(const char *text, const char *message) {
  ebb_spec spec;
  assert_int_equal(ebb_spec_parse(&spec, text, INPUTS, OUTPUTS), EBB_ERR_ARGUMENT);
  assert_string_equal(ebb_error_message(), message);
}

static void what_makes_no_ensemble(void **state) {
  (void)state;
  refused("members3-heads3", "spec: the outputs of 3 members are left; end the network with mean");
  refused("members3-heads3-mean-3", "spec: dense follows mean, which must be the last");
  refused("members3-members2-heads3-mean",
          "spec:1:10: members stands among the members of an ensemble");
  refused("members3-batchnorm-heads3-mean",
          "spec:1:10: batchnorm cannot stand among the members of an ensemble, whose rows it would "
          "mix");
  refused("members3-heads4-mean", "spec:1:17: output size 4, but the data have 3");
  refused("adapter-3", "spec:1:1: adapter stands outside of an ensemble; members comes first");
  refused("heads3-mean", "spec:1:1: heads stands outside of an ensemble; members comes first");
  refused("8relu-mean", "spec:1:7: mean stands outside of an ensemble; members comes first");
  refused("res(members2-5)-3",
          "spec:1:1: res holds members of an ensemble and also stands outside of them");
  refused("members3-heads3-mean:softmax:exp",
          "spec:1:17: mean has one form, softmax, sigmoid or exp");
}

/* A network by hand must give each node the rows of its inputs. */
static void members_by_hand_are_checked(void **state) {
  (void)state;
  char text[EBB_SPEC_TEXT];
  ebb_spec spec;
  make(&spec, "8relu", EBB_LOSS_MSE);
  spec.nodes[1].members = 0;
  assert_int_equal(ebb_spec_text(text, sizeof text, &spec), EBB_ERR_ARGUMENT);
  assert_string_equal(ebb_error_message(),
                      "ebb_spec_text: layer 2 has 0 members; its inputs give 4");
}

/* The mean over members by the form of the loss, of outputs z [members, outputs]. */
static double mean_of(const double *z, size_t col, ebb_loss_kind loss) {
  double mean = 0;
  for (size_t m = 0; m < MEMBERS; m++) {
    const double *row = z + m * OUTPUTS;
    double sum = 0, value = row[col];
    for (size_t o = 0; o < OUTPUTS; o++) sum += exp(row[o]);
    if (loss == EBB_LOSS_CROSS_ENTROPY) value = exp(value) / sum;
    if (loss == EBB_LOSS_BCE) value = 1 / (1 + exp(-value));
    if (loss == EBB_LOSS_POISSON) value = exp(value);
    mean += value / MEMBERS;
  }
  if (loss == EBB_LOSS_BCE) return log(mean / (1 - mean));
  return loss == EBB_LOSS_MSE ? mean : log(mean);
}

/* Outputs of all rows against those that the reference gives for each member. */
static void check_predictions(ebb_device *device, ebb_loss_kind loss) {
  ebbi_reference_network *reference;
  ebb_network *network;
  ebb_spec spec;
  float input[ROWS * INPUTS], output[ROWS * OUTPUTS];
  make(&spec, "8gelu-drop0.5", loss);
  assert_int_equal(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 5), EBB_OK);
  assert_int_equal(ebbi_reference_create(&reference, &spec, ROWS), EBB_OK);
  double *flat = reference->parameters;
  for (size_t n = 0; n < spec.count; n++) {
    ebb_tensor *parts[] = {ebb_network_weight(network, n), ebb_network_bias(network, n)};
    for (size_t p = 0; p < 2; p++) {
      if (!parts[p]) continue;
      size_t count = ebb_tensor_rows(parts[p]) * ebb_tensor_cols(parts[p]);
      float *values = malloc(count * sizeof *values);
      for (size_t i = 0; i < count; i++) values[i] = (float)random_value(n + 10 * p, i);
      assert_int_equal(ebb_tensor_upload(parts[p], values), EBB_OK);
      for (size_t i = 0; i < count; i++) *flat++ = (double)values[i];
      free(values);
    }
  }
  for (size_t i = 0; i < ROWS * INPUTS; i++) input[i] = (float)random_value(99, i);
  for (size_t i = 0; i < ROWS * INPUTS; i++) reference->y[0][i] = (double)input[i];
  double values[ROWS * OUTPUTS] = {0};
  reference->spec.nodes[4].settings[0] = 0; /* no dropout in prediction */
  reference->target =
      (ebbi_reference_target){ebb_loss_default(EBB_LOSS_MSE), NULL, values, NULL, 0};
  ebbi_reference_run_forward(reference, 0);
  assert_int_equal(ebb_network_predict(network, output, input, ROWS), EBB_OK);
  for (size_t i = 0; i < ROWS * OUTPUTS; i++) {
    const double *z = reference->y[spec.count] + i / OUTPUTS * MEMBERS * OUTPUTS;
    double expected = mean_of(z, i % OUTPUTS, loss);
    assert_true(fabs((double)output[i] - expected) < 1e-5 * (1 + fabs(expected)));
  }
  ebbi_reference_free(reference);
  ebb_network_free(network);
}

static void predictions_are_means_of_members(void **state) {
  static const ebb_loss_kind losses[] = {EBB_LOSS_MSE, EBB_LOSS_CROSS_ENTROPY, EBB_LOSS_BCE,
                                         EBB_LOSS_POISSON};
  for (size_t i = 0; i < sizeof losses / sizeof *losses; i++) check_predictions(*state, losses[i]);
}

/* Members that are all alike are a plain network: the same loss, gradients and predictions. The
 * first signs make them differ otherwise. */
static void members_begin_apart(void **state) {
  float input[INPUTS] = {1, -2, 3, 0.5f, 2}, signs[MEMBERS * INPUTS];
  ebb_network *network;
  ebb_spec spec;
  (void)input;
  make(&spec, "8gelu", EBB_LOSS_MSE);
  assert_int_equal(ebb_network_create(&network, *state, &spec, EBB_INIT_AUTO, 5), EBB_OK);
  assert_int_equal(ebb_tensor_download(signs, ebb_network_weight(network, 1)), EBB_OK);
  size_t negative = 0, alike = 0;
  for (size_t i = 0; i < MEMBERS * INPUTS; i++) {
    assert_true(signs[i] == 1 || signs[i] == -1);
    negative += signs[i] < 0;
    alike += i >= INPUTS && signs[i] == signs[i - INPUTS];
  }
  assert_in_range(negative, 1, MEMBERS * INPUTS - 1);
  assert_in_range(alike, 0, (MEMBERS - 1) * INPUTS - 1);
  ebb_network_free(network);
}

/* A training learns; its accuracy is of rows, not of members; the evaluation is that of the mean.
 */
static void an_ensemble_is_trained(void **state) {
  float x[ROWS * INPUTS], logits[ROWS * OUTPUTS];
  int32_t labels[ROWS];
  ebb_network *network;
  ebb_trainer *trainer;
  ebb_metrics metrics;
  ebb_spec spec;
  for (size_t i = 0; i < ROWS * INPUTS; i++) x[i] = (float)random_value(7, i);
  for (size_t r = 0; r < ROWS; r++) labels[r] = (x[r * INPUTS] > 0) + (x[r * INPUTS + 1] > 0);
  ebb_dataset data = {.rows = ROWS, .inputs = INPUTS, .outputs = OUTPUTS, .x = x, .labels = labels};
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  options.loss = ebb_loss_default(EBB_LOSS_CROSS_ENTROPY);
  options.batch = 10, options.epochs = 60, options.learning_rate = 0.01f;
  make(&spec, "8gelu", EBB_LOSS_CROSS_ENTROPY);
  assert_int_equal(ebb_network_create(&network, *state, &spec, EBB_INIT_AUTO, 5), EBB_OK);
  assert_int_equal(ebb_trainer_create(&trainer, network, &data, NULL, &options), EBB_OK);
  assert_int_equal(ebb_trainer_run(trainer, NULL, NULL), EBB_OK);
  ebb_trainer_free(trainer);
  assert_int_equal(ebb_evaluate(&metrics, network, &data, options.loss), EBB_OK);
  assert_int_equal(metrics.rows, ROWS);
  assert_true(metrics.accuracy > 0.9 && metrics.accuracy <= 1);
  assert_int_equal(ebb_network_predict(network, logits, x, ROWS), EBB_OK);
  double loss = 0, all = 0;
  for (size_t r = 0; r < ROWS; r++) {
    double sum = 0;
    for (size_t o = 0; o < OUTPUTS; o++) sum += exp((double)logits[r * OUTPUTS + o]);
    loss -= (double)logits[r * OUTPUTS + (size_t)labels[r]] - log(sum);
    all = fmax(all, fabs(sum - 1)); /* the outputs are logarithms of probabilities */
  }
  assert_true(all < 1e-5);
  assert_true(fabs(loss / ROWS - metrics.loss) < 1e-5);
  ebb_network_free(network);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(texts_of_ensembles),
      cmocka_unit_test(what_makes_no_ensemble),
      cmocka_unit_test(members_by_hand_are_checked),
      cmocka_unit_test(predictions_are_means_of_members),
      cmocka_unit_test(members_begin_apart),
      cmocka_unit_test(an_ensemble_is_trained),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
