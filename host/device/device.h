/* The device layer for the modules above: memory, launches, recorded sequences. It exposes no
 * OpenCL type; cl.h is only for this folder. */
#ifndef EBBI_DEVICE_H
#define EBBI_DEVICE_H

#include "kernel_list.h"

#include <ebb/device.h>

typedef enum ebbi_kernel_id {
#define EBBI_KERNEL_ENUM(name, file) EBBI_KERNEL_##name,
  EBBI_KERNEL_LIST(EBBI_KERNEL_ENUM)
#undef EBBI_KERNEL_ENUM
      EBBI_KERNEL_COUNT
} ebbi_kernel_id;

/* Device parameters: numbers that differ from device to device, passed to the kernels as -D. */
typedef struct ebbi_device_params {
  unsigned width;          /* floats in a vector */
  unsigned tile_m, tile_v; /* CPU matmul: a tile's rows, and its vectors of columns */
  unsigned block_k;        /* CPU matmul: steps of depth packed at a time */
  unsigned panels;         /* CPU matmul: tiles of columns that an item packs at block_k steps */
  unsigned few_m;          /* CPU matmul with few rows: a tile's rows */
  unsigned few_cols;       /* and when that form is used: least columns for each compute unit, */
  uint64_t few_bytes;      /* least bytes of b */
  unsigned element_group, element_vectors; /* elementwise: items of a group, vectors of an item */
  unsigned reduce_group;                   /* sums and norms: items of a group */
  unsigned loss_group, loss_rows;          /* loss: items of a group; rows of an item on a CPU */
  unsigned gather_group;                   /* gather: items of a row */
  unsigned step_group, step_local;         /* GPU whole steps: items of a group, local bytes */
  unsigned chains;                         /* FMA yardstick: vectors of an item */
} ebbi_device_params;

/* ---- execution ---- */

/* X(name, text): kernels/mma.h has the unit's code under -DUNIT_name. Vendors' rows come before
 * EMULATED, which runs anywhere and is only used on request. */
#define EBBI_UNIT_LIST(X)                                                                          \
  X(NVIDIA, "nvidia")                                                                              \
  X(EMULATED, "emulated")

typedef enum ebbi_unit {
#define EBBI_UNIT_ENUM(name, text) EBBI_UNIT_##name,
  EBBI_UNIT_LIST(EBBI_UNIT_ENUM)
#undef EBBI_UNIT_ENUM
      EBBI_UNIT_COUNT
} ebbi_unit;

/* The precision of products and, unless it is fp32, the tensor core. */
typedef struct ebbi_mma_state {
  ebb_precision precision;
  ebbi_unit unit;
} ebbi_mma_state;

/* Tile configurations of the products in one precision: the forced one, or EBB_MATMUL_CONFIG_AUTO;
 * and the choices of tuning for classes of sizes, once loaded, with their unit. */
typedef struct ebbi_matmul_state {
  int config;
  bool loaded;
  ebbi_unit unit;
  signed char by_class[EBB_LAYOUT_COUNT][EBB_MATMUL_CLASSES];
} ebbi_matmul_state;

/* An execution: which kernels are launched, and how they are built. Every operation takes it as an
 * argument. A device has a default, which public calls use; a plan keeps the copy with which it was
 * made. The device layer reads the device parameters and the options; host/gemm and
 * host/ops interpret the rest. */
typedef struct ebbi_exec {
  ebb_engine engine;
  bool engine_forced; /* overrides the choices of tuning */
  bool tuned;         /* stored choices of tuning may be loaded */
  ebbi_matmul_state matmul[EBB_PRECISION_COUNT];
  ebbi_mma_state mma;
  ebbi_device_params params;
  char options[512];                  /* the device parameters as -D, for every program */
  const struct ebb_formula *formulas; /* those of the network; NULL: none */
} ebbi_exec;

/* Returns the device's default. */
const ebbi_exec *ebbi_device_exec(const ebb_device *device);

/* Changes the default. Only for opening a device and for the public setters. */
void ebbi_device_set_exec(ebb_device *device, const ebbi_exec *exec);

/* Sets the device parameters for vectors of this many floats. On failure nothing changes.
 * Errors: EBB_ERR_ARGUMENT (not 16, 8 or 4). */
ebb_status ebbi_exec_set_width(ebbi_exec *exec, const ebb_device *device, unsigned width);

/* ---- opening ---- */

/* Open a device without an engine, as ebb_device_open, ebb_device_open_profiled and
 * ebb_device_open_opencl do (the latter takes a cl_context, a cl_device_id and a cl_command_queue).
 */
