/* Shared by the tests of the data module: tables from texts instead of files, their description as
 * text, and the optional folder of real files. */
#ifndef EBB_TEST_DATA_H
#define EBB_TEST_DATA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <base/read.h>
#include <cmocka.h>
#include <data/array.h>
#include <data/encoder.h>
#include <data/limits.h>
#include <data/table.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* A buffer that ends with the terminating 0, so that sanitizers find a read beyond it. */
static inline char *tight_copy(const char *bytes, size_t size) {
  char *copy = malloc(size + 1);
  assert_non_null(copy);
  memcpy(copy, bytes, size);
  copy[size] = '\0';
  return copy;
}

static inline ebb_status parse_bytes(ebb_table **out, const char *bytes, size_t size,
                                     const ebb_read_options *options) {
  static const ebb_read_options defaults = EBB_READ_OPTIONS_INIT;
  *out = NULL;
  return ebbi_table_parse(out, "t", tight_copy(bytes, size), size, options ? options : &defaults);
}

static inline ebb_table *table_of(const char *text, const ebb_read_options *options) {
  ebb_table *table;
  if (parse_bytes(&table, text, strlen(text), options) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  return table;
}

/* The failure is EBB_ERR_INPUT, and its one line contains each of the parts, split at '*'. */
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

static inline void expect_near(double found, double expected) {
  if (!(fabs(found - expected) <= 1e-6 * fmax(1, fabs(expected))))
    fail_msg("%.9g instead of %.9g", found, expected);
}

/* The encoder must turn the table into these inputs [rows, inputs]. */
static inline void expect_inputs(const ebb_encoder *encoder, const ebb_table *table,
                                 const double *x, size_t inputs) {
  ebb_dataset d = dataset_of(encoder, table);
  assert_int_equal(d.inputs, inputs);
  for (size_t i = 0; i < d.rows * inputs; i++) expect_near(d.x[i], x[i]);
  ebb_dataset_clear(&d);
}

/* Task, columns, reason, classes: `classification y (text): a b`. */
static inline void describe_target(char out[512], const ebb_table *t) {
  const ebbi_target *target = &t->target;
  snprintf(out, 512, "%s", target->cols ? ebb_task_name(target->task) : "none");
  for (size_t k = 0; k < target->cols; k++)
    snprintf(out + strlen(out), 512 - strlen(out), " %s", target->names.items[k]);
  if (target->reason[0]) snprintf(out + strlen(out), 512 - strlen(out), " (%s)", target->reason);
  for (size_t i = 0; i < target->classes.count; i++)
    snprintf(out + strlen(out), 512 - strlen(out), "%s%s", i ? " " : ": ",
             target->classes.items[i]);
}

/* Notes, split at '|'; weighty ones begin with '!'. */
static inline void expect_notes(const ebb_table *t, const char *notes) {
  char found[512] = "";
  for (size_t i = 0; i < ebb_table_notes(t); i++) {
    ebb_note note = ebb_table_note(t, i);
    size_t used = strlen(found);
    snprintf(found + used, sizeof found - used, "%s%s%s", i ? "|" : "", note.weighty ? "!" : "",
             note.text);
  }
  assert_string_equal(found, notes);
}

/* Skips the test with a message if the file, such as "data/iris.csv", does not exist. */
static inline const char *real_file(char path[512], const char *name) {
  snprintf(path, 512, "%s%s", EBB_SOURCE_DIR "/../shared/", name);
  if (access(path, R_OK) != 0) {
    print_message("skipped: %s is not there\n", path);
    skip();
  }
  return path;
}

static inline char *real_bytes(size_t *size, const char *name) {
  char path[512], *bytes;
  if (ebbi_file_read(&bytes, size, real_file(path, name), EBBI_FILE_LIMIT) != EBB_OK)
    fail_msg("%s", ebb_error_message());
  return bytes;
}

#endif
