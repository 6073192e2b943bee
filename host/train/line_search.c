/* Line search: Nocedal and Wright, Numerical Optimization, 2nd ed., algorithms 3.5 and 3.6, with
 * the limits that PyTorch's L-BFGS has. First the step grows until it ends, or until two points
 * enclose good steps; then this bracket shrinks. A point whose numbers are not finite counts as
 * infinitely high.
 */
#include "line_search.h"

#include "base/error.h"

#include <math.h>

/* Least decrease and largest slope that is left, as parts of the slope at the start; the least
 * width of a bracket; a bracket's part that is too near to its ends. */
static const double DECREASE = 1e-4, CURVATURE = 0.9, LEAST_WIDTH = 1e-9, EDGE = 0.1;
/* A growing step becomes longer by at least LEAST_GROWTH of its last growth, and at most
 * MOST_GROWTH times as long. */
static const double LEAST_GROWTH = 0.01, MOST_GROWTH = 10;

typedef struct search {
  const ebbi_line *line;
  size_t tries;
  bool done;                 /* `low` satisfies both conditions */
  ebbi_line_point low, high; /* the bracket; low has the lower value */
} search;

static ebb_status find(search *s, ebbi_line_point *at, double t) {
  at->t = t;
  TRY(s->line->find(s->line->context, at));
  if (!isfinite(at->value) || !isfinite(at->slope)) at->value = INFINITY, at->slope = 0;
  return EBB_OK;
}

static bool is_too_high(const search *s, const ebbi_line_point *at) {
  const ebbi_line_point *start = &s->line->start;
  return at->value > start->value + DECREASE * at->t * start->slope;
}

static bool is_flat(const search *s, const ebbi_line_point *at) {
  return fabs(at->slope) <= -CURVATURE * s->line->start.slope;
}

/* The bracket of two points, the first of which was found before. */
static void enclose(search *s, ebbi_line_point a, ebbi_line_point b) {
  bool rises = a.value <= b.value;
  s->low = rises ? a : b;
  s->high = rises ? b : a;
}

/* The minimum of the cubic that has the values and slopes of two points, within limits; their
 * middle if there is none. */
static double cubic_minimum(ebbi_line_point a, ebbi_line_point b, double least, double most) {
  if (a.t > b.t) {
    const ebbi_line_point left = b;
    b = a;
    a = left;
  }
  double bend = a.slope + b.slope - 3 * (a.value - b.value) / (a.t - b.t);
  double root = sqrt(bend * bend - a.slope * b.slope); /* NaN: no minimum */
  double t = b.t - (b.t - a.t) * (b.slope + root - bend) / (b.slope - a.slope + 2 * root);
  return isfinite(t) ? fmin(fmax(t, least), most) : (least + most) / 2;
}

static ebb_status grow(search *s, double first) {
  ebbi_line_point before = s->line->start, at;
  TRY(find(s, &at, first));
  for (; s->tries < s->line->tries; s->tries++) {
    bool rises = is_too_high(s, &at) || (s->tries > 1 && at.value >= before.value);
    s->done = !rises && is_flat(s, &at);
    enclose(s, before, at);
    if (s->done) s->low = at;
    if (rises || s->done || at.slope >= 0) return EBB_OK;
    double least = at.t + LEAST_GROWTH * (at.t - before.t), most = MOST_GROWTH * at.t;
    double t = cubic_minimum(before, at, least, most);
    before = at;
    TRY(find(s, &at, t));
  }
  enclose(s, s->line->start, at);
  return EBB_OK;
}

/* The next point within the bracket. A point near an end is accepted once; then the search keeps
 * its distance from this end. */
static double choose(const search *s, bool *near_end) {
  double least = fmin(s->low.t, s->high.t), most = fmax(s->low.t, s->high.t);
  double t = cubic_minimum(s->low, s->high, least, most), edge = EDGE * (most - least);
  bool is_near = fmin(most - t, t - least) < edge;
  if (is_near && (*near_end || t >= most || t <= least)) {
    *near_end = false;
    return most - t < t - least ? most - edge : least + edge;
  }
  *near_end = is_near;
  return t;
}

static ebb_status shrink(search *s) {
  bool near_end = false;
  for (; !s->done && s->tries < s->line->tries; s->tries++) {
    ebbi_line_point at;
    if (fabs(s->high.t - s->low.t) * s->line->length < LEAST_WIDTH) return EBB_OK;
    TRY(find(s, &at, choose(s, &near_end)));
    if (is_too_high(s, &at) || at.value >= s->low.value) {
      enclose(s, s->low, at);
      continue;
    }
    s->done = is_flat(s, &at);
    if (!s->done && at.slope * (s->high.t - s->low.t) >= 0) s->high = s->low;
    s->low = at;
  }
  return EBB_OK;
}

ebb_status ebbi_line_search(ebbi_line_point *out, bool *whole, const ebbi_line *line, double t) {
  search s = {.line = line};
  TRY(grow(&s, t));
  TRY(shrink(&s));
  *out = s.low;
  *whole = s.done || s.tries < line->tries;
  return EBB_OK;
}
