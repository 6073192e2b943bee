/* Rounding errors of a whole network, by error propagation.
 *
 * A kernel's bound holds for exact inputs, while a layer's inputs carry the errors of all layers
 * before it. Adding up worst cases layer by layer is rigorous and useless: the sum exceeds 1 after
 * three layers. Here errors are taken as independent with mean zero (Higham and Mary, "A new
 * approach to probabilistic rounding error analysis", 2019). A sum of k terms has the variance k (u
 * sum |terms|)^2; a product multiplies variances by the other factor's square, and f by f'^2. A
 * function's bound counts as its deviation, though the error hardly ever reaches it. The result is
 * therefore an estimate from above: a tensor's root of the sum of squared errors exceeds
 * EBBI_DEVIATIONS times its deviation only if something is wrong.
 *
 * If a value is read more than once, its error may enter a sum of values, or of gradients, more
 * than once. Such sums add deviations instead of variances, which is valid for any dependence.
 *
 * A device may flush operands, products and results below FLT_MIN to 0, so sums also have a
 * deviation of FLT_MIN times the factors' magnitudes.
 *
 * In tf32 and bf16, each operand of a product also has the deviation of its rounding; in bf16, so
 * does each stored value of a hidden layer.
 *
 * Near a kink of f the device may be on the other side. f' is therefore taken over EBBI_DEVIATIONS
 * deviations to both sides: its largest value propagates the error, and its change is the deviation
 * of f' itself.
 */
#include "check/rounding.h"

#include "base/error.h"
#include "check/bounds.h"
#include "check/loss_check.h"
#include "check/node_function.h"
#include "check/spread.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The spread's reference and results; the roundoff of operands and of values between nodes. */
typedef struct spreading {
  ebbi_reference_network *spread;
  const ebbi_reference_network *reference;
  double operand, kept;
  double *scratch;                    /* two rows of the widest value */
  double *term, *term_variance, *sum; /* [batch, widest]: the parts of a value's gradient */
} spreading;

double ebbi_spread_add(double variance, double other) {
  if (variance == 0 || other == 0) return variance + other;
  return ebbi_square(sqrt(variance) + sqrt(other));
}

void ebbi_spread_product(const ebbi_node_spread *s, double *out, ebbi_factor a, ebbi_factor b,
                         size_t m, size_t n, size_t k) {
  double *magnitude = s->scratch, *reach = s->scratch + n;
  double rounded = 2 * ebbi_square(s->operand);
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
        row[j] += rounded * ebbi_square(term) + left_variance * ebbi_square(right);
      }
      for (size_t j = 0; b.variances && j < n; j++)
        row[j] += ebbi_square(left) * b.variances[first + j * across];
    }
    for (size_t j = 0; j < n; j++)
      row[j] += (double)(k + 8) * ebbi_square(EBBI_ROUNDOFF * magnitude[j]) +
                ebbi_square((double)FLT_MIN * reach[j]);
  }
}

/* The node as the kinds' spread functions take it. */
static ebbi_node_spread node_of(const spreading *s, size_t node) {
  ebbi_node_spread n = {.value = ebbi_reference_node(s->reference, node),
                        .variance = ebbi_reference_node(s->spread, node),
                        .operand = s->operand,
                        .scratch = s->scratch};
  for (size_t i = 0; i < EBB_NODE_INPUTS; i++)
    if (s->reference->spec.nodes[node].inputs[i] == 0) n.variance.x[i] = NULL;
  return n;
}

/* Variances of z and of f(z). */
static void spread_forward(const spreading *s, size_t node) {
  const ebb_spec *spec = &s->reference->spec;
  ebbi_node_spread n = node_of(s, node);
  const double *z = s->reference->z[node], *y = s->reference->y[node + 1];
  double *z_variance = s->spread->z[node], *y_variance = s->spread->y[node + 1];
  double kept = node + 1 < spec->count ? s->kept : 0;
  ebbi_node_check(spec, node)->spread_forward(&n);
  for (size_t i = 0; i < ebbi_node_count(&n.value); i++) {
    double computed = z_variance[i];
    ebbi_slope_around slope =
        ebbi_node_slope_around(spec, node, z[i], EBBI_DEVIATIONS * sqrt(computed));
    z_variance[i] += ebbi_square(kept * z[i]); /* replaced below if z is y */
    y_variance[i] = ebbi_square(slope.steepest) * computed +
                    ebbi_square(ebbi_node_value_error(spec, node, z[i])) + ebbi_square(kept * y[i]);
  }
}

