/* Tiles of a product: the tables of configurations, and the estimated cost of a product. */
#ifndef EBBI_TILES_H
#define EBBI_TILES_H

#include "gemm.h"

/* A group's tile of a product: its sizes, steps of depth at a time, items, and the speed of full
 * groups relative to the engine gpu's largest tile. */
typedef struct ebbi_tile {
  unsigned rows, cols, steps;
  size_t items;
  double speed;
} ebbi_tile;

/* Finds the cheapest way to cut a product into such tiles, and returns its cost. Does not set the
 * configuration. */
double ebbi_tiling_choose(ebbi_tiling *tiling, const ebbi_tile *tile, size_t rows, size_t cols,
                          size_t depth);

/* Remembers how a configuration serves on the device in a layout, unless it serves well. Automatic
 * choices then give way to others. */
void ebbi_matmul_refuse(ebb_device *device, const ebbi_exec *exec, ebb_layout layout, int config,
                        ebbi_service service);

/* Resets all precisions: no choices, and nothing forced except by EBB_MATMUL_CONFIG. */
ebb_status ebbi_configs_begin(ebbi_exec *exec, const ebb_device *device);

/* Length of the build options of the GPU form's products. */
enum { EBBI_MATMUL_OPTIONS = 192 };
void ebbi_matmul_options(char options[EBBI_MATMUL_OPTIONS], ebbi_mma_state mma, int config);

/* Returns the numbers of a configuration as build options. */
const char *ebbi_matmul_config_options(ebb_precision precision, size_t config);

#endif
