/* Options as JSON: the file of --config, and what results and logs say about a run's options. */
#ifndef EBB_CLI_CONFIG_H
#define EBB_CLI_CONFIG_H

#include <jansson.h>

#include "options.h"

/* The object of options that a file holds: all of it, or what config_of has put into a result or
 * the first line of a log, and then `*written` is true. `origin`: how messages call what named the
 * file. Returns the exit code. */
int config_load(json_t **out, bool *written, const char *origin, const char *path);

/* True if the option of this name decides what a model becomes. Others say where results go, or
 * what is told. */
bool config_decides(const char *name);

/* The options that were given and decide. The key of results and logs that holds them
 * is CONFIG_KEY. */
#define CONFIG_KEY "options"
json_t *config_of(const settings *s);

/* The options that were given and that a training takes over from its checkpoint: also where its
 * files go, but not what only the one command is told by. */
json_t *config_lasting(const settings *s);

/* True if a training that goes on may be given another value of the option than it was begun with.
 */
bool config_may_change(const char *name);

#endif
