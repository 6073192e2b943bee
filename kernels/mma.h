/* Tensor cores: 32 items, the lanes of a warp, together multiply small matrices of tf32 or bfloat16
 * numbers and add in float32.
 *
 * Operands lie in local memory as words with the depth innermost. A word is one tf32 number or two
 * bfloat16 numbers, the earlier step in the low half. One step of the unit is c [16, 8] += a [16, 8
 * words].b [8, 8 words]^T. Lane l holds rows l / 4 and l / 4 + 8 of c in columns l % 4 * 2 and the
 * next. A warp has MMA_ROWS x MMA_COLS such pieces.
 *
 * -DUNIT_x selects the unit, -DPRECISION_TF32 or -DPRECISION_BF16 the precision. A unit consists of
 * the function multiply_words and, if it rounds by itself, words. Another vendor's unit that
 * divides its pieces among 32 lanes in the same way needs nothing else. UNIT_EMULATED does the same
 * with ordinary arithmetic on any device, to test the products around a unit.
 */
#ifndef MMA_H
#define MMA_H

#include "bf16.h"

#if !defined(PRECISION_TF32) && !defined(PRECISION_BF16)
#define PRECISION_TF32
#endif
#if !defined(UNIT_NVIDIA) && !defined(UNIT_EMULATED)
#define UNIT_EMULATED
#endif
#ifdef PRECISION_BF16
#define WORD_STEPS 2
#else
#define WORD_STEPS 1
#endif
/* Arrays stay in registers if loops over them are unrolled. The emulated unit would only take
 * longer to compile. */
#ifdef UNIT_EMULATED
#define UNROLL
#else
#define UNROLL _Pragma("unroll")
#endif
#define LANES      32
#define UNIT_ROWS  16
#define UNIT_COLS  8
#define UNIT_WORDS 8

/* Compilers that do not generate PTX see no code: some print errors, and some assemblers abort the
 * process. The missing kernels are then detected. */
#if defined(UNIT_NVIDIA) && !defined(__NV_CL_C_VERSION) && !defined(__NVPTX__)
#define NO_UNIT
#elif defined(UNIT_NVIDIA)
/* PTX ISA, "Warp-level matrix instructions": ldmatrix, and mma m16n8k8 (tf32) and m16n8k16 (bf16),
 * whose operands are divided by words in the same way. Compute capability 8.0 and later. */

/* Words of four pairs of steps, or of four steps; `second` is for bfloat16. The instructions round
 * to nearest, bfloat16's ties to even, tf32's away from zero; NaN stays NaN. */
#ifdef PRECISION_BF16
INLINE uint word(float first, float second) {
  uint bits;
  __asm__("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(bits) : "f"(second), "f"(first));
  return bits;
}
#else
INLINE uint word(float first, float second) {
  uint bits;
  __asm__("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(first));
  return bits;
}
#endif
INLINE uint4 words(float4 first, float4 second) {
  return (uint4)(word(first.x, second.x), word(first.y, second.y), word(first.z, second.z),
                 word(first.w, second.w));
}

/* Four 8 x 4 word matrices; each lane gives the start of one of the 32 rows. */
INLINE uint4 load_matrices(__local const uint *row) {
  uint x, y, z, w;
  __asm__ volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                   : "=r"(x), "=r"(y), "=r"(z), "=r"(w)
                   : "r"((uint)(size_t)row)
                   : "memory");
  return (uint4)(x, y, z, w);
}

#ifdef PRECISION_BF16
#define MMA "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32"
#else
#define MMA "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32"
#endif
INLINE float4 multiply_piece(uint4 a, uint b0, uint b1, float4 sum) {
  float x = sum.x, y = sum.y, z = sum.z, w = sum.w;
  __asm__ volatile(MMA " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                   : "+f"(x), "+f"(y), "+f"(z), "+f"(w)
                   : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b0), "r"(b1));
  return (float4)(x, y, z, w);
}

/* sums += the products of UNIT_WORDS words from a warp's first rows of a and b on. The matrices of
 * a piece of a are its upper and lower rows at words 0 to 3, then at words 4 to 7; those of b are
 * two pieces' columns, each at both halves of the words. */
INLINE void multiply_words(float4 *sums, __local const uint *a, __local const uint *b, int lane) {
  __local const uint *a_row = a + (lane % 16) * PITCH + lane / 16 * 4;
  __local const uint *b_row = b + (lane % 8 + lane / 16 * 8) * PITCH + lane / 8 % 2 * 4;
  uint4 b_words[MMA_COLS / 2];
  UNROLL
  for (int n = 0; n < MMA_COLS / 2; n++) b_words[n] = load_matrices(b_row + n * 16 * PITCH);
  UNROLL
  for (int m = 0; m < MMA_ROWS; m++) {
    const uint4 a_words = load_matrices(a_row + m * UNIT_ROWS * PITCH);
    UNROLL
    for (int n = 0; n < MMA_COLS / 2; n++) {
      float4 *pair = sums + m * MMA_COLS + 2 * n;
      pair[0] = multiply_piece(a_words, b_words[n].x, b_words[n].y, pair[0]);
      pair[1] = multiply_piece(a_words, b_words[n].z, b_words[n].w, pair[1]);
    }
  }
}
#endif

#ifdef UNIT_EMULATED
/* Words of four pairs of steps, or of four steps; `second` is for bfloat16. */
#ifdef PRECISION_BF16
INLINE uint4 words(float4 first, float4 second) {
  return bf16_bits4(first) | bf16_bits4(second) << 16;
}
#else
/* tf32 keeps 10 bits of the fraction; rounded to nearest, ties away from zero. */
INLINE uint4 words(float4 first, float4 second) {
  const uint4 rounded = (as_uint4(first) + 0x1000u) & 0xffffe000u;
  return select(rounded, as_uint4(first) | 0x400000u, isnan(first));
}
#endif

/* sum += a word of a times a word of b, for four elements at once. */
#ifdef PRECISION_BF16
INLINE float4 multiply_word(uint4 a, uint4 b, float4 sum) {
  sum = fma(as_float4(a << 16), as_float4(b << 16), sum);
  return fma(as_float4(a & 0xffff0000u), as_float4(b & 0xffff0000u), sum);
}
#else
INLINE float4 multiply_word(uint4 a, uint4 b, float4 sum) {
  return fma(as_float4(a), as_float4(b), sum);
}
#endif

INLINE void multiply_words(float4 *sums, __local const uint *a, __local const uint *b, int lane) {
  for (int m = 0; m < MMA_ROWS; m++)
    for (int n = 0; n < MMA_COLS; n++) {
      __local const uint *upper = a + (m * UNIT_ROWS + lane / 4) * PITCH,
                         *lower = upper + 8 * PITCH;
      __local const uint *left = b + (n * UNIT_COLS + lane % 4 * 2) * PITCH, *right = left + PITCH;
      float4 sum = sums[m * MMA_COLS + n];
      for (int w = 0; w < UNIT_WORDS; w++) {
        const uint up = upper[w], low = lower[w], near = left[w], far = right[w];
        sum = multiply_word((uint4)(up, up, low, low), (uint4)(near, far, near, far), sum);
      }
      sums[m * MMA_COLS + n] = sum;
    }
}
#endif

#endif
