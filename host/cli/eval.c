/* `ebb eval`: how good a model is on a file of rows with targets.
 *
 * A model file holds a fingerprint of its training data and their split. On that file, each part is
 * scored separately, unseen rows first: a score over all rows would include those that the model
 * has learned by heart. The rows of any other file are all unseen, and splitting them would be
 * meaningless.
 */
#include "commands.h"
#include "inputs.h"
#include "output.h"
#include "scores_make.h"
#include "scores_print.h"
#include "signals.h"
#include "subject.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_PARTS = 3 };

typedef struct evaluation {
  const settings *s;
  subject x;
  bool home;   /* the file is the model's training data */
  bool parted; /* `order` and `parts` hold the split */
  size_t *order;
  ebb_parts parts;
  ebb_dataset train; /* only with `parted` */
  scored results[MOST_PARTS];
  size_t count;
} evaluation;

static const char *const part_names[] = {"all", "train", "valid", "test"};

static bool model_parts(const ebb_split *split) {
  return split->valid > 0 || split->test > 0;
}

/* Refuses a part that does not exist. */
static int check_part(const evaluation *e) {
  const settings *s = e->s;
  const ebb_split *split = &e->x.model.split;
  if (s->part == PART_ALL) return EXIT_GOOD;
  option_origin part = settings_origin(s, "part");
  if (!e->x.model.encoder)
    return fail(EXIT_USAGE, "%s: %s does not say which rows it was trained on", part.text,
                s->argument);
  if (e->x.model.fingerprint && !e->home)
    return fail(EXIT_USAGE,
                "%s: %s is not the file that %s was trained on, so it has no such parts; leave the "
                "option out to evaluate all of its rows",
                part.text, s->data, s->argument);
  if (!model_parts(split))
    return fail(EXIT_USAGE, "%s: %s was trained without a split of its rows (--valid 0 or a file)",
                part.text, s->argument);
  if ((s->part == PART_VALID && !(split->valid > 0)) ||
      (s->part == PART_TEST && !(split->test > 0)))
    return fail(EXIT_USAGE,
                "%s: %s was trained without such a part: %g of the rows are for "
                "validation, %g for the test",
                part.text, s->argument, split->valid, split->test);
  return EXIT_GOOD;
}

/* Splits the rows as the training did, and encodes the training rows. */
static int part_rows(evaluation *e) {
  size_t rows = ebb_table_rows(e->x.table);
  e->order = calloc(rows ? rows : 1, sizeof *e->order);
  if (!e->order) return fail(EXIT_FAILED, "no memory for %zu rows", rows);
  int code = fail_status(ebb_table_split(e->order, &e->parts, e->x.table, &e->x.model.split));
  if (code == EXIT_GOOD) code = subject_encode(&e->x, e->order, e->parts.train);
  e->train = e->x.rows;
  e->x.rows = (ebb_dataset){0};
  e->parted = code == EXIT_GOOD;
  return code;
}

/* Scores the rows of one part. */
static int add_part(evaluation *e, int part) {
  scored *out = &e->results[e->count++];
  const ebb_parts *p = &e->parts;
  const struct {
    const size_t *order;
    size_t count;
  } places[] = {[PART_ALL] = {NULL, ebb_table_rows(e->x.table)},
                [PART_TRAIN] = {e->order, p->train},
                [PART_VALID] = {e->order + p->train, p->valid},
                [PART_TEST] = {e->order + p->train + p->valid, p->test}};
  int code = EXIT_GOOD;
  const ebb_dataset *rows = &e->train;
  out->part = part_names[part];
  out->trained_on = part == PART_TRAIN || (part == PART_ALL && e->home);
  if (part != PART_TRAIN) {
    code = subject_encode(&e->x, places[part].order, places[part].count);
    rows = &e->x.rows;
  }
  signals_doing("kernels are compiled and run");
  if (code == EXIT_GOOD)
    code = scores_make(out, e->x.model.network, e->x.encoder, e->x.model.loss, rows,
                       e->parted ? &e->train : NULL);
  ebb_dataset_clear(&e->x.rows);
  return code;
}

/* Without --part, on the training data: scores all existing parts. */
static int add_parts(evaluation *e) {
  int code = EXIT_GOOD;
  if (e->parts.valid) code = add_part(e, PART_VALID);
  if (code == EXIT_GOOD && e->parts.test) code = add_part(e, PART_TEST);
  return code == EXIT_GOOD ? add_part(e, PART_TRAIN) : code;
}

