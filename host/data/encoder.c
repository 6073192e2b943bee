/* Encoders: memory, accessors, and bare encoders for networks that came without one.
 *
 * A bare encoder has neither features nor names and passes columns through. Whether its outputs are
 * classes is never guessed from the network: the caller says so, or a target shows it.
 */
#include "data/encoder.h"

#include "base/error.h"
#include "base/text.h"
#include <stdio.h>
#include <stdlib.h>

void ebb_encoder_free(ebb_encoder *encoder) {
  if (!encoder) return;
  for (size_t c = 0; c < encoder->columns && encoder->features; c++) {
    ebbi_names_free(&encoder->features[c].categories);
    free(encoder->features[c].ends);
  }
  free(encoder->features);
  free(encoder->positions);
  free(encoder->first);
  free(encoder->target_positions);
  free(encoder->target_mean);
  free(encoder->target_deviation);
  ebbi_names_free(&encoder->names);
  ebbi_names_free(&encoder->left_out);
  ebbi_names_free(&encoder->ids);
  free(encoder->weight);
  free(encoder->class_weights);
  ebbi_names_free(&encoder->targets);
  ebbi_names_free(&encoder->classes);
  free(encoder);
}

size_t ebbi_feature_places(const ebbi_feature *feature) {
  return feature->categories.count + feature->other;
}

size_t ebbi_feature_inputs(const ebbi_feature *feature) {
  size_t inputs = feature->indicator;
  if (feature->units > 0) return 1;
  if (feature->kind == EBB_COLUMN_CATEGORY) return inputs + ebbi_feature_places(feature);
  if (feature->kind != EBB_COLUMN_DATE) return inputs + (feature->pieces ? feature->pieces : 1);
  for (size_t p = 0; p < EBBI_DATE_PARTS; p++) inputs += feature->deviation[p] > 0;
  return inputs;
}

ebb_status ebbi_encoder_count(ebb_encoder *encoder) {
  size_t inputs = encoder->features ? 0 : encoder->columns;
  if (encoder->features) {
    encoder->first = malloc(encoder->columns * sizeof *encoder->first);
    REQUIRE(encoder->first, EBB_ERR_MEMORY, "encoder: no memory for %zu columns", encoder->columns);
  }
  if (encoder->features) TRY(ebbi_encoder_place_front(encoder));
  inputs += encoder->front;
  for (size_t c = 0; c < encoder->columns && encoder->features; c++) {
    encoder->first[c] = inputs;
    inputs += ebbi_feature_inputs(&encoder->features[c]) - encoder->features[c].front;
  }
  REQUIRE(inputs <= EBBI_MAX_COLUMNS, EBB_ERR_INPUT,
          "encoder: %zu columns become %zu inputs, at most %d", encoder->columns, inputs,
          EBBI_MAX_COLUMNS);
  encoder->inputs = inputs;
  return EBB_OK;
}

static ebb_status number_classes(ebb_encoder *encoder) {
  size_t index;
  for (size_t i = 0; i < encoder->outputs; i++) {
    char name[24];
    snprintf(name, sizeof name, "%zu", i);
    TRY(ebbi_names_add(&encoder->classes, &index, name));
  }
  return EBB_OK;
}

static ebb_status make_bare(ebb_encoder *encoder, size_t inputs, size_t outputs, ebb_task task) {
  bool sound =
      inputs > 0 && outputs > 0 && inputs <= EBBI_MAX_COLUMNS && outputs <= EBBI_MAX_COLUMNS;
  REQUIRE(sound, EBB_ERR_ARGUMENT, "encoder: %zu inputs and %zu outputs, each must be 1 to %d",
          inputs, outputs, EBBI_MAX_COLUMNS);
  *encoder =
      (ebb_encoder){.task = outputs == 1 && task == EBB_TASK_AUTO ? EBB_TASK_REGRESSION : task,
                    .columns = inputs,
                    .bare = true,
                    .file_columns = inputs,
                    .scale = 1,
                    .inputs = inputs,
                    .outputs = outputs};
  encoder->positions = calloc(inputs, sizeof *encoder->positions);
  REQUIRE(encoder->positions, EBB_ERR_MEMORY, "encoder: no memory for %zu columns", inputs);
  for (size_t i = 0; i < inputs; i++) encoder->positions[i] = i;
  return task == EBB_TASK_CLASSIFICATION ? number_classes(encoder) : EBB_OK;
}

ebb_status ebb_encoder_bare(ebb_encoder **out, size_t inputs, size_t outputs, ebb_task task) {
  *out = NULL;
  ebb_encoder *encoder = calloc(1, sizeof *encoder);
  REQUIRE(encoder, EBB_ERR_MEMORY, "encoder: no memory");
  ebb_status status = make_bare(encoder, inputs, outputs, task);
  if (status == EBB_OK)
    *out = encoder;
  else
    ebb_encoder_free(encoder);
  return status;
}

ebb_status ebb_encoder_take_task(ebb_encoder *encoder, const ebb_table *table) {
  if (encoder->task != EBB_TASK_AUTO || table->target.cols == 0) return EBB_OK;
  encoder->task = table->target.task;
  return encoder->task == EBB_TASK_CLASSIFICATION ? number_classes(encoder) : EBB_OK;
}

size_t ebb_encoder_inputs(const ebb_encoder *encoder) {
  return encoder->inputs;
}

size_t ebb_encoder_outputs(const ebb_encoder *encoder) {
  return encoder->outputs;
}

ebb_missing ebb_encoder_missing(const ebb_encoder *encoder) {
  return encoder->missing;
}

ebb_task ebb_encoder_task(const ebb_encoder *encoder) {
  return encoder->task;
}

const char *ebb_encoder_class(const ebb_encoder *encoder, size_t index) {
  return index < encoder->classes.count ? encoder->classes.items[index] : NULL;
}

const char *ebb_encoder_target(const ebb_encoder *encoder, size_t index) {
  return index < encoder->targets.count ? encoder->targets.items[index] : NULL;
}

size_t ebbi_encoder_find_class(const ebb_encoder *encoder, const char *text) {
  double wanted, value;
  size_t index = ebbi_names_find(&encoder->classes, text);
  if (index != EBBI_NO_INDEX || !ebbi_parse_double(&wanted, text)) return index;
  for (size_t i = 0; i < encoder->classes.count; i++)
    if (ebbi_parse_double(&value, encoder->classes.items[i]) && value == wanted) return i;
  return EBBI_NO_INDEX;
}
