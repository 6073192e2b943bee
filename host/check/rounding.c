/* Rounding errors of a whole network, by the rules of error propagation.
 *
 * A kernel's bound holds for exact inputs; a layer's inputs carry the errors of all layers before
 * it. Adding up worst cases layer by layer is rigorous and useless: it exceeds 1 after three
 * layers. Here rounding errors are taken as independent with mean zero (Higham and Mary, "A new
 * approach to probabilistic rounding error analysis", 2019): a sum of k terms has the variance
 * k (u sum |terms|)^2, and variances pass through a product by the other factor's square, through f
 * by f'^2. What a function's bound allows counts as its deviation, though it is hardly ever used
 * up; so the result is an estimate from above, and a tensor's root of the sum of squared errors
 * exceeds EBBI_DEVIATIONS times its deviation only if something is wrong.
 *
 * A device may take numbers below FLT_MIN for 0: operands, products and results, so sums have a
 * deviation of FLT_MIN times the factors' magnitudes too.
 *
 * In tf32 and bf16 each operand of a product has the deviation of its rounding too, and in bf16 so
 * has what a hidden layer keeps.
 *
 * Near a kink of f the device may stand on the other side. f' is therefore looked at within
 * EBBI_DEVIATIONS deviations to both sides: its largest value carries the error on, and its change
 * is the deviation of f' itself.
 */
#include "check/rounding.h"

#include "base/error.h"
#include "check/bounds.h"
#include "check/loss_check.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

/* A deviation of logits with which errors may reach 1. */

static double square(double x) {
  return x * x;
}

/* What is spread over which reference, and the roundoff of a product's operands and of the values
 * that hidden layers keep. */
typedef struct spreading {
  ebbi_reference_network *spread;
  const ebbi_reference_network *reference;
  double operand, kept;
  double *product, *scratch; /* [batch, widest]; two rows of the widest */
} spreading;

/* A factor of a product: its values, their variances (NULL: exact), and whether it is transposed.
 */
typedef struct factor {
  const double *values, *variances;
  bool transposed;
} factor;

/* Variances of op(a).op(b) [m, n] over k. A factor that is exactly 0 makes no error. */
static void product_variance(const spreading *s, double *out, factor a, factor b, size_t m,
                             size_t n, size_t k) {
  double *magnitude = s->scratch, *reach = s->scratch + n;
  double rounded = 2 * square(s->operand);
  size_t across = b.transposed ? k : 1;
  for (size_t i = 0; i < m; i++) {
    double *row = out + i * n;
    for (size_t j = 0; j < n; j++) row[j] = magnitude[j] = 0, reach[j] = (double)k;
    for (size_t p = 0; p < k; p++) {
      size_t at = a.transposed ? p * m + i : i * k + p, first = b.transposed ? p : p * n;
      double left = fabs(a.values[at]), left_variance = a.variances ? a.variances[at] : 0;
      if (left == 0 && left_variance == 0) continue;
      for (size_t j = 0; j < n; j++) {
        double right = fabs(b.values[first + j * across]), term = left * right;
        magnitude[j] += term;
        reach[j] += left + right;
        row[j] += rounded * square(term) + left_variance * square(right);
      }
      for (size_t j = 0; b.variances && j < n; j++)
        row[j] += square(left) * b.variances[first + j * across];
    }
    for (size_t j = 0; j < n; j++)
      row[j] += (double)(k + 8) * square(EBBI_ROUNDOFF * magnitude[j]) +
                square((double)FLT_MIN * reach[j]);
  }
}

/* f' around z, at the ends and, where they lie between, at the places about which f' of one
 * activation or another turns: its largest magnitude, and how far it may be from f'(z). */
typedef struct slope_range {
  double steepest, change;
} slope_range;

