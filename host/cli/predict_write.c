/* Predictions as CSV and as JSON.
 *
 * CSV in a file or pipe is data and keeps every byte of a name. On a terminal it is text, with
 * unsafe characters replaced.
 *
 * JSON is written row by row: a tree of a million rows would take a gigabyte. Numbers have 9
 * digits, enough for any float32.
 */
#include "predict_write.h"

#include "output.h"
#include "plain.h"
#include "signals.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool is_classes(const predictions *p) {
  return ebb_encoder_task(p->encoder) == EBB_TASK_CLASSIFICATION;
}

static size_t best_of(const predictions *p, size_t row) {
  const double *values = p->values + row * p->outputs;
  size_t best = 0;
  for (size_t j = 1; j < p->outputs; j++)
    if (values[j] > values[best]) best = j;
  return best;
}

static bool is_output_name(const predictions *p, const char *name) {
  char output[EBB_PREDICTED_NAME];
  if (is_classes(p) && (strcmp(name, "prediction") == 0 || strcmp(name, "probabilities") == 0))
    return true;
  for (size_t j = 0; j < p->outputs; j++) {
    ebb_predicted_name(output, p->encoder, p->loss, j);
    if (is_classes(p)
            ? strncmp(name, "p_", 2) == 0 && strcmp(name + 2, ebb_encoder_class(p->encoder, j)) == 0
            : strcmp(name, output) == 0)
      return true;
  }
  return false;
}

const char *predictions_clash(const predictions *p) {
  for (size_t i = 0; i < ebb_table_ids(p->table); i++)
    if (is_output_name(p, ebb_table_id_name(p->table, i))) return ebb_table_id_name(p->table, i);
  return NULL;
}

static bool may_go_on(FILE *file) {
  return !ferror(file) && !signals_caught();
}

/* The destination of CSV, and whether it is a terminal. */
typedef struct csv {
  FILE *file;
  bool seen;
} csv;

/* Writes prefix and text as one CSV field, quoted if necessary. */
static void write_field(const csv *out, const char *prefix, const char *text) {
  size_t length = strlen(text);
  bool spaced = length && (text[0] == ' ' || text[length - 1] == ' ');
  const char *quote = spaced || strpbrk(text, ",\"\r\n") ? "\"" : "";
  fprintf(out->file, "%s%s", quote, prefix);
  while (*text) {
    size_t size = 1, run = strcspn(text, "\"");
    unsigned code;
    if (run == 0)
      fputs("\"\"", out->file);
    else if (!out->seen)
      fwrite(text, 1, size = run, out->file);
    else if (is_plain(text, &size, &code))
      fwrite(text, 1, size, out->file);
    else
      fputc('?', out->file);
    text += size;
  }
  fputs(quote, out->file);
}

static void write_header(const csv *out, const predictions *p) {
  FILE *file = out->file;
  char name[EBB_PREDICTED_NAME];
  for (size_t i = 0; i < ebb_table_ids(p->table); i++) {
    write_field(out, "", ebb_table_id_name(p->table, i));
    fputc(',', file);
  }
  if (is_classes(p)) fputs("prediction", file);
  for (size_t j = 0; j < p->outputs; j++) {
    if (j > 0 || is_classes(p)) fputc(',', file);
    write_field(out, is_classes(p) ? "p_" : "",
                is_classes(p) ? ebb_encoder_class(p->encoder, j)
                              : ebb_predicted_name(name, p->encoder, p->loss, j));
  }
  fputc('\n', file);
}

static void write_csv(const csv *out, const predictions *p) {
  FILE *file = out->file;
  write_header(out, p);
  for (size_t row = 0; row < p->rows && may_go_on(file); row++) {
    for (size_t i = 0; i < ebb_table_ids(p->table); i++) {
      write_field(out, "", ebb_table_id(p->table, i, row));
      fputc(',', file);
    }
    if (is_classes(p)) write_field(out, "", ebb_encoder_class(p->encoder, best_of(p, row)));
    for (size_t j = 0; j < p->outputs; j++)
      fprintf(file, "%s%.9g", j > 0 || is_classes(p) ? "," : "", p->values[row * p->outputs + j]);
    fputc('\n', file);
  }
}

static json_t *row_json(const predictions *p, size_t row) {
  const double *values = p->values + row * p->outputs;
  json_t *object = json_object();
  for (size_t i = 0; i < ebb_table_ids(p->table); i++)
    put(object, ebb_table_id_name(p->table, i), json_text(ebb_table_id(p->table, i, row)));
  if (!is_classes(p)) {
    char name[EBB_PREDICTED_NAME];
    for (size_t j = 0; j < p->outputs; j++) {
      ebb_predicted_name(name, p->encoder, p->loss, j);
      put(object, name, json_real(values[j]));
    }
    return object;
  }
  json_t *shares = json_object();
  for (size_t j = 0; j < p->outputs; j++)
    put(shares, ebb_encoder_class(p->encoder, j), json_real(values[j]));
  put(object, "prediction", json_text(ebb_encoder_class(p->encoder, best_of(p, row))));
  put(object, "probabilities", shares);
  return object;
}

/* Writes a value and releases it. Returns false if it is incomplete. */
static bool write_value(FILE *file, json_t *value) {
  bool good = json_write(file, value, JSON_COMPACT);
  json_decref(value);
  return good;
}

static bool write_json(FILE *file, const predictions *p) {
  fputs("{\"model\": ", file);
  bool good = write_value(file, json_text(p->model));
  fputs(", \"predictions\": [", file);
  for (size_t row = 0; row < p->rows && good && may_go_on(file); row++) {
    fputs(row > 0 ? ",\n" : "\n", file);
    good = write_value(file, row_json(p, row));
  }
  fputs("\n]}\n", file);
  return good;
}

int predictions_write(FILE *file, const predictions *p, bool json) {
  bool good = true;
  if (json)
    good = write_json(file, p);
  else
    write_csv(&(csv){file, isatty(fileno(file)) == 1}, p);
  if (signals_caught()) return EXIT_SIGNAL + signals_caught(); /* already reported */
  return good || ferror(file) ? EXIT_GOOD : fail(EXIT_FAILED, "no memory for the predictions");
}
