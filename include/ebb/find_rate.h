/* The learning-rate range test: a short training whose rate grows from step to step, to find a rate
 * to train with.
 *
 * Source: L. N. Smith, Cyclical Learning Rates for Training Neural Networks, WACV 2017.
 */
#ifndef EBB_FIND_RATE_H
#define EBB_FIND_RATE_H

#include <ebb/trainer.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Settings of the test; 0 selects the default of a field. Begin with EBB_RATE_TEST_OPTIONS_INIT. */
typedef struct ebb_rate_test_options {
  size_t size;    /* of this struct in bytes */
  double lowest;  /* first rate; 0: 1e-7 */
  double highest; /* last rate; 0: 10 */
  size_t steps;   /* at least 10; 0: 100 */
} ebb_rate_test_options;

#define EBB_RATE_TEST_OPTIONS_INIT {sizeof(ebb_rate_test_options), 0, 0, 0}

/* The curve: one entry for each step whose loss was finite. Free it with ebb_rate_test_free. */
typedef struct ebb_rate_test {
  size_t count;
  double *rates;
  double *losses;   /* of the step's rows, before its update */
  double *smoothed; /* averages of the losses so far: of each step, 0.9 times as much as the next */
  size_t best;      /* the lowest smoothed loss */
  double suggestion; /* a learning rate: a tenth of that step's; NaN if the loss fell at no rate */
  bool diverged;     /* it ended early: the loss became NaN or Inf, or far larger than at first */
} ebb_rate_test;

/* Trains with the options' loss, optimizer, batch, order and precision, from the network's weights,
 * in steps of exponentially growing rates; a small dataset is gone through repeatedly. The test
 * ends early when a number is not finite or the smoothed loss exceeds its first value by more than
 * this value and by more than all that it has fallen. The network is left as it was. Schedule,
 * epochs, patience and keep_best of the options have no effect. Blocks.
 * Errors: those of ebb_trainer_create; EBB_ERR_ARGUMENT (rates, steps); EBB_ERR_NUMBERS (the very
 * first loss is not finite); EBB_ERR_DEVICE. */
ebb_status ebb_find_rate(ebb_rate_test *out, ebb_network *network, const ebb_dataset *train,
                         const ebb_train_options *options, const ebb_rate_test_options *test);
void ebb_rate_test_free(ebb_rate_test *test);

#ifdef __cplusplus
}
#endif
#endif
