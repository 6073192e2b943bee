/* Compares a whole step's gradients: a slice of the batch against the reference network.
 *
 * The kernels keep nothing between the batch and the gradients, so the reference runs all layers
 * for the slice's rows. The bounds are rounding errors propagated through the layers (rounding.h).
 * EBBI_DEVIATIONS applies to a whole tensor; a single element is allowed twice as many.
 */
#include "check/bounds.h"
#include "check/live.h"
#include "check/rounding.h"
#include "check/slab.h"

#include "base/error.h"
#include "graph/whole_table.h"
#include "ops/ops.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Cuts the batch as whole_step.c does. */
void ebbi_whole_rows(size_t *first, size_t *count, const ebbi_whole_layout *layout, size_t live,
                     size_t slice) {
  size_t begin = slice * layout->chunks / layout->slices * EBBI_CHUNK;
  size_t end = (slice + 1) * layout->chunks / layout->slices * EBBI_CHUNK;
  if (end > live) end = live;
  *first = begin;
  *count = begin < end ? end - begin : 0;
}

/* False if the network has numbers near float32's limit: the training deals with those. */
static bool fits(const ebbi_reference_network *reference) {
  for (size_t l = 0; l < reference->spec.count; l++)
    for (size_t i = 0; i < reference->batch * reference->spec.nodes[l].units; i++)
      if (!(fabs(reference->z[l][i]) < (double)FLT_MAX / 1024)) return false;
  return true;
}

static ebb_status compare_gradients(ebbi_comparison *c, const ebbi_whole_case *w, size_t slice,
                                    const ebbi_reference_network *reference,
                                    const ebbi_reference_network *spread) {
  double *found, *expected, *variances;
  double part = (double)reference->live / (double)w->live;
  TRY(ebbi_read_range(&found, c, w->gradients, slice, 1));
  TRY(ebbi_fixture_array(&expected, &c->fixture, reference->count));
  TRY(ebbi_fixture_array(&variances, &c->fixture, reference->count));
  for (size_t i = ebbi_reference_offset(&reference->spec, reference->lowest); i < reference->count;
       i++) {
    expected[i] = reference->gradients[i] * part;
    variances[i] = spread->gradients[i] * part * part + (double)FLT_MIN * (double)FLT_MIN;
  }
  for (size_t l = reference->lowest; l < reference->spec.count; l++) {
    size_t first = ebbi_reference_offset(&reference->spec, l);
    c->layer = l;
    for (size_t i = 0; i < ebbi_node_numbers(&w->network->spec, l); i++) {
      size_t at = ebbi_slab_place(w->network, l, i);
      ebbi_compare_parameter(c, "gradients", slice, at, at, found[at], expected[first + i],
                             2 * EBBI_DEVIATIONS * sqrt(variances[first + i]));
    }
  }
  return EBB_OK;
}

static ebb_status compare_sums(ebbi_comparison *c, const ebbi_whole_case *w, size_t slice,
                               const ebbi_reference_network *reference,
                               const ebbi_reference_network *spread) {
  size_t last = reference->spec.count, rows = reference->live;
  size_t cols = ebb_spec_outputs(&reference->spec);
  const ebbi_reference_target *target = &reference->target;
  const double *z = reference->y[last];
  double *sums, live = (double)rows, hits = ebbi_reference_correct(z, target, rows, cols);
  double unsure = ebbi_reference_unsure(z, spread->y[last], target, rows, cols), bound = 0;
  double weight = ebbi_reference_weights(target, rows);
  TRY(ebbi_read_range(&sums, c, w->partials, slice, 1));
  if (target->weights) bound = ebbi_bound_sum(rows) * weight; /* counts are exact */
  ebbi_compare(c, "partials", slice, 0, sums[0], reference->loss * live,
               2 * EBBI_DEVIATIONS * sqrt(spread->loss) * live + (double)FLT_MIN);
  ebbi_compare(c, "partials", slice, 1, sums[1], hits,
               unsure + bound * (double)ebbi_loss_hits(target->loss, cols));
  if (target->weights) ebbi_compare(c, "partials", slice, 2, sums[2], weight, bound);
  return EBB_OK;
}

