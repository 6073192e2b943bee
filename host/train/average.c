/* Averaged weights: a slab beside the network's, which the steps continue from.
 *
 * A moving average is taken by a launch after each update, a mean over epochs by one at each end.
 * To be evaluated the averaged weights change places with the latest ones, so that the recorded
 * evaluation needs no second form.
 */
#include "base/error.h"
#include "ops/ops.h"
#include "train.h"

/* The first epoch of the mean. */
static size_t first_epoch(const ebb_train_options *options) {
  if (options->update.swa != EBB_SWA_DEFAULT) return options->update.swa;
  return options->epochs - (options->epochs + 3) / 4 + 1;
}

bool ebbi_average_taken(const ebb_train_options *options) {
  return options->update.ema > 0 || options->update.swa > 0;
}

size_t ebbi_average_first(const ebb_train_options *options) {
  return options->update.swa > 0 ? first_epoch(options) : 0;
}

/* True if there is an average. */
static bool is_there(const ebb_trainer *trainer) {
  const ebb_train_options *options = &trainer->options;
  if (options->update.ema > 0) return trainer->queued > 0;
  return options->update.swa > 0 && trainer->epochs_done >= first_epoch(options);
}

ebb_status ebbi_average_epoch(ebb_trainer *trainer) {
  if (trainer->options.update.swa == 0 || !is_there(trainer)) return EBB_OK;
  size_t count = trainer->epochs_done - first_epoch(&trainer->options) + 1;
  return ebbi_average(&trainer->pass->exec, trainer->average, trainer->network->parameters,
                      trainer->pass->state, 1 / (double)count);
}

ebb_tensor *ebbi_trainer_shown(const ebb_trainer *trainer) {
  if (trainer->options.keep_best && trainer->best.epoch > 0) return trainer->good;
  return is_there(trainer) ? trainer->average : NULL;
}

ebb_status ebbi_average_show(ebb_trainer *trainer) {
  if (!is_there(trainer)) return EBB_OK;
  TRY(ebbi_trainer_copy(trainer->latest, trainer->network->parameters));
  return ebbi_trainer_copy(trainer->network->parameters, trainer->average);
}

ebb_status ebbi_average_hide(ebb_trainer *trainer) {
  if (!is_there(trainer)) return EBB_OK;
  return ebbi_trainer_copy(trainer->network->parameters, trainer->latest);
}
