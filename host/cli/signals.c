/* Interrupts. While there is nothing to lose, the handler itself says what was going on and sees to
 * the end of the program: compilers of drivers run for minutes and never look at a flag. It leaves
 * a second, so that what is being written, a line of a log or a file of a cache, gets written.
 * Once there is something to keep the handler only notes the signal, and the report callback of a
 * training sees it and stops, and the model is saved as usual.
 *
 * Whether it is the one or the other is decided once, by who takes `decided` first, the handler or
 * signals_keep: they may run in two threads.
 */
#include "signals.h"

#include "output.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum { GRACE = 1 }; /* seconds */

static atomic_flag decided = ATOMIC_FLAG_INIT;
static atomic_int caught, doomed, kept, on_terminal;
static _Atomic(const char *) doing, promise;

static void tell(const char *text) {
  (void)!write(STDERR_FILENO, text, strlen(text));
}

static void begin_line(void) {
  tell(on_terminal ? "\nebb: interrupted" : "ebb: interrupted"); /* the cursor stands behind ^C */
}

static void end_program(int number) {
  (void)number;
  _exit(EXIT_SIGNAL + caught);
}

static void tell_end(void) {
  const char *what = doing;
  begin_line();
  if (what) {
    tell(" while ");
    tell(what);
  }
  tell("; nothing is saved, ends within a second\n");
}

static void tell_promise(void) {
  const char *text = promise;
  if (!text) return;
  begin_line();
  tell("; ");
  tell(text);
  tell("\n");
}

static void handle(int number) {
  int before = errno;
  caught = number;
  if (!atomic_flag_test_and_set(&decided)) {
    doomed = 1;
    struct sigaction action = {.sa_handler = end_program};
    sigemptyset(&action.sa_mask);
    sigaction(SIGALRM, &action, NULL);
    alarm(GRACE);
    tell_end();
  } else if (kept) {
    tell_promise();
  }
  errno = before;
}

void signals_watch(void) {
  struct sigaction action = {.sa_handler = handle, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
  on_terminal = isatty(STDERR_FILENO) == 1;
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

void signals_doing(const char *what) {
  doing = what;
}

void signals_keep(const char *text) {
  promise = text;
  if (!atomic_flag_test_and_set(&decided)) kept = 1;
  if (!kept) end_program(0);
}

int signals_caught(void) {
  return caught;
}

int signals_code(int code) {
  return doomed ? EXIT_SIGNAL + caught : code;
}
