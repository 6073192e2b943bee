/* The tools of a kernel check: a tally that keeps the worst comparison, and a fixture that owns the
 * tensors and arrays of one case, so that a case can fail anywhere without leaks.
 */
#ifndef EBBI_FIXTURE_H
#define EBBI_FIXTURE_H

#include "check/reference.h"
#include "gemm/gemm.h"

/* The worst of many comparisons: the largest error in relation to its bound. */
typedef struct ebbi_tally {
  double error, bound;
  size_t compared;
  char current[96], worst[96]; /* the running case, and the case of the worst comparison */
} ebbi_tally;

/* Names the case whose comparisons follow. */
void ebbi_tally_case(ebbi_tally *tally, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Compares: the error is |found - expected| / scale and must not exceed bound. The error is 0 for
 * equal numbers, whatever the scale, and, unless bound is 0, for differences that flushing
 * denormals explains. NaN and Inf never pass. */
void ebbi_tally_add(ebbi_tally *tally, double found, double expected, double scale, double bound);

/* error / bound, which ranks comparisons; infinite if the error is not 0 and the bound is. */
double ebbi_severity(double error, double bound);

/* Enough for the gradients of a value that every node of a network reads. */
#define EBBI_FIXTURE_ITEMS 2048

typedef struct ebbi_fixture ebbi_fixture;

struct ebbi_fixture {
  ebb_device *device;
  const ebbi_exec *exec;          /* how to run the operation */
  ebb_activation activation;      /* for checks that take an activation */
  bool half_inputs, half_outputs; /* of dense layers: bfloat16 except weights and their gradients */
  bool all;                       /* see ebbi_fixture_some */
  uint64_t seed;                  /* of the next random array; incremented by each */
  ebbi_tally tally;
  size_t tensor_count, array_count;
  ebb_tensor *tensors[EBBI_FIXTURE_ITEMS];
  void *arrays[EBBI_FIXTURE_ITEMS];
  /* Creates a zeroed tensor in a special way, for example with guard words; NULL: the default. */
  ebb_status (*create)(ebb_tensor **out, ebbi_fixture *fixture, ebb_dtype dtype, size_t rows,
                       size_t cols, bool packed);
  void *user; /* for `create` */
};

/* How many of `count` losses or optimizers a check of whole steps runs, from the start of the list.
 * Each is a program that takes seconds to compile, of text that other checks cover too. */
static inline size_t ebbi_fixture_some(const ebbi_fixture *fixture, size_t count) {
  return fixture->all ? count : 2;
}

/* Frees the tensors and arrays of a case; the tally stays. */
void ebbi_fixture_clear(ebbi_fixture *fixture);

/* An array of zeros that the fixture owns. */
ebb_status ebbi_fixture_array(double **out, ebbi_fixture *fixture, size_t count);
ebb_status ebbi_fixture_bytes(void *out_pointer, ebbi_fixture *fixture, size_t count, size_t size);

/* The numbers of an array as floats; if it is NULL, NaN. */
ebb_status ebbi_fixture_floats(float **out, ebbi_fixture *fixture, size_t count,
                               const double *values);

/* The magnitudes of an array. */
ebb_status ebbi_fixture_magnitudes(double **out, ebbi_fixture *fixture, const double *values,
                                   size_t count);

/* Standard normal numbers times `spread`, all of them float32 values. */
ebb_status ebbi_fixture_normal(double **out, ebbi_fixture *fixture, size_t count, double spread);

/* Random targets that a loss for values takes. */
ebb_status ebbi_fixture_values(double **out, ebbi_fixture *fixture, size_t count,
                               ebb_loss_kind kind);

/* Random integers in [0, limit). */
ebb_status ebbi_fixture_labels(int32_t **out, ebbi_fixture *fixture, size_t count, size_t limit);

/* Makes the fixture the owner of a new tensor: write TRY(..._create(&t, …)) before. */
ebb_status ebbi_fixture_keep(ebbi_fixture *fixture, ebb_tensor *tensor);

/* A tensor of any type holding `values`, dense rows of its elements. */
ebb_status ebbi_fixture_tensor(ebb_tensor **out, ebbi_fixture *fixture, ebb_dtype dtype,
                               size_t rows, size_t cols, bool packed, const void *values);

/* The targets of a dataset as they reach a device: F32 or I32 [rows, cols], packed, and if
 * `weights` is not NULL, one more column for them. */
ebb_status ebbi_fixture_targets(ebb_tensor **out, ebbi_fixture *fixture, ebb_dtype dtype,
                                size_t rows, size_t cols, const void *targets,
                                const double *weights);

/* Weights of rows: some are 0 and, if there are two rows, all. NULL unless the loss is weighted. */
ebb_status ebbi_fixture_weights(double **out, ebbi_fixture *fixture, size_t rows, ebb_loss loss);

/* The sums of a loss's partial sums: losses, hits and, if the loss is weighted, weights. */
ebb_status ebbi_fixture_sums(double sums[3], ebbi_fixture *fixture, const ebb_tensor *partials);

/* An F32 tensor of the given doubles, or of NaN, which exposes elements that a kernel skips. */
ebb_status ebbi_fixture_input(ebb_tensor **out, ebbi_fixture *fixture, size_t rows, size_t cols,
                              const double *values);
/* The same of type F32 or BF16; the values must already be rounded to it. */
ebb_status ebbi_fixture_numbers(ebb_tensor **out, ebbi_fixture *fixture, ebb_dtype dtype,
                                size_t rows, size_t cols, const double *values);
ebb_status ebbi_fixture_upload(ebb_tensor *tensor, ebbi_fixture *fixture, const double *values);
ebb_status ebbi_fixture_output(ebb_tensor **out, ebbi_fixture *fixture, size_t rows, size_t cols);

/* A random F32 tensor and its values. */
ebb_status ebbi_fixture_random(ebb_tensor **out, double **values, ebbi_fixture *fixture,
                               size_t rows, size_t cols, double spread);

ebb_status ebbi_fixture_state(ebb_tensor **out, ebbi_fixture *fixture, const ebb_state *state);

/* The values of an F32 or BF16 tensor, in an array of the caller or of the fixture. */
ebb_status ebbi_fixture_read_into(double *out, const ebb_tensor *tensor);
ebb_status ebbi_fixture_read(double **out, ebbi_fixture *fixture, const ebb_tensor *tensor);

/* Tallies each element of an F32 or BF16 tensor; `scale` NULL demands equality. */
ebb_status ebbi_fixture_compare(ebbi_fixture *fixture, const ebb_tensor *tensor,
                                const double *expected, const double *scale, double bound);

#endif
