/* Lines on stderr for people, JSON lines in the log and one result on stdout.
 *
 * A log line is flushed as soon as it is written, so that a log can be followed and a killed run
 * leaves whole lines. A log that cannot be written any more does not stop a training: that would
 * lose the model; it is told once, and the exit code tells it again.
 */
#include "train_report.h"

#include "output.h"
#include "signals.h"
#include "train_profile.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double report_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Writes a JSON value as one line of the log and releases it. */
static void write_log(training *t, json_t *line) {
  if (t->log && !t->log_failed) {
    int failed = json_dumpf(line, t->log, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (failed || fputc('\n', t->log) == EOF || fflush(t->log) != 0) {
      t->log_failed = true;
      fail(EXIT_FAILED, "%s: writing failed: %s; training goes on", t->s->log, strerror(errno));
    }
  }
  json_decref(line);
}

/* "device" or "host". */
static const char *place_of(const training *t) {
#define PLACE_NAME(name, text, what) text,
  static const char *const names[] = {EBB_DATA_PLACE_LIST(PLACE_NAME)};
  return names[ebb_trainer_data_place(t->trainer)];
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
  json_object_set_new(line, "data_on", json_string(place_of(t)));
  if (t->s->init) json_object_set_new(line, "init", json_text(t->s->init));
  put_device(line, t->device);
  json_object_set_new(line, "device_reason", json_text(ebb_device_reason(t->device)));
  return line;
}

int report_start(training *t) {
  const settings *s = t->s;
  note(s, "network  %s, %zu parameters%s", t->spec_text, ebb_spec_parameters(&t->spec),
       s->model || s->init ? "" : " (a default; --model chooses another)");
  note(s, "training %zu rows, batch %zu, %s, learning rate %g, %s", t->train_rows, t->options.batch,
       ebb_optimizer_name(t->options.optimizer.kind), t->learning_rate,
       ebb_loss_name(t->options.loss));
  if (ebb_trainer_data_place(t->trainer) == EBB_DATA_HOST)
    note(s,
         "memory   the rows stay on the host%s; blocks of them are uploaded while the device "
         "computes",
         s->data_on == EBB_DATA_AUTO ? ": they do not fit the device" : "");
  if (!s->log) return EXIT_GOOD;
  t->log = fopen(s->log, "w");
  if (!t->log) return fail(EXIT_FAILED, "%s: cannot be written: %s", s->log, strerror(errno));
  write_log(t, start_line(t));
  return t->log_failed ? EXIT_FAILED : EXIT_GOOD;
}

static void put_losses(json_t *object, const ebb_report *r) {
  put_number(object, "train_loss", r->train_loss);
  put_number(object, "train_accuracy", r->train_accuracy);
  put_number(object, "valid_loss", r->valid_loss);
  put_number(object, "valid_accuracy", r->valid_accuracy);
  put_number(object, "samples_per_second", r->samples_per_second);
  put_number(object, "seconds", r->seconds);
}

static json_t *epoch_line(const ebb_report *r) {
  json_t *line = json_pack("{s:s, s:I, s:I}", "type", "epoch", "epoch", (json_int_t)r->epoch,
                           "step", (json_int_t)r->step);
  put_losses(line, r);
  return line;
}

/* Appends `, label value` to a text, unless the value is not there. */
static void append(char *text, size_t size, const char *format, double value) {
  size_t length = strlen(text);
  if (isfinite(value)) snprintf(text + length, size - length, format, value);
}

/* The losses and accuracies that there are, in words. */
static void describe(char *text, size_t size, const ebb_report *r) {
  text[0] = '\0';
  append(text, size, ", train loss %.5g", r->train_loss);
  if (!isfinite(r->valid_loss))
    append(text, size, ", train accuracy %.2f %%", 100 * r->train_accuracy);
  append(text, size, ", valid loss %.5g", r->valid_loss);
  append(text, size, ", valid accuracy %.2f %%", 100 * r->valid_accuracy);
}

/* Of a run of many epochs some twenty are shown, spread evenly, and the last; --log has them all.
 */
static bool is_shown(const ebb_report *r) {
  size_t step = r->epochs > 50 ? r->epochs / 20 : 1;
  return r->epoch == 1 || r->epoch % step == 0 || r->epoch == r->epochs;
}

static void print_epoch(training *t, const ebb_report *r) {
  if (!is_shown(r)) return;
  char text[256];
  describe(text, sizeof text, r);
  if (t->on_line) fprintf(stderr, "\r%79s\r", "");
  t->on_line = false;
  note(t->s, "epoch    %zu/%zu%s, %.0f samples/s", r->epoch, r->epochs, text,
       r->samples_per_second);
}

/* The line that is overwritten as an epoch goes on; only a terminal shows it well. */
static void print_progress(training *t, const ebb_report *r) {
  if (t->s->quiet || isatty(STDERR_FILENO) != 1 || r->step == 0) return;
  char text[128];
  double left = r->seconds * (double)(r->steps - r->step) / (double)r->step;
  snprintf(text, sizeof text,
           "epoch %zu/%zu, step %llu/%llu, loss %.5g, %.0f samples/s, %.0f s left", r->epoch,
           r->epochs, (unsigned long long)r->step, (unsigned long long)r->steps, r->train_loss,
           r->samples_per_second, left);
  fprintf(stderr, "\r%-79.79s", text);
  fflush(stderr);
  t->on_line = true;
}

/* Drivers compile when a program is built, or when a kernel is first run: only when the first step
 * is done has all of it been waited for. */
static void note_first_step(training *t, const ebb_report *r) {
  if (t->first_step > 0) return;
  profile_first_step(t, r);
  t->first_step = report_clock() - t->opened;
  if (t->first_step < 0.1) return;
  ebb_counters counters = ebb_device_counters(t->device);
  if (counters.programs_cached == 0)
    note(t->s, "kernels  compiled; the first step was done after %.2f s", t->first_step);
  else
    note(t->s, "kernels  %llu programs compiled, %llu from the cache; first step done after %.2f s",
         (unsigned long long)counters.programs_built, (unsigned long long)counters.programs_cached,
         t->first_step);
}

bool report_progress(const ebb_report *report, void *user) {
  training *t = user;
  note_first_step(t, report);
  t->last = *report;
  if (report->epoch_end) {
    t->finished = report->epoch;
    profile_epoch(t, report->epoch);
    print_epoch(t, report);
    write_log(t, epoch_line(report));
  } else {
    print_progress(t, report);
  }
  return signals_caught() == 0;
}

/* What log and --json tell at the end. */
static json_t *result_of(const training *t, const char *reason, bool saved) {
  json_t *result =
      json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "reason", reason, "spec", t->spec_text,
                "parameters", (json_int_t)ebb_spec_parameters(&t->spec), "epochs",
                (json_int_t)t->finished, "steps", (json_int_t)t->last.step, "train_rows",
                (json_int_t)t->train_rows, "valid_rows", (json_int_t)t->valid_rows);
  json_object_set_new(result, "data_on", json_string(place_of(t)));
  if (saved) json_object_set_new(result, "model", json_text(t->s->out));
  if (t->last.epoch) put_losses(result, &t->last);
  if (t->first_step > 0) put_number(result, "first_step_seconds", t->first_step);
  ebb_counters counters = ebb_device_counters(t->device);
  put_number(result, "build_seconds", counters.build_seconds);
  json_object_set_new(result, "programs_built", json_integer((json_int_t)counters.programs_built));
  json_object_set_new(result, "programs_cached",
                      json_integer((json_int_t)counters.programs_cached));
  put_device(result, t->device);
  if (t->s->profile) json_object_set_new(result, "profile", profile_json(t));
  return result;
}

static void print_result(const training *t, const char *reason, bool saved) {
  char text[256] = "";
  if (t->last.epoch) describe(text, sizeof text, &t->last);
  printf("%s: %s after %zu epochs%s, %.2f s\n", saved ? t->s->out : "no model saved", reason,
         t->finished, text, t->last.seconds);
}

int report_end(training *t, const char *reason, bool saved) {
  if (t->on_line) fputc('\n', stderr);
  t->on_line = false;
  json_t *line = result_of(t, reason, saved);
  json_object_set_new(line, "type", json_string("end"));
  write_log(t, line);
  if (t->log && fclose(t->log) != 0) t->log_failed = true;
  t->log = NULL;
  note(t->s, "time     %.2f s training", t->last.seconds);
  if (saved) note(t->s, "model    %s", t->s->out);
  int code = EXIT_GOOD;
  if (t->s->json)
    code = print_json(result_of(t, reason, saved));
  else {
    print_result(t, reason, saved);
    profile_print(t);
  }
  return code == EXIT_GOOD && t->log_failed ? EXIT_FAILED : code;
}
