/* The reference of networks that are graphs: kinds of nodes by hand, and gradients of values with
 * several readers against finite differences of the loss.
 */
#include "base/rng.h"
#include "check/differences.h"
#include "check/rounding.h"
#include "check/slab.h"
#include "check/spread.h"
#include <ebb/status.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { BATCH = 7, LIVE = 6, INPUTS = 5, OUTPUTS = 3, HIDDEN = 4, THREE = 3 };

static double random_value(uint64_t seed, size_t index) {
  uint32_t block[4];
  ebbi_philox(block, seed, EBBI_RNG_TEST, 1, index);
  return (double)ebbi_normal(block[0]);
}

#define DENSE(from, to, f)                                                                         \
  {.kind = EBB_KIND_DENSE, .inputs = {from}, .units = (to), .activation = EBB_ACT_##f}
#define NOBIAS(from, to, f)                                                                        \
  {.kind = EBB_KIND_DENSE,                                                                         \
   .inputs = {from},                                                                               \
   .units = (to),                                                                                  \
   .activation = EBB_ACT_##f,                                                                      \
   .settings = {1}}
#define DROPOUT(from, to, rate)                                                                    \
  {                                                                                                \
    .kind = EBB_KIND_DROPOUT, .inputs = {from}, .units = (to), .settings = { rate }                \
  }
#define RES(branch, skip, to)  {.kind = EBB_KIND_RES, .inputs = {branch, skip}, .units = (to)}
#define WIDE(branch, skip, to) {.kind = EBB_KIND_WIDE, .inputs = {branch, skip}, .units = (to)}
#define FRONT(text, from, to, ...)                                                                 \
  {                                                                                                \
    .kind = EBB_KIND_##text, .inputs = {from}, .units = (to), .settings = { __VA_ARGS__ }          \
  }
#define NORM(KIND, from, to, eps, f)                                                               \
  {                                                                                                \
    .kind = EBB_KIND_##KIND, .inputs = {from}, .units = (to), .activation = EBB_ACT_##f,           \
    .settings = {                                                                                  \
      eps                                                                                          \
    }                                                                                              \
  }
#define EMBED(from, to, ...)    FRONT(EMBED, from, to, __VA_ARGS__)
#define PERIODIC(from, to, ...) FRONT(PERIODIC, from, to, __VA_ARGS__)
#define MEMBERS(KIND, from, to, count, f, ...)                                                     \
  {                                                                                                \
    .kind = EBB_KIND_##KIND, .inputs = {from}, .units = (to), .activation = EBB_ACT_##f,           \
    .members = (count), .settings = {                                                              \
      __VA_ARGS__                                                                                  \
    }                                                                                              \
  }
#define PLAIN(kind_of, from, to) {.kind = EBB_KIND_##kind_of, .inputs = {from}, .units = (to)}

/* Value 1 has three readers, one with its activation and two without; one node reads value 4 twice;
 * value 0 is read through dropout and directly. */
static const ebb_spec graphs[] = {
    {INPUTS, 3, .nodes = {DENSE(0, HIDDEN, TANH), RES(1, 1, HIDDEN), DENSE(2, OUTPUTS, IDENTITY)}},
    {INPUTS, 7,
     .nodes = {DENSE(0, HIDDEN, TANH), DROPOUT(1, HIDDEN, 0.4), DENSE(2, HIDDEN, SIGMOID),
               RES(3, 1, HIDDEN), DENSE(4, HIDDEN, GELU), RES(5, 1, HIDDEN),
               DENSE(6, OUTPUTS, IDENTITY)}},
    {INPUTS, 8,
     .nodes = {DROPOUT(0, INPUTS, 0.3), DENSE(1, INPUTS, IDENTITY), RES(2, 0, INPUTS),
               RES(3, 1, INPUTS), DROPOUT(4, INPUTS, 0.2), RES(4, 5, INPUTS), RES(6, 6, INPUTS),
               DENSE(7, OUTPUTS, IDENTITY)}},
    {INPUTS, 5,
     .nodes = {DENSE(0, HIDDEN, SOFTPLUS), RES(1, 1, HIDDEN), DENSE(2, HIDDEN, ELU),
               RES(3, 2, HIDDEN), DENSE(4, OUTPUTS, IDENTITY)}},
    {INPUTS, 4,
     .nodes = {NOBIAS(0, HIDDEN, GELU), NOBIAS(1, HIDDEN, TANH), RES(2, 1, HIDDEN),
               NOBIAS(3, OUTPUTS, IDENTITY)}},
    {INPUTS, 5,
     .nodes = {PERIODIC(0, 11, 3, 4, 3), PERIODIC(1, 12, 1, 2, 2), DENSE(2, HIDDEN, TANH),
               PERIODIC(3, 9, 1, 1, 6), DENSE(4, OUTPUTS, IDENTITY)}},
    {INPUTS, 5,
     .nodes = {EMBED(0, 11, 2, 2, HIDDEN), EMBED(1, 12, 1, 3, 2), DENSE(2, HIDDEN, TANH),
               EMBED(3, HIDDEN, 1, 1, 1), DENSE(4, OUTPUTS, IDENTITY)}},
    {INPUTS, 5,
     .nodes = {DENSE(0, 2 * HIDDEN, IDENTITY), PLAIN(GLU, 1, HIDDEN), DENSE(2, 2 * HIDDEN, TANH),
               PLAIN(SWIGLU, 3, HIDDEN), DENSE(4, OUTPUTS, IDENTITY)}},
    {INPUTS, 5,
     .nodes = {DENSE(0, HIDDEN, TANH), WIDE(1, 0, HIDDEN + INPUTS), DENSE(2, HIDDEN, GELU),
               WIDE(3, 1, 2 * HIDDEN), DENSE(4, OUTPUTS, IDENTITY)}},
    {INPUTS, 5,
     .nodes = {NORM(BATCHNORM, 0, INPUTS, 1e-5, IDENTITY), DENSE(1, HIDDEN, IDENTITY),
               NORM(BATCHNORM, 2, HIDDEN, 0.1, TANH), RES(3, 2, HIDDEN),
               DENSE(4, OUTPUTS, IDENTITY)}},
    {INPUTS, 6,
     .nodes = {NORM(LAYERNORM, 0, INPUTS, 1e-5, IDENTITY), DENSE(1, HIDDEN, TANH),
               NORM(RMSNORM, 2, HIDDEN, 0.1, GELU), RES(3, 2, HIDDEN),
               NORM(LAYERNORM, 4, HIDDEN, 0.01, SILU), DENSE(5, OUTPUTS, IDENTITY)}},
    {INPUTS, 7,
     .nodes = {{.kind = EBB_KIND_NOISE, .inputs = {0}, .units = INPUTS, .settings = {0.3}},
               PLAIN(SCALE, 1, INPUTS),
               DENSE(2, HIDDEN, GELU),
               PLAIN(PRELU, 3, HIDDEN),
               RES(4, 3, HIDDEN),
               PLAIN(SCALE, 5, HIDDEN),
               DENSE(6, OUTPUTS, IDENTITY)}},
    {INPUTS, 10,
     .nodes = {DENSE(0, HIDDEN, TANH),
               MEMBERS(MEMBERS, 1, HIDDEN, THREE, IDENTITY, THREE),
               MEMBERS(ADAPTER, 2, HIDDEN, THREE, IDENTITY, 1, 1),
               MEMBERS(DENSE, 3, HIDDEN, THREE, IDENTITY, 1),
               MEMBERS(ADAPTER, 4, HIDDEN, THREE, GELU, 0, 0),
               MEMBERS(DENSE, 5, HIDDEN, THREE, TANH, 0),
               {.kind = EBB_KIND_RES, .inputs = {6, 2}, .units = HIDDEN, .members = THREE},
               MEMBERS(ADAPTER, 7, HIDDEN, THREE, TANH, 1, 0),
               MEMBERS(HEADS, 8, OUTPUTS, THREE, IDENTITY, OUTPUTS),
               MEMBERS(MEAN, 9, OUTPUTS, 1, IDENTITY, 1)}},
};
enum { GRAPHS = sizeof graphs / sizeof *graphs };

static ebbi_reference_network *make_network(const ebb_spec *spec, ebb_loss loss) {
  static const int32_t labels[BATCH] = {0, 2, 1, 2, 1, 0, 2};
  static double values[BATCH * OUTPUTS];
  ebbi_reference_network *network = NULL;
  assert_int_equal(ebbi_reference_create(&network, spec, BATCH), EBB_OK);
  for (size_t i = 0; i < BATCH * OUTPUTS; i++) values[i] = random_value(3, i);
  ebbi_reference_values(values, BATCH * OUTPUTS, loss.kind);
  network->target = (ebbi_reference_target){loss, labels, values, NULL, 0};
  network->live = LIVE;
  network->seed = 17;
  for (size_t i = 0; i < network->count; i++) network->parameters[i] = 0.5 * random_value(1, i);
  for (size_t i = 0; i < BATCH * INPUTS; i++) network->y[0][i] = random_value(2, i);
  ebbi_reference_run_forward(network, 0);
  ebbi_reference_run_backward(network);
  return network;
}

/* The worst error of all parameters; `checked` counts them. */
static double worst_difference(size_t *checked, ebbi_reference_network *network) {
  double worst = 0;
  *checked = 0;
  for (size_t n = 0; n < network->spec.count; n++) {
    ebbi_parameter all[EBBI_NODE_PARAMETERS];
    size_t count = ebbi_node_parameters(all, &network->spec, n);
    for (size_t p = 0; p < count; p++) {
      ebbi_difference found;
      assert_int_equal(ebbi_difference_check(&found, network, n, p, 500, 1), EBB_OK);
      worst = fmax(worst, found.error);
      *checked += found.checked;
    }
  }
  return worst;
}

static void gradients_of_graphs_are_derivatives(void **state) {
  (void)state;
  for (size_t g = 0; g < GRAPHS; g++)
    for (int loss = 0; loss < EBB_LOSS_COUNT; loss++) {
      ebbi_reference_network *network =
          make_network(&graphs[g], ebb_loss_default((ebb_loss_kind)loss));
      size_t checked;
      double worst = worst_difference(&checked, network);
      if (!(worst <= EBBI_DIFFERENCE_BOUND)) fail_msg("graph %zu: error %g", g, worst);
      assert_int_equal(checked, network->count);
      ebbi_reference_free(network);
    }
}

/* Differences with another step's masks do not match: they belong to another loss. */
static void differences_find_another_mask(void **state) {
  (void)state;
  ebbi_reference_network *network = make_network(&graphs[1], ebb_loss_default(EBB_LOSS_MSE));
  size_t checked;
  network->step++;
  ebbi_reference_run_forward(network, 0);
  assert_true(worst_difference(&checked, network) > EBBI_DIFFERENCE_BOUND);
  ebbi_reference_run_backward(network);
  assert_true(worst_difference(&checked, network) <= EBBI_DIFFERENCE_BOUND);
  ebbi_reference_free(network);
}

static void dense_layers_by_hand(void **state) {
  (void)state;
  const double x[] = {1, 2, 3, -4}, w[] = {1, 0, -1, 2, 1, -2}, b[] = {10, 20, 30};
  const double expected_z[] = {15, 22, 25, 5, 16, 35}; /* [2, 2] . [2, 3] + b */
  const double dz[] = {1, 0, 2, -1, 3, 0};
  const double expected_dw[] = {-2, 9, 2, 6, -12, 4}, expected_db[] = {0, 3, 2};
  const double da[] = {-1, -2, -1, 1}, z_below[] = {1, -1, -1, 1}, below[] = {-1, 0, 0, 1};
  double z[6], dw[6], db[3], found[4] = {0};
  ebbi_reference_forward(z, x, w, b, 2, 2, 3);
  assert_memory_equal(z, expected_z, sizeof z);
  ebbi_reference_weight_gradient(dw, db, x, dz, 2, 2, 3);
  assert_memory_equal(dw, expected_dw, sizeof dw);
  assert_memory_equal(db, expected_db, sizeof db);
  /* dz.w^T is added to the contents; relu' at z_below passes {-1, 1}. */
  ebb_spec spec = {2, 1, .nodes = {{.units = 3}}};
  double parameters[9] = {1, 0, -1, 2, 1, -2};
  ebbi_node_arrays n = {
      .spec = &spec, .batch = 2, .parameters = parameters, .dz = dz, .dx = {found}};
  ebbi_node_check(&spec, 0)->backward(&n);
  assert_memory_equal(found, da, sizeof da);
  ebbi_node_check(&spec, 0)->backward(&n);
  for (int i = 0; i < 4; i++) assert_true(found[i] == 2 * da[i]);
  for (int i = 0; i < 4; i++)
    assert_true(da[i] * ebbi_reference_slope(EBB_ACT_RELU, z_below[i]) == below[i]);
}

/* A sum with itself doubles, then a sum with that triples: y = 6 x + 1, so dw = 6 dy. */
static void residuals_by_hand(void **state) {
  (void)state;
  const ebb_spec spec = {
      1, 4, .nodes = {DENSE(0, 1, IDENTITY), RES(1, 1, 1), RES(2, 1, 1), DENSE(3, 1, IDENTITY)}};
  const double y[] = {9};
  ebbi_reference_network *network = NULL;
  assert_int_equal(ebbi_reference_create(&network, &spec, 1), EBB_OK);
  network->target = (ebbi_reference_target){ebb_loss_default(EBB_LOSS_MSE), NULL, y, NULL, 0};
  network->y[0][0] = 2, network->parameters[0] = 1, network->parameters[2] = 2;
  network->parameters[3] = 1;
  ebbi_reference_run_forward(network, 0);
  ebbi_reference_run_backward(network);
  const double values[] = {2, 2, 4, 6, 13}, gradients[] = {0, 48, 16, 16, 8};
  for (size_t v = 0; v < 5; v++) assert_true(network->y[v][0] == values[v]);
  for (size_t v = 1; v < 5; v++) assert_true(network->dy[v][0] == gradients[v]);
  assert_true(network->gradients[0] == 96 && network->gradients[1] == 48);
  ebbi_reference_free(network);
}

/* ---- dropout ---- */

enum { ROWS = 200, COLS = 37 };

/* A node's mask in a step: dropout applied to ones. */
static void draw(double *mask, size_t node, uint64_t seed, uint64_t step, double rate) {
  static double ones[ROWS * COLS];
  ebb_spec spec = {.inputs = COLS, .count = node + 1};
  for (size_t i = 0; i < ROWS * COLS; i++) ones[i] = 1;
  for (size_t n = 0; n <= node; n++) spec.nodes[n] = (ebb_node)DROPOUT(n, COLS, rate);
  const ebbi_node_arrays n = {.spec = &spec,
                              .node = node,
                              .batch = ROWS,
                              .x = {ones},
                              .z = mask,
                              .seed = seed,
                              .step = step};
  ebbi_kind_check_of(EBB_KIND_DROPOUT)->forward(&n);
}

static size_t differences(const double *a, const double *b) {
  size_t count = 0;
  for (size_t i = 0; i < ROWS * COLS; i++) count += a[i] != b[i];
  return count;
}

static void dropout_leaves_the_mean(void **state) {
  (void)state;
  const double rates[] = {0, 0.1, 0.5, 0.9};
  static double mask[ROWS * COLS];
  for (size_t r = 0; r < sizeof rates / sizeof *rates; r++) {
    double rate = rates[r], kept = 0, count = ROWS * COLS;
    draw(mask, 0, 5, 1, rate);
    for (size_t i = 0; i < ROWS * COLS; i++) {
      assert_true(mask[i] == 0 || mask[i] == 1 / (1 - rate));
      kept += mask[i] != 0;
    }
    /* Five standard deviations of a binomial distribution; at rate 0 nothing is dropped. */
    assert_true(fabs(kept / count - (1 - rate)) <= 5 * sqrt(rate * (1 - rate) / count));
  }
}

static void masks_differ_by_seed_node_step_and_place(void **state) {
  (void)state;
  static double mask[ROWS * COLS], other[ROWS * COLS];
  const struct {
    size_t node;
    uint64_t seed, step;
  } others[] = {
      {3, 5, 1}, {0, 6, 1}, {0, 5, 2}, {0, 5 + (1ULL << 32), 1}, {0, 5, 1 + (1ULL << 32)}};
  draw(mask, 0, 5, 1, 0.5);
  draw(other, 0, 5, 1, 0.5);
  assert_int_equal(differences(mask, other), 0);
  for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
    draw(other, others[i].node, others[i].seed, others[i].step, 0.5);
    size_t differing = differences(mask, other); /* about half of them */
    assert_true(differing > ROWS * COLS * 2 / 5 && differing < ROWS * COLS * 3 / 5);
  }
  size_t rows = 0, cols = 0;
  for (size_t i = COLS; i < ROWS * COLS; i++) rows += mask[i] != mask[i - COLS];
  for (size_t i = 4; i < ROWS * COLS; i++) cols += mask[i] != mask[i - 4];
  assert_true(rows > ROWS * COLS * 2 / 5 && cols > ROWS * COLS * 2 / 5);
}

