/* Running epochs: steps are queued by the hundred, the sums read once an epoch.
 *
 * The device itself refuses values that are not finite and freezes the weights (kernels/update.h),
 * so the host may look late: what it finds then is the first bad step and parameter. It restores
 * the weights of the last epoch that ended well, or of the best one.
 *
 * The best weights are kept by a copy on the device, where they change places with the latest ones
 * when a run ends: the optimizer's moments belong to the latest, and only from these can a later
 * run go on as one longer run would.
 */
#include "base/error.h"
#include "train.h"

#include <ebb/profile.h>
#include <math.h>
#include <time.h>

/* Steps queued before the host looks at the sums, in epochs longer than that. */
enum { LOOK_STEPS = 1000 };

static double seconds_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static ebb_status copy_weights(ebb_tensor *to, const ebb_tensor *from) {
  return ebbi_buffer_copy(to->buffer, from->buffer, to->cols * sizeof(float));
}

/* Gives the network the best weights; the latest ones wait to be gone on from. */
static ebb_status park(ebb_trainer *trainer) {
  ebb_tensor *parameters = trainer->network->parameters;
  if (!trainer->options.keep_best || trainer->best.epoch == 0 || trainer->parked) return EBB_OK;
  TRY(copy_weights(trainer->latest, parameters));
  trainer->parked = true;
  return copy_weights(parameters, trainer->good);
}

static ebb_status unpark(ebb_trainer *trainer) {
  if (!trainer->parked) return EBB_OK;
  trainer->parked = false;
  return copy_weights(trainer->network->parameters, trainer->latest);
}

ebb_status ebb_trainer_step(ebb_trainer *trainer, size_t steps) {
  REQUIRE(trainer && !trainer->broken, EBB_ERR_ARGUMENT,
          "ebb_trainer_step: the trainer is NULL or met NaN or Inf");
  TRY(unpark(trainer));
  for (size_t done = 0, flushed = 0; done < steps;) {
    size_t slot, room, left = steps - done;
    TRY(ebbi_feed_enter(&slot, &room, &trainer->feed));
    bool burst = trainer->bursts[slot] && (left < room ? left : room) >= EBBI_BURST;
    TRY(ebbi_sequence_run(burst ? trainer->bursts[slot] : trainer->sequences[slot]));
    TRY(ebbi_feed_advance(&trainer->feed, burst ? EBBI_BURST : 1));
    done += burst ? EBBI_BURST : 1;
    if (done - flushed >= LOOK_STEPS || done == steps) {
      TRY(ebbi_device_flush(trainer->network->device));
      flushed = done;
    }
  }
  return EBB_OK;
}

ebb_status ebb_trainer_set_learning_rate(ebb_trainer *trainer, float learning_rate) {
  REQUIRE(trainer && isfinite(learning_rate) && learning_rate >= 0, EBB_ERR_ARGUMENT,
          "ebb_trainer_set_learning_rate: %g is not a number from 0 on", learning_rate);
  ebb_state state;
  TRY(ebb_tensor_download(&state, trainer->pass->state));
  state.learning_rate = learning_rate;
  return ebb_tensor_upload(trainer->pass->state, &state);
}

/* Waits for the queue, reads the state, and ends the training if something is not finite. The state
 * knows which step is next, after an error too. */
static ebb_status look(ebb_state *state, ebb_trainer *trainer) {
  TRY(ebbi_feed_settle(&trainer->feed));
  TRY(ebb_tensor_download(state, trainer->pass->state));
  TRY(ebbi_feed_seek(&trainer->feed, state->epoch, state->done - state->epoch_first));
  if (state->bad_step == EBB_STATE_NONE && state->bad_parameter == EBB_STATE_NONE) {
    trainer->epochs_done = state->epoch;
    return EBB_OK;
  }
  trainer->broken = true;
  ebb_status status = ebbi_report_bad_numbers(trainer, state);
  TRY(copy_weights(trainer->network->parameters, trainer->good));
  return status;
}

/* A run under way. */
typedef struct run {
  ebb_trainer *trainer;
  ebb_state state;
  ebb_report report;
  ebb_report_callback callback;
  void *user;
  double start; /* later by what compiling has taken */
  bool go_on;   /* the callback has not asked to stop */
} run;

/* The sums of an epoch so far, as a report. */
static void fill_report(run *r, size_t old_rows, double seconds) {
  ebb_report *report = &r->report;
  ebb_metrics metrics = ebbi_state_metrics(&r->state, r->trainer->options.loss);
  size_t rows = metrics.rows - old_rows;
  report->step = r->state.done;
  report->train_loss = metrics.loss;
  report->train_accuracy = metrics.accuracy;
  report->valid_loss = report->valid_accuracy = report->valid_r2 = NAN;
  report->improved = report->stopped_early = false;
  report->samples_per_second = rows > 0 ? (double)rows / seconds : NAN;
}

