/* `ebb train --print-config`. */
#ifndef EBB_CLI_CONFIG_PRINT_H
#define EBB_CLI_CONFIG_PRINT_H

#include "training.h"

/* Prints all options of a training whose choices have been made, in the form of --config, on
 * stdout. Returns the exit code. */
int config_print(const training *t);

#endif
