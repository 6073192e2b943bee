/* Sums and products of vectors of all parameters. */
#include "vectors.h"

#include "base/error.h"
#include "base/size.h"
#include "work.h"

#include <math.h>

enum { SUMS = 4 };

ebb_status ebbi_sums_create(ebb_tensor **out, ebb_device *device) {
  return ebb_tensor_create_packed(out, device, EBB_F32, EBBI_NORM_GROUPS, SUMS);
}

ebb_status ebbi_sums_read(ebbi_sums *out, const ebb_tensor *sums) {
  float rows[EBBI_NORM_GROUPS][SUMS];
  TRY(ebb_tensor_download(rows, sums));
  *out = (ebbi_sums){0};
  for (size_t i = 0; i < EBBI_NORM_GROUPS; i++) {
    out->product += (double)rows[i][0];
    out->square += (double)rows[i][1];
    out->largest = fmax(out->largest, (double)rows[i][2]);
    out->total += (double)rows[i][3];
  }
  return EBB_OK;
}

static size_t vectors_of(const ebbi_exec *exec, const ebb_tensor *slab) {
  return ebbi_ceil_div(slab->cols, exec->params.width);
}

ebb_status ebbi_vector_sum(const ebbi_exec *exec, ebb_tensor *to, const ebb_tensor *a,
                           const ebb_tensor *b, double alpha, double beta) {
  size_t vectors = vectors_of(exec, to);
  size_t items = (size_t)exec->params.element_group * exec->params.element_vectors;
  ebbi_launch launch = ebbi_launch_begin(to->device, exec, EBBI_KERNEL_vector_sum, "");
  ebbi_launch_buffer(&launch, to->buffer);
  ebbi_launch_buffer(&launch, a->buffer);
  ebbi_launch_buffer(&launch, b->buffer);
  ebbi_launch_float(&launch, (float)alpha);
  ebbi_launch_float(&launch, (float)beta);
  ebbi_launch_int(&launch, vectors);
  launch.work = ebbi_work_average(to->cols);
  return ebbi_launch_run(&launch, ebbi_ceil_div(vectors, items), 1);
}

ebb_status ebbi_vector_dot(const ebbi_exec *exec, ebb_tensor *sums, const ebb_tensor *a,
                           const ebb_tensor *b) {
  ebbi_launch launch = ebbi_launch_begin(a->device, exec, EBBI_KERNEL_vector_dot, "");
  ebbi_launch_buffer(&launch, sums->buffer);
  ebbi_launch_buffer(&launch, a->buffer);
  ebbi_launch_buffer(&launch, b->buffer);
  ebbi_launch_int(&launch, vectors_of(exec, a));
  launch.work = ebbi_work_vector_dot(a->cols);
  return ebbi_launch_run(&launch, EBBI_NORM_GROUPS, 1);
}

ebb_status ebbi_objective_gradient(const ebbi_exec *exec, ebb_tensor *to, ebb_tensor *sums,
                                   const ebb_tensor *gradients, const ebb_tensor *parameters,
                                   const ebb_tensor *decay, const ebb_tensor *direction) {
  ebbi_launch launch = ebbi_launch_begin(to->device, exec, EBBI_KERNEL_objective_gradient, "");
  ebbi_launch_buffer(&launch, to->buffer);
  ebbi_launch_buffer(&launch, sums->buffer);
  ebbi_launch_buffer(&launch, gradients->buffer);
  ebbi_launch_buffer(&launch, parameters->buffer);
  ebbi_launch_buffer(&launch, decay->buffer);
  ebbi_launch_buffer(&launch, direction->buffer);
  ebbi_launch_int(&launch, gradients->rows);
  ebbi_launch_int(&launch, gradients->stride / exec->params.width);
  ebbi_launch_int(&launch, vectors_of(exec, to));
  launch.work = ebbi_work_objective_gradient(to->cols, gradients->rows);
  return ebbi_launch_run(&launch, EBBI_NORM_GROUPS, 1);
}
