/* Device parameters: one row for each kind of device, selected by its registers and limits, never
 * by its name or vendor. */
#include "cl.h"

#include <stdio.h>

/* The matmul tile fits the register file: 32 registers of 16 floats hold 11 x 2 vectors of sums and
 * their operands, 16 registers of 8 or 4 floats hold 6 x 2; larger tiles spill. 12 rows would fit,
 * too, but batches of 32 and 64 rows are 3 and 6 tiles of 11 with fewer rows left over. With few
 * rows the tile is 8 or 4 x 3, which divide more numbers of rows. */
static const struct {
  unsigned width, tile_m, tile_v, few_m;
} vector_rows[] = {{16, 11, 2, 8}, {8, 6, 2, 4}, {4, 6, 2, 4}};
enum { VECTOR_ROWS = sizeof vector_rows / sizeof *vector_rows };

/* Items of a group and work of an item: a CPU needs one item with much work, a GPU many with
 * little. The CPU products pack panels of 4 tiles by 512, 64 to 256 KiB of an L2 cache. On a GPU
 * that form only has to work, with as little private memory as possible. */
static const struct {
  unsigned element_group, element_vectors, reduce_group, loss_group, loss_rows, gather_group,
      block_k, panels;
} cpu_row = {1, 64, 1, 1, 16, 1, 512, 4}, gpu_row = {256, 1, 64, 64, 1, 64, 32, 1};

/* Fewer columns for each compute unit are not worth a product of few rows in its own form. */
enum { FEW_COLS = 512 };

static bool is_cpu(const ebb_device_info *info) {
  return info->type == EBB_DEVICE_CPU;
}

unsigned ebbi_params_width(const ebb_device_info *info) {
  size_t row = is_cpu(info) ? 0 : VECTOR_ROWS - 1;
  while (row + 1 < VECTOR_ROWS && vector_rows[row].width > info->float_width) row++;
  return vector_rows[row].width;
}

/* A group's items: `wanted`, a power of two, or as many as the device allows. */
static unsigned most_items(const ebb_device_info *info, unsigned wanted) {
  while (wanted > 1 && wanted > info->max_group) wanted /= 2;
  return wanted;
}

/* The GPU form of whole steps takes as many items as possible, up to 256, and as much local memory,
 * up to the 64 KiB that GPUs have; some is left to the driver. */
static void choose_step(ebbi_device_params *params, const ebb_device_info *info) {
  enum { MOST = 65536, LEFT = 512 };
  uint64_t local = info->local_bytes < MOST ? info->local_bytes : MOST;
  params->step_group = most_items(info, 256);
  params->step_local = local > LEFT ? (unsigned)local - LEFT : 0;
}

bool ebbi_params_choose(ebbi_device_params *params, const ebb_device_info *info, unsigned width) {
  size_t row = 0;
  while (row < VECTOR_ROWS && vector_rows[row].width != width) row++;
  if (row == VECTOR_ROWS) return false;
  *params = (ebbi_device_params){
      .width = vector_rows[row].width,
      .tile_m = vector_rows[row].tile_m,
      .tile_v = vector_rows[row].tile_v,
      .block_k = is_cpu(info) ? cpu_row.block_k : gpu_row.block_k,
      .panels = is_cpu(info) ? cpu_row.panels : gpu_row.panels,
      .few_m = vector_rows[row].few_m,
      .few_cols = FEW_COLS,
      .few_bytes = width == 16 ? info->cache_bytes : 0,
      .element_group =
          most_items(info, is_cpu(info) ? cpu_row.element_group : gpu_row.element_group),
      .element_vectors = is_cpu(info) ? cpu_row.element_vectors : gpu_row.element_vectors,
      .reduce_group = is_cpu(info) ? cpu_row.reduce_group : gpu_row.reduce_group,
      .loss_group = is_cpu(info) ? cpu_row.loss_group : gpu_row.loss_group,
      .loss_rows = is_cpu(info) ? cpu_row.loss_rows : gpu_row.loss_rows,
      .gather_group = is_cpu(info) ? cpu_row.gather_group : gpu_row.gather_group,
      .chains = vector_rows[row].tile_m * vector_rows[row].tile_v,
  };
  choose_step(params, info);
  return true;
}

void ebbi_params_options(char *options, size_t size, const ebbi_device_params *params) {
  snprintf(options, size,
           "-cl-std=CL1.2 -w -DWIDTH=%u -DTILE_M=%u -DTILE_V=%u -DBLOCK_K=%u -DPANELS=%u "
           "-DELEMENT_GROUP=%u -DELEMENT_VECTORS=%u -DREDUCE_GROUP=%u -DLOSS_GROUP=%u "
           "-DGATHER_GROUP=%u -DCHAINS=%u -DSTEP_GROUP=%u",
           params->width, params->tile_m, params->tile_v, params->block_k, params->panels,
           params->element_group, params->element_vectors, params->reduce_group, params->loss_group,
           params->gather_group, params->chains, params->step_group);
}
