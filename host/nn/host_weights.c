/* Weights between device and host.
 *
 * A weight is [out, in] in files and [in, out] on the device; a vector, and a table of rows, is the
 * same in both.
 * Downloaded weights are stored permanently, so they must be finite. Every transfer verifies that
 * it read what the device holds.
 */
#include "host_weights.h"

#include "base/error.h"
#include "kind.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* From the device's layout [rows, cols] to the file's, or, with rows and cols exchanged, back. */
static void relayout(float *to, const float *from, size_t rows, size_t cols,
                     ebbi_file_layout layout) {
  if (layout == EBBI_FILE_MATRIX) {
    memcpy(to, from, rows * cols * sizeof *to);
    return;
  }
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

/* `values` are those of the tensor at `offset` in the slab. */
static ebb_status check_finite(const float *values, const ebb_network *network,
                               const ebb_tensor *tensor, size_t offset) {
  char place[96];
  for (size_t r = 0; r < tensor->rows; r++)
    for (size_t c = 0; c < tensor->cols; c++) {
      float value = values[r * tensor->cols + c];
      if (isfinite(value)) continue;
      ebbi_network_describe(place, sizeof place, network, offset + r * tensor->stride + c);
      return ebbi_fail(EBB_ERR_NUMBERS, "weights: %s is %g, so the network is of no use", place,
                       (double)value);
    }
  return EBB_OK;
}

ebb_status ebbi_host_weights_download(ebbi_host_weights *host, const ebb_network *network) {
  for (size_t n = 0; n < network->spec.count; n++) {
    ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
    size_t count = ebbi_node_parameters(parameters, &network->spec, n);
    for (size_t p = 0; p < count; p++) {
      const ebb_tensor *tensor = network->parameter[n][p];
      TRY(ebb_tensor_download(host->scratch, tensor));
      TRY(check_finite(host->scratch, network, tensor, network->offset[n][p]));
      relayout(host->values + host->at[n][p], host->scratch, tensor->rows, tensor->cols,
               parameters[p].layout);
    }
  }
  return EBB_OK;
}

ebb_status ebbi_host_weights_upload(ebb_network *network, ebbi_host_weights *host) {
  for (size_t n = 0; n < network->spec.count; n++) {
    ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
    size_t count = ebbi_node_parameters(parameters, &network->spec, n);
    for (size_t p = 0; p < count; p++) {
      ebb_tensor *tensor = network->parameter[n][p];
      relayout(host->scratch, host->values + host->at[n][p], tensor->cols, tensor->rows,
               parameters[p].layout);
      TRY(ebb_tensor_upload(tensor, host->scratch));
    }
  }
  return EBB_OK;
}
