/* Warnings about scores: what would make a good figure meaningless. */
#include "scores_print.h"

#include "output.h"

#include <string.h>

/* Appends `, "name"`, or `"name"` for the first. Returns false if there is no room left. */
static bool append_name(char *text, size_t size, const char *name) {
  size_t length = strlen(text);
  const char *comma = length ? ", " : "";
  if (length + strlen(comma) + strlen(name) + 8 > size) return false;
  snprintf(text + length, size - length, "%s\"%s\"", comma, name);
  return true;
}

static void warn_of_classes(const ebb_scores *x, const ebb_encoder *encoder) {
  char list[160] = "";
  size_t count = 0, rows = 0;
  bool all = true;
  for (size_t k = 0; k < x->outputs; k++) {
    const ebb_class_scores *c = &x->classes[k];
    if (c->support == 0 || c->predicted > 0) continue;
    score_name text;
    all = all && append_name(list, sizeof list, scores_class_name(&text, encoder, k));
    count++;
    rows += c->support;
  }
  remark("warning  never predicted, though %zu rows of %zu are of %s: %s%s", rows, x->rows,
         count == 1 ? "this class" : "these classes", list,
         all       ? ""
         : list[0] ? ", …"
                   : "long names");
}

static void warn_of_baseline(const ebb_scores *x, const ebb_encoder *encoder) {
  score_name text;
  if (x->task == EBB_TASK_CLASSIFICATION)
    remark("warning  the model does not beat always guessing the commonest class, \"%.40s\": it is "
           "right in %.2f %% of the rows, the guess in %.2f %%",
           scores_class_name(&text, encoder, (size_t)x->baseline_class), 100 * x->accuracy,
           100 * x->baseline_accuracy);
  for (size_t k = 0; x->targets && k < x->outputs; k++) {
    const ebb_value_scores *t = &x->targets[k];
    if (t->rmse < t->baseline_rmse || !(t->rmse > 0)) continue;
    remark(
        "warning  the model does not beat always guessing the mean of target \"%.40s\": its root "
        "mean square error is %.5g, the error of that guess %.5g",
        scores_target_name(&text, encoder, k), t->rmse, t->baseline_rmse);
  }
}

static void warn_of_one_class(const ebb_scores *x, const ebb_encoder *encoder) {
  score_name text;
  size_t class = 0;
  while (class + 1 < x->outputs && x->classes[class].support == 0) class ++;
  remark(
      "warning  all %zu rows are of one class, \"%.40s\", of %zu: the figures say nothing of the "
      "others",
      x->rows, scores_class_name(&text, encoder, class), x->outputs);
}

void scores_warn(const scored *x, const ebb_encoder *encoder) {
  if (x->scores.warnings & EBB_SCORES_ONE_CLASS) warn_of_one_class(&x->scores, encoder);
  if (x->scores.warnings & EBB_SCORES_NEVER_PREDICTED) warn_of_classes(&x->scores, encoder);
  if (x->scores.warnings & EBB_SCORES_NO_BETTER) warn_of_baseline(&x->scores, encoder);
}
