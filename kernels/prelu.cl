/* PReLU, an activation with a learned slope for each column, and its gradients.
 */
#include "elements.h"

/* value where x > 0, else w value. */
INLINE vec rectified(vec x, vec value, __global const float *w) {
  return select(aligned_vec(w, 0) * value, value, x > (vec)(0.0f));
}

/* (K21). x, y [rows, cols] with one stride, `vectors` in all; w [cols]. */
__kernel GROUP(ELEMENT_GROUP, 1)
void prelu(__global c_number *restrict y, __global const a_number *restrict x,
           __global const float *restrict w, int vectors, int cols, int stride) {
  const span item = item_span(vectors, cols);
  for (int i = item.first; i < item.end; i++) {
    const int row = i / item.across, c = i % item.across * WIDTH;
    const size_t at = (size_t)row * stride + c;
    const vec value = load_a(x + at);
    store_c(y + at, rectified(value, value, w + c), cols - c);
  }
}

/* (K22). dx, dy, x [rows, cols] with one stride. */
__kernel GROUP(ELEMENT_GROUP, 1)
void prelu_backward(__global c_number *restrict dx, __global const a_number *restrict dy,
                    __global const b_number *restrict x, __global const float *restrict w,
                    int vectors, int cols, int stride) {
  const span item = item_span(vectors, cols);
  for (int i = item.first; i < item.end; i++) {
    const int row = i / item.across, c = i % item.across * WIDTH;
    const size_t at = (size_t)row * stride + c;
    store_c(dx + at, rectified(load_b(x + at), load_a(dy + at), w + c), cols - c);
  }
}

/* (K23). dw[c] = sum of x dy over the rows where x is not above 0. */
__kernel GROUP(ELEMENT_GROUP, 1)
void prelu_gradient(__global float *restrict dw, __global const a_number *restrict x,
                    __global const b_number *restrict dy, int rows, int cols, int stride) {
  const int c = get_global_id(0) * WIDTH;
  vec total = (vec)(0.0f);
  if (c >= cols) return;
  for (int row = 0; row < rows; row++) {
    const size_t at = (size_t)row * stride + c;
    const vec value = load_a(x + at);
    total += select(value * load_b(dy + at), (vec)(0.0f), value > (vec)(0.0f));
  }
  store_lanes(dw + c, total, cols - c);
}
