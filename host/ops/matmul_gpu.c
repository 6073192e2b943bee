/* The matrix products' GPU form: one launch where tiles are many, two where the depth is split.
 *
 * How a product is cut says ebbi_matmul_choose. With the depth split the first launch leaves plain
 * sums in the device's workspace, and what is fused (bias, activation, its derivative) moves to the
 * second, which adds them in order.
 */
#include "base/error.h"
#include "base/size.h"
#include "product.h"
#include "work.h"

#include <stdio.h>

/* A product under way. */
typedef struct run {
  const ebbi_product *product;
  ebbi_matmul_plan plan;
  ebbi_split split;
  char options[EBBI_ACTIVATION_OPTION + EBBI_MATMUL_OPTIONS];
} run;

static ebb_status prepare(run *r, const ebbi_product *p, ebb_activation activation) {
  ebb_device *device = p->c->device;
  char activation_option[EBBI_ACTIVATION_OPTION], tile_options[EBBI_MATMUL_OPTIONS];
  *r = (run){.product = p};
  REQUIRE(ebbi_matmul_choose(&r->plan, device, p->layout, p->rows, p->cols, p->depth),
          EBB_ERR_UNSUPPORTED,
          "engine gpu: \"%s\" has too few work-items or too little local memory a group for any "
          "tile; use engine cpu",
          ebb_device_get_info(device)->name);
  ebbi_activation_option(activation_option, activation);
  ebbi_matmul_options(tile_options, r->plan.config);
  snprintf(r->options, sizeof r->options, "%s %s", activation_option, tile_options);
  r->split = (ebbi_split){r->plan.slices, r->plan.slice_depth, p->c->buffer};
  return r->plan.slices == 1 ? EBB_OK : ebbi_split_partials(&r->split, p);
}

static ebbi_launch begin(const run *r, ebbi_kernel_id id, ebbi_work work) {
  ebbi_launch launch = ebbi_launch_begin(r->product->c->device, id, r->options);
  launch.work = work;
  return launch;
}

static ebbi_work product_work(const ebbi_product *p) {
  return ebbi_work_product(p->rows, p->cols, p->depth);
}

static ebbi_work finish_work(const run *r) {
  return ebbi_work_slices(r->plan.slices, r->product->rows, r->product->cols);
}

/* The arguments that all products end with, and a group for each tile of each slice. */
static ebb_status run_product(ebbi_launch *launch, const run *r) {
  ebbi_product_arguments(launch, r->product);
  ebbi_launch_int(launch, r->plan.slice_depth);
  return ebbi_launch_run(launch, r->plan.across, r->plan.down * r->plan.slices);
}

/* The same for the kernels that add slices and finish what is fused: four columns an item. */
static ebb_status run_finish(ebbi_launch *launch, const run *r) {
  enum { ADD_GROUP = 64 }; /* as in the kernels */
  const ebbi_product *p = r->product;
  ebbi_launch_int(launch, r->plan.slices);
  ebbi_launch_int(launch, p->rows);
  ebbi_launch_int(launch, p->cols);
  ebbi_launch_int(launch, p->c->stride);
  size_t items = p->rows * ebbi_ceil_div(p->cols, 4);
  return ebbi_launch_run(launch, ebbi_ceil_div(items, ADD_GROUP), 1);
}

ebb_status ebbi_matmul_gpu_nn(const ebbi_product *p, ebb_tensor *z, const ebb_tensor *bias,
                              ebb_activation activation) {
  run r;
  TRY(prepare(&r, p, activation));
  bool split = r.plan.slices > 1;
  ebbi_launch launch = begin(&r, EBBI_KERNEL_matmul_nn_gpu, product_work(p));
  ebbi_launch_buffer(&launch, r.split.partials);
  ebbi_launch_buffer(&launch, split ? NULL : ebbi_tensor_buffer(z));
  ebbi_launch_buffer(&launch, p->a->buffer);
  ebbi_launch_buffer(&launch, p->b->buffer);
  ebbi_launch_buffer(&launch, split ? NULL : ebbi_tensor_buffer(bias));
  if (bias && !split) ebbi_work_add_bias(&launch.work, z != NULL);
  TRY(run_product(&launch, &r));
  if (!split || !bias) return ebbi_add_slices(p, NULL, &r.split);
  launch = begin(&r, EBBI_KERNEL_add_slices_nn, finish_work(&r));
  ebbi_launch_buffer(&launch, p->c->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(z));
  ebbi_launch_buffer(&launch, r.split.partials);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(bias));
  ebbi_work_add_bias(&launch.work, z != NULL);
  return run_finish(&launch, &r);
}

ebb_status ebbi_matmul_gpu_nt(const ebbi_product *p, const ebb_tensor *z_below,
                              const ebb_tensor *a_below, ebb_activation activation) {
  run r;
  TRY(prepare(&r, p, activation));
  bool split = r.plan.slices > 1;
  ebbi_launch launch = begin(&r, EBBI_KERNEL_matmul_nt_gpu, product_work(p));
  ebbi_launch_buffer(&launch, r.split.partials);
  ebbi_launch_buffer(&launch, p->a->buffer);
  ebbi_launch_buffer(&launch, p->b->buffer);
  ebbi_launch_buffer(&launch, split ? NULL : ebbi_tensor_buffer(z_below));
  ebbi_launch_buffer(&launch, split ? NULL : ebbi_tensor_buffer(a_below));
  if (a_below && !split) ebbi_work_add_slope(&launch.work);
  TRY(run_product(&launch, &r));
  if (!split || !a_below) return ebbi_add_slices(p, NULL, &r.split);
  launch = begin(&r, EBBI_KERNEL_add_slices_nt, finish_work(&r));
  ebbi_launch_buffer(&launch, p->c->buffer);
  ebbi_launch_buffer(&launch, r.split.partials);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(z_below));
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(a_below));
  ebbi_work_add_slope(&launch.work);
  return run_finish(&launch, &r);
}

ebb_status ebbi_matmul_gpu_tn(const ebbi_product *p, ebb_tensor *sums) {
  run r;
  TRY(prepare(&r, p, EBB_ACT_IDENTITY));
  ebbi_launch launch = begin(&r, EBBI_KERNEL_matmul_tn_gpu, product_work(p));
  ebbi_launch_buffer(&launch, r.split.partials);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(sums));
  ebbi_launch_buffer(&launch, p->a->buffer);
  ebbi_launch_buffer(&launch, p->b->buffer);
  if (sums) ebbi_work_add_sums(&launch.work);
  TRY(run_product(&launch, &r));
  return ebbi_add_slices(p, sums, &r.split);
}
