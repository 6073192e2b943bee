/* libsvm's text format: `label index:value index:value … # comment` a row, values of 0 left out.
 *
 * The text is read twice, since the numbers of rows and columns are known only at its end. The
 * columns are dense, like a network's inputs; if that takes too much memory, a message says how
 * much. The label becomes the last column, where tables have their target. `qid:` (a row's group,
 * for ranking) is ignored.
 */
#include "formats.h"

#include "base/error.h"
#include "base/text.h"
#include "encoder.h"
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD = 64, SAMPLE = 20 };

/* The reader's position. */
typedef struct cursor {
  const char *path, *at;
  size_t rows, line; /* rows before this one; line from 1 */
  char word[WORD];   /* the last word read; "" at the end of a row */
  bool cut;          /* the word was longer */
  bool labelled;     /* rows begin with a label */
  size_t groups;     /* number of `qid:` seen */
  size_t last;       /* previous index in this row, or EBBI_NO_INDEX */
} cursor;

typedef struct entry {
  size_t index;
  double value;
  const char *text; /* of the value, in the cursor's word */
} entry;

static ebb_status fail_at(const cursor *c, const char *what) {
  char shown[EBBI_SHOWN];
  return ebbi_fail(EBB_ERR_INPUT, "%s:%zu: \"%s\": %s", c->path, c->line,
                   ebbi_shown(shown, c->word), what);
}

/* Reads the next word of the row; a comment ends the row. */
static void next_word(cursor *c) {
  c->at += strspn(c->at, " \t");
  size_t length = *c->at == '#' ? 0 : strcspn(c->at, " \t\r\n#");
  c->cut = length >= WORD;
  snprintf(c->word, WORD, "%.*s", (int)(c->cut ? WORD : length), c->at);
  c->at += length;
}

static void end_row(cursor *c) {
  c->at += strcspn(c->at, "\r\n");
  c->at += c->at[0] == '\r' && c->at[1] == '\n';
  c->at += *c->at != '\0';
  c->line++;
}

/* Moves to the next line with a word, and reads it. Returns false if there is none. */
static bool find_row(cursor *c) {
  for (; *c->at != '\0'; end_row(c)) {
    next_word(c);
    if (*c->word != '\0') return true;
  }
  return false;
}

static bool is_group(const char *word) {
  return strncmp(word, "qid:", 4) == 0;
}

static bool is_pair(const char *word) {
  size_t digits = strspn(word, "0123456789");
  const char *value = word + digits + 1;
  return digits > 0 && word[digits] == ':' && *value != '\0' &&
         value[strspn(value, "0123456789+-.eEnaifNAIF")] == '\0';
}

bool ebbi_is_libsvm(const char *text) {
  cursor c = {.at = text};
  size_t pairs = 0;
  for (size_t row = 0; row < SAMPLE && find_row(&c); row++, end_row(&c)) {
    bool label = c.word[strspn(c.word, "0123456789+-.eE,")] == '\0';
    if (!label && !is_pair(c.word)) return false;
    pairs += !label;
    for (next_word(&c); *c.word != '\0'; next_word(&c), pairs++)
      if (!is_pair(c.word) && !is_group(c.word)) return false;
  }
  return pairs > 0;
}

static ebb_status read_number(double *value, const cursor *c, const char *text) {
  if (c->cut || !ebbi_parse_double(value, text)) return fail_at(c, "not a number");
  if (fabs(*value) > FLT_MAX) return fail_at(c, "not a finite number in the range of float32");
  return EBB_OK;
}

/* Moves to the next row and past its label; the label is 0 if rows have none. */
static ebb_status next_row(bool *found, double *label, cursor *c) {
  *label = 0;
  c->last = EBBI_NO_INDEX;
  *found = find_row(c);
  if (!*found) return EBB_OK;
  bool labelled = strchr(c->word, ':') == NULL;
  if (c->rows == 0) c->labelled = labelled;
  if (labelled != c->labelled)
    return fail_at(c, labelled ? "a label, but the rows above have none"
                               : "no label, but the rows above have one");
  c->rows++;
  if (labelled && strchr(c->word, ',')) return fail_at(c, "several labels; a row must have one");
  if (labelled) return read_number(label, c, c->word);
  c->at -= strlen(c->word);
  return c->cut ? fail_at(c, "not index:value") : EBB_OK;
}

