/* Cases of every kind of node that stands between dense layers: forward and backward by its row,
 * alone and with f' of the nodes below, each element against what its twin expects.
 *
 * The table of kinds is gone through, so a new kind needs no line here. A node reads values that
 * nodes with an activation may have made; all of one case are kept in float32, or in bfloat16.
 */
#include "check/bounds.h"
#include "check/kind.h"
#include "check/verify_kernels.h"

#include "base/error.h"
#include <float.h>
#include <math.h>
#include <string.h>

/* The node is the last; the others make the values that it reads. */
enum { NODE = EBB_NODE_INPUTS };

/* A network up to the node, with all tensors that the node's calls read and write. */
typedef struct node_case {
  ebbi_fixture *fixture;
  const ebbi_kind *kind;
  ebb_dtype dtype;
  ebbi_shape shape;
  bool fused;
  double settings[EBB_NODE_SETTINGS];
  ebb_network network;
  ebbi_step_tensors tensors;
  ebbi_node_call call;
  ebbi_comparison found;
} node_case;

/* ---- set-up ---- */

/* Rows of a value: those of members, where the node reads or makes them. */
static size_t rows_of(const node_case *c, size_t value) {
  return c->shape.rows * ebbi_value_rows(&c->network.spec, value, false);
}

/* Numbers as the case's type keeps them. */
static ebb_status make_value(ebb_tensor **out, node_case *c, size_t value, double *numbers) {
  size_t rows = rows_of(c, value), cols = ebb_spec_cols(&c->network.spec, value);
  for (size_t i = 0; c->dtype == EBB_BF16 && numbers && i < rows * cols; i++)
    numbers[i] = ebbi_reference_round(EBB_PRECISION_BF16, numbers[i]);
  return ebbi_fixture_numbers(out, c->fixture, c->dtype, rows, cols, numbers);
}

static ebb_status make_random(ebb_tensor **out, double **numbers, node_case *c, size_t value,
                              double spread) {
  size_t count = rows_of(c, value) * ebb_spec_cols(&c->network.spec, value);
  TRY(ebbi_fixture_normal(numbers, c->fixture, count, spread));
  return make_value(out, c, value, *numbers);
}

/* z and a = f(z) of a node below. */
static ebb_status make_below(node_case *c, size_t node) {
  double *numbers;
  c->network.spec.nodes[node] =
      (ebb_node){.inputs = {node},
                 .units = c->shape.cols,
                 .activation = EBB_ACT_SILU,
                 .members = ebbi_node_check(&c->network.spec, NODE)->members};
  size_t count = rows_of(c, node + 1) * c->shape.cols;
  TRY(make_random(&c->tensors.z[node], &numbers, c, node + 1, 3));
  for (size_t i = 0; i < count; i++)
    numbers[i] = ebbi_reference_activation(EBB_ACT_SILU, numbers[i]);
  return make_value(&c->tensors.value[node + 1], c, node + 1, numbers);
}

static ebb_status make_parameters(node_case *c) {
  ebbi_parameter all[EBBI_NODE_PARAMETERS];
  size_t count = ebbi_node_parameters(all, &c->network.spec, NODE);
  for (size_t p = 0; p < count; p++) {
    size_t rows = all[p].rows, cols = all[p].cols;
    double *numbers;
    TRY(ebbi_fixture_normal(&numbers, c->fixture, rows * cols, 1));
    bool statistic = all[p].role == EBBI_ROLE_STATISTIC; /* has no gradient; may be a variance */
    for (size_t i = 0; statistic && i < rows * cols; i++) numbers[i] = 0.5 + fabs(numbers[i]);
    TRY(ebbi_fixture_input(&c->tensors.parameter[NODE][p], c->fixture, rows, cols, numbers));
    for (size_t i = 0; i < rows * cols; i++) numbers[i] = statistic ? 0 : NAN;
    TRY(ebbi_fixture_input(&c->tensors.dparameter[NODE][p], c->fixture, rows, cols, numbers));
  }
  return EBB_OK;
}

