/* Text to rows of fields.
 *
 * One pass over the bytes. A field is a span of the text; only a field with doubled quotes is
 * copied, unless the text is read for the last time. Rows are scanned before fields are
 * interpreted, so a row with too many fields is reported as such and not as a text among numbers. A
 * stray quote is an error with its line number, since reading on could swallow rows unnoticed. Text
 * delimited by tabs or blanks rarely uses quotes, so there a quote inside a field is an ordinary
 * character.
 */
#include "csv_scan.h"

#include "base/error.h"
#include "limits.h"
#include <stdlib.h>

static void free_copies(ebbi_csv_scan *scan) {
  for (ebbi_csv_copy *copy = scan->copies, *next; copy; copy = next) {
    next = copy->next;
    free(copy);
  }
  scan->copies = NULL;
}

void ebbi_csv_scan_free(ebbi_csv_scan *scan) {
  free_copies(scan);
  free(scan->fields);
  *scan = (ebbi_csv_scan){0};
}

void ebbi_csv_scan_begin(ebbi_csv_scan *scan, const char *path, const char *text, size_t line,
                         char delimiter) {
  scan->path = path;
  scan->at = text;
  scan->own = NULL;
  scan->delimiter = delimiter;
  scan->line = scan->next_line = line;
  scan->skipped = scan->skipped_line = 0;
  memset(scan->stops, 0, sizeof scan->stops);
  scan->stops[0] = scan->stops['\n'] = scan->stops['\r'] = true;
  scan->stops[(unsigned char)delimiter] = true;
  if (delimiter == EBBI_CSV_BLANKS) scan->stops['\t'] = true;
  scan->stops['"'] = delimiter != EBBI_CSV_BLANKS && delimiter != '\t';
}

static bool ends_line(char c) {
  return c == '\n' || c == '\r' || c == '\0';
}

/* Skips insignificant blanks; a tab that delimits is significant. */
static const char *skip_blanks(const ebbi_csv_scan *scan, const char *c) {
  while (*c == ' ' || (*c == '\t' && scan->delimiter != '\t')) c++;
  return c;
}

static const char *skip_line_end(ebbi_csv_scan *scan, const char *c) {
  if (*c == '\0') return c;
  scan->next_line++;
  return c + (c[0] == '\r' && c[1] == '\n' ? 2 : 1);
}

static ebb_status add_field(ebbi_csv_scan *scan, const char *text, size_t length, bool quoted) {
  if (scan->count == scan->capacity) {
    REQUIRE(scan->count < EBBI_MAX_COLUMNS, EBB_ERR_INPUT, "%s:%zu: more than %d columns",
            scan->path, scan->line, EBBI_MAX_COLUMNS);
    size_t capacity = scan->capacity ? 2 * scan->capacity : 16;
    ebbi_span *fields = realloc(scan->fields, capacity * sizeof *fields);
    REQUIRE(fields, EBB_ERR_MEMORY, "%s: no memory for %zu columns", scan->path, capacity);
    scan->fields = fields;
    scan->capacity = capacity;
  }
  ebbi_span *field = &scan->fields[scan->count++];
  field->text = text;
  field->length = length;
  field->quoted = quoted;
  if (quoted) *field = ebbi_span_trim(*field);
  return EBB_OK;
}

static ebb_status add_doubled(ebbi_csv_scan *scan, const char *text, size_t length) {
  char *single = scan->own ? scan->own + (text - scan->own) : NULL;
  if (!single) {
    ebbi_csv_copy *copy = malloc(sizeof *copy + length);
    REQUIRE(copy, EBB_ERR_MEMORY, "%s: no memory for a field of %zu bytes", scan->path, length);
    copy->next = scan->copies;
    scan->copies = copy;
    single = copy->text;
  }
  size_t kept = 0;
  for (size_t i = 0; i < length; i++) {
    single[kept++] = text[i];
    i += text[i] == '"';
  }
  return add_field(scan, single, kept, true);
}

