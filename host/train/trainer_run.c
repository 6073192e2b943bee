/* Runs epochs: steps are queued by the hundred, the sums are read once an epoch.
 *
 * The device refuses values that are not finite and freezes the weights (kernels/update.h), so the
 * host may check late and still learns the first bad step and parameter. It restores the weights of
 * the last epoch that ended well, or of the best one.
 *
 * The best weights are kept as a copy on the device. When a run ends they are exchanged with the
 * latest ones: the optimizer's moments belong to the latest, which a later run needs to continue as
 * one longer run would.
 */
#include "base/clock.h"
#include "base/error.h"
#include "train.h"

#include <ebb/profile.h>
#include <math.h>

/* Default number of steps between reports, and the most by which the wait may grow each time. */
enum { REPORT_STEPS = 1000, PACE_GROWS = 4 };
static const double REPORT_SECONDS = 0.5, SLOW_FLOPS = 1e9;

ebb_status ebbi_trainer_copy(ebb_tensor *to, const ebb_tensor *from) {
  return ebbi_buffer_copy(to->buffer, from->buffer, to->cols * sizeof(float));
}

/* Gives the network the best or averaged weights; the latest ones are kept for the next run. */
static ebb_status park(ebb_trainer *trainer) {
  ebb_tensor *parameters = trainer->network->parameters, *shown = ebbi_trainer_shown(trainer);
  if (!shown || trainer->parked) return EBB_OK;
  TRY(ebbi_trainer_copy(trainer->latest, parameters));
  trainer->parked = true;
  return ebbi_trainer_copy(parameters, shown);
}

static ebb_status unpark(ebb_trainer *trainer) {
  if (!trainer->parked) return EBB_OK;
  trainer->parked = false;
  return ebbi_trainer_copy(trainer->network->parameters, trainer->latest);
}

ebb_status ebb_trainer_step(ebb_trainer *trainer, size_t steps) {
  REQUIRE(trainer && !trainer->broken, EBB_ERR_ARGUMENT,
          "ebb_trainer_step: the trainer is NULL, or its training has failed");
  uint64_t most = (uint64_t)UINT32_MAX * trainer->epoch_steps;
  REQUIRE(trainer->queued < most && steps < most - trainer->queued, EBB_ERR_ARGUMENT,
          "ebb_trainer_step: %lu epochs are the most", (unsigned long)UINT32_MAX);
  TRY(unpark(trainer));
  for (size_t done = 0, flushed = 0; done < steps;) {
    size_t slot, room, left = steps - done;
    TRY(ebbi_feed_enter(&slot, &room, &trainer->feed));
    room = ebbi_trainer_piece_room(trainer, left < room ? left : room);
    bool burst = trainer->bursts[slot] && room >= EBBI_BURST;
    size_t queued = burst ? EBBI_BURST : 1;
    if (trainer->lbfgs)
      TRY(ebbi_lbfgs_step(trainer, slot));
    else
      TRY(ebbi_sequence_run(burst ? trainer->bursts[slot] : trainer->sequences[slot]));
    trainer->queued += queued;
    TRY(ebbi_trainer_advance_piece(trainer));
    TRY(ebbi_feed_advance(&trainer->feed, queued));
    done += queued;
    if (done - flushed >= REPORT_STEPS || done == steps) {
      TRY(ebbi_device_flush(trainer->network->device));
      flushed = done;
    }
  }
  return EBB_OK;
}

/* A run in progress. */
typedef struct run {
  ebb_trainer *trainer;
  ebb_state state;
  ebb_report report;
  ebb_report_callback callback;
  void *user;
  double start; /* moved forward by the time for compiling */
  size_t pace;  /* steps until the next report */
  bool go_on;   /* the callback has not asked to stop */
} run;

/* Fills a report from the epoch's sums so far. */
static void fill_report(run *r, size_t old_rows, double seconds) {
  ebb_report *report = &r->report;
  size_t outputs = ebb_spec_outputs(&r->trainer->network->spec);
  ebb_metrics metrics = ebbi_state_metrics(&r->state, r->trainer->options.loss, outputs,
                                           ebbi_trainer_members(r->trainer));
  size_t rows = metrics.rows - old_rows;
  report->step = r->state.done;
  report->learning_rate = (double)r->state.learning_rate;
  report->train_loss = metrics.loss;
  report->train_accuracy = metrics.accuracy;
  report->valid_loss = report->valid_accuracy = report->valid_r2 = NAN;
  report->improved = report->stopped_early = report->converged = false;
  report->samples_per_second = rows > 0 ? (double)rows / seconds : NAN;
}

