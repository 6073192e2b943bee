/* A layer's operations, element by element: what forward, loss and backward leave.
 *
 * The derivative of the layer below is taken from what the device itself has kept of it, z or
 * a = f(z): a reference that computed z anew would stand on the other side of a kink now and then.
 * From an exact a the device's f' has no |z| in its error (bounds.h).
 *
 * Numbers below FLT_MIN may be taken for 0 wherever they turn up: a term of a sum is then off by
 * FLT_MIN, or by FLT_MIN times the other factor.
 */
#include "check/bounds.h"
#include "check/comparison.h"

#include "base/error.h"
#include "device/device.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>

/* A number that an operation must leave, and how far the device may be off. */
typedef struct estimate {
  double value, error;
} estimate;

/* A sum of `count` products: operands rounded as the precision has it. NaN where it may overflow.
 */
static estimate dot(ebb_precision precision, const double *a, const double *b, size_t count) {
  double sum = 0, magnitude = 0, reach = (double)count;
  bool rounded = precision != EBB_PRECISION_FP32;
  for (size_t i = 0; i < count; i++) {
    double left = rounded ? ebbi_reference_round(precision, a[i]) : a[i];
    double right = rounded ? ebbi_reference_round(precision, b[i]) : b[i];
    sum += left * right;
    magnitude += fabs(left * right);
    reach += fabs(left) + fabs(right);
  }
  bool fits = magnitude < (double)FLT_MAX / 2 && reach < (double)FLT_MAX / 2;
  return (estimate){fits ? sum : NAN,
                    ebbi_bound_product(precision, count) * magnitude + (double)FLT_MIN * reach};
}

/* The same once it is rounded to what the tensor keeps. */
static estimate keep(estimate e, const ebb_tensor *tensor) {
  e.error += (double)FLT_MIN;
  if (tensor->dtype == EBB_BF16)
    e.error += ebbi_bound_operand(EBB_PRECISION_BF16) * (fabs(e.value) + e.error);
  return e;
}

/* z = x.w + b, from its sum. */
static estimate add_bias(estimate z, double b, size_t depth) {
  z.value += b;
  z.error += ebbi_bound_sum(depth) * fabs(b);
  return z;
}

static estimate activate(ebb_activation activation, estimate z) {
  double reach = 1 + fabs(z.value) + z.error;
  return (estimate){ebbi_reference_activation(activation, z.value),
                    EBBI_STEEPEST * z.error + ebbi_bound_activation(activation) * reach};
}

ebb_status ebbi_compare_forward(ebbi_comparison *c, const ebbi_layer_tensors *t) {
  ebb_precision precision = c->probe.exec->mma.precision;
  size_t depth = t->w->rows, wide = t->w->cols, watched = c->watched ? c->watched->col : SIZE_MAX;
  ebbi_picks rows = ebbi_pick(c, t->x->rows, c->watched ? c->watched->row : SIZE_MAX);
  ebbi_picks cols = ebbi_pick(c, wide, watched), first = {1, {0}};
  double *x, *w, *b, *a, *z = NULL;
  TRY(ebbi_read_rows(&x, c, t->x, &rows));
  TRY(ebbi_read_cols(&w, c, t->w, &cols));
  TRY(ebbi_read_rows(&b, c, t->b, &first));
  TRY(ebbi_read_rows(&a, c, t->a, &rows));
  if (t->z) TRY(ebbi_read_rows(&z, c, t->z, &rows));
  for (size_t i = 0; i < rows.count; i++)
    for (size_t j = 0; j < cols.count; j++) {
      size_t row = rows.index[i], col = cols.index[j], at = i * wide + col;
      estimate sum = dot(precision, x + i * depth, w + j * depth, depth);
      estimate e = add_bias(sum, b[col], depth), kept = keep(e, t->a);
      if (z) ebbi_compare(c, "z", row, col, z[at], kept.value, kept.error);
      kept = keep(activate(t->activation, e), t->a);
      ebbi_compare(c, "a", row, col, a[at], kept.value, kept.error);
    }
  return EBB_OK;
}

