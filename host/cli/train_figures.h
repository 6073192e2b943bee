/* The figures of a training in the units of the data, in words and as JSON. */
#ifndef EBB_CLI_TRAIN_FIGURES_H
#define EBB_CLI_TRAIN_FIGURES_H

#include <jansson.h>

#include "train_report.h"

/* What 1 of the network's output is in the units of the target; NaN for classes and for several
 * targets, which have units of their own. */
double figures_unit(const training *t);

/* The root of a loss in these units; NaN where there is none. */
double figures_rmse(const training *t, double loss);

/* Writes the losses and accuracies that a report has: `, train loss 0.5, valid loss 0.6, …`. */
void figures_describe(char *text, size_t size, const training *t, const ebb_report *r);

/* The part of it that tells of the validation rows. */
void figures_describe_valid(char *text, size_t size, const training *t, const ebb_report *r);

/* Puts them into an object. */
void figures_put(json_t *object, const training *t, const ebb_report *r);

#endif
