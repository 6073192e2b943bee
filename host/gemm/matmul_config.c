/* How the GPU form cuts a product into tiles: the tables of configurations, for ordinary arithmetic
 * and for tensor cores, and the choice for a product. The choice is the forced configuration, else
 * the one that tuning has stored for the class of sizes, else the one with the least estimated
 * cost.
 *
 * Everything here depends on the precision: the tables differ, and so does what is fast.
 */
#include "base/error.h"
#include "tiles.h"

#include <stdlib.h>
#include <string.h>

/* A row of a table: the tile, with depth counted in words of local memory; the local memory of a
 * group; and its numbers as build options. */
struct config {
  const char *name;
  ebbi_tile tile;
  size_t words;
  const char *options;
};

/* Twins of the kernels' constants: words of padding in a row of local memory; items of a warp. */
enum { PADDING = 4, LANES = 32 };

/* Ordinary arithmetic. X(rows and columns of a group's tile, steps of k at a time, rows and columns
 * of an item's part, speed of full groups relative to the last row). The speeds are estimates: an
 * item reads rows + columns words of local memory for rows x columns multiply-adds, a group tile
 * rows + tile columns words of global memory. Small tiles come first; three rows have 64 items. */
#define SCALAR_LIST(X)                                                                             \
  X(32, 32, 16, 4, 4, 0.60)                                                                        \
  X(64, 32, 16, 8, 4, 0.75)                                                                        \
  X(64, 64, 8, 8, 8, 0.90)                                                                         \
  X(64, 64, 16, 8, 4, 0.85)                                                                        \
  X(128, 64, 8, 8, 8, 0.95)                                                                        \
  X(128, 128, 8, 8, 8, 1.00)

/* Tensor cores. X(rows and columns of a group's tile, words of depth at a time, rows and columns of
 * a warp's part, speed relative to the last row of SCALAR_LIST). These are estimates, too: a tensor
 * core does 4 to 8 times as many multiply-adds, and waits for local memory if a warp's part is
 * small. The last tile reads a quarter less global memory than the one before. The first two rows
 * suit groups of 64 items and 16 KiB. */
#define MMA_LIST(X)                                                                                \
  X(32, 32, 8, 16, 32, 1.5)                                                                        \
  X(64, 64, 8, 32, 64, 3.0)                                                                        \
  X(128, 64, 16, 64, 32, 3.5)                                                                      \
  X(128, 128, 16, 64, 32, 4.0)                                                                     \
  X(128, 256, 8, 64, 64, 4.4)

#define CONFIG_NAME(rows, cols, steps, part_rows, part_cols, speed)                                \
  #rows "x" #cols "x" #steps " " #part_rows "x" #part_cols

