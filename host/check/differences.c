/* Central differences (L(p + h) - L(p - h)) / 2h, and how far they may stray from the gradient.
 *
 * Two errors are unavoidable. Truncation: h^2 L'''/6. A weight's step h moves z by h times the
 * layer's input, so h is STEP / max(1, largest input) and z moves by at most STEP; then truncation
 * is about STEP^2 / 6 = 2e-11 of the gradient times the third logarithmic derivative of the loss,
 * for which the bound 1e-6 leaves room up to 1e4. Rounding: each z carries an error of about
 * ROUNDINGS units of 2^-53, which changes the loss by sum |dz . z| times that, and the loss carries
 * as much itself; divided by h this is the noise. A parameter passes if
 *   |g - difference| <= bound . largest |g| + noise,
 * and the error is scaled such that this reads error <= bound. Measuring by each parameter's own g
 * was rejected: gradients that cancel to nearly nothing would be all noise.
 *
 * At a kink of relu or leaky_relu there is no derivative to compare with. A parameter is left out
 * and counted if the sign of any such z differs between p - h and p + h.
 */
#include "check/differences.h"

#include "base/error.h"
#include "base/rng.h"
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

static double step_size(const ebbi_reference_network *network, size_t layer, bool bias) {
  if (bias) return STEP;
  const double *input = layer == 0 ? network->x : network->a[layer - 1];
  size_t count = network->batch * ebbi_spec_layer(&network->spec, layer).inputs;
  return STEP / fmax(1, largest_magnitude(input, count));
}

/* How much rounding may change the loss. */
static double loss_noise(const ebbi_reference_network *network) {
  double noise = fabs(network->loss);
  for (size_t l = 0; l < network->spec.count; l++)
    for (size_t at = 0; at < network->batch * ebbi_spec_layer(&network->spec, l).outputs; at++)
      noise += fabs(network->dz[l][at] * network->z[l][at]);
  return noise * ROUNDINGS * DBL_EPSILON / 2;
}

/* Writes which z of kinked layers are positive, from layer `from` on; returns how many. */
static size_t kinked_signs(bool *signs, const ebbi_reference_network *network, size_t from) {
  size_t written = 0;
  for (size_t l = from; l < network->spec.count; l++) {
    if (!ebbi_activation_has_kink(ebbi_spec_layer(&network->spec, l).activation)) continue;
    for (size_t at = 0; at < network->batch * ebbi_spec_layer(&network->spec, l).outputs; at++)
      signs[written++] = network->z[l][at] > 0;
  }
  return written;
}

/* The difference quotient of one parameter; false if a kink lies between. `signs` has room for the
 * signs of all z twice. */
static bool central_difference(double *out, ebbi_reference_network *network, size_t layer,
                               double *parameter, double h, bool *signs) {
  double before = *parameter, above = before + h, below = before - h;
  *parameter = above;
  ebbi_reference_run_forward(network, layer);
  double loss_above = network->loss;
  size_t count = kinked_signs(signs, network, layer);
  *parameter = below;
  ebbi_reference_run_forward(network, layer);
  kinked_signs(signs + count, network, layer);
  *parameter = before;
  *out = (loss_above - network->loss) / (above - below);
  return memcmp(signs, signs + count, count) == 0;
}

static size_t values_kept(const ebbi_reference_network *network) {
  size_t values = 0;
  for (size_t l = 0; l < network->spec.count; l++)
    values += network->batch * ebbi_spec_layer(&network->spec, l).outputs;
  return values;
}

/* The i-th of `limit` places spread over 0 … count-1, at random within its stretch. */
static size_t sample(size_t i, size_t count, size_t limit, uint64_t seed) {
  if (count <= limit) return i;
  uint32_t random[4];
  ebbi_philox(random, seed, EBBI_RNG_TEST, 0, i);
  double place = ((double)i + (double)ebbi_uniform(random[0])) / (double)limit;
  return (size_t)(place * (double)count);
}

ebb_status ebbi_difference_check(ebbi_difference *out, ebbi_reference_network *network,
                                 size_t layer, bool bias, size_t limit, uint64_t seed) {
  ebbi_layer size = ebbi_spec_layer(&network->spec, layer);
  size_t weights = size.inputs * size.outputs, count = bias ? size.outputs : weights;
  size_t first = ebbi_reference_offset(&network->spec, layer) + (bias ? weights : 0);
  const double *gradients = network->gradients + first;
  double h = step_size(network, layer, bias), noise = loss_noise(network) / h;
  double scale = largest_magnitude(gradients, count) + noise / EBBI_DIFFERENCE_BOUND;
  bool *signs = malloc(2 * values_kept(network));
  if (!signs) return ebbi_fail(EBB_ERR_MEMORY, "finite differences: out of memory");
  *out = (ebbi_difference){0};
  for (size_t i = 0; i < (count < limit ? count : limit); i++) {
    size_t at = sample(i, count, limit, seed);
    double difference;
    if (!central_difference(&difference, network, layer, network->parameters + first + at, h,
                            signs)) {
      out->kinks++;
      continue;
    }
    out->checked++;
    double error = difference == gradients[at] ? 0 : fabs(gradients[at] - difference) / scale;
    if (error > out->error || isnan(error))
      *out = (ebbi_difference){error, at, out->checked, out->kinks};
    if (isnan(error)) break;
  }
  ebbi_reference_run_forward(network, layer);
  free(signs);
  return EBB_OK;
}
