/* Results on stdout, messages on stderr, and what happens if they cannot be written.
 *
 * A lost result is a failure: a full disk ends the tool with exit code 1 and a message. A pipe
 * whose reader has left, `ebb … | head`, needs no message: the exit code is that of SIGPIPE,
 * whether or not the signal ends the tool. Messages are one line each, whatever a file name
 * contains; only lists and compiler logs have several.
 */
#include "output.h"

#include "plain.h"
#include "signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
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

const char *plural(uint64_t count) {
  return count == 1 ? "" : "s";
}

static void print_line(const char *format, va_list arguments) {
  print_text_list(stderr, format, arguments);
  fputc('\n', stderr);
}

static bool on_line; /* the terminal shows a progress line; the process has a single terminal */

void progress_line(const char *format, ...) {
  fputs("\r\033[K", stderr);
  va_list arguments;
  va_start(arguments, format);
  print_text_list(stderr, format, arguments);
  va_end(arguments);
  fflush(stderr);
  on_line = true;
}

void progress_erase(void) {
  if (on_line) fputs("\r\033[K", stderr);
  on_line = false;
}

static int fail_by(void (*print)(FILE *stream, const char *format, va_list arguments), int code,
                   const char *format, va_list arguments) {
  if (signals_ending()) return EXIT_SIGNAL + signals_caught(); /* already reported */
  progress_erase();
  fprintf(stderr, "%sebb:%s ", color_bad(stderr), color_off(stderr));
  print(stderr, format, arguments);
  fputc('\n', stderr);
  return code;
}

int fail(int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  code = fail_by(print_text_list, code, format, arguments);
  va_end(arguments);
  return code;
}

int fail_lines(int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  code = fail_by(print_lines_list, code, format, arguments);
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
  if (status == EBB_OK) return EXIT_GOOD;
  bool log = status == EBB_ERR_DEVICE; /* of a compiler; other errors may be about files */
  return (log ? fail_lines : fail)(exit_code(status), "%s", ebb_error_message());
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

const char *tool_name(const char *set) {
  static const char *name = "ebb";
  if (set) name = set;
  return name;
}

void outlive_readers(void) {
  signal(SIGPIPE, SIG_IGN);
}

/* Asks the pipe itself: the errno of the failed write may be lost. */
static bool nobody_reads(int descriptor) {
  struct pollfd entry = {.fd = descriptor, .events = POLLOUT};
  return poll(&entry, 1, 0) > 0 && (entry.revents & POLLERR);
}

/* Finds out why an earlier write failed. A stream does not say, so another write, a line end after
 * the truncated output, repeats the error. */
static int reason_again(void) {
  errno = 0;
  (void)!write(STDOUT_FILENO, "\n", 1);
  return errno;
}

int fail_output(int error) {
  clearerr(stdout);
  if (nobody_reads(STDOUT_FILENO)) return EXIT_UNREAD;
  if (!error) error = reason_again();
  return fail(EXIT_FAILED, "standard output: %s", error ? strerror(error) : "writing failed");
}

int finish_output(int code) {
  errno = 0;
  bool failed = fflush(stdout) != 0;
  if (!failed && !ferror(stdout)) return code;
  int failure = fail_output(errno);
  return code == EXIT_GOOD ? failure : code;
}

bool write_bytes(int descriptor, const void *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t put = write(descriptor, (const char *)bytes + done, size - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    done += (size_t)put;
  }
  return true;
}
