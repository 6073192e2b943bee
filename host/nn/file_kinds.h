/* What a file's tensors tell of the kinds of their layers. */
#ifndef EBBI_FILE_KINDS_H
#define EBBI_FILE_KINDS_H

#include "kind.h"

/* Finds the tensor named like `first`, with `part` instead of its last part; NULL if none.
 * Errors: EBB_ERR_MEMORY. */
ebb_status ebbi_file_beside(const ebbi_safetensor **out, const ebbi_safetensors *file,
                            const ebbi_safetensor *first, const char *part);

/* True if both names differ in their last part only. */
bool ebbi_file_same_module(const ebbi_safetensor *a, const ebbi_safetensor *b);

/* True if some kind has a parameter of this tensor's name. */
bool ebbi_file_is_parameter(const ebbi_safetensor *tensor);

enum { EBBI_KINDS_TEXT = 160 };

/* Lists the kinds that have such a first parameter and the parameters beside it, no more and no
 * fewer: "layernorm", "rmsnorm or prelu"; "another kind" if there is none. */
ebb_status ebbi_file_kinds(char text[EBBI_KINDS_TEXT], const ebbi_safetensors *file,
                           const ebbi_safetensor *first);

#endif
