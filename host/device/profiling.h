/* A device's profile inside this folder: pending commands, and what has been timed. */
#ifndef EBBI_PROFILING_H
#define EBBI_PROFILING_H

#include "cl.h"

#include <ebb/profile.h>

/* Commands with events held at a time: one half is read while the other half runs. */
enum { EBBI_PENDING_HALF = 4096, EBBI_PROFILE_ROWS = 256, EBBI_PHASE_NAME = 48 };

/* A pending command. `before`: a marker whose end is the command's start; NULL: the command's own
 * start. */
typedef struct ebbi_timed {
  const char *name;
  ebbi_work work;
  cl_event before, event;
} ebbi_timed;

/* A command of the trace. Times are nanoseconds of the device's clock. */
typedef struct ebbi_traced {
  const char *name;
  ebbi_work work;
  int64_t start, end;
} ebbi_traced;

/* A host phase. Times are nanoseconds of CLOCK_MONOTONIC. */
typedef struct ebbi_phase {
  char name[EBBI_PHASE_NAME];
  int64_t start, end;
} ebbi_phase;

struct ebbi_profiling {
  ebbi_timed pending[2 * EBBI_PENDING_HALF]; /* a ring */
  size_t first, count;

  ebb_profile_row rows[EBBI_PROFILE_ROWS];
  size_t row_count;
  uint64_t commands;
  int64_t mark, last;      /* where the table begins; end of the last command or of the profile */
  int64_t idle, first_use; /* gaps before commands; gaps before the first command of a kind */
  int64_t ahead;           /* how far the host's clock is ahead of the device's */

  size_t limit; /* of commands, and of phases, in the trace */
  ebbi_traced *traced;
  size_t traced_count, traced_capacity;
  ebbi_phase *phases;
  size_t phase_count, phase_capacity;
  uint64_t left_out;
};

#endif
