/* Losses that are a mean over columns of a function of the output z and the target y, in both
 * forms.
 *
 * Such a loss defines LOSS_FACTOR and two functions. LOSS_FACTOR * loss_slope(z, y, p) is the
 * derivative by z, and loss_add(sum, z, y, p) adds the function to `sum`. p holds the loss's
 * constants. Neither may hide a NaN. With LOSS_COUNTS there is loss_right(z, y), which says of
 * which outputs are right; they are counted as hits.
 */
#define LOSS_HAS_LABELS 0

/* The product's first factor is the constant, and the means' divisors are combined in one number.
 */
static inline float loss_scale(int live, int cols) {
  return LOSS_FACTOR / ((float)max(live, 1) * (float)cols);
}

#ifndef LOSS_COUNTS
#define loss_right(z, y) ((row_ivec)(0))
#endif

#ifdef LOSS_BY_ROWS

#ifdef LOSS_COUNTS
typedef float2 loss_sum; /* losses and hits */
#define loss_total(sum)    (sum)
#define row_sum(sum, hits) ((float2)(sum_lanes(sum), sum_lanes(hits)))
#else
typedef vec loss_sum; /* losses in each lane */
#define loss_total(sum)    ((float2)(sum_lanes(sum), 0.0f))
#define row_sum(sum, hits) (sum)
#endif

/* One row. The padding of z and y is zero, where the function need not be. */
static inline loss_sum loss_row(__global float *dz, __global const float *z,
                                __global const float *y, int cols, float scale, float8 p,
                                __local float *shared) {
  vec sum = (vec)(0.0f), hits = (vec)(0.0f);
  for (int c = ROW_START; c < cols; c += ROW_STEP) {
    const vec value = aligned_vec(z + c, 0), target = aligned_vec(y + c, 0);
    store_lanes(dz + c, loss_slope(value, target, p) * scale, cols - c);
    sum = select(sum, loss_add(sum, value, target, p), columns_from(c) < cols);
    hits = select(hits, hits + 1.0f, loss_right(value, target) & (columns_from(c) < cols));
  }
  return row_sum(sum / (float)cols, hits);
}

#else

/* Compares with y [cols][PITCH]: z becomes dz, 0 in rows that are not `alive`. Returns the sum of
 * the row losses. */
OUTLINE float2 loss_rows(VALUES float *z, VALUES const float *y, int cols, row_ivec label,
                         row_ivec alive, float scale, float8 p) {
  row_vec sum = (row_vec)(0.0f), hits = (row_vec)(0.0f);
  for (int c = 0; c < cols; c++) {
    const row_vec value = unit_rows(z, c), target = unit_rows(y, c);
    unit_rows(z, c) = select((row_vec)(0.0f), loss_slope(value, target, p) * scale, alive);
    sum = select(sum, loss_add(sum, value, target, p), alive);
    hits = select(hits, hits + 1.0f, loss_right(value, target) & alive);
  }
  return (float2)(sum_rows(sum / (float)cols), sum_rows(hits));
}

#endif
