/* Training steps as problems: a network, a batch, an optimizer. */
#ifndef BENCH_STEP_H
#define BENCH_STEP_H

#include "harness/bench.h"

typedef struct step {
  const char *text; /* of the spec, "784-512relu-512relu-10" */
  ebb_spec spec;
  size_t batch;
  ebb_optimizer optimizer;
  float learning_rate;
} step;

contestant *step_ebb(const bench *b);
contestant *step_fann(void);

/* PyTorch in an interpreter, by bench/torch_step.py. `device` and `form`: "cpu" or "cuda", "eager"
 * or "graph" (CUDA alone). */
contestant *step_torch(const char *name, const char *interpreter, size_t threads,
                       const char *device, const char *form);

/* JAX in the interpreter of EBB_BENCH_PYTHON, by bench/jax_step.py. `form`: "step" or "scan". */
contestant *step_jax(const char *name, size_t threads, const char *form);

#endif
