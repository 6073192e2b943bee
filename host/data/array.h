/* Arrays as they lie in IDX and NPY files. */
#ifndef EBBI_ARRAY_H
#define EBBI_ARRAY_H

#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>

/* X(name, bytes) */
#define EBBI_ELEMENT_LIST(X) X(U8, 1) X(I8, 1) X(I16, 2) X(I32, 4) X(I64, 8) X(F32, 4) X(F64, 8)

typedef enum ebbi_element {
#define EBBI_ELEMENT_ENUM(name, bytes) EBBI_##name,
  EBBI_ELEMENT_LIST(EBBI_ELEMENT_ENUM)
#undef EBBI_ELEMENT_ENUM
} ebbi_element;

/* A view into the bytes of a file: `data` holds rows * cols elements. */
typedef struct ebbi_array {
  ebbi_element element;
  bool big_endian;
  size_t rows, cols; /* all dimensions but the first are flattened */
  const unsigned char *data;
} ebbi_array;

bool ebbi_is_idx(const char *bytes, size_t size);
bool ebbi_is_npy(const char *bytes, size_t size);

/* Describe the array in a file without copying or allocating.
 * Errors: EBB_ERR_INPUT. */
ebb_status ebbi_idx_parse(ebbi_array *array, const char *path, const char *bytes, size_t size);
ebb_status ebbi_npy_parse(ebbi_array *array, const char *path, const char *bytes, size_t size);

/* Either of them, by content. */
ebb_status ebbi_array_parse(ebbi_array *array, const char *path, const char *bytes, size_t size);

/* Sets array->data to bytes + offset after checking that exactly the array's elements follow. */
ebb_status ebbi_array_bind(ebbi_array *array, const char *path, const char *bytes, size_t size,
                           size_t offset);

bool ebbi_array_is_float(const ebbi_array *array);

/* Element `index`, counted row by row. Integers beyond 2^53 are rounded. */
double ebbi_array_get(const ebbi_array *array, size_t index);

#endif