static slope_range slope_around(ebb_activation activation, double z, double z_variance) {
  static const double turns[] = {-INFINITY, -2.4, -1.5, 0, 1.5, 2.4, INFINITY};
  double reach = EBBI_DEVIATIONS * sqrt(z_variance), here = ebbi_reference_slope(activation, z);
  slope_range range = {fabs(here), 0};
  for (size_t i = 0; i < sizeof turns / sizeof *turns; i++) {
    bool end = isinf(turns[i]), within = turns[i] > z - reach && turns[i] < z + reach;
    if (!end && !within) continue;
    double slope = ebbi_reference_slope(activation, end ? z + copysign(reach, turns[i]) : turns[i]);
    range.steepest = fmax(range.steepest, fabs(slope));
    range.change = fmax(range.change, fabs(slope - here));
  }
  return range;
}

/* Variances of z and a of a layer. */
static void spread_forward(const spreading *s, size_t l) {
  ebbi_reference_network *spread = s->spread;
  const ebbi_reference_network *reference = s->reference;
  ebbi_layer layer = ebbi_spec_layer(&reference->spec, l);
  size_t count = reference->batch * layer.outputs;
  const double *w = reference->parameters + ebbi_reference_offset(&reference->spec, l);
  const double *b = w + layer.inputs * layer.outputs, *z = reference->z[l];
  factor x = {l == 0 ? reference->x : reference->a[l - 1], l == 0 ? NULL : spread->a[l - 1], false};
  product_variance(s, spread->z[l], x, (factor){w, NULL, false}, reference->batch, layer.outputs,
                   layer.inputs);
  double kept = l + 1 < reference->spec.count ? s->kept : 0;
  for (size_t i = 0; i < count; i++) {
    spread->z[l][i] += (double)(layer.inputs + 8) * square(EBBI_ROUNDOFF * b[i % layer.outputs]);
    slope_range slope = slope_around(layer.activation, z[i], spread->z[l][i]);
    spread->a[l][i] = square(slope.steepest) * spread->z[l][i] +
                      square(ebbi_bound_activation(layer.activation) * (1 + fabs(z[i]))) +
                      square(kept * reference->a[l][i]);
    spread->z[l][i] += square(kept * z[i]);
  }
}

/* Variances of the loss and of the output's dz, row by row. */
static void spread_loss(ebbi_reference_network *spread, const ebbi_reference_network *reference) {
  size_t last = reference->spec.count - 1, cols = ebbi_spec_layer(&reference->spec, last).outputs;
  const double *dz = reference->dz[last], *z_variance = spread->z[last];
  const ebbi_reference_target *target = &reference->target;
  bool labels = ebb_loss_has_labels(target->loss.kind);
  double value_bound = ebbi_bound_loss_value(target->loss, cols) + ebbi_bound_sum(reference->live);
  spread->loss = square(value_bound * (1 + reference->loss));
  for (size_t row = 0; row < reference->live; row++) {
    const ebbi_loss_spread s = {.dz = dz + row * cols,
                                .z_variance = z_variance + row * cols,
                                .dz_variance = spread->dz[last] + row * cols,
                                .cols = cols,
                                .label = labels ? (size_t)target->labels[row] : 0,
                                .live = (double)reference->live,
                                .bound = ebbi_bound_loss_gradient(target->loss, cols)};
    for (size_t i = 0; i < cols; i++) spread->loss += square(s.dz[i]) * s.z_variance[i];
    spread->loss += ebbi_loss_check_of(target->loss)->spread(&s);
  }
}

/* Variances of a layer's dw and db. */
static void spread_weight_gradient(const spreading *s, size_t l) {
  ebbi_reference_network *spread = s->spread;
  const ebbi_reference_network *reference = s->reference;
  ebbi_layer layer = ebbi_spec_layer(&reference->spec, l);
  size_t batch = reference->batch;
  double *dw = spread->gradients + ebbi_reference_offset(&reference->spec, l);
  double *db = dw + layer.inputs * layer.outputs;
  factor x = {l == 0 ? reference->x : reference->a[l - 1], l == 0 ? NULL : spread->a[l - 1], true};
  factor dz = {reference->dz[l], spread->dz[l], false};
  product_variance(s, dw, x, dz, layer.inputs, layer.outputs, batch);
  for (size_t col = 0; col < layer.outputs; col++) {
    double magnitude = 0;
    db[col] = 0;
    for (size_t i = col; i < batch * layer.outputs; i += layer.outputs) {
      magnitude += fabs(dz.values[i]);
      db[col] += dz.variances[i];
    }
    db[col] += (double)(batch + 8) * square(EBBI_ROUNDOFF * magnitude);
  }
}

