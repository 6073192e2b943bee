/* Reports NaN and Inf: the step, the layer, which weights remain, and a remedy.
 *
 * The device records the step, and the parameter if an update failed. For a loss, the layer is
 * found by running the batch again. The two usual causes are numbers that are too large and a
 * learning rate that is too high. Only the first can be detected, so it is named first if it
 * applies.
 */
#include "base/error.h"
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Computes the outputs for the bad batch, which is still the next one. After a step by layers the
 * pass holds them already, unless other blocks have been loaded since; a whole step does not write
 * them. */
static ebb_status repeat_forward(ebb_trainer *trainer) {
  size_t slot, room;
  if (trainer->pass->kind != EBBI_PASS_WHOLE && !trainer->feed.stream) return EBB_OK;
  TRY(ebbi_feed_enter(&slot, &room, &trainer->feed));
  TRY(ebbi_feed_gather(trainer->pass, &trainer->feed, slot, 0));
  return ebbi_pass_forward(trainer->pass);
}

/* Finds the first layer whose output for the bad batch is not finite; 0 if none. */
static ebb_status find_bad_layer(size_t *layer, const ebbi_pass *pass) {
  *layer = 0;
  for (size_t l = 0; l < pass->network->spec.count && *layer == 0; l++) {
    size_t count = pass->value[l + 1]->rows * pass->value[l + 1]->cols;
    float *values = malloc(count * sizeof *values);
    REQUIRE(values, EBB_ERR_MEMORY, "training: no memory for %zu numbers", count);
    ebb_status status = ebb_tensor_download_floats(values, pass->value[l + 1]);
    for (size_t i = 0; i < count && status == EBB_OK && *layer == 0; i++)
      if (!isfinite(values[i])) *layer = l + 1;
    free(values);
    TRY(status);
  }
  return EBB_OK;
}

/* Describes the weights that the network has after NaN. */
static void describe_good(char *text, size_t size, const ebb_trainer *trainer) {
  if (trainer->good_epoch == 0)
    snprintf(text, size, "again those from before the first step");
  else if (trainer->good_epoch == trainer->best.epoch && trainer->options.keep_best)
    snprintf(text, size, "those of the best epoch, %zu", trainer->good_epoch);
  else
    snprintf(text, size, "again those of the end of epoch %zu", trainer->good_epoch);
}

/* Numbers above this are too large for weights suited to numbers around 1, at any usual rate. */
static const float large_scale = 1e3f;

/* Writes the remedy; scaling comes first if it may help. */
static void advise(char *text, size_t size, const ebb_trainer *trainer, double rate) {
  const ebbi_largest *largest = &trainer->largest;
  char inputs[32] = "", targets[32] = "";
  if (largest->input > large_scale)
    snprintf(inputs, sizeof inputs, "inputs reach %.2g", (double)largest->input);
  if (largest->target > large_scale)
    snprintf(targets, sizeof targets, "targets %s%.2g", *inputs ? "" : "reach ",
             (double)largest->target);
  if (*inputs || *targets)
    snprintf(
        text, size,
        "%s%s%s: standardise them (the tool does unless --no-scale or --no-scale-target), then "
        "try a lower learning rate than %g",
        inputs, *inputs && *targets ? ", " : "", targets, rate);
  else
    snprintf(text, size, "try a lower learning rate than %g", rate);
}

/* After a bad loss all gradients are bad, so the outputs determine the layer; otherwise the
 * parameter that the update refused does. */
ebb_status ebbi_report_bad_numbers(ebb_trainer *trainer, const ebb_state *state) {
  char place[96] = "the loss alone, every layer's output is finite", weights[64], advice[224];
  size_t layer = 0;
  uint64_t step = state->bad_step == EBB_STATE_NO_STEP ? state->done : state->bad_step;
  if (state->bad_loss) {
    TRY(repeat_forward(trainer));
    TRY(find_bad_layer(&layer, trainer->pass));
    if (layer > 0) snprintf(place, sizeof place, "the output of layer %zu", layer);
  } else {
    ebbi_network_describe(place, sizeof place, trainer->network, state->bad_parameter);
  }
  describe_good(weights, sizeof weights, trainer);
  advise(advice, sizeof advice, trainer, (double)trainer->schedule.base_rate);
  return ebbi_fail(EBB_ERR_NUMBERS,
                   "training: NaN or Inf at step %llu, in %s; the weights are %s; %s",
                   (unsigned long long)step, place, weights, advice);
}

ebb_status ebbi_report_bad_loss(const ebb_trainer *trainer) {
  char weights[64], advice[224];
  bool valid = trainer->valid.pass != NULL;
  describe_good(weights, sizeof weights, trainer);
  advise(advice, sizeof advice, trainer, (double)trainer->schedule.base_rate);
  return ebbi_fail(EBB_ERR_NUMBERS,
                   "training: after step %llu the loss over %zu %s rows is NaN or Inf, though all "
                   "weights are finite; the weights are %s; %s",
                   (unsigned long long)trainer->judged,
                   valid ? trainer->valid.feed.rows : trainer->sample.feed.rows,
                   valid ? "validation" : "training", weights, advice);
}
