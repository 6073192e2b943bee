/* Products and transposes of a small network's layers, with batch rows in the lanes.
 *
 * A matrix of units is [unit][CHUNK]: CHUNK batch rows are taken through the layers together. All
 * lanes are then in use even in a narrow layer, and the other factor is read in place, one float at
 * a time, for both (1) and (8). A register tile is some units by two vectors. Only (9) sums over
 * rows; it needs a transpose of dz only.
 */
#ifndef LANES_H
#define LANES_H

#include "common.h"

#if WIDTH == 16
#define UNITS 8 /* units of a tile */
#else
#define UNITS 4
#endif
#define TAIL 2 /* units of a tile where fewer than UNITS are left */

/* sum[u][v] += sum over k < depth of a[u * unit_step + k * k_step] * (vector v of b's row k). Units
 * after `last` repeat it. */
INLINE void multiply(vec sum[UNITS][2], const int units, const int vectors, __global const float *a,
                     int last, int unit_step, int k_step, __global const float *b, int b_stride,
                     int depth) {
#pragma unroll 4
  for (int k = 0; k < depth; k++) {
    const vec left = aligned_vec(b + k * b_stride, 0);
    const vec right = vectors > 1 ? aligned_vec(b + k * b_stride, 1) : left;
#pragma unroll
    for (int u = 0; u < units; u++) {
      const vec value = (vec)(a[min(u, last) * unit_step + k * k_step]);
      sum[u][0] = fma(value, left, sum[u][0]);
      if (vectors > 1) sum[u][1] = fma(value, right, sum[u][1]);
    }
  }
}

/* One tile of unit_product. */
INLINE void unit_tile(__global float *c, __global const float *bias, const int units,
                      __global const float *a, int last, int unit_step, int k_step,
                      __global const float *b, int depth) {
  vec sum[UNITS][2];
#pragma unroll
  for (int u = 0; u < units; u++)
    sum[u][0] = sum[u][1] = bias ? (vec)(bias[min(u, last)]) : (vec)(0.0f);
  multiply(sum, units, 2, a, last, unit_step, k_step, b, CHUNK, depth);
#pragma unroll
  for (int u = 0; u < units; u++) {
    aligned_vec(c + min(u, last) * CHUNK, 0) = sum[u][0];
    aligned_vec(c + min(u, last) * CHUNK, 1) = sum[u][1];
  }
}

/* c[unit][r] = bias[unit] + sum over k < depth of a(unit, k) b[k][r], where a(unit, k) is a[unit *
 * unit_step + k * k_step]. c [units][CHUNK], b [depth][CHUNK]; bias may be NULL. */
OUTLINE void unit_product(__global float *c, __global const float *bias, __global const float *a,
                          int unit_step, int k_step, __global const float *b, int units,
                          int depth) {
  for (int r = 0; r < CHUNK; r += 2 * WIDTH) {
    int u = 0;
    for (; u + UNITS <= units; u += UNITS)
      unit_tile(c + u * CHUNK + r, bias ? bias + u : bias, UNITS, a + u * unit_step, UNITS - 1,
                unit_step, k_step, b + r, depth);
    for (; u < units; u += TAIL)
      unit_tile(c + u * CHUNK + r, bias ? bias + u : bias, TAIL, a + u * unit_step,
                min(TAIL, units - u) - 1, unit_step, k_step, b + r, depth);
  }
}

/* One tile of weight_gradient. */
INLINE void weight_tile(__global float *dw, int stride, const int units, const int vectors,
                        __global const float *x, int last, __global const float *dz, int dz_stride,
                        int left, int rows, int more) {
  vec sum[UNITS][2];
#pragma unroll
  for (int u = 0; u < units; u++)
#pragma unroll
    for (int v = 0; v < vectors; v++)
      sum[u][v] = more ? aligned_vec(dw + min(u, last) * stride, v) : (vec)(0.0f);
  multiply(sum, units, vectors, x, last, CHUNK, 1, dz, dz_stride, rows);
#pragma unroll
  for (int u = 0; u < units; u++)
#pragma unroll
    for (int v = 0; v < vectors; v++)
      store_lanes(dw + min(u, last) * stride + v * WIDTH, sum[u][v], left - v * WIDTH);
}

