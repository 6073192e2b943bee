/* The header of a text table.
 *
 * A wrong guess here would silently train on nonsense. So the first row is compared with the whole
 * sample below it, a close decision is noted with the option that overrules it, and a requested
 * column name found in the row decides at once.
 */
#include "csv_header.h"

#include "base/error.h"
#include "csv_evidence.h"
#include "encoder.h"
#include <stdio.h>
#include <stdlib.h>

enum { MANY_ROWS = 20 }; /* rows above which the majority of text columns is reliable evidence */

typedef struct finder {
  ebbi_csv_header *header;
  ebbi_raw *raw;
  const ebbi_csv_sample *sample;
  const ebb_read_options *options;
  ebbi_csv_scan comment;    /* at the comment that may be the header */
  const ebbi_csv_scan *row; /* the header, or NULL */
  size_t offset;            /* the column of its first name */
} finder;

static ebb_status note_guess(const finder *f, const ebbi_csv_evidence *e, bool header) {
  if (f->options->header != EBB_HEADER_AUTO) return EBB_OK;
  bool torn = e->names > 0 && e->values > 0;
  bool texts = e->numbers == 0 && e->missing == 0 && e->texts > 1;
  bool clear = f->sample->rows > MANY_ROWS && !torn && texts &&
               2 * (header ? e->apart : e->values) > e->texts;
  const ebbi_csv_scan *row = &f->sample->scan;
  if (clear) return EBB_OK;
  if (header && (torn || e->numbers > 0 || e->names == 0))
    return ebbi_notes_add(&f->raw->notes, torn,
                          "line %zu is taken for the header; if it is data: --no-header",
                          row->line);
  if (!header && (torn || (e->numbers == 0 && e->missing == 0)))
    return ebbi_notes_add(&f->raw->notes, torn,
                          "line %zu is taken for data; if it names the columns: --header",
                          row->line);
  return EBB_OK;
}

/* Decides by the options, then by the evidence. Without evidence, a row of texts above texts is a
 * header unless an encoder defines the columns. */
static bool is_header(const finder *f, const ebbi_csv_evidence *e) {
  if (f->options->header != EBB_HEADER_AUTO) return f->options->header == EBB_HEADER_YES;
  bool guess = !f->options->encoder && !e->repeated;
  if (e->positions) return true;
  if (e->names + e->apart + e->values > 0) return e->names + (guess ? e->apart : 0) > e->values;
  return guess && e->texts > 0 && e->numbers == 0 && e->missing == 0;
}

/* A comment with as many fields as the rows, all different names and not only numbers. */
static ebb_status find_comment(finder *f, const ebbi_csv_dialect *dialect, bool *plausible,
                               bool *wanted) {
  ebbi_names names = {0};
  ebbi_span repeated;
  bool found;
  *plausible = *wanted = false;
  if (!dialect->note || f->options->header == EBB_HEADER_NO) return EBB_OK;
  ebbi_csv_scan_begin(&f->comment, f->raw->path, dialect->note, dialect->note_line,
                      dialect->delimiter);
  TRY(ebbi_csv_scan_row(&f->comment, &found));
  size_t texts = 0;
  for (size_t i = 0; i < f->comment.count; i++)
    texts += ebbi_csv_kind_of(f->sample, f->comment.fields[i]) == EBBI_CSV_TEXT;
  ebb_status status = ebbi_csv_distinct(&names, &repeated, &f->comment);
  *plausible = texts > 0 && names.count == f->comment.count;
  *wanted = ebbi_csv_has_wanted(&names, f->options);
  ebbi_names_free(&names);
  return status;
}

/* Sets f->row. */
static ebb_status find_row(finder *f, const ebbi_csv_dialect *dialect) {
  ebbi_names names = {0};
  ebbi_csv_evidence e;
  ebbi_span repeated;
  bool plausible, comment_wanted;
  TRY(ebbi_csv_evidence_weigh(&e, f->sample));
  TRY(find_comment(f, dialect, &plausible, &comment_wanted));
  ebb_status status = ebbi_csv_distinct(&names, &repeated, &f->sample->scan);
  bool may = f->options->header != EBB_HEADER_NO;
  bool wanted = may && ebbi_csv_has_wanted(&names, f->options);
  ebbi_names_free(&names);
  TRY(status);
  if (comment_wanted || (plausible && !wanted && e.names <= e.values)) {
    f->row = &f->comment;
    return ebbi_notes_add(
        &f->raw->notes, false,
        "the comment in line %zu is taken for the header; if it is not one: --no-header",
        f->comment.line);
  }
  bool header = wanted || is_header(f, &e);
  if (header) f->row = &f->sample->scan;
  return wanted ? EBB_OK : note_guess(f, &e, header);
}

/* The number of columns. Empty, unnamed columns at the end do not count: some programs end each
 * line with a delimiter. */
