/* `ebb train`: table, split, encoder, network, trainer, model file, in this order.
 *
 * Everything that can be wrong with files and options is found before the first step, also that
 * the model cannot be written where it is wanted; and the file there is touched only by the final
 * rename, so a failed training leaves an older model as it was.
 */
#include "commands.h"
#include "inputs.h"
#include "output.h"
#include "signals.h"
#include "train_files.h"
#include "train_profile.h"
#include "train_report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Reads --valid: a fraction, or the name of a file, whatever is not a number. */
static int choose_split(training *t, bool *from_file) {
  const settings *s = t->s;
  char *end;
  double fraction = strtod(s->valid, &end);
  *from_file = *end != '\0';
  t->split = (ebb_split){.last = s->split == SPLIT_LAST, .seed = s->seed};
  if (*from_file && !is_stream(s->valid) && access(s->valid, R_OK) != 0)
    return fail(EXIT_INPUT, "%s: \"%s\" is no fraction such as 0.2, and no file to be read: %s",
                settings_origin(s, "valid").text, s->valid, strerror(errno));
  if (*from_file) return EXIT_GOOD;
  if (!(fraction >= 0 && fraction < 1))
    return fail(EXIT_USAGE,
                "%s: \"%s\" is neither a fraction from 0 to below 1, such as 0.2, nor a file",
                settings_origin(s, "valid").text, s->valid);
  t->split.valid = fraction;
  if (s->valid_labels)
    return fail(EXIT_USAGE, "%s: belongs to a file given by --valid",
                settings_origin(s, "valid-labels").text);
  return EXIT_GOOD;
}

static int require_targets(const ebb_table *table, const char *path, const char *option) {
  if (ebb_table_has_target(table)) return EXIT_GOOD;
  return fail(EXIT_INPUT, "%s: has no targets to learn from; give their file by %s", path, option);
}

/* Reads the file that --valid names as rows for the training's encoder. */
static int read_valid_file(training *t) {
  settings there = *t->s;
  there.data = t->s->valid;
  there.labels = t->s->valid_labels;
  int code = read_table(&t->valid_table, &there, t->encoder);
  if (code == EXIT_GOOD) code = require_targets(t->valid_table, t->s->valid, "--valid-labels");
  if (code != EXIT_GOOD) return code;
  t->valid_rows = ebb_table_rows(t->valid_table);
  return fail_status(ebb_encoder_apply(&t->valid, t->encoder, t->valid_table, NULL, t->valid_rows));
}

static int read_data(training *t) {
  bool from_file;
  int code = choose_split(t, &from_file);
  if (code == EXIT_GOOD) code = read_table(&t->table, t->s, NULL);
  if (code == EXIT_GOOD) code = require_targets(t->table, t->s->data, "--labels");
  if (code != EXIT_GOOD) return code;
  size_t rows = ebb_table_rows(t->table);
  t->order = calloc(rows ? rows : 1, sizeof *t->order);
  if (!t->order) return fail(EXIT_FAILED, "no memory for %zu rows", rows);
  ebb_status status = ebb_table_split(t->order, &t->train_rows, t->table, &t->split);
  if (status != EBB_OK) return fail_status(status);
  t->valid_rows = rows - t->train_rows;
  ebb_encoder_options options = {.no_scale = t->s->no_scale, .missing = (ebb_missing)t->s->missing};
  status = ebb_encoder_fit(&t->encoder, t->table, t->order, t->train_rows, &options);
  if (status == EBB_OK && ebb_encoder_task(t->encoder) == EBB_TASK_CLASSIFICATION &&
      ebb_encoder_outputs(t->encoder) < 2)
    return fail(EXIT_INPUT, "%s: all rows are of one class, \"%s\": there is nothing to learn",
                t->s->data, ebb_encoder_class(t->encoder, 0));
  if (status == EBB_OK)
    status = ebb_encoder_apply(&t->train, t->encoder, t->table, t->order, t->train_rows);
  if (status == EBB_OK && t->valid_rows)
    status =
        ebb_encoder_apply(&t->valid, t->encoder, t->table, t->order + t->train_rows, t->valid_rows);
  if (status == EBB_OK && from_file) return read_valid_file(t);
  return fail_status(status);
}

/* --epochs, or a default: small data need many to come to as many updates as large ones. */
static size_t choose_epochs(const training *t) {
  size_t batch = t->s->batch, epochs = 2000 / ((t->train_rows + batch - 1) / batch);
  if (t->s->epochs) return t->s->epochs;
  return epochs < 20 ? 20 : epochs > 500 ? 500 : epochs;
}

/* The options of the trainer, but the loss and the epochs, which the data decide. */
static int choose_options(training *t) {
  const settings *s = t->s;
  ebb_train_options *o = &t->options;
  *o = ebb_train_options_default();
  o->batch = s->batch;
  o->seed = s->seed;
  o->shuffle = !s->no_shuffle;
  o->step = (ebb_step_form)s->step;
  o->data_on = (ebb_data_place)s->data_on;
  int code = choose_optimizer(&o->optimizer, &t->learning_rate, s);
  o->learning_rate = (float)t->learning_rate;
  return code;
}

