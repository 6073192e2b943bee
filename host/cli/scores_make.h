/* Scores of a network on some rows. */
#ifndef EBB_CLI_SCORES_MAKE_H
#define EBB_CLI_SCORES_MAKE_H

#include <ebb/ebb.h>

/* Initialise with zeros; free with scored_clear. */
typedef struct scored {
  const char *part; /* "all", "train", "valid" or "test" */
  bool trained_on;  /* the network was trained on these rows, so the figures are too good */
  double loss;      /* the training loss; for regression in the network's own scale */
  ebb_scores scores;
  ebb_loss_score own[EBB_LOSS_SCORES]; /* the loss's own figures */
  ebb_label_scores *labels; /* of each target that is 0 or 1; NULL: targets are other values */
  ebb_label_scores mean;    /* of these; NaN: none */
} scored;

void scored_clear(scored *x);

/* The network's outputs [rows, outputs] for all rows of a dataset. The caller frees them. */
int outputs_make(float **out, ebb_network *network, const ebb_dataset *rows);

/* Predicts the rows and scores the predictions: sets loss (of the model's kind) and scores. The
 * baseline comes from `train`, or from the rows themselves if it is NULL. Returns an exit code. */
int scores_make(scored *out, ebb_network *network, const ebb_encoder *encoder, ebb_loss loss,
                const ebb_dataset *rows, const ebb_dataset *train);

#endif
