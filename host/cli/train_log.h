/* The log of a training, a JSON line at a time, and its result as JSON. */
#ifndef EBB_CLI_TRAIN_LOG_H
#define EBB_CLI_TRAIN_LOG_H

#include <jansson.h>

#include "train_report.h"

/* Opens --log, if there is one, and writes its first line. A training that goes on adds to the log
 * that it was begun with. Returns the exit code. */
int log_open(training *t);

/* Writes a JSON value as one line of the log and releases it. */
void log_write(training *t, json_t *line);

/* The line of an epoch; `type`: "epoch", or "refit". */
json_t *log_epoch(const training *t, const char *type, const ebb_report *r);

/* What the last line of the log and --json tell; `reason` as for report_end. */
json_t *log_result(const training *t, const char *reason);

/* Closes the log, if it is open. */
void log_close(training *t);

#endif
