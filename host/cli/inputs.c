/* What several commands begin with.
 *
 * A model without encoder (a file that PyTorch wrote) takes rows as they are: for it an encoder is
 * fitted that scales nothing, so that the rest of a command need not know the difference.
 */
#include "inputs.h"

#include "output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* EBB_DEVICE is left to the library, which then names the variable as the reason. */
int open_device(ebb_device **out, const settings *s) {
  const char *variable = getenv("EBB_DEVICE"), *selector = s->device;
  if (selector && variable && strcmp(selector, variable) == 0) selector = NULL;
  ebb_status status = s->profile || s->trace ? ebb_device_open_profiled(out, selector)
                                             : ebb_device_open(out, selector);
  if (status != EBB_OK) return fail_status(status);
  const ebb_device_info *info = ebb_device_get_info(*out);
  note(s, "device   %s, %s (%s)", info->name, info->platform, ebb_device_reason(*out));
  status = ebb_device_set_precision(*out, (ebb_precision)s->precision);
  if (status != EBB_OK) return fail_status(status);
  const char *unit = ebb_device_matrix_unit(*out);
  const char *engine = getenv("EBB_MATMUL");
  if (unit)
    note(s, "products %s, matrix unit %s%s", ebb_precision_name(ebb_device_precision(*out)), unit,
         engine && *engine ? "; EBB_MATMUL has no effect on it" : "");
  return EXIT_GOOD;
}

int read_table(ebb_table **out, const settings *s, const ebb_encoder *encoder) {
  if (!s->data) return fail(EXIT_USAGE, "--data is missing: the file with the rows");
  ebb_read_options options = {.labels = s->labels,
                              .target = s->target,
                              .task = (ebb_task)s->task,
                              .delimiter = s->delimiter,
                              .header = s->no_header ? EBB_HEADER_NO : EBB_HEADER_AUTO,
                              .encoder = encoder};
  ebb_status status = ebb_table_read(out, s->data, &options);
  if (status != EBB_OK) return fail_status(status);
  note(s, "data     %s: %s", s->data, ebb_table_summary(*out));
  return EXIT_GOOD;
}

bool same_file(const char *a, const char *b) {
  struct stat x, y;
  return a && b && stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
         x.st_ino == y.st_ino;
}

int choose_loss(ebb_loss *out, const settings *s, ebb_task task) {
  *out = task == EBB_TASK_REGRESSION ? EBB_LOSS_MSE : EBB_LOSS_CROSS_ENTROPY;
  if (s->loss == 0) return EXIT_GOOD;
  ebb_loss asked = (ebb_loss)(s->loss - 1);
  if (task != EBB_TASK_AUTO && asked != *out)
    return fail(EXIT_USAGE,
                "--loss %s does not go with %s, which needs %s; --task chooses the task",
                ebb_loss_name(asked), ebb_task_name(task), ebb_loss_name(*out));
  *out = asked;
  return EXIT_GOOD;
}

int choose_optimizer(ebb_optimizer *out, double *learning_rate, const settings *s) {
  ebb_optimizer_kind kind = (ebb_optimizer_kind)s->optimizer;
  bool sgd = kind == EBB_OPT_SGD;
  *out = ebb_optimizer_default(kind);
  if (!sgd && (s->nesterov || (!isnan(s->momentum) && s->momentum > 0)))
    return fail(EXIT_USAGE, "%s belongs to --optimizer sgd; %s has betas of its own",
                s->nesterov ? "--nesterov" : "--momentum", ebb_optimizer_name(kind));
  if (!isnan(s->momentum)) out->momentum = s->momentum;
  if (s->nesterov && out->momentum <= 0)
    return fail(EXIT_USAGE, "--nesterov needs a --momentum above 0");
  out->nesterov = s->nesterov;
  if (!isnan(s->weight_decay)) out->weight_decay = s->weight_decay;
  *learning_rate = isnan(s->lr) ? (sgd ? 0.01 : 0.001) : s->lr;
  return EXIT_GOOD;
}

int subject_load(subject *x, const settings *s) {
  int code = open_device(&x->device, s);
  if (code != EXIT_GOOD) return code;
  return fail_status(ebb_model_load(&x->model, x->device, s->argument, s->model));
}

int subject_read(subject *x, const settings *s, const ebb_encoder_options *fit) {
  int code = read_table(&x->table, s, x->model.encoder);
  x->encoder = x->model.encoder;
  if (code != EXIT_GOOD || x->encoder) return code;
  size_t rows = ebb_table_rows(x->table), train;
  size_t *order = calloc(rows ? rows : 1, sizeof *order);
  if (!order) return fail(EXIT_FAILED, "no memory for %zu rows", rows);
  ebb_status status = ebb_table_split(order, &train, x->table, &(ebb_split){0});
  if (status == EBB_OK) status = ebb_encoder_fit(&x->own, x->table, order, rows, fit);
  free(order);
  x->encoder = x->own;
  if (status == EBB_OK)
    x->model.loss =
        ebb_encoder_task(x->own) == EBB_TASK_REGRESSION ? EBB_LOSS_MSE : EBB_LOSS_CROSS_ENTROPY;
  return fail_status(status);
}

int subject_encode(subject *x, const size_t *rows, size_t count) {
  ebb_status status = ebb_encoder_apply(&x->rows, x->encoder, x->table, rows, count);
  if (status != EBB_OK) return fail_status(status);
  size_t inputs = ebb_spec_inputs(ebb_network_spec(x->model.network));
  if (x->rows.inputs != inputs)
    return fail(EXIT_INPUT, "the data has %zu inputs a row, the model takes %zu", x->rows.inputs,
                inputs);
  return EXIT_GOOD;
}

void subject_close(subject *x) {
  ebb_dataset_clear(&x->rows);
  ebb_encoder_free(x->own);
  ebb_table_free(x->table);
  ebb_model_clear(&x->model);
  ebb_device_free(x->device);
  *x = (subject){0};
}
