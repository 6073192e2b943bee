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
#include <float.h>
#include <math.h>
#include <stdlib.h>

static double square(double x) {
  return x * x;
}

/* What is spread over which reference, and the roundoff of a product's operands and of the values
 * that hidden layers keep. */
typedef struct spreading {
  ebbi_reference_network *spread;
  const ebbi_reference_network *reference;
  double operand, kept;
} spreading;

/* A factor of a product: its values, their variances (NULL: exact), and whether it is transposed.
 */
typedef struct factor {
  const double *values, *variances;
  bool transposed;
} factor;

/* Variances of op(a).op(b) [m, n] over k, operands rounded by `operand` of themselves. */
static void product_variance(double *out, factor a, factor b, size_t m, size_t n, size_t k,
                             double operand) {
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++) {
      double magnitude = 0, variance = 0;
      for (size_t p = 0; p < k; p++) {
        size_t left = a.transposed ? p * m + i : i * k + p;
        size_t right = b.transposed ? j * k + p : p * n + j;
        double term = a.values[left] * b.values[right];
        magnitude += fabs(term);
        variance += 2 * square(operand * term);
        if (a.variances) variance += a.variances[left] * square(b.values[right]);
        if (b.variances) variance += b.variances[right] * square(a.values[left]);
      }
      out[i * n + j] = variance + (double)(k + 8) * square(EBBI_ROUNDOFF * magnitude);
    }
}

/* f' around z: its largest magnitude, and how far it may be from f'(z). */
typedef struct slope_range {
  double steepest, change;
} slope_range;

static slope_range slope_around(ebb_activation activation, double z, double z_variance) {
  double reach = EBBI_DEVIATIONS * sqrt(z_variance);
  double here = ebbi_reference_slope(activation, z);
  double below = ebbi_reference_slope(activation, z - reach);
  double above = ebbi_reference_slope(activation, z + reach);
  return (slope_range){fmax(fabs(here), fmax(fabs(below), fabs(above))),
                       fmax(fabs(below - here), fabs(above - here))};
}

/* Variances of z and a of a layer. */
static void spread_forward(const spreading *s, size_t l) {
  ebbi_reference_network *spread = s->spread;
  const ebbi_reference_network *reference = s->reference;
  ebb_layer_spec layer = reference->spec.layers[l];
  size_t count = reference->batch * layer.outputs;
  const double *w = reference->parameters + ebbi_reference_offset(&reference->spec, l);
  const double *b = w + layer.inputs * layer.outputs, *z = reference->z[l];
  factor x = {l == 0 ? reference->x : reference->a[l - 1], l == 0 ? NULL : spread->a[l - 1], false};
  product_variance(spread->z[l], x, (factor){w, NULL, false}, reference->batch, layer.outputs,
                   layer.inputs, s->operand);
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

/* A row's largest variance. */
static double largest(const double *variances, size_t cols) {
  double largest = 0;
  for (size_t i = 0; i < cols; i++) largest = fmax(largest, variances[i]);
  return largest;
}

/* Variances of the loss and of the output's dz. Cross-entropy: an error e of the logits changes
 * softmax's p by p (e - sum p e), whose variance is at most 2 p^2 times e's largest. */
static void spread_loss(ebbi_reference_network *spread, const ebbi_reference_network *reference) {
  size_t last = reference->spec.count - 1, cols = reference->spec.layers[last].outputs;
  const double *dz = reference->dz[last], *z_variance = spread->z[last];
  ebb_loss loss = reference->target.loss;
  double live = (double)reference->live, bound = ebbi_bound_loss_gradient(loss, cols);
  double value_bound = ebbi_bound_loss_value(loss, cols) + ebbi_bound_sum(reference->live);
  spread->loss = square(value_bound * (1 + reference->loss));
  for (size_t i = 0; i < reference->live * cols; i++) {
    size_t row = i / cols;
    spread->loss += square(dz[i]) * z_variance[i];
    if (loss == EBB_LOSS_MSE) {
      spread->dz[last][i] = square(2 / live / (double)cols) * z_variance[i] + square(bound * dz[i]);
      continue;
    }
    double p = dz[i] * live + (i % cols == (size_t)reference->target.labels[row]);
    spread->dz[last][i] =
        (2 * square(p) * largest(z_variance + row * cols, cols) + square(bound)) / square(live);
  }
}

/* Variances of a layer's dw and db. */
static void spread_weight_gradient(const spreading *s, size_t l) {
  ebbi_reference_network *spread = s->spread;
  const ebbi_reference_network *reference = s->reference;
  ebb_layer_spec layer = reference->spec.layers[l];
  size_t batch = reference->batch;
  double *dw = spread->gradients + ebbi_reference_offset(&reference->spec, l);
  double *db = dw + layer.inputs * layer.outputs;
  factor x = {l == 0 ? reference->x : reference->a[l - 1], l == 0 ? NULL : spread->a[l - 1], true};
  factor dz = {reference->dz[l], spread->dz[l], false};
  product_variance(dw, x, dz, layer.inputs, layer.outputs, batch, s->operand);
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

/* Variances of dz of the layer below l. `product` has room for its values dz.w^T. */
static void spread_input_gradient(const spreading *s, size_t l, double *product) {
  ebbi_reference_network *spread = s->spread;
  const ebbi_reference_network *reference = s->reference;
  ebb_layer_spec layer = reference->spec.layers[l];
  ebb_activation activation = reference->spec.layers[l - 1].activation;
  const double *w = reference->parameters + ebbi_reference_offset(&reference->spec, l);
  double *variance = spread->dz[l - 1];
  factor dz = {reference->dz[l], spread->dz[l], false};
  product_variance(variance, dz, (factor){w, NULL, true}, reference->batch, layer.inputs,
                   layer.outputs, s->operand);
  ebbi_reference_matmul(product, dz.values, false, w, true, reference->batch, layer.inputs,
                        layer.outputs);
  for (size_t i = 0; i < reference->batch * layer.inputs; i++) {
    double z = reference->z[l - 1][i];
    slope_range slope = slope_around(activation, z, spread->z[l - 1][i]);
    double computed = ebbi_bound_slope(activation) * ebbi_slope_scale(activation, z);
    variance[i] = square(slope.steepest) * variance[i] +
                  square(product[i]) * (square(slope.change) + square(computed)) +
                  square(s->kept * reference->dz[l - 1][i]);
  }
}

ebb_status ebbi_rounding_create(ebbi_reference_network **out,
                                const ebbi_reference_network *reference, ebb_precision precision) {
  size_t layers = reference->spec.count, widest = 0;
  for (size_t l = 0; l < layers; l++)
    if (reference->spec.layers[l].inputs > widest) widest = reference->spec.layers[l].inputs;
  double *product = calloc(widest, reference->batch * sizeof *product);
  REQUIRE(product, EBB_ERR_MEMORY, "verify: no memory for %zu x %zu values", reference->batch,
          widest);
  ebbi_reference_network *spread = NULL;
  ebb_status status = ebbi_reference_create(&spread, &reference->spec, reference->batch);
  if (status == EBB_OK) {
    double operand = ebbi_bound_operand(precision);
    spreading s = {spread, reference, operand, precision == EBB_PRECISION_BF16 ? operand : 0};
    for (size_t l = 0; l < layers; l++) spread_forward(&s, l);
    spread_loss(spread, reference);
    for (size_t l = layers; l-- > 0;) {
      spread_weight_gradient(&s, l);
      if (l > 0) spread_input_gradient(&s, l, product);
    }
    *out = spread;
  }
  free(product);
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
