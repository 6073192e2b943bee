/* Titles above a table, and headers of more than one line.
 *
 * A title is a line with one or few texts above rows of at least three fields; above rows of two
 * fields, a single text may be the header of a table with row names. Header lines have no number
 * where the columns below hold numbers, in at least two columns: in one column it may be a missing
 * value. Of several such lines the header is the first without duplicate names: lines above it
 * group columns, lines below it give units.
 */
#include "csv_preamble.h"

#include "base/error.h"
#include "csv_evidence.h"
#include <stdio.h>
#include <stdlib.h>

enum {
  ROWS = 40,         /* examined */
  MOST_ABOVE = 20,   /* titles */
  MOST_NAMES = 3,    /* header lines */
  FEWEST_NUMBERS = 3 /* that make a column numeric */
};

typedef struct row_shape {
  const char *text; /* start of the row, including blank lines before it */
  size_t text_line, line, fields, used;
  bool words;    /* begins with a text */
  bool names;    /* no numbers where the columns hold numbers, and texts that are not all equal */
  bool distinct; /* no duplicate names */
} row_shape;

typedef struct preamble {
  const ebbi_csv_sample *kinds; /* says what counts as a number */
  row_shape rows[ROWS];
  size_t count, width;
  size_t *numbers; /* [width]: rows with a number in this column */
  size_t *texts;   /* [width]: rows with a text in this column */
} preamble;

static ebbi_csv_kind kind_of(const preamble *p, ebbi_span field) {
  return ebbi_csv_kind_of(p->kinds, field);
}

static void examine_row(preamble *p, const ebbi_csv_scan *scan, const char *text, size_t line) {
  row_shape *row = &p->rows[p->count++];
  *row = (row_shape){.text = text,
                     .text_line = line,
                     .line = scan->line,
                     .fields = scan->count,
                     .used = scan->count};
  while (row->used > 0 && scan->fields[row->used - 1].length == 0) row->used--;
  ebbi_span first = scan->fields[0];
  ebbi_csv_kind kind = kind_of(p, first);
  row->words =
      kind == EBBI_CSV_TEXT || (kind == EBBI_CSV_MIXED && memchr(first.text, ' ', first.length));
}

/* Examines rows up to one that cannot be read. */
static void examine_rows(preamble *p, ebbi_csv_scan *scan, const ebbi_csv_dialect *dialect,
                         const char *path) {
  ebbi_csv_scan_begin(scan, path, dialect->text, dialect->line, dialect->delimiter);
  while (p->count < ROWS) {
    const char *text = scan->at;
    size_t line = scan->next_line;
    if (!ebbi_csv_scan_try(scan)) break;
    examine_row(p, scan, text, line);
  }
  size_t most = 0;
  for (size_t i = 0; i < p->count; i++) {
    size_t alike = 0;
    for (size_t k = 0; k < p->count; k++) alike += p->rows[k].fields == p->rows[i].fields;
    if (alike <= most) continue;
    most = alike;
    p->width = p->rows[i].fields;
  }
}

static void count_kinds(preamble *p, const ebbi_csv_scan *scan) {
  for (size_t c = 0; c < p->width; c++) {
    ebbi_csv_kind kind = kind_of(p, scan->fields[c]);
    p->numbers[c] += kind == EBBI_CSV_NUMBER;
    p->texts[c] += kind == EBBI_CSV_TEXT || kind == EBBI_CSV_MIXED;
  }
}

static bool is_numeric(const preamble *p, size_t c) {
  return p->numbers[c] >= FEWEST_NUMBERS && p->texts[c] <= MOST_NAMES;
}

static ebb_status judge_names(preamble *p, row_shape *row, const ebbi_csv_scan *scan, bool first) {
  size_t columns = 0, index;
  ebbi_names texts = {0}, names = {0};
  ebbi_span repeated = {0};
  ebb_status status = EBB_OK;
  bool numbers = false;
  for (size_t c = 0; c < p->width && status == EBB_OK; c++) {
    ebbi_span field = scan->fields[c];
    ebbi_csv_kind kind = kind_of(p, field);
    if (!is_numeric(p, c)) continue;
    columns++;
    numbers |= kind == EBBI_CSV_NUMBER || kind == EBBI_CSV_MISSING;
    if (field.length > 0) status = ebbi_names_add_part(&texts, &index, field.text, field.length);
  }
  bool differ = first || texts.count > 1 || columns > 2;
  row->names = columns > 1 && !numbers && texts.count > 0 && differ;
  if (status == EBB_OK) status = ebbi_csv_distinct(&names, &repeated, scan);
  row->distinct = !repeated.text;
  ebbi_names_free(&texts);
  ebbi_names_free(&names);
  return status;
}

