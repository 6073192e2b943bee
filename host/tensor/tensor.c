/* Tensors: shapes over device buffers.
 *
 * Rows are padded so that vector loads need no edge code, and strides that collide in a CPU's L1
 * cache are avoided (a stride of 2 KiB halved the speed of a matmul). The padding is zero from the
 * start, and no kernel writes it.
 */
#include "tensor.h"

#include "base/error.h"
#include "base/size.h"
#include <ebb/opencl.h>
#include <stdlib.h>

enum { ROW_UNIT = 32, COLLIDING_UNIT = 256 };

static const struct {
  const char *name;
  size_t bytes;
} dtypes[EBB_DTYPE_COUNT] = {
#define DTYPE_ROW(name, bytes) {#name, bytes},
    EBB_DTYPE_LIST(DTYPE_ROW)};

ebbi_buffer *ebbi_tensor_buffer(const ebb_tensor *tensor) {
  return tensor ? tensor->buffer : NULL;
}

size_t ebbi_stride(size_t rows, size_t cols) {
  size_t stride = ebbi_round_up(cols, ROW_UNIT);
  return rows > 1 && stride % COLLIDING_UNIT == 0 ? stride + ROW_UNIT : stride;
}

static bool is_padded(ebb_dtype dtype) {
  return dtype == EBB_F32 || dtype == EBB_BF16;
}

static ebb_status allocate(ebb_tensor *tensor) {
  size_t count, bytes;
  REQUIRE(ebbi_size_mul(&count, tensor->rows, tensor->stride) &&
              ebbi_size_mul(&bytes, count, dtypes[tensor->dtype].bytes),
          EBB_ERR_MEMORY, "tensor [%zu, %zu]: its size overflows", tensor->rows, tensor->cols);
  return ebbi_buffer_create(&tensor->buffer, tensor->device, bytes);
}

static ebb_status create(ebb_tensor **out, ebb_device *device, ebb_dtype dtype, size_t rows,
                         size_t cols, size_t stride) {
  REQUIRE(out && device, EBB_ERR_ARGUMENT, "tensor: out or device is NULL");
  REQUIRE((unsigned)dtype < EBB_DTYPE_COUNT, EBB_ERR_ARGUMENT, "tensor: there is no type %d",
          (int)dtype);
  REQUIRE(rows > 0 && cols > 0 && cols < SIZE_MAX / 8, EBB_ERR_ARGUMENT,
          "tensor [%zu, %zu]: rows and columns must be from 1 to %zu", rows, cols, SIZE_MAX / 8);
  ebb_tensor *tensor = calloc(1, sizeof *tensor);
  REQUIRE(tensor, EBB_ERR_MEMORY, "tensor: no memory");
  *tensor = (ebb_tensor){device, NULL, dtype, rows, cols, stride};
  ebb_status status = allocate(tensor);
  if (status != EBB_OK) {
    ebb_tensor_free(tensor);
    return status;
  }
  *out = tensor;
  return EBB_OK;
}

ebb_status ebb_tensor_create(ebb_tensor **out, ebb_device *device, ebb_dtype dtype, size_t rows,
                             size_t cols) {
  return create(out, device, dtype, rows, cols, is_padded(dtype) ? ebbi_stride(rows, cols) : cols);
}

ebb_status ebb_tensor_create_packed(ebb_tensor **out, ebb_device *device, ebb_dtype dtype,
                                    size_t rows, size_t cols) {
  return create(out, device, dtype, rows, cols, cols);
}

void ebb_tensor_free(ebb_tensor *tensor) {
  if (!tensor) return;
  ebbi_buffer_free(tensor->buffer);
  free(tensor);
}

ebbi_slab ebbi_slab_begin(const ebb_device *device) {
  return (ebbi_slab){ebbi_device_alignment(device) / sizeof(float), 0};
}

ebb_status ebbi_slab_add(size_t *offset, ebbi_slab *slab, ebb_dtype dtype, size_t rows,
                         size_t cols) {
  size_t count, per_float = sizeof(float) / dtypes[dtype].bytes;
  *offset = slab->count;
  REQUIRE(ebbi_size_mul(&count, rows, ebbi_stride(rows, cols)) && count < SIZE_MAX / 16 &&
              ebbi_size_add(&slab->count, slab->count,
                            ebbi_round_up(ebbi_ceil_div(count, per_float), slab->alignment)),
          EBB_ERR_MEMORY, "slab: [%zu, %zu] makes its size overflow", rows, cols);
  return EBB_OK;
}

