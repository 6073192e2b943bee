/* How the engine gpu cuts a product into tiles: the table of configurations, and which one a
 * product gets: that for which the plan costs least, unless it is forced or measuring has found
 * another better, which is kept by class of sizes, on the device.
 */
#include "base/size.h"
#include "cl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* X(rows and columns of a group's tile, steps of k at a time, rows and columns of an item's part,
 * speed of full groups against the last row's). The speeds are reasoned, not measured: an item
 * reads rows + columns words of local memory for rows x columns multiply-adds, a group tile rows +
 * tile columns words of global memory. Small tiles first; three rows are for 64 items. */
#define CONFIG_LIST(X)                                                                             \
  X(32, 32, 16, 4, 4, 0.60)                                                                        \
  X(64, 32, 16, 8, 4, 0.75)                                                                        \
  X(64, 64, 8, 8, 8, 0.90)                                                                         \
  X(64, 64, 16, 8, 4, 0.85)                                                                        \
  X(128, 64, 8, 8, 8, 0.95)                                                                        \
  X(128, 128, 8, 8, 8, 1.00)

static const struct config {
  ebbi_matmul_tiles tiles;
  const char *name;
  double speed;
} configs[] = {
#define CONFIG_ROW(rows, cols, steps, item_rows, item_cols, speed)                                 \
  {{rows, cols, steps, item_rows, item_cols},                                                      \
   #rows "x" #cols "x" #steps " " #item_rows "x" #item_cols,                                       \
   speed},
    CONFIG_LIST(CONFIG_ROW)};
enum { CONFIGS = sizeof configs / sizeof *configs };

/* Floats between the rows of a steps in local memory that belong to no column. */
enum { PADDING = 4 };

size_t ebb_matmul_config_count(void) {
  return CONFIGS;
}

const char *ebb_matmul_config_name(size_t config) {
  return config < CONFIGS ? configs[config].name : "?";
}

static size_t items_of(const ebbi_matmul_tiles *tiles) {
  return (size_t)(tiles->rows / tiles->item_rows) * (tiles->cols / tiles->item_cols);
}

static ebbi_tile tile_of(int config) {
  const ebbi_matmul_tiles *tiles = &configs[config].tiles;
  return (ebbi_tile){tiles->rows, tiles->cols, tiles->steps, items_of(tiles),
                     configs[config].speed};
}

bool ebb_device_fits_matmul_config(const ebb_device *device, size_t config) {
  if (config >= CONFIGS) return false;
  const ebbi_matmul_tiles *tiles = &configs[config].tiles;
  size_t words = 2 * tiles->steps * (tiles->rows + tiles->cols + 2 * PADDING);
  return items_of(tiles) <= device->info.max_group &&
         words * sizeof(cl_float) <= device->info.local_bytes;
}

/* Sizes up to 32, 64, … 2048, and larger ones: 8 buckets. */
static unsigned side_bucket(size_t size) {
  unsigned bucket = 0;
  while (bucket < 7 && size > (size_t)32 << bucket) bucket++;
  return bucket;
}

/* Depths up to 128, 512, 2048, and larger ones. */
static unsigned depth_bucket(size_t depth) {
  return depth <= 128 ? 0 : depth <= 512 ? 1 : depth <= 2048 ? 2 : 3;
}

unsigned ebb_matmul_class(size_t rows, size_t cols, size_t depth) {
  return (side_bucket(rows) * 8 + side_bucket(cols)) * 4 + depth_bucket(depth);
}

static ebb_status require_config(const ebb_device *device, const char *where, int config) {
  REQUIRE(config >= EBB_MATMUL_CONFIG_AUTO && config < CONFIGS, EBB_ERR_ARGUMENT,
          "%s: matmul configuration %d: there are %d, from 0 on", where, config, CONFIGS);
  REQUIRE(config < 0 || ebb_device_fits_matmul_config(device, (size_t)config), EBB_ERR_UNSUPPORTED,
          "%s: matmul configuration \"%s\" is too large for \"%s\": %zu work-items and %llu bytes "
          "of local memory a group",
          where, configs[config].name, device->info.name, device->info.max_group,
          (unsigned long long)device->info.local_bytes);
  return EBB_OK;
}

int ebb_device_matmul_config(const ebb_device *device) {
  return device->matmul_config;
}

ebb_status ebb_device_set_matmul_config(ebb_device *device, int config) {
  TRY(require_config(device, "ebb_device_set_matmul_config", config));
  device->matmul_config = config;
  return EBB_OK;
}

