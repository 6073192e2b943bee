/* A table all the way: read, described, parted, encoded, its encoder kept and taken back, written,
 * read back, read again as further rows for its encoder.
 *
 * Writing is caught at ebbi_sheet_write (the link wraps it): what is to be written is still at hand
 * there, cell by cell, and no file is needed. tables_written.c does that.
 */
#include "tables.h"

#include <ctype.h>
#include <data/encoder.h>
#include <data/table.h>
#include <math.h>

enum { CELLS_MAX = 1 << 20 };

/* ---- choices ---- */

static const char *const targets[] = {NULL, "0", "-1", "y", "class", "1,2", "-2", "a,y"};
static const char delimiters[] = {0, ',', ';', '\t', '|', ' ', ':'};
static const char *const missing_texts[] = {NULL, "", "?,-999", "none,NA"};
static const char *const encodings[] = {NULL, "UTF-8", "latin1", "UTF-16LE", "no-such"};

/* Which list of columns is given, and what stands in it. */
static void choose_list(ebb_read_options *o, unsigned choice) {
  const char **const lists[] = {&o->drop, &o->keep, &o->categorical, &o->numeric, &o->id};
  static const char *const columns[] = {"0", "1", "a", "a,-2"};
  if (choice-- > 0) *lists[choice % COUNT_OF(lists)] = columns[choice / COUNT_OF(lists)];
}

static void choose_split(ebb_split *split, unsigned choice) {
  *split = (ebb_split){
      .valid = choice & 1 ? 0.25 : 0, .test = choice & 2 ? 0.2 : 0, .last = choice & 4, .seed = 7};
}

table_choices fuzz_table_choices(fuzz_input *input) {
  static const char *const endings[] = {NULL, "t.csv", "t.npz", "t.svm"};
  table_choices c = {.encode = EBB_ENCODER_OPTIONS_INIT,
                     .read = {.size = sizeof(ebb_read_options),
                              .target = targets[fuzz_pick(input, COUNT_OF(targets))]}};
  c.read.task = (ebb_task)fuzz_pick(input, 3);
  c.read.header = (ebb_header)fuzz_pick(input, 3);
  c.read.delimiter = delimiters[fuzz_pick(input, COUNT_OF(delimiters))];
  c.read.decimal = "\0.,"[fuzz_pick(input, 3)];
  c.read.na = missing_texts[fuzz_pick(input, COUNT_OF(missing_texts))];
  c.read.encoding = encodings[fuzz_pick(input, COUNT_OF(encodings))];
  choose_list(&c.read, fuzz_pick(input, 21));
  c.encode.missing = (ebb_missing)fuzz_pick(input, EBB_MISSING_DROP + 1);
  unsigned scaling = fuzz_pick(input, 8);
  c.encode.no_scale = scaling & 1;
  c.encode.no_scale_target = scaling & 2;
  c.read.no_target = scaling & 4;
  choose_split(&c.split, fuzz_pick(input, 8));
  c.written = endings[fuzz_pick(input, COUNT_OF(endings))];
  return c;
}

/* ---- what a table tells of itself ---- */

static void check_column(const ebb_table *table, size_t index) {
  ebb_column_info info;
  char text[32];
  FUZZ_CHECK(ebb_table_column(&info, table, index) == EBB_OK, "column %zu", index);
  FUZZ_CHECK(info.name && info.why, "column %zu", index);
  FUZZ_CHECK(info.missing + info.distinct <= table->raw.rows, "column %zu", index);
  FUZZ_CHECK(!(info.min > info.max), "column %zu: from %g to %g", index, info.min, info.max);
  (void)ebb_column_value(text, sizeof text, info.kind, info.min);
  for (size_t i = 0; ebb_table_text(table, index, i); i++)
    FUZZ_CHECK(i < table->raw.rows, "column %zu has more texts than rows", index);
}

static void check_target(const ebb_table *table) {
  size_t rows, all = 0, classes = ebb_table_classes(table);
  double quartiles[5];
  for (size_t k = 0; k < ebb_table_targets(table); k++) {
    FUZZ_CHECK(ebb_table_target_name(table, k), "target %zu", k);
    if (classes > 0) continue;
    FUZZ_CHECK(ebb_table_quartiles(quartiles, table, k) == EBB_OK, "target %zu", k);
    for (int q = 0; q < 4; q++)
      FUZZ_CHECK(quartiles[q] <= quartiles[q + 1], "target %zu: %g, %g", k, quartiles[q],
                 quartiles[q + 1]);
  }
  for (size_t i = 0; i < classes; i++) {
    FUZZ_CHECK(ebb_table_class(&rows, table, i), "class %zu", i);
    all += rows;
  }
  FUZZ_CHECK(classes == 0 || all == ebb_table_rows(table), "%zu rows of classes", all);
}

