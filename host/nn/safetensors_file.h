/* A parsed safetensors file, for the files that parse it. */
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
  ebb_metadata *pairs; /* texts belong to the header */
};

/* Parses the header's text into header, tensors and pairs. The data and the tensors' bytes stay
 * NULL; data_size is their size.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_safetensors_parse_header(ebbi_safetensors *file, const char *text, size_t length);

typedef struct ebbi_dtype {
  const char *name;
  size_t bits;                                  /* of an element */
  double (*decode)(const unsigned char *bytes); /* NULL: cannot be weights */
} ebbi_dtype;

/* Returns the type of this name, or NULL. */
const ebbi_dtype *ebbi_dtype_find(const char *name);

uint64_t ebbi_load_little_endian(const unsigned char *bytes, size_t count);

#endif
