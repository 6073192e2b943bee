/* The log of a training, in JSON lines, and its result as JSON.
 *
 * Each log line is written at once and completely, so that a log can be followed and a killed run
 * leaves whole lines. It is written with write(2), which can be repeated if a signal interrupts it
 * (compilers in drivers install handlers without SA_RESTART). If the log cannot be written any
 * more, the training continues, since stopping would lose the model; the failure is reported once,
 * and by the exit code.
 */
#include "train_log.h"

#include "config.h"
#include "inputs.h"
#include "output.h"
#include "train_figures.h"
#include "train_files.h"
#include "train_profile.h"
#include "train_schedule.h"
#include "train_scores.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Reports that the log cannot be written any more. */
static int fail_log(const training *t) {
  if (t->log == stdout) return fail_output(errno);
  return fail(EXIT_FAILED, "%s: %s: writing failed: %s%s", settings_origin(t->s, "log").text,
              t->s->log, strerror(errno), t->run_start > 0 ? "; training goes on" : "");
}

void log_write(training *t, json_t *line) {
  if (t->log && t->log_code == EXIT_GOOD) {
    char *text = json_line(line); /* including its line end, for a single write */
    size_t length = text ? strlen(text) : 0;
    errno = ENOMEM;
    if (!text || !write_bytes(fileno(t->log), text, length)) t->log_code = fail_log(t);
    if (t->log_bytes >= 0) t->log_bytes += (int64_t)length;
    free(text);
  }
  json_decref(line);
}

/* How the best epoch is found, by option names. If only --epochs was given there is no patience: 0
 * would mean keeping the last epoch. */
static void put_search(json_t *object, const training *t) {
#define MONITOR_NAME(name, text, what) text,
  static const char *const names[] = {EBB_MONITOR_LIST(MONITOR_NAME)};
  const ebb_train_options *o = &t->options;
  if (!t->valid_rows) return;
  put(object, "monitor", json_string(names[o->monitor]));
  put_number(object, "min_delta", o->min_delta);
  if (o->patience > 0 || !o->keep_best)
    put(object, "patience", json_integer((json_int_t)o->patience));
}

/* The optimizer's settings except the weight decay: momentum always, others if not the default. */
static void put_settings(json_t *line, const ebb_optimizer *o) {
  const ebb_optimizer usual = ebb_optimizer_default(o->kind);
  if (ebb_optimizer_has(o->kind, EBB_SETTING_momentum)) put_number(line, "momentum", o->momentum);
  if (ebb_optimizer_has(o->kind, EBB_SETTING_nesterov))
    put(line, "nesterov", json_boolean(o->nesterov));
  for (int i = 0; i < EBB_SETTING_COUNT; i++) {
    ebb_optimizer_setting setting = (ebb_optimizer_setting)i;
    const char *name = ebb_optimizer_setting_name(setting);
    if (!ebb_optimizer_has(o->kind, setting) || json_object_get(line, name) ||
        setting == EBB_SETTING_weight_decay)
      continue;
    double value = ebb_optimizer_get(o, setting);
    if (value != ebb_optimizer_get(&usual, setting)) put_number(line, name, value);
  }
}

static json_t *start_line(const training *t) {
  const ebb_train_options *o = &t->options;
  json_t *line = json_pack("{s:s, s:s, s:o, s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:b, s:b}", "type",
                           "start", "version", ebb_version(), "data", json_text(t->s->data), "spec",
                           t->spec_text, "parameters", (json_int_t)ebb_spec_parameters(&t->spec),
                           "loss", ebb_loss_text((char[EBB_LOSS_TEXT]){0}, o->loss), "optimizer",
                           ebb_optimizer_name(o->optimizer.kind), "batch", (json_int_t)o->batch,
                           "epochs", (json_int_t)o->epochs, "seed", (json_int_t)o->seed, "shuffle",
                           (int)o->shuffle, "scale", (int)!t->s->no_scale);
  put_settings(line, &o->optimizer);
  put_number(line, "learning_rate", t->learning_rate);
  schedule_put(line, t);
  put_number(line, "weight_decay", o->optimizer.weight_decay);
  put(line, "task", json_string(ebb_task_name(ebb_encoder_task(t->encoder))));
  put(line, "train_rows", json_integer((json_int_t)t->train_rows));
  put(line, "valid_rows", json_integer((json_int_t)t->valid_rows));
  put(line, "test_rows", json_integer((json_int_t)t->test_rows));
  put(line, "data_on", json_string(t->data_on));
  put_search(line, t);
  put(line, "refit", json_boolean(t->s->refit));
  put(line, "self_test", json_boolean(!t->s->no_self_test));
  if (t->s->init) put(line, "init", json_text(t->s->init));
  put_device(line, t->device);
  put(line, CONFIG_KEY, config_of(t->s));
  put(line, "device_reason", json_text(ebb_device_reason(t->device)));
  return line;
}

