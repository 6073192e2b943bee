/* Scores as JSON, and the table of figures that the text output also uses, so that both have the
 * same figures.
 */
#include "scores_print.h"

#include "output.h"

#define OF_CLASSES(label, key, form)                                                               \
  {EBB_TASK_CLASSIFICATION, label, #key, offsetof(scored, scores.key), form}
#define OF_VALUES(label, key, form)                                                                \
  {EBB_TASK_REGRESSION, label, #key, offsetof(scored, scores.mean.key), form}
#define OF_LABELS(label, key, form)                                                                \
  {EBB_TASK_REGRESSION, label, #key, offsetof(scored, mean.key), form}

static const score_figure figures[] = {
    OF_CLASSES("accuracy", accuracy, SCORE_PERCENT),
    OF_CLASSES("  of always guessing the commonest", baseline_accuracy, SCORE_PERCENT),
    OF_CLASSES("balanced accuracy", balanced_accuracy, SCORE_PERCENT),
    OF_CLASSES("top-5 accuracy", top5_accuracy, SCORE_PERCENT),
    OF_CLASSES("log loss", log_loss, SCORE_NUMBER),
    OF_CLASSES("ROC AUC", roc_auc, SCORE_FRACTION),
    OF_CLASSES("average precision", average_precision, SCORE_FRACTION),
    OF_CLASSES("Brier score", brier, SCORE_FRACTION),
    OF_CLASSES("expected calibration error", calibration_error, SCORE_FRACTION),
    OF_VALUES("R2", r2, SCORE_NUMBER),
    OF_VALUES("root mean square error", rmse, SCORE_NUMBER),
    OF_VALUES("  of always guessing the mean", baseline_rmse, SCORE_NUMBER),
    OF_VALUES("mean absolute error", mae, SCORE_NUMBER),
    OF_VALUES("median absolute error", median_ae, SCORE_NUMBER),
    OF_VALUES("mean square error", mse, SCORE_NUMBER),
    OF_LABELS("ROC AUC, mean of targets", roc_auc, SCORE_FRACTION),
    OF_LABELS("average precision, mean of targets", average_precision, SCORE_FRACTION),
    {EBB_TASK_REGRESSION, "loss (as trained)", "loss", offsetof(scored, loss), SCORE_NUMBER},
    {EBB_TASK_CLASSIFICATION, NULL, "loss", offsetof(scored, loss), SCORE_NUMBER},
};

const score_figure *score_figures(size_t *count) {
  *count = sizeof figures / sizeof *figures;
  return figures;
}

double score_value(const scored *x, const score_figure *figure) {
  return *(const double *)((const char *)x + figure->offset);
}

static const char *name_or_number(score_name *text, const char *name, size_t index) {
  if (name) return name;
  snprintf(text->text, sizeof text->text, "%zu", index);
  return text->text;
}

const char *scores_class_name(score_name *text, const ebb_encoder *encoder, size_t index) {
  return name_or_number(text, ebb_encoder_class(encoder, index), index);
}

const char *scores_target_name(score_name *text, const ebb_encoder *encoder, size_t index) {
  return name_or_number(text, ebb_encoder_target(encoder, index), index);
}

static json_t *class_json(const ebb_class_scores *c) {
  return json_pack("{s:f, s:f, s:f, s:I, s:I}", "precision", c->precision, "recall", c->recall,
                   "f1", c->f1, "support", (json_int_t)c->support, "predicted",
                   (json_int_t)c->predicted);
}

static void put_class(json_t *object, const ebb_class_scores *c) {
  json_t *numbers = class_json(c);
  json_object_update(object, numbers);
  json_decref(numbers);
}

static json_t *matrix_json(const ebb_scores *s) {
  json_t *matrix = json_array();
  for (size_t k = 0; k < s->outputs; k++) {
    json_t *row = json_array();
    for (size_t j = 0; j < s->outputs; j++)
      json_array_append_new(row, json_integer((json_int_t)s->confusion[k * s->outputs + j]));
    json_array_append_new(matrix, row);
  }
  return matrix;
}

static void put_classes(json_t *object, const ebb_scores *s, const ebb_encoder *encoder) {
  json_t *list = json_array();
  score_name text;
  put(object, "baseline_class",
      json_text(scores_class_name(&text, encoder, (size_t)s->baseline_class)));
  put(object, "macro", class_json(&s->macro));
  put(object, "weighted", class_json(&s->weighted));
  for (size_t k = 0; k < s->outputs; k++) {
    json_t *entry = json_pack("{s:o}", "name", json_text(scores_class_name(&text, encoder, k)));
    put_class(entry, &s->classes[k]);
    json_array_append_new(list, entry);
  }
  put(object, "classes", list);
  if (s->confusion) put(object, "confusion_matrix", matrix_json(s));
}

static void put_label(json_t *object, const ebb_label_scores *l) {
  put_number(object, "accuracy", l->accuracy);
  put_number(object, "log_loss", l->log_loss);
  put_number(object, "roc_auc", l->roc_auc);
  put_number(object, "average_precision", l->average_precision);
  put_class(object, &l->one);
}

static void put_targets(json_t *object, const scored *x, const ebb_encoder *encoder) {
  const ebb_scores *s = &x->scores;
  json_t *list = json_array();
  score_name text;
  for (size_t k = 0; k < s->outputs; k++) {
    const ebb_value_scores *t = &s->targets[k];
    json_t *entry = json_pack("{s:o}", "name", json_text(scores_target_name(&text, encoder, k)));
    put_number(entry, "mse", t->mse);
    put_number(entry, "rmse", t->rmse);
    put_number(entry, "mae", t->mae);
    put_number(entry, "median_ae", t->median_ae);
    put_number(entry, "r2", t->r2);
    put_number(entry, "baseline_rmse", t->baseline_rmse);
    if (x->labels) put_label(entry, &x->labels[k]);
    json_array_append_new(list, entry);
  }
  if (x->labels) put(object, "macro", class_json(&x->mean.one));
  put(object, "targets", list);
}

static json_t *warnings_json(unsigned warnings) {
  json_t *list = json_array();
  if (warnings & EBB_SCORES_NEVER_PREDICTED)
    json_array_append_new(list, json_string("a class is never predicted"));
  if (warnings & EBB_SCORES_NO_BETTER)
    json_array_append_new(list, json_string("the model does not beat the baseline"));
  if (warnings & EBB_SCORES_ONE_CLASS)
    json_array_append_new(list, json_string("all rows are of one class"));
  return list;
}

void scores_put(json_t *object, const scored *x, const ebb_encoder *encoder) {
  const ebb_scores *s = &x->scores;
  put(object, "part", json_string(x->part));
  put(object, "trained_on", json_boolean(x->trained_on));
  put(object, "samples", json_integer((json_int_t)s->rows));
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
    if (figures[i].task == s->task) put_number(object, figures[i].key, score_value(x, &figures[i]));
  for (size_t f = 0; f < EBB_LOSS_SCORES && x->own[f].name[0]; f++)
    put_number(object, x->own[f].name, x->own[f].value);
  put(object, "warnings", warnings_json(s->warnings));
  if (s->task == EBB_TASK_CLASSIFICATION)
    put_classes(object, s, encoder);
  else
    put_targets(object, x, encoder);
}
