/* `ebb tune`: declarations shared by its parts. Functions that return int return exit codes. */
#ifndef EBB_CLI_TUNE_H
#define EBB_CLI_TUNE_H

#include <ebb/ebb.h>
#include <sys/types.h>

#include "options.h"

enum { TUNE_CHOICES = 32, TUNE_SHAPES = 256, TUNE_TEXT = 1024 };

/* ---- shapes ---- */

/* The shapes to tune, each of a different class, the most useful first: the products of --model, or
 * those of common networks and squares. */
int tune_list_shapes(ebb_tune_shape shapes[TUNE_SHAPES], size_t *count, const settings *s);

/* ---- the worker: the only process that uses the device ---- */

/* The worker's findings after opening the device. After a failure `status`, `text` and `blamed` are
 * set, otherwise the rest. */
typedef struct tune_hello {
  ebb_status status;
  char text[TUNE_TEXT];
  char blamed[16];      /* the option that caused it, or "" */
  ebb_tune_owner owner; /* of the choices */
  char reason[160];
  size_t count;
  int choices[TUNE_CHOICES];  /* candidates other than automatic */
  int automatic[TUNE_SHAPES]; /* automatic's configuration for each shape; AUTO: none */
} tune_hello;

typedef struct tune_question {
  ebb_tune_shape shape;
  int choice;
  bool alone;    /* without automatic for comparison */
  bool building; /* builds the choice's programs only */
} tune_question;

typedef struct tune_answer {
  ebb_status status;
  bool no_shape; /* the shape is too large for the device; no candidate is to blame */
  double seconds, auto_seconds;
  char text[TUNE_TEXT]; /* of a failure */
} tune_answer;

typedef struct tune_worker {
  pid_t process; /* 0: not running */
  int to, from;
} tune_worker;

/* The outcome of a question. */
typedef enum tune_outcome {
  TUNE_ANSWERED,
  TUNE_DIED,    /* the process died and has been reaped */
  TUNE_SILENT,  /* no answer in time; the process has been killed */
  TUNE_STOPPED, /* a signal asked to stop; the process has been killed */
  TUNE_BROKEN   /* no process could be started */
} tune_outcome;

/* Starts the process and waits for its hello, at most this many seconds. */
tune_outcome tune_worker_start(tune_worker *worker, tune_hello *hello, const settings *s,
                               const ebb_tune_shape *shapes, size_t count, double seconds);

/* Asks and waits. `text`: how the process died. */
tune_outcome tune_worker_ask(tune_worker *worker, tune_answer *answer,
                             const tune_question *question, double seconds, char text[TUNE_TEXT]);

/* Ends the process, if it is running. */
void tune_worker_stop(tune_worker *worker);

/* ---- the search and its report ---- */

/* A failed candidate, the first shape it failed on, and why. It is never used again. */
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
  double seconds[TUNE_CHOICES], against[TUNE_CHOICES]; /* of the candidate, and of automatic beside
                                                        * it */
  bool confirmed[TUNE_CHOICES];                        /* measured again as the best */
  ebb_tuned best;                                      /* set at the end */
} tune_result;

typedef struct tuning {
  const settings *s;
  tune_hello hello;
  size_t planned, count; /* number of shapes; number of results */
  ebb_tune_shape shapes[TUNE_SHAPES];
  tune_result results[TUNE_SHAPES];
  size_t refused;
  tune_refusal refusals[TUNE_CHOICES + 1];
  tune_worker worker;
  double started, deadline;
  double seconds;        /* duration */
  bool on_line;          /* a progress line is showing */
  char path[4096];       /* where the choices are kept; "" if they are not */
  char ended[TUNE_TEXT]; /* why the search ended early, or "" */
} tuning;

/* Shows what is being tried, on a terminal. */
void tune_progress(tuning *t, const ebb_tune_shape *shape, int choice);
void tune_progress_end(tuning *t);

/* Prints the device as soon as it is known, and the results. */
void tune_print_device(const tuning *t);
int tune_print(const tuning *t);

#endif
