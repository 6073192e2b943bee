/* Whole steps: the complete training step of a small network in one launch. There are three forms:
 * on CPUs a work-item computes a slice of the batch, or a team of work-items shares the layers of a
 * larger network; on GPUs a work-group computes a slice. This module alone decides which networks
 * qualify and which form is taken. */
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

/* The same of a team, and the rows of a batch up to which it is faster than steps by layers: beyond
 * these, products are long enough to outweigh their launches. */
enum { EBBI_TEAM_WIDTH = 1024, EBBI_TEAM_PARAMETERS = 262144, EBBI_TEAM_BATCH = 256 };

/* Rows times parameters from which on a single slice is divided among a team. Waiting takes up to 4
 * us a phase where the cores share no cache, and some 60 us of one core should outweigh that. */
enum { EBBI_TEAM_LEAST = 32 * 32768 };

/* Where b begins in a layer without bias. */
#define EBBI_WHOLE_NONE SIZE_MAX

/* A layer: its sizes, and where w and b begin in the parameter slab, in floats. */
typedef struct ebbi_whole_layer {
  size_t inputs, outputs, weight, bias;
  ebb_activation activation; /* identity for the last layer */
} ebbi_whole_layer;

typedef enum ebbi_whole_form {
  EBBI_WHOLE_ANY,    /* the form that suits network and device */
  EBBI_WHOLE_SLICES, /* a work-item a slice of the batch */
  EBBI_WHOLE_GROUPS, /* a work-group a slice: the GPU form */
  EBBI_WHOLE_TEAM    /* work-items share the layers */
} ebbi_whole_form;

typedef struct ebbi_whole_network {
  const ebbi_whole_layer *layers;
  size_t count, parameters; /* layers, floats in the slab */
  ebbi_whole_form form;     /* wanted */
} ebbi_whole_network;

/* How a batch is cut. Depends only on shapes, the slab's length and the form, so that results do
 * not depend on the device's cores. */
typedef struct ebbi_whole_layout {
  ebbi_whole_form form;
  size_t batch, chunks, slices; /* rows; blocks of rows computed together; work-items or groups */
  size_t pitch;                 /* floats between the values of two units */
  size_t spare, scratch;        /* floats before the spare part of a slice's scratch; total */
  size_t table;                 /* rows of the kernels' table */
  unsigned activations;         /* one bit for each activation in use */
  size_t phases;                /* of one chunk; team form: tasks of a step */
  size_t values, panel; /* GPU form: floats of values in local memory (scratch is then 0) and of
                         * each panel of weights */
  size_t local_bytes;   /* of a group, total */

  /* Team form. */
  size_t loads, widest; /* tasks that load a batch; tasks of the largest phase */
  size_t second, sums;  /* in a chunk's scratch: the other inputs, the loss */
  bool waits;           /* items wait for each other, and a launch holds all phases */
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
                          const ebbi_whole_network *network, size_t batch);

/* Bytes that steps keep on the device: table, scratch, and a team's counters. */
size_t ebbi_whole_table_bytes(const ebbi_whole_layout *layout);
size_t ebbi_whole_scratch_bytes(const ebbi_whole_layout *layout);
size_t ebbi_whole_progress_bytes(const ebbi_whole_layout *layout);

union ebbi_table_row;

/* A layout and everything on the device that a step needs. */
typedef struct ebbi_whole_step {
  ebbi_exec exec; /* with which it was created and runs */
  ebbi_whole_layout layout;
  size_t inputs, outputs;
  double row_flops;            /* for each row of the batch, without the loss */
  ebb_tensor *table, *scratch; /* scratch is NULL if values are in local memory */
  ebb_tensor *progress;        /* counters of the team form, else NULL */
  union ebbi_table_row *rows;  /* what the table was made from */
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
 * Shapes: parameters [1, n].
 * Source: (1) to (10), kernels/whole_step.cl, whole_team.cl, whole_step_gpu.cl */
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
