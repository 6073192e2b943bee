/* Signals that ask the tool to end. All threads block them, and a separate thread reads them from a
 * descriptor. Handlers were rejected: compilers inside drivers install their own handlers around
 * ours, remove the files they are working on and fail before ours runs; a linker started by a
 * driver dies of the same ^C, and the driver aborts the process. Blocked signals are inherited by
 * such processes and interrupt no system call.
 *
 * While there is nothing to lose, the thread itself reports what was going on and ends the program:
 * compilers run for minutes and never check a flag. It allows a second, so that a log line or cache
 * file being written gets finished. Once there is something to keep, it only records the signal; a
 * training's report callback sees it and stops, and the model is saved as usual.
 */
#include "signals.h"

#include "clock.h"
#include "leftovers.h"
#include "output.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum { TICK = 250 /* milliseconds */ };
static const double GRACE = 1, ECHO = 0.25; /* seconds */

/* What is lost if the program ends now. */
typedef enum stage { NOTHING, SOMETHING, NOTHING_MORE } stage;

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER; /* for the variables below */
static stage now_at;
static bool doomed;     /* the signal ends the program */
static double deadline; /* latest time to end; 0: none */
static double first;    /* time of the first signal */
static const char *promise;

static _Atomic(const char *) doing;
static atomic_int caught;
static atomic_bool noticed; /* a signal came that `caught` may not show yet */

static bool begun, on_terminal;
static int source; /* the descriptor */
static sigset_t taken, ignored;
static pthread_t server;
static void (*poll_function)(void);

/* ---- messages ---- */

/* Writes with write(2), since a hanging thread may hold stderr's lock, and not at all if write
 * would block, on a full pipe or a stopped terminal. */
static void announce(const char *what, const char *then) {
  char line[512];
  const char *begin = on_terminal ? "\n" : "", *with = what ? " while " : "";
  struct pollfd entry = {.fd = STDERR_FILENO, .events = POLLOUT};
  snprintf(line, sizeof line, "%sebb: interrupted%s%s; %s\n", begin, with, what ? what : "", then);
  if (poll(&entry, 1, 0) > 0) (void)!write(STDERR_FILENO, line, strlen(line));
}

static void announce_end(void) {
  if (now_at == NOTHING)
    announce(doing, "nothing is saved, ends within a second");
  else
    announce(NULL, "all is written, ends within a second");
}

/* ---- the thread ---- */

static void take(int number) {
  double now = clock_seconds();
  pthread_mutex_lock(&guard);
  if (caught && now - first >= ECHO) signals_exit(EXIT_SIGNAL + number);
  if (!caught) {
    first = now;
    doomed = now_at != SOMETHING;
    if (doomed) {
      deadline = now + GRACE;
      announce_end();
    } else if (promise) {
      announce(NULL, promise);
    }
    caught = number;
  }
  pthread_mutex_unlock(&guard);
}

/* A shell starts a background job with SIGINT ignored, so that the terminal's ^C, which comes from
 * the kernel, does not reach it; `kill -INT` still should. A shell sends SIGHUP by kill, so a
 * SIGHUP ignored by nohup stays ignored. */
static bool is_meant(const struct signalfd_siginfo *it) {
  return sigismember(&ignored, (int)it->ssi_signo) != 1 || it->ssi_code <= 0;
}

static void receive(void) {
  struct signalfd_siginfo it;
  noticed = true; /* while it is still pending, so that it is visible at every moment */
  if (read(source, &it, sizeof it) == sizeof it && is_meant(&it)) take((int)it.ssi_signo);
  noticed = false;
}

static void end_in_time(void) {
  pthread_mutex_lock(&guard);
  if (deadline > 0 && clock_seconds() >= deadline) signals_exit(EXIT_SIGNAL + caught);
  pthread_mutex_unlock(&guard);
}

static void *serve(void *nothing) {
  for (;;) {
    struct pollfd entry = {.fd = source, .events = POLLIN};
    if (poll(&entry, 1, TICK) > 0) receive();
    end_in_time();
    poll_function();
  }
  return nothing;
}

/* The signals to handle: all except those ignored by nohup. */
static void choose_signals(void) {
  static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  sigemptyset(&taken);
  sigemptyset(&ignored);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    struct sigaction action;
    bool known = sigaction(numbers[i], NULL, &action) == 0;
    bool is_ignored = known && action.sa_handler == SIG_IGN;
    if (is_ignored) sigaddset(&ignored, numbers[i]);
    if (!is_ignored || numbers[i] != SIGHUP) sigaddset(&taken, numbers[i]);
  }
}

bool signals_begin(void (*poll)(void)) {
  sigset_t before;
  poll_function = poll;
  on_terminal = isatty(STDERR_FILENO) == 1;
  signal(SIGXFSZ, SIG_IGN); /* a file that grows too large gives a write error */
  choose_signals();
  source = signalfd(-1, &taken, SFD_CLOEXEC);
  if (source < 0) return false;
  pthread_sigmask(SIG_BLOCK, &taken, &before);
  begun = pthread_create(&server, NULL, serve, NULL) == 0;
  if (begun) return true;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  close(source);
  return false;
}

void signals_exit(int code) {
  leftovers_remove();
  _exit(code);
}

void signals_default(void) {
  for (int i = 1; i <= SIGTERM; i++)
    if (sigismember(&taken, i) == 1) signal(i, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &taken, NULL);
}

/* ---- interface ---- */

void signals_doing(const char *what) {
  doing = what;
}

void signals_keep(const char *text) {
  pthread_mutex_lock(&guard);
  if (doomed) signals_exit(EXIT_SIGNAL + caught);
  now_at = SOMETHING;
  promise = text;
  pthread_mutex_unlock(&guard);
}

void signals_kept(void) {
  pthread_mutex_lock(&guard);
  if (now_at == SOMETHING) {
    now_at = NOTHING_MORE;
    if (caught) deadline = clock_seconds() + GRACE;
  }
  pthread_mutex_unlock(&guard);
}

int signals_caught(void) {
  return caught;
}

/* True if a signal has come that the thread has not handled yet. */
static bool is_underway(void) {
  sigset_t waiting;
  if (noticed) return true;
  sigemptyset(&waiting);
  sigpending(&waiting);
  for (int i = 1; i <= SIGTERM; i++)
    if (sigismember(&taken, i) == 1 && sigismember(&waiting, i) == 1) return true;
  return false;
}

bool signals_ending(void) {
  static const struct timespec moment = {.tv_nsec = 1000000};
  if (!begun || pthread_equal(pthread_self(), server)) return false;
  while (is_underway()) nanosleep(&moment, NULL);
  pthread_mutex_lock(&guard);
  bool ending = doomed;
  pthread_mutex_unlock(&guard);
  return ending;
}

int signals_code(int code) {
  bool by_signal = signals_ending() || (caught && code == EXIT_DEVICE);
  return by_signal ? EXIT_SIGNAL + caught : code;
}
