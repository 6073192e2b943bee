/* The output whose prediction is the mean of the predictions of an ensemble's members.
 *
 * A loss forms predictions from outputs by softmax, the sigmoid, exp, or not at all. The result
 * goes through the same function, so it is that function's inverse of the mean: logarithms of sums
 * of exponentials, relative to the largest, which neither overflow nor lose small probabilities.
 */
#include "elementary.h"
#include "elements.h"

enum { MEAN_VALUES, MEAN_SOFTMAX, MEAN_SIGMOID, MEAN_EXP }; /* the host's mean_of */
enum { MOST_MEMBERS = 256 };

/* Not fmax, which loses NaN. */
#define LARGER(a, b) select((a), (b), (b) > (a) || isnan(b))

/* log(1 / (1 + exp(-z))) */
INLINE vec log_sigmoid(vec z) {
  return select(z, (vec)(0.0f), z > 0.0f) - log1p_vec(exp_vec(-fabs(z)));
}

/* What is summed as an exponential: the logarithm of member m's prediction, or for `other` of one
 * minus it. */
INLINE vec logarithm(vec z, float norm, int of, bool other) {
  return of == MEAN_SIGMOID ? log_sigmoid(other ? -z : z) : z - norm;
}

/* The logarithm of the members' mean at a vector of columns. z: the first member's row. */
INLINE vec log_mean(__global const a_number *z, const float *norms, int members, int stride, int of,
                    bool other) {
  vec most = logarithm(load_a(z), norms[0], of, other), sum = (vec)(0.0f);
  for (int m = 1; m < members; m++) {
    const vec next = logarithm(load_a(z + (size_t)m * stride), norms[m], of, other);
    most = LARGER(most, next);
  }
  for (int m = 0; m < members; m++)
    sum += exp_vec(logarithm(load_a(z + (size_t)m * stride), norms[m], of, other) - most);
  return most + log_vec(sum / (float)members);
}

/* The largest of a row, and the logarithm of the sum of its exponentials. */
INLINE float log_sum(__global const a_number *z, int cols) {
  const vec least = (vec)(-INFINITY);
  vec most = least, sum = (vec)(0.0f);
  for (int c = 0; c < cols; c += WIDTH) {
    const vec next = select(least, load_a(z + c), columns_from(c) < cols);
    most = LARGER(most, next);
  }
  float lanes[WIDTH], top = -INFINITY;
  store_vec(most, 0, lanes);
  for (int i = 0; i < WIDTH; i++) top = lanes[i] > top || isnan(lanes[i]) ? lanes[i] : top;
  for (int c = 0; c < cols; c += WIDTH)
    sum += select((vec)(0.0f), exp_vec(load_a(z + c) - top), columns_from(c) < cols);
  return top + log_vec((vec)(sum_lanes(sum))).s0;
}

/* (K32) to (K35). y [rows, cols], x [rows * members, cols]; an item for each row. */
__kernel GROUP(ELEMENT_GROUP, 1)
void mean(__global c_number *restrict y, __global const a_number *restrict x, int of, int members,
          int rows, int cols, int y_stride, int stride) {
  const int row = get_global_id(0);
  float norms[MOST_MEMBERS];
  if (row >= rows) return;
  __global const a_number *first = x + (size_t)row * members * stride;
  for (int m = 0; m < members; m++)
    norms[m] = of == MEAN_SOFTMAX ? log_sum(first + (size_t)m * stride, cols) : 0.0f;
  for (int c = 0; c < cols; c += WIDTH) {
    vec value = (vec)(0.0f);
    if (of == MEAN_VALUES) {
      for (int m = 0; m < members; m++) value += load_a(first + (size_t)m * stride + c);
      value /= (float)members;
    } else {
      value = log_mean(first + c, norms, members, stride, of, false);
      if (of == MEAN_SIGMOID) value -= log_mean(first + c, norms, members, stride, of, true);
    }
    store_c(y + (size_t)row * y_stride + c, value, cols - c);
  }
}
