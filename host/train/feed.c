/* The feed of a training gathers rows on the device batch by batch, as uint8 if they were given so,
 * from a dataset that was uploaded once or from blocks that are streamed.
 *
 * Both ways compute the same steps; they differ in where a row lies and how often the host is
 * needed. Blocks are long enough for few, large uploads, and short enough for the first two to
 * arrive soon, since training waits for the first. Their length depends only on sizes, so runs are
 * comparable.
 */
#include "base/error.h"
#include "base/size.h"
#include "ops/loss_row.h"
#include "train.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
/* Fails at a target that the loss has no meaning for. */
static ebb_status check_values(const char *where, const ebb_dataset *dataset, ebb_loss loss) {
  for (size_t i = 0; dataset->values && i < dataset->rows * dataset->outputs; i++)
    REQUIRE(ebb_loss_takes(loss.kind, (double)dataset->values[i]), EBB_ERR_INPUT,
            "%s: row %zu: target %zu is %g, which is not %s, as %s needs; leave such rows out, or "
            "choose a loss for any number, such as mse",
            where, i / dataset->outputs, i % dataset->outputs, (double)dataset->values[i],
            ebb_loss_domain_of(loss.kind).text, ebb_loss_name(loss.kind));
  return EBB_OK;
}

/* Fails at a row whose values have another sum than the loss needs. */
static ebb_status check_sums(const char *where, const ebb_dataset *dataset, ebb_loss loss) {
  ebb_loss_domain domain = ebb_loss_domain_of(loss.kind);
  for (size_t i = 0; dataset->values && domain.sum != 0 && i < dataset->rows; i++) {
    double sum = 0;
    for (size_t k = 0; k < dataset->outputs; k++)
      sum += (double)dataset->values[i * dataset->outputs + k];
    REQUIRE(fabs(sum - domain.sum) <= domain.spread, EBB_ERR_INPUT,
            "%s: row %zu: the targets sum to %g, not to %g, as %s needs", where, i, sum, domain.sum,
            ebb_loss_name(loss.kind));
  }
  return EBB_OK;
}

ebb_status ebbi_feed_check(ebbi_largest *largest, const char *where, const ebb_dataset *dataset,
                           const ebb_network *network, ebb_loss loss) {
  const ebb_spec *spec = &network->spec;
  bool classes = ebb_loss_has_labels(loss.kind);
  REQUIRE(dataset, EBB_ERR_ARGUMENT, "%s: the dataset is NULL", where);
  TRY(ebbi_dataset_check(largest, dataset));
  TRY(ebbi_require_loss(where, loss));
  REQUIRE(dataset->inputs == ebb_spec_inputs(spec), EBB_ERR_ARGUMENT,
          "%s: the data have %zu inputs, the network %zu", where, dataset->inputs,
          ebb_spec_inputs(spec));
  REQUIRE(dataset->outputs * ebb_loss_outputs(loss) == ebb_spec_outputs(spec), EBB_ERR_ARGUMENT,
          "%s: the data have %zu %s, the network %zu outputs, and loss %s takes %zu for each",
          where, dataset->outputs, classes ? "classes" : "target columns", ebb_spec_outputs(spec),
          ebb_loss_name(loss.kind), ebb_loss_outputs(loss));
  REQUIRE(classes ? dataset->labels != NULL : dataset->values != NULL, EBB_ERR_ARGUMENT,
          "%s: loss %s needs %s, which the data do not have", where, ebb_loss_name(loss.kind),
          classes ? "labels" : "target values");
  TRY(check_sums(where, dataset, loss));
  return check_values(where, dataset, loss);
}

/* Multiples of EBBI_BURST steps, so that no launch of several steps is cut short. */
enum { BLOCK_BYTES = 8 << 20, DEVICE_PART = 16 };

/* With the column of the weights. */
static size_t target_columns(const ebb_dataset *dataset) {
  return (dataset->labels ? 1 : dataset->outputs) + (dataset->weights ? 1 : 0);
}

size_t ebbi_feed_block_steps(const ebb_device *device, const ebb_dataset *dataset, size_t batch,
                             size_t bytes) {
  const ebb_device_info *info = ebb_device_get_info(device);
  size_t row = dataset->inputs * (dataset->x_u8 ? 1 : sizeof(float)) +
               target_columns(dataset) * sizeof(float);
  size_t most = bytes ? bytes : BLOCK_BYTES, all = ebbi_ceil_div(dataset->rows, batch);
  if (most > info->global_bytes / DEVICE_PART) most = (size_t)(info->global_bytes / DEVICE_PART);
  if (most > info->max_allocation) most = (size_t)info->max_allocation;
  size_t steps = most / row / batch;
  if (steps >= all) return all;
  if (steps > EBBI_BURST) return steps / EBBI_BURST * EBBI_BURST;
  return steps > 0 ? steps : 1;
}

/* Rows of a slot. */
static size_t held_rows(const ebbi_feed_spec *spec) {
  return spec->block_steps > 0 ? spec->block_steps * spec->batch : spec->dataset->rows;
}

static size_t slots_of(const ebbi_feed_spec *spec) {
  return spec->block_steps > 0 ? EBBI_SLOTS : 1;
}

size_t ebbi_feed_slots(const ebbi_feed *feed) {
  return slots_of(&feed->spec);
}

void ebbi_feed_need(ebbi_need *need, const ebbi_feed_spec *spec) {
  const ebb_dataset *dataset = spec->dataset;
  size_t rows = held_rows(spec);
  for (size_t i = 0; i < slots_of(spec); i++) {
    ebbi_need_add(need, rows * dataset->inputs * (dataset->x_u8 ? 1 : sizeof(float)));
    ebbi_need_add(need, rows * target_columns(dataset) * sizeof(float));
  }
}

