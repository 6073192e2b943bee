/* Scores for people and programs. `encoder` names classes and targets. */
#ifndef EBB_CLI_SCORES_PRINT_H
#define EBB_CLI_SCORES_PRINT_H

#include <jansson.h>
#include <stdio.h>

#include "options.h"
#include "scores_make.h"

/* `loss 0.12  accuracy 97.50 %  samples 400`, or `mse 1.2  r2 0.97  samples 80`. */
void scores_print_line(FILE *stream, const scored *x);

/* The figures of all parts side by side; for the first part also those of each class or target, and
 * its confusion matrix if `stream` is a terminal. */
void scores_print(FILE *stream, const scored *parts, size_t count, const ebb_encoder *encoder);

/* Warnings on stderr, also with --quiet, about what makes the figures or the model useless. */
void scores_warn(const scored *x, const ebb_encoder *encoder);

/* Sets everything in an object: part, trained_on, samples, loss, each figure by name. Figures that
 * do not exist (NaN) are left out. */
void scores_put(json_t *object, const scored *x, const ebb_encoder *encoder);

/* The name of a class or a target; `text` is used if it has none. */
typedef struct score_name {
  char text[32];
} score_name;
const char *scores_class_name(score_name *text, const ebb_encoder *encoder, size_t index);
const char *scores_target_name(score_name *text, const ebb_encoder *encoder, size_t index);

/* One figure of the table for text and JSON: its place in `scored`. */
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
