/* A whole network in double precision: forward, loss, every gradient, update.
 *
 * All values of a batch are kept, nothing is fused and nothing reused, so that each array can be
 * compared with the device's and each line with docs/backprop.md. One allocation holds everything.
 * Rows of the table of kinds (kind.h) compute the nodes.
 */
#include "check/kind.h"
#include "check/node_function.h"

#include "base/error.h"
#include "base/size.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t ebbi_reference_offset(const ebb_spec *spec, size_t node) {
  ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
  size_t offset = 0;
  for (size_t n = 0; n < node; n++)
    for (size_t p = ebbi_node_parameters(parameters, spec, n); p-- > 0;)
      offset += parameters[p].rows * parameters[p].cols;
  return offset;
}

static bool is_activated(const ebb_spec *spec, size_t node) {
  return spec->nodes[node].activation != EBB_ACT_IDENTITY;
}

/* Nodes for evaluation alone pass on their input, as a step does. */
static bool is_passed(const ebb_spec *spec, size_t node) {
  return ebbi_node_kind(spec, node)->evaluation_only;
}

size_t ebbi_reference_rows(const ebbi_reference_network *network, size_t value) {
  return network->batch * ebbi_value_rows(&network->spec, value, true);
}

/* Doubles that a network needs in all; false if the number overflows. */
static bool doubles_needed(size_t *out, const ebb_spec *spec, size_t batch) {
  size_t columns = spec->inputs, values, parameters;
  bool fits = true;
  for (size_t n = 0; n < spec->count; n++) {
    size_t numbers = (is_activated(spec, n) ? 4 : 2) * spec->nodes[n].units;
    fits = fits && ebbi_size_add(&columns, columns, numbers * ebbi_value_rows(spec, n + 1, true));
  }
  fits = fits && ebbi_size_mul(&values, columns, batch);
  fits = fits && ebbi_size_mul(&parameters, ebb_spec_parameters(spec), 2 + EBB_OPTIMIZER_MOMENTS);
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
  for (size_t m = 0; m < EBB_OPTIMIZER_MOMENTS; m++)
    network->moments[m] = carve(&storage, network->count);
  network->y[0] = carve(&storage, network->batch * spec->inputs);
  for (size_t n = 0; n < spec->count; n++) {
    size_t values = ebbi_reference_rows(network, n + 1) * spec->nodes[n].units;
    bool own = is_activated(spec, n), passed = is_passed(spec, n);
    network->y[n + 1] = passed ? network->y[n] : carve(&storage, values);
    network->dy[n + 1] = passed ? network->dy[n] : carve(&storage, values);
    network->z[n] = own ? carve(&storage, values) : network->y[n + 1];
    network->dz[n] = own ? carve(&storage, values) : network->dy[n + 1];
  }
}

ebb_status ebbi_reference_create(ebbi_reference_network **out, const ebb_spec *spec, size_t batch) {
  size_t doubles;
  REQUIRE(spec->count > 0 && batch > 0, EBB_ERR_ARGUMENT,
          "reference: a network of %zu nodes and a batch of %zu rows cannot be run", spec->count,
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
  free(network->parameters); /* the start of the one allocation */
  free(network);
}

/* The gradient of input value `value`; NULL if it is not wanted. */
static double *gradient_of(const ebbi_reference_network *network, size_t value) {
  return value > network->lowest ? network->dy[value] : NULL;
}

ebbi_node_arrays ebbi_reference_node(const ebbi_reference_network *network, size_t node) {
  const ebb_spec *spec = &network->spec;
  size_t offset = ebbi_reference_offset(spec, node);
  size_t members = ebbi_value_rows(spec, node + 1, true);
  ebbi_node_arrays n = {.spec = spec,
                        .node = node,
                        .batch = network->batch * members,
                        .live = network->live * members,
                        .z = network->z[node],
                        .parameters = network->parameters + offset,
                        .gradients = network->gradients + offset,
                        .dz = network->dz[node],
                        .seed = network->seed,
                        .span = network->span,
                        .step = network->step + 1};
  for (size_t i = 0; i < EBB_NODE_INPUTS; i++) {
    n.x[i] = network->y[spec->nodes[node].inputs[i]];
    n.dx[i] = gradient_of(network, spec->nodes[node].inputs[i]);
  }
  return n;
}

/* The loss, of each member's outputs where there are members, and its gradient unless NULL. */
static double loss_of(const ebbi_reference_network *network, double *dz) {
  size_t last = network->spec.count, members = ebbi_value_rows(&network->spec, last, true);
  ebbi_reference_target target = network->target;
  target.members = members;
  return ebbi_reference_loss(dz, network->y[last], &target, network->batch * members,
                             network->live * members, ebb_spec_outputs(&network->spec));
}

void ebbi_reference_run_forward(ebbi_reference_network *network, size_t from) {
  const ebb_spec *spec = &network->spec;
  for (size_t n = from; n < spec->count; n++) {
    if (is_passed(spec, n)) continue;
    ebbi_node_arrays arrays = ebbi_reference_node(network, n);
    ebbi_node_check(spec, n)->forward(&arrays);
    for (size_t i = 0; is_activated(spec, n) && i < ebbi_node_count(&arrays); i++)
      network->y[n + 1][i] = ebbi_node_value(spec, n, network->z[n][i]);
  }
  network->loss = loss_of(network, NULL);
}

void ebbi_reference_limit_outputs(ebbi_reference_network *network, double limit) {
  size_t last = network->spec.count - 1, from = ebbi_reference_offset(&network->spec, last);
  double largest = 0;
  ebbi_reference_run_forward(network, 0);
  for (size_t i = 0; i < network->batch * network->spec.nodes[last].units; i++)
    largest = fmax(largest, fabs(network->y[last + 1][i]));
  for (size_t i = from; i < network->count && largest > limit; i++)
    network->parameters[i] = (double)(float)(network->parameters[i] * (limit / largest));
}

void ebbi_reference_run_backward(ebbi_reference_network *network) {
  const ebb_spec *spec = &network->spec;
  size_t last = spec->count;
  for (size_t v = network->lowest + 1; v < last; v++)
    memset(network->dy[v], 0,
           ebbi_reference_rows(network, v) * ebb_spec_cols(spec, v) * sizeof(double));
  loss_of(network, network->dy[last]);
  for (size_t n = last; n-- > network->lowest;) {
    if (is_passed(spec, n)) continue;
    ebbi_node_arrays arrays = ebbi_reference_node(network, n);
    for (size_t i = 0; is_activated(spec, n) && i < ebbi_node_count(&arrays); i++)
      network->dz[n][i] = network->dy[n + 1][i] * ebbi_node_slope(spec, n, network->z[n][i]);
    ebbi_node_check(spec, n)->backward(&arrays);
  }
}

void ebbi_reference_run_update(ebbi_reference_network *network, const ebb_optimizer *optimizer,
                               double learning_rate) {
  network->step++;
  ebbi_reference_update(network->parameters, network->moments, network->gradients, network->count,
                        optimizer, learning_rate, network->step);
}
