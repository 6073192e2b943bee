/* The tool's own part of a checkpoint: the trainer knows neither the reports, from which the result
 * is made, nor the log.
 *
 * Numbers are stored as texts: JSON has no NaN, and the figures of a result must match to the last
 * digit.
 *
 * File names are stored as given, with the folder they are relative to, so that a training resumed
 * in that folder uses the same names as before.
 *
 * When memory runs out, jansson's reader drops characters silently. So the text is read, written
 * again and compared.
 */
#include "train_state.h"

#include "config.h"
#include "inputs.h"
#include "output.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOLDER_KEY "folder" /* the working directory */

typedef struct field {
  const char *key;
  size_t offset;
  enum { FLAG, COUNT, STEPS, NUMBER } kind;
} field;

#define FIELD(name, kind) {#name, offsetof(ebb_report, name), kind}
static const field fields[] = {
    FIELD(epoch_end, FLAG),
    FIELD(epoch, COUNT),
    FIELD(epochs, COUNT),
    FIELD(step, STEPS),
    FIELD(steps, STEPS),
    FIELD(train_loss, NUMBER),
    FIELD(train_accuracy, NUMBER),
    FIELD(valid_loss, NUMBER),
    FIELD(valid_accuracy, NUMBER),
    FIELD(valid_r2, NUMBER),
    FIELD(best_epoch, COUNT),
    FIELD(best_loss, NUMBER),
    FIELD(best_accuracy, NUMBER),
    FIELD(good_epoch, COUNT),
    FIELD(improved, FLAG),
    FIELD(stopped_early, FLAG),
    FIELD(samples_per_second, NUMBER),
    FIELD(seconds, NUMBER),
    FIELD(first_step_seconds, NUMBER),
};
enum { FIELDS = sizeof fields / sizeof *fields };

static json_t *field_json(const field *f, const ebb_report *report) {
  const void *member = (const char *)report + f->offset;
  char text[32];
  switch (f->kind) {
  case FLAG:
    return json_boolean(*(const bool *)member);
  case COUNT:
    return json_integer((json_int_t) * (const size_t *)member);
  case STEPS:
    return json_integer((json_int_t) * (const uint64_t *)member);
  case NUMBER:
    break;
  }
  snprintf(text, sizeof text, "%.17g", *(const double *)member);
  return json_string(text);
}

static bool field_take(ebb_report *report, const field *f, const json_t *value) {
  void *member = (char *)report + f->offset;
  bool whole = json_is_integer(value) && json_integer_value(value) >= 0;
  switch (f->kind) {
  case FLAG:
    *(bool *)member = json_is_true(value);
    return json_is_boolean(value);
  case COUNT:
    *(size_t *)member = (size_t)json_integer_value(value);
    return whole;
  case STEPS:
    *(uint64_t *)member = (uint64_t)json_integer_value(value);
    return whole;
  case NUMBER:
    break;
  }
  if (json_is_string(value)) *(double *)member = strtod(json_string_value(value), NULL);
  return json_is_string(value);
}

static json_t *report_json(const ebb_report *report) {
  json_t *object = json_object();
  for (size_t i = 0; i < FIELDS; i++) put(object, fields[i].key, field_json(&fields[i], report));
  return object;
}

static bool report_take(ebb_report *report, const json_t *object) {
  bool good = true;
  for (size_t i = 0; i < FIELDS; i++)
    good = field_take(report, &fields[i], json_object_get(object, fields[i].key)) && good;
  return good;
}

char *state_path(const json_t *extra, const char *path) {
  char here[PLACE_TEXT];
  const char *folder = json_string_value(json_object_get(extra, FOLDER_KEY));
  bool same = !folder || !getcwd(here, sizeof here) || strcmp(here, folder) == 0;
  if (same || path[0] == '/' || is_stream(path)) return strdup(path);
  size_t size = strlen(folder) + strlen(path) + 2;
  char *whole = malloc(size);
  if (whole) snprintf(whole, size, "%s/%s", folder, path);
  return whole;
}

char *state_text(const training *t) {
  char folder[PLACE_TEXT];
  json_t *extra = json_object(), *state = json_object();
  put(extra, CONFIG_KEY, config_lasting(t->s));
  if (getcwd(folder, sizeof folder)) put(extra, FOLDER_KEY, json_text(folder));
  put(state, "finished", json_integer((json_int_t)t->finished));
  put(state, "last", report_json(&t->last));
  put(state, "closed", report_json(&t->closed));
  put(state, "best", report_json(&t->best));
  if (t->s->log && t->log_bytes > 0) {
    put(state, "log", json_text(t->s->log));
    put(state, "log_bytes", json_integer((json_int_t)t->log_bytes));
  }
  put(extra, "state", state);
  char *text = json_line(extra);
  json_decref(extra);
  return text;
}

/* True if state_text wrote it: the options come first. */
static bool is_ours(const char *text) {
  static const char head[] = "{\"" CONFIG_KEY "\":";
  return text && strncmp(text, head, sizeof head - 1) == 0;
}

int state_read(json_t **extra, const settings *s, const ebb_checkpoint_info *info) {
  *extra = NULL;
  if (!is_ours(info->extra))
    return fail(EXIT_INPUT, "%s: %s was not written by `ebb train`",
                settings_origin(s, "resume").text, info->path);
  *extra = json_loads(info->extra, 0, NULL);
  char *again = json_line(*extra);
  bool same = again && strcmp(again, info->extra) == 0;
  free(again);
  if (same) return EXIT_GOOD;
  json_decref(*extra);
  *extra = NULL;
  return fail(EXIT_FAILED, "%s: no memory to read %s, or another version of ebb has written it",
              settings_origin(s, "resume").text, info->path);
}

static bool take(training *t, const json_t *extra) {
  const json_t *state = json_object_get(extra, "state");
  bool good = report_take(&t->last, json_object_get(state, "last")) &&
              report_take(&t->closed, json_object_get(state, "closed")) &&
              report_take(&t->best, json_object_get(state, "best"));
  t->finished = (size_t)json_integer_value(json_object_get(state, "finished"));
  t->resumed.seconds = t->last.seconds;
  t->resumed.log_bytes = json_integer_value(json_object_get(state, "log_bytes"));
  const char *log = json_string_value(json_object_get(state, "log"));
  char *there = log ? state_path(extra, log) : NULL;
  if (there) snprintf(t->resumed.log, sizeof t->resumed.log, "%s", there);
  free(there);
  return good && (there || !log);
}

int state_take(training *t, const ebb_checkpoint_info *info) {
  json_t *extra;
  int code = state_read(&extra, t->s, info);
  if (code == EXIT_GOOD && !take(t, extra))
    code = fail(EXIT_INPUT, "%s: %s: the figures of the training are missing",
                settings_origin(t->s, "resume").text, info->path);
  json_decref(extra);
  return code;
}
