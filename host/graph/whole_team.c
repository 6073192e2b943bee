/* Whole steps by a team of work-items: the list of a step's tasks.
 *
 * Tasks depend on shapes only. A task is large enough to make taking it cheap, and small enough
 * that the items of a team end a phase at about the same time. All of a task's sums are its own.
 *
 * Items may wait for each other where atomic operations are known to order other memory, as PoCL's
 * do. Elsewhere each phase is a launch.
 */
#include "base/size.h"
#include "device/environment.h"
#include "whole_table.h"

#include <stdlib.h>
#include <string.h>

/* Flops of a task: some microseconds of a core. The other numbers are what reading a float of a
 * batch, and an update of a weight, take in addition, in flops of the same time. */
enum { TASK_FLOPS = 400000, LOAD_FLOPS = 64, UPDATE_FLOPS = 64 };

/* Units of a task are a multiple of this, so that they are whole vectors of any width. */
enum { UNITS = EBBI_PAIR / 2 };

/* Floats for a chunk's loss. */
enum { SUMS = UNITS };

/* Twins of the kernel's constants. */
typedef enum work { OPEN, LOAD_NEXT, FORWARD, CHUNK_LOSS, BACKWARD, GRADIENT, CLOSE } work;

/* A growing list of tasks. */
typedef struct list {
  ebbi_table_row *rows; /* NULL: tasks are only counted */
  size_t count, begin;  /* of them, before the current phase */
  size_t widest;        /* phase so far */
} list;

/* Returns the task's row, NULL if tasks are only counted. */
static ebbi_table_row *add(list *tasks, work what, size_t layer, size_t first, size_t units,
                           size_t chunk) {
  ebbi_table_row *row = tasks->rows ? &tasks->rows[tasks->count] : NULL;
  tasks->count++;
  if (!row) return NULL;
  row->task.work = what;
  row->task.layer = (int32_t)layer;
  row->task.first = (int32_t)first;
  row->task.units = (int32_t)units;
  row->task.chunk = (int32_t)chunk;
  return row;
}

static void end_phase(list *tasks) {
  for (size_t i = tasks->begin; i < tasks->count && tasks->rows; i++)
    tasks->rows[i].task.end = (int32_t)tasks->count;
  if (tasks->count - tasks->begin > tasks->widest) tasks->widest = tasks->count - tasks->begin;
  tasks->begin = tasks->count;
}

/* Returns the units of a task if there are `units`, each of so many flops. */
static size_t part_of(size_t units, size_t flops) {
  size_t parts = ebbi_ceil_div(units * flops, TASK_FLOPS);
  return ebbi_round_up(ebbi_ceil_div(units, parts), UNITS);
}

static size_t least(size_t a, size_t b) {
  return a < b ? a : b;
}

/* Divides `units`, each of so many flops, among tasks. */
static void add_parts(list *tasks, work what, size_t layer, size_t units, size_t flops,
                      size_t chunk) {
  size_t part = part_of(units, flops);
  for (size_t first = 0; first < units; first += part)
    add(tasks, what, layer, first, least(part, units - first), chunk);
}

/* Divides a layer's weights: first by outputs, as its products are, so that weights are used where
 * they are updated; then by inputs. */
static void add_gradient(list *tasks, const ebbi_whole_layer *layer, size_t l, size_t batch) {
  size_t output_flops = 2 * batch + UPDATE_FLOPS;
  for (size_t o = 0; o < layer->outputs; o += UNITS) {
    size_t outputs = least(UNITS, layer->outputs - o);
    size_t part = part_of(layer->inputs, outputs * output_flops);
    for (size_t first = 0; first < layer->inputs; first += part) {
      ebbi_table_row *row = add(tasks, GRADIENT, l, first, least(part, layer->inputs - first), 0);
      if (!row) continue;
      row->task.first_output = (int32_t)o;
      row->task.outputs = (int32_t)outputs;
    }
  }
}

/* True if a chunk's products of the last layer are no more than two tasks. */
static bool is_thin(const ebbi_whole_layer *last) {
  return 4 * EBBI_CHUNK * last->inputs * last->outputs <= 2 * TASK_FLOPS;
}

static void add_loads(list *tasks, const ebbi_whole_network *network, size_t chunks) {
  for (size_t c = 0; c < chunks; c++)
    add_parts(tasks, LOAD_NEXT, 0, network->layers[0].inputs, LOAD_FLOPS * EBBI_CHUNK, c);
}

/* All layers up, except a thin last one; the loss; and all layers down, except into the input. */
static void add_layers(list *tasks, const ebbi_whole_network *network, size_t batch,
                       size_t chunks) {
  const ebbi_whole_layer *layers = network->layers;
  size_t last = network->count - 1, apart = is_thin(&layers[last]) ? last : network->count;
  for (size_t l = 0; l < apart; l++) {
    add_parts(tasks, FORWARD, l, layers[l].outputs, 2 * batch * layers[l].inputs, 0);
    end_phase(tasks);
  }
  for (size_t c = 0; c < chunks; c++) add(tasks, CHUNK_LOSS, last, 0, apart == last, c);
  add_loads(tasks, network, chunks);
  end_phase(tasks);
  for (size_t l = apart; l-- > 1;) {
    add_parts(tasks, BACKWARD, l, layers[l].inputs, 2 * batch * layers[l].outputs, 0);
    end_phase(tasks);
  }
}

