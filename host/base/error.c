/* The message of a thread's last failure.
 *
 * It lives in thread-local storage, the library's only global state: threads never overwrite each
 * other's errors, and callers need not pass an error object through every call. A message longer
 * than the buffer is truncated, never dropped.
 */
#include "error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static _Thread_local char message[65536]; /* room for a compiler's log */

/* Messages quote files and drivers, so control characters that could steer a terminal are replaced.
 * Line breaks stay: a compiler's log has them. */
static bool is_harmless(unsigned char byte) {
  return (byte >= ' ' && byte != 0x7f) || byte == '\n' || byte == '\t';
}

ebb_status ebbi_fail(ebb_status status, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  for (char *c = message; *c; c++)
    if (!is_harmless((unsigned char)*c)) *c = '?';
  return status;
}

const char *ebb_error_message(void) {
  return message;
}

static const struct {
  const char *name, *text;
} statuses[EBB_STATUS_COUNT] = {
#define STATUS_ROW(name, text) {#name, text},
    EBB_STATUS_LIST(STATUS_ROW)};

const char *ebb_status_name(ebb_status status) {
  return (unsigned)status < EBB_STATUS_COUNT ? statuses[status].name : "?";
}

const char *ebb_status_text(ebb_status status) {
  return (unsigned)status < EBB_STATUS_COUNT ? statuses[status].text : "?";
}
