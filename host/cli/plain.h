/* What print_plain and its like are made of. */
#ifndef EBB_CLI_PLAIN_H
#define EBB_CLI_PLAIN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* True if the character that a text begins with is one to be seen, and no more. Its bytes, and its
 * code; code 0 of one byte that is no UTF-8. */
bool is_plain(const char *text, size_t *size, unsigned *code);

/* print_text of a list. */
void print_text_list(FILE *stream, const char *format, va_list arguments);

/* The same of what may have several lines, which are indented from the second on. */
void print_lines_list(FILE *stream, const char *format, va_list arguments);

#endif
