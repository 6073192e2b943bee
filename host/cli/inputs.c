/* What several commands begin with.
 *
 * A model without encoder (a file that PyTorch wrote) takes rows as they are: for it an encoder is
 * fitted that scales nothing, so that the rest of a command need not know the difference.
 */
#include "inputs.h"

#include "compiling.h"
#include "output.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* True if EBB_DEVICE gives the device. It is left to the library, whose messages name it. */
static bool is_by_variable(const settings *s) {
  const char *variable = getenv("EBB_DEVICE");
  return s->device && variable && strcmp(s->device, variable) == 0;
}

static ebb_status open_selected(ebb_device **out, const settings *s) {
  const char *selector = is_by_variable(s) ? NULL : s->device;
  return s->profile || s->trace ? ebb_device_open_profiled(out, selector)
                                : ebb_device_open(out, selector);
}

ebb_status try_device(ebb_device **out, const char **blamed, const settings *s) {
  size_t count;
  *blamed = NULL;
  ebb_status status = open_selected(out, s);
  bool given = s->device && !is_by_variable(s);
  if (status == EBB_ERR_NO_DEVICE && given && ebb_device_count(&count) == EBB_OK)
    *blamed = "device"; /* there are others */
  if (status != EBB_OK) return status;
  status = ebb_device_set_precision(*out, (ebb_precision)s->precision);
  if (status == EBB_ERR_UNSUPPORTED) *blamed = "precision";
  return status;
}

int open_device(ebb_device **out, const settings *s) {
  const char *blamed;
  ebb_status status = try_device(out, &blamed, s);
  if (*out) {
    const ebb_device_info *info = ebb_device_get_info(*out);
    note(s, "device   %s, %s (%s)", info->name, info->platform, ebb_device_reason(*out));
    compiling_show(*out, s);
  }
  if (status != EBB_OK) return blamed ? fail_option(s, blamed, status) : fail_status(status);
  const char *unit = ebb_device_matrix_unit(*out);
  const char *engine = getenv("EBB_MATMUL");
  if (unit)
    note(s, "products %s, matrix unit %s%s", ebb_precision_name(ebb_device_precision(*out)), unit,
         engine && *engine ? "; EBB_MATMUL has no effect on it" : "");
  return EXIT_GOOD;
}

bool is_stream(const char *name) {
  return name && strcmp(name, "-") == 0;
}

int check_streams(const settings *s) {
  const struct {
    const char *option, *path;
  } inputs[] = {{"data", s->data},
                {"labels", s->labels},
                {"valid", s->valid},
                {"valid-labels", s->valid_labels}};
  const char *taken = NULL;
  for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
    if (!is_stream(inputs[i].path)) continue;
    if (taken)
      return fail(EXIT_USAGE, "%s: standard input is that of %s already; name a file",
                  settings_origin(s, inputs[i].option).text, settings_origin(s, taken).text);
    taken = inputs[i].option;
  }
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
  note(s, "data     %s: %s", is_stream(s->data) ? "standard input" : s->data,
       ebb_table_summary(*out));
  return EXIT_GOOD;
}

bool same_file(const char *output, const char *input) {
  struct stat x, y;
  if (!output || !input || is_stream(output) || stat(output, &x) != 0) return false;
  bool found = is_stream(input) ? fstat(STDIN_FILENO, &y) == 0 : stat(input, &y) == 0;
  return found && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int choose_loss(ebb_loss *out, const settings *s, ebb_task task) {
  *out = task == EBB_TASK_REGRESSION ? EBB_LOSS_MSE : EBB_LOSS_CROSS_ENTROPY;
  if (s->loss == 0) return EXIT_GOOD;
  ebb_loss asked = (ebb_loss)(s->loss - 1);
  if (task != EBB_TASK_AUTO && asked != *out)
    return fail(EXIT_USAGE, "%s: %s does not go with %s, which needs %s; --task chooses the task",
                settings_origin(s, "loss").text, ebb_loss_name(asked), ebb_task_name(task),
                ebb_loss_name(*out));
  *out = asked;
  return EXIT_GOOD;
}

int choose_optimizer(ebb_optimizer *out, double *learning_rate, const settings *s) {
  ebb_optimizer_kind kind = (ebb_optimizer_kind)s->optimizer;
  bool sgd = kind == EBB_OPT_SGD;
  *out = ebb_optimizer_default(kind);
  if (!sgd && (s->nesterov || (!isnan(s->momentum) && s->momentum > 0)))
    return fail(EXIT_USAGE, "%s belongs to --optimizer sgd; %s has betas of its own",
                settings_origin(s, s->nesterov ? "nesterov" : "momentum").text,
                ebb_optimizer_name(kind));
  if (!isnan(s->momentum)) out->momentum = s->momentum;
  if (s->nesterov && out->momentum <= 0)
    return fail(EXIT_USAGE, "%s needs a --momentum above 0", settings_origin(s, "nesterov").text);
  out->nesterov = s->nesterov;
  if (!isnan(s->weight_decay)) out->weight_decay = s->weight_decay;
  *learning_rate = isnan(s->lr) ? (sgd ? 0.01 : 0.001) : s->lr;
  return EXIT_GOOD;
}

int subject_load(subject *x, const settings *s) {
  int code = open_device(&x->device, s);
  if (code != EXIT_GOOD) return code;
  ebb_status status = ebb_model_load(&x->model, x->device, s->argument, s->model);
  return status == EBB_ERR_ARGUMENT && s->model ? fail_option(s, "model", status)
                                                : fail_status(status);
}

int subject_read(subject *x, const settings *s, const ebb_encoder_options *fit) {
  int code = check_streams(s);
  if (code == EXIT_GOOD) code = read_table(&x->table, s, x->model.encoder);
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
