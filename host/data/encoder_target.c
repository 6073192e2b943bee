/* Targets: their classes or their scale, and their encoding for the network.
 *
 * Values are standardised because initial weights give outputs of about 1: the bias alone would
 * have to climb to a price of 1e5, and such squares would dominate the loss. Everything is in
 * double precision until the last step: a target of 1e300 does not fit in float32.
 */
#include "base/error.h"
#include "data/encoder.h"
#include "data/moments.h"
#include "data/roles.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>

/* Moments of the values, rounded by what is known of them so far. */
static ebbi_moments find_moments(const ebbi_rows *rows, size_t target, double mean,
                                 double deviation) {
  double block[EBBI_BLOCK];
  ebbi_moments moments;
  ebbi_moments_begin(&moments);
  for (int again = 0; again < 2; again++) {
    if (again) ebbi_moments_turn(&moments);
    for (size_t first = 0; first < rows->count; first += EBBI_BLOCK) {
      size_t count = ebbi_rows_block(rows, first);
      ebbi_rows_values(block, rows, first, target);
      ebbi_round_numbers(block, count, mean, deviation);
      (again ? ebbi_moments_see_again : ebbi_moments_see)(&moments, block, count);
    }
  }
  ebbi_moments_end(&moments);
  return moments;
}

static void fit_scale(ebb_encoder *encoder, const ebbi_rows *rows, size_t target) {
  ebbi_moments moments = find_moments(rows, target, 0, 0);
  moments = find_moments(rows, target, moments.mean, moments.deviation);
  encoder->target_mean[target] = moments.mean;
  encoder->target_deviation[target] = moments.deviation;
}

static ebb_status fit_values(ebb_encoder *encoder, const ebbi_rows *rows, bool no_scale) {
  size_t outputs = encoder->outputs = rows->table->target.cols;
  encoder->target_mean = calloc(outputs, sizeof(double));
  encoder->target_deviation = calloc(outputs, sizeof(double));
  REQUIRE(encoder->target_mean && encoder->target_deviation, EBB_ERR_MEMORY,
          "encoder: no memory for %zu targets", outputs);
  for (size_t k = 0; k < outputs; k++) {
    encoder->target_deviation[k] = 1;
    if (!no_scale) fit_scale(encoder, rows, k);
  }
  return EBB_OK;
}

ebb_status ebbi_fit_target(ebb_encoder *encoder, const ebbi_rows *rows, bool no_scale) {
  const ebb_table *table = rows->table;
  const ebbi_target *target = &table->target;
  encoder->task = target->task;
  if (target->cols == 0) return EBB_OK;
  TRY(ebbi_names_copy(&encoder->targets, &target->names));
  size_t count = target->names.count;
  encoder->target_positions = calloc(count + 1, sizeof *encoder->target_positions);
  REQUIRE(encoder->target_positions, EBB_ERR_MEMORY, "encoder: no memory for %zu targets", count);
  for (size_t k = 0; k < count; k++)
    encoder->target_positions[k] = table->labels_path
                                       ? table->raw.cols + k
                                       : ebbi_names_find(&table->raw.names, target->names.items[k]);
  if (target->task != EBB_TASK_CLASSIFICATION) return fit_values(encoder, rows, no_scale);
  encoder->outputs = target->classes.count;
  return ebbi_names_copy(&encoder->classes, &target->classes);
}

double ebb_encoder_target_mean(const ebb_encoder *encoder, size_t index) {
  return encoder->target_mean && index < encoder->outputs ? encoder->target_mean[index] : 0;
}

double ebb_encoder_target_deviation(const ebb_encoder *encoder, size_t index) {
  return encoder->target_deviation && index < encoder->outputs ? encoder->target_deviation[index]
                                                               : 1;
}

void ebb_encoder_decode(double *values, const ebb_encoder *encoder, const float *outputs,
                        size_t rows) {
  for (size_t k = 0; k < encoder->outputs; k++) {
    double mean = ebb_encoder_target_mean(encoder, k);
    double deviation = ebb_encoder_target_deviation(encoder, k);
    for (size_t i = 0; i < rows; i++)
      values[i * encoder->outputs + k] =
          (double)outputs[i * encoder->outputs + k] * deviation + mean;
  }
}

static ebb_status fail_label(const ebb_encoder *encoder, const ebb_table *table, size_t row,
                             int32_t code) {
  char shown[EBBI_SHOWN], list[320] = "";
  size_t count = 0;
  if (code < 0) return ebbi_target_fail(table, row, "the target is missing");
  for (size_t k = 0; k < encoder->outputs; k++) {
    const char *class = ebb_encoder_class(encoder, k);
    if (class) ebbi_say_name(list, sizeof list, &count, class);
  }
  ebbi_say_more(list, sizeof list, count);
  return ebbi_target_fail(table, row, "\"%s\" is not one of the %zu classes of the model: %s",
                          ebbi_shown(shown, table->target.classes.items[code]), encoder->outputs,
                          list);
}

ebb_status ebbi_encode_labels(int32_t *labels, const ebb_encoder *encoder, const ebbi_rows *rows) {
  const ebb_table *table = rows->table;
  const ebbi_names *classes = &table->target.classes;
  size_t *map = malloc((classes->count + 1) * sizeof *map);
  REQUIRE(map, EBB_ERR_MEMORY, "encoder: no memory for %zu classes", classes->count);
  for (size_t k = 0; k < classes->count; k++)
    map[k] = ebbi_encoder_find_class(encoder, classes->items[k]);
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < rows->count && status == EBB_OK; i++) {
    size_t row = ebbi_rows_at(rows, i);
    int32_t code = ebbi_table_class(table, row);
    if (code < 0 || map[code] == EBBI_NO_INDEX)
      status = fail_label(encoder, table, row, code);
    else
      labels[i] = (int32_t)map[code];
  }
  free(map);
  return status;
}

static ebb_status fail_value(const ebb_table *table, size_t row, double value, double scaled) {
  if (isnan(value)) return ebbi_target_fail(table, row, "the target is missing");
  return ebbi_target_fail(table, row, "%g, which is %g for the network, is too large for float32",
                          value, scaled);
}

ebb_status ebbi_encode_values(float *values, const ebb_encoder *encoder, const ebbi_rows *rows) {
  double block[EBBI_BLOCK];
  size_t outputs = encoder->outputs;
  for (size_t first = 0; first < rows->count; first += EBBI_BLOCK)
    for (size_t k = 0; k < outputs; k++) {
      double mean = ebb_encoder_target_mean(encoder, k);
      double deviation = ebb_encoder_target_deviation(encoder, k);
      size_t count = ebbi_rows_block(rows, first);
      ebbi_rows_values(block, rows, first, k);
      ebbi_round_numbers(block, count, mean, deviation);
      for (size_t i = 0; i < count; i++) {
        double scaled = (block[i] - mean) / deviation;
        if (!(fabs(scaled) <= FLT_MAX))
          return fail_value(rows->table, ebbi_rows_at(rows, first + i), block[i], scaled);
        values[(first + i) * outputs + k] = (float)scaled;
      }
    }
  return EBB_OK;
}
