/* `ebb train`: table, split, encoder, network, trainer, model file, in this order.
 *
 * All problems with files and options are found before the first step, including a model path that
 * cannot be written. The file there is touched only by the final rename, so a failed training
 * leaves an older model intact.
 */
#include "clock.h"
#include "commands.h"
#include "config_print.h"
#include "inputs.h"
#include "output.h"
#include "signals.h"
#include "train_checkpoint.h"
#include "train_data.h"
#include "train_end.h"
#include "train_files.h"
#include "train_find_rate.h"
#include "train_guard.h"
#include "train_log.h"
#include "train_network.h"
#include "train_profile.h"
#include "train_report.h"
#include "train_schedule.h"
#include "train_scores.h"
#include "train_update.h"
#include "watch.h"

/* The trainer's options that depend on neither the data nor a default. */
static int choose_options(training *t) {
  const settings *s = t->s;
  ebb_train_options *o = &t->options;
  *o = (ebb_train_options)EBB_TRAIN_OPTIONS_INIT;
  o->seed = s->seed;
  o->shuffle = !s->no_shuffle;
  o->step = (ebb_step_form)s->step;
  o->data_on = (ebb_data_place)s->data_on;
  o->monitor = (ebb_monitor)s->monitor;
  o->min_delta = s->min_delta;
  o->look_steps = checkpoint_report_steps(s);
  int code = choose_optimizer(&o->optimizer, &t->learning_rate, s);
  o->learning_rate = (float)t->learning_rate;
  return code == EXIT_GOOD ? schedule_check(s) : code;
}

/* All training rows where the optimizer needs the gradients of all, unless another batch is asked
 * for. */
static size_t choose_batch(const training *t) {
  const settings *s = t->s;
  ebb_optimizer_kind kind = t->options.optimizer.kind;
  if (!ebb_optimizer_is_full_batch(kind)) return s->batch;
  if (s->batch == 0)
    note(s,
         "note     %s compares gradients of all rows: a batch is all %zu training rows (--batch)",
         ebb_optimizer_name(kind), t->train_rows);
  else if (s->batch < t->train_rows)
    remark(
        "warning  %s compares the gradients of successive steps, which mean little in batches of "
        "%zu of %zu rows; leave --batch out for all rows, or use another --optimizer",
        ebb_optimizer_name(kind), s->batch, t->train_rows);
  return s->batch ? s->batch : t->train_rows;
}

/* Batch, epochs and patience. With only --epochs, all epochs are run. */
static void choose_amounts(training *t) {
  const settings *s = t->s;
  ebb_train_options *o = &t->options;
  ebb_train_amounts d = ebb_train_amounts_for(t->train_rows, t->valid_rows, choose_batch(t));
  bool patience_given = settings_named(s, "patience");
  o->batch = d.batch;
  o->update.accumulate = s->accumulate;
  o->epochs = s->epochs ? s->epochs : d.epochs;
  o->patience = patience_given ? s->patience : s->epochs ? 0 : d.patience;
  o->keep_best = t->valid_rows > 0 && (o->patience > 0 || !patience_given);
}

/* Loss and task. Checks that epochs can be compared in the requested way. */
static int choose_measure(training *t) {
  const settings *s = t->s;
  int code = choose_loss(&t->options.loss, s, ebb_encoder_task(t->encoder));
  if (code == EXIT_GOOD && t->options.monitor == EBB_MONITOR_ACCURACY &&
      !ebb_loss_has_accuracy(t->options.loss.kind))
    return fail(EXIT_USAGE, "%s: accuracy is of classes; this is a regression, which has the loss",
                settings_origin(s, "monitor").text);
  return code;
}

/* Everything that is decided without a device. */
static int choose(training *t) {
  int code = t->own->in_sections ? EXIT_GOOD : choose_options(t); /* before long reading */
  if (code == EXIT_GOOD) code = data_read(t);
  if (code == EXIT_GOOD) code = settings_take_task(t->own, (int)ebb_encoder_task(t->encoder));
  if (code == EXIT_GOOD) code = choose_options(t);
  if (code == EXIT_GOOD) choose_amounts(t);
  if (code == EXIT_GOOD) code = schedule_choose(t);
  if (code == EXIT_GOOD) code = choose_measure(t);
  if (code == EXIT_GOOD) code = network_choose(t);
  if (code == EXIT_GOOD) code = update_choose(t);
  return code;
}

/* Everything up to the first step. */
static int prepare(training *t) {
  int code = checkpoint_begin(t); /* first, since other files may go to the folder it creates */
  if (code == EXIT_GOOD) code = files_check(t->s);
  if (code == EXIT_GOOD) code = choose(t);
  if (code == EXIT_GOOD) code = files_try(t);
  signals_doing("kernels are compiled");
  if (code == EXIT_GOOD) code = open_device(&t->device, t->s);
  t->opened = clock_seconds();
  if (code == EXIT_GOOD) code = profile_begin(t);
  if (code == EXIT_GOOD) report_plan(t);
  if (code == EXIT_GOOD) code = network_build(t, t->s->init && !t->s->resume);
  if (code == EXIT_GOOD) code = guard_test(t);
  if (code == EXIT_GOOD) code = checkpoint_resume(t);
  if (signals_caught()) return EXIT_SIGNAL + signals_caught(); /* already reported */
  if (code == EXIT_GOOD) code = report_start(t);
  if (code == EXIT_GOOD) profile_phase(t, "prepare");
  return code;
}

/* --find-lr: everything up to the network, and the test instead of the training. */
static int find_rate(training *t) {
  int code = find_rate_check(t->s);
  if (code == EXIT_GOOD) code = choose(t);
  if (code == EXIT_GOOD) code = open_device(&t->device, t->s);
  if (code == EXIT_GOOD) report_plan(t);
  if (code == EXIT_GOOD) code = network_create(t, t->s->init);
  if (code == EXIT_GOOD) code = find_rate_run(t);
  return code;
}

/* --print-config: no file is written, and no device is opened. */
static int print_config(training *t) {
  if (!t->s->data) return fail(EXIT_USAGE, "train: --data is missing: the file with the rows");
  int code = check_streams(t->s);
  if (code == EXIT_GOOD) code = choose(t);
  return code == EXIT_GOOD ? config_print(t) : code;
}

static int train(training *t) {
  if (t->s->print_config) return print_config(t);
  if (t->s->find_lr) return find_rate(t);
  int code = prepare(t);
  if (code != EXIT_GOOD) return code;
  t->run_start = clock_seconds();
  return end_training(t, ebb_trainer_run(t->trainer, report_progress, t));
}

static void clear(training *t) {
  watch_end();
  log_close(t);
  checkpoint_clear(t);
  train_scores_clear(t);
  ebb_trainer_free(t->trainer);
  ebb_network_free(t->network);
  ebb_device_free(t->device);
  data_free(t);
}

int train_run(const settings *s) {
  settings own = *s; /* a section of a configuration changes it, once the task is known */
  training t = {.s = &own, .own = &own, .begun = clock_seconds(), .checkpoints.lock = -1};
  t.kept = &t.last;
  outlive_readers();
  signals_doing("the data are read");
  int code = train(&t);
  clear(&t);
  return code;
}
