/* Files of labels, of any format, beside a table of inputs with as many rows.
 */
#include "tables.h"

#include <data/raw.h>
#include <data/table.h>
#include <stdio.h>

enum { ROWS_MAX = 1 << 16 };

static ebb_status choose(ebbi_form *forms, const ebbi_raw *raw, void *user) {
  (void)user;
  for (size_t c = 0; c < raw->cols; c++) forms[c] = EBBI_FORM_BOTH;
  return EBB_OK;
}

/* How many rows the file has; 0: it is none, or too large for this. */
static size_t rows_of(const char *bytes, size_t size, const ebb_read_options *options) {
  ebbi_wishes wishes = {.options = options, .choose = choose, .labels = true};
  ebbi_raw raw = {0};
  char *copy = fuzz_need(malloc(size + 1));
  memcpy(copy, bytes, size + 1);
  if (ebbi_raw_parse(&raw, "l", copy, size, &wishes) != EBB_OK) fuzz_expect_message();
  size_t rows = raw.rows;
  ebbi_raw_free(&raw);
  return rows <= ROWS_MAX ? rows : 0;
}

/* Inputs: bytes in one column, as NPY. */
static char *inputs_of(size_t *size, size_t rows) {
  char *bytes = fuzz_need(malloc(128 + rows));
  int length =
      sprintf(bytes + 10, "{'descr': '|u1', 'fortran_order': False, 'shape': (%zu, 1), }\n", rows);
  memcpy(bytes, "\x93NUMPY\x01\x00", 8);
  bytes[8] = (char)length;
  bytes[9] = 0;
  for (size_t r = 0; r < rows; r++) bytes[10 + (size_t)length + r] = (char)(r * r);
  *size = 10 + (size_t)length + rows;
  bytes[*size] = '\0';
  return bytes;
}

static void add_labels(char *labels, size_t size, size_t rows, const table_choices *choices) {
  ebb_read_options inputs_only = {.size = sizeof(ebb_read_options), .no_target = true};
  size_t input_size;
  char *inputs = inputs_of(&input_size, rows);
  ebb_table *table;
  FUZZ_CHECK(ebbi_table_parse(&table, "x", inputs, input_size, &inputs_only) == EBB_OK, "inputs");
  if (ebbi_table_add_labels(table, "l", labels, size, &choices->read) == EBB_OK) {
    FUZZ_CHECK(ebb_table_has_target(table), "no target");
    fuzz_table(table, NULL, 0, choices);
    return;
  }
  fuzz_expect_message();
  ebb_table_free(table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = fuzz_begin(data, size);
  table_choices choices = fuzz_table_choices(&input);
  char *labels = fuzz_rest(&size, &input);
  ebb_read_options options = choices.read;
  options.target = NULL;
  choices.read.no_target = false;
  size_t rows = fuzz_is_narrow(labels) ? rows_of(labels, size, &options) : 0;
  if (rows == 0) {
    free(labels);
    return 0;
  }
  add_labels(labels, size, rows, &choices);
  return 0;
}