ebb_status ebbi_tensor_view(ebb_tensor **out, ebb_tensor *slab, size_t offset, ebb_dtype dtype,
                            size_t rows, size_t cols) {
  ebb_tensor *view = calloc(1, sizeof *view);
  REQUIRE(view, EBB_ERR_MEMORY, "tensor: no memory");
  size_t stride = ebbi_stride(rows, cols);
  *view = (ebb_tensor){slab->device, NULL, dtype, rows, cols, stride};
  ebb_status status = ebbi_buffer_view(&view->buffer, slab->buffer, offset * sizeof(float),
                                       rows * stride * dtypes[dtype].bytes);
  if (status != EBB_OK) {
    ebb_tensor_free(view);
    return status;
  }
  *out = view;
  return EBB_OK;
}

/* Checks shared by padded and packed tensors. */
static ebb_status require(const char *where, const char *name, const ebb_tensor *tensor,
                          const ebb_device *device, ebb_dtype dtype, size_t rows, size_t cols) {
  REQUIRE(tensor, EBB_ERR_ARGUMENT, "%s: %s is NULL", where, name);
  REQUIRE(tensor->device == device, EBB_ERR_ARGUMENT, "%s: %s lies on another device", where, name);
  REQUIRE(tensor->dtype == dtype, EBB_ERR_ARGUMENT, "%s: %s is of type %s, must be %s", where, name,
          dtypes[tensor->dtype].name, dtypes[dtype].name);
  REQUIRE(tensor->rows == rows && tensor->cols == cols, EBB_ERR_ARGUMENT,
          "%s: %s is [%zu, %zu], must be [%zu, %zu]", where, name, tensor->rows, tensor->cols, rows,
          cols);
  return EBB_OK;
}

ebb_status ebbi_tensor_require(const char *where, const char *name, const ebb_tensor *tensor,
                               const ebb_device *device, ebb_dtype dtype, size_t rows,
                               size_t cols) {
  TRY(require(where, name, tensor, device, dtype, rows, cols));
  REQUIRE(!is_padded(dtype) || tensor->stride == ebbi_stride(rows, cols), EBB_ERR_ARGUMENT,
          "%s: %s is packed, but only data sets may be; make it with ebb_tensor_create", where,
          name);
  return EBB_OK;
}

ebb_status ebbi_tensor_require_packed(const char *where, const char *name, const ebb_tensor *tensor,
                                      const ebb_device *device, ebb_dtype dtype, size_t rows,
                                      size_t cols) {
  TRY(require(where, name, tensor, device, dtype, rows, cols));
  REQUIRE(tensor->stride == cols, EBB_ERR_ARGUMENT,
          "%s: %s has padded rows; make it with ebb_tensor_create_packed", where, name);
  return EBB_OK;
}

ebb_status ebbi_tensor_require_apart(const char *where, const char *name, const ebb_tensor *out,
                                     const char *other_name, const ebb_tensor *other) {
  REQUIRE(!other || !out || out->buffer != other->buffer, EBB_ERR_ARGUMENT,
          "%s: %s and %s are the same tensor, but the one is written while the other is read",
          where, name, other_name);
  return EBB_OK;
}

ebb_status ebb_tensor_upload(ebb_tensor *tensor, const void *values) {
  size_t bytes = dtypes[tensor->dtype].bytes;
  return ebbi_buffer_upload(tensor->buffer, values, tensor->rows, tensor->cols * bytes,
                            tensor->stride * bytes);
}

ebb_status ebb_tensor_download(void *values, const ebb_tensor *tensor) {
  size_t bytes = dtypes[tensor->dtype].bytes;
  return ebbi_buffer_download(values, tensor->buffer, tensor->rows, tensor->cols * bytes,
                              tensor->stride * bytes);
}

ebb_status ebbi_tensor_download_part(void *values, const ebb_tensor *tensor, size_t row,
                                     size_t rows, size_t col, size_t cols) {
  size_t bytes = dtypes[tensor->dtype].bytes;
  return ebbi_buffer_download_part(values, tensor->buffer, (row * tensor->stride + col) * bytes,
                                   rows, cols * bytes, tensor->stride * bytes);
}

size_t ebb_tensor_rows(const ebb_tensor *tensor) {
  return tensor->rows;
}
size_t ebb_tensor_cols(const ebb_tensor *tensor) {
  return tensor->cols;
}
size_t ebb_tensor_stride(const ebb_tensor *tensor) {
  return tensor->stride;
}
ebb_dtype ebb_tensor_dtype(const ebb_tensor *tensor) {
  return tensor->dtype;
}
cl_mem ebb_tensor_cl_mem(const ebb_tensor *tensor) {
  return ebbi_buffer_cl_mem(tensor->buffer);
}

const ebbi_exec *ebbi_tensor_exec(const ebb_tensor *tensor) {
  return tensor ? ebbi_device_exec(tensor->device) : NULL;
}
