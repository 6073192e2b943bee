/* Products of a small network's layers by the items of a group, each computing one tile at a time.
 *
 * Values are [unit][PITCH] with batch rows in the lanes, in memory VALUES; weights are panels in
 * local memory, [depth][panel_pitch]. A tile is a vector of rows by a few units or, for (9), which
 * sums over rows, a square of weights. Large tiles read less, but tiles are only large enough to
 * leave no item idle, since a small network finishes sooner with many. Sums have the same order in
 * all.
 */
#ifndef TILES_H
#define TILES_H

#include "whole_step.h"

#ifndef STEP_GROUP
#define STEP_GROUP 64
#endif

#define VECTORS (CHUNK / WIDTH) /* vectors of rows */

/* n / d, 0 <= n < 2^20, by the reciprocal of d. (n + 1/2) / d is at least 1 / (2 d) from the next
 * integer, and rounding moves it by less: 3 units of 2^-23 of it. An integer division would take
 * twenty instructions. */
static inline int quotient(int n, float reciprocal) {
  return (int)(((float)n + 0.5f) * reciprocal);
}

/* Words between the rows of a panel: odd, so that columns are written without bank conflicts. */
static inline int panel_pitch(int units) {
  return units | 1;
}

/* f(z) (2) */
static inline vec activated(vec z, int kind, float p) {
#define FORWARD(capitals, name, needs_z, formula)                                                  \
  if ((ACTIVATIONS >> EBB_ACT_##capitals & 1) && kind == EBB_ACT_##capitals)                       \
    return F_##name(vec, z, p);
  ACTIVATION_ROWS(FORWARD)
  return z; /* the last layer's activation, which the build does not include */
}

/* da * f'(z), the second part of (8) */
static inline vec sloped(vec da, vec z, vec a, int kind, float p) {
#define BACKWARD(capitals, name, needs_z, formula)                                                 \
  if ((ACTIVATIONS >> EBB_ACT_##capitals & 1) && kind == EBB_ACT_##capitals)                       \
    return da * D_##name(vec, z, a, p);
  ACTIVATION_ROWS(BACKWARD)
  return da;
}

/* The source and destination of a product's values. */
typedef struct {
  VALUES const float *from;   /* [depth][PITCH] */
  VALUES float *z, *a;        /* of the first unit */
  __global const float *bias; /* NULL: none */
  __local const float *panel; /* [depth][pitch] */
  int depth, units, pitch, kind;
  float parameter; /* of the activation */
} product;

/* Tiles of `count` units. The units of a tile are as far apart as there are tiles across, so that
 * neighbours read neighbouring words. Up: z = sum + bias, a = f(z), (1) and (2). Down: a, which is
 * f(z), becomes dz = sum * f'(z) (8). */
INLINE void product_tiles(const product *p, const int down, const int count) {
  const int across = (p->units + count - 1) / count;
  for (int t = get_local_id(0); t < VECTORS * across; t += STEP_GROUP) {
    const int v = t % VECTORS, first = t / VECTORS;
    vec sum[4];
    int unit[4];
#pragma unroll
    for (int j = 0; j < count; j++) {
      unit[j] = min(first + j * across, p->units - 1);
      sum[j] = down || !p->bias ? (vec)(0.0f) : (vec)(p->bias[unit[j]]);
    }
    for (int k = 0; k < p->depth; k++) {
      const vec value = values_vec(p->from + k * PITCH, v);
#pragma unroll
      for (int j = 0; j < count; j++)
        sum[j] = fma((vec)(p->panel[k * p->pitch + unit[j]]), value, sum[j]);
    }
#pragma unroll
    for (int j = 0; j < count; j++) {
      if (first + j * across >= p->units) continue;
      const int at = unit[j] * PITCH;
      if (down) {
        const vec a = values_vec(p->a + at, v), z = values_vec(p->z + at, v);
        values_vec(p->a + at, v) = sloped(sum[j], z, a, p->kind, p->parameter);
      } else {
        if (p->z != p->a) values_vec(p->z + at, v) = sum[j];
        values_vec(p->a + at, v) = activated(sum[j], p->kind, p->parameter);
      }
    }
  }
}

/* One round of single units if there are enough items; else tiles, which read less. */
INLINE void run_product(const product *p, const int down) {
  if (VECTORS * p->units <= STEP_GROUP)
    product_tiles(p, down, 1);
  else
    product_tiles(p, down, 4);
}

/* Tiles of side x side elements of dw = x^T.dz (9), first over vectors of rows and then over the
 * remaining rows; added to the current values if `more`. */
INLINE void weight_tiles(__global float *dw, layer at, VALUES const float *x,
                         VALUES const float *dz, int rows, int more, const int side) {
  const int across = (at.outputs + side - 1) / side, down = (at.inputs + side - 1) / side;
  const int whole = rows / WIDTH;
  const float part = 1.0f / (float)across;
  for (int t = get_local_id(0); t < across * down; t += STEP_GROUP) {
    const int i0 = quotient(t, part), o0 = t - i0 * across;
    vec sum[4][4];
    int i[4], o[4];
#pragma unroll
    for (int n = 0; n < side; n++) {
      i[n] = min(i0 + n * down, at.inputs - 1);
      o[n] = min(o0 + n * across, at.outputs - 1);
#pragma unroll
      for (int m = 0; m < side; m++) sum[n][m] = (vec)(0.0f);
    }
    for (int v = 0; v < whole; v++) {
      vec right[4];
#pragma unroll
      for (int m = 0; m < side; m++) right[m] = values_vec(dz + o[m] * PITCH, v);
#pragma unroll
      for (int n = 0; n < side; n++) {
        const vec left = values_vec(x + i[n] * PITCH, v);
#pragma unroll
        for (int m = 0; m < side; m++) sum[n][m] = fma(left, right[m], sum[n][m]);
      }
    }
#pragma unroll
    for (int n = 0; n < side; n++)
#pragma unroll
      for (int m = 0; m < side; m++) {
        if (i0 + n * down >= at.inputs || o0 + m * across >= at.outputs) continue;
        float total = sum_lanes(sum[n][m]);
        for (int r = whole * WIDTH; r < rows; r++)
          total = fma(x[i[n] * PITCH + r], dz[o[m] * PITCH + r], total);
        __global float *to = dw + i[n] * at.stride + o[m];
        *to = more ? *to + total : total;
      }
  }
}

#endif
