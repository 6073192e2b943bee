/* ebb/simple.h: table, encoder, network, trainer and model behind a few calls.
 *
 * It uses only the public interface, so a program that needs more can copy its code.
 */
#include "base/error.h"
#include "base/options.h"

#include <ebb/scores.h>
#include <ebb/simple.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct ebb_simple {
  ebb_device *device;
  ebb_model model;
};

/* Everything that a training needs besides the model. */
typedef struct train_rows {
  ebb_table *table;
  size_t *order;
  ebb_parts parts;
  ebb_dataset train, valid;
} train_rows;

static ebb_status take_options(ebb_simple_options *own, const ebb_simple_options *given) {
  *own = (ebb_simple_options)EBB_SIMPLE_OPTIONS_INIT;
  if (given) TRY(ebbi_options_take("ebb_simple_train", own, sizeof *own, given));
  if (!own->network) own->network = EBB_DEFAULT_NETWORK;
  if (own->learning_rate == 0) own->learning_rate = ebb_optimizer_learning_rate(EBB_OPT_ADAM);
  if (own->valid == 0) own->valid = 0.2;
  if (own->valid < 0) own->valid = 0;
  if (own->seed == 0) own->seed = 1;
  return EBB_OK;
}

/* A table leaves out rows without a target and notes it; nobody would see the note here. */
static ebb_status check_values(const ebb_arrays *data) {
  for (size_t i = 0; data->values && i < data->rows * data->outputs; i++)
    REQUIRE(!isnan(data->values[i]), EBB_ERR_INPUT,
            "ebb_simple_train: values: row %zu, column %zu (from 0): a value is missing",
            i / data->outputs, i % data->outputs);
  return EBB_OK;
}

/* The loss that the options name, or the data's own. */
static ebb_status choose_loss(ebb_loss *out, const ebb_arrays *data,
                              const ebb_simple_options *options) {
  *out = ebb_loss_default(data->labels ? EBB_LOSS_CROSS_ENTROPY : EBB_LOSS_MSE);
  if (!options->loss) return EBB_OK;
  TRY(ebb_loss_parse(out, options->loss));
  if (!data->labels) *out = ebb_loss_for_values(*out);
  bool labels = ebb_loss_has_labels(out->kind) || ebb_loss_is_binary(out->kind);
  REQUIRE(data->labels ? labels : !ebb_loss_has_labels(out->kind), EBB_ERR_ARGUMENT,
          "ebb_simple_train: loss \"%.60s\" does not go with %s", options->loss,
          data->labels ? "labels" : "values");
  return EBB_OK;
}

/* Encodes some rows. */
static ebb_status encode(ebb_dataset *out, const ebb_model *model, const ebb_table *table,
                         const size_t *rows, size_t count) {
  TRY(ebb_encoder_apply(out, model->encoder, table, rows, count));
  bool binary = out->labels && ebb_loss_is_binary(model->loss.kind);
  return binary ? ebb_dataset_to_binary(out) : EBB_OK;
}

/* Splits the rows and encodes them; the encoder is fitted on the training rows alone. */
static ebb_status prepare_rows(train_rows *r, ebb_model *model, const ebb_arrays *data,
                               const ebb_simple_options *options) {
  ebb_encoder_options scaling = {.size = sizeof(ebb_encoder_options),
                                 .no_scale = options->no_scale,
                                 .no_scale_target = options->no_scale};
  TRY(choose_loss(&model->loss, data, options));
  if (!ebb_loss_scales_target(model->loss.kind)) scaling.no_scale_target = true;
  TRY(ebb_table_from_arrays(&r->table, data, NULL));
  TRY(check_values(data));
  r->order = malloc(ebb_table_rows(r->table) * sizeof *r->order);
  REQUIRE(r->order, EBB_ERR_MEMORY, "ebb_simple_train: no memory for %zu rows", data->rows);
  model->split = (ebb_split){.valid = options->valid, .seed = options->seed};
  model->fingerprint = ebb_table_fingerprint(r->table);
  TRY(ebb_table_split(r->order, &r->parts, r->table, &model->split));
  TRY(ebb_encoder_fit(&model->encoder, r->table, r->order, r->parts.train, &scaling));
  TRY(encode(&r->train, model, r->table, r->order, r->parts.train));
  if (r->parts.valid == 0) return EBB_OK;
  return encode(&r->valid, model, r->table, r->order + r->parts.train, r->parts.valid);
}

