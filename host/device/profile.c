/* Numbers that differ from device to device: one row for each kind, chosen by what a device says of
 * its registers and limits, never by its name or vendor.
 */
#include "cl.h"

#include <stdio.h>

/* The matmul tile follows the register file: 32 registers of 16 floats hold 11 x 2 vectors of sums
 * and their operands, 16 registers of 8 or 4 floats 6 x 2; larger tiles spill. 12 rows would fit
 * too, but batches of 32 and 64 rows make 3 and 6 tiles of 11 with less left over. Panels of 4
 * tiles by 256 fill 64 KiB to 128 KiB of an L2 cache. The last row is for devices that are no CPU:
 * there the form must only work, in as little private memory as may be. */
static const struct {
  unsigned width, tile_m, tile_v, block_k, panels;
} vector_rows[] = {{16, 11, 2, 256, 4}, {8, 6, 2, 256, 4}, {4, 6, 2, 256, 4}, {4, 6, 2, 32, 1}};

/* Items a group and work an item: a CPU wants one item with much to do, a GPU many with little. */
static const struct {
  unsigned element_group, element_vectors, loss_group, loss_rows, gather_group;
} cpu_row = {1, 64, 1, 16, 1}, gpu_row = {64, 1, 64, 1, 64};

static bool is_cpu(const ebb_device_info *info) {
  return info->type == EBB_DEVICE_CPU;
}

void ebbi_profile_choose(ebbi_profile *profile, const ebb_device_info *info) {
  size_t row = 0, last = sizeof vector_rows / sizeof *vector_rows - 1;
  while (row + 1 < last && vector_rows[row].width > info->float_width) row++;
  if (!is_cpu(info)) row = last;
  /* 256 items and 8 KiB a group where the device has them, 64 items and 4 KiB else. */
  bool large = info->max_group >= 256 && info->local_bytes >= 16384;
  *profile = (ebbi_profile){
      .width = vector_rows[row].width,
      .tile_m = vector_rows[row].tile_m,
      .tile_v = vector_rows[row].tile_v,
      .block_k = vector_rows[row].block_k,
      .panels = vector_rows[row].panels,
      .tile = large ? 64 : 32,
      .thread = 4,
      .element_group = is_cpu(info) ? cpu_row.element_group : gpu_row.element_group,
      .element_vectors = is_cpu(info) ? cpu_row.element_vectors : gpu_row.element_vectors,
      .loss_group = is_cpu(info) ? cpu_row.loss_group : gpu_row.loss_group,
      .loss_rows = is_cpu(info) ? cpu_row.loss_rows : gpu_row.loss_rows,
      .gather_group = is_cpu(info) ? cpu_row.gather_group : gpu_row.gather_group,
  };
}

void ebbi_profile_options(char *options, size_t size, const ebbi_profile *profile) {
  snprintf(options, size,
           "-cl-std=CL1.2 -w -DWIDTH=%u -DTILE_M=%u -DTILE_V=%u -DBLOCK_K=%u -DPANELS=%u -DTILE=%u "
           "-DTHREAD=%u -DELEMENT_GROUP=%u -DELEMENT_VECTORS=%u -DLOSS_GROUP=%u -DLOSS_ROWS=%u "
           "-DGATHER_GROUP=%u",
           profile->width, profile->tile_m, profile->tile_v, profile->block_k, profile->panels,
           profile->tile, profile->thread, profile->element_group, profile->element_vectors,
           profile->loss_group, profile->loss_rows, profile->gather_group);
}
