/* Shared by the tests of file formats: reads raw columns from bytes, in a format recognised by
 * content or given, and describes them in one line. */
#ifndef EBB_RAW_RIG_H
#define EBB_RAW_RIG_H

#include "test_data.h"

#include <base/error.h>
#include <data/formats.h>
#include <data/raw.h>

/* Texts and numbers for the last column, numbers for the others. */
static inline ebb_status last_both(ebbi_form *forms, const ebbi_raw *raw, void *user) {
  (void)user;
  forms[raw->cols - 1] = EBBI_FORM_BOTH;
  return EBB_OK;
}

static inline ebbi_wishes wishes_of(const ebb_read_options *options) {
  static const ebb_read_options defaults = EBB_READ_OPTIONS_INIT;
  return (ebbi_wishes){.options = options ? options : &defaults, .choose = last_both};
}

/* Parses bytes in any format. */
static inline ebb_status parse_raw(ebbi_raw *raw, const char *bytes, size_t size,
                                   const ebbi_wishes *wishes) {
  *raw = (ebbi_raw){0};
  return ebbi_raw_parse(raw, "t", tight_copy(bytes, size), size, wishes);
}

static inline ebbi_raw raw_of(const char *bytes, size_t size, const ebb_read_options *options) {
  ebbi_raw raw;
  ebbi_wishes wishes = wishes_of(options);
  if (parse_raw(&raw, bytes, size, &wishes) != EBB_OK) fail_msg("%s", ebb_error_message());
  return raw;
}

static inline void expect_raw_refused(const char *bytes, size_t size,
                                      const ebb_read_options *options, const char *parts) {
  ebbi_raw raw;
  ebbi_wishes wishes = wishes_of(options);
  ebb_status status = parse_raw(&raw, bytes, size, &wishes);
  ebbi_raw_free(&raw);
  expect_message(status, parts);
}

static inline void expect_note(const ebbi_raw *raw, const char *part) {
  for (size_t i = 0; i < raw->notes.count; i++)
    if (strstr(raw->notes.items[i].text, part)) return;
  fail_msg("no note has \"%s\"", part);
}

/* Reads a file of shared/cases. */
static inline ebbi_raw case_raw(const char *name, const ebb_read_options *options) {
  char path[128];
  size_t size;
  snprintf(path, sizeof path, "cases/%s", name);
  char *bytes = real_bytes(&size, path);
  ebbi_raw raw = raw_of(bytes, size, options);
  free(bytes);
  return raw;
}

typedef ebb_status raw_reader(ebbi_raw *raw, const ebbi_wishes *wishes);

/* The form for all columns; NULL: AUTO. */
static inline ebb_status choose_forms(ebbi_form *forms, const ebbi_raw *raw, void *user) {
  for (size_t c = 0; c < raw->cols && user; c++) forms[c] = *(const ebbi_form *)user;
  assert_int_equal(raw->names.count, raw->cols);
  assert_int_equal(raw->rows, 0);
  return EBB_OK;
}

/* Parses bytes with one reader. */
static inline ebb_status read_raw(raw_reader *reader, ebbi_raw *raw, const char *bytes, size_t size,
                                  const ebb_read_options *options, const ebbi_form *form) {
  static const ebb_read_options defaults = EBB_READ_OPTIONS_INIT;
  const ebbi_wishes wishes = {.options = options ? options : &defaults,
                              .choose = choose_forms,
                              .user = (void *)(uintptr_t)form};
  *raw = (ebbi_raw){.path = strdup("t"), .bytes = tight_copy(bytes, size), .size = size};
  return reader(raw, &wishes);
}

static inline ebbi_raw csv_of(const char *text, const ebb_read_options *options,
                              const ebbi_form *form) {
  ebbi_raw raw;
  if (read_raw(ebbi_csv_read, &raw, text, strlen(text), options, form) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  return raw;
}

/* `ROWSxCOLS header name:number other:text`; `-` marks a column without a name. */
static inline void describe_raw(char *out, size_t size, const ebbi_raw *raw) {
  int used = snprintf(out, size, "%zux%zu%s", raw->rows, raw->cols, raw->header ? " header" : "");
  for (size_t c = 0; c < raw->cols && (size_t)used < size; c++) {
    const ebbi_raw_column *column = &raw->columns[c];
    used += snprintf(out + used, size - (size_t)used, " %s%s:%s%s", raw->names.items[c],
                     raw->unnamed && raw->unnamed[c] ? "-" : "", column->numbers ? "number" : "",
                     column->codes ? "text" : "");
  }
}

static inline void expect_columns(const char *text, const ebb_read_options *options,
                                  const char *expected) {
  char found[512];
  ebbi_raw raw = csv_of(text, options, NULL);
  describe_raw(found, sizeof found, &raw);
  ebbi_raw_free(&raw);
  assert_string_equal(found, expected);
}

static inline void expect_csv_refused(const char *text, const ebb_read_options *options,
                                      const char *parts) {
  ebbi_raw raw;
  ebb_status status = read_raw(ebbi_csv_read, &raw, text, strlen(text), options, NULL);
  ebbi_raw_free(&raw);
  expect_message(status, parts);
}

/* The notes, one a line, contain `text`; "": there are none. */
static inline void expect_csv_notes(const char *text, const ebb_read_options *options,
                                    const char *part) {
  char all[2048] = "";
  ebbi_raw raw = csv_of(text, options, NULL);
  for (size_t i = 0; i < raw.notes.count; i++) {
    strcat(all, raw.notes.items[i].text);
    strcat(all, "\n");
  }
  ebbi_raw_free(&raw);
  if (*part ? !strstr(all, part) : *all != '\0') fail_msg("notes: %s; expected: %s", all, part);
}

/* A cell as text: its text if the column has texts, else its number. */
static inline const char *cell(const ebbi_raw *raw, size_t row, size_t col) {
  static char text[64];
  const ebbi_raw_column *column = &raw->columns[col];
  int32_t code = column->codes ? ebbi_cells_code(column->codes, row) : -1;
  if (column->codes) return code < 0 ? "?" : column->texts.items[code];
  snprintf(text, sizeof text, "%g", ebbi_cells_get(column->numbers, row));
  return text;
}

#endif
