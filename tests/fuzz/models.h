/* What the targets of model files share: a safetensors file of a header and data. */
#ifndef EBB_FUZZ_MODELS_H
#define EBB_FUZZ_MODELS_H

#include "fuzz.h"

/* The path of a file in memory: the header's length, the header, the data. */
const char *fuzz_safetensors(const char *header, size_t length, const char *data, size_t size);

/* The same from an input: the bytes as they stand, or, after the other choice, a header up to a
 * byte of 0 and then the data, so that changes to the header need not hit its length too. */
const char *fuzz_safetensors_input(fuzz_input *input);

/* Reads a model file and checks what it is said to hold. `spec_text` may be NULL. */
void fuzz_model(const char *path, const char *spec_text);

#endif
