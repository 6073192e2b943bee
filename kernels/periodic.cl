/* Periodic embedding of numbers, and its gradients: a number x becomes x itself and `mixes` sums of
 * cosines, mix cos(2 pi w x + b) + shift, with w, b, mix and shift of its column.
 *
 * Lanes are frequencies. Lanes past the last one have mix 0 and are never stored. Sums over the
 * batch run in its order, in the item that owns their frequencies.
 */
#include "columns.h"

#define TWO_PI 6.2831853f

#ifdef B_BF16
#define NUMBER(at, i) as_float((uint)(at)[i] << 16)
#else
#define NUMBER(at, i) (at)[i]
#endif

/* Mixes that share their cosines, which take most of the time. */
#define TOGETHER 4

/* The angles of a column's frequencies from f, for the number x. */
INLINE vec angles(__global const float *frequency, __global const float *phase, float x, int f) {
  return fma((vec)(TWO_PI * x), aligned_vec(frequency + f, 0), aligned_vec(phase + f, 0));
}

#ifdef C_BF16
#define STORE(at, value) (*(at) = (ushort)bf16_bits4((float4)(value)).x)
#else
#define STORE(at, value) (*(at) = (value))
#endif

/* y[r, first + j (1 + mixes)] = x[r, j], then for each mix o the sum of mix[j, o, f] cos(angle f)
 * plus shift[j, o]: (K15). frequency, phase [columns, frequencies], mix [columns mixes,
 * frequencies] with one stride; shift [columns, mixes]. An item has ELEMENT_VECTORS numbers. */
__kernel GROUP(ELEMENT_GROUP, 1)
void periodic(__global c_number *restrict y, __global const b_number *restrict x,
              __global const float *restrict frequency, __global const float *restrict phase,
              __global const float *restrict mix, __global const float *restrict shift, int first,
              int y_stride, int x_stride, int columns, int frequencies, int mixes, int stride,
              int shift_stride, int count) {
  const int begin = get_global_id(0) * ELEMENT_VECTORS, end = min(begin + ELEMENT_VECTORS, count);
  for (int i = begin; i < end; i++) {
    const int r = i / columns, j = i % columns;
    const float value = NUMBER(x + (size_t)r * x_stride, j);
    __global const float *w = frequency + (size_t)j * stride, *b = phase + (size_t)j * stride;
    __global c_number *to = y + (size_t)r * y_stride + first + j * (1 + mixes);
    STORE(to, value);
    for (int o = 0; o < mixes; o += TOGETHER) {
      __global const float *m = mix + (size_t)(j * mixes + o) * stride;
      const int together = min(mixes - o, TOGETHER);
      vec sum[TOGETHER] = {(vec)(0.0f), (vec)(0.0f), (vec)(0.0f), (vec)(0.0f)};
      for (int f = 0; f < frequencies; f += WIDTH) {
        const vec wave = cos(angles(w, b, value, f));
        for (int k = 0; k < together; k++)
          sum[k] = fma(aligned_vec(m + (size_t)k * stride + f, 0), wave, sum[k]);
      }
      for (int k = 0; k < together; k++)
        STORE(to + 1 + o + k, sum_lanes(sum[k]) + shift[j * shift_stride + o + k]);
    }
  }
}

/* The gradient of the angles from f, over the sums of a row: -sin(angle) times the sum of dy[o]
 * mix[o, f]. */
INLINE vec angle_gradient(vec angle, __global const a_number *dy, __global const float *mix,
                          int mixes, int stride) {
  vec up = (vec)(0.0f);
  for (int o = 0; o < mixes; o++)
    up = fma((vec)(PART(dy, o)), aligned_vec(mix + (size_t)o * stride, 0), up);
  return -sin(angle) * up;
}

/* The gradients of frequency, phase and mix: (K16). An item has a vector of a column's frequencies;
 * the first item of a column also sums the gradient of shift. */
