/* Weights to and from safetensors files, in PyTorch's names and layout.
 *
 * nn.Sequential numbers every module, dense layers and activations alike, and keeps a weight as
 * [out, in]; ours are [in, out]. Loading converts and checks all tensors before the first is
 * uploaded, so a file that does not fit leaves the network as it was.
 */
#include "base/error.h"
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

/* Finds "<index>.<part>", demands its shape ([rows] if cols is 0) and converts it to out. */
static ebb_status read_tensor(float *out, const ebbi_safetensors *file, const char *path,
                              size_t index, const char *part, size_t rows, size_t cols) {
  char name[NAME_SIZE];
  snprintf(name, sizeof name, "%zu.%s", index, part);
  const ebbi_safetensor *tensor = ebbi_safetensors_find(file, name);
  REQUIRE(tensor, EBB_ERR_INPUT, "%s: has no tensor \"%s\", which the network needs", path, name);
  if (cols == 0)
    REQUIRE(tensor->rank == 1 && tensor->shape[0] == rows, EBB_ERR_INPUT,
            "%s: tensor \"%s\" has %zu dimensions of which the first is %zu, must be [%zu]", path,
            name, tensor->rank, tensor->rank ? tensor->shape[0] : 1, rows);
  else
    REQUIRE(tensor->rank == 2 && tensor->shape[0] == rows && tensor->shape[1] == cols,
            EBB_ERR_INPUT, "%s: tensor \"%s\" is [%zu, %zu], must be [%zu, %zu]", path, name,
            tensor->rank > 0 ? tensor->shape[0] : 1, tensor->rank > 1 ? tensor->shape[1] : 1, rows,
            cols);
  TRY(ebbi_safetensor_to_float(out, file, tensor));
  for (size_t i = 0; i < tensor->count; i++)
    REQUIRE(isfinite(out[i]), EBB_ERR_INPUT, "%s: element %zu of tensor \"%s\" is %g", path, i,
            name, (double)out[i]);
  return EBB_OK;
}

/* Reads and checks all tensors of a network of this spec; `host` is to be freed in every case. */
static ebb_status read_weights(host_weights *host, const ebb_spec *spec,
                               const ebbi_safetensors *file, const char *path) {
  REQUIRE(ebbi_safetensors_count(file) == 2 * spec->count, EBB_ERR_INPUT,
          "%s: holds %zu tensors, the network has %zu (a weight and a bias a layer)", path,
          ebbi_safetensors_count(file), 2 * spec->count);
  TRY(host_weights_create(host, spec));
  for (size_t l = 0; l < spec->count; l++) {
    const ebb_layer_spec *layer = &spec->layers[l];
    size_t index = module_index(spec, l);
    TRY(read_tensor(host->values + host->weight[l], file, path, index, "weight", layer->outputs,
                    layer->inputs));
    TRY(read_tensor(host->values + host->bias[l], file, path, index, "bias", layer->outputs, 0));
  }
  return EBB_OK;
}

ebb_status ebbi_network_check_weights(const ebb_spec *spec, const ebbi_safetensors *file,
                                      const char *path) {
  host_weights host = {0};
  ebb_status status = read_weights(&host, spec, file, path);
  host_weights_free(&host);
  return status;
}

ebb_status ebbi_network_take_weights(ebb_network *network, const ebbi_safetensors *file,
                                     const char *path) {
  host_weights host = {0};
  ebb_status status = read_weights(&host, &network->spec, file, path);
  if (status == EBB_OK) status = upload_weights(network, &host);
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

/* Weights are the tensors of rank 2; modules are numbered from input to output. */
void ebbi_network_file_sizes(size_t *inputs, size_t *outputs, const ebbi_safetensors *file) {
  unsigned long first = 0, last = 0;
  *inputs = *outputs = 0;
  for (size_t i = 0; i < ebbi_safetensors_count(file); i++) {
    const ebbi_safetensor *tensor = ebbi_safetensors_at(file, i);
    unsigned long index = strtoul(tensor->name, NULL, 10);
    if (tensor->rank != 2) continue;
    if (*inputs == 0 || index < first) {
      first = index;
      *inputs = tensor->shape[1];
    }
    if (*outputs == 0 || index >= last) {
      last = index;
      *outputs = tensor->shape[0];
    }
  }
}