/* The node: its second input is the value before the one that it reads first. */
static ebb_status make_node(node_case *c, ebb_kind kind) {
  ebb_node *node = &c->network.spec.nodes[NODE];
  size_t cols[EBB_NODE_INPUTS];
  *node = (ebb_node){
      .kind = kind, .units = c->shape.cols, .members = ebbi_kind_check_of(kind)->members};
  memcpy(node->settings, c->settings, sizeof node->settings);
  if (c->kind->takes) node->activation = EBB_ACT_SILU;
  for (size_t i = 0; i < EBB_NODE_INPUTS; i++) {
    cols[i] = c->shape.cols;
    node->inputs[i] = i < c->kind->inputs ? NODE - i : 0;
  }
  return ebbi_node_shape(node, cols, "ebb_verify");
}

static ebb_status make_call(node_case *c) {
  ebb_state state =
      ebb_state_default((uint32_t)c->shape.rows, (uint64_t)1 << 33 | c->shape.depth, 0);
  ebb_tensor *state_tensor;
  TRY(ebbi_fixture_state(&state_tensor, c->fixture, &state));
  c->tensors.spec = &c->network.spec;
  c->tensors.step = state.step;
  c->tensors.live = state.live;
  c->tensors.seed = c->shape.rows;
  c->tensors.span = state.step + state.step / 3; /* what fades is on its way */
  c->call = (ebbi_node_call){.exec = c->fixture->exec,
                             .network = &c->network,
                             .index = NODE,
                             .parameters = c->tensors.parameter[NODE],
                             .state = state_tensor,
                             .seed = c->tensors.seed,
                             .span = c->tensors.span,
                             .training = !c->kind->evaluation_only};
  for (size_t i = 0; i < c->kind->inputs; i++) c->call.x[i] = c->tensors.value[NODE - i];
  return EBB_OK;
}

static ebb_status make_case(node_case *c, ebb_kind kind) {
  c->network = (ebb_network){.device = c->fixture->device,
                             .spec = {.inputs = c->shape.cols, .count = NODE + 1}};
  c->found.fixture = (ebbi_fixture){.device = c->fixture->device, .exec = c->fixture->exec};
  ebbi_tally_case(&c->fixture->tally, "%s %zux%zu %s, setting %g%s", c->kind->name, c->shape.rows,
                  c->shape.cols, c->dtype == EBB_BF16 ? "bf16" : "f32", c->settings[0],
                  c->fused ? ", silu'" : "");
  c->network.spec.nodes[NODE].kind = kind;
  for (size_t n = NODE - c->kind->inputs; n < NODE; n++) TRY(make_below(c, n));
  TRY(make_node(c, kind));
  TRY(make_parameters(c));
  return make_call(c);
}

/* ---- comparison ---- */

/* The worst of all comparisons, into the tally. One that is not finite has been passed over by
 * them. */
static void tally_found(node_case *c, size_t count) {
  const ebbi_number *worst = &c->found.worst;
  double scale = fmax(fabs(worst->expected), (double)FLT_MIN);
  if (c->found.compared < count)
    ebbi_tally_add(&c->fixture->tally, NAN, 0, 1, 0);
  else
    ebbi_tally_add(&c->fixture->tally, worst->found, worst->expected, scale, worst->bound / scale);
  c->fixture->tally.compared += count - 1;
  c->found.compared = 0;
  c->found.severity = 0;
}

static ebbi_picks block(size_t first, size_t count) {
  ebbi_picks picks = {0};
  while (picks.count < EBBI_PICKS && first < count) picks.index[picks.count++] = first++;
  return picks;
}

/* Every element of what forward has left (`input` EBB_NODE_INPUTS), or of an input's gradient. */
static ebb_status compare_all(node_case *c, size_t input) {
  bool forward = input == EBB_NODE_INPUTS;
  const ebb_tensor *to = forward ? c->tensors.value[NODE + 1] : c->tensors.dinput[NODE][input];
  for (size_t row = 0; row < to->rows; row += EBBI_PICKS)
    for (size_t col = 0; col < to->cols; col += EBBI_PICKS) {
      ebbi_samples s = {.rows = block(row, to->rows), .cols = block(col, to->cols)};
      ebbi_fixture_clear(&c->found.fixture);
      TRY(forward ? ebbi_compare_forward_at(&s, &c->found, &c->tensors, NODE)
                  : ebbi_compare_input_gradient_at(&s, &c->found, &c->tensors, NODE, input));
    }
  tally_found(c, (forward && c->tensors.z[NODE] ? 2 : 1) * to->rows * to->cols);
  return EBB_OK;
}

