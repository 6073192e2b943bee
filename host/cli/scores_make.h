/* How good a network is on some rows. */
#ifndef EBB_CLI_SCORES_MAKE_H
#define EBB_CLI_SCORES_MAKE_H

#include <ebb/ebb.h>

/* Zero-initialise; ebb_scores_clear(&x.scores) frees it. */
typedef struct scored {
  const char *part; /* "all", "train", "valid" or "test" */
  bool trained_on;  /* the network was trained on these rows, so their figures flatter */
  double loss;      /* what training makes small: of values, as the network gives them */
  ebb_scores scores;
} scored;

/* The network's outputs [rows, outputs] for all rows of a dataset. The caller frees them. */
int outputs_make(float **out, ebb_network *network, const ebb_dataset *rows);

/* Predicts rows and scores the predictions: sets loss and scores. The baseline comes from `train`,
 * or where that is NULL from the rows themselves. Returns an exit code. */
int scores_make(scored *out, ebb_network *network, const ebb_encoder *encoder,
                const ebb_dataset *rows, const ebb_dataset *train);

#endif
