/* Matrix products and the dense layer's three passes, on the engine of the execution.
 *
 * The engines cpu and gpu take the same arguments and fuse a product's epilogue: bias and
 * activation, the activation's derivative, the bias gradient. CLBlast fuses nothing, so the same
 * operations follow as separate launches. Products on tensor cores use the engine gpu with other
 * tiles.
 */
#include "base/error.h"
#include "base/size.h"
#include "ops/work.h"
#include "product.h"

/* The tensors of a product are float32 or, in precision bf16, may be bfloat16. */
static ebb_status require_numbers(const char *where, const char *name, const ebb_tensor *tensor,
                                  const ebbi_product *p, size_t rows, size_t cols) {
  bool half = tensor->dtype == EBB_BF16 && p->exec->mma.precision == EBB_PRECISION_BF16;
  return ebbi_tensor_require(where, name, tensor, p->c->device, half ? EBB_BF16 : EBB_F32, rows,
                             cols);
}

/* Fills a product from its operands and checks c's shape against them. */
static ebb_status describe(ebbi_product *p, const ebbi_exec *exec, const char *where,
                           ebb_layout layout, ebb_tensor *c, const ebb_tensor *a,
                           const ebb_tensor *b) {
  REQUIRE(a && b && c, EBB_ERR_ARGUMENT, "%s: a tensor is NULL", where);
  size_t b_depth = layout == EBB_LAYOUT_NT ? b->cols : b->rows;
  *p = (ebbi_product){.exec = exec, .layout = layout, .c = c, .a = a, .b = b};
  p->rows = layout == EBB_LAYOUT_TN ? a->cols : a->rows;
  p->depth = layout == EBB_LAYOUT_TN ? a->rows : a->cols;
  p->cols = layout == EBB_LAYOUT_NT ? b->rows : b->cols;
  REQUIRE(p->depth == b_depth, EBB_ERR_ARGUMENT,
          "%s: a is [%zu, %zu]%s but b is [%zu, %zu]%s: inner sizes %zu and %zu differ", where,
          a->rows, a->cols, layout == EBB_LAYOUT_TN ? " transposed" : "", b->rows, b->cols,
          layout == EBB_LAYOUT_NT ? " transposed" : "", p->depth, b_depth);
  TRY(require_numbers(where, "a", a, p, a->rows, a->cols));
  TRY(require_numbers(where, "b", b, p, b->rows, b->cols));
  TRY(require_numbers(where, "c", c, p, p->rows, p->cols));
  TRY(ebbi_tensor_require_apart(where, "c", c, "a", a));
  return ebbi_tensor_require_apart(where, "c", c, "b", b);
}

void ebbi_product_arguments(ebbi_launch *launch, const ebbi_product *p) {
  ebbi_launch_int(launch, p->rows);
  ebbi_launch_int(launch, p->cols);
  ebbi_launch_int(launch, p->depth);
  ebbi_launch_int(launch, p->c->stride);
  ebbi_launch_int(launch, p->a->stride);
  ebbi_launch_int(launch, p->b->stride);
}

/* Bytes of the slices of c and their sums. */
static size_t partial_bytes(size_t slices, size_t rows, size_t stride) {
  return slices * (rows + 1) * stride * sizeof(float);
}

ebb_status ebbi_split_partials(ebbi_split *split, const ebbi_product *p) {
  size_t bytes = partial_bytes(split->slices, p->rows, p->c->stride);
  return ebbi_device_workspace(&split->partials, p->c->device, bytes);
}

ebb_status ebbi_add_slices(const ebbi_product *p, ebb_tensor *sums, const ebbi_split *split) {
  if (split->slices == 1) return EBB_OK;
  const ebbi_device_params *params = &p->exec->params;
  ebbi_launch launch = ebbi_launch_begin(p->c->device, p->exec, EBBI_KERNEL_add_slices, "");
  ebbi_launch_buffer(&launch, p->c->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(sums));
  ebbi_launch_buffer(&launch, split->partials);
  ebbi_launch_int(&launch, split->slices);
  ebbi_launch_int(&launch, p->rows);
  ebbi_launch_int(&launch, p->cols);
  ebbi_launch_int(&launch, p->c->stride);
  launch.work = ebbi_work_slices(split->slices, p->rows, p->cols);
  size_t across = ebbi_ceil_div(p->cols, (size_t)params->width * params->element_group);
  return ebbi_launch_run(&launch, across, p->rows + 1);
}

