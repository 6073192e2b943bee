/* What all kernels share: the group declaration, the vector type, and defaults for separate
 * compilation.
 *
 * WIDTH is the number of floats in a vector: a CPU's register, 4 on a GPU, 2 on a tensor core.
 * Numbers that depend on the device are passed as -D from one row of host/device/params.c.
 */
#ifndef COMMON_H
#define COMMON_H

/* Work-items of a group; the host reads the number from the kernel. */
#define GROUP(x, y) __attribute__((reqd_work_group_size(x, y, 1)))

#ifndef WIDTH
#define WIDTH 8
#endif
#define PASTE_(a, b) a##b
#define PASTE(a, b)  PASTE_(a, b)
typedef PASTE(float, WIDTH) vec;
#define load_vec(index, pointer)         PASTE(vload, WIDTH)(index, pointer)
#define store_vec(value, index, pointer) PASTE(vstore, WIDTH)(value, index, pointer)

/* Vector i of an array that is aligned for vectors, such as slabs and views into them. Use it only
 * where time matters: PoCL splits a vstore, which does not know the alignment. */
#define aligned_vec(pointer, i) (((__global vec *)(pointer))[i])

/* Vector i of the sum of `slices` arrays, `stride` vectors apart, added in ascending order.
 * Unrolled so that a GPU loads several at once. */
static inline vec sum_slices(__global const float *arrays, int slices, size_t stride, int i) {
  vec sum = aligned_vec(arrays, i);
#pragma unroll 4
  for (int s = 1; s < slices; s++) sum += aligned_vec(arrays, s * stride + i);
  return sum;
}

/* For functions whose loops are unrolled by constant arguments. */
#define INLINE static inline __attribute__((always_inline))

/* For functions that should be compiled once instead of in each copy that a driver makes of a
 * kernel. */
#ifndef OUTLINE
#define OUTLINE static __attribute__((noinline))
#endif

/* Batch rows that a whole step takes through the layers together. */
#define CHUNK 32

/* Integers of a vector's shape, and reinterpretation of bits. */
typedef PASTE(int, WIDTH) ivec;
typedef PASTE(uint, WIDTH) uvec;
#define as_ivec(x) PASTE(as_int, WIDTH)(x)
#define as_vec(x)  PASTE(as_float, WIDTH)(x)

/* The columns of a vector that begins at column c. */
static inline ivec columns_from(int c) {
#if WIDTH == 16
  return (ivec)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) + c;
#elif WIDTH == 8
  return (ivec)(0, 1, 2, 3, 4, 5, 6, 7) + c;
#elif WIDTH == 4
  return (ivec)(0, 1, 2, 3) + c;
#else
  return (ivec)(0, 1) + c;
#endif
}

/* Stores the lanes left of the edge, which is `left` >= 0 columns away, in a tensor's row at a
 * multiple of WIDTH columns. Stores halves, quarters, … from registers: a private array would cost
 * a stalled load. */
static inline void store_lanes(__global float *row, vec value, int left) {
  if (left >= WIDTH) {
    aligned_vec(row, 0) = value;
    return;
  }
#if WIDTH == 16
  const float8 part8 = left & 8 ? value.hi : value.lo;
  if (left & 8) vstore8(value.lo, 0, row);
  row += left & 8;
#elif WIDTH == 8
  const float8 part8 = value;
#endif
#if WIDTH >= 8
  const float4 part4 = left & 4 ? part8.hi : part8.lo;
  if (left & 4) vstore4(part8.lo, 0, row);
  row += left & 4;
#elif WIDTH == 4
  const float4 part4 = value;
#endif
#if WIDTH >= 4
  if (left & 2) vstore2(part4.lo, 0, row);
  if (left & 1) row[left & 2] = left & 2 ? part4.z : part4.x;
#else
  if (left & 1) row[0] = value.x;
#endif
}

/* Sum of the lanes, by halves. */
static inline float sum_lanes(vec value) {
#if WIDTH == 16
  const float8 half8 = value.lo + value.hi;
  const float4 half4 = half8.lo + half8.hi;
#elif WIDTH == 8
  const float4 half4 = value.lo + value.hi;
#elif WIDTH == 4
  const float4 half4 = value;
#else
  const float4 half4 = (float4)(value, 0.0f, 0.0f);
#endif
  return (half4.x + half4.z) + (half4.y + half4.w);
}

/* Elementwise kernels: items of a group, vectors of an item. */
#ifndef ELEMENT_GROUP
#define ELEMENT_GROUP 1
#endif
#ifndef ELEMENT_VECTORS
#define ELEMENT_VECTORS 64
#endif

/* Kernels that add up in groups: items of a group. */
#ifndef REDUCE_GROUP
#define REDUCE_GROUP 1
#endif

#endif
