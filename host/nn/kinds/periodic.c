/* Periodic embedding of numbers: each of the first `columns` columns, a number x, becomes `units`
 * numbers: x itself, and mixes of cosines whose frequencies are learned; equations (K15) to (K17).
 * The result begins with the other columns, as that of embed. Source: Gorishniy et al., "On
 * embeddings for numerical features in tabular deep learning", NeurIPS 2022; with the number itself
 * and phases, Holzmueller et al., arXiv 2407.04491 ("PBLD").
 */
#include "base/error.h"
#include "base/size.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/columns.h"
#include "ops/elements.h"

#include <math.h>

enum { FREQUENCY, PHASE, MIX, SHIFT };

/* The settings of a node; `mixes` is units - 1. */
typedef struct periodic {
  size_t columns, frequencies, mixes;
} periodic;

static periodic periodic_of(const ebb_node *node) {
  return (periodic){(size_t)node->settings[0], (size_t)node->settings[1],
                    (size_t)node->settings[2] - 1};
}

ebb_status ebb_spec_add_periodic(ebb_spec *spec, size_t columns, size_t frequencies, size_t units) {
  ebb_node node = {.kind = EBB_KIND_PERIODIC,
                   .settings = {(double)columns, (double)frequencies, (double)units}};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_periodic");
}

static ebb_status shape(ebb_node *node, const size_t cols[EBB_NODE_INPUTS], const char *where) {
  periodic p = periodic_of(node);
  REQUIRE(p.columns <= cols[0], EBB_ERR_ARGUMENT,
          "%s: periodic takes %zu columns of numbers; its input has %zu", where, p.columns,
          cols[0]);
  node->units = cols[0] + p.columns * p.mixes;
  REQUIRE(node->units <= EBB_MAX_UNITS, EBB_ERR_ARGUMENT,
          "%s: periodic makes %zu columns; a value has at most %d", where, node->units,
          EBB_MAX_UNITS);
  return EBB_OK;
}

/* Frequencies have the deviation 0.1 and so follow a standardised number slowly at first. A phase
 * of the deviation pi is uniform on the circle to within a hundredth. */
static size_t parameters(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_node *node,
                         size_t inputs) {
  periodic p = periodic_of(node);
  const double pi = 3.14159265358979323846;
  (void)inputs;
  ebbi_parameter each = {.name = "frequency",
                         .rows = p.columns,
                         .cols = p.frequencies,
                         .fill = EBBI_FILL_NORMAL,
                         .layout = EBBI_FILE_MATRIX,
                         .role = EBBI_ROLE_WEIGHT,
                         .number = 0.1};
  out[FREQUENCY] = each;
  each.name = "phase";
  each.role = EBBI_ROLE_SHIFT;
  each.number = pi;
  out[PHASE] = each;
  each.name = "mix";
  each.rows = p.columns * p.mixes;
  each.role = EBBI_ROLE_WEIGHT;
  each.number = sqrt(1 / (3.0 * (double)p.frequencies));
  out[MIX] = each;
  out[SHIFT] = (ebbi_parameter){.name = "shift",
                                .rows = p.columns,
                                .cols = p.mixes,
                                .fill = EBBI_FILL_ZERO,
                                .layout = EBBI_FILE_MATRIX,
                                .role = EBBI_ROLE_SHIFT};
  return 4;
}

/* Appends sizes that all kernels have. */
static void put_sizes(ebbi_launch *launch, const ebbi_node_call *call, periodic p) {
  ebbi_launch_int(launch, call->x[0]->stride);
  ebbi_launch_int(launch, p.columns);
  ebbi_launch_int(launch, p.frequencies);
  ebbi_launch_int(launch, p.mixes);
  ebbi_launch_int(launch, call->parameters[FREQUENCY]->stride);
}

static void put_parameters(ebbi_launch *launch, const ebbi_node_call *call, size_t count) {
  for (size_t i = 0; i < count; i++) ebbi_launch_buffer(launch, call->parameters[i]->buffer);
}

/* Flops without the cosines: an angle 2, a mix 2, for `passes` as many mixes. */
static ebbi_work work_of(const ebbi_node_call *call, periodic p, double passes) {
  size_t count = call->x[0]->rows * p.columns;
  double angles = (double)(count * p.frequencies);
  return (ebbi_work){.shape = {count, p.frequencies, p.mixes},
                     .flops = angles * 2 * (1 + passes * (double)p.mixes),
                     .bytes = 4 * (double)(count * (2 + p.mixes))};
}

