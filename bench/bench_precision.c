/* Matrix products on tensor cores, in tf32 and bf16, against cuBLAS in the same precision: squares,
 * then the products of a large training step.
 *
 * All of it is one process, so that the device is opened and its programs are built once. Exits
 * with 77, and the reason, where the device has no matrix unit. In bf16 operands are stored as
 * hidden layers store them; the result is float32, and cuBLAS's is bfloat16.
 */
#include "product.h"

static void run_square(bench *b, size_t size, ebb_precision precision) {
  static const char *const layouts[] = {"nn", "nt", "tn"};
  char name[48];
  snprintf(name, sizeof name, "%s square %zu", ebb_precision_name(precision), size);
  for (size_t l = 0; l < 3; l++)
    product_run(
        b, ebb_precision_name(precision), name, 0,
        (product){.layout = layouts[l], .precision = precision, .m = size, .n = size, .k = size});
}

static void run_network(bench *b, ebb_precision precision) {
  char group[32], name[48];
  snprintf(group, sizeof group, "%s mlp", ebb_precision_name(precision));
  snprintf(name, sizeof name, "%s 784-512-512-10", ebb_precision_name(precision));
  product_run_layers(b, group, name, "784-512-512-10", 8192, precision);
}

int main(int argc, char **argv) {
  static const ebb_precision precisions[] = {EBB_PRECISION_TF32, EBB_PRECISION_BF16};
  static const size_t squares[] = {4096, 2048, 256};
  bench b;
  bench_open(&b, "precision", "Matrix products in tf32 and bf16, against cuBLAS.", argc, argv);
  if (ebb_device_set_precision(b.device, EBB_PRECISION_TF32) != EBB_OK) {
    printf("skipped: %s\n", ebb_error_message());
    ebb_device_free(b.device);
    return 77;
  }
  bench_enter(&b, product_ebb(&b));
  bench_enter(&b, product_cublas(b.threads));
  for (size_t s = 0; s < 3; s++)
    for (size_t p = 0; p < 2; p++)
      if (!b.quick || squares[s] != 2048) run_square(&b, squares[s], precisions[p]);
  for (size_t p = 0; !b.quick && p < 2; p++) run_network(&b, precisions[p]);
  bench_close(&b);
  return 0;
}
