/* Results on stdout, messages on stderr, and what is noticed when they cannot be written.
 *
 * A result that does not arrive is a failure: a full disk ends the tool with exit code 1 and a
 * message. A pipe whose reader has seen enough, `ebb … | head`, is nothing to tell: the exit code
 * is that of SIGPIPE, whether the signal ends the tool or the tool goes on to its end. Messages are
 * one line each, whatever a file name holds: control characters are shown as '?', which also keeps
 * a hostile file name from steering the terminal.
 */
#include "output.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool may_color(FILE *stream) {
  const char *refused = getenv("NO_COLOR"), *terminal = getenv("TERM");
  if ((refused && *refused) || !terminal || strcmp(terminal, "dumb") == 0) return false;
  return isatty(fileno(stream)) == 1;
}

const char *color_bad(FILE *stream) {
  return may_color(stream) ? "\033[31m" : "";
}

const char *color_off(FILE *stream) {
  return may_color(stream) ? "\033[0m" : "";
}

/* What could steer a terminal is shown as '?'. */
static char plain(char byte) {
  return (unsigned char)byte < 0x20 || byte == 0x7f ? '?' : byte;
}

static bool continues(char byte) { /* a character of UTF-8 */
  return ((unsigned char)byte & 0xc0) == 0x80;
}

size_t characters(const char *text) {
  size_t count = 0;
  for (; *text; text++) count += !continues(*text);
  return count;
}

void print_name(FILE *stream, const char *name, size_t width, bool left) {
  size_t length = characters(name), kept = length > width ? width - 2 : length;
  size_t blanks = length > width ? 0 : width - length;
  if (!left) fprintf(stream, "%*s", (int)blanks, "");
  for (; *name && (kept > 0 || continues(*name)); name++) {
    kept -= !continues(*name);
    fputc(plain(*name), stream);
  }
  if (*name) fputs("..", stream);
  if (left) fprintf(stream, "%*s", (int)blanks, "");
}

void print_plain(FILE *stream, const char *text) {
  for (; *text; text++) fputc(plain(*text), stream);
}

static void print_line(const char *format, va_list arguments) {
  char line[8192];
  vsnprintf(line, sizeof line, format, arguments);
  print_plain(stderr, line);
  fputc('\n', stderr);
}

static bool on_line; /* a line of progress stands on the terminal, which the process has one of */

void progress_line(const char *format, ...) {
  fputs("\r\033[K", stderr);
  va_list arguments;
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fflush(stderr);
  on_line = true;
}

void progress_erase(void) {
  if (on_line) fputs("\r\033[K", stderr);
  on_line = false;
}

int fail(int code, const char *format, ...) {
  progress_erase();
  fprintf(stderr, "%sebb:%s ", color_bad(stderr), color_off(stderr));
  va_list arguments;
  va_start(arguments, format);
  print_line(format, arguments);
  va_end(arguments);
  return code;
}

int exit_code(ebb_status status) {
  static const int codes[EBB_STATUS_COUNT] = {
      [EBB_OK] = EXIT_GOOD,
      [EBB_ERR_ARGUMENT] = EXIT_USAGE,
      [EBB_ERR_MEMORY] = EXIT_FAILED,
      [EBB_ERR_NO_DEVICE] = EXIT_NO_DEVICE,
      [EBB_ERR_DEVICE] = EXIT_DEVICE,
      [EBB_ERR_NUMBERS] = EXIT_NUMBERS,
      [EBB_ERR_INPUT] = EXIT_INPUT,
      [EBB_ERR_OUTPUT] = EXIT_FAILED,
      [EBB_ERR_UNSUPPORTED] = EXIT_FAILED,
  };
  return (unsigned)status < EBB_STATUS_COUNT ? codes[status] : EXIT_FAILED;
}

int fail_status(ebb_status status) {
  return status == EBB_OK ? EXIT_GOOD : fail(exit_code(status), "%s", ebb_error_message());
}

int fail_option(const settings *s, const char *name, ebb_status status) {
  if (status == EBB_OK) return EXIT_GOOD;
  return fail(exit_code(status), "%s: %s", settings_origin(s, name).text, ebb_error_message());
}

void note(const settings *s, const char *format, ...) {
  if (s->quiet) return;
  va_list arguments;
  va_start(arguments, format);
  print_line(format, arguments);
  va_end(arguments);
}

void remark(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  print_line(format, arguments);
  va_end(arguments);
}

void shell_word(FILE *stream, const char *word) {
  bool plain_word = *word && !strpbrk(word, " \t\r\n\"'$&();<>|*?~#\\`[]{}!^=");
  const char *quote = plain_word ? "" : "'";
  fputs(quote, stream);
  for (; *word; word++)
    if (*word == '\'')
      fputs("'\\''", stream);
    else
      fputc(plain(*word), stream);
  fputs(quote, stream);
}

const char *tool_name(const char *set) {
  static const char *name = "ebb";
  if (set) name = set;
  return name;
}

int print_json(json_t *value) {
  if (!value) return fail(EXIT_FAILED, "no memory for the result");
  int failed = json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
  json_decref(value);
  return failed || putchar('\n') == EOF ? finish_output(EXIT_FAILED) : EXIT_GOOD;
}

json_t *json_text(const char *text) {
  json_t *value = json_string(text);
  char *ascii = value ? NULL : strdup(text);
  if (!ascii) return value;
  for (char *c = ascii; *c; c++)
    if ((unsigned char)*c > 0x7e) *c = '?';
  value = json_string(ascii);
  free(ascii);
  return value;
}

void put_number(json_t *object, const char *key, double value) {
  if (isfinite(value)) json_object_set_new(object, key, json_real(value));
}

void put_device(json_t *object, const ebb_device *device) {
  const ebb_device_info *info = ebb_device_get_info(device);
  json_object_set_new(object, "device", json_text(info->name));
  json_object_set_new(object, "platform", json_text(info->platform));
  json_object_set_new(object, "driver", json_text(info->driver));
  const char *unit = ebb_device_matrix_unit(device);
  json_object_set_new(object, "precision",
                      json_string(ebb_precision_name(ebb_device_precision(device))));
  if (unit) json_object_set_new(object, "matrix_unit", json_string(unit));
}

void outlive_readers(void) {
  signal(SIGPIPE, SIG_IGN);
}

/* Asked of the pipe itself: the errno of the write that failed may be long gone. */
static bool nobody_reads(int descriptor) {
  struct pollfd entry = {.fd = descriptor, .events = POLLOUT};
  return poll(&entry, 1, 0) > 0 && (entry.revents & POLLERR);
}

int fail_output(int error) {
  clearerr(stdout);
  if (nobody_reads(STDOUT_FILENO)) return EXIT_UNREAD;
  return fail(EXIT_FAILED, "standard output: %s", error ? strerror(error) : "writing failed");
}

int finish_output(int code) {
  errno = 0;
  bool failed = fflush(stdout) != 0;
  if (!failed && !ferror(stdout)) return code;
  int failure = fail_output(errno);
  return code == EXIT_GOOD ? failure : code;
}
