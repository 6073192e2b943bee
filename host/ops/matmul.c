/* Matrix products and the dense layer's three passes, on whichever engine the device uses.
 *
 * Our two forms take the same arguments and fuse what surrounds a product: bias and activation, the
 * activation's derivative, the bias gradient. CLBlast fuses nothing, so there the same steps follow
 * as launches of their own.
 */
#include "base/error.h"
#include "base/size.h"
#include "ops.h"

#include <math.h>

typedef enum matmul_layout { NN, NT, TN } matmul_layout;

/* A product c = op(a).op(b) [rows, cols] over `depth`. */
typedef struct product {
  matmul_layout layout;
  ebb_tensor *c;
  const ebb_tensor *a, *b;
  size_t rows, cols, depth;
} product;

/* Fills a product from its operands; c's shape is checked against them. */
static ebb_status describe(product *p, const char *where, matmul_layout layout, ebb_tensor *c,
                           const ebb_tensor *a, const ebb_tensor *b) {
  REQUIRE(a && b && c, EBB_ERR_ARGUMENT, "%s: a tensor is NULL", where);
  size_t b_depth = layout == NT ? b->cols : b->rows;
  *p = (product){.layout = layout, .c = c, .a = a, .b = b};
  p->rows = layout == TN ? a->cols : a->rows;
  p->depth = layout == TN ? a->rows : a->cols;
  p->cols = layout == NT ? b->rows : b->cols;
  REQUIRE(p->depth == b_depth, EBB_ERR_ARGUMENT,
          "%s: a is [%zu, %zu]%s but b is [%zu, %zu]%s: inner sizes %zu and %zu differ", where,
          a->rows, a->cols, layout == TN ? " transposed" : "", b->rows, b->cols,
          layout == NT ? " transposed" : "", p->depth, b_depth);
  TRY(ebbi_tensor_require(where, "a", a, c->device, EBB_F32, a->rows, a->cols));
  TRY(ebbi_tensor_require(where, "b", b, c->device, EBB_F32, b->rows, b->cols));
  TRY(ebbi_tensor_require(where, "c", c, c->device, EBB_F32, p->rows, p->cols));
  TRY(ebbi_tensor_require_apart(where, "c", c, "a", a));
  return ebbi_tensor_require_apart(where, "c", c, "b", b);
}

static ebbi_buffer *buffer_of(const ebb_tensor *tensor) {
  return tensor ? tensor->buffer : NULL;
}

static ebbi_launch begin(const product *p, ebb_activation activation) {
  static const ebbi_kernel_id ids[2][3] = {
      {EBBI_KERNEL_matmul_nn_gpu, EBBI_KERNEL_matmul_nt_gpu, EBBI_KERNEL_matmul_tn_gpu},
      {EBBI_KERNEL_matmul_nn_cpu, EBBI_KERNEL_matmul_nt_cpu, EBBI_KERNEL_matmul_tn_cpu}};
  ebb_device *device = p->c->device;
  char options[EBBI_ACTIVATION_OPTION];
  ebbi_activation_option(options, activation);
  bool cpu = ebb_device_engine(device) == EBB_ENGINE_CPU;
  return ebbi_launch_begin(device, ids[cpu][p->layout], options);
}

/* How the CPU form's items share c: each has `rows` rows and `panels` tiles of columns. */
typedef struct share {
  size_t rows, panels; /* of an item */
  size_t across, down; /* items */
} share;

/* Multiply-adds that are worth an item of their own: about what a core does while another wakes. */
enum { ITEM_WORK = 1 << 18 };

/* Items that keep the compute units evenly busy, as far as the work is worth it. */
static size_t wanted_items(const product *p, const ebbi_profile *profile) {
  double rows = (double)(ebbi_ceil_div(p->rows, profile->tile_m) * profile->tile_m);
  double cols = (double)(ebbi_ceil_div(p->cols, profile->width) * profile->width);
  double worth = ceil(rows * cols * (double)p->depth / ITEM_WORK);
  size_t units = ebb_device_get_info(p->c->device)->compute_units;
  if (worth >= 4 * (double)units) return 4 * units;
  return worth > (double)units ? (size_t)worth / units * units : (size_t)worth;
}

