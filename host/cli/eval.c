/* `ebb eval`: loss and accuracy of a model on a file of rows with targets.
 *
 * --part parts the rows as the training did, by the split that the model file holds, so that the
 * figures of a training log can be had again from the model alone.
 */
#include "commands.h"
#include "inputs.h"
#include "output.h"
#include "signals.h"

#include <stdlib.h>

/* Encodes the part of the rows that is asked for. */
static int encode_part(subject *x, const settings *s) {
  if (s->part == PART_ALL) return subject_encode(x, NULL, ebb_table_rows(x->table));
  if (!(x->model.split.valid > 0))
    return fail(EXIT_USAGE, "%s: %s was trained without parting its rows (--valid 0 or a file)",
                settings_origin(s, "part").text, s->argument);
  size_t rows = ebb_table_rows(x->table), train = 0;
  size_t *order = calloc(rows ? rows : 1, sizeof *order);
  if (!order) return fail(EXIT_FAILED, "no memory for %zu rows", rows);
  int code = fail_status(ebb_table_split(order, &train, x->table, &x->model.split));
  if (code == EXIT_GOOD)
    code = s->part == PART_TRAIN ? subject_encode(x, order, train)
                                 : subject_encode(x, order + train, rows - train);
  free(order);
  return code;
}

static int print_metrics(const subject *x, const settings *s, const ebb_metrics *m) {
  static const char *const parts[] = {"all", "train", "valid"};
  bool mse = x->model.loss == EBB_LOSS_MSE;
  if (s->json) {
    json_t *object =
        json_pack("{s:o, s:o, s:s, s:I}", "model", json_text(s->argument), "data",
                  json_text(s->data), "part", parts[s->part], "samples", (json_int_t)m->rows);
    put_number(object, "loss", m->loss);
    put_number(object, mse ? "mse" : "accuracy", mse ? m->loss : m->accuracy);
    if (mse) put_number(object, "r2", m->r2);
    put_device(object, x->device);
    return print_json(object);
  }
  if (mse)
    printf("mse %.6g  r2 %.4f  samples %zu\n", m->loss, m->r2, m->rows);
  else
    printf("loss %.6g  accuracy %.2f %%  samples %zu\n", m->loss, 100 * m->accuracy, m->rows);
  return EXIT_GOOD;
}

static int evaluate(subject *x, const settings *s) {
  signals_doing("model and data are loaded");
  int code = subject_load(x, s);
  if (code == EXIT_GOOD) code = subject_read(x, s, &(ebb_encoder_options){.no_scale = true});
  if (code != EXIT_GOOD) return code;
  if (!ebb_table_has_target(x->table))
    return fail(EXIT_INPUT,
                "%s: has no targets to compare with; name them by --labels or --target, "
                "or use `ebb predict`",
                s->data);
  code = encode_part(x, s);
  if (code != EXIT_GOOD) return code;
  ebb_metrics metrics;
  signals_doing("kernels are compiled and run");
  code = fail_status(ebb_evaluate(&metrics, x->model.network, &x->rows, x->model.loss));
  return code == EXIT_GOOD ? print_metrics(x, s, &metrics) : code;
}

int eval_run(const settings *s) {
  if (!s->data) return fail(EXIT_USAGE, "eval: --data is missing: the file with the rows");
  subject x = {0};
  int code = evaluate(&x, s);
  subject_close(&x);
  return code;
}
