/* Helpers of print_plain and its variants. */
#ifndef EBB_CLI_PLAIN_H
#define EBB_CLI_PLAIN_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* True if the text's first character is visible and has no other effect. Sets its length in bytes
 * and its code; code 0 with length 1 is invalid UTF-8. */
bool is_plain(const char *text, size_t *size, unsigned *code);

/* print_text with a va_list. */
void print_text_list(FILE *stream, const char *format, va_list arguments);

/* The same for several lines; lines after the first are indented. */
void print_lines_list(FILE *stream, const char *format, va_list arguments);

#endif