__kernel GROUP(ELEMENT_GROUP, 1)
void periodic_gradient(__global float *restrict dfrequency, __global float *restrict dphase,
                       __global float *restrict dmix, __global float *restrict dshift,
                       __global const b_number *restrict x, __global const a_number *restrict dy,
                       __global const float *restrict frequency,
                       __global const float *restrict phase, __global const float *restrict mix,
                       int first, int dy_stride, int x_stride, int columns, int frequencies,
                       int mixes, int stride, int shift_stride, int batch) {
  const int across = (frequencies + WIDTH - 1) / WIDTH, id = get_global_id(0);
  const int j = id / across, f = id % across * WIDTH, left = frequencies - f;
  if (j >= columns) return;
  const size_t row = (size_t)j * stride + f, mix_row = (size_t)j * mixes * stride + f;
  const __global a_number *up = dy + first + j * (1 + mixes) + 1;
  vec of_frequency = (vec)(0.0f), of_phase = (vec)(0.0f);
  for (int r = 0; r < batch; r++) {
    const float value = NUMBER(x + (size_t)r * x_stride, j);
    const vec angle = angles(frequency + row - f, phase + row - f, value, f);
    const vec gradient =
        angle_gradient(angle, up + (size_t)r * dy_stride, mix + mix_row, mixes, stride);
    of_phase += gradient;
    of_frequency = fma(gradient, (vec)(TWO_PI * value), of_frequency);
  }
  store_lanes(dfrequency + row, of_frequency, left);
  store_lanes(dphase + row, of_phase, left);
  for (int o = 0; o < mixes; o += TOGETHER) {
    const int together = min(mixes - o, TOGETHER);
    vec of_mix[TOGETHER] = {(vec)(0.0f), (vec)(0.0f), (vec)(0.0f), (vec)(0.0f)};
    float of_shift[TOGETHER] = {0.0f, 0.0f, 0.0f, 0.0f};
    for (int r = 0; r < batch; r++) {
      const float value = NUMBER(x + (size_t)r * x_stride, j);
      const vec wave = cos(angles(frequency + row - f, phase + row - f, value, f));
      for (int k = 0; k < together; k++) {
        const float part = PART(up + (size_t)r * dy_stride, o + k);
        of_mix[k] = fma((vec)(part), wave, of_mix[k]);
        of_shift[k] += part;
      }
    }
    for (int k = 0; k < together; k++) {
      store_lanes(dmix + mix_row + (size_t)(o + k) * stride, of_mix[k], left);
      if (f == 0) dshift[j * shift_stride + o + k] = of_shift[k];
    }
  }
}

/* dx[r, j] = dy of x itself plus the sum of the angles' gradients times 2 pi w: (K17). */
__kernel GROUP(ELEMENT_GROUP, 1)
void periodic_backward(__global c_number *restrict dx, __global const b_number *restrict x,
                       __global const a_number *restrict dy,
                       __global const float *restrict frequency,
                       __global const float *restrict phase, __global const float *restrict mix,
                       int first, int dx_stride, int dy_stride, int x_stride, int columns,
                       int frequencies, int mixes, int stride, int count) {
  const int begin = get_global_id(0) * ELEMENT_VECTORS, end = min(begin + ELEMENT_VECTORS, count);
  for (int i = begin; i < end; i++) {
    const int r = i / columns, j = i % columns;
    const float value = NUMBER(x + (size_t)r * x_stride, j);
    __global const float *w = frequency + (size_t)j * stride, *b = phase + (size_t)j * stride;
    __global const float *m = mix + (size_t)j * mixes * stride;
    __global const a_number *up = dy + (size_t)r * dy_stride + first + j * (1 + mixes);
    vec sum = (vec)(0.0f);
    for (int f = 0; f < frequencies; f += WIDTH)
      sum = fma(angle_gradient(angles(w, b, value, f), up + 1, m + f, mixes, stride),
                aligned_vec(w + f, 0), sum);
    STORE(dx + (size_t)r * dx_stride + j, fma(TWO_PI, sum_lanes(sum), PART(up, 0)));
  }
}
