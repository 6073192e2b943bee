/* Files of data as bytes, within the budget of reading. */
#ifndef EBBI_INPUT_H
#define EBBI_INPUT_H

#include "data/array.h"
#include <ebb/data.h>
#include <stdint.h>

/* Reads and unpacks a file, or standard input for "-"; (*bytes)[*size] is 0. Stops as soon as it is
 * too large, or larger than the header of an array says. The caller frees *bytes.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_data_read(char **bytes, size_t *size, const char *path,
                          const ebb_read_options *options);

/* Bytes that are being unpacked, and what they come from. */
typedef struct ebbi_unpacking {
  const char *path; /* of the file, or of an array in it: for messages */
  const char *bytes;
  size_t size;     /* so far */
  uint64_t packed; /* bytes that they came from; 0: nothing is compressed */
  uint64_t beside; /* bytes of memory that are taken already */
  size_t whole;    /* bytes that all of it has by the header of an array; 0: unknown */
} ebbi_unpacking;

enum { EBBI_HEADER_SIZE = 1 << 17 }; /* bytes in which any header lies that is read */

/* Checks the header of an array, if it is one, by what is there: all of it or EBBI_HEADER_SIZE.
 * Sets `whole`: more bytes than that and one need not be unpacked. */
ebb_status ebbi_unpacking_begin(ebbi_unpacking *unpacking, const ebb_read_options *options);

/* Checks what is there against all limits. */
ebb_status ebbi_unpacking_check(const ebbi_unpacking *unpacking, const ebb_read_options *options);

#endif
