/* The line that says how far compiling is. */
#ifndef EBB_CLI_COMPILING_H
#define EBB_CLI_COMPILING_H

#include "options.h"

#include <ebb/ebb.h>

/* Shows from now on what is compiled for the device: on a terminal a line that is overwritten; else
 * one line, if it lasts more than a second. Nothing with --quiet. */
void compiling_show(ebb_device *device, const settings *s);

#endif
