/* The device layer as the modules above see it: memory, launches, recorded sequences. No OpenCL
 * type shows here; cl.h is for this folder alone.
 */
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

/* Numbers that differ from device to device; handed to the kernels as -D. */
typedef struct ebbi_profile {
  unsigned width;          /* floats a vector */
  unsigned tile_m, tile_v; /* CPU matmul: rows, and vectors of columns, a tile */
  unsigned block_k;        /* CPU matmul: steps of depth packed at a time */
  unsigned panels;         /* CPU matmul: tiles of columns an item packs at block_k steps */
  unsigned element_group, element_vectors; /* elementwise: items a group, vectors an item */
  unsigned loss_group, loss_rows;          /* loss: items a group, rows an item */
  unsigned gather_group;                   /* gather: items a row */
  unsigned step_group, step_local;         /* whole steps in groups: items, bytes they may take */
  unsigned chains;                         /* FMA probe: vectors an item advances in turn */
} ebbi_profile;

/* ---- execution ---- */

/* X(name, text): kernels/mma.h has their code under -DUNIT_name. A vendor's row goes before
 * EMULATED, which runs anywhere, but only where it is asked for by name. */
#define EBBI_UNIT_LIST(X)                                                                          \
  X(NVIDIA, "nvidia")                                                                              \
  X(EMULATED, "emulated")

typedef enum ebbi_unit {
#define EBBI_UNIT_ENUM(name, text) EBBI_UNIT_##name,
  EBBI_UNIT_LIST(EBBI_UNIT_ENUM)
#undef EBBI_UNIT_ENUM
      EBBI_UNIT_COUNT
} ebbi_unit;

/* What multiplies: the precision and, unless it is fp32, the matrix unit. */
typedef struct ebbi_mma_state {
  ebb_precision precision;
  ebbi_unit unit;
} ebbi_mma_state;

/* Tile configurations of the products in one precision: the forced one, or EBB_MATMUL_CONFIG_AUTO,
 * and what measuring has chosen for classes of sizes, once it has been looked for, for which unit.
 */
typedef struct ebbi_matmul_state {
  int config;
  bool loaded;
  ebbi_unit unit;
  signed char by_class[EBB_LAYOUT_COUNT][EBB_MATMUL_CLASSES];
} ebbi_matmul_state;

/* Which kernels launches get, and how these are built. Every operation takes it as an argument. A
 * device has a default, which public calls use; a plan keeps the copy by which it was made. The
 * device layer reads the profile and its options; host/gemm gives the rest its meaning. */
typedef struct ebbi_exec {
  ebb_engine engine;
  bool engine_forced; /* no choice of tuning goes before it */
  bool tuned;         /* choices that tuning has kept may be taken over */
  ebbi_matmul_state matmul[EBB_PRECISION_COUNT];
  ebbi_mma_state mma;
  ebbi_profile profile;
  char options[512]; /* the profile as -D, for every program */
} ebbi_exec;

/* The device's default. */
const ebbi_exec *ebbi_device_exec(const ebb_device *device);

/* Changes the default: for opening a device and for the public setters alone. */
void ebbi_device_set_exec(ebb_device *device, const ebbi_exec *exec);

/* Takes the profile with vectors of so many floats.
 * Errors: EBB_ERR_ARGUMENT (not 16, 8 or 4; nothing has changed). */
ebb_status ebbi_exec_set_width(ebbi_exec *exec, const ebb_device *device, unsigned width);

/* ---- opening ---- */

/* Opens a device that has no engine yet: as ebb_device_open, ebb_device_open_profiled and
 * ebb_device_open_opencl (which takes a cl_context, a cl_device_id and a cl_command_queue). */
ebb_status ebbi_device_open(ebb_device **out, const char *selector, bool profiled);
ebb_status ebbi_device_open_opencl(ebb_device **out, void *context, void *id, void *queue);

/* ---- memory ---- */

typedef struct ebbi_buffer ebbi_buffer;

/* Allocates `bytes` of zeros, if the account of device memory has room for them.
 * Errors: EBB_ERR_MEMORY, with what is needed and what there is. */
ebb_status ebbi_buffer_create(ebbi_buffer **out, ebb_device *device, size_t bytes);

/* A window into a buffer that must outlive it. `offset` is a multiple of ebbi_device_alignment. */
ebb_status ebbi_buffer_view(ebbi_buffer **out, ebbi_buffer *parent, size_t offset, size_t bytes);

void ebbi_buffer_free(ebbi_buffer *buffer);

/* The buffer's cl_mem, for interop. */
void *ebbi_buffer_cl_mem(const ebbi_buffer *buffer);

/* A buffer of at least `bytes` through which the launches of one operation pass partial results:
 * the next operation overwrites it. The device's own; freed with it. */
ebb_status ebbi_device_workspace(ebbi_buffer **out, ebb_device *device, size_t bytes);

/* Bytes that will be allocated when so many are asked for: none if there are as many already. */
size_t ebbi_device_workspace_need(const ebb_device *device, size_t bytes);

/* Bytes that the start of a view must be a multiple of. */
size_t ebbi_device_alignment(const ebb_device *device);