/* Variances of the loss and of the output's dz, row by row. */
static void spread_loss(ebbi_reference_network *spread, const ebbi_reference_network *reference) {
  size_t last = reference->spec.count, cols = ebb_spec_outputs(&reference->spec);
  const double *dz = reference->dy[last], *z_variance = spread->y[last];
  size_t members = ebbi_value_rows(&reference->spec, last, true);
  size_t rows = reference->live * members;
  ebbi_reference_target own = reference->target;
  const ebbi_reference_target *target = &own;
  own.members = members;
  double *scale = spread->dy[last]; /* each row's is replaced by its variances */
  double magnitude = ebbi_reference_loss_scale(scale, reference->y[last], target,
                                               reference->batch * members, rows, cols);
  double value_bound = ebbi_bound_loss_value(target->loss, cols) + ebbi_bound_sum(rows);
  double live = (double)rows, weights = ebbi_reference_weights(target, rows);
  spread->loss = ebbi_square(value_bound * fmax(weights / live + fabs(reference->loss), magnitude));
  for (size_t row = 0; row < rows; row++) {
    double weight = ebbi_reference_weight(target, row);
    if (weight == 0) continue; /* no error: dz is 0 */
    const ebbi_loss_spread s = {.dz = dz + row * cols,
                                .scale = scale + row * cols,
                                .z = reference->y[last] + row * cols,
                                .z_variance = z_variance + row * cols,
                                .dz_variance = spread->dy[last] + row * cols,
                                .target = target,
                                .row = ebbi_target_row_of(target, row),
                                .cols = cols,
                                .live = live / weight,
                                .bound = ebbi_bound_loss_gradient(target->loss, cols)};
    for (size_t i = 0; i < cols; i++) spread->loss += ebbi_square(s.dz[i]) * s.z_variance[i];
    spread->loss += ebbi_loss_check_of(target->loss)->spread(&s);
  }
}

/* One input's share of its value's gradient, and the variances of that share. */
static void spread_term(const spreading *s, size_t node, size_t input) {
  const ebbi_kind_check *kind = ebbi_node_check(&s->reference->spec, node);
  ebbi_node_spread n = node_of(s, node);
  size_t count = ebbi_node_input_count(&n.value, input);
  for (size_t i = 0; i < EBB_NODE_INPUTS; i++) n.value.dx[i] = n.variance.dx[i] = NULL;
  n.value.gradients = n.variance.gradients = NULL;
  n.value.dx[input] = memset(s->term, 0, count * sizeof *s->term);
  n.variance.dx[input] = memset(s->term_variance, 0, count * sizeof *s->term_variance);
  kind->backward(&n.value);
  kind->spread_backward(&n);
}

/* Variances of a value's gradient before f' of the node that produced it. Every sum is rounded, and
 * so is a node's result that is not fused with f'. */
static bool spread_sum(const spreading *s, size_t value) {
  const ebb_spec *spec = &s->reference->spec;
  size_t count = ebbi_reference_rows(s->reference, value) * ebb_spec_cols(spec, value);
  size_t readers = 0;
  double *variance = s->spread->dy[value], stored = ebbi_square(s->kept);
  bool fused = true;
  for (size_t n = spec->count; n-- > value;)
    for (size_t i = ebbi_node_kind(spec, n)->inputs; i-- > 0;) {
      if (spec->nodes[n].inputs[i] != value) continue;
      spread_term(s, n, i);
      fused = fused && readers == 0 && ebbi_node_kind(spec, n)->fuses;
      for (size_t e = 0; e < count; e++) {
        double rounded = readers > 0 ? stored + ebbi_square(EBBI_ROUNDOFF) : 0;
        s->sum[e] = (readers > 0 ? s->sum[e] : 0) + s->term[e];
        variance[e] = readers > 0 ? variance[e] : 0;
        variance[e] = ebbi_spread_add(variance[e], s->term_variance[e]);
        variance[e] += rounded * ebbi_square(s->sum[e]);
        if (!fused) variance[e] += stored * ebbi_square(s->term[e]);
      }
      readers++;
    }
  return fused;
}

