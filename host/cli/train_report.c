/* Reports of a training: lines on stderr for people, JSON lines in the log, and one result on
 * stdout. If the log goes to stdout, it ends with the result and nothing else is printed there.
 *
 * The figures of the result are those of the epoch whose weights are the model, as `ebb eval` would
 * give them.
 */
#include "train_report.h"

#include "clock.h"
#include "inputs.h"
#include "output.h"
#include "signals.h"
#include "train_checkpoint.h"
#include "train_figures.h"
#include "train_files.h"
#include "train_guard.h"
#include "train_log.h"
#include "train_profile.h"
#include "train_schedule.h"
#include "train_scores.h"

#include <math.h>
#include <string.h>
#include <unistd.h>

/* Epochs that get a line of their own, however many there are; --log has all of them. */
enum { SHOWN_EPOCHS = 12 };

/* A line that is overwritten during training, for terminals. */
static void draw_line(training *t, const char *text) {
  fprintf(stderr, "\r%-79.79s", text);
  fflush(stderr);
  t->on_line = true;
}

static void erase_line(training *t) {
  if (t->on_line) fprintf(stderr, "\r%79s\r", "");
  t->on_line = false;
}

void report_end_line(training *t) {
  if (t->on_line) fputc('\n', stderr);
  t->on_line = false;
}

/* The number of epochs, if it was not given. */
static void note_epochs(const training *t) {
  const ebb_train_options *o = &t->options;
  if (t->s->epochs) return;
  if (o->patience > 0)
    note(t->s,
         "epochs   at most %zu (--epochs), until %zu pass without improvement on the validation "
         "rows (--patience)",
         o->epochs, o->patience);
  else
    note(t->s, "epochs   %zu (--epochs)", o->epochs);
}

void report_plan(const training *t) {
  const settings *s = t->s;
  char schedule[SCHEDULE_TEXT];
  schedule_describe(schedule, t);
  note(s, "network  %s, %zu parameters%s", t->spec_text, ebb_spec_parameters(&t->spec),
       s->model || s->init ? "" : " (a default; --model chooses another)");
  note(s, "training %zu rows, batch %zu, %s, learning rate %g%s, %s", t->train_rows,
       t->options.batch, ebb_optimizer_name(t->options.optimizer.kind), t->learning_rate, schedule,
       ebb_loss_text((char[EBB_LOSS_TEXT]){0}, t->options.loss));
  note_epochs(t);
}

int report_start(training *t) {
#define PLACE_NAME(name, text, what) text,
  static const char *const places[] = {EBB_DATA_PLACE_LIST(PLACE_NAME)};
  const settings *s = t->s;
  ebb_data_place place = ebb_trainer_data_place(t->trainer);
  t->data_on = places[place];
  t->unit = figures_unit(t);
  if (place == EBB_DATA_HOST)
    note(s,
         "memory   the rows stay on the host%s; blocks of them are uploaded while the device "
         "computes",
         s->data_on == EBB_DATA_AUTO ? ": they do not fit the device" : "");
  files_note_replaced(s);
  return log_open(t);
}

/* The first, the last, and others evenly spaced between them. */
static bool is_shown(const ebb_report *r) {
  size_t lines = SHOWN_EPOCHS - 1;
  return r->epochs <= SHOWN_EPOCHS || r->epoch == 1 ||
         r->epoch * lines / r->epochs > (r->epoch - 1) * lines / r->epochs;
}

static void print_epoch(training *t, const ebb_report *r) {
  char text[256], rate[48] = "", speed[48] = "";
  figures_describe(text, sizeof text, t, r);
  erase_line(t);
  t->shown = r->epoch;
  if (isfinite(r->samples_per_second))
    snprintf(speed, sizeof speed, ", %.0f samples/s", r->samples_per_second);
  if (schedule_varies(t)) snprintf(rate, sizeof rate, ", learning rate %.4g", r->learning_rate);
  note(t->s, "epoch    %zu/%zu%s%s%s", r->epoch, r->epochs, text, rate, speed);
}