/* Checks that `bytes` in all, the largest single buffer being `largest`, would fit. `what` names
 * the plan. Errors: EBB_ERR_MEMORY: "needs 3.1 GiB, the device allows …; <advice>". */
ebb_status ebbi_device_require_memory(const ebb_device *device, const char *what, size_t bytes,
                                      size_t largest, const char *advice);

/* Copies `rows` rows of `row_bytes`, dense on the host and `stride` bytes apart on the device. Both
 * block. */
ebb_status ebbi_buffer_upload(ebbi_buffer *buffer, const void *values, size_t rows,
                              size_t row_bytes, size_t stride);
ebb_status ebbi_buffer_download(void *values, const ebbi_buffer *buffer, size_t rows,
                                size_t row_bytes, size_t stride);

/* The same from byte `from` on, which with the row's bytes lies within one stride. */
ebb_status ebbi_buffer_download_part(void *values, const ebbi_buffer *buffer, size_t from,
                                     size_t rows, size_t row_bytes, size_t stride);

/* Queues a copy of the first `bytes` bytes, device to device. Does not block. */
ebb_status ebbi_buffer_copy(ebbi_buffer *to, const ebbi_buffer *from, size_t bytes);

/* Queues a write of `bytes` bytes, a multiple of 16 as is `from`; `values` may go at once. Does not
 * block, and unlike an upload it is not read back. */
ebb_status ebbi_buffer_put(ebbi_buffer *buffer, size_t from, const void *values, size_t bytes);

/* Checks that so much would fit. */
bool ebbi_device_fits_memory(const ebb_device *device, size_t bytes, size_t largest);

/* ---- staging: uploads that overlap with launches ---- */

/* Host memory for the contents of buffers that are uploaded together, pinned where the driver can,
 * and the upload on a queue of its own. It is used in this order: fill, send, enter, leave. */
typedef struct ebbi_staging ebbi_staging;

enum { EBBI_STAGED = 2 }; /* buffers of a staging */

/* The buffers are borrowed. */
ebb_status ebbi_staging_create(ebbi_staging **out, ebbi_buffer *const to[EBBI_STAGED]);

/* Waits for the uploads under way and frees. */
void ebbi_staging_free(ebbi_staging *staging);

/* Blocks until the last upload is done, and gives the memory to be filled, as long as each buffer.
 * Errors: EBB_ERR_DEVICE (that upload failed). */
ebb_status ebbi_staging_fill(void *memory[EBBI_STAGED], ebbi_staging *staging);

/* Queues the upload of the first bytes of each, to begin when the launches before the last `leave`
 * are done. Does not block. */
ebb_status ebbi_staging_send(ebbi_staging *staging, const size_t bytes[EBBI_STAGED]);

/* Launches queued from now on begin when what was sent has arrived; after `leave`, launches no
 * longer read it. Neither blocks. */
ebb_status ebbi_staging_enter(ebbi_staging *staging);
ebb_status ebbi_staging_leave(ebbi_staging *staging);

/* Blocks until what was sent has arrived.  Errors: EBB_ERR_DEVICE (it has not). */
ebb_status ebbi_staging_wait(ebbi_staging *staging);

/* ---- programs ---- */

/* From now on launches only say which programs they need. Then launches launch again, and the
 * programs that are new are built, unless `planned`, which the launches have come to, is an error:
 * that is handed up. */
void ebbi_programs_plan(ebb_device *device);
ebb_status ebbi_programs_build(ebb_device *device, ebb_status planned);

/* Builds a kernel with the execution's options and these, unless it is built already.
 * Errors: EBB_ERR_DEVICE, with the compiler's words. */
ebb_status ebbi_kernel_build(ebb_device *device, const ebbi_exec *exec, ebbi_kernel_id id,
                             const char *options);

/* ---- launches ---- */

/* What a launch does, told by the operation: for the profile. kernels/README.md has the formulas.
 */
typedef struct ebbi_work {
  size_t shape[3]; /* 0: there is no such size */
  double flops, bytes;
} ebbi_work;

/* A launch being put together. An error sticks in it, and ebbi_launch_run reports the first. */
typedef struct ebbi_launch {
  ebb_device *device;
  ebbi_kernel_id id;
  void *kernel;
  unsigned arguments;
  ebbi_work work; /* for the operation to fill in */
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

/* Queues it, or records it while a sequence is being recorded. Does not block. */
ebb_status ebbi_launch_run(ebbi_launch *launch, size_t groups_x, size_t groups_y);

/* A recorded list of launches with their arguments. */
typedef struct ebbi_sequence ebbi_sequence;

/* From now on launches on the device are appended to the sequence instead of being queued. */
ebb_status ebbi_sequence_begin(ebbi_sequence **out, ebb_device *device);
void ebbi_sequence_end(ebbi_sequence *sequence);

/* Queues all its launches. Does not block and does no host work beyond enqueueing. */
ebb_status ebbi_sequence_run(const ebbi_sequence *sequence);

/* Whether it runs as one command buffer, unless it is being profiled. Known when recording has
 * ended.
 */
bool ebbi_sequence_is_buffered(const ebbi_sequence *sequence);
size_t ebbi_sequence_launches(const ebbi_sequence *sequence);
void ebbi_sequence_free(ebbi_sequence *sequence);

/* Hands queued work to the device without waiting for it. */
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
