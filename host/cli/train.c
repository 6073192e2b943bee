/* `ebb train`: table, split, encoder, network, trainer, model file, in this order.
 *
 * Everything that can be wrong with files and options is found before the first step, also that
 * the model cannot be written where it is wanted; and the file there is touched only by the final
 * rename, so a failed training leaves an older model as it was.
 */
#include "commands.h"
#include "inputs.h"
#include "output.h"
#include "signals.h"
#include "train_data.h"
#include "train_defaults.h"
#include "train_files.h"
#include "train_log.h"
#include "train_network.h"
#include "train_profile.h"
#include "train_refit.h"
#include "train_report.h"
#include "train_scores.h"

#include <stdlib.h>

/* The options of the trainer that neither the data nor a default decides. */
static int choose_options(training *t) {
  const settings *s = t->s;
  ebb_train_options *o = &t->options;
  *o = ebb_train_options_default();
  o->seed = s->seed;
  o->shuffle = !s->no_shuffle;
  o->step = (ebb_step_form)s->step;
  o->data_on = (ebb_data_place)s->data_on;
  o->monitor = (ebb_monitor)s->monitor;
  o->min_delta = s->min_delta;
  int code = choose_optimizer(&o->optimizer, &t->learning_rate, s);
  o->learning_rate = (float)t->learning_rate;
  return code;
}

/* Batch, epochs and patience. With --epochs alone all epochs are run. */
static void choose_amounts(training *t) {
  const settings *s = t->s;
  ebb_train_options *o = &t->options;
  train_defaults d = train_defaults_for(&(train_facts){
      .rows = t->train_rows,
      .valid_rows = t->valid_rows,
      .batch = s->batch,
  });
  bool patience_given = settings_named(s, "patience");
  o->batch = d.batch;
  o->epochs = s->epochs ? s->epochs : d.epochs;
  o->patience = patience_given ? s->patience : s->epochs ? 0 : d.patience;
  o->keep_best = t->valid_rows > 0 && (o->patience > 0 || !patience_given);
}

/* Loss and task, and whether epochs can be compared as they are to be. */
static int choose_measure(training *t) {
  const settings *s = t->s;
  int code = choose_loss(&t->options.loss, s, ebb_encoder_task(t->encoder));
  if (code == EXIT_GOOD && t->options.monitor == EBB_MONITOR_ACCURACY &&
      t->options.loss != EBB_LOSS_CROSS_ENTROPY)
    return fail(EXIT_USAGE, "%s: accuracy is of classes; this is a regression, which has the loss",
                settings_origin(s, "monitor").text);
  return code;
}

static int prepare(training *t) {
  int code = files_check(t->s);
  if (code == EXIT_GOOD) code = choose_options(t);
  if (code == EXIT_GOOD) code = data_read(t);
  if (code == EXIT_GOOD) choose_amounts(t);
  if (code == EXIT_GOOD) code = choose_measure(t);
  if (code == EXIT_GOOD) code = network_choose(t);
  signals_doing("kernels are compiled");
  if (code == EXIT_GOOD) code = open_device(&t->device, t->s);
  t->opened = report_clock();
  if (code == EXIT_GOOD) code = profile_begin(t);
  if (code == EXIT_GOOD) report_plan(t);
  if (code == EXIT_GOOD) code = network_build(t);
  if (signals_caught()) return EXIT_SIGNAL + signals_caught(); /* which has been told */
  if (code == EXIT_GOOD) code = report_start(t);
  if (code == EXIT_GOOD) profile_phase(t, "prepare");
  return code;
}

static int save(training *t) {
  ebb_model model = {.network = t->network,
                     .encoder = t->encoder,
                     .loss = t->options.loss,
                     .split = t->split,
                     .fingerprint = ebb_table_fingerprint(t->table)};
  t->phase_start = report_clock();
  int code = fail_status(ebb_model_save(&model, t->s->out));
  profile_phase(t, "save model");
  return code;
}

/* NaN or Inf: the network is back at its best or last good epoch. That is worth saving if there was
 * one; without it an older model at --out is better than random weights. */
static int end_by_numbers(training *t, const char *message) {
  bool keep = t->valid_rows ? t->last.best_epoch > 0 : t->finished > 0;
  if (keep && t->kept == &t->last) t->kept = &t->closed;
  fail(EXIT_NUMBERS, "%s (%s); %s%s", message, settings_origin(t->s, "lr").text,
       keep ? "the model of that epoch is kept in " : "no epoch was good, so no model is saved",
       keep ? t->s->out : "");
  report_search_end(t);
  if (keep) train_scores_make(t);
  int code = keep ? save(t) : EXIT_GOOD;
  profile_write_trace(t);
  report_end(t, "numbers", keep && code == EXIT_GOOD);
  return EXIT_NUMBERS;
}

/* All weights were finite, and none of use. */
static int end_by_loss(training *t) {
  char message[224];
  snprintf(
      message, sizeof message,
      "training: the loss over the %zu validation rows was NaN or Inf after each of %zu epochs; "
      "try a lower learning rate than %g",
      t->valid_rows, t->finished, t->learning_rate);
  report_end_line(t);
  return end_by_numbers(t, message);
}

static int train(training *t) {
  char message[4096];
  int code = prepare(t);
  if (code != EXIT_GOOD) return code;
  t->run_start = report_clock();
  ebb_status status = ebb_trainer_run(t->trainer, report_progress, t);
  snprintf(message, sizeof message, "%s", ebb_error_message());
  if (status != EBB_OK) report_end_line(t);
  int profiled = profile_end(t);
  if (status == EBB_ERR_NUMBERS) return end_by_numbers(t, message);
  if (status != EBB_OK) return fail(exit_code(status), "%s", message);
  if (t->valid_rows && t->finished > 0 && t->last.best_epoch == 0) return end_by_loss(t);
  report_search_end(t);
  int judged = train_scores_make(t);
  bool over = t->finished == t->options.epochs || t->last.stopped_early;
  int refit = t->s->refit && over ? refit_run(t) : EXIT_GOOD;
  code = save(t);
  if (code != EXIT_GOOD) return code;
  int traced = profile_write_trace(t);
  bool stopped = signals_caught() && (!over || refit != EXIT_GOOD);
  code = report_end(t, stopped ? "stopped" : "finished", true);
  const int codes[] = {refit, code, judged, profiled, traced};
  for (size_t i = 0; i < sizeof codes / sizeof *codes && !stopped; i++)
    if (codes[i] != EXIT_GOOD) return codes[i];
  return stopped ? EXIT_SIGNAL + signals_caught() : EXIT_GOOD;
}

static void clear(training *t) {
  log_close(t);
  train_scores_clear(t);
  ebb_trainer_free(t->trainer);
  ebb_network_free(t->network);
  ebb_device_free(t->device);
  data_free(t);
}

int train_run(const settings *s) {
  training t = {.s = s};
  t.kept = &t.last;
  outlive_readers();
  signals_doing("the data are read");
  int code = train(&t);
  clear(&t);
  return code;
}
