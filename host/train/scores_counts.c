/* Scores that count predicted and correct classes.
 *
 * A class is predicted by its logit instead of its probability: logits may be so close, or so low,
 * that their probabilities are equal in double precision. `ebb predict` uses logits as well.
 */
#include "scores.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>

enum { TOP = 5, TOP_ABOVE = 10 /* with fewer classes, the top five mean little */ };

static size_t largest_of(const float *z, size_t count) {
  size_t best = 0;
  for (size_t k = 1; k < count; k++)
    if (z[k] > z[best]) best = k;
  return best;
}

/* Of equal logits the later class ranks first, as in scikit-learn's top_k_accuracy_score. */
static bool is_in_top(const float *z, size_t count, size_t label) {
  size_t before = 0;
  for (size_t k = 0; k < count; k++) before += z[k] > z[label] || (z[k] == z[label] && k > label);
  return before < TOP;
}

static double ratio(double part, double whole) {
  return whole > 0 ? part / whole : 0;
}

/* Weights of the rows by class; with no weights, their numbers. */
typedef struct sums {
  double *right, *said; /* [classes]: correct rows; rows predicted to be in the class */
} sums;

static void add(ebb_class_scores *sum, const ebb_class_scores *c, double weight) {
  sum->precision += weight * c->precision;
  sum->recall += weight * c->recall;
  sum->f1 += weight * c->f1;
}

/* Computes the ratios of each class and their means. */
static void summarise(ebb_scores *out, const sums *s, double weight) {
  size_t occur = 0, seen = 0;
  for (size_t k = 0; k < out->outputs; k++) {
    const ebb_class_scores *c = &out->classes[k];
    occur += c->weight > 0;
    seen += c->weight > 0 || s->said[k] > 0;
  }
  if (occur == 1 && out->outputs > 1) out->warnings |= EBB_SCORES_ONE_CLASS;
  out->macro = out->weighted =
      (ebb_class_scores){.support = out->rows, .predicted = out->rows, .weight = weight};
  for (size_t k = 0; k < out->outputs; k++) {
    ebb_class_scores *c = &out->classes[k];
    c->precision = ratio(s->right[k], s->said[k]);
    c->recall = ratio(s->right[k], c->weight);
    c->f1 = ratio(2 * s->right[k], c->weight + s->said[k]);
    out->balanced_accuracy += c->recall / (double)occur;
    add(&out->macro, c, 1 / (double)seen);
    add(&out->weighted, c, ratio(c->weight, weight));
    if (c->support > 0 && c->predicted == 0) out->warnings |= EBB_SCORES_NEVER_PREDICTED;
  }
}

static void tally(ebb_scores *out, const sums *s, const ebbi_outputs *x) {
  double all_right = 0, in_top = 0;
  for (size_t i = 0; i < x->rows; i++) {
    const float *z = x->logits + i * x->classes;
    size_t label = (size_t)x->labels[i], said = largest_of(z, x->classes);
    double weight = ebbi_row_weight(x->weights, i);
    out->classes[label].support++;
    out->classes[label].weight += weight;
    out->classes[said].predicted++;
    s->said[said] += weight;
    if (out->confusion) out->confusion[label * x->classes + said]++;
    if (said == label) s->right[label] += weight;
    if (said == label) all_right += weight;
    if (x->classes > TOP_ABOVE && is_in_top(z, x->classes, label)) in_top += weight;
  }
  out->accuracy = ratio(all_right, x->weight);
  out->top5_accuracy = x->classes > TOP_ABOVE ? ratio(in_top, x->weight) : NAN;
}

ebb_status ebbi_scores_count(ebb_scores *out, const ebbi_outputs *x) {
  bool matrix = x->classes <= EBB_CONFUSION_MAX;
  double *both = calloc(2 * x->classes, sizeof *both);
  if (matrix) out->confusion = calloc(x->classes * x->classes, sizeof *out->confusion);
  if (!both || (matrix && !out->confusion)) {
    free(both);
    return ebbi_fail(EBB_ERR_MEMORY, "no memory for the counts of %zu classes", x->classes);
  }
  const sums s = {both, both + x->classes};
  tally(out, &s, x);
  summarise(out, &s, x->weight);
  free(both);
  return EBB_OK;
}
