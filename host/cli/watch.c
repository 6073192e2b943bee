/* Seconds without progress are counted here, at most one per round, instead of being read off the
 * clock: a process stopped by a debugger or by ^Z has not been waiting for its device. The count
 * restarts with each call or wait.
 *
 * The library itself gives up waits after the same time, which leaves the program in order. The
 * watchdog therefore waits slightly longer; it is for calls that never return.
 */
#include "watch.h"

#include "clock.h"
#include "output.h"
#include "save.h"
#include "signals.h"
#include "train_checkpoint.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

static const double MARGIN = 2;            /* seconds after the library's own time limit */
static const double SIGNAL_PATIENCE = 1.5; /* seconds allowed after a signal */
static const double LONGEST_ROUND = 1;

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER; /* for the variables below */
static const settings *options;                           /* NULL: nothing is watched */
static bool opening;
static ebb_device *watched;
static ebb_model_image *copy;
static double idle;      /* seconds without progress */
static double told;      /* the device's own count in the previous round */
static double signalled; /* seconds since a signal came */
static double last_round;

/* ---- the end ---- */

/* Saves the copy at --out or beside it, or says that there is none. */
static void save_copy(void) {
  char where[4096];
  if (!copy) {
    remark("ebb: there is no good copy of the model yet: nothing is saved");
    return;
  }
  if (save_rescued(options, copy, where, sizeof where) == EXIT_GOOD)
    remark("ebb: the last good copy of the model is saved in %s", where);
}

static const char advice[] = "; the device or its driver hangs: start again, on another device if "
                             "it hangs again; if it is only slow, set a longer --device-timeout";

static _Noreturn void give_up(const char *what) {
  int number = signals_caught();
  progress_erase();
  double seconds = number ? floor(idle) : options->device_timeout;
  const char *option = number ? "" : " (--device-timeout)";
  if (opening)
    fail(EXIT_DEVICE, "the driver has not opened the device in %g s%s%s", seconds, option, advice);
  else
    fail(EXIT_DEVICE, "device \"%s\": it has made no progress for %g s%s in %s%s",
         ebb_device_get_info(watched)->name, seconds, option, what, advice);
  if (number || copy) save_copy();
  checkpoint_advise(options);
  signals_exit(number ? EXIT_SIGNAL + number : EXIT_DEVICE);
}

/* ---- the rounds ---- */

/* Duration of this round, without times when the process was stopped. */
static double round_length(void) {
  double now = clock_seconds(), passed = last_round > 0 ? now - last_round : 0;
  last_round = now;
  return fmin(passed, LONGEST_ROUND);
}

static void check(void) {
  char what[1024] = "";
  double passed = round_length();
  double now = watched ? ebb_device_stuck(watched, what, sizeof what) : 0;
  bool stuck = opening || now > 0, same = opening || now >= told;
  told = now;
  idle = stuck && same ? idle + passed : 0;
  signalled = signals_caught() ? signalled + passed : 0;
  bool for_signal = signalled > SIGNAL_PATIENCE && idle > SIGNAL_PATIENCE;
  double patience = options->device_timeout;
  if (for_signal || (patience > 0 && idle > patience + MARGIN)) give_up(what);
}

void watch_poll(void) {
  pthread_mutex_lock(&guard);
  if (options) check();
  pthread_mutex_unlock(&guard);
}

/* ---- interface ---- */

/* Changes what is watched. */
static void change(const settings *s, bool is_opening, ebb_device *device) {
  options = s;
  opening = is_opening;
  watched = device;
  idle = told = last_round = 0;
}

void watch_begin(const settings *s) {
  pthread_mutex_lock(&guard);
  change(s, true, NULL);
  pthread_mutex_unlock(&guard);
}

void watch_device(ebb_device *device) {
  pthread_mutex_lock(&guard);
  change(options, false, device);
  pthread_mutex_unlock(&guard);
}

void watch_copy(ebb_model_image *image) {
  pthread_mutex_lock(&guard);
  ebb_model_image *old = copy;
  copy = image;
  pthread_mutex_unlock(&guard);
  ebb_model_image_free(old);
}

void watch_end(void) {
  pthread_mutex_lock(&guard);
  change(NULL, false, NULL);
  pthread_mutex_unlock(&guard);
  watch_copy(NULL);
  signals_kept();
}
