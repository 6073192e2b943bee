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
#include "train_defaults.h"
#include "train_files.h"
#include "train_log.h"
#include "train_network.h"
#include "train_profile.h"
#include "train_refit.h"
#include "train_report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Without validation rows, refuses the options that are about the best epoch. */
static int refuse_search(const settings *s) {
  static const char *const names[] = {"patience", "min-delta", "monitor"};
  const char *given = s->refit ? "refit" : NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (settings_named(s, names[i])) given = names[i];
  if (!given) return EXIT_GOOD;
  return fail(EXIT_USAGE,
              "%s: the best epoch is found by validation rows, and there are none by %s %s",
              settings_origin(s, given).text, settings_origin(s, "valid").text, s->valid);
}

/* Reads --valid: a fraction, or the name of a file, whatever is not a number. */
static int choose_split(training *t, bool *from_file) {
  const settings *s = t->s;
  char *end;
  double fraction = strtod(s->valid, &end);
  *from_file = *end != '\0';
  t->split = (ebb_split){.last = s->split == SPLIT_LAST, .seed = s->seed};
  if (*from_file && !is_stream(s->valid) && access(s->valid, R_OK) != 0)
    return fail(EXIT_INPUT, "%s: \"%s\" is no fraction such as 0.2, and no file to be read: %s",
                settings_origin(s, "valid").text, s->valid, strerror(errno));
  if (*from_file && s->refit)
    return fail(EXIT_USAGE,
                "%s: the rows of %s cannot be joined with those of %s: put them into one file, or "
                "train on that with --valid 0 and the --epochs found",
                settings_origin(s, "refit").text, s->valid, s->data);
  if (*from_file) return EXIT_GOOD;
  if (!(fraction >= 0 && fraction < 1))
    return fail(EXIT_USAGE,
                "%s: \"%s\" is neither a fraction from 0 to below 1, such as 0.2, nor a file",
                settings_origin(s, "valid").text, s->valid);
  t->split.valid = fraction;
  if (s->valid_labels)
    return fail(EXIT_USAGE, "%s: belongs to a file given by --valid",
                settings_origin(s, "valid-labels").text);
  return fraction > 0 ? EXIT_GOOD : refuse_search(s);
}

static int require_targets(const ebb_table *table, const char *path, const char *option) {
  if (ebb_table_has_target(table)) return EXIT_GOOD;
  return fail(EXIT_INPUT, "%s: has no targets to learn from; give their file by %s", path, option);
}

/* Reads the file that --valid names as rows for the training's encoder. */
static int read_valid_file(training *t) {
  settings there = *t->s;
  there.data = t->s->valid;
  there.labels = t->s->valid_labels;
  int code = read_table(&t->valid_table, &there, t->encoder);
  if (code == EXIT_GOOD) code = require_targets(t->valid_table, t->s->valid, "--valid-labels");
  if (code != EXIT_GOOD) return code;
  t->valid_rows = ebb_table_rows(t->valid_table);
  return fail_status(ebb_encoder_apply(&t->valid, t->encoder, t->valid_table, NULL, t->valid_rows));
}

static int read_data(training *t) {
  bool from_file;
  int code = choose_split(t, &from_file);
  if (code == EXIT_GOOD) code = read_table(&t->table, t->s, NULL);
  if (code == EXIT_GOOD) code = require_targets(t->table, t->s->data, "--labels");
  if (code != EXIT_GOOD) return code;
  size_t rows = ebb_table_rows(t->table);
  t->order = calloc(rows ? rows : 1, sizeof *t->order);
  if (!t->order) return fail(EXIT_FAILED, "no memory for %zu rows", rows);
  ebb_status status = ebb_table_split(t->order, &t->train_rows, t->table, &t->split);
  if (status != EBB_OK) return fail_status(status);
  t->valid_rows = rows - t->train_rows;
  ebb_encoder_options options = {.no_scale = t->s->no_scale, .missing = (ebb_missing)t->s->missing};
  status = ebb_encoder_fit(&t->encoder, t->table, t->order, t->train_rows, &options);
  if (status == EBB_OK && ebb_encoder_task(t->encoder) == EBB_TASK_CLASSIFICATION &&
      ebb_encoder_outputs(t->encoder) < 2)
    return fail(EXIT_INPUT, "%s: all rows are of one class, \"%s\": there is nothing to learn",
                t->s->data, ebb_encoder_class(t->encoder, 0));
  if (status == EBB_OK)
    status = ebb_encoder_apply(&t->train, t->encoder, t->table, t->order, t->train_rows);
  if (status == EBB_OK && t->valid_rows)
    status =
        ebb_encoder_apply(&t->valid, t->encoder, t->table, t->order + t->train_rows, t->valid_rows);
  if (status == EBB_OK && from_file) return read_valid_file(t);
  return fail_status(status);
}

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
  return choose_optimizer(&o->optimizer, &t->learning_rate, s);
}

/* Batch, rate, epochs and patience. With --epochs alone all epochs are run. */
static void choose_amounts(training *t) {
  const settings *s = t->s;
  ebb_train_options *o = &t->options;
  train_defaults d = train_defaults_for(&(train_facts){
      .rows = t->train_rows,
      .valid_rows = t->valid_rows,
      .optimizer = o->optimizer.kind,
      .batch = s->batch,
  });
  bool patience_given = settings_named(s, "patience");
  if (isnan(s->lr)) t->learning_rate = d.learning_rate;
  o->learning_rate = (float)t->learning_rate;
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
  if (code == EXIT_GOOD) code = read_data(t);
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
  ebb_model model = {
      .network = t->network, .encoder = t->encoder, .loss = t->options.loss, .split = t->split};
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
  bool over = t->finished == t->options.epochs || t->last.stopped_early;
  int refit = t->s->refit && over ? refit_run(t) : EXIT_GOOD;
  code = save(t);
  if (code != EXIT_GOOD) return code;
  int traced = profile_write_trace(t);
  bool stopped = signals_caught() && (!over || refit != EXIT_GOOD);
  code = report_end(t, stopped ? "stopped" : "finished", true);
  const int codes[] = {refit, code, profiled, traced};
  for (size_t i = 0; i < sizeof codes / sizeof *codes && !stopped; i++)
    if (codes[i] != EXIT_GOOD) return codes[i];
  return stopped ? EXIT_SIGNAL + signals_caught() : EXIT_GOOD;
}

static void clear(training *t) {
  log_close(t);
  ebb_trainer_free(t->trainer);
  ebb_network_free(t->network);
  ebb_device_free(t->device);
  ebb_dataset_clear(&t->train);
  ebb_dataset_clear(&t->valid);
  ebb_encoder_free(t->encoder);
  free(t->order);
  ebb_table_free(t->table);
  ebb_table_free(t->valid_table);
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
