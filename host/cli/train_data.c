/* The rows of `ebb train`: table, split, encoder, datasets, in this order.
 *
 * The encoder must not know anything that the training rows do not show: it is fitted on them and
 * applied to the validation and test rows, whether these are part of the table or separate files.
 */
#include "train_data.h"

#include "inputs.h"
#include "output.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Without validation rows, refuses options about the best epoch. */
static int refuse_search(const settings *s) {
  static const char *const names[] = {"patience", "min-delta", "monitor"};
  const char *given = s->refit ? "refit" : NULL;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (settings_named(s, names[i])) given = names[i];
  bool last = given && strcmp(given, "patience") == 0 && s->patience == 0; /* all rows are training
                                                                            * rows */
  if (!given || last) return EXIT_GOOD;
  return fail(EXIT_USAGE,
              "%s: the best epoch is found by validation rows, and there are none by %s %s",
              settings_origin(s, given).text, settings_origin(s, "valid").text, s->valid);
}

/* Fractions of the table's rows; NAN: rows of a separate file. */
typedef struct shares {
  double valid, test;
} shares;

/* Reads --valid or --test: a fraction, or, if it is not a number, the name of a file. */
static int read_part(double *fraction, const settings *s, const char *name, const char *text) {
  char *end;
  *fraction = strtod(text, &end);
  if (*end != '\0') *fraction = NAN;
  if (isnan(*fraction) && !is_stream(text) && access(text, R_OK) != 0)
    return fail(EXIT_INPUT, "%s: \"%s\" is no fraction such as 0.2, and no file to be read: %s",
                settings_origin(s, name).text, text, strerror(errno));
  if (!isnan(*fraction) && !(*fraction >= 0 && *fraction < 1))
    return fail(EXIT_USAGE,
                "%s: \"%s\" is neither a fraction from 0 to below 1, such as 0.2, nor a file",
                settings_origin(s, name).text, text);
  return EXIT_GOOD;
}

/* Refuses labels for a part that is not a separate file. */
static int check_labels(const settings *s, const char *name, const char *labels, double fraction) {
  if (!labels || isnan(fraction)) return EXIT_GOOD;
  char option[32];
  snprintf(option, sizeof option, "%s-labels", name);
  return fail(EXIT_USAGE, "%s: belongs to a file given by --%s", settings_origin(s, option).text,
              name);
}

static int choose_split(training *t, shares *share) {
  const settings *s = t->s;
  int code = read_part(&share->valid, s, "valid", s->valid);
  if (code == EXIT_GOOD) code = read_part(&share->test, s, "test", s->test);
  if (code == EXIT_GOOD) code = check_labels(s, "valid", s->valid_labels, share->valid);
  if (code == EXIT_GOOD) code = check_labels(s, "test", s->test_labels, share->test);
  if (code != EXIT_GOOD) return code;
  if (isnan(share->valid) && s->refit)
    return fail(EXIT_USAGE,
                "%s: the rows of %s cannot be joined with those of %s: put them into one file, or "
                "train on that with --valid 0 and the --epochs found",
                settings_origin(s, "refit").text, s->valid, s->data);
  bool own_seed = settings_named(s, "seed-split");
  if (own_seed && s->split == SPLIT_LAST)
    return fail(EXIT_USAGE, "%s: %s takes the last rows, which no seed chooses",
                settings_origin(s, "seed-split").text, settings_origin(s, "split").text);
  t->split = (ebb_split){.valid = isnan(share->valid) ? 0 : share->valid,
                         .test = isnan(share->test) ? 0 : share->test,
                         .last = s->split == SPLIT_LAST,
                         .seed = own_seed ? s->seed_split : s->seed};
  if (t->split.valid + t->split.test >= 1)
    return fail(EXIT_USAGE, "%s and %s: %g and %g of the rows leave none to train on",
                settings_origin(s, "valid").text, settings_origin(s, "test").text, share->valid,
                share->test);
  return share->valid == 0 ? refuse_search(s) : EXIT_GOOD;
}

/* Reads --data, which must have targets; `labels`: the option for a file of labels. */
static int read_targets(ebb_table **table, const settings *s, const ebb_encoder *encoder,
                        const char *labels) {
  int code = read_table(table, s, encoder, false);
  if (code != EXIT_GOOD) return code;
  if (ebb_table_has_target(*table)) return check_targets(*table, loss_asked(s));
  return fail(EXIT_INPUT, "%s: has no targets to learn from; give their file by %s", s->data,
              labels);
}

/* Encodes rows of a table for the network in training (`rows` NULL: all). */
static int encode(ebb_dataset *out, const training *t, const ebb_table *table, const size_t *rows,
                  size_t count) {
  return encode_rows(out, t->encoder, table, rows, count, t->s->loss);
}

