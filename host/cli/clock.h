/* The tool's clock. */
#ifndef EBB_CLI_CLOCK_H
#define EBB_CLI_CLOCK_H

/* Seconds on a monotonic clock, which nobody can set. */
double clock_seconds(void);

#endif
