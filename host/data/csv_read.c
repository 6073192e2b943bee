/* Text tables to raw columns.
 *
 * Dialect, header and number of columns come from the first rows. Then all rows are read, each as a
 * whole: its number of fields is checked before any field is interpreted.
 */
#include "base/error.h"
#include "csv_header.h"
#include "csv_preamble.h"
#include "store.h"
#include "utf8.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MANY_ROWS = 20 };

/* Lines that are not rows of the table. */
typedef enum left_out { REPEATS, COMMENTS, FOOTERS, KINDS } left_out;

typedef struct reader {
  ebbi_raw *raw;
  const ebbi_wishes *wishes;
  ebbi_na na;
  ebbi_csv_dialect dialect;
  ebbi_csv_sample sample;
  ebbi_csv_header header;
  ebbi_csv_scan scan;
  ebbi_store store;
  bool aligned; /* all sampled rows have equally many fields, and there are many such rows or the
                 * width is known */
  struct {
    size_t count, line; /* line: of the first such line */
  } left[KINDS];
} reader;

static void leave_out(reader *r, left_out kind) {
  if (r->left[kind].count++ == 0) r->left[kind].line = r->scan.line;
}

static ebb_status fail_width(const reader *r, size_t line, size_t count) {
  size_t cols = r->raw->cols;
  char why[64];
  if (r->header.names == cols)
    snprintf(why, sizeof why, "as many as the header in line %zu has names", r->header.line);
  else
    snprintf(why, sizeof why, "as in most of the first rows");
  return ebbi_fail(EBB_ERR_INPUT, "%s:%zu: %zu field%s, expected %zu: %s", r->raw->path, line,
                   count, count == 1 ? "" : "s", cols, why);
}

/* Words on a whole line, such as `Source: the office` or `(300 rows)`. A row cut off at the end of
 * the file has no line end. */
static bool is_remark(const ebbi_csv_scan *scan) {
  ebbi_span field = scan->fields[0];
  return scan->count == 1 && memchr(field.text, ' ', field.length) &&
         !isdigit((unsigned char)*field.text) && strchr("\r\n", scan->at[-1]);
}

/* Fields beyond the last column must be empty, and no more numerous than in the first rows. Leaves
 * out comments, and remarks below the table. */
static ebb_status check_width(reader *r, bool *is_row) {
  const ebbi_csv_scan *scan = &r->scan;
  size_t cols = r->raw->cols, used = scan->count;
  while (used > cols && scan->fields[used - 1].length == 0) used--;
  *is_row = used == cols && scan->count <= r->header.widest;
  if (*is_row) return EBB_OK;
  if (scan->fields[0].length > 0 && *scan->fields[0].text == '#')
    leave_out(r, COMMENTS);
  else if (cols > 2 && is_remark(scan))
    leave_out(r, FOOTERS);
  else
    return fail_width(r, scan->line, scan->count);
  return EBB_OK;
}

/* True for a repetition of the header, as in concatenated files. */
static bool repeats_header(const reader *r) {
  const ebbi_raw *raw = r->raw;
  if (!r->header.first_row || raw->cols < 2) return false;
  for (size_t c = 0; c < raw->cols; c++)
    if (!(raw->unnamed && raw->unnamed[c]) && !ebbi_span_is(r->scan.fields[c], raw->names.items[c]))
      return false;
  return true;
}

static ebb_status read_row(reader *r) {
  const ebbi_csv_scan *scan = &r->scan;
  bool is_row = true;
  if (scan->count != r->raw->cols) TRY(check_width(r, &is_row));
  if (!is_row) return EBB_OK;
  if (r->left[FOOTERS].count > 0) return fail_width(r, r->left[FOOTERS].line, 1);
  if (!repeats_header(r)) return ebbi_store_row(&r->store, scan->line, scan->fields);
  leave_out(r, REPEATS);
  return EBB_OK;
}

/* `last`: the text is not read again. */
static ebb_status read_rows(reader *r, bool last) {
  ebbi_csv_scan *scan = &r->scan;
  bool found;
  size_t above = r->header.first_row ? 1 + r->dialect.below : 0;
  memset(r->left, 0, sizeof r->left);
  ebbi_csv_scan_begin(scan, r->raw->path, r->dialect.text, r->dialect.line, r->dialect.delimiter);
  if (last) scan->own = r->raw->bytes;
  for (;;) {
    TRY(ebbi_csv_scan_row(scan, &found));
    if (!found) return EBB_OK;
    if (above > 0)
      above--;
    else
      TRY(read_row(r));
  }
}

