/* What eval, predict and verify work on: a model from a file, and rows. All return exit codes. */
#ifndef EBB_CLI_SUBJECT_H
#define EBB_CLI_SUBJECT_H

#include <ebb/ebb.h>

#include "options.h"

/* A model from a file and the rows it is applied to. Zero-initialise; close in every case. */
typedef struct subject {
  ebb_device *device;
  ebb_model model;
  ebb_table *table;
  ebb_encoder *own;           /* for a model without encoder */
  const ebb_encoder *encoder; /* the model's, or own */
  ebb_dataset rows;
} subject;

/* Opens the device and loads the model that the command's argument names. */
int subject_load(subject *x, const settings *s);

/* Reads --data for the model. If that has no encoder, says what is assumed about its inputs and
 * outputs; the task stays AUTO where nothing tells it. */
int subject_read(subject *x, const settings *s, bool no_look);

/* Encodes rows of the table into x->rows (`rows` NULL: all). */
int subject_encode(subject *x, const size_t *rows, size_t count);

void subject_close(subject *x);

#endif
