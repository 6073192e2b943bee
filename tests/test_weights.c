/* Weights of rows: in each form of a step a weight of 2 counts as the row given twice, only ratios
 * matter, rows of weight 0 have no effect, and figures are means by weight. */
#include "train_rig.h"

#include <float.h>
#include <math.h>
#include <string.h>

static const char folder[] = "weights.ckpt";

/* A training's data, its weights, and what it left. */
typedef struct run {
  ebb_train_options options;
  ebb_dataset data;
  float *parameters;
  size_t count;
  ebb_report report;
} run;

static bool keep_report(const ebb_report *report, void *user) {
  *(ebb_report *)user = *report;
  return true;
}

/* The weights 2, 1, 0, 0.5, ... of all rows, times `scale`. */
static void fill_weights(float weights[ROWS], float scale) {
  static const float some[] = {2, 1, 0, 0.5f, 3, 1};
  for (size_t r = 0; r < ROWS; r++) weights[r] = scale * some[r % 6];
}

static void train(run *r, ebb_device *device, ebb_step_form form) {
  ebb_trainer *trainer;
  ebb_network *network = make_network(device, "8relu", r->data.outputs);
  r->options.step = form;
  assert_int_equal(ebb_trainer_create(&trainer, network, &r->data, NULL, &r->options), EBB_OK);
  assert_int_equal(ebb_trainer_run(trainer, keep_report, &r->report), EBB_OK);
  r->parameters = parameters_of(network, &r->count);
  ebb_trainer_free(trainer);
  ebb_network_free(network);
}

static run run_of(const toy *t, const float *weights) {
  run r = {.options = EBB_TRAIN_OPTIONS_INIT, .data = classes_of(t, ROWS)};
  r.data.weights = weights;
  r.options.epochs = 4;
  r.options.learning_rate = 0.05f;
  return r;
}

/* Values instead of classes; those that the loss does not take become 0 or 1. */
static void to_values(run *r, toy *t, ebb_loss_kind kind) {
  for (size_t i = 0; i < ROWS; i++)
    if (!ebb_loss_takes(kind, (double)t->values[i])) t->values[i] = (float)(t->labels[i] % 2);
  r->data.labels = NULL;
  r->data.values = t->values;
  r->data.outputs = 1;
  r->options.loss = ebb_loss_default(kind);
}

/* Every row as often as its weight, 0 to 3, says. */
static size_t repeat_rows(toy *out, const toy *t, const float *weights) {
  size_t rows = 0;
  for (size_t r = 0; r < ROWS && rows + 3 <= ROWS; r++)
    for (int i = 0; i < (int)weights[r]; i++, rows++) {
      memcpy(out->x + rows * INPUTS, t->x + r * INPUTS, INPUTS * sizeof *t->x);
      out->labels[rows] = t->labels[r];
      out->values[rows] = t->values[r];
    }
  return rows;
}

/* Full batches, so that both see the same sums except for their order. */
static void a_weight_of_2_is_a_row_given_twice(void **state) {
  static const struct {
    ebb_loss_kind loss;
    ebb_step_form form;
  } cases[] = {{EBB_LOSS_CROSS_ENTROPY, EBB_STEP_LAYERS},
               {EBB_LOSS_CROSS_ENTROPY, EBB_STEP_WHOLE},
               {EBB_LOSS_MSE, EBB_STEP_LAYERS},
               {EBB_LOSS_POISSON, EBB_STEP_WHOLE},
               {EBB_LOSS_BCE, EBB_STEP_LAYERS}};
  toy *t = toy_make(), *twice = toy_make();
  float weights[ROWS];
  for (size_t r = 0; r < ROWS; r++) weights[r] = (float)(r % 4);
  size_t rows = repeat_rows(twice, t, weights), used = 0;
  for (size_t n = 0; n < rows; used++) n += (size_t)weights[used];
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    run a = run_of(t, weights), b = run_of(twice, NULL);
    bool labels = ebb_loss_has_labels(cases[c].loss);
    if (!labels) to_values(&a, t, cases[c].loss), to_values(&b, twice, cases[c].loss);
    a.data.rows = used, b.data.rows = rows;
    a.options.batch = b.options.batch = ROWS;
    train(&a, *state, cases[c].form);
    train(&b, *state, cases[c].form);
    for (size_t i = 0; i < a.count; i++)
      assert_true(fabsf(a.parameters[i] - b.parameters[i]) <= 2e-4f * (1 + fabsf(a.parameters[i])));
    assert_true(fabs(a.report.train_loss - b.report.train_loss) <=
                1e-4 * fabs(b.report.train_loss));
    if (labels) assert_true(fabs(a.report.train_accuracy - b.report.train_accuracy) <= 1e-6);
    free(a.parameters);
    free(b.parameters);
  }
  free(twice);
  free(t);
}