static void call_back(run *r, bool epoch_end) {
  r->report.seconds = ebbi_seconds() - r->start;
  r->report.epoch_end = epoch_end;
  if (r->callback) r->go_on = r->callback(&r->report, r->user);
}

/* Returns the evaluator that decides whether an epoch is good. */
static ebbi_evaluator *judge_of(ebb_trainer *trainer) {
  return trainer->valid.pass ? &trainer->valid : &trainer->sample;
}

/* Compiles the kernels of evaluations; users wait for them, but the steps' time excludes it. */
static ebb_status compile_evaluation(run *r) {
  TRY(ebbi_evaluator_compile(judge_of(r->trainer)));
  r->start = ebbi_seconds();
  return EBB_OK;
}

/* Runs the very first step, which waits for its kernels, and compiles those of evaluations. */
static ebb_status take_first_step(run *r) {
  TRY(ebb_trainer_step(r->trainer, 1));
  TRY(ebbi_trainer_read_state(&r->state, r->trainer));
  r->report.first_step_seconds = ebbi_seconds() - r->start;
  fill_report(r, r->state.rows, 0);
  return compile_evaluation(r);
}

/* Steps before the first report: as many as a slow device computes in the time between reports. */
static size_t first_pace(const ebb_trainer *trainer) {
  double parameters = (double)trainer->network->parameters->cols;
  double flops = 6 * parameters * (double)trainer->feed.spec.batch; /* forward, two backward */
  double steps = REPORT_SECONDS * SLOW_FLOPS / flops;
  return steps < 1 ? 1 : steps < REPORT_STEPS ? (size_t)steps : REPORT_STEPS;
}

/* Returns the number of steps from here to the next report. */
static size_t steps_to_report(const run *r, size_t left) {
  size_t most = r->trainer->options.look_steps ? r->trainer->options.look_steps : REPORT_STEPS;
  size_t steps = most - r->state.done % most;
  if (r->pace < steps) steps = r->pace;
  return left < steps ? left : steps;
}

/* Adjusts the pace: `steps` have taken `seconds`. */
static void set_pace(run *r, size_t steps, double seconds) {
  double most = (double)r->pace * PACE_GROWS, pace = REPORT_SECONDS * (double)steps / seconds;
  r->pace = pace < 1 ? 1 : pace < most ? (size_t)pace : (size_t)most;
  if (r->pace > INT32_MAX) r->pace = INT32_MAX;
}

/* Runs the rest of the epoch's steps, unless the callback asks to stop. */
static ebb_status run_steps(run *r) {
  ebb_trainer *trainer = r->trainer;
  size_t steps_done =
      r->state.done - r->state.epoch_first; /* not 0 after ebb_trainer_step or a stop */
  size_t left = trainer->epoch_steps - steps_done, old_rows = steps_done ? r->state.rows : 0;
  if (r->state.done == 0) {
    TRY(take_first_step(r));
    old_rows = r->state.rows;
    if (--left > 0) call_back(r, false);
  }
  double start = ebbi_seconds(), before = start;
  while (left > 0 && r->go_on) {
    size_t steps = steps_to_report(r, left);
    TRY(ebb_trainer_step(trainer, steps));
    TRY(ebbi_trainer_read_state(&r->state, trainer));
    left -= steps;
    double now = ebbi_seconds();
    set_pace(r, steps, now - before);
    before = now;
    fill_report(r, old_rows, now - start);
    if (left > 0) call_back(r, false);
  }
  return EBB_OK;
}

static void report_best(ebb_report *report, const ebbi_best *best) {
  report->best_epoch = best->epoch;
  report->best_loss = best->loss;
  report->best_accuracy = best->accuracy;
}

/* Computes the loss of the current weights, over validation rows if there are any. */
static ebb_status judge(ebb_metrics *metrics, ebb_trainer *trainer) {
  double start = ebbi_seconds();
  TRY(ebbi_evaluator_run(metrics, judge_of(trainer)));
  ebb_profile_phase(trainer->network->device, "evaluation", start);
  trainer->judged = trainer->queued;
  trainer->sound = isfinite(metrics->loss);
  return EBB_OK;
}

