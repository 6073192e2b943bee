/* L-BFGS: steps of a training that are found by a line search over all rows. */
#ifndef EBBI_LBFGS_H
#define EBBI_LBFGS_H

#include "graph/pass.h"

#include <ebb/trainer.h>

typedef struct ebbi_lbfgs ebbi_lbfgs;

enum { EBBI_LBFGS_HISTORY = 100 }; /* pairs at most */

/* Fails if the options ask for what does not go together with a line search over `rows` rows, or
 * for its settings without one.
 * Errors: EBB_ERR_ARGUMENT. */
ebb_status ebbi_lbfgs_check(const char *where, const ebb_train_options *options,
                            const ebb_network *network, size_t rows);

/* Adds the memory; nothing for other optimizers. */
void ebbi_lbfgs_need(ebbi_need *need, const ebb_network *network, const ebb_train_options *options);

/* NULL for other optimizers. The trainer has its pass. */
ebb_status ebbi_lbfgs_create(ebbi_lbfgs **out, const ebb_trainer *trainer);
void ebbi_lbfgs_free(ebbi_lbfgs *lbfgs);

/* Queues or records the objective's gradient, after the loss's. */
ebb_status ebbi_lbfgs_gradient(ebb_trainer *trainer);

/* Opens a step on the rows of a slot, finds and takes it, and closes it. Blocks. */
ebb_status ebbi_lbfgs_step(ebb_trainer *trainer, size_t slot);

/* What it knows of earlier steps, beside vectors; all 0 for other optimizers. */
typedef struct ebbi_lbfgs_memory {
  size_t pairs;
  bool moved; /* there is a last step, whose pair is not judged yet */
  bool converged;
} ebbi_lbfgs_memory;

ebbi_lbfgs_memory ebbi_lbfgs_recall(const ebbi_lbfgs *lbfgs);
bool ebbi_lbfgs_is_possible(const ebbi_lbfgs *lbfgs, const ebbi_lbfgs_memory *memory);

/* Takes over a memory, which is possible. Its vectors must be filled next, then counted in. */
void ebbi_lbfgs_take(ebbi_lbfgs *lbfgs, const ebbi_lbfgs_memory *memory);
ebb_status ebbi_lbfgs_count_in(ebbi_lbfgs *lbfgs);

/* A tensor of all parameters, by its name in a checkpoint. */
typedef struct ebbi_named_slab {
  char name[16];
  ebb_tensor *tensor;
  bool weights; /* must be finite, whereas others may overflow */
} ebbi_named_slab;

/* Lists the vectors that a memory needs, and returns their number. */
enum { EBBI_LBFGS_SLABS = 2 * EBBI_LBFGS_HISTORY + 2 };
size_t ebbi_lbfgs_slabs(ebbi_named_slab slabs[EBBI_LBFGS_SLABS], const ebbi_lbfgs *lbfgs);

/* The pairs and the tries of a line that options ask for; 0 for other optimizers. */
size_t ebbi_lbfgs_history(const ebb_train_options *options);
size_t ebbi_lbfgs_tries(const ebb_train_options *options);

/* Whether the last step has found nothing left to gain; false for other optimizers. */
bool ebbi_lbfgs_has_converged(const ebb_trainer *trainer);

#endif