/* Reads the next pair of the row. Returns false at its end. */
static ebb_status next_entry(bool *found, entry *e, cursor *c) {
  for (next_word(c); is_group(c->word); next_word(c)) c->groups++;
  *found = *c->word != '\0';
  if (!*found) return EBB_OK;
  if (c->cut || !is_pair(c->word)) return fail_at(c, "not index:value");
  const char *digit = c->word;
  for (e->index = 0; *digit != ':'; digit++) {
    e->index = 10 * e->index + (size_t)(*digit - '0');
    if (e->index >= EBBI_MAX_COLUMNS) return fail_at(c, "an index above the limit of 1048575");
  }
  e->text = digit + 1;
  if (c->last != EBBI_NO_INDEX && e->index <= c->last)
    return fail_at(c, "the indices of a row must ascend");
  c->last = e->index;
  return read_number(&e->value, c, e->text);
}

/* Adds columns that the model was trained on and for which this file may have no entry. */
static void add_known(bool *zero, size_t *end, const ebb_encoder *encoder) {
  for (size_t i = 0; encoder && encoder->named && i < encoder->names.count; i++) {
    const char *name = encoder->names.items[i];
    size_t length = strlen(name);
    if (length == 0 || length > 7 || strspn(name, "0123456789") < length) continue;
    size_t index = strtoul(name, NULL, 10);
    *zero |= index == 0;
    if (index >= *end && index < EBBI_MAX_COLUMNS) *end = index + 1;
  }
}

/* Scans a row's indices: sets `zero` if 0 occurs, and raises `end`. */
static ebb_status measure_row(bool *zero, size_t *end, cursor *c) {
  entry e;
  for (bool found = true;;) {
    TRY(next_entry(&found, &e, c));
    if (!found) return EBB_OK;
    *zero |= e.index == 0;
    if (e.index >= *end) *end = e.index + 1;
  }
}

/* Determines the raw file's size. Indices count from `first`: 1, or 0 if the index 0 occurs. */
static ebb_status measure(ebbi_raw *raw, size_t *first, cursor *c, const ebb_encoder *encoder) {
  size_t end = 0;
  double label;
  bool found, zero = false;
  for (;; end_row(c)) {
    TRY(next_row(&found, &label, c));
    if (!found) break;
    REQUIRE(c->rows <= EBBI_MAX_ROWS, EBB_ERR_INPUT, "%s:%zu: more than %d rows", c->path, c->line,
            EBBI_MAX_ROWS);
    TRY(measure_row(&zero, &end, c));
  }
  add_known(&zero, &end, encoder);
  *first = !zero;
  REQUIRE(c->rows > 0 && end > *first, EBB_ERR_INPUT, "%s: no row has an index:value", c->path);
  raw->rows = c->rows;
  raw->cols = end - *first + c->labelled;
  REQUIRE(raw->rows <= EBBI_SPARSE_VALUES / raw->cols, EBB_ERR_INPUT,
          "%s: %zu rows of %zu columns, with their zeros, are above the limit of %d values; keep "
          "fewer rows or features",
          c->path, raw->rows, raw->cols, EBBI_SPARSE_VALUES);
  return EBB_OK;
}

static ebb_status name_columns(ebbi_raw *raw, size_t first, bool labelled) {
  char name[24];
  size_t index;
  raw->header = true;
  for (size_t i = 0; i < raw->cols - labelled; i++) {
    snprintf(name, sizeof name, "%zu", first + i);
    TRY(ebbi_names_add(&raw->names, &index, name));
  }
  return labelled ? ebbi_names_add(&raw->names, &index, "label") : EBB_OK;
}

static ebb_status begin_columns(ebbi_raw *raw, const ebbi_form *forms) {
  for (size_t i = 0; i < raw->cols; i++) {
    ebbi_raw_column *column = &raw->columns[i];
    bool texts = forms[i] == EBBI_FORM_TEXT || forms[i] == EBBI_FORM_BOTH;
    bool numbers = forms[i] == EBBI_FORM_AUTO || forms[i] == EBBI_FORM_BOTH;
    if (numbers) column->numbers = ebbi_cells_new();
    if (texts) column->codes = ebbi_cells_new();
    REQUIRE(!column->numbers == !numbers && !column->codes == !texts, EBB_ERR_MEMORY,
            "%s: no memory for %zu columns of %zu rows", raw->path, raw->cols, raw->rows);
  }
  return EBB_OK;
}

