/* Losses that are a mean over columns of a function of the output z and the target y, in both
 * forms.
 *
 * Such a loss defines LOSS_FACTOR and two functions. LOSS_FACTOR * loss_slope(z, y, p) is the
 * derivative by z, and loss_add(sum, z, y, p) adds the function to `sum`. p holds the loss's
 * constants. Neither may hide a NaN.
 */
#define LOSS_HAS_LABELS 0

/* The product's first factor is the constant, and the means' divisors are combined in one number.
 */
static inline float loss_scale(int live, int cols) {
  return LOSS_FACTOR / ((float)max(live, 1) * (float)cols);
}

#ifdef LOSS_BY_ROWS

typedef vec loss_sum; /* losses in each lane */

static inline float2 loss_total(loss_sum sum) {
  return (float2)(sum_lanes(sum), 0.0f);
}

/* One row. The padding of z and y is zero, where the function need not be. */
static inline loss_sum loss_row(__global float *dz, __global const float *z,
                                __global const float *y, int cols, float scale, float8 p) {
  vec sum = (vec)(0.0f);
  for (int c = 0; c < cols; c += WIDTH) {
    const vec value = aligned_vec(z + c, 0), target = aligned_vec(y + c, 0);
    store_lanes(dz + c, loss_slope(value, target, p) * scale, cols - c);
    sum = select(sum, loss_add(sum, value, target, p), columns_from(c) < cols);
  }
  return sum / (float)cols;
}

#else

/* Compares with y [cols][PITCH]: z becomes dz, 0 in rows that are not `alive`. Returns the sum of
 * the row losses. */
OUTLINE float2 loss_rows(VALUES float *z, VALUES const float *y, int cols, row_ivec label,
                         row_ivec alive, float scale, float8 p) {
  row_vec sum = (row_vec)(0.0f);
  for (int c = 0; c < cols; c++) {
    const row_vec value = unit_rows(z, c), target = unit_rows(y, c);
    unit_rows(z, c) = select((row_vec)(0.0f), loss_slope(value, target, p) * scale, alive);
    sum = select(sum, loss_add(sum, value, target, p), alive);
  }
  return (float2)(sum_rows(sum / (float)cols), 0.0f);
}

#endif
