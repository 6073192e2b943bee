/* Scores as text: one line for programs, then tables for people.
 *
 * Names come from files and are truncated to their column. More than SHOWN classes are left to
 * --json: nobody reads such a table.
 */
#include "scores_print.h"

#include "output.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

enum { SHOWN = 20, LABEL = 34, NAME = 18, COLUMN = 12 };

void scores_print_line(FILE *stream, const scored *x) {
  const ebb_scores *s = &x->scores;
  if (s->task == EBB_TASK_REGRESSION)
    fprintf(stream, "mse %.6g  r2 %.4f  samples %zu\n", s->mean.mse, s->mean.r2, s->rows);
  else
    fprintf(stream, "loss %.6g  accuracy %.2f %%  samples %zu\n", x->loss, 100 * s->accuracy,
            s->rows);
}

static const char *part_title(const scored *x) {
  static const char *const titles[][3] = {{"valid", "validation", "validation *"},
                                          {"train", "training", "training *"},
                                          {"test", "test", "test *"}};
  for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
    if (strcmp(titles[i][0], x->part) == 0) return titles[i][1 + x->trained_on];
  return x->trained_on ? "all *" : "all";
}

static void print_figure(FILE *stream, double value, score_form form) {
  char text[32];
  if (isnan(value))
    snprintf(text, sizeof text, "-");
  else if (form == SCORE_PERCENT)
    snprintf(text, sizeof text, "%.2f %%", 100 * value);
  else
    snprintf(text, sizeof text, form == SCORE_FRACTION ? "%.4f" : "%.5g", value);
  fprintf(stream, " %*s", COLUMN, text);
}

static bool is_there(const scored *parts, size_t count, const score_figure *figure) {
  for (size_t i = 0; i < count; i++)
    if (!isnan(score_value(&parts[i], figure))) return true;
  return false;
}

static void print_figures(FILE *stream, const scored *parts, size_t count) {
  size_t rows;
  const score_figure *figures = score_figures(&rows);
  bool marked = false;
  for (size_t i = 0; i < count; i++) marked |= parts[i].trained_on;
  if (marked || count > 1) {
    fprintf(stream, "%-*s", LABEL, "");
    for (size_t i = 0; i < count; i++) fprintf(stream, " %*s", COLUMN, part_title(&parts[i]));
    fputc('\n', stream);
  }
  for (size_t f = 0; f < rows; f++) {
    const score_figure *figure = &figures[f];
    if (figure->task != parts->scores.task || !figure->label || !is_there(parts, count, figure))
      continue;
    fprintf(stream, "%-*s", LABEL, figure->label);
    for (size_t i = 0; i < count; i++)
      print_figure(stream, score_value(&parts[i], figure), figure->form);
    fputc('\n', stream);
  }
  for (size_t f = 0; f < EBB_LOSS_SCORES && parts->own[f].text[0]; f++) {
    fprintf(stream, "%-*s", LABEL, parts->own[f].text);
    for (size_t i = 0; i < count; i++) print_figure(stream, parts[i].own[f].value, SCORE_NUMBER);
    fputc('\n', stream);
  }
  if (marked)
    fputs("* the model was trained on these rows, or on some of them: new rows fare worse\n",
          stream);
}

static void print_class(FILE *stream, const char *name, const ebb_class_scores *c) {
  print_name(stream, name, NAME, true);
  fprintf(stream, " %9.4f %9.4f %9.4f %9zu %9zu\n", c->precision, c->recall, c->f1, c->support,
          c->predicted);
}

static void print_classes(FILE *stream, const ebb_scores *s, const ebb_encoder *encoder) {
  score_name text;
  fprintf(stream, "\n%-*s %9s %9s %9s %9s %9s\n", NAME, "class", "precision", "recall", "F1",
          "support", "predicted");
  for (size_t k = 0; k < s->outputs && s->outputs <= SHOWN; k++)
    print_class(stream, scores_class_name(&text, encoder, k), &s->classes[k]);
  print_class(stream, "mean", &s->macro);
  print_class(stream, "mean by support", &s->weighted);
}