/* Trains with one thing changed, by layers and whole; nothing must change. */
static void expect_same(ebb_device *device, const run *a, const run *b) {
  for (int form = EBB_STEP_LAYERS; form < EBB_STEP_COUNT; form++) {
    run one = *a, other = *b;
    train(&one, device, (ebb_step_form)form);
    train(&other, device, (ebb_step_form)form);
    assert_memory_equal(one.parameters, other.parameters, one.count * sizeof(float));
    assert_true(one.report.train_loss == other.report.train_loss);
    free(one.parameters);
    free(other.parameters);
  }
}

/* 2^20: exact in float32. The place of the data has no effect either. */
static void only_ratios_matter(void **state) {
  toy *t = toy_make();
  float weights[ROWS], large[ROWS];
  fill_weights(weights, 1);
  fill_weights(large, 0x1p20f);
  run a = run_of(t, weights), b = run_of(t, large);
  b.options.data_on = EBB_DATA_HOST;
  b.options.block_bytes = 2000;
  expect_same(*state, &a, &b);
  free(t);
}

/* Batches of 32 rows in order: of the last ones all weights are 0. */
static void rows_of_weight_0_have_no_effect(void **state) {
  toy *t = toy_make(), *other = toy_make();
  float weights[ROWS] = {0};
  for (size_t r = 0; r < 40; r++) weights[r] = r % 2 ? FLT_MAX : 1e30f;
  for (size_t r = 40; r < ROWS; r++) {
    other->labels[r] = 0;
    for (size_t i = 0; i < INPUTS; i++) other->x[r * INPUTS + i] = 3;
  }
  run a = run_of(t, weights), b = run_of(other, weights);
  a.options.shuffle = b.options.shuffle = false;
  expect_same(*state, &a, &b);
  free(other);
  free(t);
}

static void weights_are_checked(void **state) {
  static const struct {
    float weight;
    const char *message;
  } cases[] = {{-1, "dataset: row 7: weight -1; weights are finite and at least 0"},
               {NAN, "dataset: row 7: weight nan"},
               {INFINITY, "dataset: row 7: weight inf"}};
  (void)state;
  toy *t = toy_make();
  float weights[ROWS] = {0};
  ebb_dataset data = run_of(t, weights).data;
  assert_int_equal(ebb_dataset_check(&data), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "all 150 weights are 0"));
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    weights[7] = cases[i].weight;
    assert_int_equal(ebb_dataset_check(&data), EBB_ERR_INPUT);
    assert_non_null(strstr(ebb_error_message(), cases[i].message));
  }
  weights[7] = 0x1p-149f;
  assert_int_equal(ebb_dataset_check(&data), EBB_OK);
  free(t);
}

/* The figures of an evaluation, by their definitions. */
static void evaluations_are_means_by_weight(void **state) {
  toy *t = toy_make();
  float weights[ROWS], outputs[ROWS * CLASSES];
  fill_weights(weights, 7);
  run r = run_of(t, weights);
  for (int values = 0; values < 2; values++) {
    double sum = 0, loss = 0, hits = 0, mean = 0, deviation = 0;
    ebb_metrics found;
    if (values) to_values(&r, t, EBB_LOSS_MSE);
    ebb_network *network = make_network(*state, "8relu", r.data.outputs);
    assert_int_equal(ebb_evaluate(&found, network, &r.data, r.options.loss), EBB_OK);
    assert_int_equal(ebb_network_predict(network, outputs, t->x, ROWS), EBB_OK);
    for (size_t i = 0; i < ROWS; i++) {
      const float *z = outputs + i * CLASSES;
      double w = (double)weights[i], e = 0, own = (double)outputs[i] - (double)t->values[i];
      for (size_t k = 0; k < CLASSES && !values; k++) e += exp((double)z[k]);
      bool hit = z[t->labels[i]] >= fmaxf(z[0], fmaxf(z[1], z[2]));
      sum += w;
      mean += w * (double)t->values[i];
      hits += w * hit;
      loss += w * (values ? own * own : log(e) - (double)z[t->labels[i]]);
    }
    for (size_t i = 0; i < ROWS; i++)
      deviation += (double)weights[i] * pow((double)t->values[i] - mean / sum, 2);
    assert_true(fabs(found.loss - loss / sum) <= 1e-5 * loss / sum && found.rows == ROWS);
    if (values)
      assert_true(fabs(found.r2 - (1 - loss / deviation)) <= 1e-5);
    else
      assert_true(fabs(found.accuracy - hits / sum) <= 1e-6);
    ebb_network_free(network);
  }
  free(t);
}

