/* From a network to values, calls and places.
 *
 * The calls are listed first, forward through the nodes and back. They determine each tensor's
 * life, and then the arena is laid out. A place is reused only by a tensor with the same numbers of
 * rows and columns and the same type: a narrower one would find numbers in its padding, which must
 * be zero.
 *
 * A gradient of a value with one reader is written by that reader, which also applies f' of the
 * node that made the value. If a value has several readers, or its reader cannot apply f', each
 * reader writes a tensor of its own. These are added from the last node to the first, so that sums
 * have a fixed order.
 */
#include "graph/plan.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static bool trains(const ebbi_plan *p) {
  return p->kind == EBBI_PASS_LAYERS;
}

static const ebb_spec *spec_of(const ebbi_plan *p) {
  return &p->network->spec;
}

static bool is_exact(const ebb_spec *spec, size_t value) {
  for (size_t n = value; n < spec->count; n++)
    for (size_t i = 0; i < ebbi_node_kind(spec, n)->inputs; i++)
      if (spec->nodes[n].inputs[i] == value && ebbi_node_kind(spec, n)->exact) return true;
  return false;
}

/* In bf16 values between nodes are stored as bf16; the data, the output, and what a kind wants
 * exactly are not. */
static ebb_dtype type_of(const ebbi_plan *p, size_t value) {
  bool half = p->exec->mma.precision == EBB_PRECISION_BF16;
  bool between = value > 0 && value < spec_of(p)->count;
  return half && between && !is_exact(spec_of(p), value) ? EBB_BF16 : EBB_F32;
}

static size_t rows_of(const ebbi_plan *p, size_t value) {
  return p->batch * ebbi_value_rows(spec_of(p), value, trains(p));
}

/* Adds a tensor of a value's shape and type. */
static int add_place(ebbi_plan *p, size_t value) {
  p->places[p->place_count] = (ebbi_place){.rows = rows_of(p, value),
                                           .cols = ebb_spec_cols(spec_of(p), value),
                                           .dtype = type_of(p, value),
                                           .first = p->call_count,
                                           .last = p->call_count};
  return (int)p->place_count++;
}

/* Marks a place as used by the call that is added next. */
static int use(ebbi_plan *p, int place) {
  if (place != EBBI_NO_PLACE) p->places[place].last = p->call_count;
  return place;
}

static void add_call(ebbi_plan *p, ebbi_call call) {
  p->calls[p->call_count++] = call;
}

/* ---- forward ---- */

static void plan_forward(ebbi_plan *p) {
  const ebb_spec *spec = spec_of(p);
  p->value[0] = add_place(p, 0);
  p->places[p->value[0]].apart = p->kind == EBBI_PASS_PREDICTION;
  for (size_t n = 0; n < spec->count; n++) {
    const ebb_node *node = &spec->nodes[n];
    const ebbi_kind *kind = ebbi_kind_of(node->kind);
    if (trains(p) ? kind->evaluation_only : kind->training_only) {
      p->value[n + 1] = p->value[node->inputs[0]];
      continue;
    }
    for (size_t i = 0; i < kind->inputs; i++) use(p, p->value[node->inputs[i]]);
    p->value[n + 1] = add_place(p, n + 1);
    if (trains(p) && ebb_activation_needs_z(node->activation)) p->z[n] = add_place(p, n + 1);
    add_call(p, (ebbi_call){.type = EBBI_CALL_FORWARD, .node = n});
  }
  p->forward_count = p->call_count;
  use(p, p->value[spec->count]); /* of the loss, or of the download */
}

/* ---- backward ---- */

/* Finds the values that depend on trained parameters; gradients of all others are not needed. */
static void find_wanted(bool wanted[EBB_MAX_NODES + 1], const ebbi_plan *p) {
  const ebb_spec *spec = spec_of(p);
  wanted[0] = false;
  for (size_t n = 0; n < spec->count; n++) {
    const ebbi_kind *kind = ebbi_node_kind(spec, n);
    wanted[n + 1] = kind->parameters && !(p->frozen && p->frozen[n]);
    for (size_t i = 0; i < kind->inputs; i++)
      wanted[n + 1] = wanted[n + 1] || wanted[spec->nodes[n].inputs[i]];
  }
}

static size_t count_readers(const ebb_spec *spec, size_t value) {
  size_t readers = 0;
  for (size_t n = 0; n < spec->count; n++)
    for (size_t i = 0; i < ebbi_node_kind(spec, n)->inputs; i++)
      readers += spec->nodes[n].inputs[i] == value;
  return readers;
}

/* Returns true if what the readers of a value write must still be multiplied by f' of its node. */
static bool has_slope(const ebb_spec *spec, size_t value) {
  return ebbi_node_kind(spec, value - 1)->takes &&
         spec->nodes[value - 1].activation != EBB_ACT_IDENTITY;
}

/* Plans where a node writes the gradient of one of its inputs. */
static void plan_input(ebbi_plan *p, size_t n, size_t i) {
  const ebb_spec *spec = spec_of(p);
  const ebbi_kind *kind = ebbi_node_kind(spec, n);
  size_t value = spec->nodes[n].inputs[i];
  bool alone = count_readers(spec, value) == 1, fuses = kind->fuses && kind->backward;
  p->dinput[n][i] = kind->backward ? add_place(p, value) : p->dvalue[n + 1];
  p->fused[n][i] = alone && fuses && ebbi_node_kind(spec, value - 1)->takes;
  if (alone && (fuses || !has_slope(spec, value))) p->dvalue[value] = p->dinput[n][i];
}

