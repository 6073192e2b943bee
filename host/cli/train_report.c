/* Lines on stderr for people, JSON lines in the log and one result on stdout; a log that goes to
 * stdout ends with the result, and nothing else stands there.
 *
 * A log line is flushed as soon as it is written, so that a log can be followed and a killed run
 * leaves whole lines. A log that cannot be written any more does not stop a training: that would
 * lose the model; it is told once, and the exit code tells it again.
 */
#include "train_report.h"

#include "inputs.h"
#include "output.h"
#include "signals.h"
#include "train_files.h"
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

/* Epochs that get a line of their own, whatever their number; --log has them all. */
enum { SHOWN_EPOCHS = 12 };

/* The log cannot be written any more. */
static int fail_log(const training *t) {
  if (t->log == stdout) return fail_output(errno);
  return fail(EXIT_FAILED, "%s: %s: writing failed: %s%s", settings_origin(t->s, "log").text,
              t->s->log, strerror(errno), t->run_start > 0 ? "; training goes on" : "");
}

/* Writes a JSON value as one line of the log and releases it. */
static void write_log(training *t, json_t *line) {
  if (t->log && t->log_code == EXIT_GOOD) {
    int failed = json_dumpf(line, t->log, JSON_COMPACT | JSON_REAL_PRECISION(9));
    if (failed || fputc('\n', t->log) == EOF || fflush(t->log) != 0) t->log_code = fail_log(t);
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

static int open_log(training *t) {
  const char *path = t->s->log;
  if (!path) return EXIT_GOOD;
  t->log = is_stream(path) ? stdout : fopen(path, "w");
  if (!t->log)
    return fail(EXIT_FAILED, "%s: %s: cannot be written: %s", settings_origin(t->s, "log").text,
                path, strerror(errno));
  write_log(t, start_line(t));
  return t->log_code == EXIT_UNREAD ? EXIT_GOOD
                                    : t->log_code; /* the model is wanted all the same */
}

void report_close_log(training *t) {
  if (t->log && t->log != stdout && fclose(t->log) != 0) t->log_code = EXIT_FAILED;
  t->log = NULL;
}

/* A line that is overwritten as a training goes on; only a terminal shows it well. */
static void draw_line(training *t, const char *text) {
  fprintf(stderr, "\r%-79.79s", text);
  fflush(stderr);
  t->on_line = true;
}

static void erase_line(training *t) {
  if (t->on_line) fprintf(stderr, "\r%79s\r", "");
  t->on_line = false;
}

void report_plan(const training *t) {
  const settings *s = t->s;
  note(s, "network  %s, %zu parameters%s", t->spec_text, ebb_spec_parameters(&t->spec),
       s->model || s->init ? "" : " (a default; --model chooses another)");
  note(s, "training %zu rows, batch %zu, %s, learning rate %g, %s", t->train_rows, t->options.batch,
       ebb_optimizer_name(t->options.optimizer.kind), t->learning_rate,
       ebb_loss_name(t->options.loss));
}

int report_start(training *t) {
  const settings *s = t->s;
  if (ebb_trainer_data_place(t->trainer) == EBB_DATA_HOST)
    note(s,
         "memory   the rows stay on the host%s; blocks of them are uploaded while the device "
         "computes",
         s->data_on == EBB_DATA_AUTO ? ": they do not fit the device" : "");
  files_note_replaced(s);
  t->guess = baseline_find(&t->train, t->valid_rows ? &t->valid : &t->train);
  return open_log(t);
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

/* The first, the last, and others at even distances between. */
static bool is_shown(const ebb_report *r) {
  size_t lines = SHOWN_EPOCHS - 1;
  return r->epochs <= SHOWN_EPOCHS || r->epoch == 1 ||
         r->epoch * lines / r->epochs > (r->epoch - 1) * lines / r->epochs;
}

static void print_epoch(training *t, const ebb_report *r) {
  char text[256];
  describe(text, sizeof text, r);
  append(text, sizeof text, ", %.0f samples/s", r->samples_per_second);
  erase_line(t);
  t->shown = r->epoch;
  note(t->s, "epoch    %zu/%zu%s", r->epoch, r->epochs, text);
}

/* Ten times a second are enough: short epochs are over in less. */
static void print_progress(training *t, const ebb_report *r) {
  if (t->s->quiet || isatty(STDERR_FILENO) != 1 || !isfinite(r->samples_per_second)) return;
  double now = report_clock();
  if (now - t->drawn < 0.1) return;
  t->drawn = now;
  char text[128];
  double left = r->seconds * (double)(r->steps - r->step) / (double)r->step;
  snprintf(text, sizeof text,
           "epoch %zu/%zu, step %llu/%llu, loss %.5g, %.0f samples/s, %.0f s left", r->epoch,
           r->epochs, (unsigned long long)r->step, (unsigned long long)r->steps, r->train_loss,
           r->samples_per_second, left);
  draw_line(t, text);
}

/* Drivers compile when a program is built, or when a kernel is first run: only when the first step
 * and an evaluation are done has all of it been waited for. */
static void note_first_step(training *t, const ebb_report *r) {
  if (t->first_step > 0) return;
  signals_keep("the model is saved after this step; a second signal ends at once");
  profile_first_step(t, r);
  t->first_step = t->run_start - t->opened + r->first_step_seconds;
  t->ready = report_clock() - t->opened;
  ebb_counters counters = ebb_device_counters(t->device);
  if (counters.programs_cached == 0)
    note(t->s, "kernels  first step after %.2f s, all kernels ready after %.2f s", t->first_step,
         t->ready);
  else
    note(t->s,
         "kernels  first step after %.2f s, all kernels ready after %.2f s: %llu compiled, "
         "%llu from the cache",
         t->first_step, t->ready, (unsigned long long)counters.programs_built,
         (unsigned long long)counters.programs_cached);
}

bool report_progress(const ebb_report *report, void *user) {
  training *t = user;
  note_first_step(t, report);
  t->last = *report;
  if (report->epoch_end) {
    t->finished = report->epoch;
    profile_epoch(t, report->epoch);
    write_log(t, epoch_line(report));
  }
  if (report->epoch_end && is_shown(report))
    print_epoch(t, report);
  else
    print_progress(t, report);
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
  put_number(result, "baseline_accuracy", t->guess.accuracy);
  put_number(result, "baseline_loss", t->guess.loss);
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
  if (t->s->profile) json_object_set_new(result, "profile", profile_json(t));
  return result;
}

static void print_result(const training *t, const char *reason, bool saved) {
  char text[256] = "";
  if (t->last.epoch) describe(text, sizeof text, &t->last);
  printf("%s: %s after %zu epochs%s, %.2f s\n", saved ? t->s->out : "no model saved", reason,
         t->finished, text, t->last.seconds);
}

/* The result in words for those who do not know yet whether it is a good one. */
static void note_result(const training *t) {
  const ebb_report *r = &t->last;
  const baseline *guess = &t->guess;
  bool held_out = t->valid_rows > 0;
  double accuracy = held_out ? r->valid_accuracy : r->train_accuracy;
  double loss = held_out ? r->valid_loss : r->train_loss;
  char rows[64];
  snprintf(rows, sizeof rows, "%zu %s rows", held_out ? t->valid_rows : t->train_rows,
           held_out ? "held-out" : "training");
  if (isfinite(guess->accuracy))
    note(t->s, "result   %.2f %% of %s right; always guessing the commonest class, %.40s: %.2f %%",
         100 * accuracy, rows, ebb_encoder_class(t->encoder, (size_t)guess->guess),
         100 * guess->accuracy);
  else if (isfinite(guess->loss))
    note(t->s, "result   root mean square error %.4g over %s; always guessing the mean: %.4g",
         sqrt(loss), rows, sqrt(guess->loss));
}

/* Where the model is, and what it is for. */
static void note_model(const training *t) {
  const char *path = t->s->out, *quote = strpbrk(path, " \t\"$&();<>|*?~#\\`") ? "'" : "";
  note(t->s, "model    %s", path);
  if (!strchr(path, '\''))
    note(t->s, "next     %s predict %s%s%s --data NEW.csv", tool_name(NULL), quote, path, quote);
}

void report_end_line(training *t) {
  if (t->on_line) fputc('\n', stderr);
  t->on_line = false;
}

/* What stands on stdout is sent off before the last lines on stderr, so that these come last where
 * both are seen together. */
int report_end(training *t, const char *reason, bool saved) {
  bool log_is_result = t->log == stdout;
  int code = EXIT_GOOD;
  if (t->last.epoch_end && t->shown != t->last.epoch) print_epoch(t, &t->last);
  report_end_line(t);
  json_t *line = result_of(t, reason, saved);
  json_object_set_new(line, "type", json_string("end"));
  write_log(t, line);
  report_close_log(t);
  note(t->s, "time     %.2f s training", t->last.seconds);
  if (t->s->json) code = print_json(result_of(t, reason, saved));
  if (!t->s->json && !log_is_result) {
    print_result(t, reason, saved);
    profile_print(t);
  }
  fflush(stdout);
  if (saved && t->last.epoch_end) note_result(t);
  if (saved) note_model(t);
  return code == EXIT_GOOD ? t->log_code : code;
}