static ebb_status put_text(ebbi_raw_column *column, const char *text) {
  size_t index;
  TRY(ebbi_names_add(&column->texts, &index, text));
  if (!column->numbers || column->texts.count <= EBBI_MAX_CLASSES)
    return ebbi_cells_add_code(column->codes, (int32_t)index);
  ebbi_names_free(&column->texts);
  ebbi_cells_free(column->codes);
  column->codes = NULL;
  return EBB_OK;
}

/* Fills a column up to a row with the zeros left out of the file, also in columns of texts. */
static ebb_status put_zeros(ebbi_raw_column *column, size_t row) {
  if (column->numbers) ebbi_cells_add_zeros(column->numbers, row);
  while (column->codes && column->codes->count < row) TRY(put_text(column, "0"));
  return EBB_OK;
}

/* Keeps texts beside numbers as long as they may be classes. */
static ebb_status put(ebbi_raw_column *column, size_t row, double value, const char *text) {
  TRY(put_zeros(column, row));
  column->missing += isnan(value);
  if (column->numbers) TRY(ebbi_cells_add(column->numbers, value));
  if (!column->codes) return EBB_OK;
  return isnan(value) ? ebbi_cells_add_code(column->codes, -1) : put_text(column, text);
}

static ebb_status fill_row(ebbi_raw *raw, size_t row, size_t first, cursor *c) {
  double label;
  entry e;
  bool found;
  TRY(next_row(&found, &label, c));
  TRY(ebbi_cells_add(raw->lines, (double)(c->line - row)));
  if (c->labelled) TRY(put(&raw->columns[raw->cols - 1], row, label, c->word));
  for (;;) {
    TRY(next_entry(&found, &e, c));
    if (!found) return EBB_OK;
    TRY(put(&raw->columns[e.index - first], row, e.value, e.text));
  }
}

static ebb_status finish_columns(ebbi_raw *raw) {
  for (size_t i = 0; i < raw->cols; i++) {
    ebbi_raw_column *column = &raw->columns[i];
    TRY(put_zeros(column, raw->rows));
    if (column->codes) column->numeric = raw->rows - column->missing;
  }
  return EBB_OK;
}

static ebb_status load(ebbi_raw *raw, size_t first, ebbi_form *forms, const ebbi_wishes *wishes) {
  cursor c = {.path = raw->path, .at = raw->bytes, .line = 1};
  raw->columns = calloc(raw->cols, sizeof *raw->columns);
  raw->lines = ebbi_cells_new();
  REQUIRE(raw->columns && raw->lines && forms, EBB_ERR_MEMORY,
          "%s: no memory for %zu rows and %zu columns", raw->path, raw->rows, raw->cols);
  TRY(wishes->choose(forms, raw, wishes->user));
  TRY(begin_columns(raw, forms));
  for (size_t row = 0; row < raw->rows; row++, end_row(&c)) TRY(fill_row(raw, row, first, &c));
  return finish_columns(raw);
}

ebb_status ebbi_libsvm_read(ebbi_raw *raw, const ebbi_wishes *wishes) {
  cursor c = {.path = raw->path, .at = raw->bytes, .line = 1};
  size_t first = 1, length = strlen(raw->bytes);
  REQUIRE(length == raw->size, EBB_ERR_INPUT, "%s: byte %zu of the text is 0x00: not text",
          raw->path, length);
  TRY(measure(raw, &first, &c, wishes->options->encoder));
  TRY(name_columns(raw, first, c.labelled));
  TRY(ebbi_notes_add(&raw->notes, false,
                     "%s: read as libsvm's format, features %zu to %zu (--delimiter ' ' reads a "
                     "table of blanks instead)",
                     raw->path, first, first + raw->cols - c.labelled - 1));
  if (c.groups)
    TRY(ebbi_notes_add(&raw->notes, false, "%s: qid: of %zu rows left out: groups are not used",
                       raw->path, c.groups));
  ebbi_form *forms = calloc(raw->cols, sizeof *forms);
  ebb_status status = load(raw, first, forms, wishes);
  free(forms);
  return status;
}
