/* The layers in a safetensors file of any origin. */
#ifndef EBBI_FILE_LAYERS_H
#define EBBI_FILE_LAYERS_H

#include "network.h"

/* Ordered from input to output. */
typedef struct ebbi_file_layers {
  size_t count;
  /* By parameter, then by layer; NULL: missing, so zeros. In dense layers 0 is the
   * weight [out, in], 1 the bias. */
  const ebbi_safetensor *tensor[EBBI_NODE_PARAMETERS][EBB_MAX_NODES];
  char notes[3072]; /* what was guessed or ignored, in lines; may be "" */
} ebbi_file_layers;

/* Finds them. `spec` is the network that they must fit: a layer is found by its first parameter, a
 * tensor whose last part of the name and dimensions are those that its kind gives it, and its
 * others by the rest of that name. NULL: all layers are dense, their weights "NAME.weight" of two
 * dimensions.
 * Errors: EBB_ERR_INPUT: no such layers, more than one order, other sizes than the spec's, or
 * tensors that show that there are layers of other kinds. */
ebb_status ebbi_file_layers_find(ebbi_file_layers *layers, const ebbi_safetensors *file,
                                 const char *path, const ebb_spec *spec);

/* Makes the spec of a file that does not state one: the caller's `text`, completed by the file's
 * sizes. If `text` is NULL, the file must have a single layer, since activations are unknown.
 * Errors: EBB_ERR_INPUT, EBB_ERR_ARGUMENT (the text). */
ebb_status ebbi_file_spec(ebb_spec *spec, const ebbi_safetensors *file, const char *path,
                          const char *text);

#endif
