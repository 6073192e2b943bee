/* The tool's options: the number of a command, its words, a line each, and behind a byte of 0 the
 * file of --config. Options that were read are written as a result keeps them, and read from there
 * they are the same. (The link wraps `fail`, which would write to stderr.)
 */
#include "fuzz.h"

#include <cli/commands.h>
#include <cli/config.h>
#include <cli/output.h>
#include <stdarg.h>

enum { WORDS = 16, COMMANDS = 14 };

int __wrap_fail(int code, const char *format, ...);

static char message[4096];

int __wrap_fail(int code, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  FUZZ_CHECK(*message && code != EXIT_GOOD, "code %d without a message", code);
  return code;
}

/* The table of main.c, which is not linked here: only help.c asks for it. */
const command *commands_all(size_t *count) {
  *count = 0;
  return NULL;
}

const command *commands_find(const char *name) {
  (void)name;
  return NULL;
}

static bool read_settings(settings *s, const command *c, int count, const char **words) {
  *message = '\0';
  int code = settings_read(s, c, count, words);
  FUZZ_CHECK((code == EXIT_GOOD) == (*message == '\0'), "code %d, \"%s\"", code, message);
  return code == EXIT_GOOD;
}

/* What a result would keep of the options gives the same options. */
static void check_kept(const settings *s, const command *c) {
  json_t *kept = config_of(s), *again;
  char *text = fuzz_need(json_dumps(kept, JSON_COMPACT)), *other;
  const char *words[] = {c->name, "--config", fuzz_file(text, strlen(text)), NULL};
  settings copy;
  command plain = *c;
  plain.argument_required = false;
  FUZZ_CHECK(read_settings(&copy, &plain, 3, words), "%s: %s", text, message);
  again = config_of(&copy);
  other = fuzz_need(json_dumps(again, JSON_COMPACT));
  FUZZ_CHECK(strcmp(text, other) == 0, "%s\n%s", text, other);
  settings_clear(&copy);
  json_decref(kept);
  json_decref(again);
  free(text);
  free(other);
}

static void check(const command *c, int count, const char **words) {
  settings s;
  if (read_settings(&s, c, count, words) && c->mask == FOR_TRAIN && !s.help) check_kept(&s, c);
  settings_clear(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = fuzz_begin(data, size);
  command c = {.name = "command", .mask = 1u << fuzz_pick(&input, COMMANDS)};
  const char *words[WORDS + 4] = {c.name};
  char *text = fuzz_take(&size, &input, '\0'), *owned[WORDS];
  fuzz_input lines = {text, size};
  int count = 1;
  c.argument = c.mask & (FOR_EVAL | FOR_BENCH | FOR_HELP) ? "MODEL" : NULL;
  c.argument_required = c.mask & FOR_EVAL;
  for (; count <= WORDS && lines.left > 0; count++)
    words[count] = owned[count - 1] = fuzz_take(&size, &lines, '\n');
  int taken = count - 1;
  if (input.left > 0) {
    words[count++] = "--config";
    words[count++] = fuzz_file(input.at, input.left);
  }
  check(&c, count, words);
  for (int i = 0; i < taken; i++) free(owned[i]);
  free(text);
  return 0;
}
