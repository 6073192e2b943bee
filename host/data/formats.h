/* Telling files apart, and those that become raw columns other than by CSV, ARFF and libsvm. */
#ifndef EBBI_FORMATS_H
#define EBBI_FORMATS_H

#include "data/raw.h"

/* Fills a raw from its bytes, those of an IDX or NPY file. */
ebb_status ebbi_raw_from_array(ebbi_raw *raw);

/* Makes the columns of a raw from an array of numbers that its caller has described; texts are
 * left to ebbi_raw_from_array. */
ebb_status ebbi_raw_take_array(ebbi_raw *raw, const ebbi_array *array);

/* From an NPZ file: an archive (ZIP) of NPY files. Any other archive is refused by what it is. */
bool ebbi_is_zip(const char *bytes, size_t size);
ebb_status ebbi_npz_read(ebbi_raw *raw, const ebbi_wishes *wishes);

bool ebbi_is_arff(const char *text);
bool ebbi_is_libsvm(const char *text);

/* Fail with EBB_ERR_INPUT at a file of a known format that is not read, and say what to do. */
ebb_status ebbi_refuse_foreign(const char *path, const char *bytes, size_t size);
ebb_status ebbi_refuse_foreign_text(const char *path, const char *text, size_t size);

/* Makes the raw's bytes UTF-8 without a byte order mark. Takes them from options->encoding, as
 * iconv calls it; NULL: UTF-16 and UTF-32 are known by their mark, UTF-16 without one by its zeros,
 * and all else is left as it stands, UTF-8 or not. What was guessed goes to the raw's notes.
 * Errors: EBB_ERR_INPUT, EBB_ERR_ARGUMENT (no such encoding), EBB_ERR_MEMORY. */
ebb_status ebbi_text_decode(ebbi_raw *raw, const ebb_read_options *options);

#endif
