/* Whole steps of small networks: the batch is cut into slices, the layers become a table.
 *
 * Slices depend on shapes and the slab's length only, and their gradients are added in order, so
 * results do not depend on the number of cores. A slice is a work-item of a CPU or a work-group of
 * the GPU form (whole_step_gpu.c). A team (whole_team.c) cuts layers instead. Slices are small
 * enough to occupy all cores with a large batch, and large enough to make adding their gradients
 * worthwhile.
 */
#include "whole_step.h"

#include "base/error.h"
#include "base/size.h"
#include "ops/loss_row.h"
#include "ops/ops.h"
#include "whole_table.h"

#include <stdlib.h>
#include <string.h>

/* Limits of the number of slices, and of the floats in the gradients of all slices, which are
 * written and read in every step. A GPU has more compute units to occupy, and more bandwidth. */
static const struct {
  size_t slices, gradients;
} cpu_cut = {32, 524288}, group_cut = {128, 2097152};

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

/* The most that a form takes. */
static const struct {
  size_t width, parameters;
} limits[] = {[EBBI_WHOLE_SLICES] = {EBBI_WHOLE_WIDTH, EBBI_WHOLE_PARAMETERS},
              [EBBI_WHOLE_GROUPS] = {EBBI_WHOLE_WIDTH, EBBI_WHOLE_PARAMETERS},
              [EBBI_WHOLE_TEAM] = {EBBI_TEAM_WIDTH, EBBI_TEAM_PARAMETERS}};

static bool is_within(ebbi_whole_form form, const ebbi_whole_network *network) {
  unsigned activations;
  return survey(&activations, network) <= limits[form].width &&
         network->parameters <= limits[form].parameters;
}

/* A team is for networks that are too large for slices and, since it is faster, for batches of a
 * single slice that is worth dividing. A slice and a team compute the same bits from such. */
static ebbi_whole_form form_of(const ebbi_exec *exec, const ebb_device *device,
                               const ebbi_whole_network *network, size_t batch) {
  if (network->form != EBBI_WHOLE_ANY) return network->form;
  if (ebbi_whole_is_grouped(exec, device)) return EBBI_WHOLE_GROUPS;
  if (network->count < 2) return EBBI_WHOLE_SLICES;
  if (!is_within(EBBI_WHOLE_SLICES, network)) return EBBI_WHOLE_TEAM;
  bool divides = batch <= EBBI_CHUNK && batch * network->parameters >= EBBI_TEAM_LEAST;
  return divides && ebbi_team_waits(device) ? EBBI_WHOLE_TEAM : EBBI_WHOLE_SLICES;
}

bool ebbi_whole_fits(const ebbi_exec *exec, const ebb_device *device,
                     const ebbi_whole_network *network) {
  ebbi_whole_form form = form_of(exec, device, network, 1);
  return is_within(form, network) &&
         (form != EBBI_WHOLE_GROUPS || ebbi_group_fits(exec, device, network));
}

/* With the engine cpu true only on CPUs: one work-item would do what a GPU spreads over many. */
bool ebbi_whole_is_faster(const ebbi_exec *exec, const ebb_device *device,
                          const ebbi_whole_network *network, size_t batch) {
  if (!ebbi_whole_fits(exec, device, network)) return false;
  ebb_engine engine = exec->engine;
  if (!is_within(EBBI_WHOLE_SLICES, network) &&
      (batch > EBBI_TEAM_BATCH || !ebbi_team_waits(device)))
    return false;
  if (engine == EBB_ENGINE_GPU) return network->parameters <= EBBI_WHOLE_GROUPED;
  return engine == EBB_ENGINE_CPU && ebb_device_get_info(device)->type == EBB_DEVICE_CPU;
}

