/* Options as JSON: the file of --config, and the options in results and logs. */
#ifndef EBB_CLI_CONFIG_H
#define EBB_CLI_CONFIG_H

#include <jansson.h>

#include "options.h"

/* Loads the object of options from a file: the whole file, or, with `*written` set to true, the
 * part that config_of wrote to a result or to the first line of a log. `origin` names in messages
 * what named the file. Returns the exit code. */
int config_load(json_t **out, bool *written, const char *origin, const char *path);

/* True if this option influences the model. Others decide where results go or what is reported. */
bool config_decides(const char *name);

/* The given options that influence the model, stored in results and logs under the key
 * CONFIG_KEY. */
#define CONFIG_KEY "options"
json_t *config_of(const settings *s);

/* The given options that a training takes over from its checkpoint: also the places of its files,
 * but no options of a single command. */
json_t *config_lasting(const settings *s);

/* True if a resumed training may be given another value of the option than it was started with. */
bool config_may_change(const char *name);

#endif