ebb_status ebbi_device_open(ebb_device **out, const char *selector, bool profiled);
ebb_status ebbi_device_open_opencl(ebb_device **out, void *context, void *id, void *queue);

/* ---- memory ---- */

typedef struct ebbi_buffer ebbi_buffer;

/* Allocates `bytes` of zeros within the limit of device memory.
 * Errors: EBB_ERR_MEMORY, with the bytes needed and available. */
ebb_status ebbi_buffer_create(ebbi_buffer **out, ebb_device *device, size_t bytes);

/* Creates a view of a buffer, which must outlive it. `offset` is a multiple of
 * ebbi_device_alignment. */
ebb_status ebbi_buffer_view(ebbi_buffer **out, ebbi_buffer *parent, size_t offset, size_t bytes);

void ebbi_buffer_free(ebbi_buffer *buffer);

/* Returns the buffer's cl_mem, for interop. */
void *ebbi_buffer_cl_mem(const ebbi_buffer *buffer);

/* Returns a buffer of at least `bytes` for partial results between the launches of one operation;
 * the next operation overwrites it. The device owns it. */
ebb_status ebbi_device_workspace(ebbi_buffer **out, ebb_device *device, size_t bytes);

/* Returns the bytes that a workspace of this size would allocate: 0 if it exists already. */
size_t ebbi_device_workspace_need(const ebb_device *device, size_t bytes);

/* Returns the alignment in bytes of a view's start. */
size_t ebbi_device_alignment(const ebb_device *device);

/* Checks that `bytes` in total, with a largest buffer of `largest`, would fit. `what` names the
 * plan.
 * Errors: EBB_ERR_MEMORY: "needs 3.1 GiB, the device allows …; <advice>". */
ebb_status ebbi_device_require_memory(const ebb_device *device, const char *what, size_t bytes,
                                      size_t largest, const char *advice);

/* Copy `rows` rows of `row_bytes`, dense on the host and `stride` bytes apart on the device. Both
 * block. */
ebb_status ebbi_buffer_upload(ebbi_buffer *buffer, const void *values, size_t rows,
                              size_t row_bytes, size_t stride);
ebb_status ebbi_buffer_download(void *values, const ebbi_buffer *buffer, size_t rows,
                                size_t row_bytes, size_t stride);

/* The same from byte `from` on; `from` and the row's bytes must lie within one stride. */
ebb_status ebbi_buffer_download_part(void *values, const ebbi_buffer *buffer, size_t from,
                                     size_t rows, size_t row_bytes, size_t stride);

/* Queues a copy of the first `bytes` bytes on the device. Does not block. */
ebb_status ebbi_buffer_copy(ebbi_buffer *to, const ebbi_buffer *from, size_t bytes);

/* Queues a write of `bytes` bytes; `bytes` and `from` must be multiples of 16. `values` is copied.
 * Does not block, and unlike an upload it is not read back. */
ebb_status ebbi_buffer_put(ebbi_buffer *buffer, size_t from, const void *values, size_t bytes);

/* Returns true if this much would fit. */
bool ebbi_device_fits_memory(const ebb_device *device, size_t bytes, size_t largest);

/* ---- staging: uploads that overlap with launches ---- */

/* Host memory for buffers that are uploaded together, pinned if the driver can, and a queue for the
 * uploads. The order of calls is fill, send, enter, leave. */
typedef struct ebbi_staging ebbi_staging;

enum { EBBI_STAGED = 2 }; /* most buffers of a staging */

/* The buffers are borrowed. */
ebb_status ebbi_staging_create(ebbi_staging **out, ebbi_buffer *const to[EBBI_STAGED]);

/* Waits for uploads in progress and frees. */
void ebbi_staging_free(ebbi_staging *staging);

/* Waits for the last upload, and returns memory to be filled, of each buffer's length.
 * Errors: EBB_ERR_DEVICE (that upload failed). */
ebb_status ebbi_staging_fill(void *memory[EBBI_STAGED], ebbi_staging *staging);

/* Queues the upload of each buffer's first bytes; it begins when the launches before the last
 * `leave` are done. Does not block. */
ebb_status ebbi_staging_send(ebbi_staging *staging, const size_t bytes[EBBI_STAGED]);

/* After `enter`, launches begin when the data have arrived; launches after `leave` no longer read
 * them. Neither blocks. */
ebb_status ebbi_staging_enter(ebbi_staging *staging);
ebb_status ebbi_staging_leave(ebbi_staging *staging);

/* Blocks until the data have arrived.  Errors: EBB_ERR_DEVICE (they have not). */
ebb_status ebbi_staging_wait(ebbi_staging *staging);

/* ---- programs ---- */

