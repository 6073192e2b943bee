/* A factor for each column, and its gradient.
 */
#include "elements.h"

/* (K19). x, y [rows, cols] with one stride, `vectors` in all; s [cols]. */
__kernel GROUP(ELEMENT_GROUP, 1)
void scale(__global c_number *restrict y, __global const a_number *restrict x,
           __global const float *restrict s, int vectors, int cols, int stride) {
  const span item = item_span(vectors, cols);
  for (int i = item.first; i < item.end; i++) {
    const int row = i / item.across, c = i % item.across * WIDTH;
    const size_t at = (size_t)row * stride + c;
    store_c(y + at, load_a(x + at) * aligned_vec(s + c, 0), cols - c);
  }
}

/* (K20). ds[c] = sum of x dy over column c. x, dy [rows, cols] with one stride. */
__kernel GROUP(ELEMENT_GROUP, 1)
void scale_gradient(__global float *restrict ds, __global const a_number *restrict x,
                    __global const b_number *restrict dy, int rows, int cols, int stride) {
  const int c = get_global_id(0) * WIDTH;
  vec total = (vec)(0.0f);
  if (c >= cols) return;
  for (int row = 0; row < rows; row++) {
    const size_t at = (size_t)row * stride + c;
    total += load_a(x + at) * load_b(dy + at);
  }
  store_lanes(ds + c, total, cols - c);
}
