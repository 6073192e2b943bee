/* What stands in a file, column by column or as an array, before anything is decided about it. */
#ifndef EBBI_RAW_H
#define EBBI_RAW_H

#include "data/array.h"
#include "data/cells.h"
#include "data/limits.h"
#include "data/names.h"
#include "data/notes.h"
#include <ebb/data.h>

/* How the values of a column are wanted. */
typedef enum ebbi_form {
  EBBI_FORM_AUTO, /* numbers, if all values that are not missing are numbers; else texts */
  EBBI_FORM_TEXT, /* texts, those of numbers too: categories, row names */
  EBBI_FORM_BOTH, /* texts, and beside them numbers if all are: a target, which may be classes */
  EBBI_FORM_SKIP  /* not at all */
} ebbi_form;

/* Numbers, texts, or (FORM_BOTH) both; neither: skipped. */
typedef struct ebbi_raw_column {
  ebbi_cells *numbers; /* [rows], NaN where missing; or NULL */
  ebbi_cells *codes;   /* [rows], indices of texts, -1 where missing; or NULL */
  ebbi_names texts; /* in the order of their appearance. FORM_BOTH: given up, and codes NULL, if all
                     * are numbers and more than EBBI_MAX_CLASSES are distinct */
  size_t missing;   /* how many */
  size_t numeric;   /* how many of the others read as numbers; of a column of texts */
  size_t zeros;     /* numbers that begin with a 0 before another digit */
} ebbi_raw_column;

typedef struct ebbi_raw {
  char *path;
  size_t rows, cols;
  ebbi_names names;  /* [cols]: of the header; where it has none, or an empty one, the position "0",
                        "1", … */
  bool header;       /* the file names its columns */
  bool *unnamed;     /* [cols]: the header leaves this name empty, or out; NULL: none */
  ebbi_cells *lines; /* [rows] in a text file: ebbi_raw_line less the row's number, which is the
                        same in most files; NULL: an array */
  ebbi_raw_column *columns; /* [cols]; NULL: `array` holds all values */
  ebbi_array array;         /* [rows, cols], a view into `bytes` */
  bool image;               /* array: uint8 of three or more dimensions, lying row by row: pixels */
  char *bytes; /* of the file; kept as long as the array or texts of columns lie in them */
  size_t size; /* of bytes, behind which there is a 0 */
  bool texts_in_bytes;
  ebbi_notes notes;        /* what was guessed about the format */
  struct ebbi_raw *labels; /* an NPZ file's labels, which lie beside the inputs; NULL: none */
} ebbi_raw;

/* What the caller of a reader wants. `choose` is called once, when names, header and cols are known
 * and before any value is kept; it fills forms[cols], all EBBI_FORM_AUTO. Of arrays it is not
 * called. A failure of it ends the reading. */
typedef struct ebbi_wishes {
  const ebb_read_options
      *options; /* delimiter, decimal, header, encoding, na, target (to find the header) */
  ebb_status (*choose)(ebbi_form *forms, const ebbi_raw *raw, void *user);
  void *user;
  bool labels; /* a file of labels is read: of an NPZ file with inputs and labels, these */
} ebbi_wishes;

void ebbi_raw_free(ebbi_raw *raw);

/* The number of a cell: NaN where it is missing. For arrays and columns that have numbers. */
double ebbi_raw_number(const ebbi_raw *raw, size_t row, size_t col);

/* The same for rows that are asked for in ascending order; begin with run->count 0. */
double ebbi_raw_next(ebbi_run *run, const ebbi_raw *raw, size_t row, size_t col);

/* Where a row begins, from 1. Of text files. */
static inline size_t ebbi_raw_line(const ebbi_raw *raw, size_t row) {
  return row + (size_t)ebbi_cells_get(raw->lines, row);
}

/* Fills a zeroed raw from a file's bytes, freed here or with it (bytes[size] is 0); the format is
 * told by content. `path` serves in messages. raw is to be freed in every case. Errors:
 * EBB_ERR_INPUT. */
ebb_status ebbi_raw_parse(ebbi_raw *raw, const char *path, char *bytes, size_t size,
                          const ebbi_wishes *wishes);

/* The parts of it, by format, of which path, bytes and size are set. CSV and ARFF change the bytes.
 */
ebb_status ebbi_csv_read(ebbi_raw *raw, const ebbi_wishes *wishes);    /* csv_read.c */
ebb_status ebbi_arff_read(ebbi_raw *raw, const ebbi_wishes *wishes);   /* arff.c */
ebb_status ebbi_libsvm_read(ebbi_raw *raw, const ebbi_wishes *wishes); /* libsvm.c */

void ebbi_raw_drop_bytes(ebbi_raw *raw);

/* Fails with EBB_ERR_INPUT and `path:line: column "name": …`, or the like for arrays. */
ebb_status ebbi_raw_fail(const ebbi_raw *raw, size_t row, size_t col, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
