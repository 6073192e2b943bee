/* The best epoch of a training so far, by its validation rows. */
#ifndef EBBI_BEST_H
#define EBBI_BEST_H

#include <ebb/trainer.h>

typedef struct ebbi_best {
  size_t epoch;          /* from 1; 0: none yet */
  double loss, accuracy; /* its validation figures */
  size_t behind;         /* epochs judged since then, or all if there is none */
} ebbi_best;

/* Judges an epoch by its validation; returns true if it is now the best. */
bool ebbi_best_judge(ebbi_best *best, const ebb_train_options *options, size_t epoch,
                     const ebb_metrics *valid);

#endif
