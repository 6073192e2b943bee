/* Prints the scores of the data on standard input, for scores_sklearn.py: a line `name value` for
 * each figure.
 *
 *   classes ROWS CLASSES TRAINING   then logits (float), labels (int32), labels of training rows
 *   values ROWS TARGETS TRAINING    then predicted, actual (double), actual ones of training rows
 *   labels ROWS TARGETS 0           then probabilities, actual (double)
 *
 * The line is text; the arrays are in native format. TRAINING may be 0.
 */
#include <ebb/scores.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what) {
  fprintf(stderr, "scores_figures: %s\n", what);
  exit(1);
}

/* Reads an array from standard input. */
static void *take(size_t count, size_t size) {
  void *values = calloc(count ? count : 1, size);
  if (!values || fread(values, size, count, stdin) != count) fail("the input is too short");
  return values;
}

static void show(const char *name, double value) {
  printf("%s %.17g\n", name, value);
}

static void show_class(const char *name, const ebb_class_scores *c) {
  printf("%s %.17g %.17g %.17g %zu %zu\n", name, c->precision, c->recall, c->f1, c->support,
         c->predicted);
}

static void show_classes(const ebb_scores *s) {
  show("accuracy", s->accuracy);
  show("balanced_accuracy", s->balanced_accuracy);
  show("top5_accuracy", s->top5_accuracy);
  show("cross_entropy", s->cross_entropy);
  show("log_loss", s->log_loss);
  show("roc_auc", s->roc_auc);
  show("average_precision", s->average_precision);
  show("brier", s->brier);
  show("calibration_error", s->calibration_error);
  show("baseline_accuracy", s->baseline_accuracy);
  show_class("macro", &s->macro);
  show_class("weighted", &s->weighted);
  for (size_t k = 0; k < s->outputs; k++) {
    char name[32];
    snprintf(name, sizeof name, "class%zu", k);
    show_class(name, &s->classes[k]);
  }
  printf("confusion");
  for (size_t i = 0; i < s->outputs * s->outputs; i++) printf(" %zu", s->confusion[i]);
  putchar('\n');
}

static void show_target(const char *name, const ebb_value_scores *t) {
  printf("%s %.17g %.17g %.17g %.17g %.17g %.17g\n", name, t->mse, t->rmse, t->mae, t->median_ae,
         t->r2, t->baseline_rmse);
}

static void show_values(const ebb_scores *s) {
  show_target("mean", &s->mean);
  for (size_t k = 0; k < s->outputs; k++) {
    char name[32];
    snprintf(name, sizeof name, "target%zu", k);
    show_target(name, &s->targets[k]);
  }
}

static ebb_status score_classes(ebb_scores *s, size_t rows, size_t classes, size_t training) {
  float *logits = take(rows * classes, sizeof *logits);
  int32_t *labels = take(rows, sizeof *labels), *train = take(training, sizeof *train);
  ebb_status status = ebb_scores_classes(s, logits, labels, rows, classes);
  if (status == EBB_OK && training) status = ebb_scores_baseline_classes(s, train, training);
  free(logits);
  free(labels);
  free(train);
  return status;
}

static ebb_status score_values(ebb_scores *s, size_t rows, size_t targets, size_t training) {
  double *predicted = take(rows * targets, sizeof *predicted);
  double *actual = take(rows * targets, sizeof *actual);
  double *train = take(training * targets, sizeof *train);
  ebb_status status = ebb_scores_values(s, predicted, actual, rows, targets);
  if (status == EBB_OK && training) status = ebb_scores_baseline_values(s, train, training);
  free(predicted);
  free(actual);
  free(train);
  return status;
}

static void show_label(const char *name, const ebb_label_scores *l) {
  printf("%s %.17g %.17g %.17g %.17g %.17g %.17g %.17g\n", name, l->accuracy, l->log_loss,
         l->roc_auc, l->average_precision, l->one.precision, l->one.recall, l->one.f1);
}

static void score_labels(size_t rows, size_t targets) {
  double *p = take(rows * targets, sizeof *p), *actual = take(rows * targets, sizeof *actual);
  ebb_label_scores *each = calloc(targets, sizeof *each), mean;
  if (!each || ebb_scores_labels(each, &mean, p, actual, NULL, rows, targets) != EBB_OK)
    fail(ebb_error_message());
  show_label("mean", &mean);
  for (size_t k = 0; k < targets; k++) {
    char name[32];
    snprintf(name, sizeof name, "label%zu", k);
    show_label(name, &each[k]);
  }
  free(p);
  free(actual);
  free(each);
}

int main(void) {
  char kind[16], line[128];
  size_t rows, outputs, training;
  if (!fgets(line, sizeof line, stdin) ||
      sscanf(line, "%15s %zu %zu %zu", kind, &rows, &outputs, &training) != 4)
    fail("the first line is not KIND ROWS OUTPUTS TRAINING");
  if (strcmp(kind, "labels") == 0) {
    score_labels(rows, outputs);
    return 0;
  }
  bool classes = strcmp(kind, "classes") == 0;
  ebb_scores scores = {0};
  ebb_status status = classes ? score_classes(&scores, rows, outputs, training)
                              : score_values(&scores, rows, outputs, training);
  if (status != EBB_OK) fail(ebb_error_message());
  printf("warnings %u\n", scores.warnings);
  if (classes)
    show_classes(&scores);
  else
    show_values(&scores);
  ebb_scores_clear(&scores);
  return 0;
}
