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
static const size_t batches[] = {32, 128, 1024};
static const size_t squares[] = {256, 512, 1024, 2048, 4096};

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

static void run_product(bench *b, const char *group, const char *name, size_t batch,
                        const char *layout, size_t m, size_t n, size_t k) {
  if (!bench_wants(b, name)) return;
  product p;
  product_create(&p, layout, m, n, k);
  bench_case c = {.group = group,
                  .name = name,
                  .layout = layout,
                  .optimizer = "",
                  .m = m,
                  .n = n,
                  .k = k,
                  .batch = batch,
                  .flops = 2.0 * (double)m * (double)n * (double)k,
                  .bytes = 4.0 * (double)(m * k + k * n + m * n),
                  .problem = &p};
  bench_run(b, &c);
  product_free(&p);
}

static void run_squares(bench *b) {
  for (size_t s = 0; s < sizeof squares / sizeof *squares; s++) {
    char name[32];
    snprintf(name, sizeof name, "square %zu", squares[s]);
    if (b->quick && squares[s] != 512 && squares[s] != 1024) continue;
    for (size_t l = 0; l < 3; l++)
      run_product(b, "square", name, 0, layouts[l], squares[s], squares[s], squares[s]);
  }
}

/* A layer's products. */
static void run_layer(bench *b, const char *network, const ebb_spec *spec, size_t l, size_t batch) {
  size_t in = ebb_spec_cols(spec, l), out = ebb_spec_cols(spec, l + 1);
  bool repeated = l > 0 && ebb_spec_cols(spec, l - 1) == in && in == out;
  char name[128];
  snprintf(name, sizeof name, "%s b%zu L%zu", network, batch, l + 1);
  if (!repeated) {
    run_product(b, "mlp", name, batch, "nn", batch, out, in);
    run_product(b, "mlp", name, batch, "tn", in, out, batch);
  }
  if (l > 0 && !(repeated && l > 1)) run_product(b, "mlp", name, batch, "nt", batch, in, out);
}

static void run_networks(bench *b) {
  for (size_t n = 0; n < sizeof networks / sizeof *networks; n++) {
    ebb_spec spec;
    bench_must(ebb_spec_parse(&spec, networks[n], 0, 0));
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++)
      for (size_t l = 0; l < spec.count; l++)
        if (!b->quick || (n == 0 && batches[i] < 1024))
          run_layer(b, networks[n], &spec, l, batches[i]);
  }
}

static void run_deepbench(bench *b) {
  for (size_t i = 0; i < sizeof deepbench / sizeof *deepbench; i++)
    if (!b->quick || deepbench[i].quick)
      run_product(b, "deepbench", "deepbench", 0, deepbench[i].layout, deepbench[i].m,
                  deepbench[i].n, deepbench[i].k);
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
  bench_enter(b, product_cublas("cublas", "fp32", b->threads));
  bench_enter(b, product_cublas("cublas_tf32", "tf32", b->threads));
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
  run_squares(&b);
  run_networks(&b);
  run_deepbench(&b);
  bench_close(&b);
  return 0;
}
