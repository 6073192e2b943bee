/* Copies between columns of two matrices. */
#ifndef EBBI_COLUMNS_H
#define EBBI_COLUMNS_H

#include "ops/ops.h"

/* to[:, to_first + c] = from[:, from_first + c] for c in [0, cols). from NULL: zeros. Types may
 * differ. cols 0: nothing is done.  Source: kernels/copy_columns.cl */
ebb_status ebbi_copy_columns(const ebbi_exec *exec, ebb_tensor *to, size_t to_first,
                             const ebb_tensor *from, size_t from_first, size_t cols);

#endif
