/* The encoder's insides, shared by fitting, applying, JSON and the reading of further files. */
#ifndef EBBI_ENCODER_H
#define EBBI_ENCODER_H

#include "data/names.h"
#include <ebb/data.h>

/* What becomes of one column of a CSV file. */
typedef struct ebbi_feature {
  bool category;
  double mean, deviation; /* number: x = (value - mean) / deviation */
  double fill;            /* in place of a missing number */
  ebbi_names categories;  /* one-hot */
  size_t fill_category;   /* in place of a missing category */
} ebbi_feature;

struct ebb_encoder {
  ebb_task task;
  ebb_missing missing;
  size_t columns;         /* of the file, target not counted */
  ebbi_feature *features; /* [columns]; NULL: fitted on an array, x = value * scale */
  ebbi_names names;       /* [columns] with features */
  bool named;             /* the names come from a header: columns are found by them */
  double scale;
  char *target;           /* name of the target column; NULL: fitted without, outputs is 0 */
  size_t target_position; /* where a file without header has it */
  size_t inputs, outputs;
  ebbi_names classes; /* classification: [outputs] */
};

/* Sets `inputs` from the columns.  Errors: EBB_ERR_INPUT (too many). */
ebb_status ebbi_encoder_count(ebb_encoder *encoder);

/* The class that a text names: the same text, or the same number. EBBI_NO_INDEX: none. */
size_t ebbi_encoder_find_class(const ebb_encoder *encoder, const char *text);

#endif
