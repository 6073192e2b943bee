/* What a product costs in tiles of a given size, and in how many slices its depth is best cut.
 *
 * The plan is a function of sizes alone. It does not ask for the number of compute units, though a
 * better choice could be had for it: the slices of the depth decide in which order sums are added,
 * and results must not change with the number of units.
 */
#include "base/size.h"
#include "tiles.h"

/* What is taken for a large GPU, whatever the device: units, the items that keep one busy, the
 * least depth of a slice, and what a launch costs, in multiply-adds of one unit (about 2 us). */
enum { UNITS = 128, BUSY_ITEMS = 384, LEAST_DEPTH = 256, LAUNCH = 1 << 19 };

/* A product's groups and its depth in `slices` slices or, where whole steps come out so, fewer. */
static ebbi_matmul_plan cut(const ebbi_tile *tile, size_t rows, size_t cols, size_t depth,
                            size_t slices) {
  size_t slice_depth = ebbi_round_up(ebbi_ceil_div(depth, slices), tile->steps);
  return (ebbi_matmul_plan){.across = ebbi_ceil_div(cols, tile->cols),
                            .down = ebbi_ceil_div(rows, tile->rows),
                            .slices = ebbi_ceil_div(depth, slice_depth),
                            .slice_depth = slice_depth};
}

/* How long the plan takes, in multiply-adds of a unit of the large GPU: the fullest unit runs its
 * groups in turn, but a unit with few items waits for memory most of the time. Slices are written,
 * read and added by a second launch. */
static double cost_of(const ebbi_matmul_plan *plan, const ebbi_tile *tile, double rows,
                      double cols) {
  double work = (double)tile->rows * tile->cols * (double)plan->slice_depth;
  double turns = (double)ebbi_ceil_div(plan->across * plan->down * plan->slices, UNITS);
  double least = (double)BUSY_ITEMS / (double)tile->items;
  double product = work * (turns > least ? turns : least) / tile->speed;
  return plan->slices == 1 ? product : product + LAUNCH + (double)plan->slices * rows * cols;
}

/* Slices are 1, 2, 4, … as long as there is a unit for each group, or half of one. */
double ebbi_plan_tiles(ebbi_matmul_plan *plan, const ebbi_tile *tile, size_t rows, size_t cols,
                       size_t depth) {
  *plan = cut(tile, rows, cols, depth, 1);
  double cost = cost_of(plan, tile, (double)rows, (double)cols);
  size_t tiles = plan->across * plan->down;
  for (size_t slices = 2; slices * tiles <= 2 * UNITS && depth / slices >= LEAST_DEPTH;
       slices *= 2) {
    ebbi_matmul_plan next = cut(tile, rows, cols, depth, slices);
    double next_cost = cost_of(&next, tile, (double)rows, (double)cols);
    if (next_cost >= cost) continue;
    *plan = next;
    cost = next_cost;
  }
  return cost;
}
