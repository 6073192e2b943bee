/* `ebb train --profile` and `--trace`. Without these options the functions do nothing. */
#ifndef EBB_CLI_TRAIN_PROFILE_H
#define EBB_CLI_TRAIN_PROFILE_H

#include <jansson.h>

#include "train_report.h"

/* Begins the profile on the open device, and the trace's first phase. */
int profile_begin(training *t);

/* Ends the phase that began at t->phase_start, and begins the next. */
void profile_phase(training *t, const char *name);

/* After the first step, which compiles: empties the table, if more steps follow. */
void profile_first_step(training *t, const ebb_report *report);
void profile_epoch(training *t, size_t epoch);

/* Ends the profile, writes the trace, and reports what it had no room for. */
int profile_end(training *t);
int profile_write_trace(const training *t);

/* The table, as an object or as text on stdout. */
json_t *profile_json(const training *t);
void profile_print(const training *t);

#endif