static ebb_status find_width(finder *f) {
  size_t alike, names = f->row ? f->row->count : 0, named = names;
  size_t below = f->row == &f->sample->scan, rows = f->sample->rows - below;
  ebbi_csv_width width = ebbi_csv_common_width(f->sample, below, &alike);
  ebbi_raw *raw = f->raw;
  while (named > 0 && f->row->fields[named - 1].length == 0) named--;
  raw->cols = width.used > named ? width.used : named;
  f->header->names = named;
  f->header->widest = width.fields > names ? width.fields : names;
  if (!f->row) {
    const ebb_encoder *encoder = f->options->encoder;
    size_t wanted = encoder ? encoder->columns : 0;
    if (raw->cols < wanted) raw->cols = wanted < width.fields ? wanted : width.fields;
  } else if (rows == 0) {
    raw->cols = names;
  } else if (raw->cols > names) {
    bool proven = alike > 1 && 2 * alike > rows;
    f->offset = proven && raw->cols == names + 1 && named == names;
    REQUIRE(!proven || f->offset > 0, EBB_ERR_INPUT,
            "%s:%zu: the header has %zu names, the rows %zu fields", raw->path, f->row->line, names,
            raw->cols);
    if (!proven) raw->cols = names; /* the longer row is reported later */
  }
  size_t left_out = f->header->widest - raw->cols;
  if (left_out > 0 && width.used <= raw->cols)
    TRY(ebbi_notes_add(&raw->notes, false,
                       "%zu column%s at the end without name and values left out: a delimiter ends "
                       "the lines",
                       left_out, left_out == 1 ? "" : "s"));
  return EBB_OK;
}

/* The name of an unnamed column: its position, unless another column has that name. */
static void name_position(char name[48], const ebbi_names *taken, size_t column) {
  snprintf(name, 48, "%zu", column);
  for (size_t i = 1; ebbi_names_find(taken, name) != EBBI_NO_INDEX; i++)
    if (i == 1)
      snprintf(name, 48, "unnamed %zu", column);
    else
      snprintf(name, 48, "unnamed %zu (%zu)", column, i);
}

static ebb_status name_columns(finder *f, const ebbi_names *taken) {
  ebbi_raw *raw = f->raw;
  raw->header = f->row != NULL;
  for (size_t c = 0, index; c < raw->cols; c++) {
    char position[48];
    ebbi_span name = {0};
    if (f->row && c >= f->offset && c - f->offset < f->row->count)
      name = f->row->fields[c - f->offset];
    if (name.length > 0) {
      TRY(ebbi_names_add_part(&raw->names, &index, name.text, name.length));
      continue;
    }
    name_position(position, taken, c);
    TRY(ebbi_names_add(&raw->names, &index, position));
    if (!f->row) continue;
    if (!raw->unnamed) raw->unnamed = calloc(raw->cols, sizeof *raw->unnamed);
    REQUIRE(raw->unnamed, EBB_ERR_MEMORY, "data: no memory for %zu columns", raw->cols);
    raw->unnamed[c] = true;
  }
  return EBB_OK;
}

static ebb_status fail_repeated(const finder *f, ebbi_span name) {
  char text[EBBI_SHOWN], shown[EBBI_SHOWN];
  snprintf(text, sizeof text, "%.*s", (int)(name.length < 40 ? name.length : 40), name.text);
  return ebbi_fail(EBB_ERR_INPUT, "%s:%zu: two columns are named \"%s\"; rename one", f->raw->path,
                   f->row->line, ebbi_shown(shown, text));
}

static ebb_status find(finder *f, const ebbi_csv_dialect *dialect) {
  ebbi_names taken = {0};
  ebbi_span repeated = {0};
  TRY(find_row(f, dialect));
  ebb_status status = f->row ? ebbi_csv_distinct(&taken, &repeated, f->row) : EBB_OK;
  if (status == EBB_OK && repeated.text) status = fail_repeated(f, repeated);
  if (status == EBB_OK) status = find_width(f);
  if (status == EBB_OK) status = name_columns(f, &taken);
  ebbi_names_free(&taken);
  TRY(status);
  f->header->first_row = f->row == &f->sample->scan;
  f->header->line = f->row ? f->row->line : 0;
  if (f->offset == 0) return EBB_OK;
  return ebbi_notes_add(
      &f->raw->notes, false,
      "the header lacks one name; taken to be the first column's, as R writes row "
      "names");
}

ebb_status ebbi_csv_header_find(ebbi_csv_header *header, ebbi_raw *raw,
                                const ebbi_csv_sample *sample, const ebbi_csv_dialect *dialect,
                                const ebb_read_options *options) {
  finder f = {.header = header, .raw = raw, .sample = sample, .options = options};
  ebb_status status = find(&f, dialect);
  ebbi_csv_scan_free(&f.comment);
  return status;
}
