/* The subject of eval, predict and verify: a model from a file, and rows. All functions return exit
 * codes. */
#ifndef EBB_CLI_SUBJECT_H
#define EBB_CLI_SUBJECT_H

#include <ebb/ebb.h>

#include "options.h"

/* A model from a file and the rows it is applied to. Initialise with zeros; close in every case. */
typedef struct subject {
  ebb_device *device;
  ebb_model model;
  ebb_table *table;
  ebb_encoder *own;           /* for a model without an encoder */
  const ebb_encoder *encoder; /* the model's encoder, or `own` */
  ebb_dataset rows;
} subject;

/* Opens the device and loads the model named by the command's argument. */
int subject_load(subject *x, const settings *s);

/* Reads --data for the model. If the model has no encoder, reports the assumptions about its inputs
 * and outputs; the task stays AUTO if nothing shows it. */
int subject_read(subject *x, const settings *s, bool ignore_target);

/* Encodes rows of the table into x->rows (`rows` NULL: all). */
int subject_encode(subject *x, const size_t *rows, size_t count);

void subject_close(subject *x);

#endif
