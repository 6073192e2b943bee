/* The watchdog: what becomes of the program when a driver hangs.
 *
 * The thread that called the driver is lost then, perhaps for ever. The one that waits for signals
 * looks at the device four times a second; when it has made no progress for longer than
 * --device-timeout, or since a signal came, it says where it hangs, saves the last good copy of the
 * model and ends the process: exit code 4, or 128 and the signal's number. */
#ifndef EBB_CLI_WATCH_H
#define EBB_CLI_WATCH_H

#include <ebb/ebb.h>

#include "options.h"

/* A device is about to be opened. The settings stay where they are until watch_end. */
void watch_begin(const settings *s);

/* It is open, and watched from now on; NULL: there is none, or it is about to be freed. */
void watch_device(ebb_device *device);

/* What is saved, at --out or beside it, if the program must end. The image is taken over, and freed
 * when a newer one comes. */
void watch_copy(ebb_model_image *image);

/* The work is done: nothing is watched or saved any more, and a signal ends the program within a
 * second while it clears up. */
void watch_end(void);

/* What the thread does at each of its rounds. */
void watch_look(void);

#endif
