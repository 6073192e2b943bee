/* The learning-rate range test.
 *
 * It is a training of its own, whose rate the host sets before each step and whose loss it reads
 * after each. A hundred waits do not matter here, and one path of training is enough: steps, NaN
 * trap and checks are the usual ones. The weights are restored from the trainer's copy of the
 * first ones.
 *
 * The rule for the suggestion is a tenth of the rate with the lowest smoothed loss. The steepest
 * descent was rejected: on small batches it follows the noise.
 */
#include <ebb/find_rate.h>

#include "base/error.h"
#include "base/options.h"
#include "train.h"

#include <math.h>
#include <stdlib.h>

static const char where[] = "ebb_find_rate";
static const double SMOOTHING = 0.9, BELOW_BEST = 10;
enum { STEPS = 100, LEAST_STEPS = 10, MOST_STEPS = 1000000 };

static ebb_status take_options(ebb_rate_test_options *own, const ebb_rate_test_options *given) {
  *own = (ebb_rate_test_options)EBB_RATE_TEST_OPTIONS_INIT;
  if (given) TRY(ebbi_options_take(where, own, sizeof *own, given));
  if (!(own->lowest != 0)) own->lowest = 1e-7;
  if (!(own->highest != 0)) own->highest = 10;
  if (own->steps == 0) own->steps = STEPS;
  REQUIRE(own->lowest >= 1e-30 && own->highest <= 1e30 && own->lowest < own->highest,
          EBB_ERR_ARGUMENT, "%s: rates from %g to %g; they must rise within 1e-30 and 1e30", where,
          own->lowest, own->highest);
  REQUIRE(own->steps >= LEAST_STEPS && own->steps <= MOST_STEPS, EBB_ERR_ARGUMENT,
          "%s: %zu steps, must be %d to %d", where, own->steps, (int)LEAST_STEPS, (int)MOST_STEPS);
  return EBB_OK;
}

/* The sum of the losses of the epoch so far, and its rows; none at the beginning of an epoch. */
static void sums_of(double *sum, size_t *rows, const ebb_state *state, const ebb_trainer *trainer) {
  ebb_metrics metrics =
      ebbi_state_metrics(state, trainer->options.loss, 1, ebbi_trainer_members(trainer));
  bool none = state->done == state->epoch_first;
  *rows = none ? 0 : metrics.rows;
  *sum = none ? 0 : metrics.loss * (double)metrics.rows;
}

/* Makes one step and computes the mean loss of its rows. */
static ebb_status step(double *loss, ebb_trainer *trainer, ebb_state *state, float rate) {
  double before, after;
  size_t old_rows;
  sums_of(&before, &old_rows, state, trainer);
  TRY(ebb_trainer_set_learning_rate(trainer, rate));
  TRY(ebb_trainer_step(trainer, 1));
  TRY(ebbi_trainer_read_state(state, trainer));
  ebb_metrics metrics = ebbi_state_metrics(
      state, trainer->options.loss, 1, ebbi_trainer_members(trainer)); /* at an epoch's end, too */
  after = metrics.loss * (double)metrics.rows;
  *loss = (after - before) / (double)(metrics.rows - old_rows);
  return EBB_OK;
}

/* True if training at such rates leads nowhere. */
static bool is_far(const ebb_rate_test *t) {
  double first = t->smoothed[0], last = t->smoothed[t->count - 1], best = t->smoothed[t->best];
  return t->count >= LEAST_STEPS && last > first + fmax(fabs(first), first - best);
}

static ebb_status run(ebb_rate_test *t, ebb_trainer *trainer, const ebb_rate_test_options *o) {
  ebb_state state;
  double average = 0, weight = 0, loss;
  TRY(ebbi_trainer_read_state(&state, trainer));
  while (t->count < o->steps && !t->diverged) {
    size_t i = t->count;
    double part = (double)i / (double)(o->steps - 1);
    float rate = (float)(o->lowest * pow(o->highest / o->lowest, part));
    ebb_status status = step(&loss, trainer, &state, rate);
    t->diverged = status == EBB_ERR_NUMBERS;
    if (t->diverged && i > 0) break;
    TRY(status);
    average = SMOOTHING * average + (1 - SMOOTHING) * loss;
    weight = SMOOTHING * weight + (1 - SMOOTHING);
    t->rates[i] = (double)rate;
    t->losses[i] = loss;
    t->smoothed[i] = average / weight;
    if (t->smoothed[i] < t->smoothed[t->best]) t->best = i;
    t->count++;
    t->diverged = is_far(t);
  }
  return EBB_OK;
}

/* The lowest average of a curve that never falls is among its first, noisy values. */
static void suggest(ebb_rate_test *t) {
  bool falls = t->count >= LEAST_STEPS && t->best >= LEAST_STEPS / 2;
  t->suggestion = falls ? t->rates[t->best] / BELOW_BEST : NAN;
}

/* The test's own trainer keeps no best epoch, which would need validation rows. */
static ebb_train_options own_options(const ebb_train_options *given) {
  ebb_train_options own = *given;
  own.schedule = ebb_schedule_default(EBB_SCHEDULE_CONSTANT);
  own.shape = (ebb_schedule_shape){0};
  own.keep_best = false;
  own.monitor = EBB_MONITOR_LOSS;
  own.min_delta = 0;
  own.patience = 0;
  return own;
}

static ebb_status test(ebb_rate_test *out, ebb_network *network, const ebb_dataset *train,
                       const ebb_train_options *options, const ebb_rate_test_options *o) {
  ebb_trainer *trainer;
  out->rates = calloc(o->steps, sizeof *out->rates);
  out->losses = calloc(o->steps, sizeof *out->losses);
  out->smoothed = calloc(o->steps, sizeof *out->smoothed);
  REQUIRE(out->rates && out->losses && out->smoothed, EBB_ERR_MEMORY, "%s: no memory", where);
  TRY(ebb_trainer_create(&trainer, network, train, NULL, options));
  ebb_status status = run(out, trainer, o);
  ebb_status restored = ebbi_trainer_copy(network->parameters, trainer->good);
  ebb_trainer_free(trainer);
  TRY(status);
  suggest(out);
  return restored;
}

ebb_status ebb_find_rate(ebb_rate_test *out, ebb_network *network, const ebb_dataset *train,
                         const ebb_train_options *options, const ebb_rate_test_options *given) {
  ebb_rate_test_options own;
  ebb_train_options training = EBB_TRAIN_OPTIONS_INIT;
  REQUIRE(out && network && options, EBB_ERR_ARGUMENT, "%s: an argument is NULL", where);
  *out = (ebb_rate_test){0};
  TRY(take_options(&own, given));
  TRY(ebbi_options_take(where, &training, sizeof training, options));
  REQUIRE(ebb_optimizer_is_scheduled(training.optimizer.kind), EBB_ERR_ARGUMENT,
          "%s: only the first step of %s uses the learning rate", where,
          ebb_optimizer_name(training.optimizer.kind));
  training = own_options(&training);
  ebb_status status = test(out, network, train, &training, &own);
  if (status != EBB_OK) ebb_rate_test_free(out);
  return status;
}

void ebb_rate_test_free(ebb_rate_test *t) {
  if (!t) return;
  free(t->rates);
  free(t->losses);
  free(t->smoothed);
  *t = (ebb_rate_test){0};
}