ebb_status ebbi_whole_layout_make(ebbi_whole_layout *layout, const ebbi_exec *exec,
                                  const ebb_device *device, const ebbi_whole_network *network,
                                  size_t batch) {
  size_t outputs = network->layers[network->count - 1].outputs;
  ebbi_whole_form form = form_of(exec, device, network, batch);
  bool grouped = form == EBBI_WHOLE_GROUPS;
  *layout = (ebbi_whole_layout){.form = form,
                                .batch = batch,
                                .chunks = ebbi_ceil_div(batch, EBBI_CHUNK),
                                .slices = 1,
                                .pitch = EBBI_CHUNK,
                                .table = 1 + EBBI_LAYER_ROWS * network->count};
  size_t widest = survey(&layout->activations, network), parameters = network->parameters;
  REQUIRE(widest <= limits[form].width, EBB_ERR_UNSUPPORTED,
          "whole steps: a layer or the input is %zu wide, at most %zu are possible; let steps run "
          "layer by layer",
          widest, limits[form].width);
  REQUIRE(parameters <= limits[form].parameters, EBB_ERR_UNSUPPORTED,
          "whole steps: the parameters are %zu floats with padding, at most %zu are possible; let "
          "steps run layer by layer",
          parameters, limits[form].parameters);
  size_t most = form == EBBI_WHOLE_TEAM ? 1 : most_slices(parameters, grouped);
  layout->slices = layout->chunks < most ? layout->chunks : most;
  if (grouped) layout->pitch += exec->params.width;
  layout->spare = fill_layers(NULL, network, layout->pitch);
  layout->scratch =
      layout->spare + (grouped ? outputs : ebbi_round_up(widest, EBBI_PAIR)) * layout->pitch;
  if (grouped) TRY(ebbi_group_layout(layout, exec, device, network));
  if (form == EBBI_WHOLE_TEAM)
    ebbi_team_layout(layout, device, network);
  else
    layout->phases = ebbi_whole_phases(NULL, network, layout->panel);
  layout->table += 1 + layout->phases;
  return EBB_OK;
}

/* Rows of the scratch. */
static size_t scratch_rows(const ebbi_whole_layout *layout) {
  return layout->form == EBBI_WHOLE_TEAM ? layout->chunks : layout->slices;
}

size_t ebbi_whole_table_bytes(const ebbi_whole_layout *layout) {
  return layout->table * sizeof(ebbi_table_row);
}

size_t ebbi_whole_scratch_bytes(const ebbi_whole_layout *layout) {
  if (layout->scratch == 0) return 0;
  size_t rows = scratch_rows(layout);
  return rows * ebbi_stride(rows, layout->scratch) * sizeof(float);
}

size_t ebbi_whole_progress_bytes(const ebbi_whole_layout *layout) {
  return layout->form == EBBI_WHOLE_TEAM ? ebbi_team_counters(layout) * sizeof(int32_t) : 0;
}

static void fill_phases(ebbi_table_row *plan, const ebbi_whole_layout *layout,
                        const ebbi_whole_network *network) {
  plan->phases.count = (int32_t)layout->phases;
  plan->phases.panel = (int32_t)layout->panel;
  plan->phases.values = (int32_t)layout->values;
  ebbi_whole_phases(plan + 1, network, layout->panel);
}

static ebb_status upload_table(ebbi_whole_step *step, const ebbi_whole_network *network) {
  const ebbi_whole_layout *layout = &step->layout;
  size_t width = step->exec.params.width;
  ebbi_table_row *rows = step->rows = calloc(layout->table, sizeof *rows);
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
  ebbi_table_row *plan = rows + 1 + EBBI_LAYER_ROWS * network->count;
  if (layout->form == EBBI_WHOLE_TEAM)
    ebbi_team_table(rows + 1, plan, layout, network);
  else
    fill_phases(plan, layout, network);
  return ebb_tensor_upload(step->table, rows);
}

static ebb_status build(ebbi_whole_step *step, ebb_device *device,
                        const ebbi_whole_network *network, ebb_loss loss) {
  size_t slices = step->layout.slices;
  TRY(ebb_tensor_create_packed(&step->table, device, EBB_I32, step->layout.table,
                               EBBI_TABLE_WORDS));
  if (step->layout.scratch > 0)
    TRY(ebb_tensor_create(&step->scratch, device, EBB_F32, scratch_rows(&step->layout),
                          step->layout.scratch));
  if (step->layout.form == EBBI_WHOLE_TEAM)
    TRY(ebb_tensor_create_packed(&step->progress, device, EBB_I32, 1,
                                 ebbi_team_counters(&step->layout)));
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
  free(step->rows);
  ebb_tensor_free(step->progress);
  ebb_tensor_free(step->table);
  ebb_tensor_free(step->scratch);
  ebb_tensor_free(step->gradients);
  ebb_tensor_free(step->partials);
  free(step);
}
