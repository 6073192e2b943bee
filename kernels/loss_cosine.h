/* One minus the cosine of the angle between outputs and values: equations (L12) (L23) of
 * docs/backprop.md.
 *
 * Values are divided by the largest of their row first, and outputs by theirs if that is above 1,
 * so that squares neither overflow nor vanish. Outputs of zeros have no direction: a least square,
 * PyTorch's, limits their gradient. A row of values that are all 0 has cosine 0 and gradient 0.
 */
#define LOSS_HAS_LABELS 0
#define LEAST_SQUARE    1e-12f

static inline float loss_scale(int live, int cols) {
  return 1.0f / (float)max(live, 1);
}

/* The larger of two magnitudes. A NaN of b is not above a; the sums have it. */
#define LARGER_SIZE(a, b) select((a), fabs(b), fabs(b) > (a))

#ifdef LOSS_BY_ROWS

typedef float2 loss_sum; /* losses; no hits */

static inline float2 loss_total(loss_sum sum) {
  return sum;
}

static inline loss_sum loss_row(__global float *dz, __global const float *z,
                                __global const float *y, int cols, float scale, float8 p,
                                __local float *shared) {
  vec sizes = (vec)(1.0f), target_sizes = (vec)(0.0f);
  vec products = (vec)(0.0f), own = (vec)(0.0f), others = (vec)(0.0f);
  for (int c = ROW_START; c < cols; c += ROW_STEP) {
    const ivec inside = columns_from(c) < cols;
    const vec value = select((vec)(0.0f), aligned_vec(z + c, 0), inside);
    const vec target = aligned_vec(y + c, 0);
    sizes = LARGER_SIZE(sizes, value);
    target_sizes = LARGER_SIZE(target_sizes, target);
  }
  const float size = row_largest(shared, sizes), largest = row_largest(shared, target_sizes);
  const float target_size = largest > 0.0f ? largest : 1.0f;
  for (int c = ROW_START; c < cols; c += ROW_STEP) {
    const ivec inside = columns_from(c) < cols;
    const vec value = select((vec)(0.0f), aligned_vec(z + c, 0) / size, inside);
    const vec target = select((vec)(0.0f), aligned_vec(y + c, 0) / target_size, inside);
    products += value * target;
    own += value * value;
    others += target * target;
  }
  const float other = row_total(shared, others), least = LEAST_SQUARE / size / size;
  const float near = 1.0f / sqrt(row_total(shared, own) + least);
  const float far = other > 0.0f ? 1.0f / sqrt(other) : other;
  const float cosine = row_total(shared, products) * near * far;
  for (int c = ROW_START; c < cols; c += ROW_STEP) {
    const vec value = aligned_vec(z + c, 0) / size, target = aligned_vec(y + c, 0) / target_size;
    store_lanes(dz + c, (value * near * cosine - target * far) * (near / size * scale), cols - c);
  }
  return row_once((float2)(1.0f - cosine, 0.0f));
}

#else

/* Compares with y [cols][PITCH]: z becomes dz, 0 in rows that are not `alive`. Returns the sum of
 * the row losses. */
OUTLINE float2 loss_rows(VALUES float *z, VALUES const float *y, int cols, row_ivec label,
                         row_ivec alive, float scale, float8 p) {
  const row_vec none = (row_vec)(0.0f), one = (row_vec)(1.0f);
  row_vec size = one, largest = none, product = none, own = none, other = none;
  for (int c = 0; c < cols; c++) {
    const row_vec value = unit_rows(z, c), target = unit_rows(y, c);
    size = LARGER_SIZE(size, value);
    largest = LARGER_SIZE(largest, target);
  }
  const row_vec target_size = select(one, largest, largest > 0.0f);
  for (int c = 0; c < cols; c++) {
    const row_vec value = unit_rows(z, c) / size, target = unit_rows(y, c) / target_size;
    product += value * target;
    own += value * value;
    other += target * target;
  }
  const row_vec near = one / sqrt(own + LEAST_SQUARE / size / size);
  const row_vec far = select(other, one / sqrt(other), other > 0.0f);
  const row_vec cosine = product * near * far;
  for (int c = 0; c < cols; c++) {
    const row_vec value = unit_rows(z, c) / size, target = unit_rows(y, c) / target_size;
    const row_vec dz = (value * near * cosine - target * far) * (near / size * scale);
    unit_rows(z, c) = select(none, dz, alive);
  }
  return (float2)(sum_rows(select(none, one - cosine, alive)), 0.0f);
}

#endif
