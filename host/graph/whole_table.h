/* The table of a whole step as its kernels read it, and additions of the GPU form.
 *
 * Rows have eight words: one about the batch, two for each layer, one about the phases and one for
 * each phase.
 */
#ifndef EBBI_WHOLE_TABLE_H
#define EBBI_WHOLE_TABLE_H

#include "whole_step.h"

/* Twins of step_plan, layer, phase_plan and phase in kernels/whole_step.h. */
typedef union ebbi_table_row {
  struct {
    int32_t layers, batch, chunks, slices, spare, scratch_stride, gradient_stride, vectors;
  } plan;
  struct {
    int32_t inputs, outputs, activation, weight, bias, stride, z, a;
  } layer;
  struct {
    float parameter;
    int32_t reserved[7];
  } layer_end;
  struct {
    int32_t count, panel, values, reserved[5];
  } phases;
  struct {
    int32_t work, layer, first, units, copy, copy_layer, copy_first, copy_units;
  } phase;
} ebbi_table_row;

/* EBBI_CHUNK equals CHUNK of the kernels. */
enum {
  EBBI_CHUNK = 32,
  EBBI_LAYER_ROWS = 2,
  EBBI_TABLE_WORDS = sizeof(ebbi_table_row) / sizeof(int32_t)
};

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

#endif
