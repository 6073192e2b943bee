/* Interrupts: what SIGINT and SIGTERM do, by what there is to lose.
 *
 * A second signal of a kind ends the program at once, whatever it does. */
#ifndef EBB_CLI_SIGNALS_H
#define EBB_CLI_SIGNALS_H

/* Begins to watch. Until signals_keep there is nothing to lose: a signal is told on stderr at once
 * and ends the program after a second at most, with exit code 128 + its number, whatever holds the
 * program up; what looks at signals_caught may end it sooner and in order. */
void signals_watch(void);

/* What goes on from now on, for that message: "the data are read". The text stays where it is. */
void signals_doing(const char *what);

/* From now on there is something to keep: a signal only sets what signals_caught tells, after
 * `promise` has been told on stderr, if it is not NULL. If one came before, this does not return.
 */
void signals_keep(const char *promise);

/* The signal that came, or 0. */
int signals_caught(void);

/* The exit code of a command that ended with `code`: that of the signal, if one came while there
 * was nothing to lose. */
int signals_code(int code);

#endif
