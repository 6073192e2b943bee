/* Compares the loss row by row: its gradient, and the partial sums of groups of rows.
 *
 * A device may flush numbers below FLT_MIN to 0 anywhere: see estimate.h.
 */
#include "check/bounds.h"
#include "check/comparison.h"
#include "nn/kind.h"

#include "base/error.h"
#include "device/device.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>

/* The output node's value, which the loss reads. */
static const ebb_tensor *logits_of(const ebbi_step_tensors *t) {
  return t->value[t->spec->count];
}

/* Rows of outputs for each row of the target. */
static size_t members_of(const ebbi_step_tensors *t) {
  return ebbi_value_rows(t->spec, t->spec->count, true);
}

/* The target of one row; `label` provides storage for it. */
static ebbi_reference_target target_of(ebb_loss loss, int32_t *label, const double *values,
                                       const double *weight) {
  bool labels = ebb_loss_has_labels(loss.kind);
  *label = (int32_t)*values;
  return (ebbi_reference_target){loss, labels ? label : NULL, values, weight, 1};
}

/* A row with its target and, unless NULL, its weight. */
typedef struct loss_row {
  const double *z, *y, *weight, *dz;
} loss_row;

/* Compares dz of a row, computed from its logits. `expected`: room for two rows. */
static void compare_loss_row(ebbi_comparison *c, const ebbi_step_tensors *t, size_t row,
                             const loss_row *r, double *expected) {
  size_t cols = logits_of(t)->cols;
  size_t rows = t->live * members_of(t);
  double live = (double)rows, *scale = expected + cols,
         bound = ebbi_bound_loss_gradient(t->loss, cols);
  bool alive = row < rows;
  int32_t label;
  ebbi_reference_target target = target_of(t->loss, &label, r->y, r->weight);
  const double *z = r->z, *dz = r->dz;
  if (alive && target.labels) ebbi_compare_label(c, row, 0, *r->y, cols);
  if (alive) ebbi_reference_loss(expected, z, &target, 1, 1, cols);
  if (alive) ebbi_reference_loss_scale(scale, z, &target, 1, 1, cols);
  for (size_t col = 0; col < cols; col++) {
    double value = alive ? expected[col] / live : 0;
    bool fits = fabs(z[col]) < (double)FLT_MAX / 4;
    ebbi_compare(c, "dz", row, col, dz[col], fits ? value : NAN,
                 alive ? bound * scale[col] / live + 4 * (double)FLT_MIN : 0);
  }
}

static ebb_status compare_gradient_rows(ebbi_comparison *c, const ebbi_step_tensors *t) {
  ebbi_picks rows = ebbi_pick(c, logits_of(t)->rows, c->watched ? c->watched->row : SIZE_MAX);
  size_t cols = logits_of(t)->cols, targets = t->target->cols;
  double *z, *y, *dz, *expected, *weights = NULL;
  ebbi_picks of_target = rows;
  for (size_t i = 0; i < rows.count; i++) of_target.index[i] /= members_of(t);
  if (t->weights) TRY(ebbi_read_rows(&weights, c, t->weights, &of_target));
  TRY(ebbi_read_rows(&z, c, logits_of(t), &rows));
  TRY(ebbi_read_rows(&y, c, t->target, &of_target));
  TRY(ebbi_read_rows(&dz, c, t->dvalue[t->spec->count], &rows));
  TRY(ebbi_fixture_array(&expected, &c->fixture, 2 * cols));
  for (size_t i = 0; i < rows.count; i++) {
    const loss_row row = {z + i * cols, y + i * targets, weights ? weights + i : NULL,
                          dz + i * cols};
    compare_loss_row(c, t, rows.index[i], &row, expected);
  }
  return EBB_OK;
}

/* Compares a group's partial sums: losses, hits and weights. */
static ebb_status compare_group(ebbi_comparison *c, const ebbi_step_tensors *t, size_t group,
                                size_t group_rows) {
  size_t cols = logits_of(t)->cols, targets = t->target->cols, first = group * group_rows;
  size_t members = members_of(t), live = t->live * members, row = first / members;
  size_t rows = first >= live ? 0 : live - first < group_rows ? live - first : group_rows;
  size_t examples =
      rows > 0 ? (first + rows - 1) / members + 1 - row : 0; /* with a share of them */
  double loss = 0, size = 0, bound = 0, hits = 0, weight = 0, *sums, *z = NULL, *y = NULL,
         *weights = NULL, sum_bound = ebbi_bound_sum(group_rows);
  TRY(ebbi_read_range(&sums, c, t->partials, group, 1));
  if (rows > 0 && t->weights) TRY(ebbi_read_range(&weights, c, t->weights, row, examples));
  if (rows > 0) TRY(ebbi_read_range(&z, c, logits_of(t), first, rows));
  if (rows > 0) TRY(ebbi_read_range(&y, c, t->target, row, examples));
  for (size_t r = 0; r < rows; r++) {
    int32_t label;
    size_t at = (first + r) / members - row;
    ebbi_reference_target target =
        target_of(t->loss, &label, y + at * targets, weights ? weights + at : NULL);
    if (target.labels) ebbi_compare_label(c, first + r, 0, label, cols);
    double own = ebbi_reference_loss(NULL, z + r * cols, &target, 1, 1, cols);
    loss += own;
    size += fabs(own);
    bound += ebbi_bound_loss_value(t->loss, cols) *
             ebbi_reference_loss_scale(NULL, z + r * cols, &target, 1, 1, cols);
    hits += ebbi_reference_correct(z + r * cols, &target, 1, cols);
    weight += ebbi_reference_weight(&target, 0);
  }
  bound += sum_bound * size + (double)FLT_MIN * (double)(group_rows * cols);
  ebbi_compare(c, "partials", group, 0, sums[0], size < (double)FLT_MAX / 2 ? loss : NAN, bound);
  if (!weights) sum_bound = 0; /* counts are exact */
  ebbi_compare(c, "partials", group, 1, sums[1], isfinite(sums[0]) ? hits : NAN, sum_bound * hits);
  if (t->weights) ebbi_compare(c, "partials", group, 2, sums[2], weight, sum_bound * weight);
  return EBB_OK;
}

ebb_status ebbi_compare_loss(ebbi_comparison *c, const ebbi_step_tensors *t) {
  size_t group_rows = ebbi_loss_group_rows(c->fixture.exec, logits_of(t)->rows);
  size_t groups = t->partials->rows, live = t->live * members_of(t);
  size_t last = live > 0 ? (live - 1) / group_rows : 0;
  TRY(compare_gradient_rows(c, t));
  TRY(compare_group(c, t, 0, group_rows));
  TRY(compare_group(c, t, last, group_rows));
  TRY(compare_group(c, t, ebbi_pick_one(c, groups), group_rows));
  bool watched = c->watched && c->watched->row < groups;
  return watched ? compare_group(c, t, c->watched->row, group_rows) : EBB_OK;
}