/* Finds the header lines, once the rows below are known. */
static ebb_status find_name_rows(preamble *p, ebbi_csv_scan *scan, const char *path, size_t titles,
                                 char delimiter) {
  p->numbers = calloc(p->width, sizeof *p->numbers);
  p->texts = calloc(p->width, sizeof *p->texts);
  REQUIRE(p->numbers && p->texts, EBB_ERR_MEMORY, "%s: no memory for %zu columns", path, p->width);
  for (int judging = 0; judging < 2; judging++) {
    bool found;
    ebbi_csv_scan_begin(scan, path, p->rows[titles].text, p->rows[titles].text_line, delimiter);
    for (size_t i = titles; i < p->count; i++) {
      TRY(ebbi_csv_scan_row(scan, &found));
      if (p->rows[i].fields != p->width) continue;
      if (!judging)
        count_kinds(p, scan);
      else if (i < titles + MOST_NAMES + 1)
        TRY(judge_names(p, &p->rows[i], scan, i == titles));
    }
  }
  return EBB_OK;
}

/* One text, or so few fields that the rows have more than twice as many. */
static bool is_title(const preamble *p, const row_shape *row) {
  bool few = row->fields < p->width && 2 * row->used <= p->width;
  return row->words && (row->used == 1 || few);
}

static ebb_status skip_titles(const preamble *p, ebbi_csv_dialect *dialect, ebbi_notes *notes,
                              size_t titles) {
  char shown[EBBI_SHOWN], text[EBBI_SHOWN + 8];
  const char *first = dialect->text + strspn(dialect->text, " \t\r\n\"");
  snprintf(text, sizeof text, "%.*s", (int)strcspn(first, "\r\n\""), first);
  dialect->text = p->rows[titles].text;
  dialect->line = p->rows[titles].text_line;
  return ebbi_notes_add(notes, false, "%zu line%s above the table left out: \"%s\"", titles,
                        titles == 1 ? "" : "s", ebbi_shown(shown, text));
}

static ebb_status skip_names(const preamble *p, ebbi_csv_dialect *dialect, ebbi_notes *notes,
                             size_t first) {
  size_t count = 0, header = 0;
  while (first + count < p->count && p->rows[first + count].names) count++;
  if (count < 2 || count > MOST_NAMES) return EBB_OK;
  while (header < count && !p->rows[first + header].distinct) header++;
  if (header == count) return EBB_OK;
  for (size_t i = 0; i < count; i++)
    if (i != header)
      TRY(ebbi_notes_add(notes, false,
                         "line %zu, %s the header in line %zu, left out: it has no numbers, unlike "
                         "the columns below",
                         p->rows[first + i].line, i < header ? "above" : "below",
                         p->rows[first + header].line));
  dialect->text = p->rows[first + header].text;
  dialect->line = p->rows[first + header].text_line;
  dialect->below = count - 1 - header;
  return EBB_OK;
}

static ebb_status skip(preamble *p, ebbi_csv_scan *scan, ebbi_csv_dialect *dialect,
                       ebbi_notes *notes, const char *path, const ebb_read_options *options) {
  size_t titles = 0;
  examine_rows(p, scan, dialect, path);
  TRY(scan->try_status);
  while (titles < p->count && titles < MOST_ABOVE && is_title(p, &p->rows[titles])) titles++;
  size_t rows = p->count - titles, alike = 0;
  for (size_t i = titles; i < p->count; i++)
    alike += p->rows[i].fields == p->width && p->rows[i].used > 1;
  if (p->width < 3 || rows < 2 || 2 * alike <= rows) titles = 0;
  if (titles > 0) TRY(skip_titles(p, dialect, notes, titles));
  if (options->header == EBB_HEADER_NO || p->width < 2) return EBB_OK;
  TRY(find_name_rows(p, scan, path, titles, dialect->delimiter));
  return skip_names(p, dialect, notes, titles);
}

ebb_status ebbi_csv_preamble_skip(ebbi_csv_dialect *dialect, ebbi_notes *notes, const char *path,
                                  const ebbi_na *na, const ebb_read_options *options) {
  ebbi_csv_sample kinds = {.na = na, .decimal = options->decimal};
  ebbi_csv_scan scan = {0};
  preamble p = {.kinds = &kinds};
  ebb_status status = skip(&p, &scan, dialect, notes, path, options);
  ebbi_csv_scan_free(&scan);
  free(p.numbers);
  free(p.texts);
  return status;
}
