/* Words and signs of spec texts, for the parser. */
#ifndef EBBI_SPEC_WORDS_H
#define EBBI_SPEC_WORDS_H

#include "nn/kind.h"
#include "nn/spec.h"

#define EBBI_DIGITS  "0123456789"
#define EBBI_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

enum { EBBI_SHOWN = 40 /* most bytes of a bad word in a message */ };

/* The length of a bad word as a message shows it. */
int ebbi_spec_shown(size_t length);

/* Returns the kind whose items begin with this word, which an activation may follow; for an empty
 * word, with a size. NULL if there is none. */
const ebbi_kind *ebbi_kind_of_word(ebb_kind *number, const char *word, size_t length);

/* Suggests what was meant by a text of sizes only, `64`, `64,32`, `[64, 32]`: hidden layers,
 * written here with relu, except for a first size equal to the inputs and a last one equal to the
 * outputs. Returns false if the text contains anything else. */
bool ebbi_spec_propose(char *proposal, size_t size, const char *text, bool has_input,
                       bool has_output);

/* Returns the position of the first invalid byte, or the text's length. What stands in the
 * parentheses of an activation is left to those who read it. */
size_t ebbi_spec_find_stray(const char *text);

/* The message about that byte. */
ebb_status ebbi_spec_stray_byte(const char *text, size_t at);

#endif
