/* The matrices that an optimizer with orthogonal steps updates apart. */
#ifndef EBBI_TRAIN_MUON_H
#define EBBI_TRAIN_MUON_H

#include "graph/pass.h"

#include <ebb/trainer.h>

typedef struct ebbi_muon ebbi_muon;

/* True if the optimizer updates this parameter apart: weights of a dense product that are trained,
 * by default except those of the last layer. */
bool ebbi_muon_takes(const ebb_train_options *options, const ebb_network *network, size_t node,
                     size_t parameter);

/* Fails if options of such an optimizer are given to another. */
ebb_status ebbi_muon_check(const char *where, const ebb_train_options *options);

/* Adds what the matrices need. */
void ebbi_muon_need(ebbi_need *need, const ebb_network *network, const ebb_train_options *options);

/* Prepares the matrices of a trainer that has its moments and its groups; NULL if there are none.
 */
ebb_status ebbi_muon_create(ebbi_muon **out, ebb_trainer *trainer);
void ebbi_muon_free(ebbi_muon *muon);

/* Queues the updates of all matrices, before the update of the others closes the step. */
ebb_status ebbi_muon_run(const ebbi_muon *muon, const ebb_tensor *gradients);

#endif
