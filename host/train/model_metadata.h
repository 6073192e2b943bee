/* What a model file states besides its weights. */
#ifndef EBBI_MODEL_METADATA_H
#define EBBI_MODEL_METADATA_H

#include "nn/safetensors.h"

#include <ebb/model.h>

enum { EBBI_MODEL_PAIRS = 4 };

/* The metadata of a model's file. Zero-initialise; free in every case. */
typedef struct ebbi_model_metadata {
  ebb_metadata pairs[EBBI_MODEL_PAIRS];
  size_t count;
  char *encoder, *split, data[17], loss[EBB_LOSS_TEXT]; /* storage of their texts */
} ebbi_model_metadata;

/* Makes the metadata of a model with these parts; fingerprint may be 0 and encoder NULL.
 * Errors: EBB_ERR_MEMORY, EBB_ERR_ARGUMENT, EBB_ERR_NUMBERS. */
ebb_status ebbi_model_metadata_make(ebbi_model_metadata *metadata, ebb_loss loss,
                                    const ebb_split *split, uint64_t fingerprint,
                                    const ebb_encoder *encoder);
void ebbi_model_metadata_free(ebbi_model_metadata *metadata);

/* Reads everything except the notes; the file's header is enough. Zero `info` before and clear it
 * in every case.
 * Errors: EBB_ERR_INPUT, EBB_ERR_ARGUMENT, EBB_ERR_MEMORY. */
ebb_status ebbi_model_read_info(ebb_model_info *info, const ebbi_safetensors *file,
                                const char *path, const char *spec_text);

#endif
