/* Selects the best epoch.
 *
 * Of equal epochs the first is best: further training gained nothing. An improvement is measured
 * from the best epoch instead of the previous one, so that many steps below min_delta add up. A
 * loss that is not finite is never best, whatever the accuracy: such weights are useless.
 */
#include "best.h"

#include <math.h>

bool ebbi_best_judge(ebbi_best *best, const ebb_train_options *options, size_t epoch,
                     const ebb_metrics *valid) {
  bool by_loss = options->monitor == EBB_MONITOR_LOSS;
  double gain = by_loss ? best->loss - valid->loss : valid->accuracy - best->accuracy;
  best->behind++;
  if (!isfinite(valid->loss) || (best->epoch && !(gain > options->min_delta))) return false;
  *best = (ebbi_best){.epoch = epoch, .loss = valid->loss, .accuracy = valid->accuracy};
  return true;
}