/* Sets the reference's parameters and batch, and runs it. */
static ebb_status run_reference(ebbi_reference_network *reference, ebbi_comparison *c,
                                const ebbi_whole_case *w, size_t slice, size_t from) {
  size_t inputs = ebb_spec_inputs(&reference->spec), outputs = ebb_spec_outputs(&reference->spec);
  size_t targets = ebbi_loss_targets(w->loss, outputs);
  size_t count = reference->batch, skipped = from - w->first;
  bool classes = ebb_loss_has_labels(w->loss.kind);
  int32_t *labels;
  for (size_t l = 0; l < reference->spec.count; l++) {
    double *own = reference->parameters + ebbi_reference_offset(&reference->spec, l);
    for (size_t i = 0; i < ebbi_node_numbers(&w->network->spec, l); i++)
      own[i] = (double)w->parameters[ebbi_slab_place(w->network, l, i)];
  }
  TRY(ebbi_fixture_bytes(&labels, &c->fixture, count, sizeof *labels));
  for (size_t r = 0; classes && r < count; r++) {
    labels[r] = (int32_t)w->y[skipped + r];
    ebbi_compare_label(c, slice, from + r, labels[r], outputs);
  }
  memcpy(reference->y[0], w->x + skipped * inputs, count * inputs * sizeof(double));
  reference->target = (ebbi_reference_target){w->loss, classes ? labels : NULL,
                                              classes ? NULL : w->y + skipped * targets,
                                              w->weights ? w->weights + skipped : NULL, 0};
  ebbi_reference_run_forward(reference, 0);
  ebbi_reference_run_backward(reference);
  return EBB_OK;
}

static ebb_status compare_rows(ebbi_comparison *c, const ebbi_whole_case *w, size_t slice,
                               size_t first, ebbi_reference_network *reference) {
  ebbi_reference_network *spread;
  TRY(run_reference(reference, c, w, slice, first));
  if (!fits(reference)) return EBB_OK;
  TRY(ebbi_rounding_create(&spread, reference, EBB_PRECISION_FP32));
  ebb_status status = compare_gradients(c, w, slice, reference, spread);
  if (status == EBB_OK) status = compare_sums(c, w, slice, reference, spread);
  ebbi_reference_free(spread);
  return status;
}

/* A slice without rows must be zero. */
static ebb_status compare_empty(ebbi_comparison *c, const ebbi_whole_case *w, size_t slice) {
  double *found, *sums;
  TRY(ebbi_read_range(&found, c, w->gradients, slice, 1));
  TRY(ebbi_read_range(&sums, c, w->partials, slice, 1));
  for (size_t l = 0; l < w->network->spec.count; l++)
    for (size_t i = 0; i < ebbi_node_numbers(&w->network->spec, l); i++) {
      size_t at = ebbi_slab_place(w->network, l, i);
      ebbi_compare_parameter(c, "gradients", slice, at, at, found[at], 0, 0);
    }
  for (size_t i = 0; i < ebbi_loss_sums(w->loss); i++)
    ebbi_compare(c, "partials", slice, i, sums[i], 0, 0);
  return EBB_OK;
}

ebb_status ebbi_compare_whole(ebbi_comparison *c, const ebbi_whole_case *w, size_t slice) {
  ebbi_reference_network *reference;
  size_t first, count;
  ebbi_whole_rows(&first, &count, w->layout, w->live, slice);
  if (count == 0) return compare_empty(c, w, slice);
  TRY(ebbi_reference_create(&reference, &w->network->spec, count));
  reference->lowest = w->lowest;
  ebb_status status = compare_rows(c, w, slice, first, reference);
  ebbi_reference_free(reference);
  return status;
}
