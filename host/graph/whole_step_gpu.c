/* Whole steps by work-groups: the division of local memory, and the list of phases for a block.
 *
 * Weights are double-buffered in two panels of local memory: one is loaded while a phase works on
 * the other. A panel has the whole depth of a product and as many units as fit. A layer may take
 * several panels, but no sum is ever split, so results do not depend on the size of local memory.
 * Values are kept there as well if enough room remains for the panels. Weights take precedence,
 * since each item reads them one at a time but values as vectors.
 */
#include "base/error.h"
#include "base/size.h"
#include "whole_table.h"

/* Floats of local memory besides values and panels: for each row its loss, hit and weight, with
 * padding, and its source. */
enum { ROWS = 5 * EBBI_CHUNK };

/* Values stay out of local memory if the largest layer's weights would then take more panels. */
enum { PANELS_MOST = 4 };

/* Twins of the kernel's constants. */
typedef enum work { TAKE, LOAD, UP, LOSS, SHARE, DOWN } work;
typedef enum copy { COPY_NONE, COPY_UP, COPY_DOWN } copy;

/* Returns the units that a panel holds at this depth. Rows of a panel have an odd length. */
static size_t panel_units(size_t panel, size_t depth) {
  size_t units = panel / depth;
  return units > 0 && units % 2 == 0 ? units - 1 : units;
}

/* Returns the floats of the largest layer's weights as one panel, and the deepest product. No
 * gradient is computed for the network's input. */
static size_t largest_panel(size_t *deepest, const ebbi_whole_network *network) {
  size_t largest = 0;
  *deepest = 0;
  for (size_t l = 0; l < network->count; l++) {
    size_t inputs = network->layers[l].inputs, outputs = network->layers[l].outputs;
    size_t up = inputs * (outputs | 1), down = l > 0 ? outputs * (inputs | 1) : 0;
    if (up > largest) largest = up;
    if (down > largest) largest = down;
    if (inputs > *deepest) *deepest = inputs;
    if (l > 0 && outputs > *deepest) *deepest = outputs;
  }
  return largest;
}

/* Floats of local memory for values and panels. */
static size_t room_of(const ebbi_exec *exec) {
  size_t floats = exec->params.step_local / sizeof(float);
  return floats > ROWS ? floats - ROWS : 0;
}

bool ebbi_group_fits(const ebbi_exec *exec, const ebb_device *device,
                     const ebbi_whole_network *network) {
  size_t deepest;
  largest_panel(&deepest, network);
  return room_of(exec) >= 2 * deepest &&
         ebb_device_get_info(device)->max_group >= exec->params.step_group;
}

ebb_status ebbi_group_layout(ebbi_whole_layout *layout, const ebbi_exec *exec,
                             const ebb_device *device, const ebbi_whole_network *network) {
  const ebb_device_info *info = ebb_device_get_info(device);
  size_t deepest, largest = largest_panel(&deepest, network), room = room_of(exec);
  REQUIRE(ebbi_group_fits(exec, device, network), EBB_ERR_UNSUPPORTED,
          "whole steps: %llu bytes of local memory and %zu work-items a group, %zu and %u are "
          "needed; let steps run layer by layer",
          (unsigned long long)info->local_bytes, info->max_group,
          (2 * deepest + ROWS) * sizeof(float) + 512, exec->params.step_group);
  size_t left = layout->scratch < room ? (room - layout->scratch) / 2 : 0;
  if (left >= largest || (left >= deepest && left * PANELS_MOST >= largest)) {
    layout->values = layout->scratch;
    layout->scratch = 0;
  } else {
    left = room / 2;
  }
  layout->panel = left < largest ? left : largest;
  layout->local_bytes = (layout->values + ROWS + 2 * layout->panel) * sizeof(float);
  return EBB_OK;
}

/* A growing list of phases. */
typedef struct list {
  ebbi_table_row *rows; /* NULL: phases are only counted */
  size_t count;
} list;

/* Adds a phase. The phase before a product copies its weights. */
static void add(list *phases, work what, size_t layer, size_t first, size_t units) {
  ebbi_table_row *row = phases->rows ? phases->rows + phases->count : NULL;
  phases->count++;
  if (!row) return;
  row->phase.work = what;
  row->phase.layer = (int32_t)layer;
  row->phase.first = (int32_t)first;
  row->phase.units = (int32_t)units;
  if (what != UP && what != DOWN) return; /* only the GPU form reads the rest */
  row[-1].phase.copy = what == UP ? COPY_UP : COPY_DOWN;
  row[-1].phase.copy_layer = (int32_t)layer;
  row[-1].phase.copy_first = (int32_t)first;
  row[-1].phase.copy_units = (int32_t)units;
}

/* Adds a layer's product, split into panels of about equal size, or as one phase. */
static void add_product(list *phases, work what, const ebbi_whole_network *network, size_t l,
                        size_t panel) {
  const ebbi_whole_layer *layer = &network->layers[l];
  size_t depth = what == UP ? layer->inputs : layer->outputs;
  size_t units = what == UP ? layer->outputs : layer->inputs;
  size_t parts = panel > 0 ? ebbi_ceil_div(units, panel_units(panel, depth)) : 1;
  size_t part = ebbi_ceil_div(units, parts);
  for (size_t first = 0; first < units; first += part)
    add(phases, what, l, first, units - first < part ? units - first : part);
}

size_t ebbi_whole_phases(ebbi_table_row *rows, const ebbi_whole_network *network, size_t panel) {
  list phases = {rows, 0};
  add(&phases, TAKE, 0, 0, 0);
  add(&phases, LOAD, 0, 0, 0);
  for (size_t l = 0; l < network->count; l++) add_product(&phases, UP, network, l, panel);
  add(&phases, LOSS, 0, 0, 0);
  for (size_t l = network->count; l-- > 0;) {
    add(&phases, SHARE, l, 0, 0);
    if (l > 0) add_product(&phases, DOWN, network, l, panel);
  }
  return phases.count;
}
