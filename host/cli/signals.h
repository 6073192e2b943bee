/* Handling of SIGINT, SIGTERM, SIGHUP and SIGQUIT, depending on what would be lost.
 *
 * A second signal ends the program at once. A signal within a quarter of a second after the first
 * is its echo: `timeout` sends each signal twice. */
#ifndef EBB_CLI_SIGNALS_H
#define EBB_CLI_SIGNALS_H

#include <stdbool.h>

/* Starts the thread that waits for signals; call it before the process has another thread. Until
 * signals_keep there is nothing to lose: a signal is reported on stderr at once and ends the
 * program within a second, with exit code 128 + its number, whatever blocks the program; code that
 * checks signals_caught may end it sooner and cleanly. `poll` is called four times a second in this
 * thread. Returns false if the thread cannot be started; signals then have their usual effect. */
bool signals_begin(void (*poll)(void));

/* Sets what is going on from now on, for that message: "the data are read". The text must stay
 * valid. */
void signals_doing(const char *what);

/* From now on there is something to keep: a signal prints `promise` on stderr, unless it is NULL,
 * and then only shows in signals_caught. If a signal came before, this does not return. */
void signals_keep(const char *promise);

/* Everything has been saved: a signal, also one that came already, again ends the program within a
 * second. Without signals_keep nothing changes. */
void signals_kept(void);

/* The signal that came, or 0. */
int signals_caught(void);

/* True if a signal is ending the program and has been reported: a failure now is a consequence or
 * no longer matters. Counts a signal that has reached the process and not yet its thread. */
bool signals_ending(void);

/* The exit code of a command that ended with `code`: the signal's code if a signal is ending the
 * program, or if one came and then the device failed. */
int signals_code(int code);

/* Ends the process at once, from any thread, without waiting for other threads. Removes temporary
 * files that the library is writing. */
_Noreturn void signals_exit(int code);

/* In a forked process: restores the signals to a new program's defaults. */
void signals_default(void);

#endif
