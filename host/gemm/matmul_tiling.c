/* The estimated cost of a product in tiles of a given size, and the best number of depth slices.
 *
 * The result depends only on sizes. The number of compute units would allow better choices, but
 * slices of the depth determine the order in which sums are added, and results must not depend on
 * the number of units.
 */
#include "base/size.h"
#include "tiles.h"

/* An assumed large GPU, used for every device: units, items that keep a unit busy, least depth of a
 * slice, and the cost of a launch in multiply-adds of one unit (about 2 us). */
enum { UNITS = 128, BUSY_ITEMS = 384, LEAST_DEPTH = 256, LAUNCH = 1 << 19 };

/* Cuts a product into groups and its depth into `slices` slices; fewer if they are rounded up to
 * whole steps. */
static ebbi_tiling cut(const ebbi_tile *tile, size_t rows, size_t cols, size_t depth,
                       size_t slices) {
  size_t slice_depth = ebbi_round_up(ebbi_ceil_div(depth, slices), tile->steps);
  return (ebbi_tiling){.across = ebbi_ceil_div(cols, tile->cols),
                       .down = ebbi_ceil_div(rows, tile->rows),
                       .slices = ebbi_ceil_div(depth, slice_depth),
                       .slice_depth = slice_depth};
}

/* Estimates the time in multiply-adds of a unit of the assumed GPU. The fullest unit runs its
 * groups in turn; a unit with few items mostly waits for memory. Slices are written, read and added
 * by a second launch. */
static double cost_of(const ebbi_tiling *tiling, const ebbi_tile *tile, double rows, double cols) {
  double work = (double)tile->rows * tile->cols * (double)tiling->slice_depth;
  double turns = (double)ebbi_ceil_div(tiling->across * tiling->down * tiling->slices, UNITS);
  double least = (double)BUSY_ITEMS / (double)tile->items;
  double product = work * (turns > least ? turns : least) / tile->speed;
  return tiling->slices == 1 ? product : product + LAUNCH + (double)tiling->slices * rows * cols;
}

/* Tries 1, 2, 4, … slices, up to two groups for each unit. */
double ebbi_tiling_choose(ebbi_tiling *tiling, const ebbi_tile *tile, size_t rows, size_t cols,
                          size_t depth) {
  *tiling = cut(tile, rows, cols, depth, 1);
  double cost = cost_of(tiling, tile, (double)rows, (double)cols);
  size_t tiles = tiling->across * tiling->down;
  for (size_t slices = 2; slices * tiles <= 2 * UNITS && depth / slices >= LEAST_DEPTH;
       slices *= 2) {
    ebbi_tiling next = cut(tile, rows, cols, depth, slices);
    double next_cost = cost_of(&next, tile, (double)rows, (double)cols);
    if (next_cost >= cost) continue;
    *tiling = next;
    cost = next_cost;
  }
  return cost;
}
