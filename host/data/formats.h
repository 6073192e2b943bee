/* Recognising formats, and reading those other than CSV, ARFF and libsvm. */
#ifndef EBBI_FORMATS_H
#define EBBI_FORMATS_H

#include "data/raw.h"

/* Fills a raw file from its bytes, in IDX or NPY format. */
ebb_status ebbi_raw_from_array(ebbi_raw *raw);

/* Makes the columns of a raw from an array of numbers that its caller has described; texts are
 * left to ebbi_raw_from_array. */
ebb_status ebbi_raw_take_array(ebbi_raw *raw, const ebbi_array *array);

/* Fills it from an NPZ file, a ZIP archive of NPY files. Any other archive is refused by name. */
bool ebbi_is_zip(const char *bytes, size_t size);
ebb_status ebbi_npz_read(ebbi_raw *raw, const ebbi_wishes *wishes);

bool ebbi_is_arff(const char *text);
bool ebbi_is_libsvm(const char *text);

/* Fails with EBB_ERR_INPUT on a known but unsupported format, and says what to do. */
ebb_status ebbi_refuse_foreign(const char *path, const char *bytes, size_t size);
ebb_status ebbi_refuse_foreign_text(const char *path, const char *text, size_t size);

/* Converts the raw file's bytes to UTF-8 without a byte order mark, from options->encoding (an
 * iconv name). NULL: UTF-16 and UTF-32 are recognised by their mark, UTF-16 without a mark by its
 * zeros; everything else stays unchanged, UTF-8 or not. Guesses are noted in the raw file's notes.
 * Errors: EBB_ERR_INPUT, EBB_ERR_ARGUMENT (unknown encoding), EBB_ERR_MEMORY. */
ebb_status ebbi_text_decode(ebbi_raw *raw, const ebb_read_options *options);

#endif
