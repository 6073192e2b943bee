/* A network's weights on the host, in the layout of PyTorch's files. */
#ifndef EBBI_HOST_WEIGHTS_H
#define EBBI_HOST_WEIGHTS_H

#include "network.h"

/* Zero-initialise; free in every case. Parameter p of node n, a weight [out, in] or a bias [out],
 * begins at values + at[n][p]. */
typedef struct ebbi_host_weights {
  float *values, *scratch; /* scratch: one parameter in the device's layout */
  size_t at[EBB_MAX_NODES][EBBI_NODE_PARAMETERS];
} ebbi_host_weights;

ebb_status ebbi_host_weights_create(ebbi_host_weights *host, const ebb_spec *spec);
void ebbi_host_weights_free(ebbi_host_weights *host);

/* Reads each tensor twice and compares the two.
 * Errors: EBB_ERR_DEVICE (two reads differ), EBB_ERR_NUMBERS (NaN or Inf); the message names layer
 * and element. */
ebb_status ebbi_host_weights_download(ebbi_host_weights *host, const ebb_network *network);

ebb_status ebbi_host_weights_upload(ebb_network *network, ebbi_host_weights *host);

#endif
