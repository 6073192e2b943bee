/* Hinge losses, for labels, in both forms: equations (L11) (L22) of docs/backprop.md.
 *
 * Such a loss defines LOSS_POWER, 1 or 2: the power of the violations v = margin + z - z[label]
 * above 0. p.s0 is the margin. A NaN is not below 0 and stays.
 */
#define LOSS_HAS_LABELS 1

/* The power's factor of the slope, divided by rows and classes. */
static inline float loss_scale(int live, int cols) {
  return (float)LOSS_POWER / ((float)max(live, 1) * (float)cols);
}

#if LOSS_POWER == 2
#define HINGE_SLOPE(T, v)    select((v), (T)(0.0f), (v) <= 0.0f)
#define HINGE_LOSS(v, slope) ((slope) * (slope))
#else
#define HINGE_SLOPE(T, v)    select(select((v), (T)(1.0f), (v) > 0.0f), (T)(0.0f), (v) <= 0.0f)
#define HINGE_LOSS(v, slope) ((v) * (slope))
#endif

#ifdef LOSS_BY_ROWS

typedef float2 loss_sum; /* losses and hits */

static inline float2 loss_total(loss_sum sum) {
  return sum;
}

/* The label's slope is the negative sum of the others'. The row is a hit if no logit is larger than
 * the label's, nor as large in a column before it. */
static inline loss_sum loss_row(__global float *dz, __global const float *z,
                                __global const int *target, int cols, float scale, float8 p,
                                __local float *shared) {
  const int label = target[0];
  const float at_label = z[label], shift = p.s0 - at_label;
  vec losses = (vec)(0.0f), slopes = (vec)(0.0f);
  ivec beaten = (ivec)(0);
  for (int c = ROW_START; c < cols; c += ROW_STEP) {
    const vec value = aligned_vec(z + c, 0), v = value + shift;
    const ivec others = (columns_from(c) < cols) & (columns_from(c) != label);
    const vec slope = select((vec)(0.0f), HINGE_SLOPE(vec, v), others);
    losses = select(losses, losses + HINGE_LOSS(v, slope), others);
    slopes += slope;
    beaten |= others & ((value > at_label) | ((value == at_label) & (columns_from(c) < label)));
    store_lanes(dz + c, slope * scale, cols - c);
  }
  const float total = row_total(shared, slopes);
  if (HAS_COLUMN(label)) dz[label] = -total * scale; /* after what the same item stored there */
  const float rivals = row_total(shared, select((vec)(0.0f), (vec)(1.0f), beaten));
  return row_once((float2)(row_total(shared, losses) / (float)cols, rivals == 0.0f ? 1.0f : 0.0f));
}

#else

/* z [cols][PITCH] becomes dz, 0 in rows that are not `alive`. Returns the sums of the row losses
 * and of the rows with the largest logit at the label. */
OUTLINE float2 loss_rows(VALUES float *z, VALUES const float *y, int cols, row_ivec label,
                         row_ivec alive, float scale, float8 p) {
  const row_vec none = (row_vec)(0.0f);
  row_vec at_label = none, losses = none, slopes = none;
  row_ivec beaten = (row_ivec)(0);
  for (int c = 0; c < cols; c++)
    at_label = select(at_label, unit_rows(z, c), label == (row_ivec)(c));
  const row_vec shift = p.s0 - at_label;
  for (int c = 0; c < cols; c++) {
    const row_vec value = unit_rows(z, c), v = value + shift;
    const row_vec slope = select(HINGE_SLOPE(row_vec, v), none, label == (row_ivec)(c));
    losses = select(losses + HINGE_LOSS(v, slope), losses, label == (row_ivec)(c));
    slopes += slope;
    beaten |= (value > at_label) | ((value == at_label) & ((row_ivec)(c) < label));
    unit_rows(z, c) = slope;
  }
  for (int c = 0; c < cols; c++) {
    const row_vec dz = select(unit_rows(z, c), -slopes, label == (row_ivec)(c)) * scale;
    unit_rows(z, c) = select(none, dz, alive);
  }
  const row_vec hit = select(select((row_vec)(1.0f), none, beaten), none, alive == (row_ivec)(0));
  return (float2)(sum_rows(select(none, losses / (float)cols, alive)), sum_rows(hit));
}

#endif
