/* The log of a training, in JSON lines, and its result as JSON. */
#ifndef EBB_CLI_TRAIN_LOG_H
#define EBB_CLI_TRAIN_LOG_H

#include <jansson.h>

#include "train_report.h"

/* Opens --log, if given, and writes its first line. A resumed training appends to its earlier log.
 * Returns the exit code. */
int log_open(training *t);

/* Writes a JSON value as one line of the log and releases it. */
void log_write(training *t, json_t *line);

/* The line of an epoch; `type`: "epoch", or "refit". */
json_t *log_epoch(const training *t, const char *type, const ebb_report *r);

/* The contents of the log's last line and of --json; `reason` as for report_end. */
json_t *log_result(const training *t, const char *reason);

/* Closes the log, if it is open. */
void log_close(training *t);

#endif
