/* Cross-entropy of softmax(z) with a probability for each class: equations (L10) (L21) of
 * docs/backprop.md.
 *
 * The largest logit is subtracted first, so that exp cannot overflow. p.s1 is the smoothing, p.s0
 * what it leaves of the probabilities.
 */
#define LOSS_HAS_LABELS 0

static inline float loss_scale(int live, int cols) {
  return 1.0f / (float)max(live, 1);
}

#ifdef LOSS_BY_ROWS

typedef float2 loss_sum; /* losses; no hits */

static inline float2 loss_total(loss_sum sum) {
  return sum;
}

/* dz holds the numerators of softmax in between. */
static inline loss_sum loss_row(__global float *dz, __global const float *z,
                                __global const float *y, int cols, float scale, float8 p,
                                __local float *shared) {
  const float even = p.s1 / (float)cols;
  vec most = (vec)(-INFINITY), sums = (vec)(0.0f), gaps = (vec)(0.0f), shares = (vec)(0.0f);
  for (int c = ROW_START; c < cols; c += ROW_STEP) {
    const vec value = row_or_least(z, c, cols);
    most = LARGER(most, value);
  }
  const float largest = row_largest(shared, most);
  for (int c = ROW_START; c < cols; c += ROW_STEP) {
    const ivec inside = columns_from(c) < cols;
    const vec value = row_or_least(z, c, cols), e = bounded_exp(value - largest);
    const vec share = select((vec)(0.0f), p.s0 * aligned_vec(y + c, 0) + even, inside);
    store_lanes(dz + c, e, cols - c);
    sums += e;
    shares += share;
    gaps += select((vec)(0.0f), share * (largest - value), inside);
  }
  const float sum = row_total(shared, sums), all = row_total(shared, shares), factor = all / sum;
  for (int c = ROW_START; c < cols; c += ROW_STEP) {
    const vec share = p.s0 * aligned_vec(y + c, 0) + even;
    store_lanes(dz + c, (aligned_vec(dz + c, 0) * factor - share) * scale, cols - c);
  }
  return row_once((float2)(all * log_float(sum) + row_total(shared, gaps), 0.0f));
}

#else

/* Compares with y [cols][PITCH]: z becomes dz, 0 in rows that are not `alive`. Returns the sum of
 * the row losses. */
OUTLINE float2 loss_rows(VALUES float *z, VALUES const float *y, int cols, row_ivec label,
                         row_ivec alive, float scale, float8 p) {
  const row_vec none = (row_vec)(0.0f);
  const float even = p.s1 / (float)cols;
  row_vec largest = unit_rows(z, 0), sum = none, gaps = none, all = none;
  for (int c = 1; c < cols; c++) {
    const row_vec value = unit_rows(z, c);
    largest = select(largest, value, value > largest);
  }
  for (int c = 0; c < cols; c++) {
    const row_vec below = unit_rows(z, c) - largest, e = ROW_FUNCTION(exp)(below);
    const row_vec share = p.s0 * unit_rows(y, c) + even;
    unit_rows(z, c) = e;
    sum += e;
    all += share;
    gaps -= share * below;
  }
  const row_vec factor = all / sum;
  for (int c = 0; c < cols; c++) {
    const row_vec share = p.s0 * unit_rows(y, c) + even;
    unit_rows(z, c) = select(none, (unit_rows(z, c) * factor - share) * scale, alive);
  }
  const row_vec loss = all * ROW_FUNCTION(log)(sum) + gaps;
  return (float2)(sum_rows(select(none, loss, alive)), 0.0f);
}

#endif
