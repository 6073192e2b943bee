/* Fitting number columns: mean and deviation, or median and interquartile range, and the fill for
 * missing values.
 *
 * Numbers, including targets, are first rounded to float32, unless that would change the network's
 * input noticeably. So the same table gives the same model, to the last bit, whether it is stored
 * as text, float64 or float32.
 */
#include "base/error.h"
#include "data/encoder.h"
#include "data/moments.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

static bool is_number(const ebb_encoder *encoder, size_t input) {
  return encoder->features[input].kind != EBB_COLUMN_CATEGORY;
}

/* Well inside float32's range of full precision. */
#define SMALLEST     1e-30
#define LARGEST      1e30
#define ROBUST_LIMIT 3
/* Up to this many deviations between mean and 0, rounding moves no input by more than 1e-6. */
#define FARTHEST 16

void ebbi_round_numbers(double *values, size_t count, double mean, double deviation) {
  bool plain = deviation > SMALLEST && deviation < LARGEST && fabs(mean) <= FARTHEST * deviation;
  for (size_t i = 0; i < count && plain; i++)
    if (fabs(values[i]) <= FLT_MAX) values[i] = (double)(float)values[i];
}

/* Dates are not rounded: their parts depend on all digits. */
void ebbi_round_feature(double *values, size_t count, const ebbi_feature *feature) {
  if (feature->kind != EBB_COLUMN_DATE)
    ebbi_round_numbers(values, count, feature->mean[0], feature->deviation[0]);
}

typedef void see_block(ebbi_moments *m, const double *values, size_t count);

static void see_all(ebbi_moments *moments, const ebb_encoder *encoder, const ebbi_rows *rows,
                    see_block *see) {
  double block[EBBI_BLOCK];
  for (size_t first = 0; first < rows->count; first += EBBI_BLOCK)
    for (size_t c = 0; c < encoder->columns; c++) {
      if (!is_number(encoder, c)) continue;
      ebbi_rows_numbers(block, rows, first, c);
      ebbi_round_feature(block, ebbi_rows_block(rows, first), &encoder->features[c]);
      see(&moments[c], block, ebbi_rows_block(rows, first));
    }
}

/* All numbers present, in an array that the caller frees. */
static ebb_status present_numbers(double **out, size_t *out_count, const ebbi_feature *feature,
                                  const ebbi_rows *rows, size_t input) {
  double block[EBBI_BLOCK], *numbers = calloc(rows->count, sizeof *numbers);
  size_t count = 0;
  REQUIRE(numbers, EBB_ERR_MEMORY, "encoder: no memory for %zu numbers", rows->count);
  for (size_t first = 0; first < rows->count; first += EBBI_BLOCK) {
    ebbi_rows_numbers(block, rows, first, input);
    ebbi_round_feature(block, ebbi_rows_block(rows, first), feature);
    for (size_t i = 0; i < ebbi_rows_block(rows, first); i++)
      if (!isnan(block[i])) numbers[count++] = block[i];
  }
  *out = numbers;
  *out_count = count;
  return EBB_OK;
}

/* The median or the commonest of all numbers present. */
static ebb_status fit_sorted(ebbi_feature *feature, const ebbi_rows *rows, size_t input,
                             double (*choose)(double *numbers, size_t count)) {
  double *numbers;
  size_t count;
  TRY(present_numbers(&numbers, &count, feature, rows, input));
  feature->fill = choose(numbers, count);
  free(numbers);
  return EBB_OK;
}

/* Median and interquartile range in place of mean and deviation. */
static ebb_status fit_robust(ebbi_feature *feature, const ebbi_rows *rows, size_t input) {
  double *numbers;
  size_t count;
  TRY(present_numbers(&numbers, &count, feature, rows, input));
  feature->mean[0] = ebbi_median(numbers, count);
  double range = ebbi_quantile(numbers, count, 0.75) - ebbi_quantile(numbers, count, 0.25);
  if (range == 0) range = numbers[count - 1] / 2 - numbers[0] / 2;
  feature->deviation[0] = range > 0 ? fmin(range, DBL_MAX) : 1;
  feature->limit = ROBUST_LIMIT;
  free(numbers);
  return EBB_OK;
}

static ebb_status fit_pieces(ebbi_feature *feature, const ebbi_rows *rows, size_t input,
                             size_t most) {
  double *numbers;
  size_t count;
  TRY(present_numbers(&numbers, &count, feature, rows, input));
  (void)ebbi_median(numbers, count); /* sorts them */
  ebb_status status = ebbi_fit_pieces(feature, numbers, count, most);
  free(numbers);
  return status;
}

static ebb_status fit_column(ebb_encoder *encoder, const ebbi_rows *rows, size_t input,
                             ebbi_moments *moments, const ebb_encoder_options *options) {
  ebbi_feature *feature = &encoder->features[input];
  bool no_scale = options->no_scale;
  TRY(ebbi_fit_missing(encoder, rows, input, moments->missing));
  ebbi_moments_end(moments);
  feature->mean[0] = no_scale ? 0 : moments->mean;
  feature->deviation[0] = no_scale ? 1 : moments->deviation;
  feature->fill = moments->mean;
  feature->indicator = encoder->missing == EBB_MISSING_INDICATOR && moments->missing > 0;
  if (feature->kind == EBB_COLUMN_DATE) ebbi_fit_date(feature, rows, input, no_scale);
  if (encoder->missing == EBB_MISSING_MEDIAN) TRY(fit_sorted(feature, rows, input, ebbi_median));
  if (encoder->missing == EBB_MISSING_MOST) TRY(fit_sorted(feature, rows, input, ebbi_commonest));
  if (options->pieces > 0 && feature->kind != EBB_COLUMN_DATE)
    TRY(fit_pieces(feature, rows, input, options->pieces));
  bool robust = options->scaling == EBB_SCALING_ROBUST && !no_scale;
  return robust && feature->kind != EBB_COLUMN_DATE ? fit_robust(feature, rows, input) : EBB_OK;
}

/* Mean and deviation of all columns, with numbers rounded as far as the features allow so far. */
static void see_twice(ebbi_moments *moments, ebb_encoder *encoder, const ebbi_rows *rows) {
  for (size_t c = 0; c < encoder->columns; c++) ebbi_moments_begin(&moments[c]);
  see_all(moments, encoder, rows, ebbi_moments_see);
  for (size_t c = 0; c < encoder->columns; c++) ebbi_moments_turn(&moments[c]);
  see_all(moments, encoder, rows, ebbi_moments_see_again);
}

/* The first pass decides which columns are rounded; the second computes mean and deviation of the
 * rounded numbers. */
ebb_status ebbi_fit_numbers(ebb_encoder *encoder, const ebbi_rows *rows,
                            const ebb_encoder_options *options) {
  ebbi_moments *moments = calloc(encoder->columns, sizeof *moments);
  REQUIRE(moments, EBB_ERR_MEMORY, "encoder: no memory for %zu columns", encoder->columns);
  see_twice(moments, encoder, rows);
  for (size_t c = 0; c < encoder->columns; c++) {
    if (!is_number(encoder, c) || moments[c].count == 0) continue;
    ebbi_moments_end(&moments[c]);
    encoder->features[c].mean[0] = moments[c].mean;
    encoder->features[c].deviation[0] = moments[c].deviation;
  }
  see_twice(moments, encoder, rows);
  ebb_status status = EBB_OK;
  for (size_t c = 0; c < encoder->columns && status == EBB_OK; c++)
    if (is_number(encoder, c)) status = fit_column(encoder, rows, c, &moments[c], options);
  free(moments);
  return status;
}
