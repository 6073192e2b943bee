/* The GPU form of matrix products, with ordinary arithmetic or on tensor cores: one launch if there
 * are many tiles, two if the depth is split.
 *
 * ebbi_matmul_choose decides how a product is cut. If the depth is split, the first launch writes
 * plain sums to the device's workspace. The second adds them in order and applies the epilogue.
 * Both families of kernels take the same arguments.
 */
#include "base/error.h"
#include "base/size.h"
#include "ops/work.h"
#include "product.h"
#include "tiles.h"

#include <stdio.h>

/* A product in progress. */
typedef struct run {
  const ebbi_product *product;
  ebbi_tiling tiling;
  ebbi_split split;
  bool mma;                                 /* on tensor cores */
  char finish[EBBI_ACTIVATION_OPTION + 32]; /* build options for the epilogue */
  char options[EBBI_ACTIVATION_OPTION + EBBI_MATMUL_OPTIONS + 64];
} run;

static const char *option_if_bf16(const ebb_tensor *tensor, const char *option) {
  return tensor->dtype == EBB_BF16 ? option : "";
}

/* Sets the build options of both launches. The first launch of a split product writes plain sums in
 * float32. */
static void choose_options(run *r, ebb_activation activation, bool bias) {
  const ebbi_product *p = r->product;
  char name[EBBI_ACTIVATION_OPTION], tiles[EBBI_MATMUL_OPTIONS], last[32];
  ebbi_activation_option(name, p->exec, activation);
  ebbi_matmul_options(tiles, p->exec->mma, r->tiling.config);
  snprintf(last, sizeof last, "%s%s", option_if_bf16(p->c, " -DC_BF16"),
           p->activates && !bias ? " -DACTIVATES" : "");
  snprintf(r->finish, sizeof r->finish, "%s%s", name, last);
  snprintf(r->options, sizeof r->options, "%s %s%s%s%s", name, tiles,
           option_if_bf16(p->a, " -DA_BF16"), option_if_bf16(p->b, " -DB_BF16"),
           r->tiling.slices == 1 ? last : "");
}

/* The products' kernels by layout: with ordinary arithmetic, and on tensor cores. */
static const ebbi_kernel_id product_kernels[EBB_LAYOUT_COUNT][2] = {
    [EBB_LAYOUT_NN] = {EBBI_KERNEL_matmul_nn_gpu, EBBI_KERNEL_matmul_nn_mma},
    [EBB_LAYOUT_NT] = {EBBI_KERNEL_matmul_nt_gpu, EBBI_KERNEL_matmul_nt_mma},
    [EBB_LAYOUT_TN] = {EBBI_KERNEL_matmul_tn_gpu, EBBI_KERNEL_matmul_tn_mma},
};

static ebbi_kernel_id kernel_of(const run *r) {
  return product_kernels[r->product->layout][r->mma];
}

static bool choose_tiling(run *r) {
  const ebbi_product *p = r->product;
  return ebbi_matmul_choose(&r->tiling, p->exec, p->c->device, p->layout, p->rows, p->cols,
                            p->depth);
}

/* Chooses the tiling and the options. A tile that does not serve on the device gives way to the
 * next best, unless it is forced. */
static ebb_status choose(run *r, ebb_activation activation, bool bias) {
  const ebbi_product *p = r->product;
  ebb_device *device = p->c->device;
  ebbi_service service = EBBI_SERVES;
  int last = EBB_MATMUL_CONFIG_AUTO;
  while (choose_tiling(r)) {
    choose_options(r, activation, bias);
    if (ebbi_exec_config(p->exec) >= 0 || r->tiling.config == last) return EBB_OK;
    last = r->tiling.config; /* if it spills and is chosen again, there is none better */
    TRY(ebbi_kernel_judge(&service, device, p->exec, kernel_of(r), r->options));
    if (service == EBBI_SERVES) return EBB_OK;
    ebbi_matmul_refuse(device, p->exec, p->layout, r->tiling.config, service);
  }
  REQUIRE(service != EBBI_FAILS, EBB_ERR_DEVICE,
          "engine gpu: \"%s\" runs none of the tiles; use engine cpu. The last one: %s",
          ebb_device_get_info(device)->name, ebb_error_message());
  return ebbi_fail(EBB_ERR_UNSUPPORTED,
                   "engine gpu: \"%s\" has too few work-items or too little local memory a group "
                   "for any tile; use engine cpu",
                   ebb_device_get_info(device)->name);
}

static ebb_status prepare(run *r, const ebbi_product *p, ebb_activation activation, bool bias) {
  *r = (run){.product = p, .mma = p->exec->mma.precision != EBB_PRECISION_FP32};
  TRY(choose(r, activation, bias));
  r->split = (ebbi_split){r->tiling.slices, r->tiling.slice_depth, p->c->buffer};
  return r->tiling.slices == 1 ? EBB_OK : ebbi_split_partials(&r->split, p);
}

static ebbi_launch begin(const run *r) {
  const ebbi_product *p = r->product;
  ebbi_launch launch = ebbi_launch_begin(p->c->device, p->exec, kernel_of(r), r->options);
  launch.work = ebbi_work_product(p->rows, p->cols, p->depth);
  return launch;
}

static ebbi_launch begin_finish(const run *r, ebbi_kernel_id id) {
  const ebbi_product *p = r->product;
  ebbi_launch launch = ebbi_launch_begin(p->c->device, p->exec, id, r->finish);
  launch.work = ebbi_work_slices(r->tiling.slices, p->rows, p->cols);
  return launch;
}

