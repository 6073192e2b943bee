/* Max-norm: (G5) of docs/backprop.md, after an update.
 *
 * An item takes WIDTH units, whose incoming weights are columns. Large weights are shrunk by a
 * power of two before they are squared. The updates of a frozen step have changed nothing, so
 * neither does this.
 */
#include "common.h"
#include "state.h"

/* Weights are scaled where the largest of a unit is above LARGE. */
#define LARGE  0x1p50f
#define SHRINK 0x1p-80f

/* Shrinks the weights of each unit to norms of at most `most`. w [rows, cols] */
__kernel GROUP(ELEMENT_GROUP, 1)
void max_norm(__global float *restrict w, __global const step_state *restrict state, int rows,
              int stride, int vectors, float most) {
  const int v = get_global_id(0);
  if (v >= vectors || state->frozen) return;
  vec largest = (vec)(0.0f), sum = (vec)(0.0f);
  for (int r = 0; r < rows; r++)
    largest = fmax(largest, fabs(aligned_vec(w + (size_t)r * stride, v)));
  const vec shrink = select((vec)(1.0f), (vec)(SHRINK), largest > LARGE);
  for (int r = 0; r < rows; r++) {
    const vec value = aligned_vec(w + (size_t)r * stride, v) * shrink;
    sum += value * value;
  }
  const vec norm = sqrt(sum) + 1e-7f * shrink;
  const vec factor = select((vec)(1.0f), most / norm, norm > most * shrink);
  const vec first = select((vec)(1.0f), shrink, norm > most * shrink);
  for (int r = 0; r < rows; r++)
    aligned_vec(w + (size_t)r * stride, v) =
        aligned_vec(w + (size_t)r * stride, v) * first * factor;
}
