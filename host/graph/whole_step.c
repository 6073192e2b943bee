/* Whole steps of small networks: the batch is cut into slices, the layers become a table.
 *
 * Slices depend on shapes and the slab's length only, and their gradients are added in order, so
 * results do not depend on the number of cores. A slice is a work-item of the CPU form or a
 * work-group of the GPU form (whole_step_gpu.c). Slices are small enough to occupy all cores with a
 * large batch, and large enough to make adding their gradients worthwhile.
 */
#include "whole_step.h"

#include "base/error.h"
#include "base/size.h"
#include "ops/loss_row.h"
#include "ops/ops.h"
#include "whole_table.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Limits of the number of slices, and of the floats in the gradients of all slices, which are
 * written and read in every step. A GPU has more compute units to occupy, and more bandwidth. */
static const struct {
  size_t slices, gradients;
} cpu_cut = {32, 524288}, group_cut = {128, 2097152};

/* Units are transposed in pairs of vectors, of 16 floats at most. */
enum { PAIR = 2 * 16 };

/* Fills the layers' rows, unless `rows` is NULL, and computes the length of a slice's values. */
static size_t fill_layers(ebbi_table_row *rows, const ebbi_whole_network *network, size_t pitch) {
  size_t end = network->layers[0].inputs * pitch;
  for (size_t l = 0; l < network->count; l++) {
    const ebbi_whole_layer *layer = &network->layers[l];
    size_t z = end, a = z;
    if (ebb_activation_needs_z(layer->activation)) a += layer->outputs * pitch;
    end = a + layer->outputs * pitch;
    if (!rows) continue;
    ebbi_table_row *row = &rows[l * EBBI_LAYER_ROWS];
    row->layer.inputs = (int32_t)layer->inputs;
    row->layer.outputs = (int32_t)layer->outputs;
    row->layer.activation = EBB_ACTIVATION_ROW((int32_t)layer->activation);
    row->layer.weight = (int32_t)layer->weight;
    row->layer.bias = layer->bias == EBBI_WHOLE_NONE ? -1 : (int32_t)layer->bias;
    row->layer.stride = (int32_t)ebbi_stride(layer->inputs, layer->outputs);
    row->layer.z = (int32_t)z;
    row->layer.a = (int32_t)a;
    row[1].layer_end.parameter = (float)ebb_activation_parameter(layer->activation);
  }
  return end;
}

/* Finds the widest layer or input, and the activations in use except the last layer's. */
static size_t survey(unsigned *activations, const ebbi_whole_network *network) {
  size_t widest = network->layers[0].inputs;
  *activations = 0;
  for (size_t l = 0; l < network->count; l++) {
    if (network->layers[l].outputs > widest) widest = network->layers[l].outputs;
    if (l + 1 < network->count)
      *activations |= 1u << EBB_ACTIVATION_ROW(network->layers[l].activation);
  }
  return widest;
}

/* Returns a power of two, so that chunks divide evenly among as many cores. */
static size_t most_slices(size_t parameters, bool grouped) {
  size_t most = grouped ? group_cut.slices : cpu_cut.slices;
  size_t gradients = grouped ? group_cut.gradients : cpu_cut.gradients;
  while (most > 1 && most * parameters > gradients) most /= 2;
  return most;
}

bool ebbi_whole_is_grouped(const ebbi_exec *exec, const ebb_device *device) {
  ebb_engine engine = exec->engine;
  bool cpu = ebb_device_get_info(device)->type == EBB_DEVICE_CPU;
  return engine == EBB_ENGINE_GPU || (engine == EBB_ENGINE_CLBLAST && !cpu);
}

bool ebbi_whole_fits(const ebbi_exec *exec, const ebb_device *device,
                     const ebbi_whole_network *network) {
  unsigned activations;
  return survey(&activations, network) <= EBBI_WHOLE_WIDTH &&
         network->parameters <= EBBI_WHOLE_PARAMETERS &&
         (!ebbi_whole_is_grouped(exec, device) || ebbi_group_fits(exec, device, network));
}

