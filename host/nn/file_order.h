/* The order of the weights in a file. */
#ifndef EBBI_FILE_ORDER_H
#define EBBI_FILE_ORDER_H

#include "kind.h"

/* How many orders fit: none, exactly one, or several. */
typedef enum ebbi_orders { EBBI_ORDER_NONE, EBBI_ORDER_ONE, EBBI_ORDER_MANY } ebbi_orders;

/* True if the tensor has the name, the dimensions and, unless `any_size`, the sizes that a file
 * gives this parameter. */
bool ebbi_file_fits(const ebbi_safetensor *tensor, const ebbi_parameter *parameter, bool any_size);

/* Sorts `weights` [count], first parameters of layers, so that a name with a lower number goes
 * before the same name with a higher one, and that they fit the nodes of `spec` that have
 * parameters. `spec` NULL: that each takes as many inputs as the one before gives outputs.
 * `by_numbers`: the numbers alone say it. With no or several orders the weights stay as they are.
 */
ebbi_orders ebbi_file_order(const ebbi_safetensor **weights, size_t count, const ebb_spec *spec,
                            bool *by_numbers);

#endif
