/* The whole training step of a small network in one launch, in two forms: on CPUs a work-item takes
 * a slice of the batch, on GPUs a group. Which networks can have it, and which device takes which
 * form, is said here alone.
 */
#ifndef EBBI_WHOLE_STEP_H
#define EBBI_WHOLE_STEP_H

#include "ops/work.h"
#include "tensor/tensor.h"

#include <ebb/ops.h>

/* No layer may be wider, no parameter slab longer: beyond, weights leave the cache and the matmul
 * kernels are better. A group has one compute unit for what the matmul kernels spread over all of
 * them, so on GPUs steps are whole by themselves only up to EBBI_WHOLE_GROUPED parameters: 32 rows
 * of those are 3 MFLOP, a good 30 us of one unit, about what the launches of a step by layers cost.
 */
enum { EBBI_WHOLE_WIDTH = 128, EBBI_WHOLE_PARAMETERS = 65536, EBBI_WHOLE_GROUPED = 16384 };

/* A layer of such a network: its sizes, and where w and b begin in the parameter slab, in floats.
 */
typedef struct ebbi_whole_layer {
  size_t inputs, outputs, weight, bias;
  ebb_activation activation; /* of the last layer: identity */
} ebbi_whole_layer;

typedef struct ebbi_whole_network {
  const ebbi_whole_layer *layers;
  size_t count, parameters; /* layers, floats in the slab */
} ebbi_whole_network;

/* How a batch is cut: by shapes, the slab's length and the form alone, so that results do not
 * depend on the device's cores. */
typedef struct ebbi_whole_plan {
  bool grouped;                 /* the GPU form */
  size_t batch, chunks, slices; /* rows; blocks of rows that are taken together; items or groups */
  size_t pitch;                 /* floats between the values of two units */
  size_t spare, scratch;        /* floats before the spare part of a slice's scratch, and in all */
  size_t table;                 /* rows of the kernels' table */
  unsigned activations;         /* a bit for each in use */
  size_t phases;                /* of a chunk */
  size_t values, panel;         /* grouped: floats of values in local memory (then scratch is 0) and
                                 * of each panel of weights */
  size_t local_bytes;           /* of a group, in all */
} ebbi_whole_plan;

/* Does the device take the GPU form? With the engine gpu; CLBlast, which is no form, leaves it to
 * the kind of the device. */
bool ebbi_whole_is_grouped(const ebbi_exec *exec, const ebb_device *device);

/* Plans steps of `batch` rows.
 * Errors: EBB_ERR_UNSUPPORTED (too wide or too large: the message says what). */
ebb_status ebbi_whole_plan_make(ebbi_whole_plan *plan, const ebbi_exec *exec,
                                const ebb_device *device, const ebbi_whole_network *network,
                                size_t batch);

/* Are the layers narrow enough, the slab short enough, and is there what the form needs? */
bool ebbi_whole_fits(const ebbi_exec *exec, const ebb_device *device,
                     const ebbi_whole_network *network);

/* Are whole steps better than steps by layers, as far as it is known without trying? */
bool ebbi_whole_pays(const ebbi_exec *exec, const ebb_device *device,
                     const ebbi_whole_network *network);

/* Bytes that steps keep on the device: their table, and the scratch. */
size_t ebbi_whole_table_bytes(const ebbi_whole_plan *plan);
size_t ebbi_whole_scratch_bytes(const ebbi_whole_plan *plan);

/* A plan with all that a step needs on the device. */
typedef struct ebbi_whole_step {
  ebbi_exec exec; /* by which it was made, and runs */
  ebbi_whole_plan plan;
  size_t inputs, outputs;
  double row_flops;            /* of a row of the batch, but for the loss */
  ebb_tensor *table, *scratch; /* no scratch: values lie in local memory */
  ebb_tensor *gradients;       /* [slices, parameters] */
  ebb_tensor *partials;        /* [slices, 2], packed: the loss's partial sums */
} ebbi_whole_step;

ebb_status ebbi_whole_step_create(ebbi_whole_step **out, const ebbi_exec *exec, ebb_device *device,
                                  const ebbi_whole_network *network, size_t batch);
void ebbi_whole_step_free(ebbi_whole_step *step);

/* Where batches come from; as for ebbi_gather_block. A block's rows must be a multiple of the
 * batch.
 */
typedef struct ebbi_whole_source {
  const ebb_tensor *data, *targets;
  size_t rows; /* of an epoch */
  ebb_loss loss;
  float scale;
  bool shuffle;
  uint64_t seed;
} ebbi_whole_source;

/* Opens a step as ebb_gather does and leaves the gradients of its batch, a row a slice, and the
 * partial sums of the loss, a pair a slice; ebb_update adds both up.
 * Shapes: parameters [1, n].  Source: (1) to (10), kernels/whole_step.cl, whole_step_gpu.cl */
ebb_status ebbi_whole_step_run(const ebbi_whole_step *step, ebb_tensor *state,
                               const ebb_tensor *parameters, const ebbi_whole_source *source);

/* `count` steps and their updates in one launch, of a plan with one slice. The tensors as for
 * ebb_update.  Source: (1) to (14), whole_steps of the same files */
ebb_status ebbi_whole_steps_run(const ebbi_whole_step *step, ebb_tensor *parameters,
                                ebb_tensor *first, ebb_tensor *second, ebb_tensor *state,
                                const ebbi_whole_source *source, const ebb_optimizer *optimizer,
                                size_t count);

/* Flops of a row of the batch in a whole step, but for the loss. */
double ebbi_work_row_flops(const ebbi_whole_network *network);

/* A whole step up to its gradients; `steps` of them with their updates, unless optimizer is NULL.
 */
ebbi_work ebbi_work_whole(const ebbi_whole_step *step, const ebbi_whole_source *source,
                          const ebb_optimizer *optimizer, size_t steps);

#endif