/* Saved within an epoch, a training goes on to the same bits and figures; with other weights, or
 * with none, it is another training. */
static void checkpoints_know_the_weights(void **state) {
  toy *t = toy_make();
  float weights[ROWS], other[ROWS];
  fill_weights(weights, 1);
  fill_weights(other, 1);
  other[3] = 0.75f;
  run r = run_of(t, weights), whole = r;
  ebb_trainer *trainer;
  const float *cases[] = {other, NULL, weights};
  static const char *const messages[] = {"the values of the training weights differ",
                                         "training weights 1 column, here none"};
  train(&whole, *state, EBB_STEP_AUTO);
  for (int i = -1; i < 3; i++) {
    ebb_network *network = make_network(*state, "8relu", CLASSES);
    r.data.weights = i < 0 ? weights : cases[i];
    assert_int_equal(ebb_trainer_create(&trainer, network, &r.data, NULL, &r.options), EBB_OK);
    if (i < 0) {
      assert_int_equal(ebb_trainer_step(trainer, 7), EBB_OK);
      assert_int_equal(ebb_trainer_save(trainer, folder, 1, NULL), EBB_OK);
    } else {
      ebb_status status = ebb_trainer_resume(trainer, folder, NULL);
      assert_int_equal(status, i < 2 ? EBB_ERR_ARGUMENT : EBB_OK);
      if (i < 2) assert_non_null(strstr(ebb_error_message(), messages[i]));
    }
    if (i == 2) {
      assert_int_equal(ebb_trainer_run(trainer, keep_report, &r.report), EBB_OK);
      r.parameters = parameters_of(network, &r.count);
      assert_memory_equal(r.parameters, whole.parameters, r.count * sizeof(float));
      assert_true(r.report.train_loss == whole.report.train_loss &&
                  r.report.train_accuracy == whole.report.train_accuracy);
    }
    ebb_trainer_free(trainer);
    ebb_network_free(network);
  }
  assert_int_equal(system("rm -r weights.ckpt"), 0);
  free(r.parameters);
  free(whole.parameters);
  free(t);
}

static unsigned pick(unsigned *state, unsigned count) {
  *state = (*state * 1103515245u + 12345u) % 2147483648u;
  return (*state >> 16) % count;
}

/* Every figure, in the order of the structs. */
static size_t list_figures(double *out, const ebb_scores *s) {
  const double own[] = {s->accuracy,          s->balanced_accuracy,
                        s->top5_accuracy,     s->cross_entropy,
                        s->log_loss,          s->roc_auc,
                        s->average_precision, s->brier,
                        s->calibration_error, s->baseline_accuracy,
                        s->macro.precision,   s->macro.recall,
                        s->macro.f1,          s->weighted.precision,
                        s->weighted.recall,   s->weighted.f1,
                        s->mean.mse,          s->mean.rmse,
                        s->mean.mae,          s->mean.median_ae,
                        s->mean.r2,           s->mean.mean,
                        s->mean.deviation,    s->mean.baseline_rmse};
  memcpy(out, own, sizeof own);
  return sizeof own / sizeof *own;
}

