/* A factor and a bias for each member of an ensemble and each column, and their gradients.
 *
 * Row r belongs to member r % members. A gradient is a sum over the rows of one member, by one item
 * in their order.
 */
#include "activation.h"
#include "elements.h"

/* (K26). kept NULL: z is not kept; bias NULL: none. x, y [rows, cols] with one stride; weight, bias
 * [members, cols] with the stride w_stride. */
__kernel GROUP(ELEMENT_GROUP, 1)
void adapter(__global c_number *restrict y, __global c_number *restrict kept,
             __global const a_number *restrict x, __global const float *restrict weight,
             __global const float *restrict bias, int members, int w_stride, int vectors, int cols,
             int stride) {
  const span item = item_span(vectors, cols);
  for (int i = item.first; i < item.end; i++) {
    const int row = i / item.across, c = i % item.across * WIDTH;
    const size_t at = (size_t)row * stride + c, own = (size_t)(row % members) * w_stride + c;
    vec z = load_a(x + at) * aligned_vec(weight + own, 0);
    if (bias) z += aligned_vec(bias + own, 0);
    if (kept) store_c(kept + at, z, cols - c);
    store_c(y + at, ACTIVATE(vec, z), cols - c);
  }
}

/* (K27). dx, dz [rows, cols] with one stride. */
__kernel GROUP(ELEMENT_GROUP, 1)
void adapter_backward(__global c_number *restrict dx, __global const a_number *restrict dz,
                      __global const float *restrict weight, int members, int w_stride, int vectors,
                      int cols, int stride) {
  const span item = item_span(vectors, cols);
  for (int i = item.first; i < item.end; i++) {
    const int row = i / item.across, c = i % item.across * WIDTH;
    const size_t at = (size_t)row * stride + c, own = (size_t)(row % members) * w_stride + c;
    store_c(dx + at, load_a(dz + at) * aligned_vec(weight + own, 0), cols - c);
  }
}

/* (K28). An item for each member and vector of columns, `vectors` in all; db NULL: none. */
__kernel GROUP(ELEMENT_GROUP, 1)
void adapter_gradients(__global float *restrict dw, __global float *restrict db,
                       __global const a_number *restrict x, __global const b_number *restrict dz,
                       int rows, int members, int w_stride, int vectors, int cols, int stride) {
  const int i = get_global_id(0), across = (cols + WIDTH - 1) / WIDTH;
  if (i >= vectors) return;
  const int m = i / across, c = i % across * WIDTH;
  vec along = (vec)(0.0f), sum = (vec)(0.0f);
  for (int row = m; row < rows; row += members) {
    const size_t at = (size_t)row * stride + c;
    const vec d = load_b(dz + at);
    along += load_a(x + at) * d;
    sum += d;
  }
  store_lanes(dw + (size_t)m * w_stride + c, along, cols - c);
  if (db) store_lanes(db + (size_t)m * w_stride + c, sum, cols - c);
}
