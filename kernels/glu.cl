/* Gated linear units and their gradient: y = a f(b), where a and b are the halves of a row of x.
 *
 * f is the sigmoid s (glu), or b s (swiglu) with `silu` 1. It is an argument and no build option,
 * so that both have one program. The second half begins at any column, so its vectors have no
 * alignment.
 */
#include "activation.h"
#include "columns.h"

/* y = a f(b): (K2). y [rows, cols] with `stride`, `vectors` in total; x [rows, 2 cols] with
 * x_stride. */
__kernel GROUP(ELEMENT_GROUP, 1)
void glu(__global c_number *restrict y, __global const a_number *restrict x, int x_stride, int silu,
         int vectors, int cols, int stride) {
  const span item = item_span(vectors, cols);
  int row = item.first / item.across, v = item.first % item.across;
  for (int i = item.first; i < item.end; i++) {
    const int c = v * WIDTH;
    __global const a_number *at = x + (size_t)row * x_stride + c;
    const vec a = load_a(at), b = load_part(at + cols, cols - c), s = SIGMOID(vec, b);
    store_c(y + (size_t)row * stride + c, a * (silu ? b * s : s), cols - c);
    if (++v == item.across) row++, v = 0;
  }
}

/* da = dy f(b), db = dy a f'(b): (K3). dy [rows, cols] with `stride`, `vectors` in total; dx and x
 * [rows, 2 cols] with x_stride. */
__kernel GROUP(ELEMENT_GROUP, 1)
void glu_backward(__global c_number *restrict dx, __global const a_number *restrict x,
                  __global const b_number *restrict dy, int x_stride, int silu, int vectors,
                  int cols, int stride) {
  const span item = item_span(vectors, cols);
  int row = item.first / item.across, v = item.first % item.across;
  for (int i = item.first; i < item.end; i++) {
    const int c = v * WIDTH;
    const size_t at = (size_t)row * x_stride + c;
    const vec a = load_a(x + at), b = load_part(x + at + cols, cols - c), s = SIGMOID(vec, b);
    const vec slope = silu ? s * (1.0f + b * (1.0f - s)) : s * (1.0f - s);
    const vec up = load_b(dy + (size_t)row * stride + c);
    store_c(dx + at, up * (silu ? b * s : s), cols - c);
    store_part(dx + at + cols, up * (a * slope), cols - c);
    if (++v == item.across) row++, v = 0;
  }
}
