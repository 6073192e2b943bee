/* Tiles of a product: the tables of configurations, and what a product costs in one. */
#ifndef EBBI_TILES_H
#define EBBI_TILES_H

#include "gemm.h"

/* A group's tile of a product: its sizes, steps of depth at a time, items, and the speed of full
 * groups against the largest tile of the engine gpu. */
typedef struct ebbi_tile {
  unsigned rows, cols, steps;
  size_t items;
  double speed;
} ebbi_tile;

/* The cheapest plan in such tiles, except for its configuration; returns its cost. */
double ebbi_plan_tiles(ebbi_matmul_plan *plan, const ebbi_tile *tile, size_t rows, size_t cols,
                       size_t depth);

/* No configuration chosen, and none forced except by EBB_MATMUL_CONFIG, in any precision. */
ebb_status ebbi_configs_begin(ebbi_exec *exec, const ebb_device *device);

/* The build options that make the GPU form's products what they are to be. */
enum { EBBI_MATMUL_OPTIONS = 192 };
void ebbi_matmul_options(char options[EBBI_MATMUL_OPTIONS], ebbi_mma_state mma, int config);

/* The numbers of a configuration as build options. */
const char *ebbi_matmul_config_options(ebb_precision precision, size_t config);

#endif
