/* Flops and bytes of every kernel, as in the table of kernels/README.md.
 *
 * Bytes count what must move at least once, as with perfect caches. A fused multiply-add is 2
 * flops, a transcendental function none. Work is that of a full batch, since only the device knows
 * whether an epoch's last batch is shorter. The shape lists the sizes on which a kernel's time
 * depends.
 */
#include "work.h"

#include "loss_row.h"
#include "ops.h"
#include "optimizer_row.h"

static ebbi_work of(size_t x, size_t y, size_t z, double flops, double bytes) {
  return (ebbi_work){{x, y, z}, flops, bytes};
}

static double area(size_t rows, size_t cols) {
  return (double)rows * (double)cols;
}

ebbi_work ebbi_work_product(size_t rows, size_t cols, size_t depth) {
  return of(rows, cols, depth, 2 * area(rows, cols) * (double)depth,
            4 * (area(rows, depth) + area(depth, cols) + area(rows, cols)));
}

void ebbi_work_add_f(ebbi_work *product, bool bias, bool keeps_z) {
  double c = area(product->shape[0], product->shape[1]);
  product->flops += bias ? c : 0;
  product->bytes += (bias ? 4 * (double)product->shape[1] : 0) + (keeps_z ? 4 * c : 0);
}

void ebbi_work_add_sums(ebbi_work *product) {
  product->flops += area(product->shape[2], product->shape[1]);
  product->bytes += 4 * (double)product->shape[1];
}

void ebbi_work_add_slope(ebbi_work *product) {
  double c = area(product->shape[0], product->shape[1]);
  product->flops += c;
  product->bytes += 4 * c;
}

ebbi_work ebbi_work_slices(size_t slices, size_t rows, size_t cols) {
  double c = area(rows + 1, cols);
  return of(rows, cols, slices, (double)slices * c, 4 * (double)(slices + 1) * c);
}

ebbi_work ebbi_work_activation(size_t rows, size_t cols) {
  return of(rows, cols, 0, area(rows, cols), 12 * area(rows, cols));
}

ebbi_work ebbi_work_column_sums(size_t rows, size_t cols) {
  return of(rows, cols, 0, area(rows, cols), 4 * area(rows, cols));
}

ebbi_work ebbi_work_loss(ebb_loss loss, size_t rows, size_t cols) {
  const ebbi_loss_row *row = ebbi_loss_row_of(loss.kind);
  return of(rows, cols, 0, row->flops * area(rows, cols), row->bytes * area(rows, cols));
}

ebbi_work ebbi_work_metrics(size_t groups) {
  return of(groups, 0, 0, 2 * (double)groups, 8 * (double)groups);
}

ebbi_work ebbi_work_gather(size_t rows, size_t inputs, size_t targets, bool from_bytes) {
  double x = area(rows, inputs);
  return of(rows, inputs, 0, from_bytes ? x : 0,
            (from_bytes ? 5 : 8) * x + 8 * area(rows, targets));
}

ebbi_work ebbi_work_init(size_t rows, size_t cols, ebbi_draw draw) {
  static const double flops[] = {[EBBI_DRAW_UNIFORM] = 1,
                                 [EBBI_DRAW_NORMAL] = 50,
                                 [EBBI_DRAW_NOTHING] = 0,
                                 [EBBI_DRAW_SIGN] = 0};
  return of(rows, cols, 0, flops[draw] * area(rows, cols), 4 * area(rows, cols));
}

ebbi_work ebbi_work_probe_fma(size_t count, size_t steps) {
  return of(count, steps, 0, 2 * area(count, steps), 8 * (double)count);
}

ebbi_work ebbi_work_probe_triad(size_t count) {
  return of(count, 0, 0, 2 * (double)count, 12 * (double)count);
}

/* Reads the gradients; a square and its sum each. */
ebbi_work ebbi_work_gradient_norm(size_t count, size_t slices) {
  double n = (double)count, s = (double)slices;
  return of(count, slices > 1 ? slices : 0, 0, n * (s + 1), 4 * n * s);
}

/* Reads each weight three times and writes it; a square, its sum and two factors. */
ebbi_work ebbi_work_max_norm(size_t rows, size_t cols) {
  double n = (double)rows * (double)cols;
  return of(rows, cols, 0, 5 * n, 16 * n);
}

ebbi_work ebbi_work_average(size_t count) {
  double n = (double)count;
  return of(count, 0, 0, 3 * n, 12 * n);
}

/* Reads both; a product, a square and their sums, and the sum of magnitudes and the largest. */
ebbi_work ebbi_work_vector_dot(size_t count) {
  double n = (double)count;
  return of(count, 0, 0, 6 * n, 8 * n);
}

/* Reads gradients, weights, their decay and the direction, and writes the sum; the decay 2, four
 * sums. */
ebbi_work ebbi_work_objective_gradient(size_t count, size_t slices) {
  double n = (double)count, s = (double)slices;
  return of(count, slices > 1 ? slices : 0, 0, n * (s + 7), 4 * n * (s + 4));
}

/* Reads parameters, moments and gradients; the update's step, two squares and their sums. */
ebbi_work ebbi_work_trust(const ebb_optimizer *o, size_t count, size_t slices) {
  double n = (double)count, s = (double)slices;
  double flops = ebbi_optimizer_row_of(o->kind)->flops(o) + 3 + s;
  return of(count, slices > 1 ? slices : 0, 0, n * flops,
            4 * n * (1 + s + (double)ebb_optimizer_moments(o)));
}

ebbi_work ebbi_work_trust_ratio(size_t rows) {
  double sums = 4 * (double)EBBI_NORM_GROUPS * (double)rows;
  return of(rows, 0, 0, sums, 4 * sums);
}

/* Moves parameters and each moment in and out, gradients in. */
ebbi_work ebbi_work_update(const ebb_optimizer *o, size_t count, size_t slices) {
  double n = (double)count, more = (double)(slices - 1);
  double flops = ebbi_optimizer_row_of(o->kind)->flops(o);
  double bytes = 12 + 8 * (double)ebb_optimizer_moments(o);
  return of(count, slices > 1 ? slices : 0, 0, n * (flops + more), n * (bytes + 4 * more));
}
