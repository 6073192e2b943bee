/* The final figures of a training.
 *
 * They are computed once, at the end, from the predictions for all rows of a part. The figures by
 * which epochs are compared are summed on the device.
 */
#include "train_scores.h"

#include "output.h"
#include "scores_print.h"

static int add(training *t, const char *part, const ebb_dataset *rows) {
  scored *out = &t->scores[t->scored++];
  *out = (scored){.part = part, .trained_on = rows == &t->train};
  int code = scores_make(out, t->network, t->encoder, t->options.loss, rows, &t->train);
  if (code != EXIT_GOOD) t->scored--; /* not computed: a signal, or out of memory */
  return code;
}

int train_scores_make(training *t) {
  if (!t->kept->epoch_end) return EXIT_GOOD; /* not a single epoch was completed */
  int code = EXIT_GOOD;
  if (t->valid_rows) code = add(t, "valid", &t->valid);
  if (code == EXIT_GOOD && t->test_rows) code = add(t, "test", &t->test);
  if (code == EXIT_GOOD && t->scored == 0) code = add(t, "train", &t->train);
  return code;
}

void train_scores_clear(training *t) {
  for (size_t i = 0; i < t->scored; i++) scored_clear(&t->scores[i]);
  t->scored = 0;
}

void train_scores_put(json_t *object, const training *t) {
  for (size_t i = 0; i < t->scored; i++) {
    json_t *part = json_object();
    scores_put(part, &t->scores[i], t->encoder);
    put(object, t->scores[i].part, part);
  }
  if (t->scored == 0) return;
  const ebb_scores *first = &t->scores[0].scores;
  put_number(object, "baseline_accuracy", first->baseline_accuracy);
  put_number(object, "baseline_rmse", first->mean.baseline_rmse);
  if (t->valid_rows) put_number(object, "valid_r2", first->mean.r2);
}

void train_scores_note(const training *t) {
  if (t->scored == 0) return;
  if (!t->s->quiet) scores_print(stderr, t->scores, t->scored, t->encoder);
  scores_warn(&t->scores[0], t->encoder);
}
