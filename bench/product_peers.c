/* OpenBLAS and oneDNN, each in a separate process: the bench program again, as a worker.
 *
 * OpenBLAS chooses its kernels when it is loaded, so a second choice needs a second process; and
 * one library's threads cannot interfere with another's placement. Every thread of a worker is
 * bound to a processor: two threads waiting for each other on one core would measure the scheduler.
 * Operands are dense rows, as users of these libraries store them. cuBLAS is reached through
 * PyTorch, which needs no CUDA headers here and is how most people use it.
 */
#include "harness/library.h"
#include "harness/worker.h"
#include "product.h"

#include <dirent.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* CBLAS's constants: row-major, no transpose, transpose. */
enum { ROW_MAJOR = 101, AS_IS = 111, TRANSPOSED = 112 };

typedef struct host {
  void (*multiply)(const struct host *s);
  product p;
  contestant *who; /* the contestant that the library is opened for */
  void (*cblas_sgemm)(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a,
                      int lda, const float *b, int ldb, float beta, float *c, int ldc);
  int (*dnnl_sgemm)(char ta, char tb, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
                    int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
} host;

static void openblas_multiply(const host *s) {
  const product *p = &s->p;
  int m = (int)p->m, n = (int)p->n, k = (int)p->k;
  s->cblas_sgemm(ROW_MAJOR, p->transpose_a ? TRANSPOSED : AS_IS,
                 p->transpose_b ? TRANSPOSED : AS_IS, m, n, k, 1, p->a, p->transpose_a ? m : k,
                 p->b, p->transpose_b ? k : n, 0, p->c, n);
}

static void onednn_multiply(const host *s) {
  const product *p = &s->p;
  int64_t m = (int64_t)p->m, n = (int64_t)p->n, k = (int64_t)p->k;
  int status =
      s->dnnl_sgemm(p->transpose_a ? 'T' : 'N', p->transpose_b ? 'T' : 'N', m, n, k, 1, p->a,
                    p->transpose_a ? m : k, p->b, p->transpose_b ? k : n, 0, p->c, n);
  if (status != 0) bench_fail("onednn: dnnl_sgemm: status %d", status);
}

static bool open_openblas(host *s, int threads) {
  void (*set_threads)(int) = NULL;
  char *(*core)(void) = NULL, *(*config)(void) = NULL;
  const bench_symbol symbols[] = {{"cblas_sgemm", &s->cblas_sgemm},
                                  {"openblas_set_num_threads", &set_threads},
                                  {"openblas_get_corename", &core},
                                  {"openblas_get_config", &config},
                                  {NULL, NULL}};
  s->multiply = openblas_multiply;
  if (!bench_library(s->who, "libopenblas.so.0", "libopenblas0-pthread", symbols)) return false;
  set_threads(threads);
  snprintf(s->who->note, sizeof s->who->note, "kernels for %s", core());
  sscanf(config(), "OpenBLAS %95s", s->who->version);
  return true;
}

static bool open_onednn(host *s, int threads) {
  contestant openmp = {0};
  void (*set_threads)(int) = NULL;
  const bench_symbol symbols[] = {{"dnnl_sgemm", &s->dnnl_sgemm}, {NULL, NULL}};
  const bench_symbol openmp_symbols[] = {{"omp_set_num_threads", &set_threads}, {NULL, NULL}};
  s->multiply = onednn_multiply;
  if (!bench_library(s->who, "libdnnl.so.2", "libdnnl2", symbols)) return false;
  if (bench_library(&openmp, "libgomp.so.1", "libgomp1", openmp_symbols)) set_threads(threads);
  return true;
}

/* Binds each thread of this process to its own processor, as far as there are enough. */
static void bind_threads(void) {
  long cores = sysconf(_SC_NPROCESSORS_ONLN), at = 0;
  DIR *tasks = opendir("/proc/self/task");
  for (struct dirent *entry; tasks && (entry = readdir(tasks));) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)(at % cores), &one);
    long task = strtol(entry->d_name, NULL, 10);
    if (task > 0 && sched_setaffinity((pid_t)task, sizeof one, &one) == 0) at++;
  }
  if (tasks) closedir(tasks);
}

/* Receives a case: makes its operands and multiplies once, for the check. */
static void take_case(host *s, const char *text) {
  static char layout[3];
  size_t m, n, k;
  char what[160];
  if (sscanf(text, "%2s %zu %zu %zu", layout, &m, &n, &k) != 4) bench_fail("bad case: %s", text);
  product_free(&s->p);
  s->p = (product){.layout = layout, .m = m, .n = n, .k = k};
  product_create(&s->p);
  s->multiply(s);
  bind_threads();
  if (product_check(what, sizeof what, &s->p, s->p.c))
    printf("ok %s\n", s->who->note);
  else
    printf("wrong: %s\n", what);
}

static void take_run(const host *s, size_t repetitions) {
  double start = bench_now();
  for (size_t i = 0; i < repetitions; i++) s->multiply(s);
  printf("%.9g\n", bench_now() - start);
}

int product_worker(const char *library, int threads) {
  host s = {.who = bench_contestant(library, NULL)};
  bool there =
      strcmp(library, "openblas") == 0 ? open_openblas(&s, threads) : open_onednn(&s, threads);
  char line[160];
  size_t repetitions;
  printf(there ? "ready %s\n" : "no %s\n", there ? s.who->version : s.who->why);
  fflush(stdout);
  while (there && fgets(line, sizeof line, stdin)) {
    if (strncmp(line, "case ", 5) == 0)
      take_case(&s, line + 5);
    else if (sscanf(line, "run %zu", &repetitions) == 1)
      take_run(&s, repetitions);
    fflush(stdout);
  }
  product_free(&s.p);
  free(s.who);
  return 0;
}

static void describe(char *text, size_t size, const bench_case *c) {
  const product *p = c->problem;
  snprintf(text, size, "%s %zu %zu %zu %s", c->layout, c->m, c->n, c->k,
           ebb_precision_name(p->precision));
}

/* An idle worker spins for 2^20 cycles instead of 2^26, so that it does not disturb the next
 * contestant; consecutive calls still find its threads awake. */
contestant *product_peer(const char *name, const char *library, const char *variable,
                         size_t threads) {
  char self[512], count[24];
  ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
  self[length > 0 ? length : 0] = 0;
  snprintf(count, sizeof count, "%zu", threads);
  const char *const argv[] = {
      "env", "OPENBLAS_THREAD_TIMEOUT=20", variable, self, "--worker", library, count, NULL};
  return bench_worker(name, argv, describe);
}

contestant *product_cublas(size_t threads) {
  char count[24];
  snprintf(count, sizeof count, "%zu", threads);
  const char *const arguments[] = {count, "cuda", NULL};
  return bench_script("cublas", NULL, "torch_product.py", arguments, describe);
}
