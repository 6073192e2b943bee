/* Whole steps of a network: which can have them, their plan, and all that they need. */
#ifndef EBBI_WHOLE_NETWORK_H
#define EBBI_WHOLE_NETWORK_H

#include "graph/whole_step.h"
#include "nn/network.h"

/* Can steps be whole? Planning one that cannot fails with EBB_ERR_UNSUPPORTED and the reason. */
bool ebbi_pass_can_be_whole(const ebbi_exec *exec, const ebb_network *network);

/* Are they better whole, as far as it is known? */
bool ebbi_pass_had_better_be_whole(const ebbi_exec *exec, const ebb_network *network);

ebb_status ebbi_pass_plan_whole(ebbi_whole_plan *plan, const ebbi_exec *exec,
                                const ebb_network *network, size_t batch);
ebb_status ebbi_pass_make_whole(ebbi_whole_step **out, const ebbi_exec *exec,
                                const ebb_network *network, size_t batch);

#endif
