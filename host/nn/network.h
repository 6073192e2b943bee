/* Networks inside the library: the struct behind ebb_network. */
#ifndef EBBI_NETWORK_H
#define EBBI_NETWORK_H

#include "safetensors.h"
#include "spec.h"
#include "tensor/tensor.h"

#include <ebb/network.h>

/* Most parameters of a node. In dense nodes 0 is the weight and 1 the bias. */
enum { EBBI_NODE_PARAMETERS = 4 };

struct ebb_network {
  ebb_device *device;
  ebb_spec spec;
  ebb_tensor *parameters;                             /* the slab of all weights and biases */
  size_t offset[EBB_MAX_NODES][EBBI_NODE_PARAMETERS]; /* in the slab, in floats */
  ebb_tensor *parameter[EBB_MAX_NODES][EBBI_NODE_PARAMETERS]; /* views into the slab */
  char *notes; /* about the file that the weights came from; NULL: no file */
};

/* Layer and name of the parameter at a slab index, for messages: "layer 2 weight [3, 7]". */
void ebbi_network_describe(char *text, size_t size, const ebb_network *network, size_t index);

/* Replaces the weights by those of a parsed file; on failure none is changed. */
ebb_status ebbi_network_take_weights(ebb_network *network, const ebbi_safetensors *file,
                                     const char *path);

/* Checks that the weights of a parsed file fit a network of this spec. Needs no device. `*notes`
 * gets the notes that loading would give; the caller frees it.
 * Errors: EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebbi_network_check_weights(char **notes, const ebb_spec *spec,
                                      const ebbi_safetensors *file, const char *path);

#endif
