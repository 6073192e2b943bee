/* The dense layers that the tensors of a safetensors file make up, whoever wrote it. */
#ifndef EBBI_FILE_LAYERS_H
#define EBBI_FILE_LAYERS_H

#include "safetensors.h"
#include "spec.h"

/* From input to output. */
typedef struct ebbi_file_layers {
  size_t count;
  const ebbi_safetensor *weight[EBB_MAX_NODES]; /* [out, in] */
  const ebbi_safetensor *bias[EBB_MAX_NODES];   /* [out]; NULL: there is none, that is zeros */
  char notes[3072]; /* lines on what was guessed and what was ignored; "" if nothing was */
} ebbi_file_layers;

/* Finds them. Weights are the tensors of two dimensions whose last part of the name is "weight".
 * `spec` (may be NULL) is the network that they must fit.
 * Errors: EBB_ERR_INPUT: no such layers, more than one order, other sizes than the spec's, or
 * tensors that show that there are other than dense layers. */
ebb_status ebbi_file_layers_find(ebbi_file_layers *layers, const ebbi_safetensors *file,
                                 const char *path, const ebb_spec *spec);

/* The spec of a file that does not state its own: the caller's `text`, completed by the sizes of
 * the file; without one (NULL) the file must have one layer, since activations cannot be known.
 * Errors: EBB_ERR_INPUT, EBB_ERR_ARGUMENT (the text). */
ebb_status ebbi_file_spec(ebb_spec *spec, const ebbi_safetensors *file, const char *path,
                          const char *text);

#endif
