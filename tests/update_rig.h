/* Shared by the tests of updates: short trainings, in both step forms. */
#ifndef EBB_UPDATE_RIG_H
#define EBB_UPDATE_RIG_H

#include "train/train.h"
#include "train_rig.h"

#include <ebb/sentinel.h>
#include <string.h>

static const char spec[] = "16relu-9tanh";
static const ebb_step_form forms[] = {EBB_STEP_LAYERS, EBB_STEP_WHOLE};

/* Trains with these options and both checks of the numbers; the weights after it. */
static inline float *trained(size_t *count, rig *r) {
  assert_int_equal(rig_start(r), EBB_OK);
  if (ebb_self_test(r->trainer) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_int_equal(ebb_trainer_run(r->trainer, NULL, NULL), EBB_OK);
  for (uint64_t seed = 1; seed <= 4; seed++)
    if (ebb_sentinel(r->trainer, seed, NULL) != EBB_OK) fail_msg("%s", ebb_error_message());
  return parameters_of(r->network, count);
}

static inline rig make(ebb_device *device, ebb_step_form form) {
  rig r = rig_make(device, spec);
  r.options.step = form;
  r.options.epochs = 3;
  r.options.optimizer = ebb_optimizer_default(EBB_OPT_ADAMW);
  r.options.learning_rate = 0.01f;
  return r;
}

/* True if the node's parameters have the same bits in both slabs. */
static inline bool stays(const ebb_network *network, size_t node, const float *a, const float *b) {
  size_t first = network->offset[node][0];
  size_t end =
      node + 1 < network->spec.count ? network->offset[node + 1][0] : network->parameters->cols;
  return memcmp(a + first, b + first, (end - first) * sizeof *a) == 0;
}

#endif
