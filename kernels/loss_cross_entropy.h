/* Cross-entropy of softmax(z), for labels: equations (4) (7), and (L8) (L19) with label smoothing,
 * of docs/backprop.md.
 *
 * The largest logit is subtracted first, so that exp cannot overflow. p.s1 is the smoothing, p.s0
 * what it leaves of the label; LOSS_FULL is 0 where there is none.
 */
#ifndef LOSS_FULL
#define LOSS_FULL 0
#endif
#define LOSS_HAS_LABELS 1

static inline float loss_scale(int live, int cols) {
  return 1.0f / (float)max(live, 1);
}

/* x times what smoothing leaves of the label, and times what it gives to each of all classes. */
#define smoothed_label(x, p)      (LOSS_FULL ? (x) * (p).s0 : (x))
#define smoothed_rest(x, cols, p) (LOSS_FULL ? (x) * ((p).s1 / (float)(cols)) : 0.0f)

#ifdef LOSS_BY_ROWS

typedef float2 loss_sum; /* losses and hits */

static inline float2 loss_total(loss_sum sum) {
  return sum;
}

/* (e / sum - target) * scale, with factor = scale / sum. `other` is the target of every class times
 * -scale, `hot` what the label's has more. */
static inline vec gradient(vec e, int c, float factor, int label, float hot, float other) {
  const vec target = select((vec)(other), (vec)(other - hot), columns_from(c) == label);
  return fma(e, (vec)(factor), target);
}

/* dz = (softmax(z) - target) * scale; returns (-sum of target log softmax(z), hit). dz holds the
 * numerators in between, except for the last vector, which stays in a register. The row is a hit if
 * the label's logit is the largest and no column before it has the same. */
static inline loss_sum loss_row(__global float *dz, __global const float *z,
                                __global const int *target, int cols, float scale, float8 p,
                                __local float *shared) {
  const int label = target[0], own = ROW_START < cols ? cols : 0; /* 0: no vector for this item */
  const int last = own ? ROW_START + (cols - 1 - ROW_START) / ROW_STEP * ROW_STEP : 0;
  const vec last_z = row_or_least(z, last, own);
  vec most = last_z;
  for (int c = ROW_START; c < last; c += ROW_STEP) {
    const vec value = aligned_vec(z + c, 0);
    most = LARGER(most, value);
  }
  const float largest = row_largest(shared, most), at_label = z[label];
  const vec last_e = bounded_exp(last_z - largest);
  vec sums = last_e;
  vec gaps = select((vec)(0.0f), largest - last_z, columns_from(last) < own);
  ivec before = (last_z == largest) & (columns_from(last) < min(label, own));
  for (int c = ROW_START; c < last; c += ROW_STEP) {
    const vec value = aligned_vec(z + c, 0), e = bounded_exp(value - largest);
    aligned_vec(dz + c, 0) = e;
    sums += e;
    gaps += largest - value;
    before |= (value == largest) & (columns_from(c) < label);
  }
  const float sum = row_total(shared, sums), factor = scale / sum;
  const float hot = smoothed_label(scale, p), other = -smoothed_rest(scale, cols, p);
  for (int c = ROW_START; c < last; c += ROW_STEP)
    aligned_vec(dz + c, 0) = gradient(aligned_vec(dz + c, 0), c, factor, label, hot, other);
  store_lanes(dz + last, gradient(last_e, last, factor, label, hot, other), own - last);
  const float rivals = row_total(shared, select((vec)(0.0f), (vec)(1.0f), before));
  const int hit = at_label == largest && rivals == 0.0f;
  const float gap =
      smoothed_label(largest - at_label, p) + smoothed_rest(row_total(shared, gaps), cols, p);
  return row_once((float2)(log_float(sum) + gap, hit ? 1.0f : 0.0f));
}

#else

/* z [cols][PITCH] becomes dz, 0 in rows that are not `alive`. Returns the sums of the row losses
 * and of the rows with the largest logit at the label. */
OUTLINE float2 loss_rows(VALUES float *z, VALUES const float *y, int cols, row_ivec label,
                         row_ivec alive, float scale, float8 p) {
  row_vec largest = unit_rows(z, 0), at_label = (row_vec)(0.0f), sum = (row_vec)(0.0f);
  row_vec gaps = (row_vec)(0.0f);
  row_ivec at = (row_ivec)(0);
  for (int c = 0; c < cols; c++) {
    const row_vec value = unit_rows(z, c);
    at = select(at, (row_ivec)(c), value > largest);
    largest = select(largest, value, value > largest);
    at_label = select(at_label, value, label == (row_ivec)(c));
  }
  for (int c = 0; c < cols; c++) {
    const row_vec below = unit_rows(z, c) - largest, e = ROW_FUNCTION(exp)(below);
    unit_rows(z, c) = e;
    sum += e;
    gaps -= below;
  }
  const float hot = smoothed_label(1.0f, p), other = smoothed_rest(1.0f, cols, p);
  for (int c = 0; c < cols; c++) {
    const row_vec target = select((row_vec)(other), (row_vec)(other + hot), label == (row_ivec)(c));
    const row_vec dz = (unit_rows(z, c) / sum - target) * scale;
    unit_rows(z, c) = select((row_vec)(0.0f), dz, alive);
  }
  const row_vec gap = smoothed_label(largest - at_label, p) + smoothed_rest(gaps, cols, p);
  const row_vec loss = ROW_FUNCTION(log)(sum) + gap;
  const row_vec hit =
      select((row_vec)(0.0f), (row_vec)(1.0f), (at == label) & (at_label == largest) & alive);
  return (float2)(sum_rows(select((row_vec)(0.0f), loss, alive)), sum_rows(hit));
}

#endif
