/* The best guesses that look at no input: the commonest class, the mean.
 *
 * They are made as a training is, from the training rows alone, and judged on the same rows as the
 * network: its accuracy says nothing by itself where nine rows of ten are of one class.
 */
#include "train_baseline.h"

#include <math.h>
#include <stdlib.h>

static baseline judge_class(const ebb_dataset *train, const ebb_dataset *judged) {
  baseline found = {.accuracy = NAN, .loss = NAN};
  size_t *counts = calloc(train->outputs, sizeof *counts), right = 0;
  if (!counts) return found;
  for (size_t i = 0; i < train->rows; i++) counts[train->labels[i]]++;
  for (size_t k = 1; k < train->outputs; k++)
    if (counts[k] > counts[found.guess]) found.guess = (int32_t)k;
  for (size_t i = 0; i < judged->rows; i++) right += judged->labels[i] == found.guess;
  found.accuracy = (double)right / (double)judged->rows;
  free(counts);
  return found;
}

static double mean_of(const ebb_dataset *train, size_t column) {
  double sum = 0;
  for (size_t i = 0; i < train->rows; i++)
    sum += (double)train->values[i * train->outputs + column];
  return sum / (double)train->rows;
}

static baseline judge_mean(const ebb_dataset *train, const ebb_dataset *judged) {
  size_t outputs = train->outputs;
  double squares = 0;
  for (size_t k = 0; k < outputs; k++) {
    double mean = mean_of(train, k);
    for (size_t i = 0; i < judged->rows; i++) {
      double error = (double)judged->values[i * outputs + k] - mean;
      squares += error * error;
    }
  }
  return (baseline){.accuracy = NAN, .loss = squares / (double)judged->rows / (double)outputs};
}

baseline baseline_find(const ebb_dataset *train, const ebb_dataset *judged) {
  return train->labels ? judge_class(train, judged) : judge_mean(train, judged);
}
