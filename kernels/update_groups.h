/* Updates by groups (-DUPDATE_GROUPS): runs of vectors that are treated differently.
 *
 * A small table has a row for each run: the factor of its learning rate, 0 for parameters that are
 * not trained, its penalties and limits, and the optimizer's constants, with or without weight
 * decay. One launch thus serves all groups, and no optimizer needs to know of them. The gradient is
 * changed in this order: clipped by the norm of all gradients, clipped by value, penalties added.
 */
#ifndef UPDATE_GROUPS_H
#define UPDATE_GROUPS_H

#include "common.h"

/* The twin of ebbi_update_segment in host/ops/update.h. */
typedef struct {
  int end;                             /* the run's vectors are those from the previous end on */
  float rate;                          /* 0: the parameters and their moments stay */
  float l1, l2, clip_value, clip_norm; /* 0: none */
  int trusted;                         /* whether trust_ratio writes `trust` in each step */
  float trust;                         /* a further factor of the rate; 0: updated apart */
  float8 constants;                    /* of the optimizer */
} update_segment;

/* Partial sums of the gradient's squares, in pairs: of the elements below LARGE, and of the others
 * times SHRINK. No square and no sum of 2^31 squares overflows. */
enum { NORM_GROUPS = 64 };
#define LARGE  0x1p45f
#define SHRINK 0x1p-80f

/* Two factors that clip a gradient by the norm of all gradients; their product might underflow. As
 * in PyTorch, the norm is increased by 1e-6. A norm that is not finite clips nothing, so that the
 * number at fault is refused by its own index. */
static inline float2 clip_factors(__global const float *norms, float most) {
  float low = 0.0f, high = 0.0f;
  if (!norms) return (float2)(1.0f);
  for (int i = 0; i < NORM_GROUPS; i++) {
    low += norms[2 * i];
    high += norms[2 * i + 1];
  }
  const float shrink = high > 0.0f ? SHRINK : 1.0f;
  const float norm = sqrt(high + low * shrink * shrink) + 1e-6f * shrink;
  const int clips = isfinite(norm) && norm > most * shrink;
  return clips ? (float2)(shrink, most / norm) : (float2)(1.0f);
}

/* The gradient that the optimizer gets. NaN stays NaN. */
static inline vec shape_gradient(vec g, vec p, const update_segment *at, float2 clip) {
  g = g * clip.x * clip.y;
  if (at->clip_value > 0.0f)
    g = select(g, copysign((vec)(at->clip_value), g), fabs(g) > at->clip_value);
  if (at->l1 > 0.0f || at->l2 > 0.0f) g += at->l2 * p + at->l1 * sign(p);
  return g;
}

#endif
