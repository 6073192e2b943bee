/* Devices: discovery, selection, opening, counters.
 *
 * A device is one OpenCL context with an in-order queue, and a second queue for uploads of streamed
 * data. All objects made on a device borrow it and must be freed before it. A device and its
 * objects may be used by one thread at a time; several threads may each have a device. After a
 * fork, a child of a process that has used OpenCL can open no device, and calls on its parent's
 * devices fail with EBB_ERR_DEVICE; freeing such a device frees host memory only.
 */
#ifndef EBB_DEVICE_H
#define EBB_DEVICE_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ebb_device ebb_device;

typedef enum ebb_device_type {
  EBB_DEVICE_GPU_DISCRETE,
  EBB_DEVICE_GPU_INTEGRATED,
  EBB_DEVICE_CPU,
  EBB_DEVICE_OTHER
} ebb_device_type;

/* A device's own description. Strings are truncated to fit and never empty. Sizes in bytes. */
typedef struct ebb_device_info {
  char name[128];
  char platform[128];
  char vendor[128];
  char driver[128];
  char version[128];
  ebb_device_type type;
  unsigned platform_index, device_index; /* within all platforms, within its platform */
  unsigned compute_units;
  unsigned float_width;    /* floats in a native vector: 16 AVX-512, 8 AVX2, 1 on most GPUs */
  size_t max_group;        /* work-items per group */
  uint64_t local_bytes;    /* local memory per group */
  uint64_t global_bytes;   /* total device memory */
  uint64_t max_allocation; /* largest single buffer */
  uint64_t cache_bytes;    /* cache of its memory; 0: unknown */
} ebb_device_info;

/* Counters since the device was opened; use the difference of two readings. */
typedef struct ebb_counters {
  uint64_t launches;
  uint64_t uploads, uploaded_bytes;
  uint64_t downloads, downloaded_bytes;
  uint64_t waits; /* times the host blocked until the queue was empty or a transfer done */
  uint64_t allocated_bytes, peak_bytes; /* device memory in use, and its highest value */
  uint64_t programs_built;              /* built from source */
  uint64_t programs_cached;             /* loaded from the kernel cache, cache.h */
  double build_seconds;                 /* for both; excludes kernels that a driver compiles
                                         * later */
} ebb_counters;

/* "discrete GPU", "integrated GPU", "CPU", "other". */
const char *ebb_device_type_name(ebb_device_type type);

/* The number of devices of all platforms. Without a platform, or if the loader fails: 0 and
 * EBB_ERR_NO_DEVICE. */
ebb_status ebb_device_count(size_t *count);

/* Entry `index` of the flat list: platforms in loader order, devices in platform order. */
ebb_status ebb_device_describe(ebb_device_info *info, size_t index);

/* Opens the device that `selector` names: an index of the flat list ("0"), "platform:device"
 * ("0:1"), "gpu", "cpu", or part of a device or platform name in upper or lower case ("pocl",
 * "nvidia"). With NULL or "" the variable EBB_DEVICE decides. Without it the order is discrete GPU,
 * integrated GPU, CPU.
 * Errors: EBB_ERR_NO_DEVICE (nothing matches; the message lists the devices), EBB_ERR_DEVICE. */
ebb_status ebb_device_open(ebb_device **out, const char *selector);

/* Waits for the queue, then releases it. A lost device is not waited for, and what its driver may
 * still use is leaked. Accepts NULL. */
void ebb_device_free(ebb_device *device);

const ebb_device_info *ebb_device_get_info(const ebb_device *device);

/* Why this device was selected, for display: `EBB_DEVICE=pocl`, `default: first CPU, no GPU
 * found`. */
const char *ebb_device_reason(const ebb_device *device);

ebb_counters ebb_device_counters(const ebb_device *device);

/* Kernels are compiled when they are first needed. The driver or the kernel cache (cache.h) may
 * keep them for later runs. When a training, evaluation or prediction needs new ones, `callback` is
 * called before each with the number done and the total, and after the last with done == count.
 * Some drivers compile again when a kernel first runs, which is not counted. NULL ends the
 * calls. */
typedef void (*ebb_compile_callback)(size_t done, size_t count, void *user);
void ebb_device_on_compile(ebb_device *device, ebb_compile_callback callback, void *user);

/* Blocks until all queued work is done. */
ebb_status ebb_device_finish(ebb_device *device);

/* Sets after how many seconds without progress a wait gives up. The default is 120; 0: never. The
 * wait then fails with EBB_ERR_DEVICE and names the last launches, and the device is lost: every
 * later call on it fails at once with the same message. A launch that ends is progress, however
 * long the queue.
 * Errors: EBB_ERR_ARGUMENT (a negative number). */
ebb_status ebb_device_set_timeout(ebb_device *device, double seconds);

/* For a watchdog in another thread: the seconds that the device's thread has spent inside one call
 * of the driver, or in one wait without progress; 0: it is in neither. `what`, which may be NULL,
 * receives the call and the names of the last launches, truncated to `size`. Safe from any thread
 * while the device is open. */
double ebb_device_stuck(const ebb_device *device, char *what, size_t size);

/* Matmul engines: tiles in local memory, vector tiles without barriers, or the library CLBlast. */
#define EBB_ENGINE_LIST(X)                                                                         \
  X(GPU, "gpu")                                                                                    \
  X(CPU, "cpu")                                                                                    \
  X(CLBLAST, "clblast")

