/* Builds network specs: nodes are added one by one, and their kinds check them.
 *
 * Each node reads the value of the node before it, so the nodes form a chain. A kind with two
 * inputs also reads an earlier value. Such nodes are parentheses in the text, so they must nest.
 */
#include "nn/spec.h"

#include "base/error.h"
#include "nn/kind.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

size_t ebb_spec_cols(const ebb_spec *spec, size_t value) {
  return value == 0 ? spec->inputs : spec->nodes[value - 1].units;
}

size_t ebb_spec_inputs(const ebb_spec *spec) {
  return spec->inputs;
}

size_t ebb_spec_outputs(const ebb_spec *spec) {
  return spec->count > 0 ? ebb_spec_cols(spec, spec->count) : 0;
}

static ebb_status check_inputs(size_t inputs, const char *where) {
  REQUIRE(inputs >= 1 && inputs <= EBB_MAX_UNITS, EBB_ERR_ARGUMENT,
          "%s: %zu inputs; allowed are 1 to %d", where, inputs, EBB_MAX_UNITS);
  return EBB_OK;
}

ebb_status ebb_spec_begin(ebb_spec *spec, size_t inputs) {
  TRY(check_inputs(inputs, "ebb_spec_begin"));
  memset(spec, 0, sizeof *spec);
  spec->inputs = inputs;
  return EBB_OK;
}

/* Rounds to nine decimals, so that the text gives exactly the same number. */
static double nine_decimals(double value) {
  return round(value * 1e9) / 1e9 + 0.0; /* not -0 */
}

static ebb_status append_settings(ebb_node *added, const ebb_node *node, const char *where) {
  const ebbi_kind *kind = ebbi_kind_of(node->kind);
  for (size_t i = 0; i < EBB_NODE_SETTINGS && kind->settings[i].name; i++) {
    const ebbi_kind_setting *setting = &kind->settings[i];
    double value = nine_decimals(node->settings[i]);
    REQUIRE(value >= setting->least && value < setting->below, EBB_ERR_ARGUMENT,
            "%s: %s with %s %g; it must be from %g up to, not including, %g", where, kind->name,
            setting->name, node->settings[i], setting->least, setting->below);
    REQUIRE(!setting->whole || value == floor(value), EBB_ERR_ARGUMENT,
            "%s: %s with %s %g; it must be a whole number", where, kind->name, setting->name,
            node->settings[i]);
    added->settings[i] = value;
  }
  return EBB_OK;
}

/* A node's value has the rows of its inputs. What mixes the rows of a batch would mix members. */
static ebb_status choose_members(ebb_node *added, const ebb_spec *spec, const char *where) {
  const ebbi_kind *kind = ebbi_kind_of(added->kind);
  size_t rows = added->members = ebbi_value_rows(spec, added->inputs[0], false);
  for (size_t i = 1; i < kind->inputs; i++)
    REQUIRE(ebbi_value_rows(spec, added->inputs[i], false) == rows, EBB_ERR_ARGUMENT,
            "%s: %s holds members of an ensemble and also stands outside of them", where,
            kind->name);
  REQUIRE(rows == 1 || !kind->mixes_rows, EBB_ERR_ARGUMENT,
          "%s: %s cannot stand among the members of an ensemble, whose rows it would mix", where,
          kind->name);
  REQUIRE(spec->count == 0 || !ebbi_node_kind(spec, spec->count - 1)->evaluation_only,
          EBB_ERR_ARGUMENT, "%s: %s follows %s, which must be the last", where, kind->name,
          ebbi_node_kind(spec, spec->count - 1)->name);
  return EBB_OK;
}

ebb_status ebbi_spec_append(ebb_spec *spec, const ebb_node *node, const char *where) {
  size_t count = spec->count;
  REQUIRE(count < EBB_MAX_NODES, EBB_ERR_ARGUMENT, "%s: more than %d layers", where, EBB_MAX_NODES);
  REQUIRE((unsigned)node->kind < EBB_KIND_COUNT, EBB_ERR_ARGUMENT, "%s: no kind has number %d",
          where, (int)node->kind);
  REQUIRE(ebbi_activation_exists(node->activation) || ebb_spec_formula_of(spec, node->activation),
          EBB_ERR_ARGUMENT, "%s: no activation has number %d", where, (int)node->activation);
  const ebbi_kind *kind = ebbi_kind_of(node->kind);
  REQUIRE(kind->takes || node->activation == EBB_ACT_IDENTITY, EBB_ERR_ARGUMENT,
          "%s: %s has an activation; it can have none", where, kind->name);
  ebb_node added = {.kind = node->kind, .units = node->units, .activation = node->activation};
  added.inputs[0] = count;
  if (kind->inputs > 1) added.inputs[1] = node->inputs[1];
  REQUIRE(kind->inputs == 1 || added.inputs[1] < count, EBB_ERR_ARGUMENT,
          "%s: %s holds no layer: value %zu is not before value %zu", where, kind->name,
          added.inputs[1], count);
  TRY(append_settings(&added, node, where));
  TRY(choose_members(&added, spec, where));
  size_t cols[EBB_NODE_INPUTS] = {0};
  for (size_t i = 0; i < kind->inputs; i++) cols[i] = ebb_spec_cols(spec, added.inputs[i]);
  TRY(ebbi_node_shape(&added, cols, where));
  spec->nodes[count] = added;
  spec->count = count + 1;
  return EBB_OK;
}

