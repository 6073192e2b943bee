/* Weights to and from safetensors files, in PyTorch's names and layout.
 *
 * nn.Sequential numbers every module, dense layers and activations alike, and keeps a weight as
 * [out, in]; ours are [in, out]. Loading converts and checks all tensors before the first is
 * uploaded, so a file that does not fit leaves the network as it was.
 */
#include "base/error.h"
#include "file_layers.h"
#include "network.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_SIZE = 32 };

/* Index of layer l's dense module in an nn.Sequential. */
static size_t module_index(const ebb_spec *spec, size_t layer) {
  size_t index = 0;
  for (size_t l = 0; l < layer; l++)
    index += spec->layers[l].activation == EBB_ACT_IDENTITY ? 1 : 2;
  return index;
}

static void transpose(float *to, const float *from, size_t rows, size_t cols) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < cols; c++) to[c * rows + r] = from[r * cols + c];
}

/* All weights on the host: layer l's at values + offset[l], weight then bias, in PyTorch's layout.
 */
typedef struct host_weights {
  float *values, *scratch; /* scratch: one weight in our layout */
  size_t weight[EBB_MAX_LAYERS], bias[EBB_MAX_LAYERS];
} host_weights;

static ebb_status host_weights_create(host_weights *host, const ebb_spec *spec) {
  size_t count = 0, largest = 0;
  for (size_t l = 0; l < spec->count; l++) {
    size_t size = spec->layers[l].inputs * spec->layers[l].outputs;
    host->weight[l] = count;
    host->bias[l] = count + size;
    count += size + spec->layers[l].outputs;
    largest = size > largest ? size : largest;
  }
  host->values = malloc(count * sizeof *host->values);
  host->scratch = malloc(largest * sizeof *host->scratch);
  REQUIRE(host->values && host->scratch, EBB_ERR_MEMORY, "weights: no host memory for %zu numbers",
          count + largest);
  return EBB_OK;
}

static void host_weights_free(host_weights *host) {
  free(host->values);
  free(host->scratch);
}

static ebb_status download_weights(host_weights *host, const ebb_network *network) {
  for (size_t l = 0; l < network->spec.count; l++) {
    const ebb_layer_spec *layer = &network->spec.layers[l];
    TRY(ebb_tensor_download(host->scratch, network->weight[l]));
    transpose(host->values + host->weight[l], host->scratch, layer->inputs, layer->outputs);
    TRY(ebb_tensor_download(host->values + host->bias[l], network->bias[l]));
  }
  return EBB_OK;
}

static ebb_status upload_weights(ebb_network *network, host_weights *host) {
  for (size_t l = 0; l < network->spec.count; l++) {
    const ebb_layer_spec *layer = &network->spec.layers[l];
    transpose(host->scratch, host->values + host->weight[l], layer->outputs, layer->inputs);
    TRY(ebb_tensor_upload(network->weight[l], host->scratch));
    TRY(ebb_tensor_upload(network->bias[l], host->values + host->bias[l]));
  }
  return EBB_OK;
}

static ebb_status write_file(const ebb_network *network, const host_weights *host, const char *path,
                             const ebb_metadata *pairs, size_t count) {
  const ebb_spec *spec = &network->spec;
  char text[EBB_MAX_LAYERS * 24 + 24], names[2 * EBB_MAX_LAYERS][NAME_SIZE];
  ebbi_safetensor_source tensors[2 * EBB_MAX_LAYERS];
  TRY(ebb_spec_text(text, sizeof text, spec));
  for (size_t l = 0; l < spec->count; l++) {
    const ebb_layer_spec *layer = &spec->layers[l];
    size_t index = module_index(spec, l);
    snprintf(names[2 * l], NAME_SIZE, "%zu.weight", index);
    snprintf(names[2 * l + 1], NAME_SIZE, "%zu.bias", index);
    tensors[2 * l] = (ebbi_safetensor_source){
        names[2 * l], 2, {layer->outputs, layer->inputs}, host->values + host->weight[l]};
    tensors[2 * l + 1] = (ebbi_safetensor_source){
        names[2 * l + 1], 1, {layer->outputs}, host->values + host->bias[l]};
  }
  ebb_metadata *all = malloc((count + 2) * sizeof *all);
  REQUIRE(all, EBB_ERR_MEMORY, "%s: no memory for its metadata", path);
  all[0] = (ebb_metadata){"ebb.version", EBB_VERSION};
  all[1] = (ebb_metadata){"ebb.spec", text};
  if (count > 0) memcpy(all + 2, pairs, count * sizeof *all);
  ebb_status status = ebbi_safetensors_write(path, all, count + 2, tensors, 2 * spec->count);
  free(all);
  return status;
}

ebb_status ebb_network_save(ebb_network *network, const char *path, const ebb_metadata *pairs,
                            size_t count) {
  REQUIRE(network && path, EBB_ERR_ARGUMENT, "ebb_network_save: an argument is NULL");
  host_weights host = {0};
  ebb_status status = host_weights_create(&host, &network->spec);
  if (status == EBB_OK) status = download_weights(&host, network);
  if (status == EBB_OK) status = write_file(network, &host, path, pairs, count);
  host_weights_free(&host);
  return status;
}

/* Converts a tensor of `count` numbers to out. */
static ebb_status read_tensor(float *out, const ebbi_safetensors *file, const char *path,
                              const ebbi_safetensor *tensor) {
  TRY(ebbi_safetensor_to_float(out, file, tensor));
  for (size_t i = 0; i < tensor->count; i++)
    REQUIRE(isfinite(out[i]), EBB_ERR_INPUT, "%s: element %zu of tensor \"%.80s\" is %g", path, i,
            tensor->name, (double)out[i]);
  return EBB_OK;
}

/* Reads and checks all tensors of a network of this spec; `host` and `*notes` are to be freed in
 * every case. */
static ebb_status read_weights(host_weights *host, char **notes, const ebb_spec *spec,
                               const ebbi_safetensors *file, const char *path) {
  ebbi_file_layers layers;
  TRY(ebbi_file_layers_find(&layers, file, path, spec));
  TRY(host_weights_create(host, spec));
  for (size_t l = 0; l < spec->count; l++) {
    float *bias = host->values + host->bias[l];
    TRY(read_tensor(host->values + host->weight[l], file, path, layers.weight[l]));
    if (layers.bias[l])
      TRY(read_tensor(bias, file, path, layers.bias[l]));
    else
      memset(bias, 0, spec->layers[l].outputs * sizeof *bias);
  }
  *notes = strdup(layers.notes);
  REQUIRE(*notes, EBB_ERR_MEMORY, "%s: no memory for notes", path);
  return EBB_OK;
}

ebb_status ebbi_network_check_weights(char **notes, const ebb_spec *spec,
                                      const ebbi_safetensors *file, const char *path) {
  host_weights host = {0};
  *notes = NULL;
  ebb_status status = read_weights(&host, notes, spec, file, path);
  host_weights_free(&host);
  return status;
}

ebb_status ebbi_network_take_weights(ebb_network *network, const ebbi_safetensors *file,
                                     const char *path) {
  host_weights host = {0};
  char *notes = NULL;
  ebb_status status = read_weights(&host, &notes, &network->spec, file, path);
  if (status == EBB_OK) status = upload_weights(network, &host);
  if (status == EBB_OK) {
    free(network->notes);
    network->notes = notes;
    notes = NULL;
  }
  free(notes);
  host_weights_free(&host);
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