typedef enum ebb_engine {
#define EBB_ENGINE_ENUM(name, text) EBB_ENGINE_##name,
  EBB_ENGINE_LIST(EBB_ENGINE_ENUM)
#undef EBB_ENGINE_ENUM
      EBB_ENGINE_COUNT
} ebb_engine;

const char *ebb_engine_name(ebb_engine engine);

/* The engine of matmuls queued or recorded from now on; a trainer keeps the engine it was made
 * with. At open it comes from the device parameters or EBB_MATMUL. A choice (below) may give single
 * products another engine. */
ebb_engine ebb_device_engine(const ebb_device *device);

/* Forces this engine for all products from now on.
 * Errors: EBB_ERR_UNSUPPORTED (built without CLBlast). */
ebb_status ebb_device_set_engine(ebb_device *device, ebb_engine engine);

/* Precisions of products: precision.h. */
#define EBB_PRECISION_LIST(X)                                                                      \
  X(FP32, "fp32")                                                                                  \
  X(TF32, "tf32")                                                                                  \
  X(BF16, "bf16")

typedef enum ebb_precision {
#define EBB_PRECISION_ENUM(name, text) EBB_PRECISION_##name,
  EBB_PRECISION_LIST(EBB_PRECISION_ENUM)
#undef EBB_PRECISION_ENUM
      EBB_PRECISION_COUNT
} ebb_precision;

const char *ebb_precision_name(ebb_precision precision);

/* Tile configurations of the engine gpu or, in tf32 and bf16, of tensor cores, from small to large
 * tiles. Their names, such as "64x64x8 8x8", give the rows and columns of a group's tile, the depth
 * of one slice (a pair of bf16 counts as one), and the rows and columns computed by a work-item or
 * by the 32 work-items of a tensor core. They differ in speed and rounding, not in results.
 *
 * Below, a configuration or a choice belongs to the device's current precision. */
size_t ebb_matmul_config_count(ebb_precision precision);
const char *ebb_matmul_config_name(ebb_precision precision, size_t config);

/* Returns true if the device has enough work-items and local memory for it. */
bool ebb_device_fits_matmul_config(const ebb_device *device, size_t config);

/* The configuration of all products queued or recorded from now on. At open it is EBB_MATMUL_CONFIG
 * (a name, for precisions that have it) or else EBB_MATMUL_CONFIG_AUTO, which chooses by the size
 * of each product. */
#define EBB_MATMUL_CONFIG_AUTO (-1)
int ebb_device_matmul_config(const ebb_device *device);

/* Errors: EBB_ERR_ARGUMENT (no such configuration), EBB_ERR_UNSUPPORTED (does not fit). */
ebb_status ebb_device_set_matmul_config(ebb_device *device, int config);

/* Layout of a product's operands: a.b, a.b^T, a^T.b. */
typedef enum ebb_layout {
  EBB_LAYOUT_NN,
  EBB_LAYOUT_NT,
  EBB_LAYOUT_TN,
  EBB_LAYOUT_COUNT
} ebb_layout;

/* The class of a product c [rows, cols] over `depth`, from 0 to EBB_MATMUL_CLASSES - 1. The bounds
 * are 32, 64, 128, 256, 512, 1024, 2048 and above for rows and columns, and 128, 512, 2048 and
 * above for depth. */
#define EBB_MATMUL_CLASSES 256
unsigned ebb_matmul_class(size_t rows, size_t cols, size_t depth);

/* Sets what AUTO uses for a layout and class from now on: a configuration that was measured as the
 * fastest; EBB_MATMUL_CLBLAST, the engine clblast, unless an engine or a configuration is forced;
 * or EBB_MATMUL_CONFIG_AUTO, the library's own choice. The initial choices are those kept by tuning
 * (tune.h). Errors as above, and EBB_ERR_UNSUPPORTED (built without CLBlast, which multiplies in
 * fp32 only). */
#define EBB_MATMUL_CLBLAST (-2)
ebb_status ebb_device_set_matmul_choice(ebb_device *device, ebb_layout layout, unsigned class_index,
                                        int config);

/* The current choice; EBB_MATMUL_CONFIG_AUTO outside the ranges. */
int ebb_device_matmul_choice(const ebb_device *device, ebb_layout layout, unsigned class_index);

/* The engine of such a product under the current settings. */
ebb_engine ebb_device_choose_engine(const ebb_device *device, ebb_layout layout, size_t rows,
                                    size_t cols, size_t depth);

/* The configuration of such a product under the current settings; EBB_MATMUL_CONFIG_AUTO if the
 * device is too small for any. */
int ebb_device_choose_matmul_config(const ebb_device *device, ebb_layout layout, size_t rows,
                                    size_t cols, size_t depth);

/* The vector width, in floats, of kernels queued or recorded from now on. At open it comes from the
 * device parameters or EBB_WIDTH. A width without matching registers is correct, only slower. */
unsigned ebb_device_width(const ebb_device *device);

/* Errors: EBB_ERR_ARGUMENT (not 16, 8 or 4). */
ebb_status ebb_device_set_width(ebb_device *device, unsigned width);

/* A finding of the doctor: `ok` is true if all is well, otherwise `advice` says what to do. */
typedef struct ebb_finding {
  bool ok;
  char what[480];
  char advice[240];
} ebb_finding;

/* Examines loader, ICD files, device node permissions, cache folders and devices, and calls
 * `report` for each finding. Findings are not errors: `healthy` says whether training can work. */
ebb_status ebb_doctor(bool *healthy, void (*report)(const ebb_finding *finding, void *user),
                      void *user);

#ifdef __cplusplus
}
#endif
#endif
