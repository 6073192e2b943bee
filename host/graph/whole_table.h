/* The table of a whole step as its kernels read it, and what the GPU form adds to it.
 *
 * Rows of eight words: a plan, a row a layer, a row about the phases and one for each phase.
 */
#ifndef EBBI_WHOLE_TABLE_H
#define EBBI_WHOLE_TABLE_H

#include "whole_step.h"

/* Twins of step_plan and layer in kernels/whole_step.h, of phase_plan and phase
 * there. */
typedef union ebbi_table_row {
  struct {
    int32_t layers, batch, chunks, slices, spare, scratch_stride, gradient_stride, vectors;
  } plan;
  struct {
    int32_t inputs, outputs, activation, weight, bias, stride, z, a;
  } layer;
  struct {
    int32_t count, panel, values, reserved[5];
  } phases;
  struct {
    int32_t work, layer, first, units, copy, copy_layer, copy_first, copy_units;
  } phase;
} ebbi_table_row;

/* CHUNK is the kernels'. */
enum { EBBI_CHUNK = 32, EBBI_TABLE_WORDS = sizeof(ebbi_table_row) / sizeof(int32_t) };

/* Can groups take whole steps: is there local memory for a panel of the widest layer, and are there
 * work-items enough? */
bool ebbi_group_fits(const ebbi_exec *exec, const ebb_device *device,
                     const ebbi_whole_network *network);

/* Shares a group's local memory out between `plan->scratch` floats of values and the panels.
 * Errors: EBB_ERR_UNSUPPORTED (ebbi_group_fits says no: the message says what is short). */
ebb_status ebbi_group_plan(ebbi_whole_plan *plan, const ebbi_exec *exec, const ebb_device *device,
                           const ebbi_whole_network *network);

/* The phases of a chunk, in rows unless that is NULL; returns how many there are. `panel` is the
 * group form's; with 0 a layer's product is one phase. */
size_t ebbi_whole_phases(ebbi_table_row *rows, const ebbi_whole_network *network, size_t panel);

#endif
