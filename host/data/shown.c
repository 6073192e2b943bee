/* Texts of a file, prepared for messages. */
#include "names.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *ebbi_shown(char out[EBBI_SHOWN], const char *text) {
  size_t length = 0;
  for (; text[length] != '\0' && length < EBBI_SHOWN - 4; length++) {
    unsigned char c = (unsigned char)text[length];
    out[length] = c < 0x20 || c == 0x7f ? '?' : (char)c;
  }
  if (text[length] != '\0') { /* never cut inside a UTF-8 character */
    while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80) length--;
    snprintf(out + length, 4, "...");
  } else {
    out[length] = '\0';
  }
  return out;
}

const char *ebbi_quoted(char out[EBBI_QUOTED], const char *text) {
  char shown[EBBI_SHOWN];
  ebbi_shown(shown, text);
  bool plain = *shown && !strpbrk(shown, " \"'$&();<>|*?~#\\`[]{}!");
  const char *mark = plain ? "" : strchr(shown, '\'') ? "\"" : "'";
  snprintf(out, EBBI_QUOTED, "%s%s%s", mark, shown, mark);
  return out;
}

void ebbi_append(char *text, size_t size, const char *format, ...) {
  size_t used = strlen(text);
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(text + used, size - used, format, arguments);
  va_end(arguments);
}
