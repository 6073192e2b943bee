/* Devices: finding, choosing, opening, counting.
 *
 * One device is one OpenCL context and one in-order queue, and a second one for the uploads of data
 * that are streamed. All objects made on it borrow it and
 * must be freed before it. A device and what was made on it may be used by one thread at a time;
 * threads may have devices of their own. A fork of a process that has used OpenCL can open no
 * device, and calls on a device of its parent fail with EBB_ERR_DEVICE: freeing it frees host
 * memory only.
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

/* What a device says of itself. Strings are cut to fit, never empty. Sizes in bytes. */
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
  size_t max_group;        /* work-items a group */
  uint64_t local_bytes;    /* local memory a group */
  uint64_t global_bytes;   /* device memory in all */
  uint64_t max_allocation; /* largest single buffer */
} ebb_device_info;

/* What a device has been asked to do since it was opened; differences between two readings count.
 */
typedef struct ebb_counters {
  uint64_t launches;
  uint64_t uploads, uploaded_bytes;
  uint64_t downloads, downloaded_bytes;
  uint64_t waits; /* times the host blocked until the queue was empty or a transfer done */
  uint64_t allocated_bytes, peak_bytes; /* live device memory, and its highest value */
  uint64_t programs_built;              /* from source */
  uint64_t programs_cached;             /* loaded from the kernel cache, cache.h */
  double build_seconds;                 /* for both, kernels that a driver compiles later apart */
} ebb_counters;

/* "discrete GPU", "integrated GPU", "CPU", "other". */
const char *ebb_device_type_name(ebb_device_type type);

/* Number of devices of all platforms. No platform or loader trouble: 0 and EBB_ERR_NO_DEVICE. */
ebb_status ebb_device_count(size_t *count);

/* Entry `index` of the flat list: platforms in loader order, devices in platform order. */
ebb_status ebb_device_describe(ebb_device_info *info, size_t index);

/* Opens the device that `selector` names: an index of the flat list ("0"), "platform:device"
 * ("0:1"), "gpu", "cpu", or part of a device or platform name in any case ("pocl", "nvidia").
 * NULL or "" takes the variable EBB_DEVICE, and without it discrete GPU, integrated GPU, CPU in
 * this order.
 * Errors: EBB_ERR_NO_DEVICE (nothing matches; the message lists what there is), EBB_ERR_DEVICE. */
ebb_status ebb_device_open(ebb_device **out, const char *selector);

/* Waits for the queue, then releases it; a device that is lost is not waited for, and what its
 * driver may still use is left behind. NULL is accepted. */
void ebb_device_free(ebb_device *device);

const ebb_device_info *ebb_device_get_info(const ebb_device *device);

/* Why this device was taken, to be shown: `EBB_DEVICE=pocl`, `default: first CPU, no GPU found`. */
const char *ebb_device_reason(const ebb_device *device);

ebb_counters ebb_device_counters(const ebb_device *device);

/* Kernels are compiled when they are first needed. Something may keep them for later runs: the
 * driver, or the cache of cache.h. Where a training, an evaluation or a prediction needs new ones,
 * `callback` is called before each with the number of those that are done and of all, and after the
 * last with done == count. Some drivers compile again when a kernel is first run; that does not
 * count. NULL ends the calls. */
typedef void (*ebb_compile_callback)(size_t done, size_t count, void *user);
void ebb_device_on_compile(ebb_device *device, ebb_compile_callback callback, void *user);

/* Blocks until all work given to the device is done. */
ebb_status ebb_device_finish(ebb_device *device);

/* Waits give up when the device has made no progress for so many seconds, 120 if nothing is set; 0:
 * they never do. Then they fail with EBB_ERR_DEVICE and the last launches by name, and the device
 * is lost: every later call on it fails at once with the same message. Launches that end are
 * progress, however long the queue.  Errors: EBB_ERR_ARGUMENT (a negative number). */
ebb_status ebb_device_set_timeout(ebb_device *device, double seconds);

/* For a watchdog in another thread: how many seconds the thread that uses the device has been
 * inside one call of the driver, or in one wait without progress; 0: it is in none. `what` gets the
 * call and the last launches by name, cut to `size`; it may be NULL. Safe from any thread while the
 * device is open. */
double ebb_device_stuck(const ebb_device *device, char *what, size_t size);

/* Matmul engines: tiles in local memory, vector tiles without barrier, or the library CLBlast. */
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

