/* Whole steps of a network: which networks can have them, their layout, and what they need. */
#ifndef EBBI_WHOLE_NETWORK_H
#define EBBI_WHOLE_NETWORK_H

#include "graph/whole_step.h"
#include "nn/network.h"

/* Returns true if the network can be trained by whole steps. Planning them otherwise fails with
 * EBB_ERR_UNSUPPORTED and the reason. */
bool ebbi_pass_can_be_whole(const ebbi_exec *exec, const ebb_network *network);

/* Returns true if whole steps are expected to be faster than steps by layers. */
bool ebbi_pass_whole_is_faster(const ebbi_exec *exec, const ebb_network *network, size_t batch);

ebb_status ebbi_pass_whole_layout(ebbi_whole_layout *layout, const ebbi_exec *exec,
                                  const ebb_network *network, size_t batch);
ebb_status ebbi_pass_make_whole(ebbi_whole_step **out, const ebbi_exec *exec,
                                const ebb_network *network, size_t batch, ebb_loss loss);

#endif