/* Adds up what the readers of a value have written, unless its only reader has written the final
 * gradient. */
static void plan_sum(ebbi_plan *p, size_t value) {
  const ebb_spec *spec = spec_of(p);
  size_t left = count_readers(spec, value);
  if (p->dvalue[value] != EBBI_NO_PLACE) return;
  int sum = EBBI_NO_PLACE;
  for (size_t n = spec->count; n-- > 0;)
    for (size_t i = 0; i < ebbi_node_kind(spec, n)->inputs; i++) {
      if (spec->nodes[n].inputs[i] != value) continue;
      int part = p->dinput[n][i];
      left--;
      if (sum == EBBI_NO_PLACE && left > 0) {
        sum = part;
        continue;
      }
      if (p->dvalue[value] == EBBI_NO_PLACE) p->dvalue[value] = add_place(p, value);
      bool alone = sum == EBBI_NO_PLACE;
      add_call(p, (ebbi_call){.type = EBBI_CALL_ADD,
                              .node = value - 1,
                              .to = p->dvalue[value],
                              .a = alone ? part : sum,
                              .b = alone ? EBBI_NO_PLACE : part,
                              .plain = left > 0 || !has_slope(spec, value)});
      sum = p->dvalue[value];
    }
}

static void plan_backward(ebbi_plan *p) {
  const ebb_spec *spec = spec_of(p);
  bool wanted[EBB_MAX_NODES + 1];
  find_wanted(wanted, p);
  for (size_t n = spec->count; n-- > 0;) {
    const ebb_node *node = &spec->nodes[n];
    const ebbi_kind *kind = ebbi_kind_of(node->kind);
    if (!wanted[n + 1]) continue;
    if (n + 1 < spec->count) plan_sum(p, n + 1);
    for (size_t i = 0; i < kind->inputs; i++)
      if (wanted[node->inputs[i]]) plan_input(p, n, i);
    if (kind->backward) add_call(p, (ebbi_call){.type = EBBI_CALL_BACKWARD, .node = n});
  }
}

/* ---- places ---- */

/* Finds a place that is free before this tensor is written and whose padding suits it. */
static const ebbi_place *find_dead(const ebbi_plan *p, size_t index) {
  const ebbi_place *wanted = &p->places[index];
  for (size_t i = 0; i < index; i++) {
    const ebbi_place *place = &p->places[i];
    if (place->apart || place->dtype != wanted->dtype) continue;
    if (place->rows != wanted->rows || place->cols != wanted->cols) continue;
    bool dead = true; /* including whatever has reused it since */
    for (size_t k = i; k < index && dead; k++)
      dead = p->places[k].apart || p->places[k].offset != place->offset ||
             p->places[k].last < wanted->first;
    if (dead) return place;
  }
  return NULL;
}

static ebb_status lay_out(ebbi_plan *p) {
  ebbi_slab slab = ebbi_slab_begin(p->network->device);
  bool keeps = p->kind == EBBI_PASS_LAYERS || p->kind == EBBI_PASS_WHOLE;
  for (size_t i = 0; i < p->place_count; i++) {
    ebbi_place *place = &p->places[i];
    if (keeps) place->last = p->call_count;
    if (place->apart) continue;
    const ebbi_place *dead = find_dead(p, i);
    if (dead)
      place->offset = dead->offset;
    else
      TRY(ebbi_slab_add(&place->offset, &slab, place->dtype, place->rows, place->cols));
  }
  p->arena = slab.count;
  return EBB_OK;
}

/* Returns the largest workspace of any call; all calls share one. */
static size_t workspace_of(const ebbi_plan *p) {
  const ebb_spec *spec = spec_of(p);
  size_t most = 0;
  for (size_t n = 0; n < spec->count; n++) {
    const ebb_node *node = &spec->nodes[n];
    const ebbi_kind *kind = ebbi_kind_of(node->kind);
    if (!kind->workspace) continue;
    size_t bytes = kind->workspace(p->exec, p->network->device, rows_of(p, n + 1),
                                   ebb_spec_cols(spec, node->inputs[0]), node->units, trains(p),
                                   p->dinput[n][0] != EBBI_NO_PLACE);
    if (bytes > most) most = bytes;
  }
  return most;
}

static ebb_status make(ebbi_plan *p) {
  size_t output = spec_of(p)->count;
  memset(p->value, 0xff, sizeof p->value); /* every place becomes EBBI_NO_PLACE */
  memset(p->dvalue, 0xff, sizeof p->dvalue);
  memset(p->z, 0xff, sizeof p->z);
  memset(p->dinput, 0xff, sizeof p->dinput);
  plan_forward(p);
  if (p->kind != EBBI_PASS_PREDICTION) {
    p->dvalue[output] = add_place(p, output); /* written by the loss */
    add_call(p, (ebbi_call){.type = EBBI_CALL_LOSS});
  }
  if (trains(p)) plan_backward(p);
  p->workspace = workspace_of(p);
  return lay_out(p);
}

ebb_status ebbi_plan_create(ebbi_plan **out, const ebbi_exec *exec, const ebb_network *network,
                            size_t batch, ebbi_pass_kind kind, const bool *frozen) {
  ebbi_plan *plan = calloc(1, sizeof *plan);
  REQUIRE(plan, EBB_ERR_MEMORY, "pass: no memory");
  plan->exec = exec;
  plan->network = network;
  plan->batch = batch;
  plan->kind = kind;
  plan->frozen = frozen;
  ebb_status status = make(plan);
  if (status == EBB_OK)
    *out = plan;
  else
    free(plan);
  return status;
}
