/* Batch normalisation: y = f(x^ w + b), x^ = (x - mean) / sqrt(variance + eps) over the rows of a
 * column. In training the moments are the batch's, else the running ones, which move towards those
 * of each batch.
 * Source: Ioffe and Szegedy, "Batch normalization", ICML 2015.
 */
#include "base/error.h"
#include "base/size.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/elements.h"

enum { WEIGHT, BIAS, MEAN, VARIANCE, PARAMETERS };

static double or_standard(double value, size_t setting) {
  return value == 0 ? ebbi_kind_batchnorm.settings[setting].standard : value;
}

ebb_status ebb_spec_add_batchnorm(ebb_spec *spec, double epsilon, double momentum,
                                  ebb_activation activation) {
  ebb_node node = {.kind = EBB_KIND_BATCHNORM,
                   .activation = activation,
                   .settings = {or_standard(epsilon, 0), or_standard(momentum, 1)}};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_batchnorm");
}

static size_t parameters(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_node *node,
                         size_t inputs) {
  static const ebbi_parameter all[PARAMETERS] = {
      [WEIGHT] = {"weight", 1, 0, EBBI_FILL_CONSTANT, EBBI_FILE_VECTOR, EBBI_ROLE_SHIFT, 1},
      [BIAS] = {"bias", 1, 0, EBBI_FILL_ZERO, EBBI_FILE_VECTOR, EBBI_ROLE_SHIFT, 0},
      [MEAN] = {"running_mean", 1, 0, EBBI_FILL_ZERO, EBBI_FILE_VECTOR, EBBI_ROLE_STATISTIC, 0},
      [VARIANCE] = {"running_var", 1, 0, EBBI_FILL_CONSTANT, EBBI_FILE_VECTOR, EBBI_ROLE_STATISTIC,
                    1}};
  (void)node;
  for (size_t p = 0; p < PARAMETERS; p++) {
    out[p] = all[p];
    out[p].cols = inputs;
  }
  return PARAMETERS;
}

static const ebb_node *node_of(const ebbi_node_call *call) {
  return &call->network->spec.nodes[call->index];
}

static ebb_status require(const ebbi_node_call *call) {
  const ebb_tensor *x = call->x[0];
  for (size_t p = 0; p < PARAMETERS; p++)
    TRY(ebbi_tensor_require("batchnorm", "parameter", call->parameters[p], x->device, EBB_F32, 1,
                            x->cols));
  return call->training ? ebbi_require_state("batchnorm", call->state, x->device) : EBB_OK;
}

/* Appends the last arguments and runs: a group for each vector of columns. */
static ebb_status run(ebbi_launch *launch, const ebbi_node_call *call) {
  const ebb_tensor *x = call->x[0];
  ebbi_launch_int(launch, x->cols);
  ebbi_launch_int(launch, x->stride);
  return ebbi_launch_run(launch, ebbi_ceil_div(x->cols, call->exec->params.width), 1);
}

static ebb_status forward(const ebbi_node_call *call) {
  const ebb_tensor *x = call->x[0];
  const ebbi_epilogue none = {.activation = EBB_ACT_IDENTITY};
  TRY(ebbi_elements_require("batchnorm", call->y, x, call->z, &none));
  TRY(ebbi_tensor_require_apart("batchnorm", "y", call->y, "x", x));
  TRY(require(call));
  ebbi_launch launch = ebbi_elements_begin(call->exec, EBBI_KERNEL_batchnorm_forward, call->y, x,
                                           NULL, node_of(call)->activation);
  ebbi_launch_buffer(&launch, call->y->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(call->z));
  ebbi_launch_buffer(&launch, x->buffer);
  for (size_t p = 0; p < PARAMETERS; p++) ebbi_launch_buffer(&launch, call->parameters[p]->buffer);
  ebbi_launch_buffer(&launch, call->training ? call->state->buffer : NULL);
  ebbi_launch_float(&launch, node_of(call)->settings[0]);
  ebbi_launch_int(&launch, call->training ? 1 : 0);
  ebbi_launch_int(&launch, x->rows);
  ebbi_elements_work(&launch, call->y, x, call->z, &none, 9);
  return run(&launch, call);
}

static ebb_status backward(const ebbi_node_call *call) {
  const ebb_tensor *x = call->x[0], *to = call->dx[0] ? call->dx[0] : x;
  const ebbi_epilogue *below = &call->below[0];
  TRY(ebbi_elements_require("batchnorm gradient", to, x, call->dy, below));
  if (call->dx[0])
    TRY(ebbi_tensor_require_apart("batchnorm gradient", "dx", call->dx[0], "dz", call->dy));
  TRY(require(call));
  ebbi_launch launch = ebbi_elements_begin(call->exec, EBBI_KERNEL_batchnorm_backward, to, x,
                                           call->dy, below->activation);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(call->dx[0]));
  ebbi_launch_buffer(&launch, call->gradients[WEIGHT]->buffer);
  ebbi_launch_buffer(&launch, call->gradients[BIAS]->buffer);
  ebbi_launch_buffer(&launch, call->dy->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, call->parameters[WEIGHT]->buffer);
  ebbi_launch_buffer(&launch, call->parameters[MEAN]->buffer);
  ebbi_launch_buffer(&launch, call->parameters[VARIANCE]->buffer);
  ebbi_launch_buffer(&launch, call->state->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(below->z));
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(below->a));
  ebbi_launch_float(&launch, node_of(call)->settings[0]);
  ebbi_launch_int(&launch, x->rows);
  ebbi_elements_work(&launch, to, x, call->dy, below, 18);
  return run(&launch, call);
}

static ebb_status settle(const ebbi_node_call *call) {
  const ebb_tensor *x = call->x[0];
  TRY(require(call));
  ebbi_launch launch = ebbi_elements_begin(call->exec, EBBI_KERNEL_batchnorm_settle,
                                           call->parameters[MEAN], x, NULL, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, call->parameters[MEAN]->buffer);
  ebbi_launch_buffer(&launch, call->parameters[VARIANCE]->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, call->state->buffer);
  ebbi_launch_float(&launch, node_of(call)->settings[1]);
  ebbi_elements_work(&launch, x, x, NULL, &(ebbi_epilogue){0}, 5);
  return run(&launch, call);
}

const ebbi_kind ebbi_kind_batchnorm = {
    .name = "batchnorm",
    .word = "batchnorm",
    .example = "batchnormrelu",
    .help = "each column shifted to mean 0 and scaled to variance 1 over the batch, or by running "
            "statistics after training, then times a weight, plus a bias",
    .settings = {{"eps", 1e-9, 1, 1e-5, .silent = true},
                 {"momentum", 1e-9, 1, 0.1, .silent = true}},
    .inputs = 1,
    .takes = true,
    .mixes_rows = true,
    .fuses = true,
    .parameters = parameters,
    .forward = forward,
    .backward = backward,
    .settle = settle,
};
