/* What the tests of text tables share: raw columns from a text, and how they look in one line. */
#ifndef EBB_RAW_RIG_H
#define EBB_RAW_RIG_H

#include "test_data.h"

#include <base/file.h>
#include <data/raw.h>

#define REAL_CASES EBB_SOURCE_DIR "/../shared/cases/"

typedef ebb_status raw_reader(ebbi_raw *raw, const char *bytes, size_t size,
                              const ebbi_wishes *wishes);

/* The forms that all columns get; NULL: AUTO. */
static inline ebb_status choose_forms(ebbi_form *forms, const ebbi_raw *raw, void *user) {
  for (size_t c = 0; c < raw->cols && user; c++) forms[c] = *(const ebbi_form *)user;
  assert_int_equal(raw->names.count, raw->cols);
  assert_int_equal(raw->rows, 0);
  return EBB_OK;
}

/* From a buffer of just the text's size, so that a read behind it is found. */
static inline ebb_status read_raw(raw_reader *reader, ebbi_raw *raw, const char *bytes, size_t size,
                                  const ebb_read_options *options, const ebbi_form *form) {
  static const ebb_read_options defaults;
  const ebbi_wishes wishes = {.options = options ? options : &defaults,
                              .choose = choose_forms,
                              .user = (void *)(uintptr_t)form};
  char *copy = malloc(size + 1);
  assert_non_null(copy);
  memcpy(copy, bytes, size);
  copy[size] = '\0';
  *raw = (ebbi_raw){.path = strdup("t")};
  ebb_status status = reader(raw, copy, size, &wishes);
  free(copy);
  return status;
}

static inline ebbi_raw csv_of(const char *text, const ebb_read_options *options,
                              const ebbi_form *form) {
  ebbi_raw raw;
  if (read_raw(ebbi_csv_read, &raw, text, strlen(text), options, form) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  return raw;
}

/* `ROWSxCOLS header name:number other:text`; a column without name is marked by `-`. */
static inline void describe(char *out, size_t size, const ebbi_raw *raw) {
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
  describe(found, sizeof found, &raw);
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

/* The notes, one a line, hold this; "": there are none. */
static inline void expect_notes(const char *text, const ebb_read_options *options,
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

/* A cell as text: of its texts if there are some, else its number. */
static inline const char *cell(const ebbi_raw *raw, size_t row, size_t col) {
  static char text[64];
  const ebbi_raw_column *column = &raw->columns[col];
  if (column->codes) return column->codes[row] < 0 ? "?" : column->texts.items[column->codes[row]];
  snprintf(text, sizeof text, "%g", column->numbers[row]);
  return text;
}

#endif
