/* Operands, the double-precision check, and the products of training as cases.
 *
 * Small results are checked completely, large ones at a thousand places that match no tile size,
 * including the corners. Terms are random with both signs, so partial sums grow with the root of
 * their number, and a sum's rounding error is about u k / 2 times the terms' root mean square, u
 * being the unit roundoff, or less if the order is not sequential. The bound is 32 times that: a
 * missing or doubled term breaks it, while the worst-case bound k u sum|a||b| would hide one from k
 * = 4000 on. A tensor core's sums may be cut off instead of rounded, which doubles the bound.
 */
#include "product.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PLACES = 1021 };

static float *make_operand(size_t count, uint32_t seed, ebb_precision precision) {
  float *values = bench_alloc(count * sizeof *values);
  bench_random(values, count, seed);
  for (size_t i = 0; precision != EBB_PRECISION_FP32 && i < count; i++)
    values[i] = ebb_precision_round(precision, values[i]);
  return values;
}

void product_create(product *p) {
  p->transpose_a = p->layout[0] == 't';
  p->transpose_b = p->layout[1] == 't';
  p->a = make_operand(p->m * p->k, 1, p->precision);
  p->b = make_operand(p->k * p->n, 2, p->precision);
  p->c = bench_alloc(p->m * p->n * sizeof(float));
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
  double times = p->precision == EBB_PRECISION_FP32 ? 16 : 32;
  return fabs(got - sum) <= times * 0x1p-24 * sqrt((double)p->k * squares);
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

void product_run(bench *b, const char *group, const char *name, size_t batch, product p) {
  double m = (double)p.m, n = (double)p.n, k = (double)p.k;
  bench_case c = {.group = group,
                  .name = name,
                  .layout = p.layout,
                  .optimizer = "",
                  .m = p.m,
                  .n = p.n,
                  .k = p.k,
                  .batch = batch,
                  .flops = 2 * m * n * k,
                  .bytes = 4 * (m * k + k * n + m * n),
                  .problem = &p};
  if (!bench_wants(b, name) || bench_has(b, &c)) return;
  product_create(&p);
  bench_run(b, &c);
  product_free(&p);
}

static void run_layer(bench *b, const char *group, const char *name, const ebb_spec *spec, size_t l,
                      size_t batch, ebb_precision precision) {
  size_t in = ebb_spec_cols(spec, l), out = ebb_spec_cols(spec, l + 1);
  bool repeated = l > 0 && ebb_spec_cols(spec, l - 1) == in && in == out;
  char whole[128];
  snprintf(whole, sizeof whole, "%s b%zu L%zu", name, batch, l + 1);
  product forward = {.layout = "nn", .precision = precision, .m = batch, .n = out, .k = in};
  product weights = {.layout = "tn", .precision = precision, .m = in, .n = out, .k = batch};
  product inputs = {.layout = "nt", .precision = precision, .m = batch, .n = in, .k = out};
  if (!repeated) {
    product_run(b, group, whole, batch, forward);
    product_run(b, group, whole, batch, weights);
  }
  if (l > 0 && !(repeated && l > 1)) product_run(b, group, whole, batch, inputs);
}

void product_run_layers(bench *b, const char *group, const char *name, const char *network,
                        size_t batch, ebb_precision precision) {
  ebb_spec spec;
  bench_must(ebb_spec_parse(&spec, network, 0, 0));
  for (size_t l = 0; l < spec.count; l++) run_layer(b, group, name, &spec, l, batch, precision);
}
