/* A dataset that stays on the host and is uploaded block by block. */
#ifndef EBBI_STREAM_H
#define EBBI_STREAM_H

#include "tensor/tensor.h"

#include <ebb/data.h>

typedef struct ebbi_stream ebbi_stream;

/* A slot is a place on the device from which steps gather: one for all rows of a dataset, or two
 * that hold blocks in turn. Sequences are recorded once for each slot. */
enum { EBBI_SLOTS = 2 };

/* How a dataset reaches the device. */
typedef struct ebbi_feed_spec {
  const ebb_dataset *dataset;
  size_t batch;       /* rows per step */
  size_t block_steps; /* steps per block; 0: all rows lie on the device */
  bool shuffle;
  uint64_t seed;
} ebbi_feed_spec;

/* Borrows the dataset's arrays and the slots' tensors, of block_steps * batch rows. */
ebb_status ebbi_stream_create(ebbi_stream **out, ebb_tensor *const x[EBBI_SLOTS],
                              ebb_tensor *const targets[EBBI_SLOTS], const ebbi_feed_spec *spec);
void ebbi_stream_free(ebbi_stream *stream);

/* As for a feed (train.h). */
ebb_status ebbi_stream_enter(size_t *slot, size_t *room, ebbi_stream *stream);
ebb_status ebbi_stream_advance(ebbi_stream *stream, size_t steps);
ebb_status ebbi_stream_seek(ebbi_stream *stream, size_t epoch, size_t step);
ebb_status ebbi_stream_wait(ebbi_stream *stream);

#endif
