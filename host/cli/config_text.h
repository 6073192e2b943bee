/* The plain form of a configuration: a line `option = value` for each option. */
#ifndef EBB_CLI_CONFIG_TEXT_H
#define EBB_CLI_CONFIG_TEXT_H

#include <jansson.h>
#include <stdio.h>

/* Reads such a text into the object that the JSON form would be: texts by option, and an object for
 * each section. `origin` names it in messages. Returns the exit code. */
int config_text_read(json_t **out, const char *origin, const char *text);

/* Writes a value so that it is read as the same text. */
void config_text_value(FILE *stream, const char *value);

#endif
