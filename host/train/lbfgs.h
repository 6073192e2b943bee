/* L-BFGS: steps of a training that are found by a line search over all rows. */
#ifndef EBBI_LBFGS_H
#define EBBI_LBFGS_H

#include "graph/pass.h"

#include <ebb/trainer.h>

typedef struct ebbi_lbfgs ebbi_lbfgs;

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

/* Whether the last step has found nothing left to gain; false for other optimizers. */
bool ebbi_lbfgs_has_converged(const ebb_trainer *trainer);

#endif
