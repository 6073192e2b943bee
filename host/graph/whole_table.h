/* The table of a whole step as its kernels read it, and additions of the GPU and the team form.
 *
 * Rows have eight words: one about the batch, two for each layer, one about the phases and one for
 * each phase; in the team form one about the tasks and one for each task.
 */
#ifndef EBBI_WHOLE_TABLE_H
#define EBBI_WHOLE_TABLE_H

#include "whole_step.h"

/* Twins of step_plan, layer, phase_plan and phase in kernels/whole_step.h, and of team_plan and
 * task in kernels/whole_team.cl. */
typedef union ebbi_table_row {
  struct {
    int32_t layers, batch, chunks, slices, spare, scratch_stride, gradient_stride, vectors;
  } plan;
  struct {
    int32_t inputs, outputs, activation, weight, bias, stride, z, a;
  } layer;
  struct {
    float parameter;
    int32_t dz, turned, reserved[5];
  } layer_end;
  struct {
    int32_t count, panel, values, reserved[5];
  } phases;
  struct {
    int32_t work, layer, first, units, copy, copy_layer, copy_first, copy_units;
  } phase;
  struct {
    int32_t tasks, loads, first_load, second, sums, reserved[3];
  } team;
  struct {
    int32_t work, layer, first, units, chunk, end, first_output, outputs;
  } task;
} ebbi_table_row;

/* EBBI_CHUNK equals CHUNK of the kernels. */
enum {
  EBBI_CHUNK = 32,
  EBBI_LAYER_ROWS = 2,
  EBBI_TEAM_COUNTERS = 64, /* words of a team's progress besides one for each task */
  EBBI_PAIR = 2 * 16,      /* units are turned in pairs of vectors, of 16 floats at most */
  EBBI_TABLE_WORDS = sizeof(ebbi_table_row) / sizeof(int32_t)
};

/* A launch of the team form: the tasks before its phase, SIZE_MAX if it has all phases; its
 * work-items. */
typedef struct ebbi_team_range {
  size_t from, items;
} ebbi_team_range;

/* Returns true if the GPU form is possible: a panel of the widest layer fits in local memory, and
 * groups can be large enough. */
bool ebbi_group_fits(const ebbi_exec *exec, const ebb_device *device,
                     const ebbi_whole_network *network);

/* Divides a group's local memory between `layout->scratch` floats of values and the panels.
 * Errors: EBB_ERR_UNSUPPORTED (if not ebbi_group_fits: the message says what is missing). */
ebb_status ebbi_group_layout(ebbi_whole_layout *layout, const ebbi_exec *exec,
                             const ebb_device *device, const ebbi_whole_network *network);

/* Writes the phases of a chunk to `rows`, unless NULL, and returns their number. `panel` is the GPU
 * form's; if it is 0, a layer's product is one phase. */
size_t ebbi_whole_phases(ebbi_table_row *rows, const ebbi_whole_network *network, size_t panel);

/* Returns true if the items of a team can wait for each other on this device. */
bool ebbi_team_waits(const ebb_device *device);

/* Words of a team's progress. */
size_t ebbi_team_counters(const ebbi_whole_layout *layout);

/* Adds to the scratch of a chunk what only the team form has, and counts tasks. */
void ebbi_team_layout(ebbi_whole_layout *layout, const ebb_device *device,
                      const ebbi_whole_network *network);

/* Writes the team's part of the table: of each of the layers, and all tasks. */
void ebbi_team_table(ebbi_table_row *layers, ebbi_table_row *plan, const ebbi_whole_layout *layout,
                     const ebbi_whole_network *network);

/* The first launch of steps, and the next one after `range`; false if there is none. */
ebbi_team_range ebbi_team_first(const ebbi_whole_step *step);
bool ebbi_team_next(ebbi_team_range *range, const ebbi_whole_step *step, size_t steps);

/* The launch's part of the tasks of `steps` steps. */
double ebbi_team_part(const ebbi_whole_step *step, size_t steps, const ebbi_team_range *range);

#endif
