/* What SIGINT, SIGTERM, SIGHUP and SIGQUIT do, by what there is to lose.
 *
 * A second signal ends the program at once, whatever it does; one that follows the first within a
 * quarter of a second is its echo: `timeout` sends each signal twice. */
#ifndef EBB_CLI_SIGNALS_H
#define EBB_CLI_SIGNALS_H

#include <stdbool.h>

/* Begins to watch, before the process has another thread. Until signals_keep there is nothing to
 * lose: a signal is told on stderr at once and ends the program after a second at most, with exit
 * code 128 + its number, whatever holds the program up; what looks at signals_caught may end it
 * sooner and in order. `look` is called four times a second, in the thread that waits for signals.
 * False: there is no such thread, and signals do what they do to any program. */
bool signals_begin(void (*look)(void));

/* What goes on from now on, for that message: "the data are read". The text stays where it is. */
void signals_doing(const char *what);

/* From now on there is something to keep: a signal only sets what signals_caught tells, after
 * `promise` has been told on stderr, if it is not NULL. If one came before, this does not return.
 */
void signals_keep(const char *promise);

/* What there was to keep is kept: a signal, also one that has come already, again ends the program
 * after a second at most. Without signals_keep nothing changes. */
void signals_kept(void);

/* The signal that came, or 0. */
int signals_caught(void);

/* True if a signal is ending the program, and has been told: a failure now is a consequence, or of
 * no interest any more. A signal that has reached the process but not its thread counts. */
bool signals_ending(void);

/* The exit code of a command that ended with `code`: that of the signal, if one is ending the
 * program, or if one came and the device failed then. */
int signals_code(int code);

/* Ends the process at once, from any thread, without waiting for the others. Temporary files that
 * the library is writing are removed. */
_Noreturn void signals_exit(int code);

/* In a process that was forked: signals as a new program has them. */
void signals_default(void);

#endif