static void report_valid(ebb_trainer *trainer, ebb_report *report, const ebb_metrics *metrics) {
  report->valid_loss = metrics->loss;
  report->valid_accuracy = metrics->accuracy;
  report->valid_r2 = metrics->r2;
  report->improved =
      ebbi_best_judge(&trainer->best, &trainer->options, trainer->epochs_done, metrics);
  report_best(report, &trainer->best);
}

/* Returns true if patience is exhausted. */
static bool has_waited(const ebb_trainer *trainer) {
  size_t patience = trainer->options.patience;
  return patience > 0 && trainer->best.behind >= patience;
}

/* Closes an epoch: evaluates it, and keeps its weights if they are good; with keep_best, if they
 * are the best. Finite weights can still be useless if their outputs are not finite. */
static ebb_status close_epoch(ebb_trainer *trainer, ebb_report *report) {
  ebb_metrics metrics;
  TRY(ebbi_average_epoch(trainer));
  TRY(ebbi_average_show(trainer));
  TRY(judge(&metrics, trainer));
  const ebb_metrics *valid = trainer->valid.pass ? &metrics : NULL;
  if (valid) report_valid(trainer, report, valid);
  TRY(ebbi_trainer_judge_plateau(trainer, valid, report->train_loss));
  report->stopped_early = has_waited(trainer);
  report->converged = ebbi_lbfgs_has_converged(trainer);
  if (trainer->options.keep_best ? report->improved : trainer->sound) {
    TRY(ebbi_trainer_copy(trainer->good, trainer->network->parameters));
    trainer->good_epoch = trainer->epochs_done;
  }
  report->good_epoch = trainer->good_epoch;
  return ebbi_average_hide(trainer);
}

/* Leaves the best weights in the network or, if they are good, the averaged or latest ones,
 * including those of a run that was stopped within an epoch. */
static ebb_status choose_final_weights(ebb_trainer *trainer) {
  ebb_metrics metrics;
  TRY(park(trainer));
  if (trainer->options.keep_best && trainer->best.epoch > 0) return EBB_OK;
  if (trainer->judged != trainer->queued) TRY(judge(&metrics, trainer));
  if (trainer->sound || trainer->queued == 0) return EBB_OK;
  return ebbi_trainer_end_bad(trainer, ebbi_report_bad_loss(trainer));
}

/* A resumed run keeps its beginning, its patience and its end. */
static ebb_status begin(run *r) {
  ebb_trainer *trainer = r->trainer;
  TRY(ebbi_trainer_read_state(&r->state, trainer));
  if (r->state.done > 0) TRY(compile_evaluation(r)); /* steps were queued without a run */
  if (!trainer->resumed) trainer->run_first = trainer->epochs_done;
  if (!trainer->resumed && has_waited(trainer)) trainer->best.behind = 0;
  bool converged = trainer->resumed && ebbi_lbfgs_has_converged(trainer);
  trainer->resumed = false;
  REQUIRE(trainer->options.epochs < UINT32_MAX - trainer->run_first, EBB_ERR_ARGUMENT,
          "ebb_trainer_run: %zu epochs after %zu; %lu in all are the most", trainer->options.epochs,
          trainer->run_first, (unsigned long)UINT32_MAX);
  size_t last = trainer->run_first + trainer->options.epochs;
  r->report = (ebb_report){.epochs = last,
                           .steps = (uint64_t)last * trainer->epoch_steps,
                           .good_epoch = trainer->good_epoch,
                           .stopped_early = has_waited(trainer),
                           .converged = converged};
  report_best(&r->report, &trainer->best);
  return EBB_OK;
}

ebb_status ebb_trainer_run(ebb_trainer *trainer, ebb_report_callback callback, void *user) {
  REQUIRE(trainer, EBB_ERR_ARGUMENT, "ebb_trainer_run: the trainer is NULL");
  REQUIRE(!trainer->broken, EBB_ERR_NUMBERS,
          "ebb_trainer_run: this training has failed; make a new trainer");
  run r = {.trainer = trainer,
           .callback = callback,
           .user = user,
           .start = ebbi_seconds(),
           .pace = first_pace(trainer),
           .go_on = true};
  TRY(begin(&r));
  while (trainer->epochs_done < r.report.epochs && r.go_on && !r.report.stopped_early &&
         !r.report.converged) {
    r.report.epoch = trainer->epochs_done + 1;
    TRY(run_steps(&r));
    if (!r.go_on) break;
    TRY(close_epoch(trainer, &r.report));
    call_back(&r, true);
  }
  return choose_final_weights(trainer);
}
