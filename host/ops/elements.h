/* Elementwise launches: the host side of kernels that include kernels/elements.h. */
#ifndef EBBI_ELEMENTS_H
#define EBBI_ELEMENTS_H

#include "ops/ops.h"

/* Fails unless all tensors have to's shape and are float32 or bfloat16. Tensors of the epilogue
 * must have to's type. b and epilogue->a may be NULL. */
ebb_status ebbi_elements_require(const char *where, const ebb_tensor *to, const ebb_tensor *a,
                                 const ebb_tensor *b, const ebbi_epilogue *epilogue);

/* Starts a launch whose program is built for these types and this activation. */
ebbi_launch ebbi_elements_begin(const ebbi_exec *exec, ebbi_kernel_id id, const ebb_tensor *to,
                                const ebb_tensor *a, const ebb_tensor *b,
                                ebb_activation activation);

/* Sets the launch's work: to, a, b and the epilogue's tensors are moved once; an element takes
 * `flops`, plus one for the epilogue. */
void ebbi_elements_work(ebbi_launch *launch, const ebb_tensor *to, const ebb_tensor *a,
                        const ebb_tensor *b, const ebbi_epilogue *epilogue, double flops);

/* Appends the last arguments of elementwise kernels (vectors in total, columns, stride) and runs.
 */
ebb_status ebbi_elements_run(ebbi_launch *launch, const ebbi_exec *exec, const ebb_tensor *to);

#endif
