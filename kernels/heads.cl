/* A dense layer of its own for each member of an ensemble. It is an output layer: outputs are few,
 * so a product is one item for each row, and no tile would be filled.
 *
 * Row r belongs to member r % members, whose weights are the rows m outputs .. of weight [members *
 * outputs, inputs]. A sum over rows is made by one item in their order.
 */
#include "elements.h"

#ifdef A_BF16
#define A_FLOAT(at) as_float((uint) * (at) << 16)
#else
#define A_FLOAT(at) *(at)
#endif
#ifdef B_BF16
#define B_FLOAT(at) as_float((uint) * (at) << 16)
#else
#define B_FLOAT(at) *(at)
#endif

/* (K29). y [rows, outputs], x [rows, inputs], bias [members, outputs]. The padding of x and of the
 * weights is 0. */
__kernel GROUP(ELEMENT_GROUP, 1)
void heads(__global c_number *restrict y, __global const a_number *restrict x,
           __global const float *restrict weight, __global const float *restrict bias, int members,
           int rows, int outputs, int y_stride, int inputs, int stride, int w_stride,
           int b_stride) {
  const int row = get_global_id(0);
  if (row >= rows) return;
  const int m = row % members;
  __global const a_number *from = x + (size_t)row * stride;
  float lanes[WIDTH];
  for (int o = 0; o < outputs; o++) {
    __global const float *w = weight + (size_t)(m * outputs + o) * w_stride;
    vec total = (vec)(0.0f);
    for (int c = 0; c < inputs; c += WIDTH) total += load_a(from + c) * aligned_vec(w + c, 0);
    lanes[o % WIDTH] = sum_lanes(total) + bias[(size_t)m * b_stride + o];
    if (o % WIDTH < WIDTH - 1 && o < outputs - 1) continue;
    store_c(y + (size_t)row * y_stride + o / WIDTH * WIDTH, load_vec(0, lanes),
            outputs - o / WIDTH * WIDTH);
  }
}

/* (K30). dx [rows, inputs], `vectors` in all, dz [rows, outputs]. */
__kernel GROUP(ELEMENT_GROUP, 1)
void heads_backward(__global c_number *restrict dx, __global const a_number *restrict dz,
                    __global const float *restrict weight, int members, int outputs, int dz_stride,
                    int w_stride, int vectors, int cols, int stride) {
  const span item = item_span(vectors, cols);
  for (int i = item.first; i < item.end; i++) {
    const int row = i / item.across, c = i % item.across * WIDTH;
    __global const float *w = weight + (size_t)(row % members) * outputs * w_stride + c;
    vec total = (vec)(0.0f);
    for (int o = 0; o < outputs; o++)
      total += A_FLOAT(dz + (size_t)row * dz_stride + o) * aligned_vec(w + (size_t)o * w_stride, 0);
    store_c(dx + (size_t)row * stride + c, total, cols - c);
  }
}

/* (K31). An item for each row of dw [members * outputs, inputs] and vector of it, `vectors` in all;
 * the first of a row writes its db. */
__kernel GROUP(ELEMENT_GROUP, 1)
void heads_gradients(__global float *restrict dw, __global float *restrict db,
                     __global const a_number *restrict x, __global const b_number *restrict dz,
                     int members, int rows, int outputs, int dz_stride, int w_stride, int b_stride,
                     int vectors, int inputs, int stride) {
  const int i = get_global_id(0), across = (inputs + WIDTH - 1) / WIDTH;
  if (i >= vectors) return;
  const int unit = i / across, c = i % across * WIDTH, m = unit / outputs, o = unit % outputs;
  vec along = (vec)(0.0f);
  float sum = 0.0f;
  for (int row = m; row < rows; row += members) {
    const float d = B_FLOAT(dz + (size_t)row * dz_stride + o);
    along += load_a(x + (size_t)row * stride + c) * d;
    sum += d;
  }
  store_lanes(dw + (size_t)unit * w_stride + c, along, inputs - c);
  if (c == 0) db[(size_t)m * b_stride + o] = sum;
}