static ebb_status train(ebb_simple *simple, const train_rows *r,
                        const ebb_simple_options *options) {
  ebb_model *model = &simple->model;
  ebb_spec spec;
  ebb_trainer *trainer = NULL;
  ebb_train_options own = EBB_TRAIN_OPTIONS_INIT;
  ebb_train_amounts amounts = ebb_train_amounts_for(r->parts.train, r->parts.valid, options->batch);
  own.loss = model->loss;
  own.batch = amounts.batch;
  own.epochs = options->epochs ? options->epochs : amounts.epochs;
  own.patience = amounts.patience;
  own.keep_best = r->parts.valid > 0;
  own.learning_rate = (float)options->learning_rate;
  own.seed = options->seed;
  TRY(ebb_spec_parse(&spec, options->network, r->train.inputs,
                     ebb_model_outputs(model->encoder, model->loss)));
  TRY(ebb_network_create(&model->network, simple->device, &spec, EBB_INIT_AUTO, options->seed));
  ebb_status status = ebb_trainer_create(&trainer, model->network, &r->train,
                                         r->parts.valid ? &r->valid : NULL, &own);
  if (status == EBB_OK) status = ebb_trainer_run(trainer, options->report, options->user);
  ebb_trainer_free(trainer);
  return status;
}

static ebb_status run_training(ebb_simple *simple, const ebb_arrays *data,
                               const ebb_simple_options *options) {
  train_rows r = {0};
  ebb_status status = prepare_rows(&r, &simple->model, data, options);
  if (status == EBB_OK) status = ebb_device_open(&simple->device, options->device);
  if (status == EBB_OK) status = train(simple, &r, options);
  ebb_dataset_clear(&r.valid);
  ebb_dataset_clear(&r.train);
  free(r.order);
  ebb_table_free(r.table);
  return status;
}

ebb_status ebb_simple_train(ebb_simple **out, const ebb_arrays *data,
                            const ebb_simple_options *options) {
  ebb_simple_options own;
  REQUIRE(out && data, EBB_ERR_ARGUMENT, "ebb_simple_train: an argument is NULL");
  REQUIRE(data->labels || data->values, EBB_ERR_ARGUMENT,
          "ebb_simple_train: neither labels nor values are given; there is nothing to learn");
  TRY(take_options(&own, options));
  ebb_simple *simple = calloc(1, sizeof *simple);
  REQUIRE(simple, EBB_ERR_MEMORY, "ebb_simple_train: no memory");
  ebb_status status = run_training(simple, data, &own);
  if (status != EBB_OK) {
    ebb_simple_free(simple);
    return status;
  }
  *out = simple;
  return EBB_OK;
}

void ebb_simple_free(ebb_simple *model) {
  if (!model) return;
  ebb_model_clear(&model->model);
  ebb_device_free(model->device);
  free(model);
}

ebb_status ebb_simple_save(const ebb_simple *model, const char *path) {
  REQUIRE(model && path, EBB_ERR_ARGUMENT, "ebb_simple_save: an argument is NULL");
  return ebb_model_save(&model->model, path);
}

ebb_status ebb_simple_load(ebb_simple **out, const char *path, const char *device) {
  REQUIRE(out && path, EBB_ERR_ARGUMENT, "ebb_simple_load: an argument is NULL");
  ebb_simple *simple = calloc(1, sizeof *simple);
  REQUIRE(simple, EBB_ERR_MEMORY, "ebb_simple_load: no memory");
  ebb_status status = ebb_device_open(&simple->device, device);
  if (status == EBB_OK) status = ebb_model_load(&simple->model, simple->device, path, NULL);
  if (status != EBB_OK) {
    ebb_simple_free(simple);
    return status;
  }
  *out = simple;
  return EBB_OK;
}

size_t ebb_simple_inputs(const ebb_simple *model) {
  return model->model.encoder ? ebb_encoder_columns(model->model.encoder)
                              : ebb_spec_inputs(ebb_network_spec(model->model.network));
}

size_t ebb_simple_outputs(const ebb_simple *model) {
  return model->model.encoder
             ? ebb_encoder_outputs(model->model.encoder) * ebb_loss_outputs(model->model.loss)
             : ebb_spec_outputs(ebb_network_spec(model->model.network));
}

