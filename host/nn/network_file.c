/* Loads weights from safetensors files. (network_image.c writes them.)
 *
 * All tensors are converted and checked before the first is uploaded, so a file that does not fit
 * leaves the network unchanged.
 */
#include "base/error.h"
#include "file_layers.h"
#include "host_weights.h"
#include "kind.h"
#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Converts a tensor of `count` numbers. */
static ebb_status read_tensor(float *out, const ebbi_safetensors *file, const char *path,
                              const ebbi_safetensor *tensor) {
  TRY(ebbi_safetensor_to_float(out, file, tensor));
  for (size_t i = 0; i < tensor->count; i++)
    REQUIRE(isfinite(out[i]), EBB_ERR_INPUT, "%s: element %zu of tensor \"%.80s\" is %g", path, i,
            tensor->name, (double)out[i]);
  return EBB_OK;
}

/* Converts a parameter; it is zero if the file has no tensor for it. */
static ebb_status read_parameter(float *out, const ebbi_parameter *parameter,
                                 const ebbi_safetensor *tensor, const ebbi_safetensors *file,
                                 const char *path) {
  if (tensor) return read_tensor(out, file, path, tensor);
  memset(out, 0, parameter->rows * parameter->cols * sizeof *out);
  return EBB_OK;
}

/* Reads and checks all tensors of a network of this spec; free `host` and `*notes` in every case.
 */
static ebb_status read_weights(ebbi_host_weights *host, char **notes, const ebb_spec *spec,
                               const ebbi_safetensors *file, const char *path) {
  ebbi_file_layers layers;
  TRY(ebbi_file_layers_find(&layers, file, path, spec));
  TRY(ebbi_host_weights_create(host, spec));
  size_t layer = 0;
  for (size_t n = 0; n < spec->count; n++) {
    ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
    size_t count = ebbi_node_parameters(parameters, spec, n);
    for (size_t p = 0; p < count; p++)
      TRY(read_parameter(host->values + host->at[n][p], &parameters[p], layers.tensor[p][layer],
                         file, path));
    if (count > 0) layer++;
  }
  *notes = strdup(layers.notes);
  REQUIRE(*notes, EBB_ERR_MEMORY, "%s: no memory for notes", path);
  return EBB_OK;
}

ebb_status ebbi_network_check_weights(char **notes, const ebb_spec *spec,
                                      const ebbi_safetensors *file, const char *path) {
  ebbi_host_weights host = {0};
  *notes = NULL;
  ebb_status status = read_weights(&host, notes, spec, file, path);
  ebbi_host_weights_free(&host);
  return status;
}

ebb_status ebbi_network_take_weights(ebb_network *network, const ebbi_safetensors *file,
                                     const char *path) {
  ebbi_host_weights host = {0};
  char *notes = NULL;
  ebb_status status = read_weights(&host, &notes, &network->spec, file, path);
  if (status == EBB_OK) status = ebbi_host_weights_upload(network, &host);
  if (status == EBB_OK) {
    free(network->notes);
    network->notes = notes;
    notes = NULL;
  }
  free(notes);
  ebbi_host_weights_free(&host);
  return status;
}

ebb_status ebb_network_load_weights(ebb_network *network, const char *path) {
  REQUIRE(network && path, EBB_ERR_ARGUMENT, "ebb_network_load_weights: an argument is NULL");
  ebbi_safetensors *file;
  TRY(ebbi_safetensors_read(&file, path));
  ebb_status status = ebbi_network_take_weights(network, file, path);
  ebbi_safetensors_free(file);
  return status;
}

const char *ebb_network_notes(const ebb_network *network) {
  return network->notes ? network->notes : "";
}
