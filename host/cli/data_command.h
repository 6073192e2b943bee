/* `ebb data`: the command line that it suggests. */
#ifndef EBB_CLI_DATA_COMMAND_H
#define EBB_CLI_DATA_COMMAND_H

#include <ebb/ebb.h>

#include "options.h"

/* The training command for this table, as text to be freed. NULL: the table has no target. Returns
 * the exit code. */
int data_command(char **out, const settings *s, const ebb_table *table);

#endif
