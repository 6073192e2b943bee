/* The host's table of losses: one row each, in its own file in ops/losses/. */
#ifndef EBBI_LOSS_ROW_H
#define EBBI_LOSS_ROW_H

#include "setting.h"

#include <ebb/ops.h>

enum { EBBI_LOSS_COLUMN = 32 };

/* A figure of predictions that the loss is about, in the target's units: a score is its mean over
 * rows and targets, or its sum divided by that of another figure. */
typedef struct ebbi_loss_figure {
  const char *name, *text; /* "deviance", "mean deviance"; NULL: none */
  double (*of)(ebb_loss loss, double actual, double predicted);
  double (*by)(ebb_loss loss, double actual, double predicted); /* NULL: the mean */
  /* In place of `of`: of all predictions of a target, or of that of an output. */
  double (*over)(ebb_loss loss, double actual, const double *predicted, size_t output);
  /* In place of both: of all targets of a row. */
  double (*row)(const double *actual, const double *predicted, size_t targets);
  bool several; /* only where a target has several outputs */
  bool each;    /* one for each of several outputs, named after the loss's parameter */
} ebbi_loss_figure;

/* What a network says of a target in the target's units, column by column. */
typedef struct ebbi_loss_columns {
  size_t count; /* 0: as many as outputs */
  /* Replaces the column's name, without the target's, unless it is "prediction". */
  void (*name)(char text[EBBI_LOSS_COLUMN], ebb_loss loss, size_t column);
  /* The columns of what `predict` gives; NULL: the same. */
  void (*fill)(double *columns, const double *predicted);
} ebbi_loss_columns;

typedef struct ebbi_loss_row {
  ebbi_setting parameters[EBB_LOSS_PARAMETERS]; /* in the order of the text; unused: no name */
  bool list;       /* up to EBB_LOSS_PARAMETERS rising numbers like the first, an output for each */
  size_t outputs;  /* for each target; 0: one, or one for each number of the list */
  bool squares;    /* the mean of (z - y)^2 */
  bool own_scale;  /* targets are not standardised */
  bool likelihood; /* the mean of -log of a class's probability, with parameters of 0 */
  bool plain;      /* the kernel leaves out what parameters of 0 do not need */
  bool binary;     /* takes two classes, too, in one output */
  bool direction;  /* the size of a row's outputs has no meaning */
  bool counts;     /* the kernel counts the outputs of a row that are right */
  ebb_loss_kind values; /* takes its place where targets are values; 0: none does */
  ebb_link link;
  ebb_loss_domain domain; /* of the targets; no text: any number */
  double flops, bytes;    /* for each output */
  /* Turns a target's outputs, where scale and shift undo its standardisation, into predictions;
   * NULL: each by the link. */
  void (*predict)(double *predicted, ebb_loss loss, const float *z, double scale, double shift);
  void (*predict_row)(double *predicted, const float *z, size_t targets); /* all targets at once */
  size_t (*centre)(
      ebb_loss loss); /* the output that is compared with the target; NULL: the first */
  ebbi_loss_columns columns;
  /* The numbers for the kernel, computed in double; NULL: the parameters. */
  void (*constants)(double constants[EBB_LOSS_PARAMETERS], ebb_loss loss);
  ebbi_loss_figure scores[EBB_LOSS_SCORES];
} ebbi_loss_row;

#define EBBI_LOSS_ROW(name, text, targets, formula) extern const ebbi_loss_row ebbi_loss_##text;
EBB_LOSS_LIST(EBBI_LOSS_ROW)
#undef EBBI_LOSS_ROW

/* Returns the row of a loss; the kind must be valid. */
const ebbi_loss_row *ebbi_loss_row_of(ebb_loss_kind kind);

/* Whether any parameter is not 0. */
bool ebbi_loss_has_parameters(ebb_loss loss);

/* Fails unless the loss exists and its parameters are in range. */
ebb_status ebbi_require_loss(const char *where, ebb_loss loss);

#endif