/* Those elements of the parameters' gradients that the kind picks; all must be finite. */
static ebb_status compare_gradients(node_case *c) {
  double *numbers;
  for (size_t p = 0; p < EBBI_NODE_PARAMETERS && c->tensors.dparameter[NODE][p]; p++) {
    const ebb_tensor *gradient = c->tensors.dparameter[NODE][p];
    TRY(ebbi_fixture_read(&numbers, c->fixture, gradient));
    for (size_t i = 0; i < gradient->rows * gradient->cols; i++)
      if (!isfinite(numbers[i])) ebbi_tally_add(&c->fixture->tally, numbers[i], 0, 1, 0);
  }
  if (!ebbi_node_check(&c->network.spec, NODE)->compare_gradients) return EBB_OK;
  ebbi_fixture_clear(&c->found.fixture);
  TRY(ebbi_compare_weight_gradient(&c->found, &c->tensors, NODE));
  tally_found(c, c->found.compared > 0 ? c->found.compared : 1);
  return EBB_OK;
}

/* ---- the cases ---- */

static ebb_status run_forward(node_case *c) {
  TRY(make_value(&c->tensors.value[NODE + 1], c, NODE + 1, NULL));
  if (c->kind->takes) TRY(make_value(&c->tensors.z[NODE], c, NODE + 1, NULL));
  c->call.y = c->tensors.value[NODE + 1];
  c->call.z = c->tensors.z[NODE];
  TRY(c->kind->forward(&c->call));
  return compare_all(c, EBB_NODE_INPUTS);
}

static ebb_status run_backward(node_case *c) {
  double *numbers;
  TRY(make_random(&c->tensors.dvalue[NODE + 1], &numbers, c, NODE + 1, 1));
  c->call.dy = c->tensors.dvalue[NODE + 1];
  c->call.gradients = c->tensors.dparameter[NODE];
  for (size_t i = 0; i < c->kind->inputs; i++) {
    size_t value = NODE - i;
    TRY(make_value(&c->tensors.dinput[NODE][i], c, value, NULL));
    c->call.dx[i] = c->tensors.dinput[NODE][i];
    if (!c->fused) continue;
    c->tensors.dvalue[value] = c->call.dx[i];
    c->call.below[i] =
        (ebbi_epilogue){EBB_ACT_SILU, c->tensors.z[value - 1], c->tensors.value[value]};
  }
  TRY(c->kind->backward(&c->call));
  for (size_t i = 0; i < c->kind->inputs; i++) TRY(compare_all(c, i));
  return compare_gradients(c);
}

/* What follows a step: the statistics of the node. */
static ebb_status run_settle(node_case *c) {
  const ebbi_kind_check *check = ebbi_node_check(&c->network.spec, NODE);
  size_t at = 0, most = EBBI_NODE_PARAMETERS * c->shape.cols;
  double *x, *numbers, *expected, *scale;
  TRY(ebbi_fixture_read(&x, c->fixture, c->tensors.value[NODE]));
  TRY(ebbi_fixture_array(&expected, c->fixture, most));
  TRY(ebbi_fixture_array(&scale, c->fixture, most));
  for (size_t p = 0; p < EBBI_NODE_PARAMETERS && c->tensors.parameter[NODE][p]; p++) {
    const ebb_tensor *parameter = c->tensors.parameter[NODE][p];
    TRY(ebbi_fixture_read(&numbers, c->fixture, parameter));
    for (size_t i = 0; i < parameter->cols; i++) expected[at++] = numbers[i];
  }
  const ebbi_node_arrays arrays = {.spec = &c->network.spec,
                                   .node = NODE,
                                   .batch = c->shape.rows,
                                   .live = c->shape.rows,
                                   .x = {x}};
  check->settle(expected, scale, &arrays);
  TRY(c->kind->settle(&c->call));
  at = 0;
  for (size_t p = 0; p < EBBI_NODE_PARAMETERS && c->tensors.parameter[NODE][p]; p++) {
    const ebb_tensor *parameter = c->tensors.parameter[NODE][p];
    TRY(ebbi_fixture_compare(c->fixture, parameter, expected + at, scale + at,
                             ebbi_bound_sum(c->shape.rows) + 8 * (double)FLT_EPSILON));
    at += parameter->cols;
  }
  return EBB_OK;
}

