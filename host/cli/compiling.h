/* The progress line of compiling. */
#ifndef EBB_CLI_COMPILING_H
#define EBB_CLI_COMPILING_H

#include "options.h"

#include <ebb/ebb.h>

/* From now on shows the progress of compiling for the device: on a terminal as a line that is
 * overwritten, otherwise as one line if it takes more than a second. With --quiet nothing. */
void compiling_show(ebb_device *device, const settings *s);

#endif
