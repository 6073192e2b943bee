/* The rows of `ebb train`: training, validation and test. */
#ifndef EBB_CLI_TRAIN_DATA_H
#define EBB_CLI_TRAIN_DATA_H

#include "train_report.h"

/* Reads and splits the data, fits the encoder, encodes all parts. Returns the exit code. */
int data_read(training *t);
void data_free(training *t);

/* Options for fitting the encoder. */
ebb_encoder_options data_encoder_options(const settings *s);

#endif
