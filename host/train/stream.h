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

/* The targets of a dataset as they reach the device: each row with its weight behind it, if there
 * are weights. Weights are divided by their mean, so that a learning rate means the same in any
 * unit of them. */
typedef struct ebbi_target_rows {
  const void *targets;
  const float *weights; /* or NULL */
  double mean;
  size_t cols; /* of the targets alone; 4 bytes each */
} ebbi_target_rows;

ebbi_target_rows ebbi_target_rows_of(const ebb_dataset *data);
void ebbi_target_row(void *to, const ebbi_target_rows *from, size_t row);

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
