/* Elementwise launches: what kernels over kernels/elements.h have in common. */
#ifndef EBBI_ELEMENTS_H
#define EBBI_ELEMENTS_H

#include "ops/ops.h"

/* Fails unless all are of to's shape, each float32 or bfloat16 (what the epilogue reads: of to's
 * type); b and epilogue->a may be NULL. */
ebb_status ebbi_elements_require(const char *where, const ebb_tensor *to, const ebb_tensor *a,
                                 const ebb_tensor *b, const ebbi_epilogue *epilogue);

/* Starts a launch whose program is built for these types and this activation. */
ebbi_launch ebbi_elements_begin(const ebbi_exec *exec, ebbi_kernel_id id, const ebb_tensor *to,
                                const ebb_tensor *a, const ebb_tensor *b,
                                ebb_activation activation);

/* Tells its work: to, a, b and what the epilogue reads go through memory once, and an element takes
 * `flops`, and one more for the epilogue. */
void ebbi_elements_work(ebbi_launch *launch, const ebb_tensor *to, const ebb_tensor *a,
                        const ebb_tensor *b, const ebbi_epilogue *epilogue, double flops);

/* Appends vectors in all, columns and stride, which such kernels' arguments end with, and runs. */
ebb_status ebbi_elements_run(ebbi_launch *launch, const ebbi_exec *exec, const ebb_tensor *to);

#endif