/* `plan` makes launches only register the programs they need. `build` makes launches run again and
 * builds the new programs, unless `planned`, the launches' result, is an error, which it returns.
 */
void ebbi_programs_plan(ebb_device *device);
ebb_status ebbi_programs_build(ebb_device *device, ebb_status planned);

/* Builds a kernel with the execution's options and these, unless it is built already.
 * Errors: EBB_ERR_DEVICE, with the compiler's message. */
ebb_status ebbi_kernel_build(ebb_device *device, const ebbi_exec *exec, ebbi_kernel_id id,
                             const char *options);

/* How a kernel serves on a device: well; in groups as large as it requires, from memory where
 * registers are too few; or not at all. */
typedef enum ebbi_service { EBBI_SERVES, EBBI_SPILLS, EBBI_FAILS, EBBI_SERVICE_COUNT } ebbi_service;

/* Judges a kernel with these options, which is built if need be; the compiler's refusal is no error
 * but a service, whose message remains. While programs are collected, the kernel is registered as
 * one that may fail to build, and it serves. */
ebb_status ebbi_kernel_judge(ebbi_service *service, ebb_device *device, const ebbi_exec *exec,
                             ebbi_kernel_id id, const char *options);

/* What does not serve, as the modules above number it: a bit of a word. The device only remembers.
 */
enum { EBBI_UNSERVED_WORDS = 32 };
uint32_t ebbi_device_unserved(const ebb_device *device, size_t word);
void ebbi_device_mark_unserved(ebb_device *device, size_t word, unsigned bit);

/* ---- launches ---- */

/* The work of a launch, for the profile; set by the operation. kernels/README.md has the formulas.
 */
typedef struct ebbi_work {
  size_t shape[3]; /* unused sizes are 0 */
  double flops, bytes;
} ebbi_work;

/* A launch under construction. It keeps the first error, which ebbi_launch_run returns. */
typedef struct ebbi_launch {
  ebb_device *device;
  ebbi_kernel_id id;
  void *kernel;
  unsigned arguments;
  ebbi_work work; /* set by the operation */
  ebb_status status;
} ebbi_launch;

/* Starts a launch of a kernel built with the execution's options and `options`, which may be "". */
ebbi_launch ebbi_launch_begin(ebb_device *device, const ebbi_exec *exec, ebbi_kernel_id id,
                              const char *options);
void ebbi_launch_buffer(ebbi_launch *launch, const ebbi_buffer *buffer); /* NULL: a null pointer */
void ebbi_launch_local(ebbi_launch *launch, size_t bytes); /* local memory of a group */
void ebbi_launch_int(ebbi_launch *launch, size_t value);   /* checked to fit an int */
void ebbi_launch_float(ebbi_launch *launch, double value);
void ebbi_launch_floats(ebbi_launch *launch, const float *values, size_t count); /* a vector */
void ebbi_launch_uint(ebbi_launch *launch, uint32_t value);
void ebbi_launch_ulong(ebbi_launch *launch, uint64_t value);

/* Queues the launch, or records it while a sequence is being recorded. Does not block. */
ebb_status ebbi_launch_run(ebbi_launch *launch, size_t groups_x, size_t groups_y);

/* A recorded list of launches with their arguments. */
typedef struct ebbi_sequence ebbi_sequence;

/* Appends launches to the sequence from now on instead of queueing them. */
ebb_status ebbi_sequence_begin(ebbi_sequence **out, ebb_device *device);
void ebbi_sequence_end(ebbi_sequence *sequence);

/* Queues all its launches. Does not block; the host only enqueues. */
ebb_status ebbi_sequence_run(const ebbi_sequence *sequence);

/* Returns true if it runs as one command buffer when not profiled. Known when recording has ended.
 */
bool ebbi_sequence_is_buffered(const ebbi_sequence *sequence);
size_t ebbi_sequence_launches(const ebbi_sequence *sequence);
void ebbi_sequence_free(ebbi_sequence *sequence);

/* Submits queued work to the device without waiting for it. */
ebb_status ebbi_device_flush(ebb_device *device);

/* c = op(a).op(b) by CLBlast, row-major with the given strides; recorded like a launch.
 * Errors: EBB_ERR_UNSUPPORTED (built without), EBB_ERR_DEVICE. */
typedef struct ebbi_gemm {
  const ebbi_buffer *c, *a, *b;
  bool transpose_a, transpose_b;
  size_t rows, cols, depth, c_stride, a_stride, b_stride;
  ebbi_work work;
} ebbi_gemm;
ebb_status ebbi_clblast_run(ebb_device *device, const ebbi_gemm *gemm);
bool ebbi_clblast_built(void);

#endif
