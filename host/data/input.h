/* Data files as bytes, within the memory budget. */
#ifndef EBBI_INPUT_H
#define EBBI_INPUT_H

#include "data/array.h"
#include <ebb/data.h>
#include <stdint.h>

/* Reads and unpacks a file, or standard input for "-"; (*bytes)[*size] is 0. Stops as soon as the
 * data exceed a limit or the size in an array's header. The caller frees *bytes.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_data_read(char **bytes, size_t *size, const char *path,
                          const ebb_read_options *options);

/* Bytes being unpacked, and their source. */
typedef struct ebbi_unpacking {
  const char *path; /* the file, or an array in it, for messages */
  const char *bytes;
  size_t size;     /* bytes unpacked so far */
  uint64_t packed; /* compressed bytes read so far; 0: not compressed */
  uint64_t beside; /* bytes of memory in use already */
  size_t whole;    /* total bytes by the array's header; 0: unknown */
} ebbi_unpacking;

enum { EBBI_HEADER_SIZE = 1 << 17 }; /* every supported header fits in this many bytes */

/* Checks an array's header, if there is one. Call it when everything or EBBI_HEADER_SIZE bytes are
 * there. Sets `whole`: at most one byte more than that needs to be unpacked. */
ebb_status ebbi_unpacking_begin(ebbi_unpacking *unpacking, const ebb_read_options *options);

/* Checks the bytes so far against all limits. */
ebb_status ebbi_unpacking_check(const ebbi_unpacking *unpacking, const ebb_read_options *options);

#endif
