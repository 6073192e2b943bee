/* Scores as people and programs read them. `encoder` names classes and targets. */
#ifndef EBB_CLI_SCORES_PRINT_H
#define EBB_CLI_SCORES_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "options.h"
#include "scores_make.h"

/* `loss 0.12  accuracy 97.50 %  samples 400`, or `mse 1.2  r2 0.97  samples 80`. */
void scores_print_line(FILE *stream, const scored *x);

/* The figures of one or more parts side by side, and of the first part those of each class or
 * target; its confusion matrix where `stream` is a terminal. */
void scores_print(FILE *stream, const scored *parts, size_t count, const ebb_encoder *encoder);

/* Lines on stderr, also with --quiet: what makes the figures, or the model, useless. */
void scores_warn(const scored *x, const ebb_encoder *encoder);

/* Sets all of it in an object: part, trained_on, samples, loss, each figure by its name. A figure
 * that there is not (NaN) is left out. */
void scores_put(json_t *object, const scored *x, const ebb_encoder *encoder);

/* How a class or a target is called; `text` is used where it has no name. */
typedef struct score_name {
  char text[32];
} score_name;
const char *scores_class_name(score_name *text, const ebb_encoder *encoder, size_t index);
const char *scores_target_name(score_name *text, const ebb_encoder *encoder, size_t index);

/* One figure of the table that text and JSON go by: where it stands in `scored`. */
typedef enum score_form { SCORE_PERCENT, SCORE_FRACTION, SCORE_NUMBER } score_form;
typedef struct score_figure {
  ebb_task task;
  const char *label; /* in text; NULL: JSON only */
  const char *key;   /* in JSON */
  size_t offset;
  score_form form;
} score_figure;

/* The table: `count` rows. */
const score_figure *score_figures(size_t *count);
double score_value(const scored *x, const score_figure *figure);

#endif
