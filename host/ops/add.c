/* Sums of two values, with an optional epilogue for gradients. */
#include "base/error.h"
#include "elements.h"

ebb_status ebbi_add(const ebbi_exec *exec, ebb_tensor *to, const ebb_tensor *a, const ebb_tensor *b,
                    const ebbi_epilogue *epilogue) {
  static const char where[] = "ebbi_add";
  static const ebbi_epilogue none = {.activation = EBB_ACT_IDENTITY};
  if (!epilogue || !epilogue->a) epilogue = &none;
  TRY(ebbi_elements_require(where, to, a, b, epilogue));
  ebbi_launch launch = ebbi_elements_begin(exec, EBBI_KERNEL_add, to, a, b, epilogue->activation);
  ebbi_launch_buffer(&launch, to->buffer);
  ebbi_launch_buffer(&launch, a->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(b));
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(epilogue->z));
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(epilogue->a));
  ebbi_elements_work(&launch, to, a, b, epilogue, b ? 1 : 0);
  return ebbi_elements_run(&launch, exec, to);
}