ebb_status ebb_device_set_matmul_choice(ebb_device *device, ebb_layout layout, unsigned class_index,
                                        int config) {
  static const char where[] = "ebb_device_set_matmul_choice";
  REQUIRE((unsigned)layout < EBB_LAYOUT_COUNT && class_index < EBB_MATMUL_CLASSES, EBB_ERR_ARGUMENT,
          "%s: layout %d, class %u: there are %d layouts and %d classes", where, (int)layout,
          class_index, EBB_LAYOUT_COUNT, EBB_MATMUL_CLASSES);
  REQUIRE(config != EBB_MATMUL_CLBLAST || ebbi_clblast_built(), EBB_ERR_UNSUPPORTED,
          "%s: this build has no CLBlast", where);
  if (config != EBB_MATMUL_CLBLAST) TRY(require_config(device, where, config));
  device->matmul_choices[layout][class_index] = (signed char)config;
  return EBB_OK;
}

int ebb_device_matmul_choice(const ebb_device *device, ebb_layout layout, unsigned class_index) {
  bool known = (unsigned)layout < EBB_LAYOUT_COUNT && class_index < EBB_MATMUL_CLASSES;
  return known ? device->matmul_choices[layout][class_index] : EBB_MATMUL_CONFIG_AUTO;
}

ebb_engine ebb_device_choose_engine(const ebb_device *device, ebb_layout layout, size_t rows,
                                    size_t cols, size_t depth) {
  if (device->mma.precision != EBB_PRECISION_FP32) return EBB_ENGINE_GPU;
  bool free = !device->engine_forced && device->matmul_config == EBB_MATMUL_CONFIG_AUTO;
  unsigned class_index = ebb_matmul_class(rows, cols, depth);
  return free && ebb_device_matmul_choice(device, layout, class_index) == EBB_MATMUL_CLBLAST
             ? EBB_ENGINE_CLBLAST
             : device->engine;
}

bool ebbi_matmul_choose(ebbi_matmul_plan *plan, const ebb_device *device, ebb_layout layout,
                        size_t rows, size_t cols, size_t depth) {
  int wanted = device->matmul_config;
  if (wanted < 0) wanted = device->matmul_choices[layout][ebb_matmul_class(rows, cols, depth)];
  double best = -1;
  for (int config = 0; config < CONFIGS; config++) {
    ebbi_matmul_plan candidate;
    if (wanted >= 0 ? config != wanted : !ebb_device_fits_matmul_config(device, (size_t)config))
      continue;
    ebbi_tile tile = tile_of(config);
    double cost = ebbi_plan_tiles(&candidate, &tile, rows, cols, depth);
    if (best >= 0 && cost >= best) continue;
    *plan = candidate;
    plan->config = config;
    best = cost;
  }
  return best >= 0;
}

int ebb_device_choose_matmul_config(const ebb_device *device, ebb_layout layout, size_t rows,
                                    size_t cols, size_t depth) {
  ebbi_matmul_plan plan;
  bool found = ebbi_matmul_choose(&plan, device, layout, rows, cols, depth);
  return found ? plan.config : EBB_MATMUL_CONFIG_AUTO;
}

void ebbi_matmul_options(char options[EBBI_MATMUL_OPTIONS], int config) {
  const ebbi_matmul_tiles *tiles = &configs[config].tiles;
  snprintf(options, EBBI_MATMUL_OPTIONS,
           "-DTILE_ROWS=%u -DTILE_COLS=%u -DSTEPS=%u -DITEM_ROWS=%u -DITEM_COLS=%u", tiles->rows,
           tiles->cols, tiles->steps, tiles->item_rows, tiles->item_cols);
}

ebb_status ebbi_matmul_set_up(ebb_device *device) {
  device->matmul_config = EBB_MATMUL_CONFIG_AUTO;
  memset(device->matmul_choices, EBB_MATMUL_CONFIG_AUTO, sizeof device->matmul_choices);
  const char *wanted = getenv("EBB_MATMUL_CONFIG");
  if (!wanted || wanted[0] == '\0') return EBB_OK;
  for (int config = 0; config < CONFIGS; config++)
    if (strcmp(wanted, configs[config].name) == 0)
      return ebb_device_set_matmul_config(device, config);
#define CONFIG_NAME(rows, cols, steps, item_rows, item_cols, speed)                                \
  ", \"" #rows "x" #cols "x" #steps " " #item_rows "x" #item_cols "\""
  static const char names[] = CONFIG_LIST(CONFIG_NAME);
  return ebbi_fail(EBB_ERR_ARGUMENT, "EBB_MATMUL_CONFIG=%s: must be one of %s", wanted, names + 2);
}
