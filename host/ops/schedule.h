/* Schedules in the library: a table of kinds, the pieces that the device computes, and their rates.
 *
 * A schedule is a sequence of pieces, each of one curve. The state on the device holds one piece;
 * the host replaces it where the next begins. Most kinds are a single piece.
 */
#ifndef EBBI_SCHEDULE_H
#define EBBI_SCHEDULE_H

#include "setting.h"

#include <ebb/ops.h>

/* The curves of kernels/schedule.h, in the same order. */
typedef enum ebbi_curve {
  EBBI_CURVE_CONSTANT,
  EBBI_CURVE_LINEAR,
  EBBI_CURVE_COSINE,
  EBBI_CURVE_STEP,
  EBBI_CURVE_EXPONENTIAL,
  EBBI_CURVE_POLYNOMIAL,
  EBBI_CURVE_ROOT,
  EBBI_CURVE_INVERSE_ROOT,
  EBBI_CURVE_RISE,
  EBBI_CURVE_COSLOG4,
  EBBI_CURVES
} ebbi_curve;

/* A schedule with all its numbers, as it was set. */
typedef struct ebbi_schedule {
  uint64_t first; /* steps done when it was set; its own steps count from there */
  uint64_t warmup, steps;
  float base_rate, factor;
  uint32_t kind;
  uint32_t reductions;      /* of plateau, so far */
  uint64_t reduced;         /* steps done at the last of them */
  ebb_schedule_shape shape; /* complete: no parameter is left to its default */
} ebbi_schedule;

typedef struct ebbi_piece {
  ebb_state_schedule set;
  uint64_t end; /* steps done when the next piece begins; UINT64_MAX: it is the last one */
} ebbi_piece;

/* ---- the table: schedule_table.c ---- */

enum { EBBI_SCHEDULE_PARAMETERS = 3 };

typedef struct ebbi_schedule_row {
  void (*piece)(ebbi_piece *out, const ebbi_schedule *schedule, uint64_t done);
  ebbi_curve curve; /* of a kind that is one piece */
  bool rises;       /* the warm-up, if there is one, is the length of its rise */
  bool many;        /* any number of the first parameter, in ascending order */
  bool waits;       /* the rate is reduced after epochs that gained nothing */
  ebbi_setting parameters[EBBI_SCHEDULE_PARAMETERS]; /* in the order of the text; unused: no name */
} ebbi_schedule_row;

/* Returns the row of a kind, which must exist. */
const ebbi_schedule_row *ebbi_schedule_row_of(ebb_schedule_kind kind);

/* The piece of a kind with one curve. */
void ebbi_piece_whole(ebbi_piece *out, const ebbi_schedule *schedule, uint64_t done);

/* The pieces of the others: schedule_pieces.c. */
void ebbi_piece_multistep(ebbi_piece *out, const ebbi_schedule *schedule, uint64_t done);
void ebbi_piece_restarts(ebbi_piece *out, const ebbi_schedule *schedule, uint64_t done);
void ebbi_piece_one_cycle(ebbi_piece *out, const ebbi_schedule *schedule, uint64_t done);
void ebbi_piece_decay(ebbi_piece *out, const ebbi_schedule *schedule, uint64_t done);
void ebbi_piece_flat(ebbi_piece *out, const ebbi_schedule *schedule, uint64_t done);
void ebbi_piece_plateau(ebbi_piece *out, const ebbi_schedule *schedule, uint64_t done);

/* Fails unless the kind exists and its given parameters are in range and in order. */
ebb_status ebbi_shape_check(const char *where, ebb_schedule_kind kind,
                            const ebb_schedule_shape *shape);

/* Completes a checked shape with the defaults. */
ebb_schedule_shape ebbi_shape_complete(ebb_schedule_kind kind, const ebb_schedule_shape *shape);

/* ---- making: schedule.c ---- */

/* Makes a schedule with all numbers, beginning with step 1. `all` is the number of steps of a run,
 * which defines steps 0. `shape` may be NULL.  Errors: EBB_ERR_ARGUMENT. */
ebb_status ebbi_schedule_make(ebbi_schedule *out, const char *where, const ebb_schedule *schedule,
                              const ebb_schedule_shape *shape, float rate, uint64_t all);

/* Returns true if ebbi_schedule_make can have made it. */
bool ebbi_schedule_is_possible(const ebbi_schedule *schedule);

/* Finds the piece with the step after `done` steps, which are at least `first`. */
void ebbi_schedule_piece(ebbi_piece *out, const ebbi_schedule *schedule, uint64_t done);

/* The learning rate of a step after `first`. */
double ebbi_schedule_rate(const ebbi_schedule *schedule, uint64_t step);

/* ---- curves: schedule_curve.c ---- */

/* The learning rate of a step after `first`, and the largest deviation allowed on the device. */
double ebbi_piece_rate(const ebb_state_schedule *piece, uint64_t step);
double ebbi_piece_bound(const ebb_state_schedule *piece, uint64_t step);

#endif
