/* The inner loop of the FMA peak for one vector width; peak.c includes this file once for each
 * width.
 *
 * TARGET: a function attribute; VECTOR: the vector type; BURN: the function's name. Twelve sums,
 * because two multipliers of four cycles each need eight in flight, and sixteen registers hold no
 * more besides the factors. They start at a number unknown to the compiler, which otherwise found
 * out that 1 is a fixed point and removed that sum.
 */
TARGET static double BURN(size_t rounds, float start) {
  VECTOR sums[12], scale = (VECTOR){0} + 0.999f, shift = (VECTOR){0} + 0.001f;
  for (size_t i = 0; i < 12; i++) sums[i] = (VECTOR){0} + (start + (float)i);
  for (size_t r = 0; r < rounds; r++)
    for (size_t i = 0; i < 12; i++) sums[i] = sums[i] * scale + shift;
  for (size_t i = 1; i < 12; i++) sums[0] += sums[i];
  return sums[0][0];
}
#undef TARGET
#undef VECTOR
#undef BURN
