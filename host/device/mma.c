/* Matrix units: which there are, the tile configurations of the products on them, and which one a
 * product gets.
 *
 * Whether a device has a unit is asked of its compiler and not of its name or extensions: NVIDIA's
 * driver lists none for it, and a name says nothing of the driver's age.
 */
#include "cl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name, *option;
} units[EBBI_UNIT_COUNT] = {
#define UNIT_ROW(name, text) {text, "-DUNIT_" #name},
    EBBI_UNIT_LIST(UNIT_ROW)};

static const struct {
  const char *name, *option;
  unsigned word_steps; /* of the depth, in a word of local memory */
} precisions[EBB_PRECISION_COUNT] = {
    [EBB_PRECISION_FP32] = {"fp32", "", 1},
    [EBB_PRECISION_TF32] = {"tf32", "-DPRECISION_TF32", 1},
    [EBB_PRECISION_BF16] = {"bf16", "-DPRECISION_BF16", 2},
};

/* X(rows and columns of a group's tile, words of depth at a time, rows and columns of a warp's
 * part, speed against the engine gpu's largest tile). The speeds are reasoned, not measured: a unit
 * does 4 to 8 times the multiply-adds of the scalars and waits for local memory where a warp's part
 * is small. The first row suits 64 items and 16 KiB, the second too. */
#define CONFIG_LIST(X)                                                                             \
  X(32, 32, 8, 16, 32, 1.5)                                                                        \
  X(64, 64, 8, 32, 64, 3.0)                                                                        \
  X(128, 64, 16, 64, 32, 3.5)                                                                      \
  X(128, 128, 16, 64, 32, 4.0)

static const struct config {
  unsigned rows, cols, words, warp_rows, warp_cols;
  const char *name;
  double speed;
} configs[] = {
#define CONFIG_ROW(rows, cols, words, warp_rows, warp_cols, speed)                                 \
  {rows,      cols,      words,                                                                    \
   warp_rows, warp_cols, #rows "x" #cols "x" #words " " #warp_rows "x" #warp_cols,                 \
   speed},
    CONFIG_LIST(CONFIG_ROW)};
enum { CONFIGS = sizeof configs / sizeof *configs };

/* As in the kernels: items of a warp, words between the rows of a block that are never read. */
enum { LANES = 32, PADDING = 4 };

const char *ebb_precision_name(ebb_precision precision) {
  return (unsigned)precision < EBB_PRECISION_COUNT ? precisions[precision].name : "?";
}

const char *ebbi_unit_name(ebbi_unit unit) {
  return units[unit].name;
}

ebb_precision ebb_device_precision(const ebb_device *device) {
  return device->mma.precision;
}

const char *ebb_device_matrix_unit(const ebb_device *device) {
  return device->mma.precision == EBB_PRECISION_FP32 ? NULL : ebbi_unit_name(device->mma.unit);
}

ebbi_mma_state ebbi_device_mma(const ebb_device *device) {
  return device->mma;
}

void ebbi_device_set_mma(ebb_device *device, ebbi_mma_state state) {
  device->mma = state;
}

size_t ebbi_mma_config_count(void) {
  return CONFIGS;
}

const char *ebbi_mma_config_name(size_t config) {
  return config < CONFIGS ? configs[config].name : "?";
}

static size_t items_of(const struct config *config) {
  return (size_t)LANES * (config->rows / config->warp_rows) * (config->cols / config->warp_cols);
}

bool ebbi_mma_fits(const ebb_device *device, size_t config) {
  if (config >= CONFIGS) return false;
  const struct config *c = &configs[config];
  size_t words = (size_t)2 * (c->rows + c->cols) * (c->words + PADDING);
  return items_of(c) <= device->info.max_group &&
         words * sizeof(cl_uint) <= device->info.local_bytes;
}

bool ebbi_mma_choose(ebbi_matmul_plan *plan, const ebb_device *device, size_t rows, size_t cols,
                     size_t depth) {
  int wanted = device->mma.config;
  unsigned word_steps = precisions[device->mma.precision].word_steps;
  double best = -1;
  for (int config = 0; config < CONFIGS; config++) {
    if (!ebbi_mma_fits(device, (size_t)config) || (wanted >= 0 && config != wanted)) continue;
    const struct config *c = &configs[config];
    ebbi_tile tile = {c->rows, c->cols, c->words * word_steps, items_of(c), c->speed};
    ebbi_matmul_plan candidate;
    double cost = ebbi_plan_tiles(&candidate, &tile, rows, cols, depth);
    if (best >= 0 && cost >= best) continue;
    *plan = candidate;
    plan->config = config;
    best = cost;
  }
  return best >= 0;
}

static void write_options(char options[EBBI_MATMUL_OPTIONS], ebbi_unit unit,
                          ebb_precision precision, const struct config *c) {
  snprintf(options, EBBI_MATMUL_OPTIONS,
           "%s %s -DTILE_ROWS=%u -DTILE_COLS=%u -DWORDS=%u -DWARP_ROWS=%u -DWARP_COLS=%u",
           units[unit].option, precisions[precision].option, c->rows, c->cols, c->words,
           c->warp_rows, c->warp_cols);
}

void ebbi_mma_options(char options[EBBI_MATMUL_OPTIONS], const ebb_device *device, int config) {
  write_options(options, device->mma.unit, device->mma.precision, &configs[config]);
}

ebb_status ebbi_mma_probe(ebb_device *device, ebbi_unit unit, ebb_precision precision) {
  char options[EBBI_MATMUL_OPTIONS];
  cl_kernel kernel;
  write_options(options, unit, precision, &configs[0]);
  return ebbi_program_kernel(&kernel, device, EBBI_KERNEL_matmul_nn_mma, options);
}

ebb_status ebbi_mma_set_up(ebb_device *device) {
  device->mma = (ebbi_mma_state){.config = EBB_MATMUL_CONFIG_AUTO};
  const char *wanted = getenv("EBB_MMA_CONFIG");
  if (!wanted || wanted[0] == '\0') return EBB_OK;
  for (int config = 0; config < CONFIGS; config++)
    if (strcmp(wanted, configs[config].name) == 0) {
      REQUIRE(ebbi_mma_fits(device, (size_t)config), EBB_ERR_UNSUPPORTED,
              "EBB_MMA_CONFIG=%s: too large for \"%s\": %zu work-items and %llu bytes of local "
              "memory a group",
              wanted, device->info.name, device->info.max_group,
              (unsigned long long)device->info.local_bytes);
      device->mma.config = config;
      return EBB_OK;
    }
#define CONFIG_NAME(rows, cols, words, warp_rows, warp_cols, speed)                                \
  ", \"" #rows "x" #cols "x" #words " " #warp_rows "x" #warp_cols "\""
  static const char names[] = CONFIG_LIST(CONFIG_NAME);
  return ebbi_fail(EBB_ERR_ARGUMENT, "EBB_MMA_CONFIG=%s: must be one of %s", wanted, names + 2);
}
