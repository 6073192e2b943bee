/* Focal loss of softmax(z), for labels: equations (L9) (L20) of docs/backprop.md.
 *
 * What the label's probability lacks to 1 is summed over the other classes: a difference from 1
 * would have no digits where a row is right. p.s0 is gamma.
 */
#define LOSS_HAS_LABELS 1

static inline float loss_scale(int live, int cols) {
  return 1.0f / (float)max(live, 1);
}

/* The loss, and the negative derivative by the label's logit. Each other class has a part of that:
 * its share of the other classes' total probability. So no power below 0 occurs, which would
 * be infinite where a row is right: with the cross-entropy, the label's probability and what it
 * lacks. */
#define FOCAL_TERMS(T, loss, slope, entropy, at, rest, gamma)                                      \
  const T power = ROW_FUNCTION(exp)((gamma) * ROW_FUNCTION(log)(rest + 1e-37f));                   \
  const T loss = power * entropy;                                                                  \
  const T slope = power * (rest + (gamma) * at * entropy);

#ifdef LOSS_BY_ROWS

typedef float2 loss_sum; /* losses and hits */

static inline float2 loss_total(loss_sum sum) {
  return sum;
}

/* dz holds the numerators of softmax in between. The row is a hit if the label's logit is the
 * largest and no column before it has the same. */
static inline loss_sum loss_row(__global float *dz, __global const float *z,
                                __global const int *target, int cols, float scale, float8 p,
                                __local float *shared) {
  const int label = target[0];
  vec most = (vec)(-INFINITY), sums = (vec)(0.0f);
  ivec before = (ivec)(0);
  for (int c = ROW_START; c < cols; c += ROW_STEP) {
    const vec value = row_or_least(z, c, cols);
    most = LARGER(most, value);
  }
  const float largest = row_largest(shared, most), at_label = z[label];
  for (int c = ROW_START; c < cols; c += ROW_STEP) {
    const vec value = row_or_least(z, c, cols), e = bounded_exp(value - largest);
    store_lanes(dz + c, e, cols - c);
    sums += select(e, (vec)(0.0f), columns_from(c) == label);
    before |= (value == largest) & (columns_from(c) < label);
  }
  const float own = exp_float(at_label - largest), others = row_total(shared, sums),
              sum = others + own;
  const float entropy = log_float(sum) + (largest - at_label);
  const vec at = (vec)(own / sum), rest = (vec)(others / sum);
  FOCAL_TERMS(vec, loss, slope, entropy, at, rest, p.s0)
  const vec factor = slope * scale;
  for (int c = ROW_START; c < cols; c += ROW_STEP) {
    const vec share = aligned_vec(dz + c, 0) / (others + FLT_MIN);
    store_lanes(dz + c, select(share, (vec)(-1.0f), columns_from(c) == label) * factor, cols - c);
  }
  const float rivals = row_total(shared, select((vec)(0.0f), (vec)(1.0f), before));
  return row_once((float2)(loss.s0, at_label == largest && rivals == 0.0f ? 1.0f : 0.0f));
}

#else

/* z [cols][PITCH] becomes dz, 0 in rows that are not `alive`. Returns the sums of the row losses
 * and of the rows with the largest logit at the label. */
OUTLINE float2 loss_rows(VALUES float *z, VALUES const float *y, int cols, row_ivec label,
                         row_ivec alive, float scale, float8 p) {
  const row_vec none = (row_vec)(0.0f);
  row_vec largest = unit_rows(z, 0), at_label = none, own = none, others = none;
  row_ivec best = (row_ivec)(0);
  for (int c = 0; c < cols; c++) {
    const row_vec value = unit_rows(z, c);
    best = select(best, (row_ivec)(c), value > largest);
    largest = select(largest, value, value > largest);
    at_label = select(at_label, value, label == (row_ivec)(c));
  }
  for (int c = 0; c < cols; c++) {
    const row_vec e = ROW_FUNCTION(exp)(unit_rows(z, c) - largest);
    unit_rows(z, c) = e;
    own = select(own, e, label == (row_ivec)(c));
    others += select(e, none, label == (row_ivec)(c));
  }
  const row_vec sum = others + own, entropy = ROW_FUNCTION(log)(sum) + (largest - at_label);
  const row_vec at = own / sum, rest = others / sum;
  FOCAL_TERMS(row_vec, loss, slope, entropy, at, rest, p.s0)
  for (int c = 0; c < cols; c++) {
    const row_vec share =
        select(unit_rows(z, c) / (others + FLT_MIN), (row_vec)(-1.0f), label == (row_ivec)(c));
    unit_rows(z, c) = select(none, share * slope * scale, alive);
  }
  const row_ivec hit = (best == label) & (at_label == largest) & alive;
  return (float2)(sum_rows(select(none, loss, alive)),
                  sum_rows(select(none, (row_vec)(1.0f), hit)));
}

#endif