/* With the engine cpu true only on CPUs: one work-item would do what a GPU spreads over many. */
bool ebbi_whole_is_faster(const ebbi_exec *exec, const ebb_device *device,
                          const ebbi_whole_network *network) {
  if (!ebbi_whole_fits(exec, device, network)) return false;
  ebb_engine engine = exec->engine;
  if (engine == EBB_ENGINE_GPU) return network->parameters <= EBBI_WHOLE_GROUPED;
  return engine == EBB_ENGINE_CPU && ebb_device_get_info(device)->type == EBB_DEVICE_CPU;
}

ebb_status ebbi_whole_layout_make(ebbi_whole_layout *layout, const ebbi_exec *exec,
                                  const ebb_device *device, const ebbi_whole_network *network,
                                  size_t batch) {
  size_t outputs = network->layers[network->count - 1].outputs;
  *layout = (ebbi_whole_layout){.grouped = ebbi_whole_is_grouped(exec, device),
                                .batch = batch,
                                .chunks = ebbi_ceil_div(batch, EBBI_CHUNK),
                                .pitch = EBBI_CHUNK,
                                .table = 1 + EBBI_LAYER_ROWS * network->count};
  size_t widest = survey(&layout->activations, network), parameters = network->parameters;
  REQUIRE(widest <= EBBI_WHOLE_WIDTH, EBB_ERR_UNSUPPORTED,
          "whole steps: a layer or the input is %zu wide, at most %d are possible; let steps run "
          "layer by layer",
          widest, EBBI_WHOLE_WIDTH);
  REQUIRE(parameters <= EBBI_WHOLE_PARAMETERS, EBB_ERR_UNSUPPORTED,
          "whole steps: the parameters are %zu floats with padding, at most %d are possible; let "
          "steps run layer by layer",
          parameters, EBBI_WHOLE_PARAMETERS);
  size_t most = most_slices(parameters, layout->grouped);
  layout->slices = layout->chunks < most ? layout->chunks : most;
  if (layout->grouped) layout->pitch += exec->params.width;
  layout->spare = fill_layers(NULL, network, layout->pitch);
  layout->scratch =
      layout->spare + (layout->grouped ? outputs : ebbi_round_up(widest, PAIR)) * layout->pitch;
  if (layout->grouped) TRY(ebbi_group_layout(layout, exec, device, network));
  layout->phases = ebbi_whole_phases(NULL, network, layout->panel);
  layout->table += 1 + layout->phases;
  return EBB_OK;
}

size_t ebbi_whole_table_bytes(const ebbi_whole_layout *layout) {
  return layout->table * sizeof(ebbi_table_row);
}

size_t ebbi_whole_scratch_bytes(const ebbi_whole_layout *layout) {
  if (layout->scratch == 0) return 0;
  return layout->slices * ebbi_stride(layout->slices, layout->scratch) * sizeof(float);
}

static ebb_status upload_table(ebbi_whole_step *step, const ebbi_whole_network *network) {
  const ebbi_whole_layout *layout = &step->layout;
  size_t width = step->exec.params.width;
  ebbi_table_row *rows = calloc(layout->table, sizeof *rows);
  REQUIRE(rows, EBB_ERR_MEMORY, "whole steps: no memory");
  rows->plan.layers = (int32_t)network->count;
  rows->plan.batch = (int32_t)layout->batch;
  rows->plan.chunks = (int32_t)layout->chunks;
  rows->plan.slices = (int32_t)layout->slices;
  rows->plan.spare = (int32_t)layout->spare;
  rows->plan.scratch_stride = (int32_t)(step->scratch ? step->scratch->stride : 0);
  rows->plan.gradient_stride = (int32_t)step->gradients->stride;
  rows->plan.vectors = (int32_t)ebbi_ceil_div(network->parameters, width);
  fill_layers(rows + 1, network, layout->pitch);
  ebbi_table_row *phases = rows + 1 + EBBI_LAYER_ROWS * network->count;
  phases->phases.count = (int32_t)layout->phases;
  phases->phases.panel = (int32_t)layout->panel;
  phases->phases.values = (int32_t)layout->values;
  ebbi_whole_phases(phases + 1, network, layout->panel);
  ebb_status status = ebb_tensor_upload(step->table, rows);
  free(rows);
  return status;
}

