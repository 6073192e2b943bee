/* The time that passes. */
#ifndef EBB_CLI_CLOCK_H
#define EBB_CLI_CLOCK_H

/* Seconds on a clock that nobody sets. */
double clock_seconds(void);

#endif
