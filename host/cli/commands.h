/* The commands: one file each, one row each in the table of main.c. A command returns the exit
 * code, having said on stderr why it is not 0. */
#ifndef EBB_CLI_COMMANDS_H
#define EBB_CLI_COMMANDS_H

#include "options.h"

typedef struct command {
  const char *name;
  unsigned mask;          /* its bit in the option table's `commands` */
  const char *argument;   /* what it takes beside options, "MODEL"; NULL: nothing */
  bool argument_required; /* false: it may be left out */
  const char *summary;    /* one line of `ebb help` */
  int (*run)(const settings *s);
} command;

int devices_run(const settings *s);
int doctor_run(const settings *s);
int train_run(const settings *s);
int eval_run(const settings *s);
int predict_run(const settings *s);
int verify_run(const settings *s);
int info_run(const settings *s);
int data_run(const settings *s);
int bench_run(const settings *s);
int tune_run(const settings *s);
int cache_run(const settings *s);
int help_run(const settings *s);
int version_run(const settings *s);

/* The command table: `count` rows. */
const command *commands_all(size_t *count);

/* The command of that name; NULL, having named the nearest one on stderr, if there is none. */
const command *commands_find(const char *name);

#endif