static ebb_status note_left_out(const reader *r) {
  static const char *const whats[] = {[REPEATS] = "that repeat the header",
                                      [COMMENTS] = "that begin with #, among the rows,",
                                      [FOOTERS] = "with a single text below the table"};
  ebbi_notes *notes = &r->raw->notes;
  const ebbi_csv_scan *scan = &r->scan;
  if (scan->skipped > 0)
    TRY(ebbi_notes_add(notes, false,
                       "%zu row%s with delimiters only left out, the first in line %zu",
                       scan->skipped, scan->skipped == 1 ? "" : "s", scan->skipped_line));
  for (int kind = 0; kind < KINDS; kind++)
    if (r->left[kind].count > 0)
      TRY(ebbi_notes_add(notes, false, "lines %s left out: %zu, the first is line %zu", whats[kind],
                         r->left[kind].count, r->left[kind].line));
  return EBB_OK;
}

static ebb_status note_format(const reader *r) {
  ebbi_notes *notes = &r->raw->notes;
  size_t comments = r->dialect.comments - (r->raw->header && !r->header.first_row);
  if (comments > 0)
    TRY(ebbi_notes_add(notes, false, "%zu line%s above the table that begin%s with # left out",
                       comments, comments == 1 ? "" : "s", comments == 1 ? "s" : ""));
  if (r->dialect.delimiter == EBBI_CSV_BLANKS && r->wishes->options->delimiter == '\0' &&
      !r->aligned)
    TRY(ebbi_notes_add(notes, false,
                       "blanks are taken for the delimiter; if that is wrong: --delimiter"));
  return EBB_OK;
}

static ebb_status read_columns(reader *r) {
  ebbi_raw *raw = r->raw;
  bool again;
  ebbi_form *forms = calloc(raw->cols, sizeof *forms);
  REQUIRE(forms, EBB_ERR_MEMORY, "data: no memory for %zu columns", raw->cols);
  ebb_status status = r->wishes->choose ? r->wishes->choose(forms, raw, r->wishes->user) : EBB_OK;
  if (status == EBB_OK)
    status = ebbi_store_begin(&r->store, raw, forms, &r->na, r->wishes->options);
  free(forms);
  TRY(status);
  TRY(read_rows(r, false));
  REQUIRE(raw->rows > 0, EBB_ERR_INPUT, "%s: a header, but no rows below it", raw->path);
  TRY(note_left_out(r));
  TRY(ebbi_store_end(&r->store, &again));
  if (again) TRY(read_rows(r, true));
  return ebbi_store_finish(&r->store);
}

static ebb_status read_all(reader *r, const char *text) {
  const ebb_read_options *options = r->wishes->options;
  const char *path = r->raw->path;
  TRY(ebbi_na_make(&r->na, options->na));
  TRY(ebbi_csv_dialect_find(&r->dialect, path, text, &r->na, options));
  TRY(ebbi_csv_preamble_skip(&r->dialect, &r->raw->notes, path, &r->na, options));
  TRY(ebbi_csv_sample_take(&r->sample, path, &r->dialect, &r->na, options->decimal));
  TRY(ebbi_csv_header_find(&r->header, r->raw, &r->sample, &r->dialect, options));
  size_t alike;
  ebbi_csv_common_width(&r->sample, 0, &alike);
  r->aligned = alike == r->sample.rows && (alike >= MANY_ROWS || options->encoder);
  ebbi_csv_sample_free(&r->sample);
  TRY(note_format(r));
  return read_columns(r);
}

ebb_status ebbi_csv_read(ebbi_raw *raw, const ebbi_wishes *wishes) {
  reader r = {.raw = raw, .wishes = wishes};
  REQUIRE(raw->size > 0, EBB_ERR_INPUT, "%s: the file is empty", raw->path);
  TRY(ebbi_utf8_check(raw->path, raw->bytes, raw->size));
  bool marked = raw->size >= 3 && memcmp(raw->bytes, "\xef\xbb\xbf", 3) == 0;
  ebb_status status = read_all(&r, raw->bytes + (marked ? 3 : 0));
  ebbi_store_free(&r.store);
  ebbi_csv_scan_free(&r.scan);
  ebbi_csv_sample_free(&r.sample);
  ebbi_na_free(&r.na);
  return status;
}
