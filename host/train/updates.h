/* The update of a training: groups of parameters, the launches after the gradients. */
#ifndef EBBI_UPDATES_H
#define EBBI_UPDATES_H

#include "nn/network.h"
#include "ops/update_groups.h"

#include <ebb/trainer.h>

/* Errors: EBB_ERR_ARGUMENT (a value is out of range, or no layer is left to train). */
ebb_status ebbi_updates_check(const char *where, const ebb_update_options *options,
                              const ebb_network *network);

/* The treatment of a node's parameter. */
ebbi_update_group ebbi_updates_group(const ebb_train_options *options, const ebb_network *network,
                                     size_t node, size_t parameter);

/* Lists the nodes that are frozen. */
void ebbi_updates_frozen(bool frozen[EBB_MAX_NODES], const ebb_train_options *options);

/* Creates the table of groups; none if all parameters are treated alike. */
ebb_status ebbi_updates_create(ebbi_update_groups *out, const ebb_train_options *options,
                               const ebb_network *network);

/* The row of a parameter in the table of groups. */
size_t ebbi_updates_row(const ebb_train_options *options, const ebb_network *network, size_t node,
                        size_t parameter);

/* Returns true if a launch of whole steps can contain the update. */
bool ebbi_updates_fuse(const ebb_train_options *options);

/* Returns true if a step is recorded up to its end, and nothing changes the weights after the
 * update. */
bool ebbi_updates_are_last(const ebb_train_options *options);

/* Returns true if max-norm applies to the parameter. */
bool ebbi_updates_limit(const ebb_train_options *options, const ebb_network *network, size_t node,
                        size_t parameter);

/* Returns true if the training averages its weights; the first epoch of a mean over epochs, or 0.
 */
bool ebbi_average_taken(const ebb_train_options *options);
size_t ebbi_average_first(const ebb_train_options *options);

/* Takes the weights of an epoch that has ended into a mean over epochs. */
ebb_status ebbi_average_epoch(ebb_trainer *trainer);

/* Puts the averaged weights into the network, if there are any, and the latest ones back. */
ebb_status ebbi_average_show(ebb_trainer *trainer);
ebb_status ebbi_average_hide(ebb_trainer *trainer);

/* Returns the weights that the network holds after a run: the best or the averaged ones; NULL: the
 * latest. */
ebb_tensor *ebbi_trainer_shown(const ebb_trainer *trainer);

/* Returns the rows of a full step. */
size_t ebbi_updates_rows(const ebb_train_options *options);

/* Returns the seed of a part of a step, so that each part drops other values. */
uint64_t ebbi_part_seed(uint64_t seed, size_t part);

/* Queues adding a part's gradients to those of its step. */
ebb_status ebbi_updates_add(ebb_trainer *trainer, size_t part);

/* Queues the update of an open step, and closes the step. */
ebb_status ebbi_updates_run(ebb_trainer *trainer);

#endif