/* Reads a separate file of rows with the training's encoder. */
static int read_file(ebb_table **table, ebb_dataset *out, size_t *rows, const training *t,
                     const char *path, const char *labels, const char *option) {
  settings there = *t->s;
  there.data = path;
  there.labels = labels;
  int code = read_targets(table, &there, t->encoder, option);
  if (code != EXIT_GOOD) return code;
  *rows = ebb_table_rows(*table);
  note_unknown(t->s, t->encoder, *table);
  return encode(out, t, *table, NULL, *rows);
}

static int read_files(training *t, const shares *share) {
  const settings *s = t->s;
  int code = EXIT_GOOD;
  if (isnan(share->valid))
    code = read_file(&t->valid_table, &t->valid, &t->valid_rows, t, s->valid, s->valid_labels,
                     "--valid-labels");
  if (code == EXIT_GOOD && isnan(share->test))
    code = read_file(&t->test_table, &t->test, &t->test_rows, t, s->test, s->test_labels,
                     "--test-labels");
  return code;
}

ebb_encoder_options data_encoder_options(const settings *s) {
  return (ebb_encoder_options){.size = sizeof(ebb_encoder_options),
                               .no_scale = s->no_scale,
                               .no_scale_target = s->no_scale_target || loss_keeps_target(s),
                               .missing = (ebb_missing)s->missing,
                               .scaling = (ebb_scaling)s->scale,
                               .embed = s->embed,
                               .frequencies = s->embed_numbers == NUMBERS_PERIODIC ? 16 : 0,
                               .pieces = s->embed_numbers == NUMBERS_PIECEWISE ? 16 : 0};
}

static int read_rows(training *t) {
  int code = read_targets(&t->table, t->s, NULL, "--labels");
  if (code != EXIT_GOOD) return code;
  size_t rows = ebb_table_rows(t->table);
  ebb_parts parts;
  t->order = calloc(rows ? rows : 1, sizeof *t->order);
  if (!t->order) return fail(EXIT_FAILED, "no memory for %zu rows", rows);
  code = fail_status(ebb_table_split(t->order, &parts, t->table, &t->split));
  if (code != EXIT_GOOD) return code;
  t->train_rows = parts.train;
  t->valid_rows = parts.valid;
  t->test_rows = parts.test;
  return EXIT_GOOD;
}

/* Says which columns have an embedding that no option asks for. */
static void note_embeddings(const training *t) {
  ebb_encoder_column_info column;
  if (settings_named(t->s, "embed")) return;
  for (size_t c = 0; c < ebb_encoder_columns(t->encoder); c++) {
    size_t units = ebb_encoder_column_units(t->encoder, c);
    if (units == 0 || ebb_encoder_column(&column, t->encoder, c) != EBB_OK) continue;
    note(t->s,
         "note     column \"%s\": %zu categories, each becomes %zu learned numbers instead of an "
         "input; --embed none gives it inputs",
         column.name, column.categories, units);
  }
}

static int fit(training *t) {
  ebb_encoder_options options = data_encoder_options(t->s);
  int code = fail_status(ebb_encoder_fit(&t->encoder, t->table, t->order, t->train_rows, &options));
  if (code == EXIT_GOOD && ebb_encoder_task(t->encoder) == EBB_TASK_CLASSIFICATION &&
      ebb_encoder_outputs(t->encoder) < 2)
    return fail(EXIT_INPUT, "%s: all rows are of one class, \"%s\": there is nothing to learn",
                t->s->data, ebb_encoder_class(t->encoder, 0));
  if (code == EXIT_GOOD) code = weigh_classes(t->s, t->encoder, t->table, t->order, t->train_rows);
  if (code == EXIT_GOOD) note_embeddings(t);
  return code;
}

int data_read(training *t) {
  shares share;
  int code = choose_split(t, &share);
  if (code == EXIT_GOOD) code = read_rows(t);
  if (code == EXIT_GOOD) code = fit(t);
  if (code != EXIT_GOOD) return code;
  const size_t *valid = t->order + t->train_rows, *test = valid + t->valid_rows;
  code = encode(&t->train, t, t->table, t->order, t->train_rows);
  if (code == EXIT_GOOD && t->valid_rows)
    code = encode(&t->valid, t, t->table, valid, t->valid_rows);
  if (code == EXIT_GOOD && t->test_rows) code = encode(&t->test, t, t->table, test, t->test_rows);
  return code == EXIT_GOOD ? read_files(t, &share) : code;
}

void data_free(training *t) {
  ebb_dataset_clear(&t->train);
  ebb_dataset_clear(&t->valid);
  ebb_dataset_clear(&t->test);
  ebb_encoder_free(t->encoder);
  free(t->order);
  ebb_table_free(t->table);
  ebb_table_free(t->valid_table);
  ebb_table_free(t->test_table);
}
