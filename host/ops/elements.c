/* Elementwise launches: each item takes a few vectors of the matrix, counted row by row. */
#include "elements.h"

#include "base/error.h"
#include "base/size.h"

#include <stdio.h>

static ebb_status require_numbers(const char *where, const char *name, const ebb_tensor *tensor,
                                  const ebb_tensor *to) {
  if (!tensor) return EBB_OK;
  ebb_dtype type = tensor->dtype == EBB_BF16 ? EBB_BF16 : EBB_F32;
  return ebbi_tensor_require(where, name, tensor, to->device, type, to->rows, to->cols);
}

ebb_status ebbi_elements_require(const char *where, const ebb_tensor *to, const ebb_tensor *a,
                                 const ebb_tensor *b, const ebbi_epilogue *epilogue) {
  REQUIRE(to && a, EBB_ERR_ARGUMENT, "%s: a tensor is NULL", where);
  TRY(require_numbers(where, "to", to, to));
  TRY(require_numbers(where, "a", a, to));
  TRY(require_numbers(where, "b", b, to));
  if (!epilogue->a) return EBB_OK;
  TRY(ebbi_tensor_require(where, "f", epilogue->a, to->device, to->dtype, to->rows, to->cols));
  return ebbi_require_kept(where, epilogue->z, epilogue->a, epilogue->activation);
}

static const char *option_if_bf16(const ebb_tensor *tensor, const char *option) {
  return tensor && tensor->dtype == EBB_BF16 ? option : "";
}

ebbi_launch ebbi_elements_begin(const ebbi_exec *exec, ebbi_kernel_id id, const ebb_tensor *to,
                                const ebb_tensor *a, const ebb_tensor *b,
                                ebb_activation activation) {
  char name[EBBI_ACTIVATION_OPTION], options[EBBI_ACTIVATION_OPTION + 32];
  ebbi_activation_option(name, exec, activation);
  snprintf(options, sizeof options, "%s%s%s%s", name, option_if_bf16(a, " -DA_BF16"),
           option_if_bf16(b, " -DB_BF16"), option_if_bf16(to, " -DC_BF16"));
  return ebbi_launch_begin(to->device, exec, id, options);
}

static double bytes_of(const ebb_tensor *tensor) {
  size_t each = tensor && tensor->dtype == EBB_BF16 ? 2 : 4;
  return tensor ? (double)(tensor->rows * tensor->cols * each) : 0;
}

void ebbi_elements_work(ebbi_launch *launch, const ebb_tensor *to, const ebb_tensor *a,
                        const ebb_tensor *b, const ebbi_epilogue *epilogue, double flops) {
  double count = (double)(to->rows * to->cols);
  launch->work = (ebbi_work){
      .shape = {to->rows, to->cols},
      .flops = count * (flops + (epilogue->a ? 1 : 0)),
      .bytes =
          bytes_of(to) + bytes_of(a) + bytes_of(b) + bytes_of(epilogue->z) + bytes_of(epilogue->a),
  };
}

ebb_status ebbi_elements_run(ebbi_launch *launch, const ebbi_exec *exec, const ebb_tensor *to) {
  const ebbi_device_params *params = &exec->params;
  size_t vectors = to->rows * ebbi_ceil_div(to->cols, params->width);
  ebbi_launch_int(launch, vectors);
  ebbi_launch_int(launch, to->cols);
  ebbi_launch_int(launch, to->stride);
  size_t each = (size_t)params->element_group * params->element_vectors;
  return ebbi_launch_run(launch, ebbi_ceil_div(vectors, each), 1);
}
