/* Scores of the ranking by probability: ROC AUC and average precision, one class against all
 * others.
 *
 * For each class k its own n_k rows are sorted; every other row is then placed among them by binary
 * search. A class takes n log n_k steps, and all classes together need memory for the rows once.
 * Sorting all rows for each class was rejected: 1,000 classes would need a thousand sorts of all
 * rows. Equal probabilities are one threshold.
 */
#include "scores.h"

#include "base/error.h"

#include <math.h>
#include <stdlib.h>

/* Class k's own rows are [begin[k], begin[k + 1]) of the arrays; `above` has one more element for
 * each class. */
typedef struct ranking {
  const ebbi_outputs *x;
  size_t first;  /* first class that is ranked: with two classes only class 1 */
  size_t *begin; /* [classes + 1] */
  double *own;   /* [rows]: probability of the row's own class, ascending within each class */
  size_t *equal; /* [rows]: other rows with this probability, counted at the first of equal rows */
  size_t *above; /* [rows + classes]: other rows between own rows i - 1 and i */
} ranking;

static int ascending(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

/* Returns how many of the sorted values are below x. */
static size_t count_below(const double *sorted, size_t count, double x) {
  size_t at = 0;
  while (count > 0) {
    size_t half = count / 2;
    bool below = sorted[at + half] < x;
    at = below ? at + half + 1 : at;
    count = below ? count - half - 1 : half;
  }
  return at;
}

static void sort_own(ranking *r, double *p) {
  const ebbi_outputs *x = r->x;
  for (size_t i = 0; i < x->rows; i++) r->begin[x->labels[i] + 1]++;
  for (size_t k = 0; k < x->classes; k++) r->begin[k + 1] += r->begin[k];
  for (size_t i = 0; i < x->rows; i++) { /* moves begin[k] to the end of class k */
    size_t label = (size_t)x->labels[i];
    ebbi_softmax(p, x->logits + i * x->classes, x->classes, label);
    r->own[r->begin[label]++] = p[label];
  }
  for (size_t k = x->classes; k > 0; k--) r->begin[k] = r->begin[k - 1]; /* moves it back */
  r->begin[0] = 0;
  for (size_t k = r->first; k < x->classes; k++)
    qsort(r->own + r->begin[k], r->begin[k + 1] - r->begin[k], sizeof *r->own, ascending);
}

static void place_others(ranking *r, double *p) {
  const ebbi_outputs *x = r->x;
  for (size_t i = 0; i < x->rows; i++) {
    size_t label = (size_t)x->labels[i];
    ebbi_softmax(p, x->logits + i * x->classes, x->classes, label);
    for (size_t k = r->first; k < x->classes; k++) {
      if (k == label) continue;
      size_t start = r->begin[k], count = r->begin[k + 1] - start;
      size_t below = count_below(r->own + start, count, p[k]);
      bool tied = below < count && r->own[start + below] == p[k];
      (tied ? r->equal + start : r->above + start + k)[below]++;
    }
  }
}

/* Adds class k's two figures, starting with its most probable rows: at each threshold, `hits` own
 * rows and `others` other rows are at or above it. */
static void add_class(double *auc, double *precision, const ranking *r, size_t k) {
  const double *own = r->own + r->begin[k];
  const size_t *equal = r->equal + r->begin[k], *above = r->above + r->begin[k] + k;
  size_t count = r->begin[k + 1] - r->begin[k], others = above[count];
  double rest = (double)(r->x->rows - count), area = 0, sum = 0;
  for (size_t end = count, start; end > 0; end = start) {
    for (start = end - 1; start > 0 && own[start - 1] == own[end - 1];) start--;
    double steps = (double)(end - start), hits = (double)(count - start);
    others += equal[start];
    area += steps * (rest - (double)others + (double)equal[start] / 2);
    sum += steps * hits / (hits + (double)others);
    others += above[start];
  }
  *auc += area / ((double)count * rest); /* NaN (0 / 0) if there are no other rows */
  *precision += count ? sum / (double)count : 0;
}

static void rank(ebb_scores *out, ranking *r, double *p) {
  size_t classes = r->x->classes;
  double auc = 0, precision = 0, ranked = (double)(classes - r->first);
  sort_own(r, p);
  place_others(r, p);
  for (size_t k = r->first; k < classes; k++) add_class(&auc, &precision, r, k);
  out->roc_auc = auc / ranked;
  out->average_precision = precision / ranked;
}

ebb_status ebbi_scores_rank(ebb_scores *out, const ebbi_outputs *x, double *p) {
  ranking r = {.x = x, .first = x->classes == 2};
  r.begin = calloc(x->classes + 1, sizeof *r.begin);
  r.own = calloc(x->rows, sizeof *r.own);
  r.equal = calloc(x->rows, sizeof *r.equal);
  r.above = calloc(x->rows + x->classes, sizeof *r.above);
  bool good = r.begin && r.own && r.equal && r.above;
  if (good) rank(out, &r, p);
  free(r.begin);
  free(r.own);
  free(r.equal);
  free(r.above);
  REQUIRE(good, EBB_ERR_MEMORY, "no memory to rank %zu rows", x->rows);
  return EBB_OK;
}
