/* Tensors: two-dimensional arrays on a device.
 *
 * A tensor is row-major, [rows, cols]. Rows of float32 and bfloat16 tensors are `stride` elements
 * apart: cols rounded up to 32, avoiding multiples of 256, which collide in a CPU's L1 cache. The
 * elements between cols and stride are zero, and no kernel writes them. On the host a bfloat16 is a
 * uint16_t, the upper half of a float's bits. Only products in that precision accept such tensors.
 */
#ifndef EBB_TENSOR_H
#define EBB_TENSOR_H

#include <ebb/device.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ebb_tensor ebb_tensor;

/* X(name, bytes an element) */
#define EBB_DTYPE_LIST(X) X(F32, 4) X(I32, 4) X(U8, 1) X(BF16, 2)

typedef enum ebb_dtype {
#define EBB_DTYPE_ENUM(name, bytes) EBB_##name,
  EBB_DTYPE_LIST(EBB_DTYPE_ENUM)
#undef EBB_DTYPE_ENUM
      EBB_DTYPE_COUNT
} ebb_dtype;

/* Makes a tensor of zeros.
 * Errors: EBB_ERR_ARGUMENT (a size is 0 or too large), EBB_ERR_MEMORY (the message says how much is
 * needed and how much the device allows). */
ebb_status ebb_tensor_create(ebb_tensor **out, ebb_device *device, ebb_dtype dtype, size_t rows,
                             size_t cols);

/* The same with stride = cols, for data sets: only gather reads such tensors. */
ebb_status ebb_tensor_create_packed(ebb_tensor **out, ebb_device *device, ebb_dtype dtype,
                                    size_t rows, size_t cols);

/* Accepts NULL. */
void ebb_tensor_free(ebb_tensor *tensor);

size_t ebb_tensor_rows(const ebb_tensor *tensor);
size_t ebb_tensor_cols(const ebb_tensor *tensor);
size_t ebb_tensor_stride(const ebb_tensor *tensor); /* elements between the starts of two rows */
ebb_dtype ebb_tensor_dtype(const ebb_tensor *tensor);

/* Copies rows*cols dense row-major elements to the device. Blocks: `values` may be freed
 * afterwards. */
ebb_status ebb_tensor_upload(ebb_tensor *tensor, const void *values);

/* Copies rows*cols dense row-major elements to the host. Blocks. */
ebb_status ebb_tensor_download(void *values, const ebb_tensor *tensor);

/* The same for floats in either element type: bfloat16 values are rounded to nearest even on upload
 * and widened on download. Both block.
 * Errors: EBB_ERR_ARGUMENT (a type other than F32 and BF16), EBB_ERR_MEMORY. */
ebb_status ebb_tensor_upload_floats(ebb_tensor *tensor, const float *values);
ebb_status ebb_tensor_download_floats(float *values, const ebb_tensor *tensor);

#ifdef __cplusplus
}
#endif
#endif