static ebb_status build(ebbi_whole_step *step, ebb_device *device,
                        const ebbi_whole_network *network, ebb_loss loss) {
  size_t slices = step->layout.slices;
  TRY(ebb_tensor_create_packed(&step->table, device, EBB_I32, step->layout.table,
                               EBBI_TABLE_WORDS));
  if (step->layout.scratch > 0)
    TRY(ebb_tensor_create(&step->scratch, device, EBB_F32, slices, step->layout.scratch));
  TRY(ebb_tensor_create(&step->gradients, device, EBB_F32, slices, network->parameters));
  TRY(ebb_tensor_create_packed(&step->partials, device, EBB_F32, slices, ebbi_loss_sums(loss)));
  return upload_table(step, network);
}

ebb_status ebbi_whole_step_create(ebbi_whole_step **out, const ebbi_exec *exec, ebb_device *device,
                                  const ebbi_whole_network *network, size_t batch, ebb_loss loss) {
  ebbi_whole_layout layout;
  TRY(ebbi_whole_layout_make(&layout, exec, device, network, batch));
  ebbi_whole_step *step = calloc(1, sizeof *step);
  REQUIRE(step, EBB_ERR_MEMORY, "whole steps: no memory");
  *step = (ebbi_whole_step){.exec = *exec,
                            .layout = layout,
                            .inputs = network->layers[0].inputs,
                            .outputs = network->layers[network->count - 1].outputs,
                            .row_flops = ebbi_work_row_flops(network)};
  ebb_status status = build(step, device, network, loss);
  if (status != EBB_OK) {
    ebbi_whole_step_free(step);
    return status;
  }
  *out = step;
  return EBB_OK;
}

void ebbi_whole_step_free(ebbi_whole_step *step) {
  if (!step) return;
  ebb_tensor_free(step->table);
  ebb_tensor_free(step->scratch);
  ebb_tensor_free(step->gradients);
  ebb_tensor_free(step->partials);
  free(step);
}

static const char where[] = "whole step";

/* Checks the data against the layout. */
static ebb_status check_source(const ebbi_whole_step *step, const ebbi_whole_source *source) {
  const ebb_tensor *data = source->data, *targets = source->targets;
  const ebb_device *device = step->table->device;
  bool classes = ebb_loss_has_labels(source->loss.kind);
  REQUIRE(data && targets, EBB_ERR_ARGUMENT, "%s: a tensor is NULL", where);
  TRY(ebbi_require_loss(where, source->loss));
  TRY(ebbi_require_outputs(where, source->loss, step->outputs));
  TRY(ebbi_require_rows(where, data, source->rows, source->shuffle));
  REQUIRE(data->rows >= source->rows || data->rows % step->layout.batch == 0, EBB_ERR_ARGUMENT,
          "%s: a block of %zu rows cuts a batch of %zu", where, data->rows, step->layout.batch);
  TRY(ebbi_tensor_require_packed(where, "data", data, device,
                                 data->dtype == EBB_U8 ? EBB_U8 : EBB_F32, data->rows,
                                 step->inputs));
  REQUIRE(step->partials->cols == ebbi_loss_sums(source->loss), EBB_ERR_ARGUMENT,
          "%s: it was made for rows %s weights", where, source->loss.weighted ? "without" : "with");
  return ebbi_tensor_require_packed(
      where, "targets", targets, device, classes ? EBB_I32 : EBB_F32, data->rows,
      ebbi_loss_targets(source->loss, step->outputs) + (source->loss.weighted ? 1 : 0));
}

/* Appends the formulas in use. */
static void add_formulas(char *options, const ebbi_whole_step *step) {
  for (int i = 0; i < EBB_MAX_FORMULAS; i++) {
    if (!(step->layout.activations >> (EBB_ACT_FORMULA_0 + i) & 1)) continue;
    *options++ = ' ';
    ebbi_formula_option(options, &step->exec.formulas[i], i);
    options += strlen(options);
  }
}

