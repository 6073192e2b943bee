/* Streams blocks of rows in the order of the epoch, gathered on the host into staging memory.
 *
 * While the device runs the steps of one block, the host fills and sends the next (double
 * buffering); the host is at most one block ahead, so two slots are enough. The order is the one
 * that gather computes on the device: ebbi_permute is the twin of permute in kernels/philox.h.
 * Blocks hold whole batches and begin anew in each epoch, so each step uses the same rows as with
 * all data on the device. A block is identified by (epoch, number) and is not sent again if it is
 * still in a slot.
 */
#include "stream.h"

#include "base/error.h"
#include "base/rng.h"
#include "base/size.h"

#include <stdlib.h>
#include <string.h>

/* The block in a slot, if loaded. */
typedef struct slot {
  ebbi_staging *staging;
  bool loaded;
  bool entered; /* launches have been queued that read it */
  size_t epoch, block;
} slot;

struct ebbi_stream {
  ebb_dataset dataset;
  ebbi_target_rows targets;
  ebbi_feed_spec spec;
  size_t epoch_steps;
  size_t epoch, step; /* of the next step to be queued */
  slot slots[EBBI_SLOTS];
  size_t current; /* slot of the last step */
  bool entered;   /* queued launches may still read it */
  bool lost;      /* launches were queued on an upload that failed, so the training is invalid */
};

ebb_status ebbi_stream_create(ebbi_stream **out, ebb_tensor *const x[EBBI_SLOTS],
                              ebb_tensor *const targets[EBBI_SLOTS], const ebbi_feed_spec *spec) {
  ebbi_stream *stream = calloc(1, sizeof *stream);
  REQUIRE(stream, EBB_ERR_MEMORY, "streaming: no memory");
  *stream = (ebbi_stream){.dataset = *spec->dataset,
                          .targets = ebbi_target_rows_of(spec->dataset),
                          .spec = *spec,
                          .epoch_steps = ebbi_ceil_div(spec->dataset->rows, spec->batch)};
  stream->spec.dataset = &stream->dataset; /* the caller may free its struct, but not the arrays */
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < EBBI_SLOTS && status == EBB_OK; i++) {
    ebbi_buffer *const to[EBBI_STAGED] = {x[i]->buffer, targets[i]->buffer};
    status = ebbi_staging_create(&stream->slots[i].staging, to);
  }
  if (status != EBB_OK) {
    ebbi_stream_free(stream);
    return status;
  }
  *out = stream;
  return EBB_OK;
}

void ebbi_stream_free(ebbi_stream *stream) {
  if (!stream) return;
  for (size_t i = 0; i < EBBI_SLOTS; i++) ebbi_staging_free(stream->slots[i].staging);
  free(stream);
}

/* Bytes of a row of x and of a row of the targets. */
static void row_bytes(size_t bytes[EBBI_STAGED], const ebbi_stream *stream) {
  const ebb_dataset *data = &stream->dataset;
  bytes[0] = data->inputs * (data->x_u8 ? 1 : sizeof(float));
  bytes[1] = (stream->targets.cols + (data->weights ? 1 : 0)) * sizeof(float);
}

/* Gathers `count` rows of the epoch, starting at place `first`. */
static void gather_rows(void *const to[EBBI_STAGED], const ebbi_stream *stream, size_t epoch,
                        size_t first, size_t count) {
  const ebb_dataset *data = &stream->dataset;
  const unsigned char *x = data->x_u8 ? (const void *)data->x_u8 : (const void *)data->x;
  bool shuffle = stream->spec.shuffle;
  size_t bytes[EBBI_STAGED];
  uint32_t keys[EBBI_PERMUTE_ROUNDS];
  row_bytes(bytes, stream);
  if (!shuffle) memcpy(to[0], x + first * bytes[0], count * bytes[0]);
  ebbi_permute_keys(keys, stream->spec.seed, EBBI_RNG_SHUFFLE, (uint32_t)epoch);
  for (size_t r = 0; r < count; r++) {
    size_t row = first + r;
    if (shuffle) row = ebbi_permute((uint32_t)row, (uint32_t)data->rows, keys);
    if (shuffle) memcpy((unsigned char *)to[0] + r * bytes[0], x + row * bytes[0], bytes[0]);
    ebbi_target_row((unsigned char *)to[1] + r * bytes[1], &stream->targets, row);
  }
}

