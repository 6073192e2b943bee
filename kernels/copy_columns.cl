/* Copies columns of one matrix to columns of another, where the values of two branches are put side
 * by side, and where their gradient is cut again. Neither range need begin at a vector's edge. */
#include "columns.h"

/* to[r, to_first + c] = from[r, from_first + c] for c in [0, cols): (K4), (K5). from NULL: 0.
 * `vectors` in total; strides of their own. */
__kernel GROUP(ELEMENT_GROUP, 1)
void copy_columns(__global c_number *restrict to, __global const a_number *restrict from,
                  int to_first, int to_stride, int from_first, int from_stride, int vectors,
                  int cols) {
  const span item = item_span(vectors, cols);
  int row = item.first / item.across, v = item.first % item.across;
  for (int i = item.first; i < item.end; i++) {
    const int c = v * WIDTH, left = cols - c;
    vec value = (vec)(0.0f);
    if (from) value = load_part(from + (size_t)row * from_stride + from_first + c, left);
    store_part(to + (size_t)row * to_stride + to_first + c, value, left);
    if (++v == item.across) row++, v = 0;
  }
}