static void call_back(run *r, bool epoch_end) {
  r->report.seconds = seconds_now() - r->start;
  r->report.epoch_end = epoch_end;
  if (r->callback) r->go_on = r->callback(&r->report, r->user);
}

/* The kernels of evaluations: users wait for them, but they are no measure of the steps. */
static ebb_status compile_evaluation(run *r) {
  if (r->trainer->valid.pass) TRY(ebbi_evaluator_compile(&r->trainer->valid));
  r->start = seconds_now();
  return EBB_OK;
}

/* The very first step, which waits for its own kernels, and then those of evaluations. */
static ebb_status take_first_step(run *r) {
  TRY(ebb_trainer_step(r->trainer, 1));
  TRY(look(&r->state, r->trainer));
  r->report.first_step_seconds = seconds_now() - r->start;
  fill_report(r, r->state.rows, 0);
  return compile_evaluation(r);
}

/* The steps of the rest of the epoch, unless the callback asks to stop within it. */
static ebb_status run_steps(run *r) {
  ebb_trainer *trainer = r->trainer;
  size_t steps_done = r->state.done - r->state.epoch_first; /* after ebb_trainer_step, or a stop */
  size_t left = trainer->epoch_steps - steps_done, old_rows = steps_done ? r->state.rows : 0;
  if (r->state.done == 0) {
    TRY(take_first_step(r));
    old_rows = r->state.rows;
    if (--left > 0) call_back(r, false);
  }
  double start = seconds_now();
  while (left > 0 && r->go_on) {
    size_t steps = left < LOOK_STEPS ? left : LOOK_STEPS;
    TRY(ebb_trainer_step(trainer, steps));
    TRY(look(&r->state, trainer));
    left -= steps;
    fill_report(r, old_rows, seconds_now() - start);
    if (left > 0) call_back(r, false);
  }
  return EBB_OK;
}

static void report_best(ebb_report *report, const ebbi_best *best) {
  report->best_epoch = best->epoch;
  report->best_loss = best->loss;
  report->best_accuracy = best->accuracy;
}

/* Validation, and whether the epoch is the best. */
static ebb_status validate(ebb_trainer *trainer, ebb_report *report) {
  ebb_metrics metrics;
  double start = seconds_now();
  TRY(ebbi_evaluator_run(&metrics, &trainer->valid));
  ebb_profile_phase(trainer->network->device, "evaluation", start);
  report->valid_loss = metrics.loss;
  report->valid_accuracy = metrics.accuracy;
  report->valid_r2 = metrics.r2;
  report->improved =
      ebbi_best_judge(&trainer->best, &trainer->options, trainer->epochs_done, &metrics);
  report_best(report, &trainer->best);
  return EBB_OK;
}

/* Out of patience? */
static bool has_waited(const ebb_trainer *trainer) {
  size_t patience = trainer->options.patience;
  return patience > 0 && trainer->best.behind >= patience;
}

/* Closes an epoch: validation, and its weights kept if they are good, with keep_best if they are
 * the best. Weights that are finite can still be of no use on other rows than those of the last
 * step. */
static ebb_status close_epoch(ebb_trainer *trainer, ebb_report *report) {
  if (trainer->valid.pass) TRY(validate(trainer, report));
  report->stopped_early = has_waited(trainer);
  bool good = !trainer->valid.pass || isfinite(report->valid_loss);
  if (trainer->options.keep_best ? !report->improved : !good) return EBB_OK;
  trainer->good_epoch = trainer->epochs_done;
  return copy_weights(trainer->good, trainer->network->parameters);
}

ebb_status ebb_trainer_run(ebb_trainer *trainer, ebb_report_callback callback, void *user) {
  REQUIRE(trainer, EBB_ERR_ARGUMENT, "ebb_trainer_run: the trainer is NULL");
  REQUIRE(!trainer->broken, EBB_ERR_NUMBERS,
          "ebb_trainer_run: this training met NaN or Inf; make a new trainer");
  run r = {.trainer = trainer,
           .callback = callback,
           .user = user,
           .start = seconds_now(),
           .go_on = true};
  TRY(look(&r.state, trainer));
  if (r.state.done > 0) TRY(compile_evaluation(&r)); /* steps have been queued without a run */
  size_t last = trainer->epochs_done + trainer->options.epochs;
  if (has_waited(trainer)) trainer->best.behind = 0;
  r.report = (ebb_report){.epochs = last, .steps = (uint64_t)last * trainer->epoch_steps};
  report_best(&r.report, &trainer->best);
  while (trainer->epochs_done < last && r.go_on && !r.report.stopped_early) {
    r.report.epoch = trainer->epochs_done + 1;
    TRY(run_steps(&r));
    if (!r.go_on) break;
    TRY(close_epoch(trainer, &r.report));
    call_back(&r, true);
  }
  return park(trainer);
}
