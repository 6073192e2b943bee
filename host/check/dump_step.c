/* The tensors in a dump of a step by layers, and their names in the file.
 *
 * Writing a dump and replaying it read this one list. A tensor with two names is stored once: for
 * example the gradient that a dense node writes, which may be the gradient of the value below.
 */
#include "check/dump.h"

#include "nn/kind.h"

#include <stdio.h>

/* The list being made. */
typedef struct listing {
  ebbi_step_place *places;
  ebbi_step_tensors *t;
  size_t count, batch;
} listing;

static ebbi_step_place *add(listing *l, ebb_tensor **tensor, size_t rows, size_t cols,
                            const char *old) {
  ebbi_step_place *place = &l->places[l->count++];
  *place = (ebbi_step_place){.tensor = tensor, .rows = rows, .cols = cols, .old = old};
  return place;
}

/* True if the value lies between nodes and may therefore be bfloat16. */
static bool is_between(const ebb_spec *spec, size_t value) {
  return value > 0 && value < spec->count;
}

static ebbi_step_place *add_value(listing *l, const char *role, ebb_tensor **tensor, size_t value,
                                  const char *old) {
  size_t rows = l->batch * ebbi_value_rows(l->t->spec, value, true);
  ebbi_step_place *place = add(l, tensor, rows, ebb_spec_cols(l->t->spec, value), old);
  place->between = is_between(l->t->spec, value);
  snprintf(place->name, sizeof place->name, "%s.%zu", role, value);
  return place;
}

static bool needs_z(const ebb_spec *spec, size_t node) {
  return ebb_activation_needs_z(spec->nodes[node].activation);
}

/* A node's inputs and, in the backward pass, the gradients that it writes for them. A gradient that
 * is already the value's own is stored under the value's name only. */
static void list_inputs(listing *l, size_t node, bool up) {
  ebbi_step_tensors *t = l->t;
  for (size_t i = 0; i < ebbi_node_kind(t->spec, node)->inputs; i++) {
    size_t value = t->spec->nodes[node].inputs[i];
    add_value(l, "value", &t->value[value], value, "x")->needed = true;
    if (value == 0 || up) continue;
    add_value(l, "z", &t->z[value - 1], value, "z_below");
    add_value(l, "dvalue", &t->dvalue[value], value, "dz_below")->written = true;
    ebbi_step_place *place = add_value(l, "dinput", &t->dinput[node][i], value, "");
    place->written = place->shared = true;
    snprintf(place->name, sizeof place->name, "dinput.%zu.%zu", node, i);
  }
}

static void list_parameters(listing *l, size_t node, bool gradients) {
  static const char *const old[2][2] = {{"w", "b"}, {"dw", "db"}};
  ebbi_step_tensors *t = l->t;
  ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
  for (size_t p = 0; p < ebbi_node_parameters(parameters, t->spec, node); p++) {
    ebb_tensor **tensor = gradients ? &t->dparameter[node][p] : &t->parameter[node][p];
    ebbi_step_place *place =
        add(l, tensor, parameters[p].rows, parameters[p].cols, p < 2 ? old[gradients][p] : "");
    place->needed = true;
    place->written = gradients;
    snprintf(place->name, sizeof place->name, "%s.%zu", gradients ? "dparameter" : "parameter", p);
  }
}

/* What a node's kind computes. */
static void list_node(listing *l, size_t node, bool up) {
  ebbi_step_tensors *t = l->t;
  list_inputs(l, node, up);
  list_parameters(l, node, false);
  ebbi_step_place *y = add_value(l, "value", &t->value[node + 1], node + 1, "a");
  ebbi_step_place *z = add_value(l, "z", &t->z[node], node + 1, "z");
  y->written = y->needed = z->written = up;
  z->needed = up && needs_z(t->spec, node);
  if (up) return;
  add_value(l, "dvalue", &t->dvalue[node + 1], node + 1, "dz")->needed = true;
  list_parameters(l, node, true);
}

static void list_sum(listing *l, size_t value) {
  ebbi_step_tensors *t = l->t;
  ebbi_step_place *sum = add_value(l, "dvalue", &t->dvalue[value], value, "");
  sum->needed = sum->written = true;
  add_value(l, "value", &t->value[value], value, "")->needed = true;
  add_value(l, "z", &t->z[value - 1], value, "")->needed = needs_z(t->spec, value - 1);
  for (size_t n = value; n < t->spec->count; n++)
    for (size_t i = 0; i < ebbi_node_kind(t->spec, n)->inputs; i++) {
      if (t->spec->nodes[n].inputs[i] != value) continue;
      ebbi_step_place *place = add_value(l, "dinput", &t->dinput[n][i], value, "");
      place->needed = true;
      snprintf(place->name, sizeof place->name, "dinput.%zu.%zu", n, i);
    }
}

static void list_loss(listing *l) {
  ebbi_step_tensors *t = l->t;
  size_t last = t->spec->count;
  add_value(l, "value", &t->value[last], last, "logits")->needed = true;
  ebbi_step_place *dz = add_value(l, "dvalue", &t->dvalue[last], last, "dz");
  dz->needed = dz->written = true;
}

size_t ebbi_step_places(ebbi_step_place *out, ebbi_step_tensors *t, ebbi_operation operation,
                        size_t node, size_t batch) {
  listing l = {.places = out, .t = t, .batch = batch};
  if (operation == EBBI_OPERATION_LOSS)
    list_loss(&l);
  else if (operation == EBBI_OPERATION_GRADIENT_SUM)
    list_sum(&l, node + 1);
  else
    list_node(&l, node, operation == EBBI_OPERATION_FORWARD);
  return l.count;
}