static void check_table(const ebb_table *table) {
  FUZZ_CHECK(ebb_table_rows(table) > 0, "no rows");
  FUZZ_CHECK(*ebb_table_summary(table), "no summary");
  for (size_t i = 0; i < ebb_table_notes(table); i++)
    FUZZ_CHECK(*ebb_table_note(table, i).text, "note %zu", i);
  for (size_t c = 0; c < ebb_table_file_columns(table); c++) check_column(table, c);
  for (size_t i = 0; i < ebb_table_ids(table); i++)
    for (size_t r = 0; r < ebb_table_rows(table); r++)
      FUZZ_CHECK(ebb_table_id(table, i, r), "row %zu", r);
  if (ebb_table_has_target(table)) check_target(table);
  FUZZ_CHECK(ebb_table_fingerprint(table) != 0, "no fingerprint");
}

/* ---- encoding ---- */

static bool same_floats(const float *a, const float *b, size_t count) {
  if (!a || !b) return !a == !b;
  for (size_t i = 0; i < count; i++)
    if (a[i] != b[i]) return false; /* zeros of either sign are the same */
  return true;
}

static bool same_dataset(const ebb_dataset *a, const ebb_dataset *b) {
  return a->rows == b->rows && a->inputs == b->inputs && a->outputs == b->outputs &&
         same_floats(a->x, b->x, a->rows * a->inputs) && a->scale == b->scale &&
         same_floats(a->values, b->values, a->rows * a->outputs) && !a->labels == !b->labels &&
         (!a->labels || memcmp(a->labels, b->labels, a->rows * sizeof *a->labels) == 0) &&
         !a->x_u8 == !b->x_u8 && (!a->x_u8 || memcmp(a->x_u8, b->x_u8, a->rows * a->inputs) == 0);
}

static void check_order(const size_t *order, const ebb_parts *parts, size_t rows) {
  bool *seen = fuzz_need(calloc(rows, sizeof *seen));
  FUZZ_CHECK(parts->train > 0 && parts->train + parts->valid + parts->test == rows,
             "%zu, %zu and %zu of %zu rows", parts->train, parts->valid, parts->test, rows);
  for (size_t i = 0; i < rows; i++) {
    FUZZ_CHECK(order[i] < rows && !seen[order[i]], "row %zu", order[i]);
    seen[order[i]] = true;
  }
  free(seen);
}

/* The encoder as JSON and back writes the same text and encodes alike. */
static void check_json(const ebb_encoder *encoder, const ebb_table *table,
                       const ebb_dataset *encoded) {
  char *text, *again;
  ebb_encoder *copy;
  ebb_dataset other;
  if (ebb_encoder_task(encoder) == EBB_TASK_AUTO) return; /* without a target it has no JSON */
  FUZZ_CHECK(ebb_encoder_to_json(&text, encoder) == EBB_OK, "no JSON");
  FUZZ_CHECK(ebb_encoder_from_json(&copy, text) == EBB_OK, "%s", text);
  FUZZ_CHECK(ebb_encoder_to_json(&again, copy) == EBB_OK, "%s", text);
  FUZZ_CHECK(strcmp(text, again) == 0, "%s\n%s", text, again);
  FUZZ_CHECK(ebb_encoder_apply(&other, copy, table, NULL, 0) == EBB_OK, "%s", text);
  FUZZ_CHECK(same_dataset(encoded, &other), "%s", text);
  ebb_dataset_clear(&other);
  ebb_encoder_free(copy);
  free(text);
  free(again);
}

static void check_columns(const ebb_encoder *encoder) {
  size_t inputs = 0;
  char name[64];
  for (size_t c = 0; c < ebb_encoder_columns(encoder); c++) {
    ebb_encoder_column_info info;
    FUZZ_CHECK(ebb_encoder_column(&info, encoder, c) == EBB_OK && info.name, "column %zu", c);
    inputs += info.inputs;
  }
  FUZZ_CHECK(inputs == ebb_encoder_inputs(encoder), "%zu inputs of %zu", inputs,
             ebb_encoder_inputs(encoder));
  ebbi_encoder_input_name(name, sizeof name, encoder, inputs - 1);
}

static void check_decoded(const ebb_encoder *encoder, const ebb_dataset *d) {
  size_t count = d->rows * d->outputs;
  double *values = fuzz_need(malloc((count + 1) * sizeof *values));
  if (d->values) {
    ebb_encoder_decode(values, encoder, d->values, d->rows);
    for (size_t i = 0; i < count; i++)
      FUZZ_CHECK(isfinite(values[i]), "%g becomes %g", (double)d->values[i], values[i]);
  }
  free(values);
}

