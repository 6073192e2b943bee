/* The CPU form of matrix products, and the division of their work.
 *
 * Blocks of c are assigned to items so that the compute units are evenly busy and packed data are
 * reused often. If c is too small to occupy most units and the product is deep, the depth is split
 * as well. The number of items may depend on the device, since it changes no bit; the split depends
 * on shapes only.
 */
#include "base/error.h"
#include "base/size.h"
#include "ops/work.h"
#include "product.h"

#include <math.h>
#include <stdio.h>

/* How items divide c: each computes `rows` rows and `panels` tiles of columns. */
typedef struct share {
  size_t rows, panels; /* of an item */
  size_t across, down; /* number of items */
} share;

enum { BLOCK_UNIT = 16 }; /* twin of the kernels' */

/* Multiply-adds that justify a further item: about what a core computes while another wakes up. */
enum { ITEM_WORK = 1 << 18 };

/* Returns the number of items that keeps the compute units evenly busy, if there is enough work. */
static size_t wanted_items(const ebbi_product *p, const ebbi_device_params *params) {
  double rows = (double)(ebbi_ceil_div(p->rows, params->tile_m) * params->tile_m);
  double cols = (double)(ebbi_ceil_div(p->cols, params->width) * params->width);
  double worth = ceil(rows * cols * (double)p->depth / ITEM_WORK);
  size_t units = ebb_device_get_info(p->c->device)->compute_units;
  if (worth >= 4 * (double)units) return 4 * units;
  return worth > (double)units ? (size_t)worth / units * units : (size_t)worth;
}

/* Divides a slice into the desired number of items, limited so that packed data are reused: b's
 * panels by at least 8 tiles of rows, a's tile by several panels. The sums do not depend on it. */
static share share_out(const ebbi_product *p, size_t depth, const ebbi_device_params *params) {
  size_t tiles = ebbi_ceil_div(p->rows, params->tile_m);
  size_t panels = ebbi_ceil_div(p->cols, params->tile_v * params->width);
  size_t wanted = ebbi_ceil_div(wanted_items(p, params), ebbi_ceil_div(p->depth, depth));
  size_t block = ebbi_round_up(depth, BLOCK_UNIT);
  size_t largest = p->layout == EBB_LAYOUT_TN ? params->block_k / 2 : params->block_k;
  if (block > largest) block = largest;
  share s = {.panels = params->panels * params->block_k / block};
  if (s.panels > panels) s.panels = panels;
  for (;; s.panels = ebbi_ceil_div(s.panels, 2)) {
    size_t most = s.panels > 1 ? ebbi_ceil_div(tiles, 8) : tiles;
    s.across = ebbi_ceil_div(panels, s.panels);
    s.down = ebbi_ceil_div(wanted, s.across);
    if (s.down > most) s.down = most;
    if (s.across * s.down >= wanted || s.panels == 1) break;
  }
  size_t item_tiles = ebbi_ceil_div(tiles, s.down);
  s.rows = item_tiles * params->tile_m;
  s.down = ebbi_ceil_div(tiles, item_tiles);
  return s;
}

/* A split is used for fewer than SPLIT_TILES tiles of 16 x 32 and yields at most about that many. A
 * slice has at least SPLIT_DEPTH steps, so that adding the slices is cheap in comparison. */
enum { SPLIT_TILES = 64, SPLIT_DEPTH = 1024, SPLIT_ROWS = 16, SPLIT_COLS = 32 };

/* Returns the number of slices of the depth, and the steps of one. */
static size_t cut_depth(size_t *slice_depth, size_t rows, size_t cols, size_t depth) {
  size_t tiles = ebbi_ceil_div(rows, SPLIT_ROWS) * ebbi_ceil_div(cols, SPLIT_COLS);
  size_t most = depth / SPLIT_DEPTH, wanted = SPLIT_TILES / tiles;
  size_t slices = wanted < most ? wanted : most;
  *slice_depth = depth;
  if (slices > 1) *slice_depth = ebbi_round_up(ebbi_ceil_div(depth, slices), SPLIT_DEPTH / 2);
  return ebbi_ceil_div(depth, *slice_depth);
}

