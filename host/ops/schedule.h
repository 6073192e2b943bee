/* The schedule in a step state, for the library. */
#ifndef EBBI_SCHEDULE_H
#define EBBI_SCHEDULE_H

#include <ebb/ops.h>

/* Returns true if the rate changes after the warm-up: the kind has steps and a factor. */
bool ebbi_schedule_varies(ebb_schedule_kind kind);

/* Makes the device's form of a schedule, beginning with its first step. `all` is the number of
 * steps of a run, which defines steps 0.  Errors: EBB_ERR_ARGUMENT. */
ebb_status ebbi_schedule_make(ebb_state_schedule *out, const char *where,
                              const ebb_schedule *schedule, float rate, uint64_t all);

/* Returns true if ebbi_schedule_make can have made it. */
bool ebbi_schedule_is_possible(const ebb_state_schedule *schedule);

/* The learning rate of a step after `first`, and the largest deviation allowed on the device. */
double ebbi_schedule_rate(const ebb_state_schedule *schedule, uint64_t step);
double ebbi_schedule_bound(const ebb_state_schedule *schedule, uint64_t step);

#endif
