/* Output of the tool: results on stdout, everything else on stderr. */
#ifndef EBB_CLI_OUTPUT_H
#define EBB_CLI_OUTPUT_H

#include <ebb/ebb.h>
#include <jansson.h>
#include <stdio.h>

#include "options.h"

enum exit_code {
  EXIT_GOOD = 0,
  EXIT_FAILED = 1,    /* the run failed: memory, output */
  EXIT_USAGE = 2,     /* the command line is wrong */
  EXIT_NO_DEVICE = 3, /* no device to run on */
  EXIT_DEVICE = 4,    /* the device or its driver failed */
  EXIT_NUMBERS = 5,   /* NaN, Inf, or a broken bound of verify */
  EXIT_INPUT = 6,     /* an input file is bad */
  EXIT_SIGNAL = 128,  /* plus the signal's number */
  EXIT_UNREAD = 141   /* stdout has no reader any more: as for SIGPIPE */
};

/* Prints `ebb: ` and the message as one line on stderr; returns `code`. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int fail(int code, const char *format, ...);

/* The same for a message of several lines; lines after the first are indented. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int fail_lines(int code, const char *format, ...);

/* Replaces the progress line on a terminal; `fail` and progress_erase remove it. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void progress_line(const char *format, ...);
void progress_erase(void);

/* The same with the library's message for a failed call; success returns EXIT_GOOD and prints
 * nothing. */
int fail_status(ebb_status status);

/* The same for an error caused by an option, which is named before the message. */
int fail_option(const settings *s, const char *name, ebb_status status);

/* The exit code for a status. */
int exit_code(ebb_status status);

/* The plural ending for a count: "" or "s". */
const char *plural(uint64_t count);

/* Prints a line of progress or explanation on stderr, unless --quiet. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void note(const settings *s, const char *format, ...);

/* The same, also with --quiet: for problems that may make a result useless. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void remark(const char *format, ...);

/* Prints text from a file, which may contain anything, with '?' for characters that could steer a
 * terminal. All texts from outside, such as names, messages and a driver's device names, are
 * printed by these functions. */
void print_plain(FILE *stream, const char *text);

/* The same for text formatted as by printf, without line breaks; `say` adds the line end, on
 * stdout. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void print_text(FILE *stream, const char *format, ...);
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void say(const char *format, ...);

/* The same, beginning with a word in the warning colour. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void say_bad(const char *word, const char *format, ...);

/* The same in `width` columns, truncated or padded with blanks on the right (`left`) or on the
 * left. */
void print_name(FILE *stream, const char *name, size_t width, bool left);
size_t characters(const char *text);

/* Writes a word of a command line to be pasted, quoted if a shell would change it. */
void shell_word(FILE *stream, const char *word);

/* The tool's name as it was called, for command lines to be pasted; `set` stores it unless NULL. */
const char *tool_name(const char *set);

/* Call this before anything else related to JSON: from then on no failed allocation goes
 * unnoticed. */
void json_prepare(void);

/* Prints a JSON value as one document on stdout and releases it. If an allocation has failed since
 * the start, a field may be missing: that is an error, and nothing is printed. */
int print_json(json_t *value);

/* Writes a part of a document. json_line returns a complete log line, to be freed. Returns false or
 * NULL: out of memory, or writing failed. `flags` are those of json_dumps. */
bool json_write(FILE *stream, const json_t *value, size_t flags);
char *json_line(const json_t *value);

/* Records that part of a result could not be made, so that none is printed. */
void json_lose(void);

/* Sets a field and releases the value, which may be NULL after a failed allocation. */
void put(json_t *object, const char *key, json_t *value);

/* A JSON string of any text: invalid UTF-8 becomes '?'. */
json_t *json_text(const char *text);

/* Sets a number, or leaves the key out if it is NaN or Inf, which JSON does not have. */
void put_number(json_t *object, const char *key, double value);

/* Sets the device's description in results and logs: device, platform, driver. */
void put_device(json_t *object, const ebb_device *device);

/* The terminal sequences that begin and end the warning colour; "" unless `stream` is a terminal
 * and NO_COLOR is not set. */
const char *color_bad(FILE *stream);
const char *color_off(FILE *stream);

/* By default a closed pipe ends the tool silently, like other tools. This call prevents that, for
 * commands with something to save. */
void outlive_readers(void);

/* Flushes stdout. If a write has failed, now or before, success becomes EXIT_FAILED or, without a
 * message, EXIT_UNREAD. */
int finish_output(int code);

/* The same exit codes for a write to stdout that has just failed with this errno (0: unknown). */
int fail_output(int error);

/* Writes all of the bytes, again after an interrupted write. Returns false on failure; see errno.
 */
bool write_bytes(int descriptor, const void *bytes, size_t size);

#endif
