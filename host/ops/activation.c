/* Activation and bias as separate operations, for engines that cannot fuse them. */
#include "base/error.h"
#include "base/size.h"
#include "elements.h"
#include "ops.h"
#include "work.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* A parameter is passed as the bits of a float, whose text is the same in every locale. */
void ebbi_activation_option(char option[EBBI_ACTIVATION_OPTION], const ebbi_exec *exec,
                            ebb_activation activation) {
  const ebb_formula *formula = ebbi_exec_formula(exec, activation);
  if (formula) {
    int used = snprintf(option, EBBI_ACTIVATION_OPTION,
                        "-DACTIVATE_BY=F_formula_0 -DSLOPE_BY=D_formula_0 ");
    ebbi_formula_option(option + used, formula, 0);
    return;
  }
  const char *name = ebb_activation_name(activation);
  float parameter = (float)ebb_activation_parameter(activation);
  uint32_t bits;
  memcpy(&bits, &parameter, sizeof bits);
  int length =
      snprintf(option, EBBI_ACTIVATION_OPTION, "-DACTIVATE_BY=F_%s -DSLOPE_BY=D_%s", name, name);
  if (ebb_activation_parameter_name(activation))
    snprintf(option + length, EBBI_ACTIVATION_OPTION - (size_t)length, " -DPARAMETER_BITS=%" PRIu32,
             bits);
}

const ebb_formula *ebbi_exec_formula(const ebbi_exec *exec, ebb_activation activation) {
  int place = (int)activation - EBB_ACT_FORMULA_0;
  bool exists = exec->formulas && place >= 0 && place < EBB_MAX_FORMULAS;
  return exists && exec->formulas[place].name[0] ? &exec->formulas[place] : NULL;
}

ebb_status ebbi_require_activation(const char *where, const ebbi_exec *exec,
                                   ebb_activation activation) {
  REQUIRE(ebbi_activation_exists(activation) || ebbi_exec_formula(exec, activation),
          EBB_ERR_ARGUMENT, "%s: there is no activation %d", where, (int)activation);
  return EBB_OK;
}

ebb_status ebbi_require_kept(const char *where, const ebb_tensor *z, const ebb_tensor *a,
                             ebb_activation activation) {
  REQUIRE(z || !ebb_activation_needs_z(activation), EBB_ERR_ARGUMENT,
          "%s: z is NULL, but the derivative of %s needs it", where,
          ebb_activation_name(activation));
  return z ? ebbi_tensor_require(where, "z", z, a->device, a->dtype, a->rows, a->cols) : EBB_OK;
}

ebb_status ebbi_require_slope(const char *where, const ebbi_exec *exec, const ebb_tensor *z,
                              const ebb_tensor *a, ebb_activation activation) {
  TRY(ebbi_require_activation(where, exec, activation));
  return ebbi_require_kept(where, z, a, activation);
}

/* Most vectors of columns that an item of bias_gradient sums. */
enum { SUM_VECTORS = 8 };

static size_t vectors_across(const ebbi_exec *exec, const ebb_tensor *tensor) {
  return ebbi_ceil_div(tensor->cols, exec->params.width);
}

/* Queues enough groups for all vectors; an item takes `each` of them. */
static ebb_status run_over(ebbi_launch *launch, const ebbi_exec *exec, size_t vectors,
                           size_t each) {
  return ebbi_launch_run(launch, ebbi_ceil_div(vectors, exec->params.element_group * each), 1);
}

static ebb_status run_elements(ebbi_launch *launch, const ebbi_exec *exec,
                               const ebb_tensor *tensor) {
  launch->work = ebbi_work_activation(tensor->rows, tensor->cols);
  return ebbi_elements_run(launch, exec, tensor);
}

