/* What the tool writes: results on stdout, everything else on stderr. */
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
  EXIT_NO_DEVICE = 3, /* nothing to run on */
  EXIT_DEVICE = 4,    /* the device or its driver failed */
  EXIT_NUMBERS = 5,   /* NaN, Inf, or a bound of verify broken */
  EXIT_INPUT = 6,     /* an input file is bad */
  EXIT_SIGNAL = 128,  /* plus the number of the signal */
  EXIT_UNREAD = 141   /* nobody reads stdout any more: that of SIGPIPE */
};

/* Prints `ebb: ` and the message as one line on stderr; returns `code`. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int fail(int code, const char *format, ...);

/* The same of a message that has several lines, which are indented from the second on. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int fail_lines(int code, const char *format, ...);

/* Writes a line of progress over the one before, for a terminal; fail removes it, and
 * progress_erase. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void progress_line(const char *format, ...);
void progress_erase(void);

/* The same with the library's message for a failed call; success is EXIT_GOOD and prints nothing.
 */
int fail_status(ebb_status status);

/* The same for what an option gave, which is named before the message. */
int fail_option(const settings *s, const char *name, ebb_status status);

/* The exit code that stands for a status. */
int exit_code(ebb_status status);

/* The ending of a word that is counted: "", "s". */
const char *plural(uint64_t count);

/* Prints a line of progress or explanation on stderr, unless --quiet. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void note(const settings *s, const char *format, ...);

/* The same, also with --quiet: for what may make a result useless. */
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void remark(const char *format, ...);

/* Text of a file, which may hold anything, without what would steer a terminal: that is shown as
 * '?'. All texts that the tool has from elsewhere, names, messages, a driver's description of its
 * device, are printed by these functions. */
void print_plain(FILE *stream, const char *text);

/* The same of what printf would print, which may hold no line breaks; `say` ends the line, on
 * stdout. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void print_text(FILE *stream, const char *format, ...);
#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void say(const char *format, ...);

/* The same, beginning with a word in the colour of bad news. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void say_bad(const char *word, const char *format, ...);

/* The same in `width` columns: cut to them, or filled up with blanks to its right (`left`) or left.
 */
void print_name(FILE *stream, const char *name, size_t width, bool left);
size_t characters(const char *text);

/* Writes a word for lines that are to be pasted, quoted where a shell would change it. */
void shell_word(FILE *stream, const char *word);

/* How the tool was called, for lines that are to be pasted; `set` unless it is NULL. */
const char *tool_name(const char *set);

/* Before anything else that has to do with JSON: from now on no failed allocation goes unseen. */
void json_prepare(void);

/* Prints a JSON value as one document on stdout and releases it. If memory failed since the
 * beginning, so that a field may be missing, that is an error and nothing is printed. */
int print_json(json_t *value);

/* A part of a document, or a line of a log with its end, to be freed. False, NULL: no memory, or
 * writing failed. `flags` are those of json_dumps. */
bool json_write(FILE *stream, const json_t *value, size_t flags);
char *json_line(const json_t *value);

/* Something that a result was to hold could not be made: none is printed. */
void json_lose(void);

/* Sets a field and releases the value, which may be NULL where memory failed. */
void put(json_t *object, const char *key, json_t *value);

/* A JSON string of any text: bytes that are no UTF-8 become '?'. */
json_t *json_text(const char *text);

/* Sets a number, or leaves the key out if it is NaN or Inf, which JSON does not have. */
void put_number(json_t *object, const char *key, double value);

/* The facts about a device that results and logs carry: device, platform, driver. */
void put_device(json_t *object, const ebb_device *device);

/* The terminal's sequence for bad news and for what ends it; "" unless `stream` is a terminal that
 * may be coloured (NO_COLOR is not set). */
const char *color_bad(FILE *stream);
const char *color_off(FILE *stream);

/* A closed pipe ends the tool at once and without a word, as it does others. From now on it does
 * not: for commands that have something to keep. */
void outlive_readers(void);

/* Flushes stdout; a write that failed, now or before, turns success into EXIT_FAILED or, without a
 * message, into EXIT_UNREAD. */
int finish_output(int code);

/* The same two codes for a write to stdout that has just failed, with this errno (0: not known). */
int fail_output(int error);

#endif