size_t ebbi_matmul_workspace(const ebbi_exec *exec, const ebb_device *device, ebb_layout layout,
                             size_t rows, size_t cols, size_t depth) {
  ebb_engine engine = ebbi_exec_engine(exec, layout, rows, cols, depth);
  ebbi_tiling tiling = {.slices = 1};
  if (engine == EBB_ENGINE_CPU)
    tiling.slices = ebbi_matmul_cpu_slices(layout, rows, cols, depth);
  else if (engine == EBB_ENGINE_GPU)
    (void)ebbi_matmul_choose(&tiling, exec, device, layout, rows, cols,
                             depth); /* reported by the launch */
  return tiling.slices > 1 ? partial_bytes(tiling.slices, rows, ebbi_stride(rows, cols)) : 0;
}

static ebb_engine engine_of(const ebbi_product *p) {
  return ebbi_exec_engine(p->exec, p->layout, p->rows, p->cols, p->depth);
}

static bool uses_gpu(const ebbi_product *p) {
  return engine_of(p) == EBB_ENGINE_GPU;
}

static bool uses_clblast(const ebbi_product *p) {
  return engine_of(p) == EBB_ENGINE_CLBLAST;
}

static ebb_status run_clblast(const ebbi_product *p) {
  const ebbi_gemm gemm = {.c = p->c->buffer,
                          .a = p->a->buffer,
                          .b = p->b->buffer,
                          .transpose_a = p->layout == EBB_LAYOUT_TN,
                          .transpose_b = p->layout == EBB_LAYOUT_NT,
                          .rows = p->rows,
                          .cols = p->cols,
                          .depth = p->depth,
                          .c_stride = p->c->stride,
                          .a_stride = p->a->stride,
                          .b_stride = p->b->stride,
                          .work = ebbi_work_product(p->rows, p->cols, p->depth)};
  return ebbi_clblast_run(p->c->device, &gemm);
}

/* The passes by ebb's own kernels: see product.h. */
static ebb_status run_nn(const ebbi_product *p, ebb_tensor *z, const ebb_tensor *bias,
                         ebb_activation activation) {
  return uses_gpu(p) ? ebbi_matmul_gpu_nn(p, z, bias, activation)
                     : ebbi_matmul_cpu_nn(p, z, bias, activation);
}

static ebb_status run_nt(const ebbi_product *p, const ebb_tensor *z_below,
                         const ebb_tensor *a_below, ebb_activation activation) {
  return uses_gpu(p) ? ebbi_matmul_gpu_nt(p, z_below, a_below, activation)
                     : ebbi_matmul_cpu_nt(p, z_below, a_below, activation);
}

static ebb_status run_tn(const ebbi_product *p, ebb_tensor *sums) {
  return uses_gpu(p) ? ebbi_matmul_gpu_tn(p, sums) : ebbi_matmul_cpu_tn(p, sums);
}

ebb_status ebbi_matmul(const ebbi_exec *exec, ebb_tensor *c, const ebb_tensor *a, bool transpose_a,
                       const ebb_tensor *b, bool transpose_b) {
  static const char where[] = "ebb_matmul";
  REQUIRE(!(transpose_a && transpose_b), EBB_ERR_ARGUMENT,
          "%s: both operands transposed is not offered; transpose the result instead", where);
  ebbi_product p;
  TRY(describe(&p, exec, where,
               transpose_a   ? EBB_LAYOUT_TN
               : transpose_b ? EBB_LAYOUT_NT
                             : EBB_LAYOUT_NN,
               c, a, b));
  if (transpose_a) TRY(ebbi_tensor_require(where, "c", c, c->device, EBB_F32, p.rows, p.cols));
  if (uses_clblast(&p)) return run_clblast(&p);
  if (transpose_a) return run_tn(&p, NULL);
  if (transpose_b) return run_nt(&p, NULL, NULL, EBB_ACT_IDENTITY);
  return run_nn(&p, NULL, NULL, EBB_ACT_IDENTITY);
}

ebb_status ebb_matmul(ebb_tensor *c, const ebb_tensor *a, bool transpose_a, const ebb_tensor *b,
                      bool transpose_b) {
  return ebbi_matmul(ebbi_tensor_exec(c), c, a, transpose_a, b, transpose_b);
}

