/* The rows of an ensemble's members: each row repeated, and the sums of what comes back.
 */
#include "elements.h"

/* (K24). y [rows, cols], `vectors` in all, x [rows / members, cols]. */
__kernel GROUP(ELEMENT_GROUP, 1)
void members(__global c_number *restrict y, __global const a_number *restrict x, int members,
             int x_stride, int vectors, int cols, int stride) {
  const span item = item_span(vectors, cols);
  for (int i = item.first; i < item.end; i++) {
    const int row = i / item.across, c = i % item.across * WIDTH;
    store_c(y + (size_t)row * stride + c, load_a(x + (size_t)(row / members) * x_stride + c),
            cols - c);
  }
}

/* (K25). dx [rows, cols], `vectors` in all, dy [rows * members, cols]. */
__kernel GROUP(ELEMENT_GROUP, 1)
void members_backward(__global c_number *restrict dx, __global const a_number *restrict dy,
                      int members, int dy_stride, int vectors, int cols, int stride) {
  const span item = item_span(vectors, cols);
  for (int i = item.first; i < item.end; i++) {
    const int row = i / item.across, c = i % item.across * WIDTH;
    __global const a_number *from = dy + (size_t)row * members * dy_stride + c;
    vec total = load_a(from);
    for (int m = 1; m < members; m++) total += load_a(from + (size_t)m * dy_stride);
    store_c(dx + (size_t)row * stride + c, total, cols - c);
  }
}
