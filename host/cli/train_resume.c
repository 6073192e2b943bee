/* The options of a resumed training: those of its start, which the checkpoint holds.
 *
 * So --resume alone is enough. Options given now take precedence if they may change. Values are
 * compared after conversion: 1e-2 equals 0.01, and also the default that the training had.
 */
#include "train_resume.h"

#include "config.h"
#include "inputs.h"
#include "option_values.h"
#include "output.h"
#include "train_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The training as it was started. */
typedef struct begun {
  settings *s; /* as given now */
  const option_row *rows;
  size_t count;
  const char *spec;         /* of its network */
  char *texts[MAX_OPTIONS]; /* by row of the table; NULL: not given then */
} begun;

static bool is_of_train(const option_row *row) {
  return (row->commands & FOR_TRAIN) != 0;
}

static size_t row_of(const begun *b, const char *name) {
  for (size_t i = 0; i < b->count; i++)
    if (is_of_train(&b->rows[i]) && strcmp(b->rows[i].name, name) == 0) return i;
  return b->count;
}

static bool is_number(const char *text) {
  char *end;
  strtod(text, &end);
  return *text && !*end;
}

static bool is_among(const char *name, const char *const *names) {
  for (; *names; names++)
    if (strcmp(name, *names) == 0) return true;
  return false;
}

/* True if the text of this option names an input file. */
static bool is_input(const char *name, const char *text) {
  static const char *const files[] = {"data", "labels", "valid-labels", "test-labels", NULL};
  static const char *const parts[] = {"valid", "test", NULL};
  return is_among(name, files) || (is_among(name, parts) && text && !is_number(text));
}

static bool is_path(const char *name, const char *text) {
  static const char *const others[] = {"init", "out", "log", NULL};
  return is_input(name, text) || is_among(name, others);
}

/* ---- values ---- */

/* An option's text at the start; options restored from the checkpoint already have it. */
static const char *start_text(const begun *b, const char *name) {
  size_t row = row_of(b, name);
  if (b->s->sources[row] == FROM_CHECKPOINT) return b->s->owned[row];
  return b->texts[row] ? b->texts[row] : b->rows[row].initial;
}

/* The choice that the training was started with. */
static int start_choice(const begun *b, const char *name) {
  size_t row = row_of(b, name);
  int choice = 0;
  char allowed[512];
  option_convert(&choice, &b->rows[row], start_text(b, name), allowed, sizeof allowed);
  return choice;
}

/* The default factor of the schedule that the training was started with. */
static double start_factor(const begun *b) {
  ebb_schedule schedule = ebb_schedule_default(EBB_SCHEDULE_CONSTANT);
  ebb_schedule_shape shape;
  ebb_schedule_parse(&schedule, &shape, start_text(b, "schedule"), 1);
  return schedule.factor;
}

/* The default of the optimizer's setting that the option sets, if it sets one. */
static void default_setting(char text[SPEC_TEXT], ebb_optimizer_kind kind, const char *name) {
  const ebb_optimizer optimizer = ebb_optimizer_default(kind);
  for (int i = 0; i < EBB_SETTING_COUNT; i++) {
    ebb_optimizer_setting setting = (ebb_optimizer_setting)i;
    if (strcmp(name, ebb_optimizer_setting_name(setting)) == 0 &&
        !ebb_optimizer_setting_is_flag(setting))
      snprintf(text, SPEC_TEXT, "%.9g", ebb_optimizer_get(&optimizer, setting));
  }
}

/* The text of an option's value at the start; "": none. */
static void start_value(char text[SPEC_TEXT], const begun *b, size_t i) {
  const char *name = b->rows[i].name;
  ebb_optimizer_kind kind = (ebb_optimizer_kind)start_choice(b, "optimizer");
  text[0] = '\0';
  if (strcmp(name, "model") == 0)
    snprintf(text, SPEC_TEXT, "%s", b->spec);
  else if (b->texts[i] || b->rows[i].initial)
    snprintf(text, SPEC_TEXT, "%s", b->texts[i] ? b->texts[i] : b->rows[i].initial);
  else if (strcmp(name, "lr") == 0)
    snprintf(text, SPEC_TEXT, "%g", ebb_optimizer_learning_rate(kind));
  else if (strcmp(name, "schedule-factor") == 0)
    snprintf(text, SPEC_TEXT, "%.9g", start_factor(b));
  else if (strcmp(name, "batch") == 0 && ebb_optimizer_is_full_batch(kind))
    snprintf(text, SPEC_TEXT, "all rows");
  else if (strcmp(name, "batch") == 0)
    snprintf(text, SPEC_TEXT, "%zu", ebb_train_amounts_for(0, 0, 0).batch);
  else if (strcmp(name, "seed-split") == 0)
    snprintf(text, SPEC_TEXT, "%s", start_text(b, "seed"));
  else if (strcmp(name, "na") == 0)
    snprintf(text, SPEC_TEXT, "%s", EBB_DEFAULT_NA);
  else
    default_setting(text, kind, name);
}

