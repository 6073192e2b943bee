/* What a guess gives that looks at no input: the measure of a training's result. */
#ifndef EBB_CLI_TRAIN_BASELINE_H
#define EBB_CLI_TRAIN_BASELINE_H

#include <ebb/ebb.h>

typedef struct baseline {
  int32_t guess;   /* for classes: the one that most training rows have */
  double accuracy; /* of that guess on the judged rows; NaN for values */
  double loss; /* for values: the squared error of guessing the training rows' means, averaged as
                * the loss is; NaN for classes */
} baseline;

/* Made from the training rows, judged on `judged`. NaN where there is no memory for it. */
baseline baseline_find(const ebb_dataset *train, const ebb_dataset *judged);

#endif
