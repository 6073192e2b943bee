/* How predictions are written. */
#ifndef EBB_CLI_PREDICT_WRITE_H
#define EBB_CLI_PREDICT_WRITE_H

#include <ebb/ebb.h>
#include <stdio.h>

typedef struct predictions {
  const char *model; /* its file */
  const ebb_encoder *encoder;
  const ebb_table *table; /* whose id columns are carried along */
  size_t rows, outputs;
  double *values; /* [rows, outputs]: probabilities of classes, or values */
} predictions;

/* An id that is called as a column of predictions is, which it would hide; NULL: none. */
const char *predictions_clash(const predictions *p);

/* CSV with a header, or JSON: one object, in it a list of an object a row. An error of writing is
 * left for ferror; others, and a signal, are an exit code. */
int predictions_write(FILE *file, const predictions *p, bool json);

#endif
