/* The CPU form of c = a.b with few rows (kernels/matmul_few.cl): when it is used, and its items.
 *
 * It changes no bit, so the choice may depend on the device: there must be enough columns for every
 * compute unit, and reading b must be what takes time. With 16 registers that holds for all such
 * products. With 32 it holds where b exceeds the cache; else the other form's larger tiles win,
 * unless they leave a quarter of their rows over.
 */
#include "base/size.h"
#include "ops/work.h"
#include "product.h"

#include <stdio.h>

/* FEW_V, FEW_K: twins of the kernel's. With more rows than FEW_ROWS reading b takes less time than
 * multiplying. ITEM_BYTES: of an item's block of b, of which two are in an L2 cache of 512 KiB or
 * more: the one in use and the next. */
enum { FEW_V = 3, FEW_K = 128, FEW_ROWS = 64, ITEM_BYTES = 240 << 10 };

bool ebbi_matmul_few_suits(const ebbi_product *p) {
  const ebbi_device_params *params = &p->exec->params;
  size_t units = ebb_device_get_info(p->c->device)->compute_units;
  size_t rows = ebbi_round_up(p->rows, params->few_m);
  size_t other_rows = ebbi_round_up(p->rows, params->tile_m);
  return p->rows <= FEW_ROWS && p->cols >= params->few_cols * units &&
         ((uint64_t)p->depth * p->b->stride * sizeof(float) >= params->few_bytes ||
          4 * other_rows >= 5 * rows);
}

/* Columns of an item: as few as ITEM_BYTES demands, the same for all, and a multiple of items for
 * each compute unit. */
static size_t item_columns(const ebbi_product *p) {
  size_t panel = (size_t)FEW_V * p->exec->params.width;
  size_t most = ITEM_BYTES / (FEW_K * sizeof(float) * panel) * panel;
  size_t units = ebb_device_get_info(p->c->device)->compute_units;
  size_t items = ebbi_round_up(ebbi_ceil_div(p->cols, most), units);
  return ebbi_round_up(ebbi_ceil_div(p->cols, items), panel);
}

ebb_status ebbi_matmul_few(const ebbi_product *p, ebb_tensor *z, const ebb_tensor *bias,
                           ebb_activation activation) {
  bool cpu = ebb_device_get_info(p->c->device)->type == EBB_DEVICE_CPU;
  char name[EBBI_ACTIVATION_OPTION], options[EBBI_ACTIVATION_OPTION + 48];
  ebbi_activation_option(name, p->exec, activation);
  snprintf(options, sizeof options, "%s%s -DFEW_M=%u%s", name,
           p->activates && !bias ? " -DACTIVATES" : "", p->exec->params.few_m,
           cpu ? " -DPREFETCHES" : "");
  ebbi_launch launch = ebbi_launch_begin(p->c->device, p->exec, EBBI_KERNEL_matmul_nn_few, options);
  launch.work = ebbi_work_product(p->rows, p->cols, p->depth);
  if (p->activates) ebbi_work_add_f(&launch.work, bias != NULL, z != NULL);
  size_t columns = item_columns(p);
  ebbi_launch_buffer(&launch, p->c->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(z));
  ebbi_launch_buffer(&launch, p->a->buffer);
  ebbi_launch_buffer(&launch, p->b->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(bias));
  ebbi_product_arguments(&launch, p);
  ebbi_launch_int(&launch, columns);
  return ebbi_launch_run(&launch, ebbi_ceil_div(p->cols, columns), 1);
}
