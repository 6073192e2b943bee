/* The self-test before a training and the sentinel during a training.
 *
 * Both check the numbers that the training itself is about to compute. The bounds are those of
 * single operations (for whole steps, of error propagation), so rounding alone never fails a check.
 */
#include "check/live.h"

#include "base/error.h"

#include <ebb/sentinel.h>

/* Runs checks on a live step and restores the trainer, whatever the checks return. */
static ebb_status run_checks(ebbi_live *live, ebb_trainer *trainer, uint64_t seed,
                             ebb_status (*check)(ebbi_live *live)) {
  ebb_status status = ebbi_live_begin(live, trainer, seed);
  if (status == EBB_OK) status = check(live);
  ebb_status ended = ebbi_live_end(live);
  return status == EBB_OK ? ended : status;
}

static ebb_status check_all(ebbi_live *live) {
  TRY(ebbi_live_check_all(live));
  return ebbi_live_check_burst(live);
}

static ebb_status check_one(ebbi_live *live) {
  const ebb_trainer *trainer = live->trainer;
  ebbi_comparison *c = &live->comparison;
  size_t node = ebbi_pick_one(c, trainer->network->spec.count);
  if (live->whole) {
    size_t slice = ebbi_pick_one(c, trainer->pass->whole->layout.slices);
    TRY(ebbi_live_check_slice(live, slice, node));
  } else {
    TRY(ebbi_live_check_forward(live, node));
    TRY(ebbi_live_check_backward(live, node));
  }
  TRY(ebbi_live_check_norm(live));
  return ebbi_live_check_update(live, node);
}

ebb_status ebb_self_test(ebb_trainer *trainer) {
  ebbi_live live = {.where = "self-test"};
  REQUIRE(trainer && !trainer->broken, EBB_ERR_ARGUMENT,
          "ebb_self_test: the trainer is NULL or met NaN or Inf");
  return run_checks(&live, trainer, 1, check_all);
}

ebb_status ebb_sentinel(ebb_trainer *trainer, uint64_t seed, const char *dump) {
  ebbi_live live = {.where = "sentinel", .dump = dump};
  REQUIRE(trainer && !trainer->broken, EBB_ERR_ARGUMENT,
          "ebb_sentinel: the trainer is NULL or met NaN or Inf");
  return run_checks(&live, trainer, seed, check_one);
}
