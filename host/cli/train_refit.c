/* `ebb train --refit`: makes a new encoder, network and trainer with the same options and seed, for
 * all rows of the table and the best number of epochs. docs/decisions/0022 says what this gains.
 *
 * The network of the search is kept until the new one is finished: it is the model if the refit
 * fails or is interrupted. Its trainer and rows are freed first, since both take much memory.
 */
#include "train_refit.h"

#include "inputs.h"
#include "output.h"
#include "train_data.h"
#include "train_network.h"
#include "train_schedule.h"

#include <stdlib.h>
#include <string.h>

enum { LOWERING_PART = 5 }; /* of the epochs: the last fifth */

static int compare_rows(const void *a, const void *b) {
  size_t x = *(const size_t *)a, y = *(const size_t *)b;
  return (x > y) - (x < y);
}

/* All training and validation rows, in the order of the file, and the encoder fitted on them. */
static int read_rows(training *all, const training *searched) {
  size_t count = searched->train_rows + searched->valid_rows;
  all->train_rows = count;
  all->order = malloc(count * sizeof *all->order);
  if (!all->order) return fail(EXIT_FAILED, "no memory for %zu rows", count);
  memcpy(all->order, searched->order, count * sizeof *all->order);
  qsort(all->order, count, sizeof *all->order, compare_rows);
  ebb_encoder_options options = data_encoder_options(all->s);
  int code = fail_status(ebb_encoder_fit(&all->encoder, all->table, all->order, count, &options));
  if (code == EXIT_GOOD) code = weigh_classes(all->s, all->encoder, all->table, all->order, count);
  if (code != EXIT_GOOD) return code;
  return encode_rows(&all->train, all->encoder, all->table, all->order, count, all->s->loss);
}

/* Frees what a training needs only while it trains. */
static void free_trainer(training *t) {
  ebb_trainer_free(t->trainer);
  ebb_dataset_clear(&t->train);
  ebb_dataset_clear(&t->valid);
  free(t->order);
  t->trainer = NULL;
  t->order = NULL;
}

typedef struct refit {
  training *all, *searched;
} refit;

/* Lowers a constant learning rate to 0 over the last epochs; a schedule lowers its own rate.
 * Without validation rows no epoch can be preferred to another, and at a constant rate their
 * weights would jump. */
static bool lower_rate(const ebb_report *report, void *user) {
  const refit *r = user;
  size_t tail = (report->epochs + LOWERING_PART - 1) / LOWERING_PART;
  size_t left = report->epochs - report->epoch;
  bool constant = r->all->options.schedule.kind == EBB_SCHEDULE_CONSTANT;
  if (constant && report->epoch_end && left > 0 && left < tail &&
      ebb_trainer_set_learning_rate(r->all->trainer,
                                    (float)(r->all->options.learning_rate * left / tail)) != EBB_OK)
    return false;
  return report_refit(report, r->searched, r->all->trainer);
}

static int train_all(training *all, training *searched) {
  int code = read_rows(all, searched);
  free_trainer(searched);
  if (code == EXIT_GOOD) schedule_choose_again(all);
  if (code == EXIT_GOOD) code = network_choose(all);
  if (code == EXIT_GOOD) code = network_build(all, all->s->init);
  if (code != EXIT_GOOD) return code;
  ebb_status status = ebb_trainer_run(all->trainer, lower_rate, &(refit){all, searched});
  report_end_line(searched);
  if (status != EBB_OK) return fail_status(status);
  bool over = searched->refit.epoch_end && searched->refit.epoch == all->options.epochs;
  return over ? EXIT_GOOD : EXIT_FAILED; /* t->stop or the sentinel gives the reason */
}

/* Replaces the old network by the new one. */
static void take_over(training *t, training *all) {
  ebb_network *network = t->network;
  ebb_encoder *encoder = t->encoder;
  t->network = all->network;
  t->encoder = all->encoder;
  t->split.valid = 0;
  t->spec = all->spec;
  memcpy(t->spec_text, all->spec_text, sizeof t->spec_text);
  all->network = network;
  all->encoder = encoder;
}

int refit_run(training *t) {
  training all = {.s = t->s, .table = t->table, .device = t->device, .options = t->options};
  all.options.epochs = t->kept->epoch;
  if (all.options.batch == t->train_rows) all.options.batch += t->valid_rows; /* still all rows */
  all.options.keep_best = false;
  all.options.patience = 0;
  t->watched = 0;
  note(t->s, "refit    a new network on all %zu %s, %zu epoch%s", t->train_rows + t->valid_rows,
       report_refit_rows(t), all.options.epochs, plural(all.options.epochs));
  int code = train_all(&all, t);
  if (code == EXIT_GOOD) {
    take_over(t, &all);
  } else {
    t->refit = (ebb_report){0};
    if (t->sentinel_code == EXIT_GOOD)
      note(t->s, "refit    not finished; the model is that of the search");
  }
  free_trainer(&all);
  ebb_network_free(all.network);
  ebb_encoder_free(all.encoder);
  return code;
}