/* ---- rounding ---- */

/* The network in float32 by plain loops: dense and residual nodes, relu or no activation. */
static void run_floats(float *values[], const ebbi_reference_network *r) {
  for (size_t n = 0; n < r->spec.count; n++) {
    const ebb_node *node = &r->spec.nodes[n];
    size_t cols = ebb_spec_cols(&r->spec, node->inputs[0]);
    const double *w = r->parameters + ebbi_reference_offset(&r->spec, n);
    const float *x = values[node->inputs[0]], *skip = values[node->inputs[1]];
    for (size_t i = 0; i < r->batch * node->units; i++) {
      size_t row = i / node->units, col = i % node->units;
      float sum = node->kind == EBB_KIND_RES ? x[i] + skip[i] : (float)w[cols * node->units + col];
      for (size_t k = 0; node->kind == EBB_KIND_DENSE && k < cols; k++)
        sum += x[row * cols + k] * (float)w[k * node->units + col];
      values[n + 1][i] = node->activation == EBB_ACT_RELU && sum < 0 ? 0 : sum;
    }
  }
}

/* Errors of values that are repeatedly added to themselves stay within the bound. They would not if
 * the variances of a sum's terms were added as if the terms were independent. */
static void rounding_bounds_hold_where_errors_meet(void **state) {
  (void)state;
  enum { DOUBLINGS = 12, NODES = DOUBLINGS + 2 };
  ebb_spec spec = {INPUTS, NODES, .nodes = {DENSE(0, HIDDEN, RELU)}};
  ebbi_reference_network *network, *spread;
  float storage[NODES + 1][BATCH * INPUTS], *values[NODES + 1];
  for (size_t n = 1; n <= DOUBLINGS; n++) spec.nodes[n] = (ebb_node)RES(n, n, HIDDEN);
  spec.nodes[NODES - 1] = (ebb_node)DENSE(NODES - 1, OUTPUTS, IDENTITY);
  network = make_network(&spec, ebb_loss_default(EBB_LOSS_MSE));
  for (size_t i = 0; i < network->count; i++)
    network->parameters[i] = (double)(float)network->parameters[i];
  for (size_t v = 0; v <= NODES; v++) values[v] = storage[v];
  for (size_t i = 0; i < BATCH * INPUTS; i++)
    values[0][i] = (float)(network->y[0][i] = (double)(float)network->y[0][i]);
  ebbi_reference_run_forward(network, 0);
  ebbi_reference_run_backward(network);
  assert_int_equal(ebbi_rounding_create(&spread, network, EBB_PRECISION_FP32), EBB_OK);
  run_floats(values, network);
  for (size_t v = 1; v <= NODES; v++) {
    double found[BATCH * INPUTS];
    ebbi_tally tally = {0};
    size_t count = BATCH * ebb_spec_cols(&spec, v);
    for (size_t i = 0; i < count; i++) found[i] = (double)values[v][i];
    ebbi_rounding_tally(&tally, found, network->y[v], spread->y[v], count);
    if (!(tally.error <= tally.bound)) fail_msg("value %zu: %g of %g", v, tally.error, tally.bound);
    assert_true(tally.bound < 1e-4);
  }
  /* Doubled errors are doubled, not times the root of 2. */
  for (size_t i = 0; i < BATCH * HIDDEN; i++)
    assert_true(sqrt(spread->y[DOUBLINGS + 1][i]) >=
                (1 << DOUBLINGS) * sqrt(spread->y[1][i]) * (1 - 1e-9));
  assert_true(ebbi_spread_add(0, 3) == 3 && ebbi_spread_add(3, 0) == 3);
  ebbi_reference_free(network);
  ebbi_reference_free(spread);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradients_of_graphs_are_derivatives),
      cmocka_unit_test(differences_find_another_mask),
      cmocka_unit_test(dense_layers_by_hand),
      cmocka_unit_test(residuals_by_hand),
      cmocka_unit_test(dropout_leaves_the_mean),
      cmocka_unit_test(masks_differ_by_seed_node_step_and_place),
      cmocka_unit_test(rounding_bounds_hold_where_errors_meet),
  };
  return cmocka_run_group_tests_name("reference_nodes", tests, NULL, NULL);
}