/* dw [I, O], a sum over the batch. */
static ebb_status compare_weights(ebbi_comparison *c, const ebbi_layer_tensors *t,
                                  const ebbi_picks *cols, const double *dz) {
  ebb_precision precision = c->probe.exec->mma.precision;
  size_t depth = t->x->rows;
  ebbi_picks rows = ebbi_pick(c, t->dw->rows, c->watched ? c->watched->row : SIZE_MAX);
  double *x, *dw;
  TRY(ebbi_read_cols(&x, c, t->x, &rows));
  TRY(ebbi_read_rows(&dw, c, t->dw, &rows));
  for (size_t i = 0; i < rows.count; i++)
    for (size_t j = 0; j < cols->count; j++) {
      estimate e = keep(dot(precision, x + i * depth, dz + j * depth, depth), t->dw);
      ebbi_compare(c, "dw", rows.index[i], cols->index[j], dw[i * t->dw->cols + cols->index[j]],
                   e.value, e.error);
    }
  return EBB_OK;
}

ebb_status ebbi_compare_weight_gradient(ebbi_comparison *c, const ebbi_layer_tensors *t) {
  size_t depth = t->dz->rows;
  ebbi_picks cols = ebbi_pick(c, t->dz->cols, c->watched ? c->watched->col : SIZE_MAX);
  ebbi_picks first = {1, {0}};
  double *dz, *db;
  TRY(ebbi_read_cols(&dz, c, t->dz, &cols));
  TRY(ebbi_read_rows(&db, c, t->db, &first));
  for (size_t j = 0; j < cols.count; j++) {
    double sum = 0, magnitude = 0;
    for (size_t r = 0; r < depth; r++) {
      sum += dz[j * depth + r];
      magnitude += fabs(dz[j * depth + r]);
    }
    ebbi_compare(c, "db", 0, cols.index[j], db[cols.index[j]],
                 magnitude < (double)FLT_MAX / 2 ? sum : NAN,
                 ebbi_bound_sum(depth) * magnitude + (double)FLT_MIN * (double)depth);
  }
  return compare_weights(c, t, &cols, dz);
}

/* f' of the layer below, from what the device has kept of it. */
static estimate slope_below(ebb_activation activation, double kept) {
  double bound = ebbi_bound_slope(activation);
  if (ebb_activation_needs_z(activation))
    return (estimate){ebbi_reference_slope(activation, kept),
                      bound * ebbi_slope_scale(activation, kept)};
  return (estimate){
      ebbi_reference_slope(activation, ebbi_reference_preactivation(activation, kept)), bound};
}

ebb_status ebbi_compare_input_gradient(ebbi_comparison *c, const ebbi_layer_tensors *t) {
  ebb_precision precision = c->probe.exec->mma.precision;
  size_t depth = t->w->cols, wide = t->w->rows, watched = c->watched ? c->watched->col : SIZE_MAX;
  ebbi_picks rows = ebbi_pick(c, t->dz->rows, c->watched ? c->watched->row : SIZE_MAX);
  ebbi_picks cols = ebbi_pick(c, wide, watched);
  bool needs_z = ebb_activation_needs_z(t->activation_below);
  double *dz, *w, *below, *found;
  TRY(ebbi_read_rows(&dz, c, t->dz, &rows));
  TRY(ebbi_read_rows(&w, c, t->w, &cols));
  TRY(ebbi_read_rows(&below, c, needs_z ? t->z_below : t->x, &rows));
  TRY(ebbi_read_rows(&found, c, t->dz_below, &rows));
  for (size_t i = 0; i < rows.count; i++)
    for (size_t j = 0; j < cols.count; j++) {
      size_t at = i * wide + cols.index[j];
      estimate sum = dot(precision, dz + i * depth, w + j * depth, depth);
      estimate slope = slope_below(t->activation_below, below[at]);
      estimate e = {sum.value * slope.value,
                    fabs(slope.value) * sum.error + slope.error * (fabs(sum.value) + sum.error)};
      e.error += 2 * EBBI_ROUNDOFF * fabs(e.value);
      e = keep(e, t->dz_below);
      ebbi_compare(c, "dz_below", rows.index[i], cols.index[j], found[at], e.value, e.error);
    }
  return EBB_OK;
}

/* ---- the loss ---- */

/* The target of one row; `label` has room for it. */
static ebbi_reference_target target_of(ebb_loss loss, int32_t *label, const double *values) {
  *label = (int32_t)*values;
  return (ebbi_reference_target){loss, label, values};
}