size_t ebbi_matmul_cpu_slices(ebb_layout layout, size_t rows, size_t cols, size_t depth) {
  size_t slice_depth;
  return layout == EBB_LAYOUT_TN ? cut_depth(&slice_depth, rows, cols, depth) : 1;
}

/* Uses the whole depth at once, or slices if `allowed`: when no epilogue is fused except the bias
 * gradient. */
static ebb_status choose_split(ebbi_split *split, const ebbi_product *p, bool allowed) {
  *split = (ebbi_split){1, p->depth, p->c->buffer};
  if (allowed) split->slices = cut_depth(&split->depth, p->rows, p->cols, p->depth);
  return split->slices > 1 ? ebbi_split_partials(split, p) : EBB_OK;
}

static ebbi_launch begin(const ebbi_product *p, ebb_activation activation, bool bias) {
  static const ebbi_kernel_id ids[EBB_LAYOUT_COUNT] = {
      EBBI_KERNEL_matmul_nn_cpu, EBBI_KERNEL_matmul_nt_cpu, EBBI_KERNEL_matmul_tn_cpu};
  char name[EBBI_ACTIVATION_OPTION], options[EBBI_ACTIVATION_OPTION + 16];
  ebbi_activation_option(name, p->exec, activation);
  snprintf(options, sizeof options, "%s%s", name, p->activates && !bias ? " -DACTIVATES" : "");
  ebbi_launch launch = ebbi_launch_begin(p->c->device, p->exec, ids[p->layout], options);
  launch.work = ebbi_work_product(p->rows, p->cols, p->depth);
  return launch;
}

/* Appends the last arguments of all products, and queues the items of all slices. */
static ebb_status run(ebbi_launch *launch, const ebbi_product *p, const ebbi_split *split) {
  share s = share_out(p, split->depth, &p->exec->params);
  ebbi_product_arguments(launch, p);
  ebbi_launch_int(launch, s.rows);
  ebbi_launch_int(launch, s.panels);
  ebbi_launch_int(launch, split->depth);
  return ebbi_launch_run(launch, s.across, s.down * split->slices);
}

ebb_status ebbi_matmul_cpu_nn(const ebbi_product *p, ebb_tensor *z, const ebb_tensor *bias,
                              ebb_activation activation) {
  ebbi_split split;
  TRY(choose_split(&split, p, !p->activates));
  if (split.slices == 1 && ebbi_matmul_few_suits(p)) return ebbi_matmul_few(p, z, bias, activation);
  ebbi_launch launch = begin(p, activation, bias != NULL);
  ebbi_launch_buffer(&launch, split.partials);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(z));
  ebbi_launch_buffer(&launch, p->a->buffer);
  ebbi_launch_buffer(&launch, p->b->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(bias));
  if (p->activates) ebbi_work_add_f(&launch.work, bias != NULL, z != NULL);
  TRY(run(&launch, p, &split));
  return ebbi_add_slices(p, NULL, &split);
}

ebb_status ebbi_matmul_cpu_nt(const ebbi_product *p, const ebb_tensor *z_below,
                              const ebb_tensor *a_below, ebb_activation activation) {
  ebbi_split split;
  TRY(choose_split(&split, p, !a_below));
  ebbi_launch launch = begin(p, activation, false);
  ebbi_launch_buffer(&launch, split.partials);
  ebbi_launch_buffer(&launch, p->a->buffer);
  ebbi_launch_buffer(&launch, p->b->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(z_below));
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(a_below));
  if (a_below) ebbi_work_add_slope(&launch.work);
  TRY(run(&launch, p, &split));
  return ebbi_add_slices(p, NULL, &split);
}

ebb_status ebbi_matmul_cpu_tn(const ebbi_product *p, ebb_tensor *sums) {
  ebbi_split split;
  TRY(choose_split(&split, p, true));
  ebbi_launch launch = begin(p, EBB_ACT_IDENTITY, false);
  ebbi_launch_buffer(&launch, split.partials);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(sums));
  ebbi_launch_buffer(&launch, p->a->buffer);
  ebbi_launch_buffer(&launch, p->b->buffer);
  if (sums) ebbi_work_add_sums(&launch.work);
  TRY(run(&launch, p, &split));
  return ebbi_add_slices(p, sums, &split);
}