/* The file that the encoder was fitted on, as a further one. */
static void check_further(const ebb_encoder *encoder, const char *bytes, size_t size,
                          const table_choices *choices) {
  ebb_read_options options = {.size = sizeof(ebb_read_options),
                              .encoder = encoder,
                              .delimiter = choices->read.delimiter,
                              .decimal = choices->read.decimal,
                              .header = choices->read.header,
                              .encoding = choices->read.encoding,
                              .na = choices->read.na};
  ebb_table *table;
  ebb_dataset encoded;
  char *copy = fuzz_need(malloc(size + 1));
  memcpy(copy, bytes, size + 1);
  if (ebbi_table_parse(&table, "t", copy, size, &options) != EBB_OK) {
    fuzz_expect_message();
    return;
  }
  if (ebb_encoder_apply(&encoded, encoder, table, NULL, 0) == EBB_OK) {
    FUZZ_CHECK(ebb_dataset_check(&encoded) == EBB_OK, "further rows");
    ebb_dataset_clear(&encoded);
  } else {
    fuzz_expect_message();
  }
  ebb_table_free(table);
}

static void check_encoder(const ebb_encoder *encoder, const ebb_table *table, const size_t *order,
                          const ebb_parts *parts) {
  ebb_dataset encoded;
  char text[64];
  if (ebb_table_rows(table) * ebb_encoder_inputs(encoder) > CELLS_MAX) return;
  check_columns(encoder);
  FUZZ_CHECK(ebb_encoder_unknown(text, sizeof text, encoder, table) == 0, "unknown: %s", text);
  FUZZ_CHECK(ebb_encoder_apply(&encoded, encoder, table, order, parts->train) == EBB_OK,
             "the rows that it was fitted on");
  FUZZ_CHECK(ebb_dataset_check(&encoded) == EBB_OK, "training rows");
  ebb_dataset_clear(&encoded);
  if (ebb_encoder_apply(&encoded, encoder, table, NULL, 0) != EBB_OK) {
    fuzz_expect_message();
    return;
  }
  FUZZ_CHECK(encoded.rows == ebb_table_rows(table), "%zu rows", encoded.rows);
  FUZZ_CHECK(ebb_dataset_check(&encoded) == EBB_OK, "all rows");
  check_decoded(encoder, &encoded);
  check_json(encoder, table, &encoded);
  ebb_dataset_clear(&encoded);
}

static void encode(const ebb_table *table, const char *bytes, size_t size,
                   const table_choices *choices) {
  size_t rows = ebb_table_rows(table), *order = fuzz_need(malloc(rows * sizeof *order));
  ebb_parts parts;
  ebb_encoder *encoder = NULL;
  bool good = ebb_table_split(order, &parts, table, &choices->split) == EBB_OK;
  if (good) check_order(order, &parts, rows);
  if (good) good = ebb_encoder_fit(&encoder, table, order, parts.train, &choices->encode) == EBB_OK;
  if (good) {
    check_encoder(encoder, table, order, &parts);
    if (bytes) check_further(encoder, bytes, size, choices);
  } else {
    fuzz_expect_message();
  }
  ebb_encoder_free(encoder);
  free(order);
}

/* ---- all the way ---- */

void fuzz_table(ebb_table *table, const char *bytes, size_t size, const table_choices *choices) {
  size_t dropped;
  bool drop = choices->encode.missing == EBB_MISSING_DROP;
  ebbi_table_summarise(table);
  check_table(table);
  if (drop && ebb_table_drop_missing(table, &dropped) != EBB_OK)
    fuzz_expect_message();
  else
    encode(table, bytes, size, choices);
  if (choices->written && table->rows * (table->cols + 1) <= CELLS_MAX &&
      ebb_table_write(table, choices->written, &choices->encode) != EBB_OK)
    fuzz_expect_message();
  ebb_table_free(table);
}

void fuzz_table_bytes(char *bytes, size_t size, const table_choices *choices) {
  ebb_table *table;
  char *kept = fuzz_need(malloc(size + 1));
  memcpy(kept, bytes, size + 1);
  if (ebbi_table_parse(&table, "t", bytes, size, &choices->read) == EBB_OK)
    fuzz_table(table, kept, size, choices);
  else
    fuzz_expect_message();
  free(kept);
}

bool fuzz_is_narrow(const char *text) {
  enum { DIGITS = 3 };
  for (size_t digits = 0; *text; text++) {
    if (*text == ':' && digits > DIGITS) return false;
    digits = isdigit((unsigned char)*text) ? digits + 1 : 0;
  }
  return true;
}

int fuzz_table_input(const uint8_t *data, size_t size, bool (*is_format)(const char *, size_t)) {
  fuzz_input input = fuzz_begin(data, size);
  table_choices choices = fuzz_table_choices(&input);
  char *bytes = fuzz_rest(&size, &input);
  if (!is_format(bytes, size)) {
    free(bytes);
    return -1;
  }
  fuzz_table_bytes(bytes, size, &choices);
  return 0;
}
