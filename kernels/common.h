/* What all kernels share: group declaration, the vector type, defaults for compiling alone.
 *
 * WIDTH is the number of floats in a vector: a CPU's register, 4 on a GPU. Numbers that depend on
 * the device come in as -D from one row of host/device/profile.c.
 */
#ifndef COMMON_H
#define COMMON_H

/* Work-items a group; the host reads it back from the kernel. */
#define GROUP(x, y) __attribute__((reqd_work_group_size(x, y, 1)))

#ifndef WIDTH
#define WIDTH 8
#endif
#define PASTE_(a, b) a##b
#define PASTE(a, b)  PASTE_(a, b)
typedef PASTE(float, WIDTH) vec;
#define load_vec(index, pointer)         PASTE(vload, WIDTH)(index, pointer)
#define store_vec(value, index, pointer) PASTE(vstore, WIDTH)(value, index, pointer)

/* Elementwise kernels: items a group, vectors an item. */
#ifndef ELEMENT_GROUP
#define ELEMENT_GROUP 1
#endif
#ifndef ELEMENT_VECTORS
#define ELEMENT_VECTORS 64
#endif

#endif
