/* The watchdog, for drivers that hang.
 *
 * The thread that called a hanging driver is lost, perhaps forever. The thread that waits for
 * signals checks the device four times a second. If the device makes no progress for longer than
 * --device-timeout, or after a signal, it reports where the driver hangs, saves the last good copy
 * of the model and ends the process: exit code 4, or 128 plus the signal's number. */
#ifndef EBB_CLI_WATCH_H
#define EBB_CLI_WATCH_H

#include <ebb/ebb.h>

#include "options.h"

/* A device is about to be opened. The settings must stay valid until watch_end. */
void watch_begin(const settings *s);

/* The device is open and watched from now on; NULL: there is none, or it is about to be freed. */
void watch_device(ebb_device *device);

/* Sets what is saved, at --out or beside it, if the program must end. Takes ownership of the image
 * and frees it when a newer one comes. */
void watch_copy(ebb_model_image *image);

/* The work is done: nothing is watched or saved any more, and a signal ends the program within a
 * second while it cleans up. */
void watch_end(void);

/* The watchdog's round, called by the signal thread. */
void watch_poll(void);

#endif