/* Starts a launch of the form's kernel, with the loss and, unless it is NULL, the optimizer. */
static ebbi_launch begin(const ebbi_whole_step *step, ebbi_kernel_id cpu, ebbi_kernel_id group,
                         ebb_loss loss, const ebb_optimizer *optimizer,
                         const ebbi_update_groups *groups) {
  char options[256 + EBB_MAX_FORMULAS * EBBI_FORMULA_OPTION], by_loss[EBBI_LOSS_OPTION],
      by_optimizer[EBBI_OPTIMIZER_OPTION] = "";
  ebbi_loss_option(by_loss, loss);
  if (optimizer) ebbi_optimizer_option(by_optimizer, optimizer, groups);
  int used = snprintf(options, sizeof options, "-DACTIVATIONS=%u%s %s %s", step->layout.activations,
                      step->layout.values > 0 ? " -DLOCAL_VALUES=1" : "", by_loss, by_optimizer);
  add_formulas(options + used, step);
  return ebbi_launch_begin(step->table->device, &step->exec, step->layout.grouped ? group : cpu,
                           options);
}

/* Adds the arguments that both kinds of launch write or work in, except the parameters. */
static void add_outputs(ebbi_launch *launch, const ebbi_whole_step *step, const ebb_tensor *state) {
  ebbi_launch_buffer(launch, step->gradients->buffer);
  ebbi_launch_buffer(launch, step->partials->buffer);
  ebbi_launch_buffer(launch, ebbi_tensor_buffer(step->scratch));
  ebbi_launch_buffer(launch, state->buffer);
  if (step->layout.grouped) ebbi_launch_local(launch, step->layout.local_bytes);
}

static void add_source(ebbi_launch *launch, const ebbi_whole_step *step,
                       const ebbi_whole_source *source) {
  ebbi_launch_buffer(launch, step->table->buffer);
  ebbi_launch_buffer(launch, source->data->buffer);
  ebbi_launch_buffer(launch, source->targets->buffer);
  ebbi_launch_int(launch, source->rows);
  ebbi_launch_int(launch, source->data->rows);
  ebbi_launch_int(launch, source->data->dtype == EBB_U8);
  ebbi_launch_int(launch, source->shuffle);
  ebbi_launch_float(launch, source->scale);
  ebbi_launch_ulong(launch, source->seed);
  ebbi_loss_parameters(launch, source->loss);
}

ebb_status ebbi_whole_step_run(const ebbi_whole_step *step, ebb_tensor *state,
                               const ebb_tensor *parameters, const ebbi_whole_source *source) {
  const ebb_device *device = step->table->device;
  TRY(check_source(step, source));
  TRY(ebbi_tensor_require(where, "parameters", parameters, device, EBB_F32, 1,
                          step->gradients->cols));
  TRY(ebbi_require_state(where, state, device));
  ebbi_launch launch =
      begin(step, EBBI_KERNEL_whole_step, EBBI_KERNEL_whole_step_gpu, source->loss, NULL, NULL);
  add_outputs(&launch, step, state);
  ebbi_launch_buffer(&launch, parameters->buffer);
  add_source(&launch, step, source);
  launch.work = ebbi_work_whole(step, source, NULL, 1);
  return ebbi_launch_run(&launch, step->layout.slices, 1);
}

ebb_status ebbi_whole_steps_run(const ebbi_whole_step *step, ebb_tensor *parameters,
                                ebb_tensor *const *moments, ebb_tensor *state,
                                const ebbi_whole_source *source, const ebb_optimizer *optimizer,
                                const ebbi_update_groups *groups, size_t count) {
  REQUIRE(step->layout.slices == 1, EBB_ERR_ARGUMENT,
          "%s: a batch of %zu slices cannot be updated in the same launch", where,
          step->layout.slices);
  TRY(check_source(step, source));
  TRY(ebbi_require_update(where, parameters, moments, step->gradients, state, step->partials,
                          optimizer));
  ebbi_launch launch = begin(step, EBBI_KERNEL_whole_steps, EBBI_KERNEL_whole_steps_gpu,
                             source->loss, optimizer, groups);
  ebbi_launch_buffer(&launch, parameters->buffer);
  ebbi_optimizer_moments_arguments(&launch, moments, optimizer);
  add_outputs(&launch, step, state);
  add_source(&launch, step, source);
  ebbi_launch_int(&launch, count);
  ebbi_optimizer_constants(&launch, optimizer);
  ebbi_update_groups_arguments(&launch, groups);
  launch.work = ebbi_work_whole(step, source, optimizer, count);
  return ebbi_launch_run(&launch, 1, 1);
}
