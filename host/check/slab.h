/* Where a reference's parameters lie in a network's slab, which gives each its own row stride.
 */
#ifndef EBBI_SLAB_PLACE_H
#define EBBI_SLAB_PLACE_H

#include "nn/network.h"

/* How many numbers the parameters of a node have. */
size_t ebbi_node_numbers(const ebb_spec *spec, size_t node);

/* The index in the slab of number `i` of a node's parameters, which lie flat in the reference. */
size_t ebbi_slab_place(const ebb_network *network, size_t node, size_t i);

/* The range of the slab that a node's parameters take, padding included; empty if `first` is
 * `end`. */
void ebbi_slab_range(size_t *first, size_t *end, const ebb_network *network, size_t node);

/* The same of one of its parameters. */
void ebbi_slab_parameter(size_t *first, size_t *end, const ebb_network *network, size_t node,
                         size_t parameter);

#endif