/* The layers: from --model, else those of the model that --init names, else a default. */
static int choose_spec(training *t) {
  const settings *s = t->s;
  size_t inputs = ebb_encoder_inputs(t->encoder), outputs = ebb_encoder_outputs(t->encoder);
  const char *text = s->model ? s->model : "64relu";
  bool from_init = !s->model && s->init;
  if (from_init) {
    ebb_model_info info = {0};
    ebb_status status = ebb_model_describe(&info, s->init, NULL);
    if (status == EBB_OK) status = ebb_spec_text(t->spec_text, sizeof t->spec_text, &info.spec);
    ebb_model_info_clear(&info);
    if (status != EBB_OK) return fail_status(status);
    text = t->spec_text;
  }
  ebb_status status = ebb_spec_parse(&t->spec, text, inputs, outputs);
  if (status == EBB_OK) status = ebb_spec_text(t->spec_text, sizeof t->spec_text, &t->spec);
  return fail_option(s, from_init ? "init" : "model", status);
}

static int build_network(training *t) {
  const settings *s = t->s;
  ebb_status status =
      ebb_network_create(&t->network, t->device, &t->spec, (ebb_init)s->initializer, s->seed);
  if (status == EBB_OK && s->init) status = ebb_network_load_weights(t->network, s->init);
  if (status != EBB_OK) return fail_status(status);
  status = ebb_trainer_create(&t->trainer, t->network, &t->train, t->valid_rows ? &t->valid : NULL,
                              &t->options);
  bool asked = status == EBB_ERR_UNSUPPORTED && s->step == EBB_STEP_WHOLE;
  return asked ? fail_option(s, "step", status) : fail_status(status);
}

static int prepare(training *t) {
  int code = files_check(t->s);
  if (code == EXIT_GOOD) code = choose_options(t);
  if (code == EXIT_GOOD) code = read_data(t);
  if (code == EXIT_GOOD) t->options.epochs = choose_epochs(t);
  if (code == EXIT_GOOD) code = choose_loss(&t->options.loss, t->s, ebb_encoder_task(t->encoder));
  if (code == EXIT_GOOD) code = choose_spec(t);
  signals_doing("kernels are compiled");
  if (code == EXIT_GOOD) code = open_device(&t->device, t->s);
  t->opened = report_clock();
  if (code == EXIT_GOOD) code = profile_begin(t);
  if (code == EXIT_GOOD) report_plan(t);
  if (code == EXIT_GOOD) code = build_network(t);
  if (signals_caught()) return EXIT_SIGNAL + signals_caught(); /* which has been told */
  if (code == EXIT_GOOD) code = report_start(t);
  if (code == EXIT_GOOD) profile_phase(t, "prepare");
  return code;
}

static int save(training *t) {
  ebb_model model = {
      .network = t->network, .encoder = t->encoder, .loss = t->options.loss, .split = t->split};
  t->phase_start = report_clock();
  int code = fail_status(ebb_model_save(&model, t->s->out));
  profile_phase(t, "save model");
  return code;
}

/* NaN or Inf: the network is back at its last good epoch. That is worth saving if there was one;
 * without it an older model at --out is better than random weights. */
static int end_by_numbers(training *t, const char *message) {
  bool keep = t->finished > 0;
  fail(EXIT_NUMBERS, "%s (%s); %s%s", message, settings_origin(t->s, "lr").text,
       keep ? "the model of that epoch is kept in " : "no epoch was good, so no model is saved",
       keep ? t->s->out : "");
  int code = keep ? save(t) : EXIT_GOOD;
  profile_write_trace(t);
  report_end(t, "numbers", keep && code == EXIT_GOOD);
  return EXIT_NUMBERS;
}

static int train(training *t) {
  char message[4096];
  int code = prepare(t);
  if (code != EXIT_GOOD) return code;
  t->run_start = report_clock();
  ebb_status status = ebb_trainer_run(t->trainer, report_progress, t);
  snprintf(message, sizeof message, "%s", ebb_error_message());
  if (status != EBB_OK) report_end_line(t);
  int profiled = profile_end(t);
  if (status == EBB_ERR_NUMBERS) return end_by_numbers(t, message);
  code = status == EBB_OK ? EXIT_GOOD : fail(exit_code(status), "%s", message);
  if (code == EXIT_GOOD) code = save(t);
  if (code != EXIT_GOOD) return code;
  int traced = profile_write_trace(t);
  bool stopped = signals_caught() && t->finished < t->options.epochs;
  code = report_end(t, stopped ? "stopped" : "finished", true);
  if (code == EXIT_GOOD) code = profiled == EXIT_GOOD ? traced : profiled;
  return stopped ? EXIT_SIGNAL + signals_caught() : code;
}

static void clear(training *t) {
  report_close_log(t);
  ebb_trainer_free(t->trainer);
  ebb_network_free(t->network);
  ebb_device_free(t->device);
  ebb_dataset_clear(&t->train);
  ebb_dataset_clear(&t->valid);
  ebb_encoder_free(t->encoder);
  free(t->order);
  ebb_table_free(t->table);
  ebb_table_free(t->valid_table);
}

int train_run(const settings *s) {
  training t = {.s = s};
  outlive_readers();
  signals_doing("the data are read");
  int code = train(&t);
  clear(&t);
  return code;
}
