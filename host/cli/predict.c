/* `ebb predict`: the prediction for each row and, for classification, the probability of each
 * class, as CSV or JSON.
 *
 * Probabilities are the softmax of the logits, computed in double so that they sum to 1. All rows
 * are computed before the first is written, so an error never leaves half a file.
 */
#include "commands.h"
#include "inputs.h"
#include "outfile.h"
#include "output.h"
#include "predict_write.h"
#include "scores_make.h"
#include "signals.h"
#include "subject.h"

#include <math.h>
#include <stdlib.h>

static int compute(float **out, const subject *x) {
  size_t outputs = ebb_spec_outputs(ebb_network_spec(x->model.network));
  int code = outputs_make(out, x->model.network, &x->rows);
  for (size_t i = 0; code == EXIT_GOOD && i < x->rows.rows * outputs; i++)
    if (!isfinite((*out)[i]))
      return fail(EXIT_NUMBERS, "row %zu: output %zu of the network is not a finite number",
                  i / outputs + 1, i % outputs);
  return code;
}

static int write_all(const predictions *p, const settings *s) {
  outfile file;
  if (!s->out || is_stream(s->out)) {
    int code = predictions_write(stdout, p, s->json);
    return code == EXIT_GOOD ? finish_output(code) : code;
  }
  int code = outfile_begin(&file, s->out);
  if (code != EXIT_GOOD) return code;
  code = predictions_write(file.stream, p, s->json);
  int ended = outfile_end(&file, code == EXIT_GOOD);
  if (code == EXIT_GOOD) code = ended;
  if (code == EXIT_GOOD) note(s, "%zu predictions in %s", p->rows, s->out);
  return code;
}

/* Converts the network's outputs to the numbers to be written. */
static int finish(subject *x, const settings *s, const float *output) {
  bool classes = ebb_encoder_task(x->encoder) == EBB_TASK_CLASSIFICATION;
  ebb_loss loss = x->model.loss;
  size_t outputs =
      classes ? ebb_encoder_outputs(x->encoder) : ebb_predicted_columns(x->encoder, loss);
  predictions p = {.model = s->argument,
                   .encoder = x->encoder,
                   .table = x->table,
                   .loss = loss,
                   .rows = x->rows.rows,
                   .outputs = outputs};
  p.values = calloc(p.rows ? p.rows : 1, outputs * sizeof *p.values);
  if (!p.values) return fail(EXIT_FAILED, "no memory for the predictions of %zu rows", p.rows);
  if (classes)
    ebb_class_probabilities(p.values, x->encoder, loss, output, p.rows);
  else
    ebb_predicted_values(p.values, x->encoder, loss, output, p.rows);
  const char *clash = predictions_clash(&p);
  int code = clash
                 ? fail(EXIT_USAGE,
                        "%s: a column of the predictions is called \"%.80s\", too; rename it in %s",
                        settings_origin(s, "id").text, clash, s->data)
                 : write_all(&p, s);
  free(p.values);
  return code;
}

static int predict(subject *x, const settings *s) {
  float *output = NULL;
  signals_doing("model and data are loaded");
  int code = subject_load(x, s);
  if (code == EXIT_GOOD) code = subject_read(x, s, true);
  if (code == EXIT_GOOD) code = subject_encode(x, NULL, ebb_table_rows(x->table));
  if (code == EXIT_GOOD) note_unknown(s, x->encoder, x->table);
  signals_doing("kernels are compiled and run");
  if (code == EXIT_GOOD) code = compute(&output, x);
  signals_doing("the predictions are written");
  if (code == EXIT_GOOD) code = finish(x, s, output);
  free(output);
  return code;
}

int predict_run(const settings *s) {
  if (!s->data) return fail(EXIT_USAGE, "predict: --data is missing: the file with the rows");
  if (same_file(s->out, s->argument) || same_file(s->out, s->data) || same_file(s->out, s->labels))
    return fail(EXIT_USAGE, "--out: %s is also read from; writing would destroy it", s->out);
  subject x = {0};
  int code = predict(&x, s);
  subject_close(&x);
  return code;
}