/* Waits for the slot's upload. */
static ebb_status wait_for_upload(ebbi_stream *stream, slot *of) {
  ebb_status status = ebbi_staging_wait(of->staging);
  if (status == EBB_OK) return EBB_OK;
  of->loaded = false;
  stream->lost = stream->lost || of->entered;
  return status;
}

static ebb_status send(ebbi_stream *stream, slot *to, size_t epoch, size_t block) {
  size_t block_rows = stream->spec.block_steps * stream->spec.batch, first = block * block_rows;
  size_t left = stream->dataset.rows - first, rows = left < block_rows ? left : block_rows;
  size_t bytes[EBBI_STAGED];
  void *memory[EBBI_STAGED];
  TRY(wait_for_upload(stream, to));
  to->loaded = to->entered = false;
  TRY(ebbi_staging_fill(memory, to->staging));
  gather_rows(memory, stream, epoch, first, rows);
  row_bytes(bytes, stream);
  for (size_t i = 0; i < EBBI_STAGED; i++) bytes[i] *= rows;
  TRY(ebbi_staging_send(to->staging, bytes));
  to->loaded = true;
  to->epoch = epoch;
  to->block = block;
  return EBB_OK;
}

/* Finds the slot with the next step's block, which is sent unless it is there. */
static ebb_status load(size_t *at, ebbi_stream *stream) {
  size_t epoch =
      stream->spec.shuffle ? stream->epoch : 0; /* without shuffling, all epochs are alike */
  size_t block = stream->step / stream->spec.block_steps;
  for (*at = 0; *at < EBBI_SLOTS; ++*at) {
    const slot *s = &stream->slots[*at];
    if (s->loaded && s->epoch == epoch && s->block == block) return EBB_OK;
  }
  *at = 1 - stream->current;
  return send(stream, &stream->slots[*at], epoch, block);
}

static ebb_status leave(ebbi_stream *stream) {
  if (!stream->entered) return EBB_OK;
  stream->entered = false;
  return ebbi_staging_leave(stream->slots[stream->current].staging);
}

ebb_status ebbi_stream_enter(size_t *at, size_t *room, ebbi_stream *stream) {
  size_t block_steps = stream->spec.block_steps;
  size_t end = (stream->step / block_steps + 1) * block_steps;
  *room = (end < stream->epoch_steps ? end : stream->epoch_steps) - stream->step;
  *at = stream->current;
  REQUIRE(!stream->lost, EBB_ERR_DEVICE,
          "streaming: an upload failed after steps had been queued on it; make a new trainer");
  if (stream->entered) return EBB_OK;
  TRY(load(at, stream));
  slot *s = &stream->slots[*at];
  s->loaded = false; /* until it can be entered */
  TRY(ebbi_staging_enter(s->staging));
  stream->current = *at;
  stream->entered = s->entered = s->loaded = true;
  return EBB_OK;
}

ebb_status ebbi_stream_advance(ebbi_stream *stream, size_t steps) {
  size_t next;
  stream->step += steps;
  bool epoch_ends = stream->step == stream->epoch_steps;
  if (!epoch_ends && stream->step % stream->spec.block_steps != 0) return EBB_OK;
  if (epoch_ends) {
    stream->epoch++;
    stream->step = 0;
  }
  TRY(leave(stream));
  return load(&next, stream);
}

ebb_status ebbi_stream_seek(ebbi_stream *stream, size_t epoch, size_t step) {
  if (stream->epoch == epoch && stream->step == step) return EBB_OK;
  stream->epoch = epoch;
  stream->step = step;
  return leave(stream);
}

ebb_status ebbi_stream_wait(ebbi_stream *stream) {
  ebb_status first = EBB_OK;
  for (size_t i = 0; i < EBBI_SLOTS; i++) {
    ebb_status status = wait_for_upload(stream, &stream->slots[i]);
    if (first == EBB_OK) first = status;
  }
  return first;
}
