/* The schedule of a training: setting it, going on to its next piece, and plateau's reductions.
 *
 * The device holds one piece of the schedule. A new one is a few fills of the step state, queued
 * between two steps, so nothing waits. The next piece is queued right behind the last step of the
 * one before: whatever reads the state sees the piece of the next step.
 */
#include "base/error.h"
#include "train.h"

#include <math.h>

/* Queues the piece of the next step. */
static ebb_status put_piece(ebb_trainer *trainer) {
  ebbi_piece next;
  ebbi_schedule_piece(&next, &trainer->schedule, trainer->queued);
  TRY(ebbi_buffer_put(trainer->pass->state->buffer, offsetof(ebb_state, schedule), &next.set,
                      sizeof next.set));
  trainer->piece = next;
  return EBB_OK;
}

size_t ebbi_trainer_piece_room(const ebb_trainer *trainer, size_t steps) {
  uint64_t left = trainer->piece.end - trainer->queued;
  return left < steps ? (size_t)left : steps;
}

ebb_status ebbi_trainer_advance_piece(ebb_trainer *trainer) {
  return trainer->queued == trainer->piece.end ? put_piece(trainer) : EBB_OK;
}

void ebbi_trainer_take_schedule(ebb_trainer *trainer, const ebbi_schedule *schedule) {
  trainer->schedule = *schedule;
  ebbi_schedule_piece(&trainer->piece, schedule, trainer->queued);
}

static ebb_status set_schedule(ebb_trainer *trainer, const char *where,
                               const ebb_schedule *schedule, const ebb_schedule_shape *shape,
                               float learning_rate) {
  REQUIRE(trainer && schedule, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  REQUIRE(!trainer->broken, EBB_ERR_NUMBERS, "%s: this training has failed; make a new trainer",
          where);
  ebbi_schedule next;
  uint64_t all = (uint64_t)trainer->options.epochs * trainer->epoch_steps;
  TRY(ebbi_schedule_make(&next, where, schedule, shape, learning_rate, all));
  next.first = trainer->queued;
  trainer->schedule = next;
  trainer->plateau = (ebbi_plateau){.best = NAN};
  return put_piece(trainer);
}

ebb_status ebb_trainer_set_shaped_schedule(ebb_trainer *trainer, const ebb_schedule *schedule,
                                           const ebb_schedule_shape *shape, float learning_rate) {
  return set_schedule(trainer, "ebb_trainer_set_shaped_schedule", schedule, shape, learning_rate);
}

ebb_status ebb_trainer_set_schedule(ebb_trainer *trainer, const ebb_schedule *schedule,
                                    float learning_rate) {
  return set_schedule(trainer, "ebb_trainer_set_schedule", schedule, NULL, learning_rate);
}

ebb_status ebb_trainer_set_learning_rate(ebb_trainer *trainer, float learning_rate) {
  const ebb_schedule constant = ebb_schedule_default(EBB_SCHEDULE_CONSTANT);
  return set_schedule(trainer, "ebb_trainer_set_learning_rate", &constant, NULL, learning_rate);
}

/* ---- plateau ---- */

/* As PyTorch compares, relative to the best figure so far. NaN never gains. */
static bool gains(const ebb_trainer *trainer, double figure, bool higher) {
  double best = trainer->plateau.best, threshold = trainer->schedule.shape.values[2];
  if (isnan(best)) return isfinite(figure);
  return higher ? figure > best * (1 + threshold) : figure < best * (1 - threshold);
}

/* Multiplies the rate by the factor, unless it is the least already. */
static ebb_status reduce(ebb_trainer *trainer) {
  ebbi_schedule *s = &trainer->schedule;
  if (pow((double)s->factor, (double)s->reductions) <= s->shape.values[1]) return EBB_OK;
  s->reductions++;
  s->reduced = trainer->queued;
  return put_piece(trainer);
}

ebb_status ebbi_trainer_judge_plateau(ebb_trainer *trainer, const ebb_metrics *valid,
                                      double train_loss) {
  ebbi_schedule *s = &trainer->schedule;
  ebbi_plateau *plateau = &trainer->plateau;
  bool higher = valid && trainer->options.monitor == EBB_MONITOR_ACCURACY;
  double figure = higher ? valid->accuracy : valid ? valid->loss : train_loss;
  if (!ebbi_schedule_row_of((ebb_schedule_kind)s->kind)->waits) return EBB_OK;
  if (trainer->queued - s->first < s->warmup) return EBB_OK;
  plateau->behind++;
  if (gains(trainer, figure, higher)) *plateau = (ebbi_plateau){.best = figure};
  if ((double)plateau->behind <= s->shape.values[0]) return EBB_OK;
  plateau->behind = 0;
  return reduce(trainer);
}
