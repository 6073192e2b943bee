/* Weights between device and host.
 *
 * In files a layer's weights are [out, in], on the device [in, out]. What is downloaded is kept for
 * good, so it must be finite; that it is what the device holds is seen to by every transfer.
 */
#include "host_weights.h"

#include "base/error.h"
#include <math.h>
#include <stdlib.h>

static void transpose(float *to, const float *from, size_t rows, size_t cols) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < cols; c++) to[c * rows + r] = from[r * cols + c];
}

ebb_status ebbi_host_weights_create(ebbi_host_weights *host, const ebb_spec *spec) {
  size_t count = 0, largest = 0;
  for (size_t l = 0; l < spec->count; l++) {
    size_t size = spec->layers[l].inputs * spec->layers[l].outputs;
    host->weight[l] = count;
    host->bias[l] = count + size;
    count += size + spec->layers[l].outputs;
    if (size > largest) largest = size;
    if (spec->layers[l].outputs > largest) largest = spec->layers[l].outputs;
  }
  host->values = malloc(count * sizeof *host->values);
  host->scratch = malloc(largest * sizeof *host->scratch);
  REQUIRE(host->values && host->scratch, EBB_ERR_MEMORY, "weights: no host memory for %zu numbers",
          count + largest);
  return EBB_OK;
}

void ebbi_host_weights_free(ebbi_host_weights *host) {
  free(host->values);
  free(host->scratch);
  *host = (ebbi_host_weights){0};
}

/* `kept` is the tensor [rows, cols] at `offset` in the slab, transposed. */
static ebb_status check_finite(const float *kept, const ebb_network *network,
                               const ebb_tensor *tensor, size_t offset) {
  char place[96];
  for (size_t r = 0; r < tensor->rows; r++)
    for (size_t c = 0; c < tensor->cols; c++) {
      float value = kept[c * tensor->rows + r];
      if (isfinite(value)) continue;
      ebbi_network_describe(place, sizeof place, network, offset + r * tensor->stride + c);
      return ebbi_fail(EBB_ERR_NUMBERS, "weights: %s is %g, so the network is of no use", place,
                       (double)value);
    }
  return EBB_OK;
}

static ebb_status download(float *to, ebbi_host_weights *host, const ebb_network *network,
                           const ebb_tensor *tensor, size_t offset) {
  TRY(ebb_tensor_download(host->scratch, tensor));
  transpose(to, host->scratch, tensor->rows, tensor->cols);
  return check_finite(to, network, tensor, offset);
}

ebb_status ebbi_host_weights_download(ebbi_host_weights *host, const ebb_network *network) {
  for (size_t l = 0; l < network->spec.count; l++) {
    TRY(download(host->values + host->weight[l], host, network, network->weight[l],
                 network->weight_offset[l]));
    TRY(download(host->values + host->bias[l], host, network, network->bias[l],
                 network->bias_offset[l]));
  }
  return EBB_OK;
}

ebb_status ebbi_host_weights_upload(ebb_network *network, ebbi_host_weights *host) {
  for (size_t l = 0; l < network->spec.count; l++) {
    const ebb_layer_spec *layer = &network->spec.layers[l];
    transpose(host->scratch, host->values + host->weight[l], layer->outputs, layer->inputs);
    TRY(ebb_tensor_upload(network->weight[l], host->scratch));
    TRY(ebb_tensor_upload(network->bias[l], host->values + host->bias[l]));
  }
  return EBB_OK;
}
