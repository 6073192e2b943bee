/* The figures of a training in the units of the data, in words and as JSON. */
#ifndef EBB_CLI_TRAIN_FIGURES_H
#define EBB_CLI_TRAIN_FIGURES_H

#include <jansson.h>

#include "train_report.h"

/* The unit of the network's output in target units; NaN for classification and for several targets,
 * which have different units. */
double figures_unit(const training *t);

/* The root of a loss in these units; NaN if there is no unit. */
double figures_rmse(const training *t, double loss);

/* Writes a report's losses and accuracies: `, train loss 0.5, valid loss 0.6, …`. */
void figures_describe(char *text, size_t size, const training *t, const ebb_report *r);

/* Only the figures of the validation rows. */
void figures_describe_valid(char *text, size_t size, const training *t, const ebb_report *r);

/* Puts all of them into an object. */
void figures_put(json_t *object, const training *t, const ebb_report *r);

#endif
