/* Scores: how good predictions are, in the usual figures. Host only, in double precision; nothing
 * here needs a device.
 *
 * The definitions are those of scikit-learn (1.5 and later), including its conventions for ties,
 * absent classes and constant targets, so the figures can be compared with those of other tools.
 * Weights of rows have the meaning of its sample_weight: a row of weight 2 counts as two rows.
 */
#ifndef EBB_SCORES_H
#define EBB_SCORES_H

#include <ebb/data.h>
#include <ebb/ops.h>

#ifdef __cplusplus
extern "C" {
#endif

/* With more classes there is no confusion matrix: it would have over a million entries. */
#define EBB_CONFUSION_MAX 1024

/* Bits of ebb_scores.warnings. */
typedef enum ebb_scores_warning {
  EBB_SCORES_NEVER_PREDICTED = 1, /* a class that occurs is never predicted */
  EBB_SCORES_NO_BETTER = 2,       /* no better than the baseline; with several targets, for at least
                                   * one of them */
  EBB_SCORES_ONE_CLASS = 4        /* all rows are in one class although there are several classes */
} ebb_scores_warning;

/* Scores of one class against all others. A quotient with divisor 0 is 0. */
typedef struct ebb_class_scores {
  double precision; /* correct / predicted */
  double recall;    /* correct / support */
  double f1;        /* harmonic mean of the two */
  size_t support;   /* rows in this class; a count, also if rows have weights */
  size_t predicted; /* rows predicted to be in it; a count */
  double weight;    /* of the rows in this class; their number if rows have no weights */
} ebb_class_scores;

/* Scores of one target, in its own units. Errors are predicted - actual. */
typedef struct ebb_value_scores {
  double mse, rmse;       /* mean of the squared errors, and its root */
  double mae, median_ae;  /* mean and median of the absolute errors */
  double r2;              /* 1 - squared errors / squared deviations from the mean. For a constant
                           * target 1 if all predictions are right and 0 otherwise; NaN for one
                           * row */
  double mean, deviation; /* of the actual values; the deviation divides by the number of rows */
  double baseline_rmse;   /* rmse of predicting the mean */
} ebb_value_scores;

/* Filled by ebb_scores_classes or ebb_scores_values, freed by ebb_scores_clear. Figures of the
 * other task are NaN, its arrays NULL. Accuracies and rates are fractions from 0 to 1. */
typedef struct ebb_scores {
  ebb_task task;
  size_t rows, outputs; /* outputs: classes, or targets */
  unsigned warnings;    /* bits of ebb_scores_warning */

  double accuracy;          /* the predicted class has the largest logit, the first of equal ones */
  double balanced_accuracy; /* mean recall of the classes that occur */
  double top5_accuracy;     /* fraction of rows with the class among the five largest logits; NaN up
                             * to 10 classes */
  double cross_entropy;     /* mean of -ln p(class), the training loss, in nats */
  double log_loss;          /* the same with p clipped to [e, 1 - e], e = 2^-52, as
                             * sklearn.metrics.log_loss */
  double roc_auc; /* two classes: of class 1's probability. More: mean over the classes, one
                   * against the rest; NaN if a class has no row or all rows */
  double average_precision; /* averaged like roc_auc; 0 for a class that does not occur */
  double brier; /* two classes: mean of (p(1) - y)^2, from 0 to 1. More: mean over rows of the sum
                 * over classes, from 0 to 2 */
  /* Expected calibration error: the largest probability compared with the rate of correct
   * predictions, in 15 bins of equal width. Source: Guo et al., On Calibration of Modern Neural
   * Networks, 2017. */
  double calibration_error;
  ebb_class_scores macro;    /* means over the classes that occur or are predicted */
  ebb_class_scores weighted; /* means over all classes weighted by support */
  ebb_class_scores *classes; /* [outputs] */
  size_t *confusion;         /* [outputs, outputs]: rows by true and predicted class; NULL above
                              * EBB_CONFUSION_MAX */
  int32_t baseline_class;    /* the commonest class */
  double baseline_accuracy;  /* of always predicting it */

  ebb_value_scores mean;     /* mean of each figure over the targets */
  ebb_value_scores *targets; /* [outputs] */
} ebb_scores;

/* The softmax of each row, in double precision, so that a row's probabilities sum to 1.
 * Shapes: probabilities, logits [rows, classes]. */
void ebb_probabilities(double *probabilities, const float *logits, size_t rows, size_t classes);

/* Scores a network's outputs for classification. Probabilities are the softmax of the logits.
 * Shapes: logits [rows, classes], labels [rows] in [0, classes).
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_INPUT (a label out of range), EBB_ERR_NUMBERS (a logit is NaN
 * or Inf: names row and class), EBB_ERR_MEMORY. */
ebb_status ebb_scores_classes(ebb_scores *out, const float *logits, const int32_t *labels,
                              size_t rows, size_t classes);

/* The same for rows with weights [rows], finite and at least 0 with a positive sum; NULL: all are
 * 1. All figures are weighted; support, predicted and the confusion matrix count rows. Further
 * errors: EBB_ERR_INPUT (a weight: names the row). */
ebb_status ebb_scores_weighted_classes(ebb_scores *out, const float *logits, const int32_t *labels,
                                       const float *weights, size_t rows, size_t classes);

/* Scores predicted values.
 * Units: those of the values.
 * Shapes: predicted and actual [rows, targets].
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_NUMBERS (a value is NaN or Inf: names row and target),
 * EBB_ERR_MEMORY. */
ebb_status ebb_scores_values(ebb_scores *out, const double *predicted, const double *actual,
                             size_t rows, size_t targets);

/* The same for rows with weights, as above. The median is the smallest error below or at which half
 * of the weight lies; with exactly half, the mean of it and the next. */
ebb_status ebb_scores_weighted_values(ebb_scores *out, const double *predicted,
                                      const double *actual, const float *weights, size_t rows,
                                      size_t targets);

/* A figure that belongs to the loss. */
typedef struct ebb_loss_score {
  char name[32], text[48]; /* "deviance", "mean deviance"; "": none, and none behind it */
  double value;
} ebb_loss_score;

/* Scores predictions by what the loss is about, in the target's units: the mean deviance of
 * poisson, gamma and tweedie; the pinball loss of quantiles and, with several, the rate of targets
 * within the outermost ones; the negative log-likelihood of gaussian; for bce accuracy, F1 (0 where
 * nothing is 1 or said to be) and log loss over all targets. Other losses have none. All are by
 * weight unless `weights` is NULL.
 * Shapes: predicted [rows, targets, ebb_loss_outputs], as ebb_output_predictions gives them; actual
 * [rows, targets]; weights [rows].
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_INPUT. */
ebb_status ebb_scores_of_loss(ebb_loss_score out[EBB_LOSS_SCORES], ebb_loss loss,
                              const double *predicted, const double *actual, const float *weights,
                              size_t rows, size_t targets);

/* Scores of one target of 0 and 1; a value between them counts as the nearer one, 1/2 as 1. */
typedef struct ebb_label_scores {
  double accuracy;          /* 1 is said where its probability is at least 1/2 */
  double log_loss;          /* with p clipped as above */
  double roc_auc;           /* NaN if all rows have one value */
  double average_precision; /* 0 if no row is 1 */
  ebb_class_scores one;     /* the value 1 as a class */
} ebb_label_scores;

/* Scores targets of 0 and 1 that do not exclude each other, each by itself, and their mean (in
 * scikit-learn: "macro"), in which support, predicted and weight are sums. All are by weight unless
 * `weights` is NULL.
 * Shapes: out [targets]; probabilities of 1 and actual values [rows, targets]; weights [rows].
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_INPUT, EBB_ERR_NUMBERS (a probability is not from 0 to 1: names
 * row and target), EBB_ERR_MEMORY. */
ebb_status ebb_scores_labels(ebb_label_scores *out, ebb_label_scores *mean,
                             const double *probabilities, const double *actual,
                             const float *weights, size_t rows, size_t targets);

/* The functions above take the baseline from the scored rows. These replace it by the baseline of
 * the training rows, which is all that a model could know: their commonest class or their means, by
 * weight if weights are given. They recompute EBB_SCORES_NO_BETTER.
 * Shapes: labels [rows], actual [rows, outputs of `scores`].
 * Errors: EBB_ERR_ARGUMENT, EBB_ERR_INPUT, EBB_ERR_MEMORY. */
ebb_status ebb_scores_baseline_classes(ebb_scores *scores, const int32_t *labels, size_t rows);
ebb_status ebb_scores_baseline_values(ebb_scores *scores, const double *actual, size_t rows);
ebb_status ebb_scores_weighted_baseline_classes(ebb_scores *scores, const int32_t *labels,
                                                const float *weights, size_t rows);
ebb_status ebb_scores_weighted_baseline_values(ebb_scores *scores, const double *actual,
                                               const float *weights, size_t rows);

/* Frees the arrays and zeroes the scores. Accepts NULL. */
void ebb_scores_clear(ebb_scores *scores);

#ifdef __cplusplus
}
#endif
#endif