ebb_status ebbi_activation_forward(const ebbi_exec *exec, ebb_tensor *a, ebb_tensor *z,
                                   const ebb_tensor *b, ebb_activation activation) {
  static const char where[] = "ebb_activation_forward";
  REQUIRE(a && z, EBB_ERR_ARGUMENT, "%s: a tensor is NULL", where);
  TRY(ebbi_tensor_require(where, "z", z, z->device, EBB_F32, z->rows, z->cols));
  TRY(ebbi_tensor_require(where, "a", a, z->device, EBB_F32, z->rows, z->cols));
  if (b) TRY(ebbi_tensor_require(where, "b", b, z->device, EBB_F32, 1, z->cols));
  TRY(ebbi_require_activation(where, exec, activation));
  char options[EBBI_ACTIVATION_OPTION];
  ebbi_activation_option(options, exec, activation);
  ebbi_launch launch = ebbi_launch_begin(a->device, exec, EBBI_KERNEL_activation_forward, options);
  ebbi_launch_buffer(&launch, a->buffer);
  ebbi_launch_buffer(&launch, z->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(b));
  return run_elements(&launch, exec, a);
}

ebb_status ebb_activation_forward(ebb_tensor *a, ebb_tensor *z, const ebb_tensor *b,
                                  ebb_activation activation) {
  return ebbi_activation_forward(ebbi_tensor_exec(a), a, z, b, activation);
}

ebb_status ebbi_activation_backward(const ebbi_exec *exec, ebb_tensor *dz, const ebb_tensor *z,
                                    const ebb_tensor *a, ebb_activation activation) {
  static const char where[] = "ebb_activation_backward";
  REQUIRE(dz && a, EBB_ERR_ARGUMENT, "%s: a tensor is NULL", where);
  TRY(ebbi_tensor_require(where, "dz", dz, dz->device, EBB_F32, dz->rows, dz->cols));
  TRY(ebbi_tensor_require(where, "a", a, dz->device, EBB_F32, dz->rows, dz->cols));
  TRY(ebbi_require_slope(where, exec, z, a, activation));
  char options[EBBI_ACTIVATION_OPTION];
  ebbi_activation_option(options, exec, activation);
  ebbi_launch launch =
      ebbi_launch_begin(dz->device, exec, EBBI_KERNEL_activation_backward, options);
  ebbi_launch_buffer(&launch, dz->buffer);
  ebbi_launch_buffer(&launch, ebbi_tensor_buffer(z));
  ebbi_launch_buffer(&launch, a->buffer);
  return run_elements(&launch, exec, dz);
}

ebb_status ebb_activation_backward(ebb_tensor *dz, const ebb_tensor *z, const ebb_tensor *a,
                                   ebb_activation activation) {
  return ebbi_activation_backward(ebbi_tensor_exec(dz), dz, z, a, activation);
}

ebb_status ebbi_bias_gradient(const ebbi_exec *exec, ebb_tensor *db, const ebb_tensor *dz) {
  static const char where[] = "ebb_bias_gradient";
  REQUIRE(dz, EBB_ERR_ARGUMENT, "%s: dz is NULL", where);
  TRY(ebbi_tensor_require(where, "dz", dz, dz->device, EBB_F32, dz->rows, dz->cols));
  TRY(ebbi_tensor_require(where, "db", db, dz->device, EBB_F32, 1, dz->cols));
  char options[EBBI_ACTIVATION_OPTION];
  ebbi_activation_option(options, exec, EBB_ACT_IDENTITY);
  ebbi_launch launch = ebbi_launch_begin(dz->device, exec, EBBI_KERNEL_bias_gradient, options);
  ebbi_launch_buffer(&launch, db->buffer);
  ebbi_launch_buffer(&launch, dz->buffer);
  ebbi_launch_int(&launch, dz->rows);
  ebbi_launch_int(&launch, dz->cols);
  ebbi_launch_int(&launch, dz->stride);
  launch.work = ebbi_work_column_sums(dz->rows, dz->cols);
  size_t each = exec->params.element_vectors;
  return run_over(&launch, exec, vectors_across(exec, dz), each < SUM_VECTORS ? each : SUM_VECTORS);
}

ebb_status ebb_bias_gradient(ebb_tensor *db, const ebb_tensor *dz) {
  return ebbi_bias_gradient(ebbi_tensor_exec(dz), db, dz);
}