/* dz of a row against its logits. */
static void compare_loss_row(ebbi_comparison *c, const ebbi_layer_tensors *t, size_t row,
                             const double *z, const double *y, const double *dz, double *expected) {
  size_t cols = t->logits->cols;
  double live = (double)t->live, bound = ebbi_bound_loss_gradient(t->loss, cols);
  bool alive = row < t->live;
  int32_t label;
  ebbi_reference_target target = target_of(t->loss, &label, y);
  if (alive && ebb_loss_has_labels(t->loss.kind)) ebbi_compare_label(c, row, 0, *y, cols);
  if (alive) ebbi_reference_loss(expected, z, &target, 1, 1, cols);
  for (size_t col = 0; col < cols; col++) {
    double value = alive ? expected[col] / live : 0;
    double scale = ebbi_loss_gradient_scale(t->loss, value, live);
    bool fits = fabs(z[col]) < (double)FLT_MAX / 4;
    ebbi_compare(c, "dz", row, col, dz[col], fits ? value : NAN,
                 alive ? bound * scale + 4 * (double)FLT_MIN : 0);
  }
}

static ebb_status compare_gradient_rows(ebbi_comparison *c, const ebbi_layer_tensors *t) {
  ebbi_picks rows = ebbi_pick(c, t->logits->rows, c->watched ? c->watched->row : SIZE_MAX);
  size_t cols = t->logits->cols, targets = t->target->cols;
  double *z, *y, *dz, *expected;
  TRY(ebbi_read_rows(&z, c, t->logits, &rows));
  TRY(ebbi_read_rows(&y, c, t->target, &rows));
  TRY(ebbi_read_rows(&dz, c, t->dz, &rows));
  TRY(ebbi_probe_array(&expected, &c->probe, cols));
  for (size_t i = 0; i < rows.count; i++)
    compare_loss_row(c, t, rows.index[i], z + i * cols, y + i * targets, dz + i * cols, expected);
  return EBB_OK;
}

/* The pair of sums that a group of rows has left: losses and hits. */
static ebb_status compare_group(ebbi_comparison *c, const ebbi_layer_tensors *t, size_t group,
                                size_t group_rows) {
  size_t cols = t->logits->cols, targets = t->target->cols, first = group * group_rows;
  size_t rows = first >= t->live ? 0 : t->live - first < group_rows ? t->live - first : group_rows;
  bool classes = ebb_loss_has_labels(t->loss.kind);
  double loss = 0, bound = 0, hits = 0, *pair, *z = NULL, *y = NULL;
  TRY(ebbi_read_range(&pair, c, t->partials, group, 1));
  if (rows > 0) TRY(ebbi_read_range(&z, c, t->logits, first, rows));
  if (rows > 0) TRY(ebbi_read_range(&y, c, t->target, first, rows));
  for (size_t r = 0; r < rows; r++) {
    int32_t label;
    ebbi_reference_target target = target_of(t->loss, &label, y + r * targets);
    if (classes) ebbi_compare_label(c, first + r, 0, label, cols);
    double own = ebbi_reference_loss(NULL, z + r * cols, &target, 1, 1, cols);
    loss += own;
    bound += ebbi_bound_loss_value(t->loss, cols) * ebbi_loss_value_scale(t->loss, own);
    if (classes) hits += ebbi_reference_correct(z + r * cols, &label, 1, cols) > 0;
  }
  bound += ebbi_bound_sum(group_rows) * loss + (double)FLT_MIN * (double)(group_rows * cols);
  ebbi_compare(c, "partials", group, 0, pair[0], loss < (double)FLT_MAX / 2 ? loss : NAN, bound);
  ebbi_compare(c, "partials", group, 1, pair[1], isfinite(pair[0]) ? hits : NAN, 0);
  return EBB_OK;
}

ebb_status ebbi_compare_loss(ebbi_comparison *c, const ebbi_layer_tensors *t) {
  const ebbi_profile *profile = &c->probe.exec->profile;
  size_t group_rows = (size_t)profile->loss_group * profile->loss_rows;
  size_t groups = t->partials->rows, last = t->live > 0 ? (t->live - 1) / group_rows : 0;
  TRY(compare_gradient_rows(c, t));
  TRY(compare_group(c, t, 0, group_rows));
  TRY(compare_group(c, t, last, group_rows));
  TRY(compare_group(c, t, ebbi_pick_one(c, groups), group_rows));
  bool watched = c->watched && c->watched->row < groups;
  return watched ? compare_group(c, t, c->watched->row, group_rows) : EBB_OK;
}
