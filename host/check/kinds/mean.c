/* The output that predicts the mean of the members' predictions: the reference of mean. A step
 * passes it over, so it has no part in the reference of a network.
 *
 * Errors, in units of u: of the logarithm of a row's sum of exponentials, cols + 9 by the sum (3
 * ulp of exp, its rounded argument weighted by an exponential), 3 ulp of a logarithm of at most
 * cols, and the final sum; of log sigmoid, 3 ulp of exp that log1p halves, 2 ulp of log1p below 1,
 * and the sum; of the difference that becomes an exponent, its rounding. An error of all exponents
 * moves the logarithm of their mean by no more than itself. The mean adds members + 14, a logarithm
 * of at most `members`, and the sum. */
#include "check/bounds.h"
#include "check/kind.h"

#include "base/error.h"
#include "tensor/tensor.h"

#include <float.h>
#include <math.h>

/* A row of an example's members; the logarithms of their predictions, or of one minus these. */
typedef struct rows {
  const double *z;
  size_t members, cols;
} rows;

static double log_of_sum(const double *terms, size_t count, size_t step) {
  double most = -INFINITY, sum = 0;
  for (size_t i = 0; i < count; i++) most = fmax(most, terms[i * step]);
  for (size_t i = 0; i < count; i++) sum += exp(terms[i * step] - most);
  return most + log(sum);
}

/* Member m's logarithm at a column; `of` is a suffix of the kind's settings, 's'oftmax, si'g'moid
 * or 'e'xp. */
static ebbi_estimate logarithm(const rows *r, size_t m, size_t col, char of, bool other) {
  const double *row = r->z + m * r->cols;
  double z = other ? -row[col] : row[col], cols = (double)r->cols;
  if (of == 'e') return (ebbi_estimate){z, 0};
  if (of == 'g') {
    double value = fmin(z, 0) - log1p(exp(-fabs(z)));
    return (ebbi_estimate){value, (8 + fabs(value)) * EBBI_ROUNDOFF};
  }
  double norm = log_of_sum(row, r->cols, 1), value = z - norm;
  double error = cols + 9 + 6 * log(cols) + fabs(norm) + fabs(value);
  return (ebbi_estimate){value, error * EBBI_ROUNDOFF};
}

static ebb_status log_mean(ebbi_estimate *out, ebbi_comparison *c, const rows *r, size_t col,
                           char of, bool other) {
  double *terms, error = 0, members = (double)r->members;
  TRY(ebbi_fixture_array(&terms, &c->fixture, r->members));
  for (size_t m = 0; m < r->members; m++) {
    ebbi_estimate term = logarithm(r, m, col, of, other);
    terms[m] = term.value;
    error = fmax(error, term.error);
  }
  double value = log_of_sum(terms, r->members, 1) - log(members);
  error += (members + 14 + 6 * log(members) + fabs(value)) * EBBI_ROUNDOFF;
  *out = (ebbi_estimate){value, error + (double)FLT_MIN};
  return EBB_OK;
}

static ebbi_estimate mean_of(const rows *r, size_t col) {
  double sum = 0, magnitude = 0, members = (double)r->members;
  for (size_t m = 0; m < r->members; m++) {
    sum += r->z[m * r->cols + col];
    magnitude += fabs(r->z[m * r->cols + col]);
  }
  bool fits = magnitude < (double)FLT_MAX / 2;
  return (ebbi_estimate){fits ? sum / members : NAN,
                         ebbi_bound_sum(r->members) * magnitude / members + (double)FLT_MIN};
}

static ebb_status expect(ebbi_estimate *out, ebbi_comparison *c, const rows *r, size_t col,
                         char of) {
  ebbi_estimate other;
  if (of == 0) {
    *out = mean_of(r, col);
    return EBB_OK;
  }
  TRY(log_mean(out, c, r, col, of, false));
  if (of != 'g') return EBB_OK;
  TRY(log_mean(&other, c, r, col, of, true));
  other.value = -other.value;
  *out = ebbi_estimate_add(*out, other);
  return EBB_OK;
}

static ebb_status expect_z(ebbi_samples *s, ebbi_comparison *c, const ebbi_step_tensors *t,
                           size_t node) {
  const double *on = t->spec->nodes[node].settings;
  const ebb_tensor *from = t->value[t->spec->nodes[node].inputs[0]];
  char of = on[0] != 0 ? 's' : on[1] != 0 ? 'g' : on[2] != 0 ? 'e' : 0;
  rows r = {.members = from->rows / t->value[node + 1]->rows, .cols = from->cols};
  double *z;
  for (size_t i = 0; i < s->rows.count; i++) {
    TRY(ebbi_read_range(&z, c, from, s->rows.index[i] * r.members, r.members));
    r.z = z;
    for (size_t j = 0; j < s->cols.count; j++)
      TRY(expect(&s->at[i * s->cols.count + j], c, &r, s->cols.index[j], of));
  }
  return EBB_OK;
}

const ebbi_kind_check ebbi_kind_check_mean = {.label = " (mean)",
                                              .y = "y",
                                              .network = "9-members2-adapter:signs-heads3-mean",
                                              .members = 3,
                                              .settings = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}},
                                              .expect_z = expect_z};
