/* What the tests of file formats share: raw columns from bytes. */
#ifndef EBB_TEST_FORMATS_H
#define EBB_TEST_FORMATS_H

#include "test_data.h"

#include <base/error.h>
#include <base/file.h>
#include <data/formats.h>
#include <unistd.h>

#define CASES EBB_SOURCE_DIR "/../shared/cases/"

/* Stand in for the readers of CSV and ARFF where the library has none; they tell who was called. */
__attribute__((weak)) ebb_status ebbi_csv_read(ebbi_raw *raw, const char *bytes, size_t size,
                                               const ebbi_wishes *wishes) {
  (void)bytes, (void)size, (void)wishes;
  return ebbi_fail(EBB_ERR_INPUT, "%s: for CSV", raw->path);
}

__attribute__((weak)) ebb_status ebbi_arff_read(ebbi_raw *raw, const char *bytes, size_t size,
                                                const ebbi_wishes *wishes) {
  (void)bytes, (void)size, (void)wishes;
  return ebbi_fail(EBB_ERR_INPUT, "%s: for ARFF", raw->path);
}

/* Texts and numbers of the last column, numbers of the others. */
static inline ebb_status last_both(ebbi_form *forms, const ebbi_raw *raw, void *user) {
  (void)user;
  forms[raw->cols - 1] = EBBI_FORM_BOTH;
  return EBB_OK;
}

static inline ebbi_wishes wishes_of(const ebb_read_options *options) {
  static const ebb_read_options defaults;
  return (ebbi_wishes){.options = options ? options : &defaults, .choose = last_both};
}

/* A buffer of just the size, so that a read behind it is found. */
static inline ebb_status parse_raw(ebbi_raw *raw, const char *bytes, size_t size,
                                   const ebbi_wishes *wishes) {
  char *copy = malloc(size + 1);
  assert_non_null(copy);
  memcpy(copy, bytes, size);
  copy[size] = '\0';
  *raw = (ebbi_raw){0};
  return ebbi_raw_parse(raw, "t", copy, size, wishes);
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

/* Bytes of a file of shared/cases; skips the test, saying so, where it is not there. */
static inline char *case_bytes(size_t *size, const char *name) {
  char path[512], *bytes;
  snprintf(path, sizeof path, "%s%s", CASES, name);
  if (access(path, R_OK) != 0) {
    print_message("skipped: %s is not there\n", path);
    skip();
  }
  if (ebbi_file_read(&bytes, size, path, EBBI_FILE_LIMIT) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  return bytes;
}

static inline ebbi_raw case_raw(const char *name, const ebb_read_options *options) {
  size_t size;
  char *bytes = case_bytes(&size, name);
  ebbi_raw raw = raw_of(bytes, size, options);
  free(bytes);
  return raw;
}

#endif
