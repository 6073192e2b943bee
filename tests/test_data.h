/* What the tests of the data module share: tables from texts instead of files, and the folder of
 * real data that may or may not be there. */
#ifndef EBB_TEST_DATA_H
#define EBB_TEST_DATA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <data/array.h>
#include <data/encoder.h>
#include <data/table.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REAL_DATA EBB_SOURCE_DIR "/../shared/data/"

/* A table from bytes in a buffer of just their size, so that a read behind them is found. */
static inline ebb_status parse_bytes(ebb_table **out, const char *bytes, size_t size,
                                     const ebb_read_options *options) {
  static const ebb_read_options defaults;
  char *copy = malloc(size + 1);
  assert_non_null(copy);
  memcpy(copy, bytes, size);
  copy[size] = '\0';
  *out = NULL;
  return ebbi_table_parse(out, "t", copy, size, options ? options : &defaults);
}

static inline ebb_table *table_of(const char *text, const ebb_read_options *options) {
  ebb_table *table;
  if (parse_bytes(&table, text, strlen(text), options) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  return table;
}

/* The failure must be EBB_ERR_INPUT and its one line hold each of the parts, split at '*'. */
static inline void expect_message(ebb_status status, const char *parts) {
  const char *at = ebb_error_message(), *part = parts;
  if (status == EBB_OK) fail_msg("passes; expected: %s", parts);
  if (status != EBB_ERR_INPUT) fail_msg("%s: %s", ebb_status_name(status), at);
  assert_null(strpbrk(at, "\n\r\x1b"));
  while (*part != '\0') {
    char wanted[160];
    size_t length = strcspn(part, "*");
    snprintf(wanted, sizeof wanted, "%.*s", (int)length, part);
    const char *found = strstr(at, wanted);
    if (!found) fail_msg("\"%s\" has no \"%s\"", ebb_error_message(), wanted);
    at = found + length;
    part += length + (part[length] == '*');
  }
}

static inline void expect_refused(const char *text, const ebb_read_options *options,
                                  const char *parts) {
  ebb_table *table;
  ebb_status status = parse_bytes(&table, text, strlen(text), options);
  ebb_table_free(table);
  expect_message(status, parts);
}

static inline ebb_encoder *encoder_of(const ebb_table *table, const ebb_encoder_options *options) {
  ebb_encoder *encoder;
  if (ebb_encoder_fit(&encoder, table, NULL, 0, options) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  return encoder;
}

static inline ebb_dataset dataset_of(const ebb_encoder *encoder, const ebb_table *table) {
  ebb_dataset dataset;
  if (ebb_encoder_apply(&dataset, encoder, table, NULL, 0) != EBB_OK ||
      ebb_dataset_check(&dataset) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  return dataset;
}

/* Skips the test, saying so, where the file is not there. */
static inline const char *real_file(char path[512], const char *name) {
  snprintf(path, 512, "%s%s", REAL_DATA, name);
  FILE *file = fopen(path, "rb");
  if (!file) {
    print_message("skipped: %s is not there\n", path);
    skip();
  }
  fclose(file);
  return path;
}

#endif