/* Wide enough for the largest count, and for names as far as there is room. */
static size_t matrix_column(const ebb_scores *s, const ebb_encoder *encoder) {
  size_t width = 1, most = s->outputs <= 8 ? 8 : 4;
  for (size_t k = 0; k < s->outputs; k++) {
    score_name text;
    size_t name = characters(scores_class_name(&text, encoder, k));
    if (name > width) width = name < most ? name : most;
  }
  for (size_t i = 0; i < s->outputs * s->outputs; i++) {
    size_t digits = (size_t)snprintf(NULL, 0, "%zu", s->confusion[i]);
    if (digits > width) width = digits;
  }
  return width < 3 ? 3 : width;
}

static void print_matrix(FILE *stream, const ebb_scores *s, const ebb_encoder *encoder) {
  size_t width = matrix_column(s, encoder);
  score_name text;
  fprintf(stream, "\n%-*s", NAME, "true \\ predicted");
  for (size_t k = 0; k < s->outputs; k++) {
    fputc(' ', stream);
    print_name(stream, scores_class_name(&text, encoder, k), width, false);
  }
  fputc('\n', stream);
  for (size_t k = 0; k < s->outputs; k++) {
    print_name(stream, scores_class_name(&text, encoder, k), NAME, true);
    for (size_t j = 0; j < s->outputs; j++)
      fprintf(stream, " %*zu", (int)width, s->confusion[k * s->outputs + j]);
    fputc('\n', stream);
  }
}

static void print_target(FILE *stream, const char *name, const ebb_value_scores *t) {
  print_name(stream, name, NAME, true);
  const double numbers[] = {t->r2, t->rmse, t->baseline_rmse, t->mae, t->median_ae};
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
    print_figure(stream, numbers[i], SCORE_NUMBER);
  fputc('\n', stream);
}

static void print_targets(FILE *stream, const ebb_scores *s, const ebb_encoder *encoder) {
  score_name text;
  fprintf(stream, "\n%-*s %*s %*s %*s %*s %*s\n", NAME, "target", COLUMN, "R2", COLUMN, "RMSE",
          COLUMN, "of the mean", COLUMN, "MAE", COLUMN, "median AE");
  for (size_t k = 0; k < s->outputs; k++)
    print_target(stream, scores_target_name(&text, encoder, k), &s->targets[k]);
  print_target(stream, "mean", &s->mean);
}

static void print_label(FILE *stream, const char *name, const ebb_label_scores *l) {
  print_name(stream, name, NAME, true);
  fprintf(stream, " %9.4f %9.4f %9.4f %9.4f", l->accuracy, l->one.precision, l->one.recall,
          l->one.f1);
  print_figure(stream, l->roc_auc, SCORE_FRACTION);
  print_figure(stream, l->average_precision, SCORE_FRACTION);
  fprintf(stream, " %9zu\n", l->one.support);
}

static void print_labels(FILE *stream, const scored *x, const ebb_encoder *encoder) {
  score_name text;
  fprintf(stream, "\n%-*s %9s %9s %9s %9s %*s %*s %9s\n", NAME, "target", "accuracy", "precision",
          "recall", "F1", COLUMN, "ROC AUC", COLUMN, "average pr.", "ones");
  for (size_t k = 0; k < x->scores.outputs; k++)
    print_label(stream, scores_target_name(&text, encoder, k), &x->labels[k]);
  print_label(stream, "mean", &x->mean);
}

void scores_print(FILE *stream, const scored *parts, size_t count, const ebb_encoder *encoder) {
  const ebb_scores *s = &parts->scores;
  print_figures(stream, parts, count);
  if (s->task == EBB_TASK_REGRESSION) {
    if (parts->labels)
      print_labels(stream, parts, encoder);
    else if (s->outputs > 1)
      print_targets(stream, s, encoder);
    return;
  }
  print_classes(stream, s, encoder);
  if (s->outputs <= SHOWN && isatty(fileno(stream)) == 1) print_matrix(stream, s, encoder);
}
