/* Numbers that differ from device to device: one row for each kind, chosen by what a device says of
 * its registers and limits, never by its name or vendor.
 */
#include "cl.h"

#include <stdio.h>

/* The matmul tile follows the register file: 32 registers of 16 floats hold 11 x 2 vectors of sums
 * and their operands, 16 registers of 8 or 4 floats 6 x 2; larger tiles spill. 12 rows would fit
 * too, but batches of 32 and 64 rows make 3 and 6 tiles of 11 with less left over. */
static const struct {
  unsigned width, tile_m, tile_v;
} vector_rows[] = {{16, 11, 2}, {8, 6, 2}, {4, 6, 2}};
enum { VECTOR_ROWS = sizeof vector_rows / sizeof *vector_rows };

/* Items a group and work an item: a CPU wants one item with much to do, a GPU many with little. The
 * CPU products pack panels of 4 tiles by 512, 64 to 256 KiB of an L2 cache; on a GPU that form
 * must only work, in as little private memory as may be. */
static const struct {
  unsigned element_group, element_vectors, loss_group, loss_rows, gather_group, block_k, panels;
} cpu_row = {1, 64, 1, 16, 1, 512, 4}, gpu_row = {64, 1, 64, 1, 64, 32, 1};

static bool is_cpu(const ebb_device_info *info) {
  return info->type == EBB_DEVICE_CPU;
}

unsigned ebbi_profile_width(const ebb_device_info *info) {
  size_t row = is_cpu(info) ? 0 : VECTOR_ROWS - 1;
  while (row + 1 < VECTOR_ROWS && vector_rows[row].width > info->float_width) row++;
  return vector_rows[row].width;
}

/* Whole steps in groups take as many items as there may be, up to 256, and as much local memory, up
 * to the 64 KiB that GPUs have; some of it is left to the driver. */
static void choose_step(ebbi_profile *profile, const ebb_device_info *info) {
  enum { MOST = 65536, LEFT = 512 };
  uint64_t local = info->local_bytes < MOST ? info->local_bytes : MOST;
  profile->step_group = info->max_group >= 256 ? 256 : info->max_group >= 128 ? 128 : 64;
  profile->step_local = local > LEFT ? (unsigned)local - LEFT : 0;
}

bool ebbi_profile_choose(ebbi_profile *profile, const ebb_device_info *info, unsigned width) {
  size_t row = 0;
  while (row < VECTOR_ROWS && vector_rows[row].width != width) row++;
  if (row == VECTOR_ROWS) return false;
  *profile = (ebbi_profile){
      .width = vector_rows[row].width,
      .tile_m = vector_rows[row].tile_m,
      .tile_v = vector_rows[row].tile_v,
      .block_k = is_cpu(info) ? cpu_row.block_k : gpu_row.block_k,
      .panels = is_cpu(info) ? cpu_row.panels : gpu_row.panels,
      .element_group = is_cpu(info) ? cpu_row.element_group : gpu_row.element_group,
      .element_vectors = is_cpu(info) ? cpu_row.element_vectors : gpu_row.element_vectors,
      .loss_group = is_cpu(info) ? cpu_row.loss_group : gpu_row.loss_group,
      .loss_rows = is_cpu(info) ? cpu_row.loss_rows : gpu_row.loss_rows,
      .gather_group = is_cpu(info) ? cpu_row.gather_group : gpu_row.gather_group,
      .chains = vector_rows[row].tile_m * vector_rows[row].tile_v,
  };
  choose_step(profile, info);
  return true;
}

void ebbi_profile_options(char *options, size_t size, const ebbi_profile *profile) {
  snprintf(options, size,
           "-cl-std=CL1.2 -w -DWIDTH=%u -DTILE_M=%u -DTILE_V=%u -DBLOCK_K=%u -DPANELS=%u "
           "-DELEMENT_GROUP=%u -DELEMENT_VECTORS=%u -DLOSS_GROUP=%u -DLOSS_ROWS=%u "
           "-DGATHER_GROUP=%u -DCHAINS=%u -DSTEP_GROUP=%u",
           profile->width, profile->tile_m, profile->tile_v, profile->block_k, profile->panels,
           profile->element_group, profile->element_vectors, profile->loss_group,
           profile->loss_rows, profile->gather_group, profile->chains, profile->step_group);
}