/* Variances of dz of the layer below l; its values dz.w^T go into `product`. */
static void spread_input_gradient(const spreading *s, size_t l) {
  ebbi_reference_network *spread = s->spread;
  const ebbi_reference_network *reference = s->reference;
  ebbi_layer layer = ebbi_spec_layer(&reference->spec, l);
  ebb_activation activation = ebbi_spec_layer(&reference->spec, l - 1).activation;
  const double *w = reference->parameters + ebbi_reference_offset(&reference->spec, l);
  double *variance = spread->dz[l - 1];
  factor dz = {reference->dz[l], spread->dz[l], false};
  product_variance(s, variance, dz, (factor){w, NULL, true}, reference->batch, layer.inputs,
                   layer.outputs);
  ebbi_reference_matmul(s->product, dz.values, false, w, true, reference->batch, layer.inputs,
                        layer.outputs);
  for (size_t i = 0; i < reference->batch * layer.inputs; i++) {
    double z = reference->z[l - 1][i];
    slope_range slope = slope_around(activation, z, spread->z[l - 1][i]);
    double computed = ebbi_bound_slope(activation) * ebbi_slope_scale(activation, z);
    variance[i] = square(slope.steepest) * variance[i] +
                  square(s->product[i]) * (square(slope.change) + square(computed)) +
                  square(s->kept * reference->dz[l - 1][i]);
  }
}

/* Up the layers and down again, as a step goes. */
static void spread_all(const spreading *s) {
  size_t layers = s->reference->spec.count;
  for (size_t l = 0; l < layers; l++) spread_forward(s, l);
  spread_loss(s->spread, s->reference);
  for (size_t l = layers, lowest = s->reference->lowest; l-- > lowest;) {
    spread_weight_gradient(s, l);
    if (l > lowest) spread_input_gradient(s, l);
  }
}

ebb_status ebbi_rounding_create(ebbi_reference_network **out,
                                const ebbi_reference_network *reference, ebb_precision precision) {
  const ebb_spec *spec = &reference->spec;
  double operand = ebbi_bound_operand(precision);
  spreading s = {.reference = reference,
                 .operand = operand,
                 .kept = precision == EBB_PRECISION_BF16 ? operand : 0};
  size_t widest = 0;
  for (size_t l = 0; l < spec->count; l++) {
    if (ebbi_spec_layer(spec, l).inputs > widest) widest = ebbi_spec_layer(spec, l).inputs;
    if (ebbi_spec_layer(spec, l).outputs > widest) widest = ebbi_spec_layer(spec, l).outputs;
  }
  s.product = calloc(widest, (reference->batch + 2) * sizeof *s.product);
  REQUIRE(s.product, EBB_ERR_MEMORY, "verify: no memory for %zu x %zu values", reference->batch,
          widest);
  s.scratch = s.product + widest * reference->batch;
  ebb_status status = ebbi_reference_create(&s.spread, spec, reference->batch);
  if (status == EBB_OK) spread_all(&s);
  *out = s.spread;
  free(s.product);
  return status;
}

void ebbi_rounding_tally(ebbi_tally *tally, const double *found, const double *expected,
                         const double *variances, size_t count) {
  double error = 0, norm = 0, variance = 0;
  for (size_t i = 0; i < count; i++) {
    error += square(found[i] - expected[i]);
    norm += square(expected[i]);
    variance += variances[i];
  }
  double scale = fmax(sqrt(norm), DBL_MIN);
  ebbi_tally_add(tally, sqrt(error), 0, scale, EBBI_DEVIATIONS * sqrt(variance) / scale);
}
