/* Arrays as stored in IDX and NPY files. */
#ifndef EBBI_ARRAY_H
#define EBBI_ARRAY_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>

/* X(name, bytes, NumPy's name). The size of a text is given by its array. */
#define EBBI_ELEMENT_LIST(X)                                                                       \
  X(BOOL, 1, "bool")                                                                               \
  X(U8, 1, "uint8")                                                                                \
  X(I8, 1, "int8")                                                                                 \
  X(U16, 2, "uint16")                                                                              \
  X(I16, 2, "int16")                                                                               \
  X(U32, 4, "uint32")                                                                              \
  X(I32, 4, "int32")                                                                               \
  X(U64, 8, "uint64")                                                                              \
  X(I64, 8, "int64")                                                                               \
  X(F16, 2, "float16")                                                                             \
  X(F32, 4, "float32")                                                                             \
  X(F64, 8, "float64")                                                                             \
  X(ASCII, 0, "bytes")                                                                             \
  X(UCS4, 0, "str")

typedef enum ebbi_element {
#define EBBI_ELEMENT_ENUM(name, bytes, text) EBBI_##name,
  EBBI_ELEMENT_LIST(EBBI_ELEMENT_ENUM)
#undef EBBI_ELEMENT_ENUM
} ebbi_element;

enum { EBBI_MAX_RANK = 32 }; /* NumPy's limit for a long time */

/* A view into the bytes of a file: `data` holds rows * cols elements. */
typedef struct ebbi_array {
  ebbi_element element;
  size_t item; /* bytes per element */
  bool big_endian;
  bool fortran; /* the first dimension varies fastest, not the last */
  size_t rank, shape[EBBI_MAX_RANK];
  size_t rows, cols; /* all dimensions except the first are flattened, the last one fastest */
  const unsigned char *data;
} ebbi_array;

bool ebbi_is_idx(const char *bytes, size_t size);
bool ebbi_is_npy(const char *bytes, size_t size);

/* Read only the header and leave `data` unset; *start receives the offset of the elements.
 * Errors: EBB_ERR_INPUT. */
ebb_status ebbi_idx_header(ebbi_array *array, size_t *start, const char *path, const char *bytes,
                           size_t size);
ebb_status ebbi_npy_header(ebbi_array *array, size_t *start, const char *path, const char *bytes,
                           size_t size);

/* Describe the array in a file without copying or allocating.
 * Errors: EBB_ERR_INPUT. */
ebb_status ebbi_idx_parse(ebbi_array *array, const char *path, const char *bytes, size_t size);
ebb_status ebbi_npy_parse(ebbi_array *array, const char *path, const char *bytes, size_t size);

/* Sets item (for numbers), rows and cols from element type and shape.
 * Errors: EBB_ERR_INPUT (no dimension, or lengths whose product overflows). */
ebb_status ebbi_array_measure(ebbi_array *array, const char *path);

/* Bytes of all elements. Errors: EBB_ERR_INPUT (no elements, or overflow). */
ebb_status ebbi_array_size(size_t *bytes, const ebbi_array *array, const char *path);

/* Sets array->data to bytes + offset after checking that exactly the array's elements follow. */
ebb_status ebbi_array_bind(ebbi_array *array, const char *path, const char *bytes, size_t size,
                           size_t offset);

bool ebbi_array_is_text(const ebbi_array *array);

enum { EBBI_ARRAY_SHOWN = 64 };

/* `float32 [200, 3]`, truncated to fit. Returns `out`. */
const char *ebbi_array_shown(char out[EBBI_ARRAY_SHOWN], const ebbi_array *array);

/* Element `index` in row-major order. Integers beyond 2^53 are rounded. */
double ebbi_array_get(const ebbi_array *array, size_t index);

/* The text of element `index` as UTF-8 with a final 0; `out` has room for item + 1 bytes. Returns
 * false if it is not text (bytes beyond ASCII, an invalid code point). */
bool ebbi_array_text(char *out, const ebbi_array *array, size_t index);

#endif