static ebb_status fail_stray(const ebbi_csv_scan *scan, size_t line) {
  return ebbi_fail(EBB_ERR_INPUT,
                   "%s:%zu: stray quote: quotes go around a whole field, and one within is doubled",
                   scan->path, line);
}

/* The field after the quote at scan->at. */
static ebb_status scan_quoted(ebbi_csv_scan *scan) {
  const char *text = scan->at + 1, *c = text;
  bool doubled = false;
  for (; *c != '"' || c[1] == '"'; c++) {
    REQUIRE(*c != '\0', EBB_ERR_INPUT, "%s:%zu: a quoted field begins in this row and never ends",
            scan->path, scan->line);
    if (*c == '"') {
      doubled = true;
      c++;
    }
    scan->next_line += *c == '\n' || (*c == '\r' && c[1] != '\n');
  }
  size_t length = (size_t)(c - text);
  scan->at = skip_blanks(scan, c + 1);
  bool apart = scan->delimiter == EBBI_CSV_BLANKS ? scan->at > c + 1 : *scan->at == scan->delimiter;
  if (!apart && !ends_line(*scan->at)) return fail_stray(scan, scan->next_line);
  return doubled ? add_doubled(scan, text, length) : add_field(scan, text, length, true);
}

static ebb_status scan_plain(ebbi_csv_scan *scan) {
  const char *text = scan->at, *end = text;
  while (!scan->stops[(unsigned char)*end]) end++;
  if (*end == '"' && scan->stops['"']) return fail_stray(scan, scan->next_line);
  scan->at = end;
  if (scan->delimiter != EBBI_CSV_BLANKS)
    while (end > text && (end[-1] == ' ' || end[-1] == '\t')) end--;
  return add_field(scan, text, (size_t)(end - text), false);
}

static ebb_status scan_fields(ebbi_csv_scan *scan) {
  for (;;) {
    scan->at = skip_blanks(scan, scan->at);
    if (*scan->at == '"')
      TRY(scan_quoted(scan));
    else
      TRY(scan_plain(scan));
    if (scan->delimiter == EBBI_CSV_BLANKS) scan->at = skip_blanks(scan, scan->at);
    if (ends_line(*scan->at)) break;
    if (scan->delimiter != EBBI_CSV_BLANKS) scan->at++;
  }
  scan->at = skip_line_end(scan, scan->at);
  return EBB_OK;
}

/* True if the row has no value at all or is a ruled line: ---+---, |:---|, =====. */
static bool is_empty(const ebbi_csv_scan *scan) {
  bool drawn = false;
  for (size_t i = 0; i < scan->count; i++) {
    ebbi_span field = scan->fields[i];
    if (field.quoted) return false;
    for (size_t k = 0; k < field.length; k++)
      if (!strchr("-+=:", field.text[k])) return false;
    drawn |= field.length >= 3;
    if (field.length > 0 && !drawn) return false;
  }
  return true;
}

static bool is_empty_line(const ebbi_csv_scan *scan, const char **end) {
  *end = skip_blanks(scan, scan->at);
  return **end == '\n' || **end == '\r';
}

ebb_status ebbi_csv_scan_row(ebbi_csv_scan *scan, bool *found) {
  const char *end;
  for (;;) {
    while (is_empty_line(scan, &end)) scan->at = skip_line_end(scan, end);
    *found = *end != '\0';
    if (!*found) return EBB_OK;
    scan->line = scan->next_line;
    scan->count = 0;
    if (scan->copies) free_copies(scan);
    TRY(scan_fields(scan));
    if (!is_empty(scan)) return EBB_OK;
    if (scan->skipped++ == 0) scan->skipped_line = scan->line;
  }
}

bool ebbi_csv_scan_try(ebbi_csv_scan *scan) {
  bool found = false;
  if (scan->try_status != EBB_OK) return false;
  ebb_status status = ebbi_csv_scan_row(scan, &found);
  if (status == EBB_ERR_MEMORY) scan->try_status = status;
  return status == EBB_OK && found;
}