ebb_status ebbi_dense_forward(const ebbi_exec *exec, ebb_tensor *a, ebb_tensor *z,
                              const ebb_tensor *x, const ebb_tensor *w, const ebb_tensor *b,
                              ebb_activation activation) {
  static const char where[] = "ebb_dense_forward";
  ebbi_product p;
  TRY(describe(&p, exec, where, EBB_LAYOUT_NN, a, x, w));
  if (b) TRY(ebbi_tensor_require(where, "b", b, a->device, EBB_F32, 1, p.cols));
  TRY(ebbi_require_activation(where, exec, activation));
  if (z) TRY(ebbi_tensor_require(where, "z", z, a->device, a->dtype, a->rows, a->cols));
  TRY(ebbi_tensor_require_apart(where, "z", z, "a", a));
  TRY(ebbi_tensor_require_apart(where, "z", z, "x", x));
  p.activates = true;
  if (!uses_clblast(&p)) return run_nn(&p, z, b, activation);
  ebb_tensor *sum = z ? z : a;
  p.c = sum;
  TRY(run_clblast(&p));
  return ebbi_activation_forward(exec, a, sum, b, activation);
}

ebb_status ebb_dense_forward(ebb_tensor *a, ebb_tensor *z, const ebb_tensor *x, const ebb_tensor *w,
                             const ebb_tensor *b, ebb_activation activation) {
  return ebbi_dense_forward(ebbi_tensor_exec(a), a, z, x, w, b, activation);
}

ebb_status ebbi_dense_weight_gradient(const ebbi_exec *exec, ebb_tensor *dw, ebb_tensor *db,
                                      const ebb_tensor *x, const ebb_tensor *dz) {
  static const char where[] = "ebb_dense_weight_gradient";
  ebbi_product p;
  TRY(describe(&p, exec, where, EBB_LAYOUT_TN, dw, x, dz));
  TRY(ebbi_tensor_require(where, "dw", dw, dw->device, EBB_F32, p.rows, p.cols));
  if (db) TRY(ebbi_tensor_require(where, "db", db, dw->device, EBB_F32, 1, p.cols));
  TRY(ebbi_tensor_require_apart(where, "db", db, "dz", dz));
  if (!uses_clblast(&p)) return run_tn(&p, db);
  TRY(run_clblast(&p));
  return db ? ebbi_bias_gradient(exec, db, dz) : EBB_OK;
}

ebb_status ebb_dense_weight_gradient(ebb_tensor *dw, ebb_tensor *db, const ebb_tensor *x,
                                     const ebb_tensor *dz) {
  return ebbi_dense_weight_gradient(ebbi_tensor_exec(dw), dw, db, x, dz);
}

ebb_status ebbi_dense_input_gradient(const ebbi_exec *exec, ebb_tensor *dz_below,
                                     const ebb_tensor *dz, const ebb_tensor *w,
                                     const ebb_tensor *z_below, const ebb_tensor *a_below,
                                     ebb_activation activation) {
  static const char where[] = "ebb_dense_input_gradient";
  ebbi_product p;
  TRY(describe(&p, exec, where, EBB_LAYOUT_NT, dz_below, dz, w));
  TRY(ebbi_tensor_require(where, "a_below", a_below, dz->device, dz_below->dtype, p.rows, p.cols));
  TRY(ebbi_require_slope(where, exec, z_below, a_below, activation));
  TRY(ebbi_tensor_require_apart(where, "dz_below", dz_below, "a_below", a_below));
  TRY(ebbi_tensor_require_apart(where, "dz_below", dz_below, "z_below", z_below));
  if (!uses_clblast(&p)) return run_nt(&p, z_below, a_below, activation);
  TRY(run_clblast(&p));
  return ebbi_activation_backward(exec, dz_below, z_below, a_below, activation);
}

ebb_status ebb_dense_input_gradient(ebb_tensor *dz_below, const ebb_tensor *dz, const ebb_tensor *w,
                                    const ebb_tensor *z_below, const ebb_tensor *a_below,
                                    ebb_activation activation) {
  return ebbi_dense_input_gradient(ebbi_tensor_exec(dz_below), dz_below, dz, w, z_below, a_below,
                                   activation);
}
