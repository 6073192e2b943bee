/* Mean and deviation of numbers of any magnitude.
 *
 * Squares of 1e200 overflow and squares of 1e-200 vanish, so numbers are multiplied by powers of
 * two, which does not round: a fixed power for the sum, and for the squares a power that brings the
 * largest number to about 1. The second pass also corrects the mean by the remaining sum of
 * differences (Chan, Golub, LeVeque, "Algorithms for computing the sample variance", 1983).
 */
#include "data/moments.h"

#include <math.h>
#include <stdlib.h>

/* The sum of 2^31 numbers of any size stays finite. */
#define SUM_SCALE 0x1p-64

void ebbi_moments_begin(ebbi_moments *m) {
  *m = (ebbi_moments){.low = INFINITY, .high = -INFINITY};
}

void ebbi_moments_see(ebbi_moments *m, const double *values, size_t count) {
  double low = m->low, high = m->high, sum = m->sum;
  size_t there = 0;
  for (size_t i = 0; i < count; i++) {
    if (isnan(values[i])) continue;
    low = values[i] < low ? values[i] : low;
    high = values[i] > high ? values[i] : high;
    sum += values[i] * SUM_SCALE;
    there++;
  }
  m->low = low;
  m->high = high;
  m->sum = sum;
  m->count += there;
  m->missing += count - there;
}

void ebbi_moments_turn(ebbi_moments *m) {
  if (m->count == 0) return;
  frexp(fmax(fabs(m->low), fabs(m->high)), &m->exponent);
  if (m->exponent < -1000) m->exponent = -1000; /* 2^1000 is finite, 2^1074 is not */
  m->scale = ldexp(1, -m->exponent);
  m->pivot = m->sum / (double)m->count / SUM_SCALE * m->scale;
}

void ebbi_moments_see_again(ebbi_moments *m, const double *values, size_t count) {
  double scale = m->scale, pivot = m->pivot, first = m->first, second = m->second;
  for (size_t i = 0; i < count; i++) {
    if (isnan(values[i])) continue;
    double difference = values[i] * scale - pivot;
    first += difference;
    second += difference * difference;
  }
  m->first = first;
  m->second = second;
}

void ebbi_moments_end(ebbi_moments *m) {
  double count = (double)m->count, rest = m->first / count;
  double deviation = ldexp(sqrt(fmax(m->second / count - rest * rest, 0)), m->exponent);
  m->mean = m->low == m->high ? m->low : ldexp(m->pivot + rest, m->exponent);
  m->deviation = m->low == m->high || deviation == 0 ? 1 : deviation;
}

static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

double ebbi_median(double *numbers, size_t count) {
  qsort(numbers, count, sizeof *numbers, compare);
  return numbers[(count - 1) / 2] * 0.5 + numbers[count / 2] * 0.5;
}

double ebbi_quantile(const double *sorted, size_t count, double part) {
  double place = part * (double)(count - 1);
  size_t below = (size_t)place, above = below + 1 < count ? below + 1 : below;
  double weight = place - (double)below;
  return sorted[below] * (1 - weight) + sorted[above] * weight;
}

double ebbi_commonest(double *numbers, size_t count) {
  double best = 0;
  size_t longest = 0, run = 0;
  qsort(numbers, count, sizeof *numbers, compare);
  for (size_t i = 0; i < count; i++) {
    run = i > 0 && numbers[i] == numbers[i - 1] ? run + 1 : 1;
    if (run <= longest) continue;
    longest = run;
    best = numbers[i];
  }
  return best;
}
