/* Scores: how good predictions are, in the figures that practitioners compare. Host only, in double
 * precision; nothing here needs a device.
 *
 * The figures are defined as scikit-learn (1.5 and later) defines them, to the conventions for
 * ties, absent classes and constant targets, so that they can be put beside those of other tools.
 */
#ifndef EBB_SCORES_H
#define EBB_SCORES_H

#include <ebb/data.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Above so many classes there is no confusion matrix: it would have a million entries. */
#define EBB_CONFUSION_MAX 1024

/* Bits of ebb_scores.warnings. */
typedef enum ebb_scores_warning {
  EBB_SCORES_NEVER_PREDICTED = 1, /* a class that occurs is never predicted */
  EBB_SCORES_NO_BETTER = 2,       /* the baseline is as good; of several targets, for one */
  EBB_SCORES_ONE_CLASS = 4        /* all rows are of one class, of several that there are */
} ebb_scores_warning;

/* Of one class against all others. A quotient with divisor 0 is 0. */
typedef struct ebb_class_scores {
  double precision; /* right / predicted */
  double recall;    /* right / support */
  double f1;        /* harmonic mean of the two */
  size_t support;   /* rows that are of this class */
  size_t predicted; /* rows that are taken for it */
} ebb_class_scores;

/* Of one target, in its own units. Errors are predicted - actual. */
typedef struct ebb_value_scores {
  double mse, rmse;      /* mean of the squared errors, its root */
  double mae, median_ae; /* mean and median of the absolute errors */
  double r2;             /* 1 - squared errors / squared deviations from the mean. A constant target
                          * gives 1 if all is right, else 0; one row gives NaN */
  double mean, deviation; /* of the actual values; the deviation divides by the number of rows */
  double baseline_rmse;   /* of guessing the mean */
} ebb_value_scores;

/* Filled by ebb_scores_classes or ebb_scores_values, ended by ebb_scores_clear. Figures of the
 * other task are NaN, its arrays NULL. Accuracies and rates are fractions, from 0 to 1. */
typedef struct ebb_scores {
  ebb_task task;
  size_t rows, outputs; /* outputs: classes, or targets */
  unsigned warnings;    /* bits of ebb_scores_warning */

  double accuracy;          /* the class of the largest logit, the first of equal ones */
  double balanced_accuracy; /* mean recall of the classes that occur */
  double top5_accuracy;     /* the class is among the five largest logits; NaN up to 10 classes */
  double cross_entropy;     /* mean of -ln p(class): what training makes small, in nats */
  double log_loss; /* the same with p in [e, 1 - e], e = 2^-52, as sklearn.metrics.log_loss */
  double roc_auc;  /* two classes: of class 1's probability. More: mean over the classes, each
                    * against all others; NaN where a class has no row, or all of them */
  double average_precision; /* the same classes; 0 for one that does not occur */
  double brier; /* two classes: mean of (p(1) - y)^2, from 0 to 1. More: mean over rows of
                 * the sum over classes, from 0 to 2 */
  /* Expected calibration error: the largest probability against how often it is right, in 15 bins
   * of equal width. Source: Guo et al., On Calibration of Modern Neural Networks, 2017. */
  double calibration_error;
  ebb_class_scores macro;    /* means over the classes that occur or are predicted */
  ebb_class_scores weighted; /* over all classes by their support */
  ebb_class_scores *classes; /* [outputs] */
  size_t *confusion;      /* [outputs, outputs]: rows by true class and predicted class; NULL above
                           * EBB_CONFUSION_MAX */
  int32_t baseline_class; /* the commonest */
  double baseline_accuracy; /* of always guessing it */

  ebb_value_scores mean;     /* of each figure, over the targets */
  ebb_value_scores *targets; /* [outputs] */
} ebb_scores;

/* The softmax of each row, in double precision, so that a row's probabilities sum to 1.
 * Shapes: probabilities, logits [rows, classes]. */
void ebb_probabilities(double *probabilities, const float *logits, size_t rows, size_t classes);

/* Scores a network's outputs against classes. Probabilities are softmaxes of the logits.
 * Shapes: logits [rows, classes], labels [rows] in [0, classes).
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_INPUT (a label out of range), EBB_ERR_NUMBERS (a logit is NaN
 * or Inf: names row and class), EBB_ERR_MEMORY. */
ebb_status ebb_scores_classes(ebb_scores *out, const float *logits, const int32_t *labels,
                              size_t rows, size_t classes);

/* Scores predicted values. Units: those of the values; figures are in them, too.
 * Shapes: predicted and actual [rows, targets].
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_NUMBERS (a value is NaN or Inf: names row and target),
 * EBB_ERR_MEMORY. */
ebb_status ebb_scores_values(ebb_scores *out, const double *predicted, const double *actual,
                             size_t rows, size_t targets);

/* Both take the baseline from the rows that are scored. These two replace it by that of training
 * rows, which is all that a model could know: their commonest class, their means. They set
 * EBB_SCORES_NO_BETTER anew.
 * Shapes: labels [rows], actual [rows, outputs of `scores`]. Errors: EBB_ERR_ARGUMENT,
 * EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebb_scores_baseline_classes(ebb_scores *scores, const int32_t *labels, size_t rows);
ebb_status ebb_scores_baseline_values(ebb_scores *scores, const double *actual, size_t rows);

/* Frees what the scores hold and zeroes them. NULL is accepted. */
void ebb_scores_clear(ebb_scores *scores);

#ifdef __cplusplus
}
#endif
#endif
