/* Compares a node's operations element by element, forward and backward.
 *
 * A node's computation belongs to its kind (kind.h). Its activation, the sums of gradients and the
 * rounding to a tensor's type are the same for all kinds. As in docs/backprop.md, a node's gradient
 * is that of its value, times f' of the node that produced the value.
 */
#include "check/kind.h"

#include "base/error.h"
#include "tensor/tensor.h"

static size_t input_of(const ebbi_step_tensors *t, size_t node, size_t input) {
  return t->spec->nodes[node].inputs[input];
}

size_t ebbi_next_gradient(const ebbi_step_tensors *t, size_t node, size_t from) {
  size_t i = from;
  while (i < EBB_NODE_INPUTS && (!t->dinput[node][i] || t->dinput[node][i] == t->dvalue[node + 1]))
    i++;
  return i;
}

size_t ebbi_first_reader(const ebb_spec *spec, size_t value) {
  for (size_t n = 0; n < spec->count; n++)
    for (size_t i = 0; i < ebbi_node_kind(spec, n)->inputs; i++)
      if (spec->nodes[n].inputs[i] == value) return n;
  return spec->count;
}

bool ebbi_is_summed(const ebbi_step_tensors *t, size_t value) {
  if (value == 0 || value == t->spec->count || !t->dvalue[value]) return false;
  for (size_t n = value; n < t->spec->count; n++)
    for (size_t i = 0; i < ebbi_node_kind(t->spec, n)->inputs; i++)
      if (input_of(t, n, i) == value && t->dinput[n][i] == t->dvalue[value]) return false;
  return true;
}

ebb_status ebbi_compare_forward(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node) {
  ebbi_samples s;
  ebbi_sample(&s, c, t->value[node + 1]);
  return ebbi_compare_forward_at(&s, c, t, node);
}

ebb_status ebbi_compare_forward_at(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                                   size_t node) {
  const ebbi_kind_check *kind = ebbi_node_check(t->spec, node);
  const ebb_tensor *y = t->value[node + 1];
  double *found, *z = NULL;
  TRY(kind->expect ? kind->expect(s, c, t, node, t->value[t->spec->nodes[node].inputs[0]])
                   : kind->expect_z(s, c, t, node));
  TRY(ebbi_read_samples(&found, c, y, s));
  if (t->z[node]) TRY(ebbi_read_samples(&z, c, t->z[node], s));
  for (size_t i = 0; i < s->rows.count; i++)
    for (size_t j = 0; j < s->cols.count; j++) {
      size_t at = i * s->cols.count + j, row = s->rows.index[i], col = s->cols.index[j];
      ebbi_estimate kept = ebbi_estimate_keep(s->at[at], y);
      if (z) ebbi_compare(c, "z", row, col, z[at], kept.value, kept.error);
      ebbi_estimate a = ebbi_estimate_activate(t->spec, node, s->at[at]);
      a = ebbi_estimate_keep(a, y);
      ebbi_compare(c, kind->y, row, col, found[at], a.value, a.error);
    }
  return EBB_OK;
}

ebb_status ebbi_compare_weight_gradient(ebbi_comparison *c, const ebbi_step_tensors *t,
                                        size_t node) {
  return ebbi_node_check(t->spec, node)->compare_gradients(c, t, node);
}

/* Multiplies gradients of a value by f' of the node that produced it. */
static ebb_status descend(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                          size_t value) {
  bool needs_z = ebb_activation_needs_z(t->spec->nodes[value - 1].activation);
  double *kept;
  TRY(ebbi_read_samples(&kept, c, needs_z ? t->z[value - 1] : t->value[value], s));
  for (size_t i = 0; i < s->rows.count * s->cols.count; i++)
    s->at[i] = ebbi_estimate_descend(t->spec, value - 1, s->at[i], kept[i]);
  return EBB_OK;
}

static ebb_status compare_samples(ebbi_comparison *c, const char *name, const ebb_tensor *tensor,
                                  const ebbi_samples *s) {
  double *found;
  TRY(ebbi_read_samples(&found, c, tensor, s));
  for (size_t i = 0; i < s->rows.count; i++)
    for (size_t j = 0; j < s->cols.count; j++) {
      size_t at = i * s->cols.count + j;
      ebbi_estimate e = ebbi_estimate_keep(s->at[at], tensor);
      ebbi_compare(c, name, s->rows.index[i], s->cols.index[j], found[at], e.value, e.error);
    }
  return EBB_OK;
}

ebb_status ebbi_compare_input_gradient(ebbi_comparison *c, const ebbi_step_tensors *t, size_t node,
                                       size_t input) {
  ebbi_samples s;
  ebbi_sample(&s, c, t->dinput[node][input]);
  return ebbi_compare_input_gradient_at(&s, c, t, node, input);
}

ebb_status ebbi_compare_input_gradient_at(ebbi_samples *s, ebbi_comparison *c,
                                          const ebbi_step_tensors *t, size_t node, size_t input) {
  const ebbi_kind_check *kind = ebbi_node_check(t->spec, node);
  const ebb_tensor *dx = t->dinput[node][input];
  size_t value = input_of(t, node, input);
  TRY(kind->expect ? kind->expect(s, c, t, node, t->dvalue[node + 1])
                   : kind->expect_dx(s, c, t, node, input));
  if (dx == t->dvalue[value]) TRY(descend(s, c, t, value));
  return compare_samples(c, kind->dx[input], dx, s);
}

/* Adds the readers' gradients from the last reader on, as the device does. Each sum is rounded to
 * the type of the value's gradient. */
static ebb_status add_gradients(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                                size_t value) {
  size_t count = s->rows.count * s->cols.count, added = 0;
  double *dx;
  for (size_t n = t->spec->count; n-- > value;)
    for (size_t i = ebbi_node_kind(t->spec, n)->inputs; i-- > 0;) {
      if (input_of(t, n, i) != value) continue;
      TRY(ebbi_read_samples(&dx, c, t->dinput[n][i], s));
      for (size_t at = 0; at < count; at++) {
        ebbi_estimate term = {dx[at], 0};
        if (added > 1) s->at[at] = ebbi_estimate_keep(s->at[at], t->dvalue[value]);
        s->at[at] = added > 0 ? ebbi_estimate_add(s->at[at], term) : term;
      }
      added++;
    }
  return EBB_OK;
}

ebb_status ebbi_compare_gradient_sum(ebbi_comparison *c, const ebbi_step_tensors *t, size_t value) {
  ebbi_samples s;
  ebbi_sample(&s, c, t->dvalue[value]);
  TRY(add_gradients(&s, c, t, value));
  TRY(descend(&s, c, t, value));
  return compare_samples(c, "dy", t->dvalue[value], &s);
}
