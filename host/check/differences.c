/* Central differences (L(p + h) - L(p - h)) / 2h, and how far they may stray from the gradient.
 *
 * Two errors are unavoidable. Truncation: h^2 L'''/6. A weight's step h moves z by h times the
 * node's input, so h is STEP / max(1, largest input) and z moves by at most STEP. Truncation is
 * then about STEP^2 / 6 = 2e-11 of the gradient times the third logarithmic derivative of the loss,
 * and the bound 1e-6 leaves room for a derivative of up to 1e4. Rounding: each z carries an error
 * of about ROUNDINGS units of 2^-53, which changes the loss by sum |dz . z| times that error. The
 * loss itself carries as much. Divided by h, this is the noise. A parameter passes if
 *   |g - difference| <= bound . largest |g| + noise,
 * and the error is scaled so that this reads error <= bound. The error is not measured by each
 * parameter's own g, because gradients that nearly cancel would be all noise.
 *
 * At a kink, as relu or a loss such as mae has, there is no derivative to compare with. A parameter
 * is left out and counted if any such z is on the other side of one at p - h than at p + h.
 */
#include "check/differences.h"

#include "check/loss_check.h"
#include "check/node_function.h"

#include "base/error.h"
#include "base/rng.h"
#include "nn/kind.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double STEP = 1e-5;
static const double ROUNDINGS = 16;

static double largest_magnitude(const double *values, size_t count) {
  double largest = 0;
  for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs(values[i]));
  return largest;
}

/* The first parameter of a node multiplies its input, the others are added. */
static double step_size(const ebbi_reference_network *network, size_t node, size_t parameter) {
  if (parameter > 0) return STEP;
  size_t value = network->spec.nodes[node].inputs[0];
  const double *input = network->y[value];
  size_t count = ebbi_reference_rows(network, value) * ebb_spec_cols(&network->spec, value);
  return STEP / fmax(1, largest_magnitude(input, count));
}

static size_t values_of(const ebbi_reference_network *network, size_t node) {
  return ebbi_reference_rows(network, node + 1) * network->spec.nodes[node].units;
}

/* How much rounding may change the loss. */
static double loss_noise(const ebbi_reference_network *network) {
  double noise = fabs(network->loss);
  for (size_t n = 0; n < network->spec.count; n++)
    for (size_t at = 0; at < values_of(network, n); at++)
      noise += fabs(network->dz[n][at] * network->z[n][at]);
  return noise * ROUNDINGS * DBL_EPSILON / 2;
}

/* Writes on which piece between kinks each z lies, from node `from` on, and the signs of the errors
 * if the loss has a kink there; returns how many. */
static size_t pieces_of(unsigned char *pieces, const ebbi_reference_network *network, size_t from) {
  size_t written = 0;
  for (size_t n = from; n < network->spec.count; n++)
    for (size_t at = 0; at < values_of(network, n); at++)
      pieces[written++] = (unsigned char)ebbi_node_piece(&network->spec, n, network->z[n][at]);
  const ebbi_loss_check *check = ebbi_loss_check_of(network->target.loss);
  size_t last = network->spec.count, cols = ebb_spec_outputs(&network->spec);
  size_t members = ebbi_value_rows(&network->spec, last, true);
  for (size_t at = 0; check->side && at < values_of(network, last - 1); at++)
    pieces[written++] = check->side(&network->target, network->y[last] + at / cols * cols,
                                    at / cols / members, at % cols, cols);
  return written;
}

/* The difference quotient of one parameter; false if a kink lies between. `pieces` has room for two
 * pieces of every z. */
static bool central_difference(double *out, ebbi_reference_network *network, size_t node,
                               double *parameter, double h, unsigned char *pieces) {
  double before = *parameter, above = before + h, below = before - h;
  *parameter = above;
  ebbi_reference_run_forward(network, node);
  double loss_above = network->loss;
  size_t count = pieces_of(pieces, network, node);
  *parameter = below;
  ebbi_reference_run_forward(network, node);
  pieces_of(pieces + count, network, node);
  *parameter = before;
  *out = (loss_above - network->loss) / (above - below);
  return memcmp(pieces, pieces + count, count) == 0;
}

static size_t values_kept(const ebbi_reference_network *network) {
  size_t values = values_of(network, network->spec.count - 1); /* of the loss */
  for (size_t n = 0; n < network->spec.count; n++) values += values_of(network, n);
  return values;
}

/* The i-th of `limit` random places in 0 … count-1, one in each of `limit` equal stretches. */
static size_t sample(size_t i, size_t count, size_t limit, uint64_t seed) {
  if (count <= limit) return i;
  uint32_t random[4];
  ebbi_philox(random, seed, EBBI_RNG_TEST, 0, i);
  double place = ((double)i + (double)ebbi_uniform(random[0])) / (double)limit;
  return (size_t)(place * (double)count);
}

ebb_status ebbi_difference_check(ebbi_difference *out, ebbi_reference_network *network, size_t node,
                                 size_t parameter, size_t limit, uint64_t seed) {
  ebbi_parameter all[EBBI_NODE_PARAMETERS];
  size_t first = ebbi_reference_offset(&network->spec, node), count = 0;
  (void)ebbi_node_parameters(all, &network->spec, node);
  for (size_t p = 0; p <= parameter; p++) first += count, count = all[p].rows * all[p].cols;
  const double *gradients = network->gradients + first;
  double h = step_size(network, node, parameter), noise = loss_noise(network) / h;
  double scale = largest_magnitude(gradients, count) + noise / EBBI_DIFFERENCE_BOUND;
  unsigned char *pieces = malloc(2 * values_kept(network));
  if (!pieces) return ebbi_fail(EBB_ERR_MEMORY, "finite differences: out of memory");
  *out = (ebbi_difference){0};
  for (size_t i = 0; i < (count < limit ? count : limit); i++) {
    size_t at = sample(i, count, limit, seed);
    double difference;
    if (!central_difference(&difference, network, node, network->parameters + first + at, h,
                            pieces)) {
      out->kinks++;
      continue;
    }
    out->checked++;
    double error = difference == gradients[at] ? 0 : fabs(gradients[at] - difference) / scale;
    if (error > out->error || isnan(error))
      *out = (ebbi_difference){error, at, out->checked, out->kinks};
    if (isnan(error)) break;
  }
  ebbi_reference_run_forward(network, node);
  free(pieces);
  return EBB_OK;
}
