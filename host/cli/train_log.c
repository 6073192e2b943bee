/* The log of a training, a JSON line at a time, and its result as JSON.
 *
 * A log line is written at once and as a whole, so that a log can be followed and a killed run
 * leaves whole lines; by write itself, which can be repeated where a signal interrupts it
 * (compilers in drivers put handlers of their own around ours, which do not ask for that). A log
 * that cannot be written any more does not stop a training: that would lose the model; it is told
 * once, and the exit code tells it again.
 */
#include "train_log.h"

#include "config.h"
#include "inputs.h"
#include "output.h"
#include "train_figures.h"
#include "train_profile.h"
#include "train_scores.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The log cannot be written any more. */
static int fail_log(const training *t) {
  if (t->log == stdout) return fail_output(errno);
  return fail(EXIT_FAILED, "%s: %s: writing failed: %s%s", settings_origin(t->s, "log").text,
              t->s->log, strerror(errno), t->run_start > 0 ? "; training goes on" : "");
}

static bool write_all(int descriptor, const char *text, size_t length) {
  while (length > 0) {
    ssize_t written = write(descriptor, text, length);
    if (written < 0 && errno != EINTR) return false;
    if (written < 0) continue;
    text += written;
    length -= (size_t)written;
  }
  return true;
}

void log_write(training *t, json_t *line) {
  if (t->log && t->log_code == EXIT_GOOD) {
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(9));
    int descriptor = fileno(t->log);
    size_t length = text ? strlen(text) : 0;
    errno = ENOMEM;
    if (text) text[length] = '\n'; /* in place of the end, so that a line is one write */
    if (!text || !write_all(descriptor, text, length + 1)) t->log_code = fail_log(t);
    free(text);
  }
  json_decref(line);
}

/* How the best epoch is found, under the names of the options. Without a patience, because --epochs
 * was given alone, there is no number to tell: 0 would be what keeps the last epoch. */
static void put_search(json_t *object, const training *t) {
#define MONITOR_NAME(name, text, what) text,
  static const char *const names[] = {EBB_MONITOR_LIST(MONITOR_NAME)};
  const ebb_train_options *o = &t->options;
  if (!t->valid_rows) return;
  json_object_set_new(object, "monitor", json_string(names[o->monitor]));
  put_number(object, "min_delta", o->min_delta);
  if (o->patience > 0 || !o->keep_best)
    json_object_set_new(object, "patience", json_integer((json_int_t)o->patience));
}

static json_t *start_line(const training *t) {
  const ebb_train_options *o = &t->options;
  json_t *line =
      json_pack("{s:s, s:s, s:o, s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:b, s:b}", "type", "start",
                "version", ebb_version(), "data", json_text(t->s->data), "spec", t->spec_text,
                "parameters", (json_int_t)ebb_spec_parameters(&t->spec), "loss",
                ebb_loss_name(o->loss), "optimizer", ebb_optimizer_name(o->optimizer.kind), "batch",
                (json_int_t)o->batch, "epochs", (json_int_t)o->epochs, "seed", (json_int_t)o->seed,
                "shuffle", (int)o->shuffle, "scale", (int)!t->s->no_scale);
  if (o->optimizer.kind == EBB_OPT_SGD) {
    put_number(line, "momentum", o->optimizer.momentum);
    json_object_set_new(line, "nesterov", json_boolean(o->optimizer.nesterov));
  }
  put_number(line, "learning_rate", t->learning_rate);
  put_number(line, "weight_decay", o->optimizer.weight_decay);
  json_object_set_new(line, "task", json_string(ebb_task_name(ebb_encoder_task(t->encoder))));
  json_object_set_new(line, "train_rows", json_integer((json_int_t)t->train_rows));
  json_object_set_new(line, "valid_rows", json_integer((json_int_t)t->valid_rows));
  json_object_set_new(line, "test_rows", json_integer((json_int_t)t->test_rows));
  json_object_set_new(line, "data_on", json_string(t->data_on));
  put_search(line, t);
  json_object_set_new(line, "refit", json_boolean(t->s->refit));
  if (t->s->init) json_object_set_new(line, "init", json_text(t->s->init));
  put_device(line, t->device);
  json_object_set_new(line, CONFIG_KEY, config_of(t->s));
  json_object_set_new(line, "device_reason", json_text(ebb_device_reason(t->device)));
  return line;
}

int log_open(training *t) {
  const char *path = t->s->log;
  if (!path) return EXIT_GOOD;
  t->log = is_stream(path) ? stdout : fopen(path, "w");
  if (!t->log)
    return fail(EXIT_FAILED, "%s: %s: cannot be written: %s", settings_origin(t->s, "log").text,
                path, strerror(errno));
  log_write(t, start_line(t));
  return t->log_code == EXIT_UNREAD ? EXIT_GOOD
                                    : t->log_code; /* the model is wanted all the same */
}

void log_close(training *t) {
  if (t->log && t->log != stdout && fclose(t->log) != 0) t->log_code = EXIT_FAILED;
  t->log = NULL;
}

static void put_speed(json_t *object, const ebb_report *r) {
  put_number(object, "samples_per_second", r->samples_per_second);
  put_number(object, "seconds", r->seconds);
}

json_t *log_epoch(const training *t, const char *type, const ebb_report *r) {
  json_t *line = json_pack("{s:s, s:I, s:I}", "type", type, "epoch", (json_int_t)r->epoch, "step",
                           (json_int_t)r->step);
  figures_put(line, t, r);
  put_speed(line, r);
  return line;
}

/* What became of the search for the best epoch, and of --refit. */
static void put_outcome(json_t *object, const training *t) {
  put_search(object, t);
  if (t->last.best_epoch)
    json_object_set_new(object, "best_epoch", json_integer((json_int_t)t->last.best_epoch));
  json_object_set_new(object, "stopped_early", json_boolean(t->last.stopped_early));
  json_object_set_new(object, "refit", json_boolean(t->refit.epoch > 0));
  if (t->refit.epoch == 0) return;
  json_object_set_new(object, "refit_epochs", json_integer((json_int_t)t->refit.epoch));
  put_number(object, "refit_train_loss", t->refit.train_loss);
}

json_t *log_result(const training *t, const char *reason, bool saved) {
  json_t *result = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "reason", reason, "spec",
                             t->spec_text, "parameters", (json_int_t)ebb_spec_parameters(&t->spec),
                             "epochs", (json_int_t)t->finished, "steps", (json_int_t)t->last.step,
                             "train_rows", (json_int_t)t->train_rows, "valid_rows",
                             (json_int_t)t->valid_rows, "test_rows", (json_int_t)t->test_rows);
  json_object_set_new(result, "data_on", json_string(t->data_on));
  if (saved) json_object_set_new(result, "model", json_text(t->s->out));
  if (t->kept->epoch) figures_put(result, t, t->kept);
  if (t->last.epoch) put_speed(result, &t->last);
  put_outcome(result, t);
  train_scores_put(result, t);
  if (t->first_step > 0) {
    put_number(result, "first_step_seconds", t->first_step);
    put_number(result, "compiled_seconds", t->ready);
  }
  ebb_counters counters = ebb_device_counters(t->device);
  put_number(result, "build_seconds", counters.build_seconds);
  json_object_set_new(result, "programs_built", json_integer((json_int_t)counters.programs_built));
  json_object_set_new(result, "programs_cached",
                      json_integer((json_int_t)counters.programs_cached));
  put_device(result, t->device);
  json_object_set_new(result, CONFIG_KEY, config_of(t->s));
  if (t->s->profile) json_object_set_new(result, "profile", profile_json(t));
  return result;
}