/* As many items as are wanted, but so that what an item packs is used often: b's panels by 8 tiles
 * of rows or more, a's tile by several panels. The sums do not depend on it. */
static share share_out(const product *p, const ebbi_profile *profile) {
  size_t tiles = ebbi_ceil_div(p->rows, profile->tile_m);
  size_t panels = ebbi_ceil_div(p->cols, profile->tile_v * profile->width);
  size_t wanted = wanted_items(p, profile);
  size_t block = ebbi_ceil_div(p->depth, profile->width) * profile->width; /* as in the kernels */
  size_t largest = p->layout == TN ? profile->block_k / 2 : profile->block_k;
  if (block > largest) block = largest;
  share s = {.panels = profile->panels * profile->block_k / block};
  if (s.panels > panels) s.panels = panels;
  for (;; s.panels = ebbi_ceil_div(s.panels, 2)) {
    size_t most = s.panels > 1 ? ebbi_ceil_div(tiles, 8) : tiles;
    s.across = ebbi_ceil_div(panels, s.panels);
    s.down = ebbi_ceil_div(wanted, s.across);
    if (s.down > most) s.down = most;
    if (s.across * s.down >= wanted || s.panels == 1) break;
  }
  size_t item_tiles = ebbi_ceil_div(tiles, s.down);
  s.rows = item_tiles * profile->tile_m;
  s.down = ebbi_ceil_div(tiles, item_tiles);
  return s;
}

/* The arguments that all products end with, and the grid that covers c with tiles. */
static ebb_status run(ebbi_launch *launch, const product *p) {
  const ebbi_profile *profile = ebbi_device_profile(p->c->device);
  ebbi_launch_int(launch, p->rows);
  ebbi_launch_int(launch, p->cols);
  ebbi_launch_int(launch, p->depth);
  ebbi_launch_int(launch, p->c->stride);
  ebbi_launch_int(launch, p->a->stride);
  ebbi_launch_int(launch, p->b->stride);
  if (ebb_device_engine(p->c->device) != EBB_ENGINE_CPU)
    return ebbi_launch_run(launch, ebbi_ceil_div(p->cols, profile->tile),
                           ebbi_ceil_div(p->rows, profile->tile));
  share s = share_out(p, profile);
  ebbi_launch_int(launch, s.rows);
  ebbi_launch_int(launch, s.panels);
  return ebbi_launch_run(launch, s.across, s.down);
}

static bool uses_clblast(const product *p) {
  return ebb_device_engine(p->c->device) == EBB_ENGINE_CLBLAST;
}

static ebb_status run_clblast(const product *p) {
  const ebbi_gemm gemm = {p->c->buffer,    p->a->buffer, p->b->buffer, p->layout == TN,
                          p->layout == NT, p->rows,      p->cols,      p->depth,
                          p->c->stride,    p->a->stride, p->b->stride};
  return ebbi_clblast_run(p->c->device, &gemm);
}

/* NN: c = f(a.b + bias), the sum before f in z; bias NULL: c = a.b. */
static ebb_status run_nn(const product *p, ebb_tensor *z, const ebb_tensor *bias,
                         ebb_activation activation) {
  ebbi_launch launch = begin(p, activation);
  ebbi_launch_buffer(&launch, p->c->buffer);
  ebbi_launch_buffer(&launch, buffer_of(z));
  ebbi_launch_buffer(&launch, p->a->buffer);
  ebbi_launch_buffer(&launch, p->b->buffer);
  ebbi_launch_buffer(&launch, buffer_of(bias));
  return run(&launch, p);
}

/* TN: c = a^T.b and sums = b's column sums; sums NULL: c alone. */
static ebb_status run_tn(const product *p, ebb_tensor *sums) {
  ebbi_launch launch = begin(p, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, p->c->buffer);
  ebbi_launch_buffer(&launch, buffer_of(sums));
  ebbi_launch_buffer(&launch, p->a->buffer);
  ebbi_launch_buffer(&launch, p->b->buffer);
  return run(&launch, p);
}

