/* A data set that stays on the host and comes to the device block by block. */
#ifndef EBBI_STREAM_H
#define EBBI_STREAM_H

#include "tensor/tensor.h"

#include <ebb/data.h>

typedef struct ebbi_stream ebbi_stream;

/* A slot is a place on the device out of which steps gather: one for all rows of a data set, or two
 * that hold a block of them in turn. Sequences are recorded once a slot. */
enum { EBBI_SLOTS = 2 };

/* How a data set comes to the device. */
typedef struct ebbi_feed_plan {
  const ebb_dataset *dataset;
  size_t batch;       /* rows a step */
  size_t block_steps; /* steps of a block; 0: all rows lie on the device */
  bool shuffle;
  uint64_t seed;
} ebbi_feed_plan;

/* The dataset's arrays are borrowed, and the slots' tensors, of block_steps * batch rows. */
ebb_status ebbi_stream_create(ebbi_stream **out, ebb_tensor *const x[EBBI_SLOTS],
                              ebb_tensor *const targets[EBBI_SLOTS], const ebbi_feed_plan *plan);
void ebbi_stream_free(ebbi_stream *stream);

/* As for a feed (train.h). */
ebb_status ebbi_stream_enter(size_t *slot, size_t *room, ebbi_stream *stream);
ebb_status ebbi_stream_advance(ebbi_stream *stream, size_t steps);
ebb_status ebbi_stream_seek(ebbi_stream *stream, size_t epoch, size_t step);
ebb_status ebbi_stream_settle(ebbi_stream *stream);

#endif
