/* `ebb data`: the command line that it gives. */
#ifndef EBB_CLI_DATA_COMMAND_H
#define EBB_CLI_DATA_COMMAND_H

#include <ebb/ebb.h>

#include "options.h"

/* The training of this table, as text to free; NULL: there is nothing to learn. Returns the exit
 * code. */
int data_command(char **out, const settings *s, const ebb_table *table);

#endif