/* Subtracts the bytes that bfloat16 tensors save compared with float32; `outputs` tensors of c's
 * shape and type are written or read. */
static void count_halves(ebbi_launch *launch, const run *r, bool reads, size_t outputs) {
  const ebbi_product *p = r->product;
  double spared = 0;
  if (reads && p->a->dtype == EBB_BF16) spared += (double)p->rows * (double)p->depth;
  if (reads && p->b->dtype == EBB_BF16) spared += (double)p->depth * (double)p->cols;
  if (p->c->dtype == EBB_BF16) spared += (double)(outputs * p->rows) * (double)p->cols;
  launch->work.bytes -= 2 * spared;
}

/* Appends the last arguments of all products; queues one group for each tile of each slice. */
static ebb_status run_product(ebbi_launch *launch, const run *r, size_t outputs) {
  count_halves(launch, r, true, r->tiling.slices == 1 ? outputs : 0);
  ebbi_product_arguments(launch, r->product);
  ebbi_launch_int(launch, r->tiling.slice_depth);
  return ebbi_launch_run(launch, r->tiling.across, r->tiling.down * r->tiling.slices);
}

/* The same for the kernels that add slices and apply the epilogue; an item takes four columns. */
static ebb_status run_finish(ebbi_launch *launch, const run *r, size_t outputs) {
  enum { FINISH_GROUP = 64 }; /* twin of the kernels' constant */
  const ebbi_product *p = r->product;
  count_halves(launch, r, false, outputs);
  ebbi_launch_int(launch, r->tiling.slices);
  ebbi_launch_int(launch, p->rows);
  ebbi_launch_int(launch, p->cols);
  ebbi_launch_int(launch, p->c->stride);
  size_t items = p->rows * ebbi_ceil_div(p->cols, 4);
  return ebbi_launch_run(launch, ebbi_ceil_div(items, FINISH_GROUP), 1);
}

/* Returns true if slices must be added by a launch that knows types and epilogue. */
static bool needs_finish(const run *r, bool fused) {
  return r->tiling.slices > 1 && (fused || r->product->c->dtype == EBB_BF16);
}

ebb_status ebbi_matmul_gpu_nn(const ebbi_product *p, ebb_tensor *z, const ebb_tensor *bias,
                              ebb_activation activation) {
  run r;
  TRY(prepare(&r, p, activation, bias != NULL));
  bool split = r.tiling.slices > 1;
  size_t outputs = z ? 2 : 1;
  ebbi_launch launch = begin(&r);
  ebbi_launch_buffer(&launch, r.split.partials);
  ebbi_launch_buffer(&launch, split ? NULL : ebbi_tensor_buffer(z));
  ebbi_launch_buffer(&launch, p->a->buffer);
  ebbi_launch_buffer(&launch, p->b->buffer);
  ebbi_launch_buffer(&launch, split ? NULL : ebbi_tensor_buffer(bias));
  if (p->activates && !split) ebbi_work_add_f(&launch.work, bias != NULL, z != NULL);
  TRY(run_product(&launch, &r, outputs));
  if (!needs_finish(&r, p->activates)) return ebbi_add_slices(p, NULL, &r.split);
  launch = begin_finish(&r, EBBI_KERNEL_finish_slices_nn);
  ebbi_launch_buffer(&launch, p->c->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(z));
  ebbi_launch_buffer(&launch, r.split.partials);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(bias));
  if (p->activates) ebbi_work_add_f(&launch.work, bias != NULL, z != NULL);
  return run_finish(&launch, &r, outputs);
}

ebb_status ebbi_matmul_gpu_nt(const ebbi_product *p, const ebb_tensor *z_below,
                              const ebb_tensor *a_below, ebb_activation activation) {
  run r;
  TRY(prepare(&r, p, activation, false));
  bool split = r.tiling.slices > 1;
  size_t outputs = a_below ? 2 : 1;
  ebbi_launch launch = begin(&r);
  ebbi_launch_buffer(&launch, r.split.partials);
  ebbi_launch_buffer(&launch, p->a->buffer);
  ebbi_launch_buffer(&launch, p->b->buffer);
  ebbi_launch_buffer(&launch, split ? NULL : ebbi_tensor_buffer(z_below));
  ebbi_launch_buffer(&launch, split ? NULL : ebbi_tensor_buffer(a_below));
  if (a_below && !split) ebbi_work_add_slope(&launch.work);
  TRY(run_product(&launch, &r, outputs));
  if (!needs_finish(&r, a_below != NULL)) return ebbi_add_slices(p, NULL, &r.split);
  launch = begin_finish(&r, EBBI_KERNEL_finish_slices_nt);
  ebbi_launch_buffer(&launch, p->c->buffer);
  ebbi_launch_buffer(&launch, r.split.partials);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(z_below));
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(a_below));
  if (a_below) ebbi_work_add_slope(&launch.work);
  return run_finish(&launch, &r, outputs);
}

ebb_status ebbi_matmul_gpu_tn(const ebbi_product *p, ebb_tensor *sums) {
  run r;
  TRY(prepare(&r, p, EBB_ACT_IDENTITY, false));
  ebbi_launch launch = begin(&r);
  ebbi_launch_buffer(&launch, r.split.partials);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(sums));
  ebbi_launch_buffer(&launch, p->a->buffer);
  ebbi_launch_buffer(&launch, p->b->buffer);
  if (sums) ebbi_work_add_sums(&launch.work);
  TRY(run_product(&launch, &r, 1));
  return ebbi_add_slices(p, sums, &r.split);
}
