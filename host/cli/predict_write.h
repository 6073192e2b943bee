/* Writing predictions. */
#ifndef EBB_CLI_PREDICT_WRITE_H
#define EBB_CLI_PREDICT_WRITE_H

#include <ebb/ebb.h>
#include <stdio.h>

typedef struct predictions {
  const char *model; /* path of its file */
  const ebb_encoder *encoder;
  const ebb_table *table; /* its id columns are passed through */
  ebb_loss loss;
  size_t rows, outputs;
  double *values; /* [rows, outputs]: class probabilities, or columns of predictions */
} predictions;

/* An id with the same name as a column of predictions, which it would hide; NULL: none. */
const char *predictions_clash(const predictions *p);

/* Writes CSV with a header, or JSON: an object with a list of one object per row. Write errors are
 * left for ferror; other errors and signals are returned as an exit code. */
int predictions_write(FILE *file, const predictions *p, bool json);

#endif
