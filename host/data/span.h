/* A span: part of a text. */
#ifndef EBBI_SPAN_H
#define EBBI_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

typedef struct ebbi_span {
  const char *text; /* without a final 0 */
  size_t length;
  bool quoted;
} ebbi_span;

static inline bool ebbi_span_is(ebbi_span span, const char *text) {
  return strlen(text) == span.length && memcmp(span.text, text, span.length) == 0;
}

/* The span without spaces and tabs around it. */
static inline ebbi_span ebbi_span_trim(ebbi_span span) {
  while (span.length > 0 && (span.text[0] == ' ' || span.text[0] == '\t')) {
    span.text++;
    span.length--;
  }
  while (span.length > 0 &&
         (span.text[span.length - 1] == ' ' || span.text[span.length - 1] == '\t'))
    span.length--;
  return span;
}

/* The next entry of a comma-separated list, trimmed; false at the end. *list advances; begin with
 * the whole list, not NULL. */
static inline bool ebbi_span_next(ebbi_span *entry, const char **list) {
  if (**list == '\0') return false;
  size_t length = strcspn(*list, ",");
  *entry = ebbi_span_trim((ebbi_span){.text = *list, .length = length});
  *list += length + ((*list)[length] == ',');
  return true;
}

#endif