static ebb_status make_slots(ebbi_feed *feed, ebb_device *device) {
  const ebb_dataset *data = feed->spec.dataset;
  size_t rows = held_rows(&feed->spec);
  for (size_t i = 0; i < slots_of(&feed->spec); i++) {
    TRY(ebb_tensor_create_packed(&feed->x[i], device, data->x_u8 ? EBB_U8 : EBB_F32, rows,
                                 data->inputs));
    TRY(ebb_tensor_create_packed(&feed->targets[i], device, data->labels ? EBB_I32 : EBB_F32, rows,
                                 target_columns(data)));
  }
  return EBB_OK;
}

ebbi_target_rows ebbi_target_rows_of(const ebb_dataset *data) {
  return (ebbi_target_rows){.targets = data->labels ? (const void *)data->labels : data->values,
                            .weights = data->weights,
                            .mean = ebbi_dataset_weight(data),
                            .cols = data->labels ? 1 : data->outputs};
}

/* Tiny weights become 0 here, since devices may flush them to 0 and would differ. */
void ebbi_target_row(void *to, const ebbi_target_rows *from, size_t row) {
  size_t bytes = from->cols * sizeof(float);
  if (bytes > 0) memcpy(to, (const unsigned char *)from->targets + row * bytes, bytes);
  if (!from->weights) return;
  float weight = (float)((double)from->weights[row] / from->mean);
  if (weight < FLT_MIN) weight = 0;
  memcpy((unsigned char *)to + bytes, &weight, sizeof weight);
}

static ebb_status upload_targets(ebb_tensor *to, const ebb_dataset *data) {
  ebbi_target_rows rows = ebbi_target_rows_of(data);
  if (!data->weights) return ebb_tensor_upload(to, rows.targets);
  size_t bytes = target_columns(data) * sizeof(float);
  unsigned char *packed = malloc(data->rows * bytes);
  REQUIRE(packed, EBB_ERR_MEMORY, "training: no memory for the targets and weights of %zu rows",
          data->rows);
  for (size_t r = 0; r < data->rows; r++) ebbi_target_row(packed + r * bytes, &rows, r);
  ebb_status status = ebb_tensor_upload(to, packed);
  free(packed);
  return status;
}

static ebb_status create(ebbi_feed *feed, ebb_device *device) {
  const ebb_dataset *data = feed->spec.dataset;
  TRY(make_slots(feed, device));
  if (feed->spec.block_steps > 0)
    return ebbi_stream_create(&feed->stream, feed->x, feed->targets, &feed->spec);
  TRY(ebb_tensor_upload(feed->x[0], data->x_u8 ? (const void *)data->x_u8 : data->x));
  return upload_targets(feed->targets[0], data);
}

ebb_status ebbi_feed_create(ebbi_feed *out, ebb_device *device, const ebbi_feed_spec *spec) {
  *out = (ebbi_feed){.spec = *spec,
                     .rows = spec->dataset->rows,
                     .scale = spec->dataset->x_u8 ? spec->dataset->scale : 1};
  ebb_status status = create(out, device);
  out->spec.dataset = NULL; /* the caller may free it */
  if (status != EBB_OK) ebbi_feed_free(out);
  return status;
}

void ebbi_feed_free(ebbi_feed *feed) {
  ebbi_stream_free(feed->stream); /* waits for uploads into the tensors */
  for (size_t i = 0; i < EBBI_SLOTS; i++) {
    ebb_tensor_free(feed->x[i]);
    ebb_tensor_free(feed->targets[i]);
  }
  *feed = (ebbi_feed){0};
}

/* The host has already shuffled a streamed block. */
static bool shuffles(const ebbi_feed *feed) {
  return feed->spec.shuffle && !feed->stream;
}

ebb_status ebbi_feed_gather(ebbi_pass *pass, const ebbi_feed *feed, size_t slot, size_t first) {
  return ebbi_gather_block(&pass->exec, pass->value[0], pass->target, pass->weights, pass->state,
                           feed->x[slot], feed->targets[slot], feed->rows, feed->scale,
                           shuffles(feed), feed->spec.seed, feed->spec.batch, first);
}

ebbi_whole_source ebbi_feed_source(const ebbi_feed *feed, size_t slot, ebb_loss loss) {
  return (ebbi_whole_source){.data = feed->x[slot],
                             .targets = feed->targets[slot],
                             .rows = feed->rows,
                             .loss = loss,
                             .scale = feed->scale,
                             .shuffle = shuffles(feed),
                             .seed = feed->spec.seed};
}

ebb_status ebbi_feed_enter(size_t *slot, size_t *room, ebbi_feed *feed) {
  *slot = 0;
  *room = SIZE_MAX;
  return feed->stream ? ebbi_stream_enter(slot, room, feed->stream) : EBB_OK;
}

ebb_status ebbi_feed_advance(ebbi_feed *feed, size_t steps) {
  return feed->stream ? ebbi_stream_advance(feed->stream, steps) : EBB_OK;
}

ebb_status ebbi_feed_seek(ebbi_feed *feed, size_t epoch, size_t step) {
  return feed->stream ? ebbi_stream_seek(feed->stream, epoch, step) : EBB_OK;
}

ebb_status ebbi_feed_wait(ebbi_feed *feed) {
  return feed->stream ? ebbi_stream_wait(feed->stream) : EBB_OK;
}
