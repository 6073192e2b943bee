/* Reads the step state and checks it.
 *
 * The host knows how many steps it has queued, so it can predict all that the device counts. A
 * difference is a fault of device or driver, such as a flipped bit. It ends the training at once,
 * since the host's loops depend on these numbers, and no model may result from them.
 */
#include "base/error.h"
#include "train.h"

#include <math.h>
#include <string.h>

#define DEVICE_REPORTS                                                                             \
  "; its memory or its driver is at fault; run `ebb verify`, and the training on another device"

static bool is_finite(const ebb_state *state) {
  return state->bad_step == EBB_STATE_NO_STEP && state->bad_parameter == EBB_STATE_NONE;
}

/* Rows that an epoch has summed after this many of its steps. */
static size_t rows_after(const ebb_trainer *trainer, uint64_t steps) {
  size_t rows = trainer->feed.rows, batch = trainer->feed.spec.batch;
  return steps * batch < rows ? (size_t)steps * batch : rows;
}

/* Checks what holds while all numbers are finite: the device has done what was queued. */
static ebb_status check_steps(const ebb_state *state, const ebb_trainer *trainer) {
  uint64_t in_epoch = state->done - state->epoch_first;
  bool ended =
      in_epoch == 0 && state->done > 0; /* the sums are still those of the previous epoch */
  size_t rows = rows_after(trainer, ended ? trainer->epoch_steps : in_epoch);
  REQUIRE(state->done == trainer->queued, EBB_ERR_DEVICE,
          "training: the device reports %llu steps done of %llu that were queued" DEVICE_REPORTS,
          (unsigned long long)state->done, (unsigned long long)trainer->queued);
  REQUIRE(state->rows == rows, EBB_ERR_DEVICE,
          "training: the device reports %lu rows at step %llu, where there are %zu" DEVICE_REPORTS,
          (unsigned long)state->rows, (unsigned long long)state->done, rows);
  REQUIRE(isfinite(state->loss_sum) && isfinite(state->loss_carry), EBB_ERR_DEVICE,
          "training: the device reports the loss %g at step %llu, and no step with such a "
          "loss" DEVICE_REPORTS,
          (double)state->loss_sum, (unsigned long long)state->done);
  REQUIRE(ebbi_state_hits_possible(state, trainer->options.loss,
                                   ebb_spec_outputs(&trainer->network->spec)),
          EBB_ERR_DEVICE,
          "training: the device reports the weight %g of %lu rows at step %llu, %g of it "
          "right" DEVICE_REPORTS,
          (double)state->weight_sum, (unsigned long)state->rows, (unsigned long long)state->done,
          (double)state->hit_sum);
  return EBB_OK;
}

/* Checks the position in the epochs, which must agree at any time. */
static ebb_status check_place(const ebb_state *state, const ebb_trainer *trainer) {
  uint64_t epoch = state->done / trainer->epoch_steps;
  size_t outputs = ebb_spec_outputs(&trainer->network->spec);
  size_t hits = ebbi_loss_hits(trainer->options.loss, outputs) * ebbi_trainer_members(trainer);
  REQUIRE(
      state->epoch_steps == trainer->epoch_steps && state->epoch == epoch &&
          state->epoch_first == epoch * trainer->epoch_steps,
      EBB_ERR_DEVICE,
      "training: the device reports epoch %lu from step %llu on and %lu steps an epoch, at step "
      "%llu of epochs of %zu steps" DEVICE_REPORTS,
      (unsigned long)state->epoch, (unsigned long long)state->epoch_first,
      (unsigned long)state->epoch_steps, (unsigned long long)state->done, trainer->epoch_steps);
  REQUIRE(state->done <= trainer->queued && state->correct <= state->rows * hits, EBB_ERR_DEVICE,
          "training: the device reports step %llu of %llu, %lu of %lu rows right" DEVICE_REPORTS,
          (unsigned long long)state->done, (unsigned long long)trainer->queued,
          (unsigned long)state->correct, (unsigned long)state->rows);
  return EBB_OK;
}

/* Checks the schedule and the last step's rate, unless that step was before the schedule was set. A
 * step that is not finite is opened again and again, so its rate is not checked. */
static ebb_status check_rate(const ebb_state *state, const ebb_trainer *trainer) {
  const ebb_state_schedule *set = &trainer->piece.set;
  double rate = (double)state->learning_rate, wanted = ebbi_piece_rate(set, state->step);
  REQUIRE(
      memcmp(&state->schedule, set, sizeof *set) == 0, EBB_ERR_DEVICE,
      "training: the device reports the schedule %lu with learning rate %g, must be %lu with %g, "
      "or the schedule's other fields differ" DEVICE_REPORTS,
      (unsigned long)state->schedule.kind, (double)state->schedule.base_rate,
      (unsigned long)set->kind, (double)set->base_rate);
  REQUIRE(isfinite(rate) && rate >= 0, EBB_ERR_DEVICE,
          "training: the device reports the learning rate %g" DEVICE_REPORTS, rate);
  if (state->step <= set->first || !is_finite(state)) return EBB_OK;
  REQUIRE(fabs(rate - wanted) <= ebbi_piece_bound(set, state->step), EBB_ERR_DEVICE,
          "training: the device reports the learning rate %g at step %llu, where %g was "
          "set" DEVICE_REPORTS,
          rate, (unsigned long long)state->step, wanted);
  return EBB_OK;
}

/* Checks the fields that describe numbers that are not finite. */
static ebb_status check_bad(const ebb_state *state, const ebb_trainer *trainer) {
  bool bad_step = state->bad_step != EBB_STATE_NO_STEP;
  bool bad_parameter = state->bad_parameter != EBB_STATE_NONE;
  REQUIRE((!bad_step || state->bad_step <= trainer->queued) &&
              (!bad_parameter || state->bad_parameter < trainer->network->parameters->cols) &&
              state->frozen <= bad_step && state->bad_loss <= bad_step &&
              (!bad_step || bad_parameter || state->bad_loss),
          EBB_ERR_DEVICE,
          "training: the device reports NaN or Inf at step %llu of %llu, in parameter %lu of %zu, "
          "flags %lu and %lu" DEVICE_REPORTS,
          (unsigned long long)state->bad_step, (unsigned long long)trainer->queued,
          (unsigned long)state->bad_parameter, trainer->network->parameters->cols,
          (unsigned long)state->frozen, (unsigned long)state->bad_loss);
  return EBB_OK;
}

ebb_status ebbi_trainer_check(const ebb_state *state, const ebb_trainer *trainer) {
  TRY(check_place(state, trainer));
  TRY(check_rate(state, trainer));
  TRY(check_bad(state, trainer));
  return is_finite(state) ? check_steps(state, trainer) : EBB_OK;
}

ebb_status ebbi_trainer_end_bad(ebb_trainer *trainer, ebb_status why) {
  trainer->broken = true;
  TRY(ebbi_trainer_copy(trainer->network->parameters, trainer->good));
  return why;
}

ebb_status ebbi_trainer_read_state(ebb_state *state, ebb_trainer *trainer) {
  TRY(ebbi_feed_wait(&trainer->feed));
  TRY(ebb_tensor_download(state, trainer->pass->state));
  ebb_status status = ebbi_trainer_check(state, trainer);
  trainer->broken = trainer->broken || status != EBB_OK;
  TRY(status);
  TRY(ebbi_feed_seek(&trainer->feed, state->epoch, state->done - state->epoch_first));
  if (!is_finite(state))
    return ebbi_trainer_end_bad(trainer, ebbi_report_bad_numbers(trainer, state));
  trainer->epochs_done = state->epoch;
  return EBB_OK;
}
