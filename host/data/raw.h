/* The contents of a file, by columns or as an array, before any decision. */
#ifndef EBBI_RAW_H
#define EBBI_RAW_H

#include "data/array.h"
#include "data/cells.h"
#include "data/limits.h"
#include "data/names.h"
#include "data/notes.h"
#include <ebb/data.h>

/* How the values of a column are to be stored. */
typedef enum ebbi_form {
  EBBI_FORM_AUTO, /* numbers if all values present are numbers; otherwise texts */
  EBBI_FORM_TEXT, /* texts, even of numbers: categories, row names */
  EBBI_FORM_BOTH, /* texts, and numbers as well if all are: a target that may be classes */
  EBBI_FORM_SKIP  /* not stored */
} ebbi_form;

/* Numbers, texts, or (FORM_BOTH) both; neither: skipped. */
typedef struct ebbi_raw_column {
  ebbi_cells *numbers; /* [rows], NaN where missing; or NULL */
  ebbi_cells *codes;   /* [rows], indices of texts, -1 where missing; or NULL */
  ebbi_names texts;    /* in order of appearance. FORM_BOTH: dropped, with codes NULL, if all are
                        * numbers and more than EBBI_MAX_CLASSES are distinct */
  size_t missing;      /* number of missing values */
  size_t numeric;      /* in a column of texts: values that read as numbers */
  size_t zeros;        /* numbers with a leading 0 before another digit */
} ebbi_raw_column;

typedef struct ebbi_raw {
  char *path;
  size_t rows, cols;
  ebbi_names names;  /* [cols]: from the header; without a name, the position "0", "1", … */
  bool header;       /* the file has a header */
  bool *unnamed;     /* [cols]: the header has no name for this column; NULL: all are named */
  ebbi_cells *lines; /* [rows] of a text file: ebbi_raw_line minus the row number, which is constant
                      * in most files; NULL: an array */
  ebbi_raw_column *columns; /* [cols]; NULL: `array` holds all values */
  ebbi_array array;         /* [rows, cols], a view into `bytes` */
  bool image;               /* array: uint8 with three or more dimensions, row by row: pixels */
  char *bytes; /* of the file; kept while the array or texts of columns refer to them */
  size_t size; /* of bytes, which are followed by a 0 */
  bool texts_in_bytes;
  ebbi_notes notes;        /* guesses about the format */
  struct ebbi_raw *labels; /* the labels of an NPZ file, or NULL */
} ebbi_raw;

/* What the caller of a reader wants. `choose` is called once, when names, header and cols are known
 * and before any value is stored. It fills forms[cols], initially all EBBI_FORM_AUTO. It is not
 * called for arrays. If it fails, reading ends. */
typedef struct ebbi_wishes {
  const ebb_read_options
      *options; /* delimiter, decimal, header, encoding, na, target (to find the header) */
  ebb_status (*choose)(ebbi_form *forms, const ebbi_raw *raw, void *user);
  void *user;
  bool labels; /* a labels file is read: of an NPZ file with inputs and labels, take the labels */
} ebbi_wishes;

void ebbi_raw_free(ebbi_raw *raw);

/* The number in a cell; NaN if missing. For arrays and columns that have numbers. */
double ebbi_raw_number(const ebbi_raw *raw, size_t row, size_t col);

/* The same for rows in ascending order; begin with run->count 0. */
double ebbi_raw_next(ebbi_run *run, const ebbi_raw *raw, size_t row, size_t col);

/* The line, from 1, on which a row of a text file begins. */
static inline size_t ebbi_raw_line(const ebbi_raw *raw, size_t row) {
  return row + (size_t)ebbi_cells_get(raw->lines, row);
}

/* Fills a zeroed raw file from the bytes of a file, in a format recognised by content. bytes[size]
 * is 0; the bytes are freed here or with `raw`, which must be freed in every case. `path` is used
 * in messages.
 * Errors: EBB_ERR_INPUT. */
ebb_status ebbi_raw_parse(ebbi_raw *raw, const char *path, char *bytes, size_t size,
                          const ebbi_wishes *wishes);

/* Its readers by format; path, bytes and size are set. CSV and ARFF modify the bytes. */
ebb_status ebbi_csv_read(ebbi_raw *raw, const ebbi_wishes *wishes);    /* csv_read.c */
ebb_status ebbi_arff_read(ebbi_raw *raw, const ebbi_wishes *wishes);   /* arff.c */
ebb_status ebbi_libsvm_read(ebbi_raw *raw, const ebbi_wishes *wishes); /* libsvm.c */

void ebbi_raw_drop_bytes(ebbi_raw *raw);

/* Fails with EBB_ERR_INPUT and `path:line: column "name": …`, or the equivalent for arrays. */
ebb_status ebbi_raw_fail(const ebbi_raw *raw, size_t row, size_t col, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
