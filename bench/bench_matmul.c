/* Matrix products: squares, the products of training, and DeepBench's training shapes.
 *
 * A training step of a layer [I, O] with a batch of B rows has three products: forward x.w (nn, B x
 * O x I), weight gradient x^T.dz (tn, I x O x B) and input gradient dz.w^T (nt, B x I x O; not in
 * the first layer). Every contestant's result is checked before it is timed.
 */
#include "harness/probe.h"
#include "product.h"

#include <stdlib.h>
#include <string.h>

static const char *const layouts[] = {"nn", "nt", "tn"};
static const char *const networks[] = {"784-512-512-10", "1024-1024-1024-1024-10"};

/* From the training set of baidu-research/DeepBench, code/kernels/gemm_problems.h, which is
 * column-major: its (m, n, k) is n x m x k here, its transposed A our "nt", its B our "tn". */
static const struct {
  const char *layout;
  size_t m, n, k;
  bool quick;
} deepbench[] = {
    {"nn", 16, 1760, 1760, false},  {"nn", 32, 1760, 1760, false},  {"nn", 64, 1760, 1760, true},
    {"nn", 128, 1760, 1760, false}, {"nt", 128, 1760, 1760, false}, {"nn", 32, 2048, 2048, false},
    {"nt", 32, 2048, 2048, true},   {"nn", 64, 2560, 2560, false},  {"nn", 16, 4096, 4096, false},
    {"nt", 16, 4096, 4096, false},  {"nn", 700, 1024, 512, false},  {"nt", 700, 1024, 512, false},
    {"tn", 32, 1024, 512, true},    {"nn", 8457, 35, 1760, false},
};

static void run_square(bench *b, size_t size) {
  char name[32];
  snprintf(name, sizeof name, "square %zu", size);
  for (size_t l = 0; l < 3; l++)
    product_run(b, "square", name, 0,
                (product){.layout = layouts[l], .m = size, .n = size, .k = size});
}

static void run_network(bench *b, const char *network, size_t batch) {
  product_run_layers(b, "mlp", network, network, batch, EBB_PRECISION_FP32);
}

static void run_deepbench(bench *b) {
  for (size_t i = 0; i < sizeof deepbench / sizeof *deepbench; i++)
    if (!b->quick || deepbench[i].quick)
      product_run(b, "deepbench", "deepbench", 0,
                  (product){.layout = deepbench[i].layout,
                            .m = deepbench[i].m,
                            .n = deepbench[i].n,
                            .k = deepbench[i].k});
}

static void run_for_processor(bench *b) {
  static const size_t squares[] = {256, 512, 1024, 2048, 4096}, batches[] = {32, 128, 1024};
  for (size_t s = 0; s < sizeof squares / sizeof *squares; s++)
    if (!b->quick || squares[s] == 512 || squares[s] == 1024) run_square(b, squares[s]);
  for (size_t n = 0; n < sizeof networks / sizeof *networks; n++)
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
      if (!b->quick || (n == 0 && batches[i] < 1024)) run_network(b, networks[n], batches[i]);
  run_deepbench(b);
}

/* What tells most comes first: time on a GPU is short. */
static void run_for_gpu(bench *b) {
  static const size_t squares[] = {4096, 2048, 1024}, batches[] = {64, 1024, 8192};
  size_t count = b->quick ? 1 : 3;
  for (size_t s = 0; s < count; s++) run_square(b, squares[s]);
  for (size_t i = 0; i < count; i++) run_network(b, networks[0], batches[i]);
}

static bool has_avx512(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512f");
#else
  return false;
#endif
}

static void enter_processor(bench *b) {
  char threads[40];
  snprintf(threads, sizeof threads, "OMP_NUM_THREADS=%zu", b->threads);
  bench_enter(b, bench_fma_peak(b));
  bench_enter(b, product_peer("onednn", "onednn", threads, b->threads));
  bench_enter(b, product_peer("openblas", "openblas", threads, b->threads));
  if (has_avx512())
    bench_enter(
        b, product_peer("openblas_skylakex", "openblas", "OPENBLAS_CORETYPE=SKYLAKEX", b->threads));
}

static void enter_gpu(bench *b) {
  bench_enter(b, product_cublas(b->threads));
}

int main(int argc, char **argv) {
  if (argc == 4 && strcmp(argv[1], "--worker") == 0) return product_worker(argv[2], atoi(argv[3]));
  bench b;
  bench_open(&b, "matmul",
             "Matrix products, against OpenBLAS, oneDNN and CLBlast where they are installed.",
             argc, argv);
  bench_enter(&b, product_ebb(&b));
  b.gpu ? enter_gpu(&b) : enter_processor(&b);
  bench_enter(&b, product_clblast(&b));
  b.gpu ? run_for_gpu(&b) : run_for_processor(&b);
  bench_close(&b);
  return 0;
}