#define SCALAR_ROW(rows, cols, steps, item_rows, item_cols, speed)                                 \
  {CONFIG_NAME(rows, cols, steps, item_rows, item_cols, speed),                                    \
   {rows, cols, steps, (size_t)(rows / item_rows) * (cols / item_cols), speed},                    \
   (size_t)2 * steps * (rows + cols + 2 * PADDING),                                                \
   "-DTILE_ROWS=" #rows " -DTILE_COLS=" #cols " -DSTEPS=" #steps " -DITEM_ROWS=" #item_rows        \
   " -DITEM_COLS=" #item_cols},

#define MMA_ROW(rows, cols, words, warp_rows, warp_cols, speed)                                    \
  {CONFIG_NAME(rows, cols, words, warp_rows, warp_cols, speed),                                    \
   {rows, cols, words, (size_t)LANES * (rows / warp_rows) * (cols / warp_cols), speed},            \
   (size_t)2 * (rows + cols) * (words + PADDING),                                                  \
   "-DTILE_ROWS=" #rows " -DTILE_COLS=" #cols " -DWORDS=" #words " -DWARP_ROWS=" #warp_rows        \
   " -DWARP_COLS=" #warp_cols},

static const struct config scalar_configs[] = {SCALAR_LIST(SCALAR_ROW)};
static const struct config mma_configs[] = {MMA_LIST(MMA_ROW)};

static const struct {
  const struct config *configs;
  int count;
  unsigned word_steps; /* steps of depth in a word of local memory */
} tables[EBB_PRECISION_COUNT] = {
    [EBB_PRECISION_FP32] = {scalar_configs, sizeof scalar_configs / sizeof *scalar_configs, 1},
    [EBB_PRECISION_TF32] = {mma_configs, sizeof mma_configs / sizeof *mma_configs, 1},
    [EBB_PRECISION_BF16] = {mma_configs, sizeof mma_configs / sizeof *mma_configs, 2},
};

/* Returns NULL if there is no such configuration. */
static const struct config *find(ebb_precision precision, size_t index) {
  bool there = (unsigned)precision < EBB_PRECISION_COUNT && index < (size_t)tables[precision].count;
  return there ? &tables[precision].configs[index] : NULL;
}

size_t ebb_matmul_config_count(ebb_precision precision) {
  return (unsigned)precision < EBB_PRECISION_COUNT ? (size_t)tables[precision].count : 0;
}

const char *ebb_matmul_config_name(ebb_precision precision, size_t config) {
  return find(precision, config) ? find(precision, config)->name : "?";
}

const char *ebbi_matmul_config_options(ebb_precision precision, size_t config) {
  return tables[precision].configs[config].options;
}

static ebbi_tile tile_of(ebb_precision precision, int index) {
  ebbi_tile tile = tables[precision].configs[index].tile;
  tile.steps *= tables[precision].word_steps;
  return tile;
}

/* Returns what is set for the current precision. */
static const ebbi_matmul_state *state_of(const ebbi_exec *exec) {
  return &exec->matmul[exec->mma.precision];
}

static bool fits(const ebb_device *device, ebb_precision precision, size_t index) {
  const ebb_device_info *info = ebb_device_get_info(device);
  const struct config *c = find(precision, index);
  return c && c->tile.items <= info->max_group && c->words * sizeof(float) <= info->local_bytes;
}

bool ebbi_exec_fits_config(const ebbi_exec *exec, const ebb_device *device, size_t config) {
  return fits(device, exec->mma.precision, config);
}

/* 8 buckets: sizes up to 32, 64, … 2048, and larger. */
static unsigned side_bucket(size_t size) {
  unsigned bucket = 0;
  while (bucket < 7 && size > (size_t)32 << bucket) bucket++;
  return bucket;
}

/* 4 buckets: depths up to 128, 512, 2048, and larger. */
static unsigned depth_bucket(size_t depth) {
  return depth <= 128 ? 0 : depth <= 512 ? 1 : depth <= 2048 ? 2 : 3;
}

unsigned ebb_matmul_class(size_t rows, size_t cols, size_t depth) {
  return (side_bucket(rows) * 8 + side_bucket(cols)) * 4 + depth_bucket(depth);
}

static ebb_status require_config(const ebb_device *device, ebb_precision precision,
                                 const char *where, int index) {
  const ebb_device_info *info = ebb_device_get_info(device);
  REQUIRE(index >= EBB_MATMUL_CONFIG_AUTO && index < tables[precision].count, EBB_ERR_ARGUMENT,
          "%s: matmul configuration %d: there are %d in %s, numbered from 0", where, index,
          tables[precision].count, ebb_precision_name(precision));
  REQUIRE(index < 0 || fits(device, precision, (size_t)index), EBB_ERR_UNSUPPORTED,
          "%s: matmul configuration \"%s\" is too large for \"%s\": %zu work-items and %llu bytes "
          "of local memory a group",
          where, ebb_matmul_config_name(precision, (size_t)index), info->name, info->max_group,
          (unsigned long long)info->local_bytes);
  return EBB_OK;
}

int ebbi_exec_config(const ebbi_exec *exec) {
  return state_of(exec)->config;
}

ebb_status ebbi_exec_set_config(ebbi_exec *exec, const ebb_device *device, int config) {
  ebb_precision precision = exec->mma.precision;
  TRY(require_config(device, precision, "ebb_device_set_matmul_config", config));
  exec->matmul[precision].config = config;
  return EBB_OK;
}

ebb_status ebbi_exec_set_choice(ebbi_exec *exec, const ebb_device *device, ebb_layout layout,
                                unsigned class_index, int config) {
  static const char where[] = "ebb_device_set_matmul_choice";
  ebb_precision precision = exec->mma.precision;
  REQUIRE((unsigned)layout < EBB_LAYOUT_COUNT && class_index < EBB_MATMUL_CLASSES, EBB_ERR_ARGUMENT,
          "%s: layout %d, class %u: there are %d layouts and %d classes", where, (int)layout,
          class_index, EBB_LAYOUT_COUNT, EBB_MATMUL_CLASSES);
  if (config == EBB_MATMUL_CLBLAST) {
    REQUIRE(ebbi_clblast_built(), EBB_ERR_UNSUPPORTED, "%s: this build has no CLBlast", where);
    REQUIRE(precision == EBB_PRECISION_FP32, EBB_ERR_UNSUPPORTED,
            "%s: CLBlast multiplies in fp32, not in %s", where, ebb_precision_name(precision));
  } else {
    TRY(require_config(device, precision, where, config));
  }
  exec->matmul[precision].by_class[layout][class_index] = (signed char)config;
  return EBB_OK;
}

int ebbi_exec_choice(const ebbi_exec *exec, ebb_layout layout, unsigned class_index) {
  bool known = (unsigned)layout < EBB_LAYOUT_COUNT && class_index < EBB_MATMUL_CLASSES;
  return known ? state_of(exec)->by_class[layout][class_index] : EBB_MATMUL_CONFIG_AUTO;
}

ebb_engine ebbi_exec_engine(const ebbi_exec *exec, ebb_layout layout, size_t rows, size_t cols,
                            size_t depth) {
  if (exec->mma.precision != EBB_PRECISION_FP32) return EBB_ENGINE_GPU;
  bool free = !exec->engine_forced && state_of(exec)->config == EBB_MATMUL_CONFIG_AUTO;
  unsigned class_index = ebb_matmul_class(rows, cols, depth);
  bool clblast = free && ebbi_exec_choice(exec, layout, class_index) == EBB_MATMUL_CLBLAST;
  return clblast ? EBB_ENGINE_CLBLAST : exec->engine;
}

/* The device's word of configurations that serve in this way only. */
static size_t unserved_word(const ebbi_exec *exec, ebb_layout layout, ebbi_service service) {
  size_t family = (size_t)exec->mma.precision * EBB_LAYOUT_COUNT + (size_t)layout;
  return 2 * family + (service == EBBI_FAILS);
}

void ebbi_matmul_refuse(ebb_device *device, const ebbi_exec *exec, ebb_layout layout, int config,
                        ebbi_service service) {
  ebbi_device_mark_unserved(device, unserved_word(exec, layout, service), (unsigned)config);
}

/* The cheapest of the configurations that are not left out. */
static bool choose_among(ebbi_tiling *tiling, ebb_precision precision, uint32_t left_out,
                         size_t rows, size_t cols, size_t depth) {
  double best = -1;
  for (int index = 0; index < tables[precision].count; index++) {
    ebbi_tiling candidate;
    if (left_out >> index & 1) continue;
    ebbi_tile tile = tile_of(precision, index);
    double cost = ebbi_tiling_choose(&candidate, &tile, rows, cols, depth);
    if (best >= 0 && cost >= best) continue;
    *tiling = candidate;
    tiling->config = index;
    best = cost;
  }
  return best >= 0;
}

/* A configuration that fails gives way even where tuning has chosen it; one that spills only where
 * nothing has, and if another does not. */
bool ebbi_matmul_choose(ebbi_tiling *tiling, const ebbi_exec *exec, const ebb_device *device,
                        ebb_layout layout, size_t rows, size_t cols, size_t depth) {
  ebb_precision precision = exec->mma.precision;
  const ebbi_matmul_state *state = state_of(exec);
  uint32_t failed = ebbi_device_unserved(device, unserved_word(exec, layout, EBBI_FAILS));
  uint32_t spilled = ebbi_device_unserved(device, unserved_word(exec, layout, EBBI_SPILLS));
  int chosen = state->by_class[layout][ebb_matmul_class(rows, cols, depth)];
  if (chosen >= 0 && failed >> chosen & 1) chosen = EBB_MATMUL_CONFIG_AUTO;
  if (state->config >= 0) chosen = state->config;
  if (chosen >= 0)
    return choose_among(tiling, precision, ~((uint32_t)1 << chosen), rows, cols, depth);
  for (int index = 0; index < tables[precision].count; index++)
    if (!fits(device, precision, (size_t)index)) failed |= (uint32_t)1 << index;
  return choose_among(tiling, precision, failed | spilled, rows, cols, depth) ||
         choose_among(tiling, precision, failed, rows, cols, depth);
}

/* Forces the configuration of this name in each precision that has one. */
static ebb_status force_named(ebbi_exec *exec, const ebb_device *device, const char *wanted) {
  bool found = false;
  for (int p = 0; p < EBB_PRECISION_COUNT; p++)
    for (int index = 0; index < tables[p].count; index++) {
      if (strcmp(wanted, tables[p].configs[index].name) != 0) continue;
      TRY(require_config(device, (ebb_precision)p, "EBB_MATMUL_CONFIG", index));
      exec->matmul[p].config = index;
      found = true;
    }
#define LISTED_NAME(...) ", \"" CONFIG_NAME(__VA_ARGS__) "\""
  static const char scalar[] = SCALAR_LIST(LISTED_NAME), mma[] = MMA_LIST(LISTED_NAME);
  REQUIRE(found, EBB_ERR_ARGUMENT, "EBB_MATMUL_CONFIG=%s: must be one of %s; in tf32 and bf16 %s",
          wanted, scalar + 2, mma + 2);
  return EBB_OK;
}

ebb_status ebbi_configs_begin(ebbi_exec *exec, const ebb_device *device) {
  for (int p = 0; p < EBB_PRECISION_COUNT; p++) {
    ebbi_matmul_state *state = &exec->matmul[p];
    state->config = EBB_MATMUL_CONFIG_AUTO;
    memset(state->by_class, EBB_MATMUL_CONFIG_AUTO, sizeof state->by_class);
  }
  const char *wanted = getenv("EBB_MATMUL_CONFIG");
  return wanted && wanted[0] ? force_named(exec, device, wanted) : EBB_OK;
}
