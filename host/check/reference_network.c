/* A whole network in double precision: forward, loss, every gradient, update.
 *
 * All values of a batch are kept, nothing is fused and nothing reused, so that each array can be
 * compared with the device's and each line with docs/backprop.md. One allocation holds everything.
 */
#include "check/reference.h"

#include "base/error.h"
#include "base/size.h"
#include <stdlib.h>

size_t ebbi_reference_offset(const ebb_spec *spec, size_t layer) {
  size_t offset = 0;
  for (size_t l = 0; l < layer; l++)
    offset += (ebbi_spec_layer(spec, l).inputs + 1) * ebbi_spec_layer(spec, l).outputs;
  return offset;
}

/* Doubles that a network needs in all; false if they cannot be counted. */
static bool doubles_needed(size_t *out, const ebb_spec *spec, size_t batch) {
  size_t columns = ebbi_spec_layer(spec, 0).inputs, values, parameters;
  bool fits = true;
  for (size_t l = 0; l < spec->count; l++)
    fits = fits && ebbi_size_add(&columns, columns, 3 * ebbi_spec_layer(spec, l).outputs);
  fits = fits && ebbi_size_mul(&values, columns, batch);
  fits = fits && ebbi_size_mul(&parameters, ebb_spec_parameters(spec), 4);
  return fits && ebbi_size_add(out, values, parameters);
}

static double *carve(double **storage, size_t count) {
  double *part = *storage;
  *storage += count;
  return part;
}

static void lay_out(ebbi_reference_network *network, double *storage) {
  const ebb_spec *spec = &network->spec;
  network->parameters = carve(&storage, network->count);
  network->gradients = carve(&storage, network->count);
  network->first = carve(&storage, network->count);
  network->second = carve(&storage, network->count);
  network->x = carve(&storage, network->batch * ebbi_spec_layer(spec, 0).inputs);
  for (size_t l = 0; l < spec->count; l++) {
    size_t values = network->batch * ebbi_spec_layer(spec, l).outputs;
    network->z[l] = carve(&storage, values);
    network->a[l] = carve(&storage, values);
    network->dz[l] = carve(&storage, values);
  }
}

ebb_status ebbi_reference_create(ebbi_reference_network **out, const ebb_spec *spec, size_t batch) {
  size_t doubles;
  REQUIRE(spec->count > 0 && batch > 0, EBB_ERR_ARGUMENT,
          "reference: a network of %zu layers and a batch of %zu rows cannot be run", spec->count,
          batch);
  REQUIRE(doubles_needed(&doubles, spec, batch), EBB_ERR_MEMORY,
          "reference: the network is too large for a batch of %zu rows", batch);
  ebbi_reference_network *network = calloc(1, sizeof *network);
  double *storage = calloc(doubles, sizeof *storage);
  if (!network || !storage) {
    free(network);
    free(storage);
    return ebbi_fail(EBB_ERR_MEMORY, "reference: out of memory (%zu doubles)", doubles);
  }
  network->spec = *spec;
  network->batch = network->live = batch;
  network->count = ebb_spec_parameters(spec);
  lay_out(network, storage);
  *out = network;
  return EBB_OK;
}

void ebbi_reference_free(ebbi_reference_network *network) {
  if (!network) return;
  free(network->parameters); /* the head of the one allocation */
  free(network);
}

/* The input of layer l: the data, or the activations of the layer below. */
static const double *layer_input(const ebbi_reference_network *network, size_t l) {
  return l == 0 ? network->x : network->a[l - 1];
}

void ebbi_reference_run_forward(ebbi_reference_network *network, size_t from) {
  const ebb_spec *spec = &network->spec;
  for (size_t l = from; l < spec->count; l++) {
    ebbi_layer layer = ebbi_spec_layer(spec, l);
    const double *w = network->parameters + ebbi_reference_offset(spec, l);
    const double *b = w + layer.inputs * layer.outputs;
    ebbi_reference_forward(network->a[l], network->z[l], layer_input(network, l), w, b,
                           layer.activation, network->batch, layer.inputs, layer.outputs);
  }
  size_t last = spec->count - 1;
  network->loss = ebbi_reference_loss(NULL, network->a[last], &network->target, network->batch,
                                      network->live, ebbi_spec_layer(spec, last).outputs);
}

void ebbi_reference_run_backward(ebbi_reference_network *network) {
  const ebb_spec *spec = &network->spec;
  size_t last = spec->count - 1;
  ebbi_reference_loss(network->dz[last], network->a[last], &network->target, network->batch,
                      network->live, ebbi_spec_layer(spec, last).outputs);
  for (size_t l = spec->count; l-- > network->lowest;) {
    ebbi_layer layer = ebbi_spec_layer(spec, l);
    size_t offset = ebbi_reference_offset(spec, l);
    double *dw = network->gradients + offset, *db = dw + layer.inputs * layer.outputs;
    ebbi_reference_weight_gradient(dw, db, layer_input(network, l), network->dz[l], network->batch,
                                   layer.inputs, layer.outputs);
    if (l == network->lowest) break;
    ebbi_reference_input_gradient(network->dz[l - 1], network->dz[l], network->parameters + offset,
                                  network->z[l - 1], ebbi_spec_layer(spec, l - 1).activation,
                                  network->batch, layer.inputs, layer.outputs);
  }
}

void ebbi_reference_run_update(ebbi_reference_network *network, const ebb_optimizer *optimizer,
                               double learning_rate) {
  network->step++;
  ebbi_reference_update(network->parameters, network->first, network->second, network->gradients,
                        network->count, optimizer, learning_rate, network->step);
}