/* Says that a value at the start was a default, unless it was given. */
static void explain_value(char text[64], const begun *b, size_t i) {
  const char *name = b->rows[i].name, *kind = start_text(b, "optimizer");
  bool of_optimizer = strcmp(name, "lr") == 0 || strcmp(name, "weight-decay") == 0;
  text[0] = '\0';
  if (b->texts[i] || strcmp(name, "model") == 0) return;
  snprintf(text, 64, ", the default%s%.30s,", of_optimizer ? " of " : "", of_optimizer ? kind : "");
}

/* True if a network is the training's, or the plain one of which this is an ensemble. The loss
 * determines how an ensemble ends. */
static bool is_spec(const begun *b, const ebb_spec *spec) {
  const char *members = start_text(b, "members");
  char whole[SPEC_TEXT];
  ebb_spec now = *spec;
  for (int loss = 0; loss < EBB_LOSS_COUNT; loss++) {
    if (members &&
        ebb_spec_members(&now, spec, strtoul(members, NULL, 10), (ebb_loss_kind)loss) != EBB_OK)
      return false;
    if (ebb_spec_text(whole, sizeof whole, &now) == EBB_OK && strcmp(whole, b->spec) == 0)
      return true;
  }
  return false;
}

/* True if a text describes the training's network, perhaps leaving sizes to the data. */
static bool is_network(const begun *b, const char *text) {
  ebb_spec at_start, now;
  return ebb_spec_parse(&at_start, b->spec, 0, 0) == EBB_OK &&
         ebb_spec_parse_like(&now, text, &at_start) == EBB_OK && is_spec(b, &now);
}

/* True if the text given now means the training's value. An invalid text is reported later, at
 * conversion. */
static bool is_same(const begun *b, size_t i, const char *at_start) {
  const option_row *row = &b->rows[i];
  const char *now = b->s->owned[i];
  settings a = {0}, c = {0};
  char allowed[512], *x = (char *)&a + row->offset, *y = (char *)&c + row->offset;
  if (strcmp(row->name, "model") == 0) return is_network(b, now);
  if (!option_convert(x, row, now, allowed, sizeof allowed)) return true;
  if (*at_start)
    option_convert(y, row, at_start, allowed, sizeof allowed);
  else
    option_clear(y, row);
  return option_equal(x, y, row);
}

/* ---- resuming ---- */

static int refuse(const begun *b, size_t i, const char *value, const char *why) {
  return fail(EXIT_USAGE,
              "%s: it is %s here, and %s%s in the training that %s has; leave it out to go on with "
              "that one, or begin another in another folder",
              settings_origin(b->s, b->rows[i].name).text, b->s->owned[i],
              *value ? value : "not given", *value ? why : "", b->s->resume);
}

/* Patience needs the best weights, which a training started with --patience 0 has not kept; without
 * validation rows there are none anyway. */
static int check_patience(const begun *b, size_t i) {
  const char *now = b->s->owned[i], *valid = start_text(b, "valid");
  bool kept = !b->texts[i] || atof(b->texts[i]) != 0, keep = atof(now) != 0;
  if (keep == kept || !is_number(now) || (is_number(valid) && atof(valid) == 0)) return EXIT_GOOD;
  return fail(EXIT_USAGE,
              "%s: it is %s here, and the training that %s has was begun with%s --patience 0: the "
              "best weights were %skept from its start; leave it out to go on as it was begun",
              settings_origin(b->s, "patience").text, now, b->s->resume, kept ? "out" : "",
              kept ? "" : "not ");
}

/* Takes over a row's option, or refuses a different value. */
static int take(begun *b, size_t i) {
  settings *s = b->s;
  const char *name = b->rows[i].name;
  char at_start[SPEC_TEXT], why[64];
  if (s->sources[i] == FROM_DEFAULT) {
    if (!b->texts[i]) return EXIT_GOOD;
    s->sources[i] = FROM_CHECKPOINT;
    s->owned[i] = b->texts[i];
    b->texts[i] = NULL;
    return EXIT_GOOD;
  }
  if (strcmp(name, "patience") == 0) return check_patience(b, i);
  if (config_may_change(name)) return EXIT_GOOD;
  start_value(at_start, b, i);
  if (is_same(b, i, at_start) || (is_input(name, s->owned[i]) && is_input(name, b->texts[i])))
    return EXIT_GOOD;
  /* the data decide, and the trainer checks it */
  if (strcmp(name, "loss") == 0 && strcmp(at_start, "auto") == 0) return EXIT_GOOD;
  explain_value(why, b, i);
  return refuse(b, i, at_start, why);
}