/* Large layers come first, since the last tasks of a phase should be short. */
static list list_tasks(ebbi_table_row *rows, const ebbi_whole_network *network, size_t batch) {
  list tasks = {.rows = rows};
  size_t chunks = ebbi_ceil_div(batch, EBBI_CHUNK);
  add(&tasks, OPEN, 0, 0, 0, 0);
  add_layers(&tasks, network, batch, chunks);
  for (size_t l = 0; l < network->count; l++) add_gradient(&tasks, &network->layers[l], l, batch);
  add(&tasks, CLOSE, 0, 0, 0, 0);
  end_phase(&tasks);
  return tasks;
}

bool ebbi_team_waits(const ebb_device *device) {
  const ebb_device_info *info = ebb_device_get_info(device);
  return info->type == EBB_DEVICE_CPU && strcmp(info->platform, ebbi_pocl_platform) == 0;
}

void ebbi_team_layout(ebbi_whole_layout *layout, const ebb_device *device,
                      const ebbi_whole_network *network) {
  list loads = {0}, tasks = list_tasks(NULL, network, layout->batch);
  add_loads(&loads, network, layout->chunks);
  layout->phases = tasks.count;
  layout->widest = tasks.widest;
  layout->loads = loads.count;
  layout->waits = ebbi_team_waits(device);
  for (size_t l = 0; l < network->count; l++) {
    size_t outputs = network->layers[l].outputs;
    layout->scratch += (outputs + ebbi_round_up(outputs, EBBI_PAIR)) * EBBI_CHUNK;
  }
  layout->sums = layout->scratch;
  layout->second = layout->sums + SUMS;
  layout->scratch = layout->second + network->layers[0].inputs * EBBI_CHUNK;
}

size_t ebbi_team_counters(const ebbi_whole_layout *layout) {
  return EBBI_TEAM_COUNTERS + layout->phases;
}

/* The last layer's dz replaces its output. */
static void place_gradients(ebbi_table_row *layers, const ebbi_whole_layout *layout,
                            const ebbi_whole_network *network) {
  size_t end = layout->sums;
  for (size_t l = network->count; l-- > 0;) {
    size_t outputs = network->layers[l].outputs;
    ebbi_table_row *row = &layers[l * EBBI_LAYER_ROWS];
    end -= ebbi_round_up(outputs, EBBI_PAIR) * EBBI_CHUNK;
    row[1].layer_end.turned = (int32_t)end;
    end -= outputs * EBBI_CHUNK;
    row[1].layer_end.dz = l + 1 < network->count ? (int32_t)end : row->layer.a;
  }
}

void ebbi_team_table(ebbi_table_row *layers, ebbi_table_row *plan, const ebbi_whole_layout *layout,
                     const ebbi_whole_network *network) {
  size_t first = 0;
  place_gradients(layers, layout, network);
  (void)list_tasks(plan + 1, network, layout->batch);
  while (plan[1 + first].task.work != LOAD_NEXT) first++;
  plan->team.tasks = (int32_t)layout->phases;
  plan->team.loads = (int32_t)layout->loads;
  plan->team.first_load = (int32_t)first;
  plan->team.second = (int32_t)layout->second;
  plan->team.sums = (int32_t)layout->sums;
}

/* ---- launches ---- */

static const ebbi_table_row *tasks_of(const ebbi_whole_step *step) {
  return step->rows + step->layout.table - step->layout.phases;
}

ebbi_team_range ebbi_team_first(const ebbi_whole_step *step) {
  const ebbi_whole_layout *layout = &step->layout;
  size_t units = ebb_device_get_info(step->table->device)->compute_units;
  if (layout->waits) return (ebbi_team_range){SIZE_MAX, least(units, layout->widest)};
  return (ebbi_team_range){0, layout->loads};
}

bool ebbi_team_next(ebbi_team_range *range, const ebbi_whole_step *step, size_t steps) {
  const ebbi_whole_layout *layout = &step->layout;
  if (layout->waits) return false;
  size_t from = range->from + range->items, begin = (from - layout->loads) % layout->phases;
  if (from == layout->loads + steps * layout->phases) return false;
  *range = (ebbi_team_range){from, (size_t)tasks_of(step)[begin].task.end - begin};
  return true;
}

double ebbi_team_part(const ebbi_whole_step *step, size_t steps, const ebbi_team_range *range) {
  const ebbi_whole_layout *layout = &step->layout;
  if (layout->waits) return 1;
  return (double)range->items / (double)(layout->loads + steps * layout->phases);
}