/* Files keep nine decimals of a setting. */
static ebb_status check_decimals(const ebb_node *given, const ebb_node *kept, const char *layer) {
  const ebbi_kind_setting *settings = ebbi_kind_of(given->kind)->settings;
  for (size_t i = 0; i < EBB_NODE_SETTINGS && settings[i].name; i++)
    REQUIRE(given->settings[i] == kept->settings[i], EBB_ERR_ARGUMENT,
            "%s has %s %.15g; files keep nine decimals, %.9f", layer, settings[i].name,
            given->settings[i], kept->settings[i]);
  return EBB_OK;
}

/* Builds the spec again by calls, so that specs filled by hand pass the same checks. */
static ebb_status check_nodes(const ebb_spec *spec, const char *where) {
  char layer[160];
  ebb_spec again = {.inputs = spec->inputs};
  memcpy(again.formulas, spec->formulas, sizeof again.formulas);
  for (size_t n = 0; n < spec->count; n++) {
    const ebb_node *node = &spec->nodes[n];
    snprintf(layer, sizeof layer, "%.100s: layer %zu", where, n + 1);
    TRY(ebbi_spec_append(&again, node, layer));
    REQUIRE(node->inputs[0] == n, EBB_ERR_ARGUMENT,
            "%s reads value %zu; its first input must be value %zu, of the layer before it", layer,
            node->inputs[0], n);
    REQUIRE(node->units == again.nodes[n].units, EBB_ERR_ARGUMENT,
            "%s has %zu outputs; its inputs give %zu", layer, node->units, again.nodes[n].units);
    REQUIRE((node->members ? node->members : 1) == again.nodes[n].members, EBB_ERR_ARGUMENT,
            "%s has %zu members; its inputs give %zu", layer, node->members,
            again.nodes[n].members);
    TRY(check_decimals(node, &again.nodes[n], layer));
  }
  return EBB_OK;
}

ebb_status ebbi_spec_check(const ebb_spec *spec, const char *where) {
  ebbi_spec_event events[EBBI_SPEC_EVENTS];
  char name[EBB_ACTIVATION_TEXT];
  size_t count = spec->count;
  REQUIRE(count >= 1 && count <= EBB_MAX_NODES, EBB_ERR_ARGUMENT,
          "%s: %zu layers; allowed are 1 to %d", where, count, EBB_MAX_NODES);
  TRY(check_inputs(spec->inputs, where));
  TRY(ebbi_spec_check_formulas(spec, where));
  TRY(check_nodes(spec, where));
  const ebb_node *last = &spec->nodes[count - 1];
  REQUIRE(ebbi_kind_of(last->kind)->ends, EBB_ERR_ARGUMENT,
          "%s: the last layer is of kind %s; it must be dense", where, ebb_kind_name(last->kind));
  REQUIRE(ebbi_value_rows(spec, count, false) == 1, EBB_ERR_ARGUMENT,
          "%s: the outputs of %zu members are left; end the network with mean", where,
          ebbi_value_rows(spec, count, false));
  REQUIRE(last->activation == EBB_ACT_IDENTITY, EBB_ERR_ARGUMENT,
          "%s: the last layer has activation %s; it must have none, the loss follows it", where,
          ebb_spec_activation(name, spec, count - 1));
  REQUIRE(ebbi_spec_events(events, spec) > 0, EBB_ERR_ARGUMENT,
          "%s: layers that read an earlier value overlap, or are more than %d deep", where,
          EBBI_SPEC_DEPTH);
  REQUIRE(ebb_spec_parameters(spec) < SIZE_MAX, EBB_ERR_ARGUMENT,
          "%s: the number of parameters does not fit this machine's sizes", where);
  return EBB_OK;
}
