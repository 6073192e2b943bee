/* Runs the next batch once and then undoes its effects.
 *
 * A step by layers is opened and not closed. Whatever an opened step writes, the next one
 * overwrites, so only the state is restored, and parameters and moments are never touched. A whole
 * step may contain its update, so it runs as in training, and its parameters, at most 65,536, are
 * restored. The training's bits do not change: the feed is entered, which consumes nothing.
 */
#include "check/live.h"

#include "base/error.h"
#include "base/rng.h"
#include "base/size.h"
#include "tensor/tensor.h"

#include <stdlib.h>
#include <string.h>

ebb_tensor *ebbi_live_slab(const ebb_trainer *trainer, size_t slab) {
  return slab == 0 ? trainer->network->parameters : trainer->moments[slab - 1];
}

static ebb_status save_slabs(ebbi_live *live) {
  for (size_t s = 0; s < EBBI_SLABS; s++) {
    const ebb_tensor *slab = ebbi_live_slab(live->trainer, s);
    if (!slab) continue;
    live->slabs[s] = malloc(slab->cols * sizeof(float));
    REQUIRE(live->slabs[s], EBB_ERR_MEMORY, "%s: no memory for %zu numbers", live->where,
            slab->cols);
    TRY(ebb_tensor_download(live->slabs[s], slab));
  }
  return EBB_OK;
}

ebb_status ebbi_live_restore(ebbi_live *live) {
  for (size_t s = 0; s < EBBI_SLABS; s++)
    if (live->slabs[s]) TRY(ebb_tensor_upload(ebbi_live_slab(live->trainer, s), live->slabs[s]));
  return ebb_tensor_upload(live->trainer->pass->state, &live->before);
}

static ebb_status run(ebbi_live *live) {
  ebb_trainer *trainer = live->trainer;
  TRY(ebbi_feed_enter(&live->slot, &live->room, &trainer->feed));
  TRY(ebb_tensor_download(&live->before, trainer->pass->state));
  if (live->whole) TRY(save_slabs(live));
  if (live->closed)
    TRY(ebbi_sequence_run(trainer->sequences[live->slot]));
  else
    TRY(ebbi_trainer_gradients(trainer, live->slot, 0));
  return ebb_tensor_download(&live->after, trainer->pass->state);
}

ebb_status ebbi_live_begin(ebbi_live *live, ebb_trainer *trainer, uint64_t seed) {
  ebb_device *device = trainer->network->device;
  live->trainer = trainer;
  live->whole = trainer->pass->kind == EBBI_PASS_WHOLE;
  live->closed = live->whole && ebbi_updates_are_last(&trainer->options);
  live->comparison =
      (ebbi_comparison){.fixture = {.device = device, .exec = &trainer->pass->exec, .seed = seed}};
  live->before = ebb_state_default(0, 0, 0);
  return run(live);
}

/* The state has been downloaded, and can be restored, if its epoch has a length. */
ebb_status ebbi_live_end(ebbi_live *live) {
  ebb_status status = live->before.epoch_steps > 0 ? ebbi_live_restore(live) : EBB_OK;
  ebbi_fixture_clear(&live->comparison.fixture);
  for (size_t s = 0; s < EBBI_SLABS; s++) free(live->slabs[s]);
  return status;
}

/* ---- the rows of the batch ---- */

/* The row in the source's data for a place in the epoch. */
static size_t row_at(const ebbi_whole_source *source, const uint32_t *keys, size_t place) {
  if (!source->shuffle) return place % source->data->rows;
  return ebbi_permute((uint32_t)place, (uint32_t)source->rows, keys);
}

/* Converts a row's elements to what the batch must hold. */
static void convert(double *out, const ebb_tensor *tensor, float scale, const void *row) {
  for (size_t i = 0; i < tensor->cols; i++)
    out[i] = tensor->dtype == EBB_U8    ? (double)(scale * (float)((const uint8_t *)row)[i])
             : tensor->dtype == EBB_I32 ? (double)((const int32_t *)row)[i]
                                        : (double)((const float *)row)[i];
}

/* The rows of a packed tensor at these places. A tensor of up to 1 MiB is read whole, because
 * separate transfers would take longer. */
static ebb_status read_places(double **out, ebbi_comparison *c, const ebb_tensor *tensor,
                              float scale, const size_t *places, size_t count) {
  enum { PIECE = 1 << 20 };
  size_t cols = tensor->cols, row_bytes = cols * (tensor->dtype == EBB_U8 ? 1 : sizeof(float));
  bool all = count > 1 && tensor->rows <= PIECE / row_bytes;
  unsigned char *bytes;
  TRY(ebbi_fixture_array(out, &c->fixture, count * cols));
  TRY(ebbi_fixture_bytes(&bytes, &c->fixture, all ? tensor->rows : 1, row_bytes));
  if (all) TRY(ebb_tensor_download(bytes, tensor));
  for (size_t r = 0; r < count; r++) {
    if (!all) TRY(ebbi_tensor_download_part(bytes, tensor, places[r], 1, 0, cols));
    convert(*out + r * cols, tensor, scale, all ? bytes + places[r] * row_bytes : bytes);
  }
  return EBB_OK;
}

/* Separates the last column of the targets, whose bits are a float's, from the others. */
static ebb_status split_weights(ebbi_rows *rows, ebbi_comparison *c, const ebb_tensor *targets,
                                size_t count) {
  size_t cols = targets->cols - 1;
  const double *both = rows->y;
  TRY(ebbi_fixture_array(&rows->y, &c->fixture, count * cols));
  TRY(ebbi_fixture_array(&rows->weights, &c->fixture, count));
  for (size_t r = 0; r < count; r++, both += cols + 1) {
    int32_t bits = (int32_t)both[cols];
    float weight = (float)both[cols];
    if (targets->dtype == EBB_I32) memcpy(&weight, &bits, sizeof weight);
    memcpy(rows->y + r * cols, both, cols * sizeof *both);
    rows->weights[r] = (double)weight;
  }
  return EBB_OK;
}

ebb_status ebbi_read_batch(ebbi_rows *out, ebbi_comparison *c, const ebbi_whole_source *source,
                           const ebb_state *before, size_t batch, size_t first, size_t count) {
  size_t start = (size_t)(before->done - before->epoch_first) * batch + first, *places;
  uint32_t keys[EBBI_PERMUTE_ROUNDS];
  REQUIRE(start < source->rows && count <= source->rows - start, EBB_ERR_DEVICE,
          "check: the device reports a step on rows %zu to %zu of an epoch of %zu", start + 1,
          start + count, source->rows);
  ebbi_permute_keys(keys, source->seed, EBBI_RNG_SHUFFLE, (uint32_t)before->epoch);
  TRY(ebbi_fixture_bytes(&places, &c->fixture, count, sizeof *places));
  for (size_t r = 0; r < count; r++) places[r] = row_at(source, keys, start + r);
  *out = (ebbi_rows){0};
  TRY(read_places(&out->x, c, source->data, source->scale, places, count));
  TRY(read_places(&out->y, c, source->targets, 1, places, count));
  return source->loss.weighted ? split_weights(out, c, source->targets, count) : EBB_OK;
}