static int score(evaluation *e) {
  const settings *s = e->s;
  const ebb_model *model = &e->x.model;
  bool asked = settings_named(s, "part"), parts = model_parts(&model->split);
  int code = EXIT_GOOD;
  if (parts && (e->home || s->part != PART_ALL)) code = part_rows(e);
  if (code != EXIT_GOOD) return code;
  if (e->parted && !asked) return add_parts(e);
  if (parts && !asked && !model->fingerprint)
    note(s,
         "note     %s does not say which file it was trained on; if it was this one, the figures "
         "are too good: --part valid leaves the training rows out",
         s->argument);
  return add_part(e, s->part);
}

static int print_as_json(const evaluation *e) {
  json_t *object =
      json_pack("{s:o, s:o}", "model", json_text(e->s->argument), "data", json_text(e->s->data));
  scores_put(object, &e->results[0], e->x.encoder);
  json_t *others = e->count > 1 ? json_array() : NULL;
  for (size_t i = 1; i < e->count; i++) {
    json_t *other = json_object();
    scores_put(other, &e->results[i], e->x.encoder);
    json_array_append_new(others, other);
  }
  if (others) put(object, "other_parts", others);
  put_device(object, e->x.device);
  return print_json(object);
}

static int print(const evaluation *e) {
  int code = EXIT_GOOD;
  if (e->s->json) {
    code = print_as_json(e);
  } else {
    scores_print_line(stdout, &e->results[0]);
    scores_print(stdout, e->results, e->count, e->x.encoder);
    fflush(stdout);
  }
  scores_warn(&e->results[0], e->x.encoder);
  return code;
}

static bool has_column(const ebb_table *table, const char *name) {
  ebb_column_info column;
  for (size_t i = 0; i < ebb_table_file_columns(table); i++)
    if (ebb_table_column(&column, table, i) == EBB_OK && strcmp(column.name, name) == 0)
      return true;
  return false;
}

/* If only some of several targets are there, says which one is missing. */
static int fail_no_target(const subject *x, const settings *s) {
  const char *missing = NULL, *name;
  size_t there = 0;
  for (size_t k = 0; (name = ebb_encoder_target(x->encoder, k)) != NULL; k++)
    if (has_column(x->table, name))
      there++;
    else if (!missing)
      missing = name;
  if (there > 0 && missing && !s->no_target)
    return fail(EXIT_INPUT, "%s: the model's target \"%.80s\" is missing, and all are needed",
                s->data, missing);
  return fail(EXIT_INPUT,
              "%s: has no targets to compare with; give them with --labels or --target, or use "
              "`ebb predict`",
              s->data);
}

/* Figures are weighted only as asked for here; what the training did is mentioned. */
static int weigh_eval(subject *x, const settings *s) {
  const char *weight = ebb_encoder_weight(x->encoder);
  if (weight && !s->weight_column && has_column(x->table, weight))
    note(s,
         "note     all rows count the same here; in the training they had the weights of column "
         "\"%.80s\": --weight-column",
         weight);
  return weigh_classes(s, x->own ? x->own : x->model.encoder, x->table, NULL, 0);
}

static int evaluate(evaluation *e) {
  subject *x = &e->x;
  const settings *s = e->s;
  signals_doing("model and data are loaded");
  int code = subject_load(x, s);
  if (code == EXIT_GOOD) code = subject_read(x, s, false);
  if (code != EXIT_GOOD) return code;
  if (!ebb_table_has_target(x->table)) return fail_no_target(x, s);
  note_unknown(s, x->encoder, x->table);
  code = weigh_eval(x, s);
  if (code != EXIT_GOOD) return code;
  uint64_t fingerprint = x->model.fingerprint;
  e->home = fingerprint && fingerprint == ebb_table_fingerprint(x->table);
  code = check_part(e);
  if (code == EXIT_GOOD) code = score(e);
  return code == EXIT_GOOD ? print(e) : code;
}

int eval_run(const settings *s) {
  if (!s->data) return fail(EXIT_USAGE, "eval: --data is missing: the file with the rows");
  evaluation e = {.s = s};
  int code = evaluate(&e);
  for (size_t i = 0; i < e.count; i++) scored_clear(&e.results[i]);
  ebb_dataset_clear(&e.train);
  free(e.order);
  subject_close(&e.x);
  return code;
}
