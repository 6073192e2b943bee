/* What the library knows of the schedule in a step state. */
#ifndef EBBI_SCHEDULE_H
#define EBBI_SCHEDULE_H

#include <ebb/ops.h>

/* Whether the rate changes after the warm-up: the kind has steps and a factor. */
bool ebbi_schedule_varies(ebb_schedule_kind kind);

/* The schedule as the device takes it, from its first step on; `all` steps are those of a run, for
 * steps 0.  Errors: EBB_ERR_ARGUMENT. */
ebb_status ebbi_schedule_make(ebb_state_schedule *out, const char *where,
                              const ebb_schedule *schedule, float rate, uint64_t all);

/* Whether ebbi_schedule_make can have made it. */
bool ebbi_schedule_is_possible(const ebb_state_schedule *schedule);

/* The learning rate of a step after `first`, and how far from it the device's may be. */
double ebbi_schedule_rate(const ebb_state_schedule *schedule, uint64_t step);
double ebbi_schedule_bound(const ebb_state_schedule *schedule, uint64_t step);

#endif
