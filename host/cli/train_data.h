/* The rows that `ebb train` learns from, chooses by, and is tested on. */
#ifndef EBB_CLI_TRAIN_DATA_H
#define EBB_CLI_TRAIN_DATA_H

#include "train_report.h"

/* Reads and parts the data, fits the encoder, encodes all parts. Returns the exit code. */
int data_read(training *t);
void data_free(training *t);

/* How the encoder is to be fitted. */
ebb_encoder_options data_encoder_options(const settings *s);

#endif
