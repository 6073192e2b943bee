/* What several commands begin with: a device, data, a model, an optimizer, as the options say. All
 * return exit codes. */
#ifndef EBB_CLI_INPUTS_H
#define EBB_CLI_INPUTS_H

#include <ebb/ebb.h>

#include "options.h"

/* Opens the device and notes which one was taken and why. It is watched from now on: before it is
 * freed, watch_device(NULL). */
int open_device(ebb_device **out, const settings *s);

/* Its part that says nothing, for processes of their own: the device in the precision that is asked
 * for. A failure is the library's; `blamed`: the option that it is a failure of, or NULL. */
ebb_status try_device(ebb_device **out, const char **blamed, const settings *s);

/* True if the name stands for a standard stream. */
bool is_stream(const char *name);

/* Refuses standard input as more than one of the files with rows: it can be read once. */
int check_streams(const settings *s);

/* How files of rows are read; as of read_table. */
ebb_read_options read_options(const settings *s, const ebb_encoder *encoder, bool no_look);

/* Reads --data as the options say, and prints what was decided about it; `encoder` (may be NULL) is
 * the one of the model that the rows are for. no_look: whatever stands in the target's column, it
 * is no error. Rows that lack an input are left out by --missing drop, of the options or of the
 * model's training, but not with no_look: a prediction is made of each row. */
int read_table(ebb_table **out, const settings *s, const ebb_encoder *encoder, bool no_look);

/* Prints what was decided about a table, from the note `first` on; what weighs much also with
 * --quiet. */
void note_table(const settings *s, const ebb_table *table, size_t first);

/* True if the name of an output (NULL: none) leads to a file that is also an input. */
bool same_file(const char *output, const char *input);

/* The loss asked for, or the one that goes with the task. */
int choose_loss(ebb_loss *out, const settings *s, ebb_task task);

/* Optimizer and learning rate; options that the optimizer does not know are refused. */
int choose_optimizer(ebb_optimizer *out, double *learning_rate, const settings *s);

/* Notes what was guessed or ignored in a file of weights: the lines of ebb_network_notes. */
void note_weights(const settings *s, const char *path, const char *notes);

/* Notes which values of the table are no category that the encoder knows. */
void note_unknown(const settings *s, const ebb_encoder *encoder, const ebb_table *table);

#endif
