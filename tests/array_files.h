/* Array files for tests, built byte by byte. */
#ifndef EBB_ARRAY_FILES_H
#define EBB_ARRAY_FILES_H

#include "test_data.h"

#include <data/write.h>

/* An NPY file of version 1. `descr` is as in the header, including quotes; `fortran` is "True" or
 * "False". Returns its size; `out` must have 200 bytes more than the elements. */
static inline size_t npy_file(char *out, const char *descr, const char *fortran, const char *shape,
                              const void *data, size_t bytes) {
  int length = sprintf(out + 10, "{'descr': %s, 'fortran_order': %s, 'shape': %s, }\n", descr,
                       fortran, shape);
  memcpy(out, "\x93NUMPY\x01\x00", 8);
  out[8] = (char)length;
  out[9] = 0;
  memcpy(out + 10 + length, data, bytes);
  return 10 + (size_t)length + bytes;
}

/* An IDX file of elements of one byte. Returns its size. */
static inline size_t idx_file(char *out, char type, size_t rows, size_t cols, const char *values) {
  memset(out, 0, 12);
  out[2] = type;
  out[3] = cols > 1 ? 2 : 1;
  out[7] = (char)rows;
  out[11] = (char)cols;
  size_t header = cols > 1 ? 12 : 8;
  memcpy(out + header, values, rows * cols);
  return header + rows * cols;
}

/* The bytes of an NPZ file, as the library writes it. Returns their number, below `room`. */
static inline size_t npz_file(char *out, size_t room, const ebbi_sheet *sheet) {
  ebbi_notes notes = {0};
  FILE *stream = tmpfile();
  assert_non_null(stream);
  assert_int_equal(ebbi_npz_write(stream, sheet, &notes), EBB_OK);
  ebbi_notes_free(&notes);
  rewind(stream);
  size_t size = fread(out, 1, room, stream);
  fclose(stream);
  assert_true(size < room);
  return size;
}

#endif
