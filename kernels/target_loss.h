/* Losses of several outputs for each target, which lie side by side, in both forms.
 *
 * Such a loss defines LOSS_MEAN(cols), what the sum over a row is divided by, and target_loss(dz,
 * z, y, p): it writes the derivatives by a target's outputs, and returns the loss. The lanes are
 * targets in the row form, rows in the other. p holds the loss's constants. It must not hide a NaN.
 */
#define LOSS_HAS_LABELS 0

static inline float loss_scale(int live, int cols) {
  return 1.0f / ((float)max(live, 1) * (float)LOSS_MEAN(cols));
}

#ifdef LOSS_BY_ROWS

typedef vec loss_sum; /* losses in each lane */

static inline float2 loss_total(loss_sum sum) {
  return (float2)(sum_lanes(sum), 0.0f);
}

/* Output k of the targets from t on. Lanes beyond the last target repeat it. */
static inline vec output_lanes(__global const float *z, int t, int k, int targets) {
  float lanes[WIDTH];
  for (int i = 0; i < WIDTH; i++) lanes[i] = z[min(t + i, targets - 1) * LOSS_OUTPUTS + k];
  return load_vec(0, lanes);
}

static inline void store_output(__global float *dz, vec value, int t, int k, int targets) {
  float lanes[WIDTH];
  store_vec(value, 0, lanes);
  for (int i = 0; i < min(WIDTH, targets - t); i++) dz[(t + i) * LOSS_OUTPUTS + k] = lanes[i];
}

static inline loss_sum loss_row(__global float *dz, __global const float *z,
                                __global const float *y, int cols, float scale, float8 p,
                                __local float *shared) {
  const int targets = cols / LOSS_OUTPUTS;
  vec sum = (vec)(0.0f);
  for (int t = ROW_START; t < targets; t += ROW_STEP) {
    vec own[LOSS_OUTPUTS], slopes[LOSS_OUTPUTS];
    for (int k = 0; k < LOSS_OUTPUTS; k++) own[k] = output_lanes(z, t, k, targets);
    const vec loss = target_loss(slopes, own, aligned_vec(y + t, 0), p);
    for (int k = 0; k < LOSS_OUTPUTS; k++) store_output(dz, slopes[k] * scale, t, k, targets);
    sum += select((vec)(0.0f), loss, columns_from(t) < targets);
  }
  return sum / (float)LOSS_MEAN(cols);
}

#else

/* Compares with y [targets][PITCH]: z [cols][PITCH] becomes dz, 0 in rows that are not `alive`.
 * Returns the sum of the row losses. */
OUTLINE float2 loss_rows(VALUES float *z, VALUES const float *y, int cols, row_ivec label,
                         row_ivec alive, float scale, float8 p) {
  const row_vec none = (row_vec)(0.0f);
  row_vec sum = none;
  for (int t = 0; t < cols / LOSS_OUTPUTS; t++) {
    row_vec own[LOSS_OUTPUTS], slopes[LOSS_OUTPUTS];
    for (int k = 0; k < LOSS_OUTPUTS; k++) own[k] = unit_rows(z, t * LOSS_OUTPUTS + k);
    const row_vec loss = target_loss(slopes, own, unit_rows(y, t), p);
    for (int k = 0; k < LOSS_OUTPUTS; k++)
      unit_rows(z, t * LOSS_OUTPUTS + k) = select(none, slopes[k] * scale, alive);
    sum += select(none, loss, alive);
  }
  return (float2)(sum_rows(sum / (float)LOSS_MEAN(cols)), 0.0f);
}

#endif
