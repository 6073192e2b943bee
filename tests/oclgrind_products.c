/* The dense layer's three passes, one launch each: oclgrind interprets them in seconds, while a
 * training with the same tiles takes minutes. Operands are zeros, since accesses are checked, not
 * numbers. The environment selects engine, unit and configuration. Prints the kernels that ran.
 *
 * oclgrind_products PRECISION X_TYPE A_TYPE ROWSxCOLSxDEPTH... Sizes are those of each pass's
 * result and of its sums' depth; the types, f32 or bf16, are those of a layer's input and output.
 */
#include <ebb/ebb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct layer {
  ebb_device *device;
  ebb_dtype x_type, a_type;
  size_t rows, cols, depth;
} layer;

static ebb_tensor *make(const layer *l, ebb_dtype type, size_t rows, size_t cols) {
  ebb_tensor *tensor = NULL;
  (void)ebb_tensor_create(&tensor, l->device, type, rows, cols);
  return tensor;
}

static ebb_status forward(const layer *l) {
  ebb_tensor *x = make(l, l->x_type, l->rows, l->depth), *w = make(l, EBB_F32, l->depth, l->cols),
             *b = make(l, EBB_F32, 1, l->cols), *z = make(l, l->a_type, l->rows, l->cols),
             *a = make(l, l->a_type, l->rows, l->cols);
  ebb_status status = ebb_dense_forward(a, z, x, w, b, EBB_ACT_SILU);
  ebb_tensor *const all[] = {x, w, b, z, a};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) ebb_tensor_free(all[i]);
  return status;
}

static ebb_status input_gradient(const layer *l) {
  ebb_tensor *dz = make(l, l->x_type, l->rows, l->depth), *w = make(l, EBB_F32, l->cols, l->depth),
             *z = make(l, l->a_type, l->rows, l->cols), *a = make(l, l->a_type, l->rows, l->cols),
             *dx = make(l, l->a_type, l->rows, l->cols);
  ebb_status status = ebb_dense_input_gradient(dx, dz, w, z, a, EBB_ACT_SILU);
  ebb_tensor *const all[] = {dz, w, z, a, dx};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) ebb_tensor_free(all[i]);
  return status;
}

static ebb_status weight_gradient(const layer *l) {
  ebb_tensor *x = make(l, l->x_type, l->depth, l->rows),
             *dz = make(l, l->a_type, l->depth, l->cols), *dw = make(l, EBB_F32, l->rows, l->cols),
             *db = make(l, EBB_F32, 1, l->cols);
  ebb_status status = ebb_dense_weight_gradient(dw, db, x, dz);
  ebb_tensor *const all[] = {x, dz, dw, db};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) ebb_tensor_free(all[i]);
  return status;
}

static ebb_status run(layer *l, const char *shape) {
  if (sscanf(shape, "%zux%zux%zu", &l->rows, &l->cols, &l->depth) != 3) return EBB_ERR_ARGUMENT;
  ebb_status status = forward(l);
  if (status == EBB_OK) status = input_gradient(l);
  if (status == EBB_OK) status = weight_gradient(l);
  return status;
}

static ebb_precision precision_of(const char *name) {
  int p = 0;
  while (p < EBB_PRECISION_COUNT && strcmp(name, ebb_precision_name((ebb_precision)p)) != 0) p++;
  return (ebb_precision)p;
}

static ebb_dtype type_of(const char *name) {
  return strcmp(name, "bf16") == 0 ? EBB_BF16 : EBB_F32;
}

int main(int count, char **words) {
  layer l = {0};
  size_t kinds = 0;
  if (count < 5) return 2;
  ebb_status status = ebb_device_open_profiled(&l.device, NULL);
  if (status == EBB_OK) status = ebb_device_set_precision(l.device, precision_of(words[1]));
  if (status == EBB_OK) status = ebb_profile_begin(l.device, 0);
  l.x_type = type_of(words[2]);
  l.a_type = type_of(words[3]);
  for (int i = 4; i < count && status == EBB_OK; i++) status = run(&l, words[i]);
  if (status == EBB_OK) status = ebb_profile_end(l.device);
  if (status != EBB_OK) fprintf(stderr, "oclgrind_products: %s\n", ebb_error_message());
  const ebb_profile_row *rows = status == EBB_OK ? ebb_profile_rows(&kinds, l.device) : NULL;
  for (size_t i = 0; i < kinds; i++) printf("%s\n", rows[i].name);
  ebb_device_free(l.device);
  return status == EBB_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
