/* Tables to files: CSV, NPZ, libsvm. */
#ifndef EBBI_WRITE_H
#define EBBI_WRITE_H

#include "data/notes.h"
#include <ebb/status.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A table as seen by a writer. A text must stay valid until the next call of `text`. */
typedef struct ebbi_sheet {
  size_t rows, cols;
  size_t targets;           /* number of targets, the last columns */
  const char *const *names; /* [cols]; NULL: a CSV file without a header */
  const bool *texts;        /* [cols]: columns of texts; the others hold numbers; NULL: no texts */
  double (*number)(const void *user, size_t row, size_t col);    /* NaN: missing */
  const char *(*text)(const void *user, size_t row, size_t col); /* UTF-8; NULL: missing */
  const void *user;
} ebbi_sheet;

/* Writes the format named by the path's extension, whole or not at all: .csv, .npz, .svm, .libsvm.
 * Facts that a reader must know, such as the numbers of classes, go to `notes`.
 * Errors: EBB_ERR_ARGUMENT (the extension), EBB_ERR_INPUT (the format cannot hold the table),
 * EBB_ERR_OUTPUT. */
ebb_status ebbi_sheet_write(const char *path, const ebbi_sheet *sheet, ebbi_notes *notes);

/* Its writers by format. */
ebb_status ebbi_csv_write(FILE *stream, const ebbi_sheet *sheet, ebbi_notes *notes);
ebb_status ebbi_npz_write(FILE *stream, const ebbi_sheet *sheet, ebbi_notes *notes);
ebb_status ebbi_libsvm_write(FILE *stream, const ebbi_sheet *sheet, ebbi_notes *notes);

/* Writes the text without its final 0. */
void ebbi_put(FILE *stream, const char *text);

bool ebbi_sheet_is_text(const ebbi_sheet *sheet, size_t col);

/* Fails if an input column holds texts. */
ebb_status ebbi_sheet_need_numbers(const ebbi_sheet *sheet, const char *format);

#endif
