/* Inside the reading of safetensors files: what has been read, and its parts. */
#ifndef EBBI_SAFETENSORS_FILE_H
#define EBBI_SAFETENSORS_FILE_H

#include "safetensors.h"

#include <jansson.h>

struct ebb_tensor_file {
  char *path;
  json_t *header; /* owns the names */
  unsigned char *data;
  size_t data_size;
  size_t count;
  ebbi_safetensor *tensors;
  size_t pair_count;
  ebb_metadata *pairs; /* texts of the header */
};

/* Reads the header's text into header, tensors and pairs. Data and tensors' bytes stay NULL;
 * data_size tells how many there are.  Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_parse_header(ebbi_safetensors *file, const char *text, size_t length);

typedef struct ebbi_dtype {
  const char *name;
  size_t bits;                                  /* an element */
  double (*decode)(const unsigned char *bytes); /* NULL: of no use as weights */
} ebbi_dtype;

/* NULL: there is none of this name. */
const ebbi_dtype *ebbi_dtype_find(const char *name);

uint64_t ebbi_load_little_endian(const unsigned char *bytes, size_t count);

#endif
