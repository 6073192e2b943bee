/* Suggestions for words that are not options of ours. */
#ifndef EBB_CLI_HINTS_H
#define EBB_CLI_HINTS_H

#include <stddef.h>

/* The option among `names` that other tools call `word`, as it is written after the two dashes,
 * perhaps with an example value: "lr", "model 64relu-32relu". NULL: none is known. */
const char *hint_for(const char *word, const char *const *names, size_t count);

#endif