static int no_memory(void) {
  return fail(EXIT_FAILED, "no memory for the options");
}

/* The options at the start, with file names resolved from the current folder. */
static int read_texts(begun *b, const json_t *extra) {
  const char *name;
  json_t *value;
  json_object_foreach(json_object_get(extra, CONFIG_KEY), name, value) {
    size_t row = row_of(b, name);
    if (row == b->count || !json_is_string(value))
      return fail(EXIT_INPUT, "%s: its option \"%s\" was not written by `ebb train`", b->s->resume,
                  name);
    const char *text = json_string_value(value);
    b->texts[row] = is_path(name, text) ? state_path(extra, text) : strdup(text);
    if (!b->texts[row]) return no_memory();
  }
  return EXIT_GOOD;
}

/* Without --out, the model goes where the original training would have written it. */
static int read_out(begun *b, const json_t *extra) {
  size_t row = row_of(b, "out");
  if (b->texts[row]) return EXIT_GOOD;
  char *path = state_path(extra, b->rows[row].initial);
  if (!path) return no_memory();
  if (strcmp(path, b->rows[row].initial) != 0)
    b->texts[row] = path;
  else
    free(path);
  return EXIT_GOOD;
}

/* Says which input file of the training is missing, and how to give its new path. */
static int check_input(const begun *b, size_t i) {
  const settings *s = b->s;
  const char *name = b->rows[i].name, *path = s->owned[i];
  if (s->sources[i] != FROM_CHECKPOINT || !is_input(name, path) || is_stream(path) ||
      access(path, R_OK) == 0)
    return EXIT_GOOD;
  return fail(EXIT_INPUT, "%s: %s: %s; if it has moved, --%s FILE gives its new place",
              settings_origin(s, name).text, path, strerror(errno), name);
}

static int take_all(begun *b, const json_t *extra) {
  int code = read_texts(b, extra);
  if (code == EXIT_GOOD) code = read_out(b, extra);
  for (size_t i = 0; i < b->count && code == EXIT_GOOD; i++)
    if (is_of_train(&b->rows[i])) code = take(b, i);
  for (size_t i = 0; i < b->count && code == EXIT_GOOD; i++)
    if (is_of_train(&b->rows[i])) code = check_input(b, i);
  for (size_t i = 0; i < b->count; i++) free(b->texts[i]);
  return code;
}

/* Without --checkpoint, checkpoints continue to go to the same folder. */
static int keep_folder(begun *b) {
  size_t row = row_of(b, "checkpoint");
  if (b->s->owned[row]) return EXIT_GOOD;
  b->s->owned[row] = strdup(b->s->resume);
  return b->s->owned[row] ? EXIT_GOOD : no_memory();
}

/* --resume must name the folder, whose newest intact checkpoint is used, not a file in it. */
static int check_name(const settings *s) {
  struct stat about;
  const char *slash = strrchr(s->resume, '/');
  if (stat(s->resume, &about) != 0 || !S_ISREG(about.st_mode)) return EXIT_GOOD;
  return fail(EXIT_USAGE,
              "%s: %s is a file; name its folder, %.*s, whose newest intact checkpoint is used",
              settings_origin(s, "resume").text, s->resume, slash ? (int)(slash - s->resume) : 1,
              slash ? s->resume : ".");
}

int resume_options(settings *s) {
  begun b = {.s = s};
  b.rows = option_table(&b.count);
  s->resume = s->owned[row_of(&b, "resume")];
  if (!s->resume || !*s->resume) return EXIT_GOOD; /* "" is refused later */
  if (check_name(s) != EXIT_GOOD) return EXIT_USAGE;
  ebb_checkpoint_info info = {0};
  ebb_status status = ebb_checkpoint_describe(&info, s->resume);
  if (status == EBB_ERR_INPUT)
    return fail_lines(EXIT_INPUT, "%s: %s; " RESUME_ADVICE, settings_origin(s, "resume").text,
                      ebb_error_message());
  if (status != EBB_OK) return fail_option(s, "resume", status);
  json_t *extra;
  b.spec = info.spec;
  int code = state_read(&extra, s, &info);
  if (code == EXIT_GOOD) code = take_all(&b, extra);
  json_decref(extra);
  ebb_checkpoint_info_clear(&info);
  return code == EXIT_GOOD ? keep_folder(&b) : code;
}