/* The line that marks a resumption. */
static json_t *resume_line(const training *t) {
  json_t *line = json_object();
  put(line, "type", json_string("resume"));
  put(line, "version", json_string(ebb_version()));
  put(line, "checkpoint", json_text(t->resumed.path));
  put(line, "step", json_integer((json_int_t)t->resumed.step));
  put(line, "epoch", json_integer((json_int_t)t->finished));
  put_device(line, t->device);
  return line;
}

/* True if --log was written by the checkpoint's training. */
static bool is_known(const training *t) {
  struct stat about;
  const char *path = t->s->log;
  return *t->resumed.log && same_path(path, t->resumed.log) && stat(path, &about) == 0 &&
         S_ISREG(about.st_mode);
}

/* Opens that log and truncates it to its state at the checkpoint: later epochs are repeated, and
 * must not appear twice. */
static bool open_known(training *t) {
  struct stat about;
  t->log = fopen(t->s->log, "a");
  if (!t->log || fstat(fileno(t->log), &about) != 0) return false;
  t->log_bytes = about.st_size < t->resumed.log_bytes ? about.st_size : t->resumed.log_bytes;
  return ftruncate(fileno(t->log), (off_t)t->log_bytes) == 0;
}

static bool open_new(training *t) {
  struct stat about;
  t->log = is_stream(t->s->log) ? stdout : fopen(t->s->log, "w");
  if (!t->log || fstat(fileno(t->log), &about) != 0) return false;
  t->log_bytes = S_ISREG(about.st_mode) && t->log != stdout ? 0 : -1;
  return true;
}

int log_open(training *t) {
  if (!t->s->log) return EXIT_GOOD;
  bool known = is_known(t);
  if (!(known ? open_known(t) : open_new(t)))
    return fail(EXIT_FAILED, "%s: %s: cannot be written: %s", settings_origin(t->s, "log").text,
                t->s->log, strerror(errno));
  if (!known) log_write(t, start_line(t));
  if (t->s->resume) log_write(t, resume_line(t));
  return t->log_code == EXIT_UNREAD ? EXIT_GOOD : t->log_code; /* the model is still wanted */
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
  if (schedule_varies(t)) put_number(line, "learning_rate", r->learning_rate);
  put_speed(line, r);
  return line;
}

/* The outcome of the search for the best epoch, and of --refit. */
static void put_outcome(json_t *object, const training *t) {
  put_search(object, t);
  if (t->last.best_epoch) put(object, "best_epoch", json_integer((json_int_t)t->last.best_epoch));
  put(object, "stopped_early", json_boolean(t->last.stopped_early));
  if (t->last.converged) put(object, "converged", json_boolean(true));
  put(object, "refit", json_boolean(t->refit.epoch > 0));
  if (t->refit.epoch == 0) return;
  put(object, "refit_epochs", json_integer((json_int_t)t->refit.epoch));
  put_number(object, "refit_train_loss", t->refit.train_loss);
}

json_t *log_result(const training *t, const char *reason) {
  json_t *result = json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "reason", reason, "spec",
                             t->spec_text, "parameters", (json_int_t)ebb_spec_parameters(&t->spec),
                             "epochs", (json_int_t)t->finished, "steps", (json_int_t)t->last.step,
                             "train_rows", (json_int_t)t->train_rows, "valid_rows",
                             (json_int_t)t->valid_rows, "test_rows", (json_int_t)t->test_rows);
  put(result, "data_on", json_string(t->data_on));
  if (*t->saved) put(result, "model", json_text(t->saved));
  if (t->sentinel_code != EXIT_GOOD) put(result, "dump", json_text(t->dump));
  if (t->s->resume) put(result, "resumed_step", json_integer((json_int_t)t->resumed.step));
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
  put(result, "programs_built", json_integer((json_int_t)counters.programs_built));
  put(result, "programs_cached", json_integer((json_int_t)counters.programs_cached));
  put_device(result, t->device);
  put(result, CONFIG_KEY, config_of(t->s));
  if (t->s->profile) put(result, "profile", profile_json(t));
  return result;
}
