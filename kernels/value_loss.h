/* Losses that are a mean over columns of a function of d = z - y, in both forms.
 *
 * Such a loss defines three macros. LOSS_FACTOR * LOSS_SLOPE(T, d, p) is the derivative by d, and
 * LOSS_ADD_TO(T, sum, d, p) adds the function of d to `sum`. T is the type of d, p the loss's
 * parameters.
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

/* One row. The padding of z and y is zero. */
static inline loss_sum loss_row(__global float *dz, __global const float *z,
                                __global const float *y, int cols, float scale, float2 p) {
  vec sum = (vec)(0.0f);
  for (int c = 0; c < cols; c += WIDTH) {
    const vec difference = aligned_vec(z + c, 0) - aligned_vec(y + c, 0);
    store_lanes(dz + c, LOSS_SLOPE(vec, difference, p) * scale, cols - c);
    sum = LOSS_ADD_TO(vec, sum, difference, p);
  }
  return sum / (float)cols;
}

#else

/* Compares with y [cols][PITCH]: z becomes dz, 0 in rows that are not `alive`. Returns the sum of
 * the row losses. */
OUTLINE float2 loss_rows(VALUES float *z, VALUES const float *y, int cols, row_ivec label,
                         row_ivec alive, float scale, float2 p) {
  row_vec sum = (row_vec)(0.0f);
  for (int c = 0; c < cols; c++) {
    const row_vec all = unit_rows(z, c) - unit_rows(y, c);
    const row_vec difference = select((row_vec)(0.0f), all, alive);
    unit_rows(z, c) = LOSS_SLOPE(row_vec, difference, p) * scale;
    sum = LOSS_ADD_TO(row_vec, sum, difference, p);
  }
  return (float2)(sum_rows(sum / (float)cols), 0.0f);
}

#endif
