/* The tools of a kernel check: a tally that keeps the worst comparison, and a probe that owns the
 * tensors and arrays of one case, so that a case can fail anywhere and leak nothing.
 */
#ifndef EBBI_PROBE_H
#define EBBI_PROBE_H

#include "check/reference.h"
#include "gemm/gemm.h"

/* The worst of many comparisons: the one that comes nearest to its bound, or breaks it most. */
typedef struct ebbi_tally {
  double error, bound;
  size_t compared;
  char current[96], worst[96]; /* the case that runs, the case of the worst comparison */
} ebbi_tally;

/* Names the case whose comparisons follow. */
void ebbi_tally_case(ebbi_tally *tally, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Compares: the error is |found - expected| / scale and must not exceed bound. Equal numbers have
 * error 0 whatever the scale, and so have, unless bound is 0, differences that flushing denormal
 * numbers explains; NaN and Inf never pass. */
void ebbi_tally_add(ebbi_tally *tally, double found, double expected, double scale, double bound);

/* error / bound, infinite where nothing can pass: what makes one comparison worse than another. */
double ebbi_severity(double error, double bound);

#define EBBI_PROBE_ITEMS 128

typedef struct ebbi_probe ebbi_probe;

struct ebbi_probe {
  ebb_device *device;
  const ebbi_exec *exec;     /* of what is run */
  ebb_activation activation; /* for checks that have one */
  bool half_inputs,
      half_outputs; /* of dense layers: bfloat16 but for weights and their gradients */
  uint64_t seed;    /* of the next random array; grows by one with each */
  ebbi_tally tally;
  size_t tensor_count, array_count;
  ebb_tensor *tensors[EBBI_PROBE_ITEMS];
  void *arrays[EBBI_PROBE_ITEMS];
  /* Makes a tensor of zeros in its own way, with guard words around it; NULL: as usual. */
  ebb_status (*create)(ebb_tensor **out, ebbi_probe *probe, ebb_dtype dtype, size_t rows,
                       size_t cols, bool packed);
  void *user; /* of `create` */
};

/* Frees the tensors and arrays of a case; the tally stays. */
void ebbi_probe_clear(ebbi_probe *probe);

/* An array of zeros that the probe owns. */
ebb_status ebbi_probe_array(double **out, ebbi_probe *probe, size_t count);
ebb_status ebbi_probe_bytes(void *out_pointer, ebbi_probe *probe, size_t count, size_t size);

/* An array as floats; NULL: of NaN. */
ebb_status ebbi_probe_floats(float **out, ebbi_probe *probe, size_t count, const double *values);

/* The magnitudes of an array. */
ebb_status ebbi_probe_magnitudes(double **out, ebbi_probe *probe, const double *values,
                                 size_t count);

/* Standard normal numbers times `spread`, all of them float32 values. */
ebb_status ebbi_probe_normal(double **out, ebbi_probe *probe, size_t count, double spread);

/* Random integers in [0, limit). */
ebb_status ebbi_probe_labels(int32_t **out, ebbi_probe *probe, size_t count, size_t limit);

/* Makes the probe the owner of a tensor that was just made: TRY(..._create(&t, …)) goes before. */
ebb_status ebbi_probe_keep(ebbi_probe *probe, ebb_tensor *tensor);

/* A tensor of any type holding `values`, dense rows of its elements. */
ebb_status ebbi_probe_tensor(ebb_tensor **out, ebbi_probe *probe, ebb_dtype dtype, size_t rows,
                             size_t cols, bool packed, const void *values);

/* An F32 tensor of the given doubles, or of NaN: what a kernel fails to write is then found. */
ebb_status ebbi_probe_input(ebb_tensor **out, ebbi_probe *probe, size_t rows, size_t cols,
                            const double *values);
/* The same of type F32 or BF16, for which the values have been rounded. */
ebb_status ebbi_probe_numbers(ebb_tensor **out, ebbi_probe *probe, ebb_dtype dtype, size_t rows,
                              size_t cols, const double *values);
ebb_status ebbi_probe_upload(ebb_tensor *tensor, ebbi_probe *probe, const double *values);
ebb_status ebbi_probe_output(ebb_tensor **out, ebbi_probe *probe, size_t rows, size_t cols);

/* A random F32 tensor and its values. */
ebb_status ebbi_probe_random(ebb_tensor **out, double **values, ebbi_probe *probe, size_t rows,
                             size_t cols, double spread);

ebb_status ebbi_probe_state(ebb_tensor **out, ebbi_probe *probe, const ebb_state *state);

/* The values of an F32 or BF16 tensor, into an array of the caller's or into one that the probe
 * owns. */
ebb_status ebbi_probe_read_into(double *out, const ebb_tensor *tensor);
ebb_status ebbi_probe_read(double **out, ebbi_probe *probe, const ebb_tensor *tensor);

/* Tallies each element of an F32 or BF16 tensor; `scale` NULL demands equality. */
ebb_status ebbi_probe_compare(ebbi_probe *probe, const ebb_tensor *tensor, const double *expected,
                              const double *scale, double bound);

#endif