const char *ebb_simple_class(const ebb_simple *model, size_t index) {
  return model->model.encoder ? ebb_encoder_class(model->model.encoder, index) : NULL;
}

static bool has_classes(const ebb_simple *simple) {
  return ebb_simple_class(simple, 0) != NULL;
}

/* Computes the network's outputs for raw rows. */
static ebb_status run(float *out, ebb_simple *simple, const float *x, size_t count) {
  ebb_model *model = &simple->model;
  if (!model->encoder) return ebb_network_predict(model->network, out, x, count);
  ebb_arrays arrays = {.x = x, .rows = count, .inputs = ebb_simple_inputs(simple)};
  ebb_table *table = NULL;
  ebb_dataset encoded = {0};
  ebb_status status = ebb_table_from_arrays(&table, &arrays, model->encoder);
  if (status == EBB_OK) status = ebb_encoder_apply(&encoded, model->encoder, table, NULL, count);
  if (status == EBB_OK) status = ebb_network_predict(model->network, out, encoded.x, count);
  ebb_dataset_clear(&encoded);
  ebb_table_free(table);
  return status;
}

static size_t largest_of(const float *z, size_t count) {
  size_t best = 0;
  for (size_t k = 1; k < count; k++)
    if (z[k] > z[best]) best = k;
  return best;
}

/* Replaces outputs [count, outputs of the network] by predictions [count, ebb_simple_outputs].
 * `row` has room for those of a row. From the last row on, since they may be more numbers. */
static void decode(float *out, const ebb_simple *simple, double *row, size_t count) {
  const ebb_model *model = &simple->model;
  size_t outputs = ebb_simple_outputs(simple);
  size_t gives = ebb_spec_outputs(ebb_network_spec(model->network));
  for (size_t i = count; i-- > 0;) {
    (has_classes(simple) ? ebb_class_probabilities : ebb_output_predictions)(
        row, model->encoder, model->loss, out + i * gives, 1);
    for (size_t k = 0; k < outputs; k++) out[i * outputs + k] = (float)row[k];
  }
}

ebb_status ebb_simple_predict(ebb_simple *model, float *out, const float *x, size_t rows) {
  REQUIRE(model && out && x && rows > 0, EBB_ERR_ARGUMENT,
          "ebb_simple_predict: an argument is NULL, or there are no rows");
  TRY(run(out, model, x, rows));
  if (!model->model.encoder) return EBB_OK;
  double *row = malloc(ebb_simple_outputs(model) * sizeof *row);
  REQUIRE(row, EBB_ERR_MEMORY, "ebb_simple_predict: no memory for a row");
  decode(out, model, row, rows);
  free(row);
  return EBB_OK;
}

/* Returns the label of a class. */
static ebb_status label_of(int32_t *label, const ebb_simple *model, size_t index) {
  const char *name = ebb_simple_class(model, index);
  char *end;
  errno = 0;
  long value = strtol(name, &end, 10);
  REQUIRE(*name && !*end && errno == 0 && value >= INT32_MIN && value <= INT32_MAX,
          EBB_ERR_ARGUMENT,
          "ebb_simple_classify: class \"%.60s\" is not a whole number; use ebb_simple_predict and "
          "ebb_simple_class",
          name);
  *label = (int32_t)value;
  return EBB_OK;
}

ebb_status ebb_simple_classify(ebb_simple *model, int32_t *labels, const float *x, size_t rows) {
  REQUIRE(model && labels && x && rows > 0, EBB_ERR_ARGUMENT,
          "ebb_simple_classify: an argument is NULL, or there are no rows");
  REQUIRE(has_classes(model), EBB_ERR_ARGUMENT,
          "ebb_simple_classify: the model has no classes; use ebb_simple_predict");
  size_t outputs = ebb_simple_outputs(model);
  float *z = calloc(rows, outputs * sizeof *z);
  REQUIRE(z, EBB_ERR_MEMORY, "ebb_simple_classify: no memory for %zu rows", rows);
  ebb_status status = run(z, model, x, rows);
  if (status == EBB_OK) ebb_class_logits(z, model->model.encoder, model->model.loss, z, rows);
  for (size_t i = 0; i < rows && status == EBB_OK; i++)
    status = label_of(&labels[i], model, largest_of(z + i * outputs, outputs));
  free(z);
  return status;
}
