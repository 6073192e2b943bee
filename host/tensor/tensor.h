/* Tensors inside the library: the struct, and views into slabs. */
#ifndef EBBI_TENSOR_H
#define EBBI_TENSOR_H

#include "device/device.h"

#include <ebb/tensor.h>

struct ebb_tensor {
  ebb_device *device;
  ebbi_buffer *buffer; /* its own, or a view into a slab's buffer */
  ebb_dtype dtype;
  size_t rows, cols, stride;
};

/* The tensor's buffer; NULL for a NULL tensor, as an optional kernel argument. */
ebbi_buffer *ebbi_tensor_buffer(const ebb_tensor *tensor);

/* Elements between the starts of two rows of a float32 or bfloat16 tensor. */
size_t ebbi_stride(size_t rows, size_t cols);

/* The layout of a slab. Call ebbi_slab_add for each tensor in order, then make one tensor of
 * `count` elements, then the views at the returned offsets. */
typedef struct ebbi_slab {
  size_t alignment; /* in floats */
  size_t count;     /* floats so far; a multiple of the alignment */
} ebbi_slab;

ebbi_slab ebbi_slab_begin(const ebb_device *device);

/* Errors: EBB_ERR_MEMORY (the sizes overflow). */
ebb_status ebbi_slab_add(size_t *offset, ebbi_slab *slab, ebb_dtype dtype, size_t rows,
                         size_t cols);

/* A float32 or bfloat16 view into the float32 tensor `slab`, starting at element `offset`. The slab
 * must outlive it. */
ebb_status ebbi_tensor_view(ebb_tensor **out, ebb_tensor *slab, size_t offset, ebb_dtype dtype,
                            size_t rows, size_t cols);

/* Copies a block of `rows` rows starting at `row` and `cols` columns starting at `col`, dense, to
 * the host. Blocks. */
ebb_status ebbi_tensor_download_part(void *values, const ebb_tensor *tensor, size_t row,
                                     size_t rows, size_t col, size_t cols);

/* The default execution of the tensor's device; NULL for NULL. */
const ebbi_exec *ebbi_tensor_exec(const ebb_tensor *tensor);

/* x rounded to bfloat16: to nearest, a tie to the even one. NaN stays NaN. */
float ebbi_round_bf16(float x);

/* Fails unless the tensor has this type, shape and device, and padded rows if it can have them.
 * `where` and `name` begin the message. Errors: EBB_ERR_ARGUMENT: `ebb_matmul: b is [785, 10], must
 * be [784, 10]`. */
ebb_status ebbi_tensor_require(const char *where, const char *name, const ebb_tensor *tensor,
                               const ebb_device *device, ebb_dtype dtype, size_t rows, size_t cols);

/* The same for tensors made by ebb_tensor_create_packed. */
ebb_status ebbi_tensor_require_packed(const char *where, const char *name, const ebb_tensor *tensor,
                                      const ebb_device *device, ebb_dtype dtype, size_t rows,
                                      size_t cols);

/* Fails if a destination is also an operand. NULL operands are ignored. */
ebb_status ebbi_tensor_require_apart(const char *where, const char *name, const ebb_tensor *out,
                                     const char *other_name, const ebb_tensor *other);

#endif