/* At most ten times a second: short epochs take less. */
static void print_progress(training *t, const char *what, const ebb_report *r) {
  bool may_end = t->options.patience > 0 && t->refit.epoch == 0;
  if (t->s->quiet || isatty(STDERR_FILENO) != 1 || !isfinite(r->samples_per_second)) return;
  double now = clock_seconds();
  if (now - t->drawn < 0.1) return;
  t->drawn = now;
  char text[128];
  uint64_t before = t->refit.epoch == 0 ? t->resumed.step : 0;
  double left = r->seconds * (double)(r->steps - r->step) / (double)(r->step - before);
  snprintf(text, sizeof text,
           "%s %zu/%zu, step %llu/%llu, loss %.5g, %.0f samples/s, %s%.0f s left", what, r->epoch,
           r->epochs, (unsigned long long)r->step, (unsigned long long)r->steps, r->train_loss,
           r->samples_per_second, may_end ? "at most " : "", left);
  draw_line(t, text);
}

/* Drivers compile when a program is built or when a kernel first runs, so all compiling is done
 * only after the first step and an evaluation. */
static void note_first_step(training *t, const ebb_report *r) {
  if (t->first_step > 0) return;
  report_keep();
  profile_first_step(t, r);
  t->ready = clock_seconds() - t->opened;
  t->first_step = t->s->resume ? t->ready : t->run_start - t->opened + r->first_step_seconds;
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

void report_keep(void) {
  signals_keep("the model is saved after this step; a second signal ends at once");
}

/* True if the training should continue. */
static bool goes_on(training *t) {
  double limit = t->s->time_limit;
  if (signals_caught())
    t->stop = STOP_SIGNAL;
  else if (clock_seconds() - t->begun >= limit) /* false without a limit, which is then NaN */
    t->stop = STOP_TIME;
  return t->stop == STOP_NONE;
}

/* Takes over a report's figures, with times summed over all runs. */
static void take_report(training *t, const ebb_report *report) {
  t->last = *report;
  t->last.seconds += t->resumed.seconds;
  if (report->improved) t->best = t->last;
  if (report->epoch_end && report->good_epoch == report->epoch) t->closed = t->last;
  if (report->epoch_end) t->finished = report->epoch;
  t->kept = t->options.keep_best && report->best_epoch > 0 ? &t->best : &t->last;
}

bool report_progress(const ebb_report *report, void *user) {
  training *t = user;
  note_first_step(t, report);
  take_report(t, report);
  if (report->epoch_end) {
    profile_epoch(t, report->epoch);
    log_write(t, log_epoch(t, "epoch", &t->last));
  }
  if (report->epoch_end && is_shown(report))
    print_epoch(t, report);
  else
    print_progress(t, "epoch", report);
  if (!guard_check(t, t->trainer, report)) return false;
  if (report->epoch_end) guard_epoch(t, &t->last);
  checkpoint_write_if_due(t, report);
  return goes_on(t);
}

bool report_refit(const ebb_report *report, training *t, ebb_trainer *trainer) {
  t->refit = *report;
  if (report->epoch_end) log_write(t, log_epoch(t, "refit", report));
  print_progress(t, "refit", report);
  return guard_check(t, trainer, report) && goes_on(t);
}

/* The epoch of the model, and why there were no more epochs. */
static void note_best(const training *t) {
  char figures[160], why[128] = "";
  const ebb_train_options *o = &t->options;
  if (t->last.best_epoch == 0) return;
  if (t->last.stopped_early)
    snprintf(why, sizeof why, "; stopped after %zu epoch%s without a better one (--patience)",
             o->patience, plural(o->patience));
  else if (t->best.epoch == o->epochs && !t->last.converged)
    snprintf(why, sizeof why, "; more epochs may help (--epochs)");
  else if (!o->keep_best)
    snprintf(why, sizeof why, "; the weights of the last one are kept (--patience 0)");
  figures_describe_valid(figures, sizeof figures, t, &t->best);
  note(t->s, "best     epoch %zu of %zu%s%s", t->best.epoch, t->finished, figures, why);
}

static void note_convergence(const training *t) {
  if (t->last.converged)
    note(t->s, "end      %s finds no lower loss after %zu epoch%s",
         ebb_optimizer_name(t->options.optimizer.kind), t->finished, plural(t->finished));
}

void report_search_end(training *t) {
  if (t->last.epoch_end && t->shown != t->last.epoch) print_epoch(t, &t->last);
  report_end_line(t);
  note_convergence(t);
  note_best(t);
}

const char *report_refit_rows(const training *t) {
  return t->test_rows ? "training and validation rows" : "rows";
}

/* The reason for an early end, for the result line. */
static const char *describe_reason(const char *reason) {
  static const char *const words[][2] = {{"numbers", "NaN or Inf"},
                                         {"sentinel", "the device computed wrongly"}};
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (strcmp(reason, words[i][0]) == 0) return words[i][1];
  return reason;
}

static void print_result(const training *t, const char *reason) {
  char figures[256] = "", epoch[64] = "", refit[96] = "";
  bool is_refit = t->refit.epoch > 0;
  if (t->kept->epoch) figures_describe(figures, sizeof figures, t, t->kept);
  if (t->kept->epoch_end && t->kept->epoch != t->finished)
    snprintf(epoch, sizeof epoch, ", %s epoch %zu", is_refit ? "best" : "weights of",
             t->kept->epoch);
  if (is_refit)
    snprintf(refit, sizeof refit, "; refit on all %zu %s", t->train_rows + t->valid_rows,
             report_refit_rows(t));
  say("%s: %s after %zu epoch%s%s%s, %.2f s%s", *t->saved ? t->saved : "no model saved",
      describe_reason(reason), t->finished, plural(t->finished), epoch, figures, t->last.seconds,
      refit);
}

/* The result in words, for users who cannot judge the figures yet. */
static void note_result(const training *t) {
  if (t->scored == 0) return;
  const scored *x = &t->scores[t->scored - 1];
  const ebb_scores *r = &x->scores;
  char rows[64];
  snprintf(rows, sizeof rows, "%zu %s rows", r->rows,
           x->trained_on      ? "training"
           : t->test_rows > 0 ? "test"
                              : "held-out");
  if (r->task == EBB_TASK_CLASSIFICATION)
    note(t->s, "result   %.2f %% of %s right; always guessing the commonest class, %.40s: %.2f %%",
         100 * r->accuracy, rows, ebb_encoder_class(t->encoder, (size_t)r->baseline_class),
         100 * r->baseline_accuracy);
  else if (x->labels)
    note(
        t->s,
        "result   %.2f %% of the answers for %s right, ROC AUC %.4g, both the mean of %zu target%s",
        100 * x->mean.accuracy, rows, x->mean.roc_auc, r->outputs, plural(r->outputs));
  else if (r->outputs == 1)
    note(t->s,
         "result   root mean square error %.4g over %s, r2 %.4g; always guessing the mean: %.4g",
         r->mean.rmse, rows, r->mean.r2, r->mean.baseline_rmse);
  else
    note(t->s,
         "result   r2 %.4g over %s, the mean of %zu targets; 1 is perfect, 0 no better than always "
         "guessing the mean",
         r->mean.r2, rows, r->outputs);
}

/* What the model is, and what the figures refer to. */
static void note_refit(const training *t) {
  if (t->refit.epoch > 0)
    note(t->s,
         "refit    the model is a new one, trained on all %zu %s for %zu epoch%s; the figures are "
         "those of the search, for which %zu rows were held out",
         t->train_rows + t->valid_rows, report_refit_rows(t), t->refit.epoch,
         plural(t->refit.epoch), t->valid_rows + t->test_rows);
}

/* Where the model is, and how to use it. */
static void note_model(const training *t) {
  if (t->s->quiet) return;
  note(t->s, "model    %s", t->saved);
  fputs("next     ", stderr);
  shell_word(stderr, tool_name(NULL));
  fputs(" predict ", stderr);
  shell_word(stderr, t->saved);
  fputs(" --data NEW.csv\n", stderr);
}

/* Flushes stdout before the last lines on stderr, so that these come last if both go to the same
 * place. */
int report_end(training *t, const char *reason) {
  bool log_is_result = t->log == stdout;
  int code = EXIT_GOOD;
  json_t *line = log_result(t, reason);
  put(line, "type", json_string("end"));
  log_write(t, line);
  log_close(t);
  note(t->s, "time     %.2f s training", t->last.seconds);
  if (t->s->json) code = print_json(log_result(t, reason));
  if (!t->s->json && !log_is_result) {
    print_result(t, reason);
    profile_print(t);
  }
  fflush(stdout);
  train_scores_note(t);
  if (t->stop != STOP_NONE) checkpoint_note(t);
  if (!*t->saved) return code == EXIT_GOOD ? t->log_code : code;
  note_result(t);
  note_refit(t);
  note_model(t);
  return code == EXIT_GOOD ? t->log_code : code;
}
