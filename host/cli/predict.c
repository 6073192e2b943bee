/* `ebb predict`: a CSV line for each row: the prediction, and for classes the probability of each.
 *
 * Probabilities are softmaxes of the network's logits, taken in double so that they sum to 1. All
 * rows are computed before the first is written: an error never leaves half a file.
 */
#include "commands.h"
#include "inputs.h"
#include "output.h"
#include "signals.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The network's outputs [rows, outputs] for all rows. The caller frees them. */
static int compute(float **out, const subject *x) {
  const ebb_dataset *d = &x->rows;
  size_t outputs = ebb_spec_outputs(ebb_network_spec(x->model.network));
  *out = calloc(d->rows ? d->rows : 1, outputs * sizeof **out);
  float *scaled = d->x ? NULL : calloc(d->rows ? d->rows : 1, d->inputs * sizeof *scaled);
  if (!*out || (!d->x && !scaled)) {
    free(scaled);
    return fail(EXIT_FAILED, "no memory for the predictions of %zu rows", d->rows);
  }
  for (size_t i = 0; scaled && i < d->rows * d->inputs; i++)
    scaled[i] = (float)d->x_u8[i] * d->scale;
  ebb_status status = ebb_network_predict(x->model.network, *out, d->x ? d->x : scaled, d->rows);
  free(scaled);
  if (status != EBB_OK) return fail_status(status);
  for (size_t i = 0; i < d->rows * outputs; i++)
    if (!isfinite((*out)[i]))
      return fail(EXIT_NUMBERS, "row %zu: output %zu of the network is not a finite number",
                  i / outputs + 1, i % outputs);
  return EXIT_GOOD;
}

/* Writes prefix and text as one CSV field, quoted where the text needs it. */
static void write_field(FILE *file, const char *prefix, const char *text) {
  size_t length = strlen(text);
  bool spaced = length && (text[0] == ' ' || text[length - 1] == ' ');
  if (!spaced && !strpbrk(text, ",\"\r\n")) {
    fprintf(file, "%s%s", prefix, text);
    return;
  }
  fprintf(file, "\"%s", prefix);
  for (; *text; text++) fprintf(file, *text == '"' ? "\"\"" : "%c", *text);
  fputc('"', file);
}

/* The name of a class, or its number where the encoder has none. */
static const char *class_name(char number[32], const ebb_encoder *encoder, size_t index) {
  const char *name = ebb_encoder_class(encoder, index);
  if (name) return name;
  snprintf(number, 32, "%zu", index);
  return number;
}

static void write_class_row(FILE *file, const ebb_encoder *encoder, const float *z,
                            size_t outputs) {
  size_t best = 0;
  double sum = 0;
  char number[32];
  for (size_t j = 1; j < outputs; j++)
    if (z[j] > z[best]) best = j;
  for (size_t j = 0; j < outputs; j++) sum += exp((double)z[j] - (double)z[best]);
  write_field(file, "", class_name(number, encoder, best));
  for (size_t j = 0; j < outputs; j++)
    fprintf(file, ",%.9g", exp((double)z[j] - (double)z[best]) / sum);
}

static void write_header(FILE *file, const subject *x, size_t outputs) {
  char number[32];
  if (x->model.loss == EBB_LOSS_CROSS_ENTROPY) {
    fputs("prediction", file);
    for (size_t j = 0; j < outputs; j++) {
      fputc(',', file);
      write_field(file, "p_", class_name(number, x->encoder, j));
    }
  } else if (outputs == 1) {
    fputs("prediction", file);
  } else {
    for (size_t j = 0; j < outputs; j++) fprintf(file, "%sprediction_%zu", j ? "," : "", j);
  }
  fputc('\n', file);
}

static void write_rows(FILE *file, const subject *x, const float *output) {
  size_t outputs = ebb_spec_outputs(ebb_network_spec(x->model.network));
  write_header(file, x, outputs);
  for (size_t i = 0; i < x->rows.rows && !ferror(file); i++) {
    const float *z = output + i * outputs;
    if (x->model.loss == EBB_LOSS_CROSS_ENTROPY)
      write_class_row(file, x->encoder, z, outputs);
    else
      for (size_t j = 0; j < outputs; j++) fprintf(file, "%s%.9g", j ? "," : "", (double)z[j]);
    fputc('\n', file);
  }
}

static int write_all(const subject *x, const settings *s, const float *output) {
  if (!s->out || is_stream(s->out)) {
    write_rows(stdout, x, output);
    return finish_output(EXIT_GOOD);
  }
  signals_keep("the predictions are written first; a second signal ends at once");
  FILE *file = fopen(s->out, "w");
  if (!file) return fail(EXIT_FAILED, "%s: cannot be written: %s", s->out, strerror(errno));
  write_rows(file, x, output);
  bool good = fflush(file) == 0 && !ferror(file);
  int why = errno;
  good = fclose(file) == 0 && good;
  if (!good) return fail(EXIT_FAILED, "%s: writing failed: %s", s->out, strerror(why));
  note(s, "%zu predictions in %s", x->rows.rows, s->out);
  return EXIT_GOOD;
}

static int predict(subject *x, const settings *s) {
  float *output = NULL;
  signals_doing("model and data are loaded");
  int code = subject_load(x, s);
  if (code == EXIT_GOOD) code = subject_read(x, s, &(ebb_encoder_options){.no_scale = true});
  if (code == EXIT_GOOD) code = subject_encode(x, NULL, ebb_table_rows(x->table));
  signals_doing("kernels are compiled and run");
  if (code == EXIT_GOOD) code = compute(&output, x);
  if (code == EXIT_GOOD) code = write_all(x, s, output);
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
