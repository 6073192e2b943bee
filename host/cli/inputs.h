/* What several commands begin with: a device, data, a model, an optimizer, as the options say. All
 * return exit codes. */
#ifndef EBB_CLI_INPUTS_H
#define EBB_CLI_INPUTS_H

#include <ebb/ebb.h>

#include "options.h"

/* Opens the device and notes which one was taken and why. */
int open_device(ebb_device **out, const settings *s);

/* Its part that says nothing, for processes of their own: the device in the precision that is asked
 * for. A failure is the library's; `blamed`: the option that it is a failure of, or NULL. */
ebb_status try_device(ebb_device **out, const char **blamed, const settings *s);

/* True if the name stands for a standard stream. */
bool is_stream(const char *name);

/* Refuses standard input as more than one of the files with rows: it can be read once. */
int check_streams(const settings *s);

/* Reads --data as the options say; `encoder` (may be NULL) is the one of the model that the rows
 * are for. */
int read_table(ebb_table **out, const settings *s, const ebb_encoder *encoder);

/* True if the name of an output (NULL: none) leads to a file that is also an input. */
bool same_file(const char *output, const char *input);

/* The loss asked for, or the one that goes with the task. */
int choose_loss(ebb_loss *out, const settings *s, ebb_task task);

/* Optimizer and learning rate; options that the optimizer does not know are refused. */
int choose_optimizer(ebb_optimizer *out, double *learning_rate, const settings *s);

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

/* Reads --data for the model; if that has no encoder, one is fitted as `fit` says. */
int subject_read(subject *x, const settings *s, const ebb_encoder_options *fit);

/* Encodes rows of the table into x->rows (`rows` NULL: all). */
int subject_encode(subject *x, const size_t *rows, size_t count);

void subject_close(subject *x);

#endif
