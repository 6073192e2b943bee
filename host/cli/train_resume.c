/* The options of a training that goes on: those that it was begun with, which its checkpoint keeps.
 *
 * So --resume is all that has to be said. Options given here come before them where they may
 * change; values are compared as they are understood, 1e-2 and 0.01 are the same.
 */
#include "train_resume.h"

#include "config.h"
#include "option_values.h"
#include "output.h"
#include "train_state.h"

#include <stdlib.h>
#include <string.h>

/* The training as it was begun. */
typedef struct begun {
  settings *s; /* as given here */
  const option_row *rows;
  size_t count;
  const char *texts[MAX_OPTIONS]; /* by row of the table; NULL: not given there */
} begun;

static bool is_of_train(const option_row *row) {
  return (row->commands & FOR_TRAIN) != 0;
}

static size_t row_of(const begun *b, const char *name) {
  for (size_t i = 0; i < b->count; i++)
    if (is_of_train(&b->rows[i]) && strcmp(b->rows[i].name, name) == 0) return i;
  return b->count;
}

/* Of --valid and --test: a file, which may have moved. */
static bool is_file(const char *text) {
  char *end;
  if (!text) return false;
  strtod(text, &end);
  return *end != '\0';
}

/* Do both texts give the same value? One that is wrong is told later, when it is converted. */
static bool is_same(const option_row *row, const char *here, const char *there) {
  settings a = {0}, b = {0};
  char allowed[512], *x = (char *)&a + row->offset, *y = (char *)&b + row->offset;
  const char *text = there ? there : row->initial;
  if (!option_convert(x, row, here, allowed, sizeof allowed)) return true;
  if (text)
    option_convert(y, row, text, allowed, sizeof allowed);
  else
    option_clear(y, row);
  return option_equal(x, y, row);
}

static int refuse(const begun *b, size_t i) {
  const option_row *row = &b->rows[i];
  const char *there = b->texts[i], *value = there ? there : row->initial;
  return fail(EXIT_USAGE,
              "%s: it is %s here, and %s%s in the training that %s has; leave it out to go on with "
              "that one, or begin another in another folder",
              settings_origin(b->s, row->name).text, b->s->owned[i],
              value && !there ? "by default " : "", value ? value : "not given", b->s->resume);
}

/* Takes the option of a row over, or refuses another value. */
static int take(begun *b, size_t i) {
  settings *s = b->s;
  const option_row *row = &b->rows[i];
  const char *there = b->texts[i];
  if (s->sources[i] == FROM_DEFAULT) {
    if (!there) return EXIT_GOOD;
    s->sources[i] = FROM_CHECKPOINT;
    s->owned[i] = strdup(there);
    return s->owned[i] ? EXIT_GOOD : fail(EXIT_FAILED, "no memory for the options");
  }
  bool part = strcmp(row->name, "valid") == 0 || strcmp(row->name, "test") == 0;
  if (config_may_change(row->name) || is_same(row, s->owned[i], there)) return EXIT_GOOD;
  if (part && is_file(s->owned[i]) && is_file(there)) return EXIT_GOOD;
  return refuse(b, i);
}

static int take_all(begun *b, json_t *options) {
  const char *name;
  json_t *value;
  json_object_foreach(options, name, value) {
    size_t row = row_of(b, name);
    if (row == b->count || !json_is_string(value))
      return fail(EXIT_INPUT, "%s: its option \"%s\" is none that `ebb train` has written",
                  b->s->resume, name);
    b->texts[row] = json_string_value(value);
  }
  int code = EXIT_GOOD;
  for (size_t i = 0; i < b->count && code == EXIT_GOOD; i++)
    if (is_of_train(&b->rows[i])) code = take(b, i);
  return code;
}

/* Where nothing else is said, checkpoints go on being written to the same folder. */
static int keep_folder(begun *b) {
  size_t row = row_of(b, "checkpoint");
  if (b->s->owned[row]) return EXIT_GOOD;
  b->s->owned[row] = strdup(b->s->resume);
  return b->s->owned[row] ? EXIT_GOOD : fail(EXIT_FAILED, "no memory for the options");
}

int resume_options(settings *s) {
  begun b = {.s = s};
  b.rows = option_table(&b.count);
  s->resume = s->owned[row_of(&b, "resume")];
  if (!s->resume) return EXIT_GOOD;
  ebb_checkpoint_info info = {0};
  ebb_status status = ebb_checkpoint_describe(&info, s->resume);
  if (status == EBB_ERR_INPUT)
    return fail(EXIT_INPUT, "%s: %s; " RESUME_ADVICE, settings_origin(s, "resume").text,
                ebb_error_message());
  if (status != EBB_OK) return fail_option(s, "resume", status);
  json_t *extra;
  int code = state_read(&extra, s, &info);
  if (code == EXIT_GOOD) code = take_all(&b, json_object_get(extra, CONFIG_KEY));
  json_decref(extra);
  ebb_checkpoint_info_clear(&info);
  return code == EXIT_GOOD ? keep_folder(&b) : code;
}