/* NT: c = (a.b^T) * f'(z_below); a_below NULL: c = a.b^T. */
static ebb_status run_nt(const product *p, const ebb_tensor *z_below, const ebb_tensor *a_below,
                         ebb_activation activation) {
  ebbi_launch launch = begin(p, activation);
  ebbi_launch_buffer(&launch, p->c->buffer);
  ebbi_launch_buffer(&launch, p->a->buffer);
  ebbi_launch_buffer(&launch, p->b->buffer);
  ebbi_launch_buffer(&launch, buffer_of(z_below));
  ebbi_launch_buffer(&launch, buffer_of(a_below));
  return run(&launch, p);
}

ebb_status ebb_matmul(ebb_tensor *c, const ebb_tensor *a, bool transpose_a, const ebb_tensor *b,
                      bool transpose_b) {
  static const char where[] = "ebb_matmul";
  REQUIRE(!(transpose_a && transpose_b), EBB_ERR_ARGUMENT,
          "%s: both operands transposed is not offered; transpose the result instead", where);
  product p;
  TRY(describe(&p, where, transpose_a ? TN : transpose_b ? NT : NN, c, a, b));
  if (uses_clblast(&p)) return run_clblast(&p);
  if (transpose_a) return run_tn(&p, NULL);
  if (transpose_b) return run_nt(&p, NULL, NULL, EBB_ACT_IDENTITY);
  return run_nn(&p, NULL, NULL, EBB_ACT_IDENTITY);
}

ebb_status ebb_dense_forward(ebb_tensor *a, ebb_tensor *z, const ebb_tensor *x, const ebb_tensor *w,
                             const ebb_tensor *b, ebb_activation activation) {
  static const char where[] = "ebb_dense_forward";
  product p;
  TRY(describe(&p, where, NN, a, x, w));
  TRY(ebbi_tensor_require(where, "b", b, a->device, EBB_F32, 1, p.cols));
  TRY(ebbi_require_activation(where, activation));
  if (z) TRY(ebbi_tensor_require(where, "z", z, a->device, EBB_F32, a->rows, a->cols));
  TRY(ebbi_tensor_require_apart(where, "z", z, "a", a));
  TRY(ebbi_tensor_require_apart(where, "z", z, "x", x));
  if (!uses_clblast(&p)) return run_nn(&p, z, b, activation);
  ebb_tensor *sum = z ? z : a;
  p.c = sum;
  TRY(run_clblast(&p));
  return ebb_activation_forward(a, sum, b, activation);
}

ebb_status ebb_dense_weight_gradient(ebb_tensor *dw, ebb_tensor *db, const ebb_tensor *x,
                                     const ebb_tensor *dz) {
  static const char where[] = "ebb_dense_weight_gradient";
  product p;
  TRY(describe(&p, where, TN, dw, x, dz));
  TRY(ebbi_tensor_require(where, "db", db, dw->device, EBB_F32, 1, p.cols));
  TRY(ebbi_tensor_require_apart(where, "db", db, "dz", dz));
  if (!uses_clblast(&p)) return run_tn(&p, db);
  TRY(run_clblast(&p));
  return ebb_bias_gradient(db, dz);
}

ebb_status ebb_dense_input_gradient(ebb_tensor *dz_below, const ebb_tensor *dz, const ebb_tensor *w,
                                    const ebb_tensor *z_below, const ebb_tensor *a_below,
                                    ebb_activation activation) {
  static const char where[] = "ebb_dense_input_gradient";
  product p;
  TRY(describe(&p, where, NT, dz_below, dz, w));
  TRY(ebbi_tensor_require(where, "a_below", a_below, dz->device, EBB_F32, p.rows, p.cols));
  TRY(ebbi_require_slope(where, z_below, a_below, activation));
  TRY(ebbi_tensor_require_apart(where, "dz_below", dz_below, "a_below", a_below));
  TRY(ebbi_tensor_require_apart(where, "dz_below", dz_below, "z_below", z_below));
  if (!uses_clblast(&p)) return run_nt(&p, z_below, a_below, activation);
  TRY(run_clblast(&p));
  return ebb_activation_backward(dz_below, z_below, a_below, activation);
}
