/* What a word that is no option of ours may be meant for. */
#ifndef EBB_CLI_HINTS_H
#define EBB_CLI_HINTS_H

#include <stddef.h>

/* The option of `names` that other tools call `word`, perhaps with an example of its value, as it
 * is to be written after the two dashes: "lr", "model 64relu-32relu"; NULL: none is known. */
const char *hint_for(const char *word, const char *const *names, size_t count);

#endif