/* `vectors` vectors of columns of weight_gradient. */
INLINE void weight_columns(__global float *dw, int stride, const int vectors,
                           __global const float *x, int inputs, __global const float *dz,
                           int dz_stride, int left, int rows, int more) {
  int i = 0;
  for (; i + UNITS <= inputs; i += UNITS)
    weight_tile(dw + i * stride, stride, UNITS, vectors, x + i * CHUNK, UNITS - 1, dz, dz_stride,
                left, rows, more);
  for (; i < inputs; i += TAIL)
    weight_tile(dw + i * stride, stride, TAIL, vectors, x + i * CHUNK, min(TAIL, inputs - i) - 1,
                dz, dz_stride, left, rows, more);
}

/* dw = x^T.dz (9) and, unless it is NULL, db = sum of dz's rows (10) over `rows` rows, added to the
 * current values if `more`. x [inputs][CHUNK], dz [rows][dz_stride]. */
OUTLINE void weight_gradient(__global float *dw, __global float *db, int stride,
                             __global const float *x, __global const float *dz, int dz_stride,
                             int inputs, int outputs, int rows, int more) {
  for (int o = 0; o < outputs; o += 2 * WIDTH) {
    if (outputs - o > WIDTH)
      weight_columns(dw + o, stride, 2, x, inputs, dz + o, dz_stride, outputs - o, rows, more);
    else
      weight_columns(dw + o, stride, 1, x, inputs, dz + o, dz_stride, outputs - o, rows, more);
  }
  for (int o = 0; db && o < outputs; o += WIDTH) {
    vec total = more ? aligned_vec(db + o, 0) : (vec)(0.0f);
    for (int r = 0; r < rows; r++) total += aligned_vec(dz + r * dz_stride + o, 0);
    store_lanes(db + o, total, outputs - o);
  }
}

/* The even and the odd lanes of two vectors. Written lane by lane: a compiler makes one instruction
 * of this, but several of (vec)(a.even, b.even). */
#if WIDTH == 16
#define EVEN(a, b)                                                                                 \
  (vec)(a.s0, a.s2, a.s4, a.s6, a.s8, a.sa, a.sc, a.se, b.s0, b.s2, b.s4, b.s6, b.s8, b.sa, b.sc,  \
        b.se)
#define ODD(a, b)                                                                                  \
  (vec)(a.s1, a.s3, a.s5, a.s7, a.s9, a.sb, a.sd, a.sf, b.s1, b.s3, b.s5, b.s7, b.s9, b.sb, b.sd,  \
        b.sf)
#elif WIDTH == 8
#define EVEN(a, b) (vec)(a.s0, a.s2, a.s4, a.s6, b.s0, b.s2, b.s4, b.s6)
#define ODD(a, b)  (vec)(a.s1, a.s3, a.s5, a.s7, b.s1, b.s3, b.s5, b.s7)
#else
#define EVEN(a, b) (vec)(a.s0, a.s2, b.s0, b.s2)
#define ODD(a, b)  (vec)(a.s1, a.s3, b.s1, b.s3)
#endif

/* Transposes a square of WIDTH x WIDTH: rotates the bits of each element's index by one, as often
 * as a lane's number has bits. */
INLINE void transpose_square(vec square[WIDTH]) {
#pragma unroll
  for (int stage = 1; stage < WIDTH; stage *= 2) {
    vec next[WIDTH];
#pragma unroll
    for (int i = 0; i < WIDTH / 2; i++) {
      next[i] = EVEN(square[2 * i], square[2 * i + 1]);
      next[i + WIDTH / 2] = ODD(square[2 * i], square[2 * i + 1]);
    }
#pragma unroll
    for (int i = 0; i < WIDTH; i++) square[i] = next[i];
  }
}

/* to[r][o] = from[o][r]; columns from `outputs` up to a multiple of WIDTH become zero.
 * to [CHUNK][stride], from [outputs][CHUNK] */
OUTLINE void transpose(__global float *to, int stride, __global const float *from, int outputs) {
  for (int o = 0; o < outputs; o += WIDTH)
    for (int r = 0; r < CHUNK; r += WIDTH) {
      vec square[WIDTH];
#pragma unroll
      for (int i = 0; i < WIDTH; i++)
        square[i] = o + i < outputs ? aligned_vec(from + (o + i) * CHUNK + r, 0) : (vec)(0.0f);
      transpose_square(square);
#pragma unroll
      for (int i = 0; i < WIDTH; i++) aligned_vec(to + (r + i) * stride + o, 0) = square[i];
    }
}

#endif
