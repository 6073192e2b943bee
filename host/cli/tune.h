/* `ebb tune`: what its parts share. Functions that return int return exit codes. */
#ifndef EBB_CLI_TUNE_H
#define EBB_CLI_TUNE_H

#include <ebb/ebb.h>
#include <sys/types.h>

#include "options.h"

enum { TUNE_CHOICES = 32, TUNE_SHAPES = 256, TUNE_TEXT = 1024 };

/* ---- the plan ---- */

/* The shapes to tune, each of another class, the most useful ones first: the products of --model,
 * or those of usual networks and squares. */
int tune_plan(ebb_tune_shape shapes[TUNE_SHAPES], size_t *count, const settings *s);

/* ---- the worker: a process that alone uses the device ---- */

/* What it finds when it opens the device. `status`, `text` and `blamed` of a failure, else the
 * rest.
 */
typedef struct tune_hello {
  ebb_status status;
  char text[TUNE_TEXT];
  char blamed[16];      /* the option that it is a failure of, or "" */
  ebb_tune_owner owner; /* of the choices */
  char reason[160];
  size_t count;
  int choices[TUNE_CHOICES];  /* candidates beside automatic */
  int automatic[TUNE_SHAPES]; /* the configuration that automatic has for each shape; AUTO: none */
} tune_hello;

typedef struct tune_question {
  ebb_tune_shape shape;
  int choice;
  bool alone; /* without automatic beside it */
} tune_question;

typedef struct tune_answer {
  ebb_status status;
  bool no_shape; /* the shape itself is beyond the device; no candidate is to blame */
  double seconds, auto_seconds;
  char text[TUNE_TEXT]; /* of a failure */
} tune_answer;

typedef struct tune_worker {
  pid_t process; /* 0: none runs */
  int to, from;
} tune_worker;

/* What became of a question. */
typedef enum tune_outcome {
  TUNE_ANSWERED,
  TUNE_DIED,    /* the process ended; it has been put away */
  TUNE_SILENT,  /* no answer within the time; it has been killed */
  TUNE_STOPPED, /* a signal asks the program to stop; it has been killed */
  TUNE_BROKEN   /* no process could be made */
} tune_outcome;

/* Starts the process and waits for its hello, at most so many seconds. */
tune_outcome tune_worker_start(tune_worker *worker, tune_hello *hello, const settings *s,
                               const ebb_tune_shape *shapes, size_t count, double seconds);

/* Asks and waits. `text`: how the process died. */
tune_outcome tune_worker_ask(tune_worker *worker, tune_answer *answer,
                             const tune_question *question, double seconds, char text[TUNE_TEXT]);

/* Ends the process, if one runs. */
void tune_worker_stop(tune_worker *worker);

/* ---- the search and its report ---- */

/* A candidate that failed, where first, and why. It is trusted nowhere. */
typedef struct tune_refusal {
  int choice;
  ebb_tune_shape shape;
  char text[TUNE_TEXT];
} tune_refusal;

/* A shape's times by candidate; seconds 0: not measured. */
typedef struct tune_result {
  ebb_tune_shape shape;
  int automatic; /* as in an answer */
  double auto_seconds;
  double seconds[TUNE_CHOICES], against[TUNE_CHOICES]; /* of the candidate, of automatic with it */
  bool confirmed[TUNE_CHOICES];                        /* measured again, having been the best */
  ebb_tuned best;                                      /* filled in at the end */
} tune_result;

typedef struct tuning {
  const settings *s;
  tune_hello hello;
  size_t planned, count; /* shapes; results there are */
  ebb_tune_shape shapes[TUNE_SHAPES];
  tune_result results[TUNE_SHAPES];
  size_t refused;
  tune_refusal refusals[TUNE_CHOICES + 1];
  tune_worker worker;
  double started, deadline;
  double seconds;        /* it took */
  bool on_line;          /* a line of progress stands on the terminal */
  char path[4096];       /* where the choices are kept; "" if they are not */
  char ended[TUNE_TEXT]; /* why the search ended before its time; "" if it did not */
} tuning;

/* Shows what is being tried, on a terminal. */
void tune_progress(tuning *t, const ebb_tune_shape *shape, int choice);
void tune_progress_end(tuning *t);

/* The device, as soon as it is known, and what came out. */
void tune_print_device(const tuning *t);
int tune_print(const tuning *t);

#endif
