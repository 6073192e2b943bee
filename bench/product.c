/* Operands and the double-precision check.
 *
 * Small results are checked completely, large ones at a thousand places that match no tile size,
 * including the corners. Terms are random with both signs, so partial sums grow with the root of
 * their number, and a sum's rounding error is about u k / 2 times the terms' root mean square, u
 * being the unit roundoff, or less if the order is not sequential. The bound is 32 times that: a
 * missing or doubled term breaks it, while the worst-case bound k u sum|a||b| would hide one from k
 * = 4000 on.
 */
#include "product.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 1021 };

void product_create(product *p, const char *layout, size_t m, size_t n, size_t k) {
  *p = (product){.layout = layout,
                 .transpose_a = layout[0] == 't',
                 .transpose_b = layout[1] == 't',
                 .m = m,
                 .n = n,
                 .k = k};
  p->a = bench_alloc(m * k * sizeof(float));
  p->b = bench_alloc(k * n * sizeof(float));
  p->c = bench_alloc(m * n * sizeof(float));
  bench_random(p->a, m * k, 1);
  bench_random(p->b, k * n, 2);
}

void product_free(product *p) {
  free(p->a);
  free(p->b);
  free(p->c);
}

static bool element_is_right(const product *p, float got, size_t i, size_t j, double *want) {
  double sum = 0, squares = 0;
  for (size_t t = 0; t < p->k; t++) {
    double x = p->transpose_a ? p->a[t * p->m + i] : p->a[i * p->k + t];
    double y = p->transpose_b ? p->b[j * p->k + t] : p->b[t * p->n + j];
    sum += x * y;
    squares += x * y * x * y;
  }
  *want = sum;
  return fabs(got - sum) <= 16 * 0x1p-24 * sqrt((double)p->k * squares);
}

bool product_check(char *what, size_t size, const product *p, const float *c) {
  size_t count = p->m * p->n, step = count <= 4 * PLACES ? 1 : count / PLACES;
  for (size_t at = 0; at < count + step; at += step) {
    size_t place = at < count ? at : count - 1; /* includes the last corner */
    double want;
    if (element_is_right(p, c[place], place / p->n, place % p->n, &want)) continue;
    snprintf(what, size, "%s %zux%zux%zu: element [%zu, %zu] is %g, not %g", p->layout, p->m, p->n,
             p->k, place / p->n, place % p->n, (double)c[place], want);
    return false;
  }
  return true;
}
