/* The first steps of several commands: opening a device, reading data, loading a model, choosing an
 * optimizer. All return exit codes. */
#ifndef EBB_CLI_INPUTS_H
#define EBB_CLI_INPUTS_H

#include <ebb/ebb.h>

#include "options.h"

/* Opens the device, reports which one and why, and starts watching it. Call watch_device(NULL)
 * before freeing it. */
int open_device(ebb_device **out, const settings *s);

/* The silent part of open_device, for separate processes: opens the device in the requested
 * precision. The error is the library's; `blamed` is the option that caused it, or NULL. */
ebb_status try_device(ebb_device **out, const char **blamed, const settings *s);

/* True if the name stands for a standard stream. */
bool is_stream(const char *name);

/* Refuses standard input for more than one of the files with rows: it can be read only once. */
int check_streams(const settings *s);

/* How files of rows are read; arguments as for read_table. */
ebb_read_options read_options(const settings *s, const ebb_encoder *encoder, bool ignore_target);

/* Reads --data as the options say, and prints the decisions about it. `encoder` is the encoder of
 * the model that the rows are for, or NULL. ignore_target: the target column may hold anything.
 * Rows with missing inputs are removed by --missing drop, given now or in training, except with
 * ignore_target: a prediction is made for each row. */
int read_table(ebb_table **out, const settings *s, const ebb_encoder *encoder, bool ignore_target);

/* Prints a table's notes, starting at note `first`; with --quiet only weighty ones. */
void note_table(const settings *s, const ebb_table *table, size_t first);

/* True if the output file (NULL: none) is also an input. */
bool same_file(const char *output, const char *input);

/* The requested loss, or the default one for the task. */
int choose_loss(ebb_loss *out, const settings *s, ebb_task task);

/* The loss that is asked for; of several target columns, the one that takes values. */
ebb_loss loss_asked(const settings *s);

/* True if --loss is one for values that keep their own scale, such as counts. */
bool loss_keeps_target(const settings *s);

/* Refuses targets of a table that the loss has no meaning for. */
int check_targets(const ebb_table *table, ebb_loss loss);

/* Encodes rows of a table (`rows` NULL: all), with the targets as the loss takes them. */
int encode_rows(ebb_dataset *out, const ebb_encoder *encoder, const ebb_table *table,
                const size_t *rows, size_t count, ebb_loss loss);

/* Optimizer and learning rate. Refuses options that the optimizer does not have. */
int choose_optimizer(ebb_optimizer *out, double *learning_rate, const settings *s);

/* Prints what was guessed or ignored in a file of weights: the lines of ebb_network_notes. */
void note_weights(const settings *s, const char *path, const char *notes);

/* Reports values of the table that are categories unknown to the encoder. */
void note_unknown(const settings *s, const ebb_encoder *encoder, const ebb_table *table);

/* Weighs the classes as --class-weights asks; the rows (NULL: all) say how common they are. Returns
 * an exit code. */
int weigh_classes(const settings *s, ebb_encoder *encoder, const ebb_table *table,
                  const size_t *rows, size_t count);

#endif
