/* Interrupts: SIGINT and SIGTERM ask a training to stop. */
#ifndef EBB_CLI_SIGNALS_H
#define EBB_CLI_SIGNALS_H

/* From now on the first SIGINT or SIGTERM only sets what signals_caught tells; a second one ends
 * the program at once. */
void signals_watch(void);

/* The signal that came, or 0. */
int signals_caught(void);

#endif