/* In all scores a row of weight 2 counts as two rows, and one of weight 0 as none. */
static void weights_count_as_repeated_rows(void **state) {
  enum { SCORED = 60, MOST = 12, FIGURES = 24 };
  float z[SCORED * MOST], zs[3 * SCORED * MOST], weights[SCORED];
  int32_t labels[SCORED], many_labels[3 * SCORED];
  double y[SCORED], p[SCORED], ys[3 * SCORED], ps[3 * SCORED], a[FIGURES], b[FIGURES];
  unsigned seed = 3;
  (void)state;
  for (size_t classes = 2; classes <= MOST; classes += 5) {
    size_t rows = 0;
    for (size_t i = 0; i < SCORED; i++) {
      weights[i] = (float)pick(&seed, 4);
      labels[i] = (int32_t)pick(&seed, (unsigned)classes);
      y[i] = pick(&seed, 1000) / 8.0, p[i] = y[i] + pick(&seed, 100) / 16.0;
      for (size_t k = 0; k < classes; k++) z[i * classes + k] = (float)pick(&seed, 9) / 2;
      for (int n = 0; n < (int)weights[i]; n++, rows++) {
        memcpy(zs + rows * classes, z + i * classes, classes * sizeof *z);
        many_labels[rows] = labels[i], ys[rows] = y[i], ps[rows] = p[i];
      }
    }
    ebb_scores one, many;
    for (int values = 0; values < 2; values++) {
      assert_int_equal(values
                           ? ebb_scores_weighted_values(&one, p, y, weights, SCORED, 1)
                           : ebb_scores_weighted_classes(&one, z, labels, weights, SCORED, classes),
                       EBB_OK);
      assert_int_equal(values ? ebb_scores_values(&many, ps, ys, rows, 1)
                              : ebb_scores_classes(&many, zs, many_labels, rows, classes),
                       EBB_OK);
      size_t count = list_figures(a, &one);
      list_figures(b, &many);
      for (size_t f = 0; f < count; f++)
        assert_true(isnan(b[f]) ? isnan(a[f]) : fabs(a[f] - b[f]) <= 1e-12 * fabs(b[f]));
      assert_true(one.rows == SCORED && one.classes ? one.macro.weight == (double)rows : true);
      ebb_scores_clear(&one);
      ebb_scores_clear(&many);
    }
  }
  weights[4] = -1;
  ebb_scores s;
  assert_int_equal(ebb_scores_weighted_classes(&s, z, labels, weights, SCORED, MOST),
                   EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "row 4: weight -1"));
  memset(weights, 0, sizeof weights);
  assert_int_equal(ebb_scores_weighted_values(&s, p, y, weights, SCORED, 1), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "all 60 weights are 0"));
}

/* The weights that an encoder gives rows: those of the caller's array times those of classes. */
static void expect_weights(const char *classes, const float *rows, const float wanted[6]) {
  static const float x[6] = {1, 2, 3, 4, 5, 6};
  static const int32_t labels[6] = {10, 10, 10, 20, 20, 30};
  ebb_arrays arrays = {.x = x, .labels = labels, .rows = 6, .inputs = 1, .weights = rows};
  ebb_table *table;
  ebb_encoder *encoder;
  ebb_dataset data;
  assert_int_equal(ebb_table_from_arrays(&table, &arrays, NULL), EBB_OK);
  assert_int_equal(ebb_encoder_fit(&encoder, table, NULL, 0, NULL), EBB_OK);
  if (classes)
    assert_int_equal(ebb_encoder_weigh_classes(encoder, classes, table, NULL, 0), EBB_OK);
  assert_int_equal(ebb_encoder_apply(&data, encoder, table, NULL, 0), EBB_OK);
  for (size_t i = 0; i < 6 && wanted; i++) assert_true(data.weights[i] == wanted[i]);
  if (!wanted) assert_null(data.weights);
  assert_int_equal(ebb_encoder_weigh_classes(encoder, "21=2", table, NULL, 0), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "no class \"21\""));
  assert_non_null(strstr(ebb_error_message(), "the classes are \"10\", \"20\", \"30\""));
  assert_int_equal(ebb_encoder_weigh_classes(encoder, "20=-1", table, NULL, 0), EBB_ERR_INPUT);
  assert_int_equal(ebb_encoder_weigh_classes(encoder, "equal", table, NULL, 0), EBB_ERR_INPUT);
  ebb_dataset_clear(&data);
  ebb_encoder_free(encoder);
  ebb_table_free(table);
}

static void classes_have_weights(void **state) {
  static const float rows[6] = {2, 0, 1, 1, 3, 1};
  (void)state;
  expect_weights(NULL, NULL, NULL);
  expect_weights(NULL, rows, rows);
  expect_weights("balanced", NULL, (float[]){6 / 9.f, 6 / 9.f, 6 / 9.f, 1, 1, 2});
  expect_weights("20=3,10=0.5", rows, (float[]){1, 0, 0.5f, 3, 9, 1});
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_weight_of_2_is_a_row_given_twice),
      cmocka_unit_test(only_ratios_matter),
      cmocka_unit_test(rows_of_weight_0_have_no_effect),
      cmocka_unit_test(weights_are_checked),
      cmocka_unit_test(evaluations_are_means_by_weight),
      cmocka_unit_test(checkpoints_know_the_weights),
      cmocka_unit_test(weights_count_as_repeated_rows),
      cmocka_unit_test(classes_have_weights),
  };
  return cmocka_run_group_tests(tests, open_test_device, close_test_device);
}
