/* In which order the weights of a file follow each other. */
#ifndef EBBI_FILE_ORDER_H
#define EBBI_FILE_ORDER_H

#include "safetensors.h"
#include "spec.h"

/* How many orders there are that fit: the last only says that there is more than one. */
typedef enum ebbi_orders { EBBI_ORDER_NONE, EBBI_ORDER_ONE, EBBI_ORDER_MANY } ebbi_orders;

/* Sorts `weights` [count], each [out, in], so that a name with a lower number goes before the same
 * name with a higher one, and that they have the sizes of the nodes of `spec` that have weights.
 * `spec` NULL: that each takes as many inputs as the one before gives outputs. `by_numbers`: the
 * numbers alone say it. With no or several orders the weights stay as they are. */
ebbi_orders ebbi_file_order(const ebbi_safetensor **weights, size_t count, const ebb_spec *spec,
                            bool *by_numbers);

#endif