/* The engine that matmuls queued or recorded from now on use (a trainer keeps that of its making):
 * by the device's profile or EBB_MATMUL at open. Single products may have another by a choice, see
 * below. */
ebb_engine ebb_device_engine(const ebb_device *device);

/* From now on all products use this engine and no other.
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

/* Tile configurations of the engine gpu or, in tf32 and bf16, of matrix units, from small tiles to
 * large ones, as "64x64x8 8x8": rows and columns of a group's tile, steps of depth at a time (two
 * of bf16 count as one), rows and columns of the part of a work-item or of a matrix unit's 32. They
 * differ in speed and in rounding, not in results.
 *
 * Below, a configuration or a choice is one of the precision that the device is in. */
size_t ebb_matmul_config_count(ebb_precision precision);
const char *ebb_matmul_config_name(ebb_precision precision, size_t config);

/* Whether the device has the work-items and the local memory for it. */
bool ebb_device_fits_matmul_config(const ebb_device *device, size_t config);

/* The configuration of all products queued or recorded from now on: by EBB_MATMUL_CONFIG (a name,
 * for the precisions that have it) at open, else EBB_MATMUL_CONFIG_AUTO, by the sizes of each
 * product. */
#define EBB_MATMUL_CONFIG_AUTO (-1)
int ebb_device_matmul_config(const ebb_device *device);

/* Errors: EBB_ERR_ARGUMENT (no such configuration), EBB_ERR_UNSUPPORTED (does not fit). */
ebb_status ebb_device_set_matmul_config(ebb_device *device, int config);

/* How a product's operands lie: a.b, a.b^T, a^T.b. */
typedef enum ebb_layout {
  EBB_LAYOUT_NN,
  EBB_LAYOUT_NT,
  EBB_LAYOUT_TN,
  EBB_LAYOUT_COUNT
} ebb_layout;

/* The class of a product c [rows, cols] over `depth`, from 0 to EBB_MATMUL_CLASSES - 1: rows and
 * columns up to 32, 64, 128, 256, 512, 1024, 2048 and beyond, depth up to 128, 512, 2048 and
 * beyond. */
#define EBB_MATMUL_CLASSES 256
unsigned ebb_matmul_class(size_t rows, size_t cols, size_t depth);

/* What automatic takes for a layout and class from now on: a configuration that was measured to be
 * the fastest; EBB_MATMUL_CLBLAST, the engine clblast, unless an engine or a configuration has been
 * forced; or EBB_MATMUL_CONFIG_AUTO, the library's own choice. At first the choices are those that
 * tuning has kept (tune.h). Errors as above, and EBB_ERR_UNSUPPORTED (built without CLBlast, which
 * multiplies in fp32 only). */
#define EBB_MATMUL_CLBLAST (-2)
ebb_status ebb_device_set_matmul_choice(ebb_device *device, ebb_layout layout, unsigned class_index,
                                        int config);

/* The choice that was set last; EBB_MATMUL_CONFIG_AUTO outside the ranges. */
int ebb_device_matmul_choice(const ebb_device *device, ebb_layout layout, unsigned class_index);

/* The engine that such a product has now. */
ebb_engine ebb_device_choose_engine(const ebb_device *device, ebb_layout layout, size_t rows,
                                    size_t cols, size_t depth);

/* The configuration that such a product has now; EBB_MATMUL_CONFIG_AUTO if the device is too small
 * for any. */
int ebb_device_choose_matmul_config(const ebb_device *device, ebb_layout layout, size_t rows,
                                    size_t cols, size_t depth);

/* Floats in the vectors of the kernels queued or recorded from now on: by the device's profile or
 * EBB_WIDTH at open. A width that the device has no registers for is correct, only slower. */
unsigned ebb_device_width(const ebb_device *device);

/* Errors: EBB_ERR_ARGUMENT (not 16, 8 or 4). */
ebb_status ebb_device_set_width(ebb_device *device, unsigned width);

/* One finding of the doctor: `ok` says whether it is as it should be, `advice` what to do if not.
 */
typedef struct ebb_finding {
  bool ok;
  char what[480];
  char advice[240];
} ebb_finding;

/* Looks at loader, ICD files, device node permissions, cache folders and devices; calls `report`
 * for each finding. Never fails for what it finds: `healthy` tells whether training can work. */
ebb_status ebb_doctor(bool *healthy, void (*report)(const ebb_finding *finding, void *user),
                      void *user);

#ifdef __cplusplus
}
#endif
#endif