/* The same after f'. */
static void spread_gradient(const spreading *s, size_t node) {
  const ebbi_reference_network *reference = s->reference;
  const ebb_spec *spec = &reference->spec;
  double *variance = s->spread->dz[node];
  double rounded = spread_sum(s, node + 1) ? 0 : ebbi_square(2 * EBBI_ROUNDOFF);
  size_t count = ebbi_reference_rows(reference, node + 1) * spec->nodes[node].units;
  for (size_t i = 0; i < count; i++) {
    double z = reference->z[node][i];
    ebbi_slope_around slope =
        ebbi_node_slope_around(spec, node, z, EBBI_DEVIATIONS * sqrt(s->spread->z[node][i]));
    double computed = ebbi_node_slope_error(spec, node, z);
    variance[i] = ebbi_square(slope.steepest) * s->spread->dy[node + 1][i] +
                  ebbi_square(reference->dy[node + 1][i]) *
                      (ebbi_square(slope.change) + ebbi_square(computed)) +
                  (rounded + ebbi_square(s->kept)) * ebbi_square(reference->dz[node][i]);
  }
}

/* Variances of the gradients of a node's parameters. */
static void spread_parameters(const spreading *s, size_t node) {
  ebbi_node_spread n = node_of(s, node);
  for (size_t i = 0; i < EBB_NODE_INPUTS; i++) n.value.dx[i] = n.variance.dx[i] = NULL;
  ebbi_node_check(&s->reference->spec, node)->spread_backward(&n);
}

/* Forward through the nodes, then backward, as in a step. */
static void spread_all(const spreading *s) {
  size_t nodes = s->reference->spec.count;
  size_t passed =
      ebbi_node_kind(&s->reference->spec, nodes - 1)->evaluation_only; /* only the last may be */
  nodes -= passed;
  for (size_t n = 0; n < nodes; n++) spread_forward(s, n);
  spread_loss(s->spread, s->reference);
  for (size_t n = nodes, lowest = s->reference->lowest; n-- > lowest;) {
    if (n + 1 < nodes) spread_gradient(s, n);
    spread_parameters(s, n);
  }
}

/* The most numbers that any value has for an example. */
static size_t widest_of(const ebb_spec *spec) {
  size_t widest = 0;
  for (size_t v = 0; v <= spec->count; v++) {
    size_t numbers = ebb_spec_cols(spec, v) * ebbi_value_rows(spec, v, true);
    if (numbers > widest) widest = numbers;
  }
  return widest;
}

ebb_status ebbi_rounding_create(ebbi_reference_network **out,
                                const ebbi_reference_network *reference, ebb_precision precision) {
  const ebb_spec *spec = &reference->spec;
  double operand = ebbi_bound_operand(precision);
  spreading s = {.reference = reference,
                 .operand = operand,
                 .kept = precision == EBB_PRECISION_BF16 ? operand : 0};
  size_t widest = widest_of(spec), batch = reference->batch;
  s.scratch = calloc(widest, (3 * batch + 2) * sizeof *s.scratch);
  REQUIRE(s.scratch, EBB_ERR_MEMORY, "verify: no memory for %zu x %zu values", batch, widest);
  s.term = s.scratch + 2 * widest;
  s.term_variance = s.term + widest * batch;
  s.sum = s.term_variance + widest * batch;
  ebb_status status = ebbi_reference_create(&s.spread, spec, batch);
  if (status == EBB_OK) {
    s.spread->lowest = reference->lowest;
    spread_all(&s);
  }
  *out = s.spread;
  free(s.scratch);
  return status;
}

void ebbi_rounding_tally(ebbi_tally *tally, const double *found, const double *expected,
                         const double *variances, size_t count) {
  double error = 0, norm = 0, variance = 0;
  for (size_t i = 0; i < count; i++) {
    error += ebbi_square(found[i] - expected[i]);
    norm += ebbi_square(expected[i]);
    variance += variances[i];
  }
  double scale = fmax(sqrt(norm), DBL_MIN);
  ebbi_tally_add(tally, sqrt(error), 0, scale, EBBI_DEVIATIONS * sqrt(variance) / scale);
}