/* Runs a kernel that takes each number by itself. */
static ebb_status run_numbers(ebbi_launch *launch, const ebbi_node_call *call, periodic p) {
  const ebbi_device_params *params = &call->exec->params;
  size_t count = call->x[0]->rows * p.columns;
  size_t each = (size_t)params->element_group * params->element_vectors;
  ebbi_launch_int(launch, count);
  return ebbi_launch_run(launch, ebbi_ceil_div(count, each), 1);
}

static ebb_status forward(const ebbi_node_call *call) {
  periodic p = periodic_of(&call->network->spec.nodes[call->index]);
  const ebb_tensor *x = call->x[0];
  ebb_tensor *y = call->y;
  size_t kept = x->cols - p.columns;
  TRY(ebbi_copy_columns(call->exec, y, 0, x, p.columns, kept));
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_periodic, y, x, x, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, y->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  put_parameters(&launch, call, 4);
  ebbi_launch_int(&launch, kept);
  ebbi_launch_int(&launch, y->stride);
  put_sizes(&launch, call, p);
  ebbi_launch_int(&launch, call->parameters[SHIFT]->stride);
  launch.work = work_of(call, p, 1);
  return run_numbers(&launch, call, p);
}

static ebb_status run_gradient(const ebbi_node_call *call, periodic p) {
  const ebbi_device_params *params = &call->exec->params;
  const ebb_tensor *x = call->x[0], *dy = call->dy;
  ebb_tensor *const *gradients = call->gradients;
  size_t items = p.columns * ebbi_ceil_div(p.frequencies, params->width);
  ebbi_launch launch = ebbi_elements_begin(call->exec, EBBI_KERNEL_periodic_gradient,
                                           gradients[FREQUENCY], dy, x, EBB_ACT_IDENTITY);
  for (size_t i = 0; i < 4; i++) ebbi_launch_buffer(&launch, gradients[i]->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, dy->buffer);
  put_parameters(&launch, call, 3);
  ebbi_launch_int(&launch, x->cols - p.columns);
  ebbi_launch_int(&launch, dy->stride);
  put_sizes(&launch, call, p);
  ebbi_launch_int(&launch, gradients[SHIFT]->stride);
  ebbi_launch_int(&launch, x->rows);
  launch.work = work_of(call, p, 2);
  return ebbi_launch_run(&launch, ebbi_ceil_div(items, params->element_group), 1);
}

static ebb_status run_input_gradient(const ebbi_node_call *call, periodic p) {
  const ebb_tensor *x = call->x[0], *dy = call->dy;
  ebb_tensor *dx = call->dx[0];
  size_t kept = x->cols - p.columns;
  TRY(ebbi_copy_columns(call->exec, dx, p.columns, dy, 0, kept));
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_periodic_backward, dx, dy, x, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, dx->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, dy->buffer);
  put_parameters(&launch, call, 3);
  ebbi_launch_int(&launch, kept);
  ebbi_launch_int(&launch, dx->stride);
  ebbi_launch_int(&launch, dy->stride);
  put_sizes(&launch, call, p);
  launch.work = work_of(call, p, 1);
  return run_numbers(&launch, call, p);
}

static ebb_status backward(const ebbi_node_call *call) {
  periodic p = periodic_of(&call->network->spec.nodes[call->index]);
  TRY(run_gradient(call, p));
  return call->dx[0] ? run_input_gradient(call, p) : EBB_OK;
}

const ebbi_kind ebbi_kind_periodic = {
    .name = "periodic",
    .word = "periodic",
    .example = "periodic2x16x4",
    .help = "numbers: each of the first 2 columns becomes 4, itself and 3 mixes of 16 cosines",
    .settings = {{"columns", 1, EBB_MAX_UNITS + 1, 0, true},
                 {"frequencies", 1, 1025, 16, true},
                 {"units", 2, 1025, 4, true}},
    .inputs = 1,
    .front = true,
    .exact = true,
    .shape = shape,
    .parameters = parameters,
    .forward = forward,
    .backward = backward,
};
