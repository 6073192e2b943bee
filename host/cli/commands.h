/* The commands: one file each, one row each in the table of main.c. A command returns the exit code
 * and explains any other than 0 on stderr. */
#ifndef EBB_CLI_COMMANDS_H
#define EBB_CLI_COMMANDS_H

#include "options.h"

typedef struct command {
  const char *name;
  unsigned mask;          /* its bit in the option table's `commands` */
  const char *argument;   /* its argument in the help, "MODEL"; NULL: it takes none */
  bool argument_required; /* false: the argument is optional */
  const char *summary;    /* its line in `ebb help` */
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

/* The command of that name. If there is none, names the nearest on stderr and returns NULL. */
const command *commands_find(const char *name);

#endif
