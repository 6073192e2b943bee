/* Muon's launches. The smaller of the two Gram matrices is taken, x x^T or x^T x, so that neither x
 * nor a product is ever transposed in memory.
 */
#include "muon.h"

#include "base/error.h"
#include "base/size.h"
#include "gemm.h"
#include "ops/work.h"

static bool is_wide(const ebb_tensor *x) {
  return x->rows <= x->cols;
}

static size_t vectors_of(const ebb_tensor *x, const ebbi_exec *exec) {
  return x->rows * x->stride / exec->params.width;
}

static ebb_status run_vectors(ebbi_launch *launch, const ebbi_exec *exec, size_t vectors) {
  size_t group = (size_t)exec->params.element_group * exec->params.element_vectors;
  launch->work = ebbi_work_average(vectors * exec->params.width);
  return ebbi_launch_run(launch, ebbi_ceil_div(vectors, group), 1);
}

ebb_status ebbi_muon_momentum(const ebbi_exec *exec, const ebbi_muon_place *at, double rest) {
  size_t width = exec->params.width, from = at->from / width, to = ebbi_ceil_div(at->to, width);
  ebbi_launch launch = ebbi_launch_begin(at->parameters->device, exec, EBBI_KERNEL_muon_momentum,
                                         "-DUPDATE_GROUPS=1");
  ebbi_launch_buffer(&launch, at->momentum->buffer);
  ebbi_launch_buffer(&launch, at->direction->buffer);
  ebbi_launch_buffer(&launch, at->parameters->buffer);
  ebbi_launch_buffer(&launch, at->gradients->buffer);
  ebbi_launch_buffer(&launch, at->state->buffer);
  ebbi_launch_int(&launch, at->gradients->rows);
  ebbi_launch_int(&launch, at->gradients->stride / width);
  ebbi_launch_int(&launch, from);
  ebbi_launch_int(&launch, to);
  ebbi_launch_int(&launch, at->segment);
  ebbi_launch_float(&launch, (float)rest);
  ebbi_update_groups_arguments(&launch, at->groups);
  return run_vectors(&launch, exec, to - from);
}

ebb_status ebbi_muon_scale(const ebbi_exec *exec, ebb_tensor *x, const ebbi_muon_scratch *scratch) {
  size_t vectors = vectors_of(x, exec);
  ebbi_launch squares = ebbi_launch_begin(x->device, exec, EBBI_KERNEL_muon_squares, "");
  ebbi_launch_buffer(&squares, scratch->sums->buffer);
  ebbi_launch_buffer(&squares, x->buffer);
  ebbi_launch_int(&squares, vectors);
  squares.work = ebbi_work_gradient_norm(x->rows * x->stride, 1);
  TRY(ebbi_launch_run(&squares, EBBI_NORM_GROUPS, 1));
  ebbi_launch scale = ebbi_launch_begin(x->device, exec, EBBI_KERNEL_muon_scale, "");
  ebbi_launch_buffer(&scale, x->buffer);
  ebbi_launch_buffer(&scale, scratch->sums->buffer);
  ebbi_launch_int(&scale, vectors);
  return run_vectors(&scale, exec, vectors);
}

/* y = a x + b y. */
static ebb_status combine(const ebbi_exec *exec, ebb_tensor *y, const ebb_tensor *x, double a,
                          double b) {
  size_t vectors = vectors_of(y, exec);
  ebbi_launch launch = ebbi_launch_begin(y->device, exec, EBBI_KERNEL_muon_combine, "");
  ebbi_launch_buffer(&launch, y->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_int(&launch, vectors);
  ebbi_launch_float(&launch, (float)a);
  ebbi_launch_float(&launch, (float)b);
  return run_vectors(&launch, exec, vectors);
}

/* gram = b gram + c gram^2 is the factor of x, beside a. */
ebb_status ebbi_muon_iterate(const ebbi_exec *exec, ebb_tensor *x,
                             const ebbi_muon_scratch *scratch) {
  ebb_tensor *gram = scratch->gram, *product = scratch->product;
  bool wide = is_wide(x);
  TRY(ebbi_matmul(exec, gram, x, !wide, x, wide));
  TRY(ebbi_matmul(exec, scratch->square, gram, false, gram, false));
  TRY(combine(exec, gram, scratch->square, EBBI_MUON_C, EBBI_MUON_B));
  TRY(ebbi_matmul(exec, product, wide ? gram : x, false, wide ? x : gram, false));
  return combine(exec, x, product, 1, EBBI_MUON_A);
}

ebb_status ebbi_muon_apply(const ebbi_exec *exec, const ebbi_muon_place *at, double rate,
                           double factor, double decay) {
  size_t width = exec->params.width, from = at->from / width, to = ebbi_ceil_div(at->to, width);
  ebbi_launch launch = ebbi_launch_begin(at->parameters->device, exec, EBBI_KERNEL_muon_apply, "");
  ebbi_launch_buffer(&launch, at->parameters->buffer);
  ebbi_launch_buffer(&launch, at->momentum->buffer);
  ebbi_launch_buffer(&launch, at->direction->buffer);
  ebbi_launch_buffer(&launch, at->state->buffer);
  ebbi_launch_int(&launch, from);
  ebbi_launch_int(&launch, to);
  ebbi_launch_float(&launch, (float)rate);
  ebbi_launch_float(&launch, (float)factor);
  ebbi_launch_float(&launch, (float)decay);
  return run_vectors(&launch, exec, to - from);
}

size_t ebbi_muon_workspace(const ebbi_exec *exec, const ebb_device *device, size_t rows,
                           size_t cols) {
  bool wide = rows <= cols;
  size_t d = wide ? rows : cols, depth = wide ? cols : rows, most = 0;
  const size_t needs[] = {
      ebbi_matmul_workspace(exec, device, wide ? EBB_LAYOUT_NT : EBB_LAYOUT_TN, d, d, depth),
      ebbi_matmul_workspace(exec, device, EBB_LAYOUT_NN, d, d, d),
      ebbi_matmul_workspace(exec, device, EBB_LAYOUT_NN, rows, cols, d)};
  for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
    most = needs[i] > most ? needs[i] : most;
  return most;
}
