/* A text table to raw columns.
 *
 * Its dialect, its header and the number of its columns are found from the first rows; then all
 * rows are read, each as a whole: that it has the right number of fields is checked before any of
 * them is looked at.
 */
#include "base/error.h"
#include "csv_header.h"
#include "store.h"
#include "utf8.h"
#include <stdio.h>
#include <stdlib.h>

typedef struct reader {
  ebbi_raw *raw;
  const ebbi_wishes *wishes;
  ebbi_na na;
  ebbi_csv_dialect dialect;
  ebbi_csv_sample sample;
  ebbi_csv_header header;
  ebbi_csv_scan scan;
  ebbi_store store;
} reader;

/* Fields beyond the last column must be empty, and there may be no more of them than there were in
 * the first rows. */
static ebb_status check_width(const reader *r) {
  const ebbi_csv_scan *scan = &r->scan;
  size_t cols = r->raw->cols, used = scan->count;
  while (used > cols && scan->fields[used - 1].length == 0) used--;
  if (used == cols && scan->count <= r->header.widest) return EBB_OK;
  char why[64];
  if (r->header.names == cols)
    snprintf(why, sizeof why, "so many names has the header in line %zu", r->header.line);
  else
    snprintf(why, sizeof why, "so many have most of the first rows");
  return ebbi_fail(EBB_ERR_INPUT, "%s:%zu: %zu field%s, expected %zu: %s", scan->path, scan->line,
                   scan->count, scan->count == 1 ? "" : "s", cols, why);
}

static ebb_status read_rows(reader *r) {
  ebbi_csv_scan *scan = &r->scan;
  bool found, in_header = r->header.first_row;
  ebbi_csv_scan_begin(scan, r->raw->path, r->dialect.text, r->dialect.line, r->dialect.delimiter);
  for (;;) {
    TRY(ebbi_csv_scan_row(scan, &found));
    if (!found) return EBB_OK;
    if (!in_header) {
      if (scan->count != r->raw->cols) TRY(check_width(r));
      TRY(ebbi_store_row(&r->store, scan->line, scan->fields));
    }
    in_header = false;
  }
}

static ebb_status note_format(const reader *r) {
  ebbi_notes *notes = &r->raw->notes;
  size_t comments = r->dialect.comments - (r->raw->header && !r->header.first_row);
  if (comments > 0)
    TRY(ebbi_notes_add(notes, false, "%zu line%s above the table that begin%s with # left out",
                       comments, comments == 1 ? "" : "s", comments == 1 ? "s" : ""));
  if (r->dialect.delimiter == EBBI_CSV_BLANKS && r->wishes->options->delimiter == '\0')
    TRY(ebbi_notes_add(notes, false,
                       "fields are taken to be delimited by blanks; if not: --delimiter"));
  return EBB_OK;
}

static ebb_status read_columns(reader *r) {
  ebbi_raw *raw = r->raw;
  bool again;
  ebbi_form *forms = calloc(raw->cols, sizeof *forms);
  REQUIRE(forms, EBB_ERR_MEMORY, "data: no memory for %zu columns", raw->cols);
  ebb_status status = r->wishes->choose ? r->wishes->choose(forms, raw, r->wishes->user) : EBB_OK;
  if (status == EBB_OK)
    status = ebbi_store_begin(&r->store, raw, forms, &r->na, r->wishes->options->decimal);
  free(forms);
  TRY(status);
  TRY(read_rows(r));
  REQUIRE(raw->rows > 0, EBB_ERR_INPUT, "%s: a header, but no rows below it", raw->path);
  if (r->scan.skipped > 0)
    TRY(ebbi_notes_add(&raw->notes, false,
                       "%zu row%s of delimiters alone left out, the first in line %zu",
                       r->scan.skipped, r->scan.skipped == 1 ? "" : "s", r->scan.skipped_line));
  TRY(ebbi_store_end(&r->store, &again));
  if (again) TRY(read_rows(r));
  return ebbi_store_finish(&r->store);
}

static ebb_status read_all(reader *r, const char *text) {
  const ebb_read_options *options = r->wishes->options;
  const char *path = r->raw->path;
  TRY(ebbi_na_make(&r->na, options->na));
  TRY(ebbi_csv_dialect_find(&r->dialect, path, text, &r->na, options));
  TRY(ebbi_csv_sample_take(&r->sample, path, &r->dialect, &r->na, options->decimal));
  TRY(ebbi_csv_header_find(&r->header, r->raw, &r->sample, &r->dialect, options));
  ebbi_csv_sample_free(&r->sample);
  TRY(note_format(r));
  return read_columns(r);
}

ebb_status ebbi_csv_read(ebbi_raw *raw, const char *bytes, size_t size, const ebbi_wishes *wishes) {
  reader r = {.raw = raw, .wishes = wishes};
  REQUIRE(size > 0, EBB_ERR_INPUT, "%s: the file is empty", raw->path);
  TRY(ebbi_utf8_check(raw->path, bytes, size));
  bool marked = size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0;
  ebb_status status = read_all(&r, bytes + (marked ? 3 : 0));
  ebbi_store_free(&r.store);
  ebbi_csv_scan_free(&r.scan);
  ebbi_csv_sample_free(&r.sample);
  ebbi_na_free(&r.na);
  return status;
}