static ebb_status run_case(ebbi_fixture *fixture, ebb_kind kind, node_case *c,
                           ebb_status (*run)(node_case *c)) {
  c->fixture = fixture;
  c->kind = ebbi_kind_of(kind);
  ebb_status status = make_case(c, kind);
  if (status == EBB_OK) status = run(c);
  ebbi_fixture_clear(&c->found.fixture);
  return status;
}

/* The settings of a kind's case: those that its row names, or numbers of the first one's range. */
static void choose_settings(double out[EBB_NODE_SETTINGS], ebb_kind kind, size_t index) {
  static const double parts[EBBI_CHECK_SETTINGS] = {0, 0.3, 0.9375};
  const ebbi_kind_check *check = ebbi_kind_check_of(kind);
  const ebbi_kind_setting *setting = &ebbi_kind_of(kind)->settings[0];
  memcpy(out, check->settings[index], sizeof check->settings[index]);
  if (!setting->whole) out[0] = setting->least + parts[index] * (setting->below - setting->least);
}

/* Runs a kind in both types, with all its settings or, unless everything is checked, with the two
 * that the shape's turn brings. */
static ebb_status run_kind(ebbi_fixture *fixture, ebbi_shape s, ebb_kind kind, bool fused,
                           ebb_status (*run)(node_case *c)) {
  static const ebb_dtype dtypes[] = {EBB_F32, EBB_BF16};
  size_t multiple = ebbi_kind_check_of(kind)->multiple;
  if (multiple > 0) s.cols = (s.cols + multiple - 1) / multiple * multiple;
  size_t count = ebbi_kind_of(kind)->settings[0].name ? EBBI_CHECK_SETTINGS : 1;
  size_t turn = s.rows + s.cols + s.depth;
  for (size_t i = 0; i < (fixture->all ? 2 * count : 2); i++) {
    node_case c = {.shape = s, .dtype = dtypes[i % 2], .fused = fused};
    choose_settings(c.settings, kind, (fixture->all ? i / 2 : i + turn) % count);
    TRY(run_case(fixture, kind, &c, run));
  }
  return EBB_OK;
}

static bool stands_between(ebb_kind kind) {
  return !ebbi_kind_check_of(kind)->by_products;
}

/* x, y [rows, cols]; depth is part of the step. */
ebb_status ebbi_case_node_forward(ebbi_fixture *fixture, ebbi_shape s) {
  for (int kind = 0; kind < EBB_KIND_COUNT; kind++)
    if (stands_between((ebb_kind)kind))
      TRY(run_kind(fixture, s, (ebb_kind)kind, false, run_forward));
  return EBB_OK;
}

ebb_status ebbi_case_node_settle(ebbi_fixture *fixture, ebbi_shape s) {
  for (int kind = 0; kind < EBB_KIND_COUNT; kind++)
    if (ebbi_kind_of((ebb_kind)kind)->settle)
      TRY(run_kind(fixture, s, (ebb_kind)kind, false, run_settle));
  return EBB_OK;
}

ebb_status ebbi_case_node_backward(ebbi_fixture *fixture, ebbi_shape s) {
  for (int kind = 0; kind < EBB_KIND_COUNT; kind++) {
    const ebbi_kind *row = ebbi_kind_of((ebb_kind)kind);
    if (!stands_between((ebb_kind)kind) || !row->backward) continue;
    TRY(run_kind(fixture, s, (ebb_kind)kind, false, run_backward));
    if (row->fuses) TRY(run_kind(fixture, s, (ebb_kind)kind, true, run_backward));
  }
  return EBB_OK;
}
