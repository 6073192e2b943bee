/* Whole steps: the complete training step of a small network in one launch. There are two forms: on
 * CPUs a work-item computes a slice of the batch, on GPUs a work-group does. This module alone
 * decides which networks qualify and which form a device takes. */
#ifndef EBBI_WHOLE_STEP_H
#define EBBI_WHOLE_STEP_H

#include "ops/update_groups.h"
#include "ops/work.h"
#include "tensor/tensor.h"

#include <ebb/ops.h>

/* Limits of a layer's width and of the parameters: beyond these, weights leave the cache and the
 * matmul kernels are faster. A work-group runs on one compute unit, while the matmul kernels use
 * all of them. On GPUs whole steps are therefore chosen only up to EBBI_WHOLE_GROUPED parameters:
 * 32 rows of these are 3 MFLOP, 30 us of one unit, about as long as the launches of a step by
 * layers. */
enum { EBBI_WHOLE_WIDTH = 128, EBBI_WHOLE_PARAMETERS = 65536, EBBI_WHOLE_GROUPED = 16384 };

/* Where b begins in a layer without bias. */
#define EBBI_WHOLE_NONE SIZE_MAX

/* A layer: its sizes, and where w and b begin in the parameter slab, in floats. */
typedef struct ebbi_whole_layer {
  size_t inputs, outputs, weight, bias;
  ebb_activation activation; /* identity for the last layer */
} ebbi_whole_layer;

typedef struct ebbi_whole_network {
  const ebbi_whole_layer *layers;
  size_t count, parameters; /* layers, floats in the slab */
} ebbi_whole_network;

/* How a batch is cut. Depends only on shapes, the slab's length and the form, so that results do
 * not depend on the device's cores. */
typedef struct ebbi_whole_layout {
  bool grouped;                 /* the GPU form */
  size_t batch, chunks, slices; /* rows; blocks of rows computed together; work-items or groups */
  size_t pitch;                 /* floats between the values of two units */
  size_t spare, scratch;        /* floats before the spare part of a slice's scratch; total */
  size_t table;                 /* rows of the kernels' table */
  unsigned activations;         /* one bit for each activation in use */
  size_t phases;                /* of one chunk */
  size_t values, panel; /* GPU form: floats of values in local memory (scratch is then 0) and of
                         * each panel of weights */
  size_t local_bytes;   /* of a group, total */
} ebbi_whole_layout;

/* Returns true if the device takes the GPU form: with the engine gpu, and with CLBlast on GPUs. */
bool ebbi_whole_is_grouped(const ebbi_exec *exec, const ebb_device *device);

/* Plans steps of `batch` rows.
 * Errors: EBB_ERR_UNSUPPORTED (too wide or too large: the message says what). */
ebb_status ebbi_whole_layout_make(ebbi_whole_layout *layout, const ebbi_exec *exec,
                                  const ebb_device *device, const ebbi_whole_network *network,
                                  size_t batch);

/* Returns true if the layers are narrow enough, the slab is short enough and the device meets the
 * form's needs. */
bool ebbi_whole_fits(const ebbi_exec *exec, const ebb_device *device,
                     const ebbi_whole_network *network);

/* Returns true if whole steps are expected to be faster than steps by layers. */
bool ebbi_whole_is_faster(const ebbi_exec *exec, const ebb_device *device,
                          const ebbi_whole_network *network);

/* Bytes that steps keep on the device: table and scratch. */
size_t ebbi_whole_table_bytes(const ebbi_whole_layout *layout);
size_t ebbi_whole_scratch_bytes(const ebbi_whole_layout *layout);

/* A layout and everything on the device that a step needs. */
typedef struct ebbi_whole_step {
  ebbi_exec exec; /* with which it was created and runs */
  ebbi_whole_layout layout;
  size_t inputs, outputs;
  double row_flops;            /* for each row of the batch, without the loss */
  ebb_tensor *table, *scratch; /* scratch is NULL if values are in local memory */
  ebb_tensor *gradients;       /* [slices, parameters] */
  ebb_tensor *partials;        /* [slices, 2 or 3], packed: the loss's partial sums */
} ebbi_whole_step;

ebb_status ebbi_whole_step_create(ebbi_whole_step **out, const ebbi_exec *exec, ebb_device *device,
                                  const ebbi_whole_network *network, size_t batch, ebb_loss loss);
void ebbi_whole_step_free(ebbi_whole_step *step);

/* Where batches come from, as for ebbi_gather_block; if the loss is weighted, the targets' last
 * column holds the weights. A block's rows must be a multiple of the batch. */
typedef struct ebbi_whole_source {
  const ebb_tensor *data, *targets;
  size_t rows; /* of an epoch */
  ebb_loss loss;
  float scale;
  bool shuffle;
  uint64_t seed;
} ebbi_whole_source;

/* Opens a step as ebb_gather does and computes the gradients of its batch, one row a slice, and the
 * partial sums of the loss, one pair a slice. ebb_update adds up both.
 * Shapes: parameters [1, n].  Source: (1) to (10), kernels/whole_step.cl, whole_step_gpu.cl */
ebb_status ebbi_whole_step_run(const ebbi_whole_step *step, ebb_tensor *state,
                               const ebb_tensor *parameters, const ebbi_whole_source *source);

/* Runs `count` steps and their updates in one launch; the layout must have one slice. Tensors
 * and groups as for ebbi_update, without clipping by norm.  Source: (1) to (14), whole_steps of the
 * same files */
ebb_status ebbi_whole_steps_run(const ebbi_whole_step *step, ebb_tensor *parameters,
                                ebb_tensor *const *moments, ebb_tensor *state,
                                const ebbi_whole_source *source, const ebb_optimizer *optimizer,
                                const ebbi_update_groups *groups, size_t count);

/* Flops of a whole step for each row of the batch, without the loss. */
double ebbi_work_row_flops(const ebbi_whole_network *network);

/* Work of one whole step up to its gradients; with an optimizer, of `steps` steps and their
 * updates. */
ebbi_work ebbi_work_whole(const ebbi_whole_step *step, const ebbi_whole_source *source,
                          const ebb_optimizer *optimizer, size_t steps);

#endif
