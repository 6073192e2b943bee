/* A network's file in memory, before it is written. */
#ifndef EBBI_NETWORK_IMAGE_H
#define EBBI_NETWORK_IMAGE_H

#include "network.h"

typedef struct ebb_model_image ebbi_network_image;

/* Builds the file that holds the network, with these metadata after `ebb.version` and `ebb.spec`,
 * in host memory. It then needs neither network nor device. Messages begin with `where`.
 * Errors: EBB_ERR_DEVICE, EBB_ERR_NUMBERS (as ebbi_host_weights_download), EBB_ERR_ARGUMENT,
 * EBB_ERR_MEMORY. */
ebb_status ebbi_network_image_make(ebbi_network_image **out, const ebb_network *network,
                                   const char *where, const ebb_metadata *pairs, size_t count);
void ebbi_network_image_free(ebbi_network_image *image);

const ebbi_safetensors_draft *ebbi_network_image_draft(const ebbi_network_image *image);

/* Computes the size of such a file in bytes. */
ebb_status ebbi_network_file_size(uint64_t *size, const ebb_spec *spec, const char *where,
                                  const ebb_metadata *pairs, size_t count);

#endif
