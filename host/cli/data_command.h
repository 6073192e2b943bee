/* `ebb data`: the command line that it gives. */
#ifndef EBB_CLI_DATA_COMMAND_H
#define EBB_CLI_DATA_COMMAND_H

#include <ebb/ebb.h>

#include "options.h"

/* The training of this table, as text to free: NULL if there is nothing to learn, or no memory. */
char *data_command(const settings *s, const ebb_table *table);

#endif
