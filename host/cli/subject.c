/* A model from a file, and the rows it is applied to.
 *
 * A model without an encoder (a file written by PyTorch) takes rows unchanged: it is given a bare
 * encoder, so that commands need not distinguish the cases.
 */
#include "subject.h"

#include "inputs.h"
#include "output.h"
#include "watch.h"

/* A requested task or loss must be the model's own, if the model says. */
static int check_task(const subject *x, const settings *s) {
  if (!x->model.encoder) return EXIT_GOOD;
  ebb_task task = ebb_encoder_task(x->model.encoder);
  if (s->task != EBB_TASK_AUTO && (ebb_task)s->task != task)
    return fail(EXIT_USAGE, "%s: %s was trained for %s", settings_origin(s, "task").text,
                s->argument, ebb_task_name(task));
  if (s->loss.kind != EBB_LOSS_COUNT && !ebb_loss_equal(s->loss, x->model.loss))
    return fail(EXIT_USAGE, "%s: %s was trained for %s, by %s", settings_origin(s, "loss").text,
                s->argument, ebb_task_name(task),
                ebb_loss_text((char[EBB_LOSS_TEXT]){0}, x->model.loss));
  return EXIT_GOOD;
}

int subject_load(subject *x, const settings *s) {
  int code = open_device(&x->device, s);
  if (code != EXIT_GOOD) return code;
  ebb_status status = ebb_model_load(&x->model, x->device, s->argument, s->model);
  if (status != EBB_OK)
    return status == EBB_ERR_ARGUMENT && s->model ? fail_option(s, "model", status)
                                                  : fail_status(status);
  note_weights(s, s->argument, ebb_network_notes(x->model.network));
  return check_task(x, s);
}

/* The task of a model that does not say: --task, or the task of --loss. */
static ebb_task asked_task(const settings *s) {
  if (s->task != EBB_TASK_AUTO || s->loss.kind == EBB_LOSS_COUNT) return (ebb_task)s->task;
  return ebb_loss_has_labels(s->loss.kind) ? EBB_TASK_CLASSIFICATION : EBB_TASK_REGRESSION;
}

/* Reports the assumptions about a model without an encoder. `target`: the target that showed the
 * task, or NULL. */
static void note_bare(const subject *x, const settings *s, const char *target) {
  ebb_task task = ebb_encoder_task(x->own);
  note(s, "note     %s does not tell what its inputs are: column i is input i, as it stands",
       s->argument);
  if (asked_task(s) != EBB_TASK_AUTO) return;
  if (target)
    note(s,
         "note     its task is taken to be %s, after the target \"%s\"%s; --task decides, and "
         "--no-target makes every column an input",
         ebb_task_name(task), target,
         task == EBB_TASK_CLASSIFICATION ? ": class i is output i" : "");
  else if (task == EBB_TASK_AUTO)
    note(s, "note     nor what its outputs are: they are shown as they come; --task classification "
            "takes output i for class i");
  else
    note(s, "note     nor what its output is: it is shown as it comes");
}

/* Gives a model without an encoder the task shown by a table's target. `target` receives its
 * name. */
static int take_task(subject *x, char target[80], const ebb_table *table) {
  if (!ebb_table_has_target(table)) return EXIT_GOOD;
  snprintf(target, 80, "%s", ebb_table_target_name(table, 0));
  return fail_status(ebb_encoder_take_task(x->own, table));
}

/* The same for rows whose targets are ignored: the target is read separately, and a target that
 * does not fit the model shows nothing. Standard input can be read only once. */
static int peek_task(subject *x, char target[80], const settings *s) {
  ebb_table *table = NULL;
  ebb_read_options options = read_options(s, x->own, false);
  bool needed = ebb_encoder_task(x->own) == EBB_TASK_AUTO && !is_stream(s->data) && !s->no_target;
  int code = EXIT_GOOD;
  if (needed && ebb_table_read(&table, s->data, &options) == EBB_OK)
    code = take_task(x, target, table);
  ebb_table_free(table);
  return code;
}

/* Refuses requests that need an encoder. */
static int check_asked(const subject *x, const settings *s) {
  ebb_loss loss;
  bool by_loss = s->task == EBB_TASK_AUTO;
  if (asked_task(s) == EBB_TASK_CLASSIFICATION &&
      ebb_spec_outputs(ebb_network_spec(x->model.network)) < 2)
    return fail(
        EXIT_USAGE,
        "%s: the one output of %s is no choice of classes: its softmax is always 1; without "
        "the option it is shown as it comes, in most such models above 0 for the class 1",
        settings_origin(s, by_loss ? "loss" : "task").text, s->argument);
  return choose_loss(&loss, s, (ebb_task)s->task);
}

/* Classes, or targets, where a loss with several outputs for each is asked for. */
static size_t bare_targets(const ebb_spec *spec, const settings *s) {
  size_t outputs = ebb_spec_outputs(spec), each = ebb_loss_outputs(s->loss);
  return outputs % each == 0 ? outputs / each : outputs;
}

static int read_bare(subject *x, const settings *s, bool ignore_target) {
  const ebb_spec *spec = ebb_network_spec(x->model.network);
  char target[80] = "";
  int code = check_asked(x, s);
  if (code == EXIT_GOOD)
    code = fail_status(
        ebb_encoder_bare(&x->own, ebb_spec_inputs(spec), bare_targets(spec, s), asked_task(s)));
  x->encoder = x->own;
  if (code == EXIT_GOOD && ignore_target) code = peek_task(x, target, s);
  if (code == EXIT_GOOD) code = read_table(&x->table, s, x->own, ignore_target);
  if (code == EXIT_GOOD && !ignore_target) code = take_task(x, target, x->table);
  if (code != EXIT_GOOD) return code;
  note_bare(x, s, target[0] ? target : NULL);
  code = choose_loss(&x->model.loss, s, ebb_encoder_task(x->own));
  return code == EXIT_GOOD && !ignore_target ? check_targets(x->table, x->model.loss) : code;
}

int subject_read(subject *x, const settings *s, bool ignore_target) {
  int code = check_streams(s);
  if (code != EXIT_GOOD) return code;
  if (!x->model.encoder) return read_bare(x, s, ignore_target);
  x->encoder = x->model.encoder;
  code = read_table(&x->table, s, x->encoder, ignore_target);
  bool scored = code == EXIT_GOOD && !ignore_target;
  return scored ? check_targets(x->table, x->model.loss) : code;
}

int subject_encode(subject *x, const size_t *rows, size_t count) {
  int code = encode_rows(&x->rows, x->encoder, x->table, rows, count, x->model.loss);
  if (code != EXIT_GOOD) return code;
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
  watch_end();
  ebb_model_clear(&x->model);
  ebb_device_free(x->device);
  *x = (subject){0};
}
