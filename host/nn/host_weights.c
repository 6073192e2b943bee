/* Weights between device and host.
 *
 * A weight is [out, in] in files and [in, out] on the device; a vector is the same in both.
 * Downloaded weights are stored permanently, so they must be finite. Every transfer verifies that
 * it read what the device holds.
 */
#include "host_weights.h"

#include "base/error.h"
#include "kind.h"
#include <math.h>
#include <stdlib.h>

static void transpose(float *to, const float *from, size_t rows, size_t cols) {
  for (size_t r = 0; r < rows; r++)
    for (size_t c = 0; c < cols; c++) to[c * rows + r] = from[r * cols + c];
}

ebb_status ebbi_host_weights_create(ebbi_host_weights *host, const ebb_spec *spec) {
  size_t count = 0, largest = 0;
  for (size_t n = 0; n < spec->count; n++) {
    ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
    size_t held = ebbi_node_parameters(parameters, spec, n);
    for (size_t p = 0; p < held; p++) {
      size_t size = parameters[p].rows * parameters[p].cols;
      host->at[n][p] = count;
      count += size;
      if (size > largest) largest = size;
    }
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

/* `kept` is the transposed copy of the tensor [rows, cols] at `offset` in the slab. */
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
  for (size_t n = 0; n < network->spec.count; n++)
    for (size_t p = 0; p < EBBI_NODE_PARAMETERS && network->parameter[n][p]; p++)
      TRY(download(host->values + host->at[n][p], host, network, network->parameter[n][p],
                   network->offset[n][p]));
  return EBB_OK;
}

ebb_status ebbi_host_weights_upload(ebb_network *network, ebbi_host_weights *host) {
  for (size_t n = 0; n < network->spec.count; n++)
    for (size_t p = 0; p < EBBI_NODE_PARAMETERS && network->parameter[n][p]; p++) {
      ebb_tensor *tensor = network->parameter[n][p];
      transpose(host->scratch, host->values + host->at[n][p], tensor->cols, tensor->rows);
      TRY(ebb_tensor_upload(tensor, host->scratch));
    }
  return EBB_OK;
}
