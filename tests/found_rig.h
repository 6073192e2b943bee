/* Shared by the tests of tables found in practice: builds a file from rows, and describes its
 * columns as text. */
#ifndef EBB_FOUND_RIG_H
#define EBB_FOUND_RIG_H

#include "test_data.h"
#include <data/reading.h>
#include <math.h>

enum { ROWS = 30 };

static inline const char *use_of(const ebb_column_info *info) {
  static const char *const uses[] = {"", "->", "#", "-"};
  return uses[info->use];
}

/* Columns as `a:number -b ->c:category`. */
static inline void describe_columns(char out[512], const ebb_table *t) {
  static const char *const kinds[] = {":number", ":amount", ":date", ":category", ":pixel"};
  out[0] = '\0';
  for (size_t c = 0; c < ebb_table_file_columns(t); c++) {
    ebb_column_info info;
    assert_int_equal(ebb_table_column(&info, t, c), EBB_OK);
    size_t used = strlen(out);
    snprintf(out + used, 512 - used, "%s%s%s%s", c ? " " : "", use_of(&info), info.name,
             info.use == EBB_COLUMN_LEFT_OUT ? "" : kinds[info.kind]);
  }
}

/* A file: the lines above its rows, the rows, and the lines below. In a row, letters are
 * placeholders: `a` is the row number, `b` a number with a fraction, `c` one of three small
 * numbers, `e` and `g` one of two, `d` a number unique to the row. These letters must have no other
 * use. */
typedef struct found_case {
  const char *above, *row;
  const char *columns, *notes; /* or a refusal: NULL, and parts of the message */
  const char *below;
  size_t rows; /* 0: ROWS */
  ebb_read_options options;
} found_case;

static inline char *put_row(char *at, const char *row, size_t n) {
  for (; *row; row++) {
    if (*row == 'a')
      at += sprintf(at, "%zu", n);
    else if (*row == 'b')
      at += sprintf(at, "%zu.%zu", n * 7 % 11, 1 + n % 9);
    else if (*row == 'c')
      at += sprintf(at, "%zu", n * n % 3);
    else if (*row == 'd')
      at += sprintf(at, "%zu", 13 * n % 101);
    else if (*row == 'e')
      at += sprintf(at, "%zu", n / 2 % 2);
    else if (*row == 'g')
      at += sprintf(at, "%zu", n / 5 % 2);
    else
      *at++ = *row;
  }
  return at;
}

static inline char *text_of(const found_case *c) {
  const char *below = c->below ? c->below : "";
  size_t rows = c->rows ? c->rows : ROWS;
  char *text = malloc(strlen(c->above) + strlen(below) + rows * 96 + 1);
  assert_non_null(text);
  char *at = text + sprintf(text, "%s", c->above);
  for (size_t n = 0; n < rows; n++) at = put_row(at, c->row, n);
  sprintf(at, "%s", below);
  return text;
}

static inline void expect_found(const found_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    char found[512], *text = text_of(&cases[i]);
    if (cases[i].columns) {
      ebb_table *t = table_of(text, &cases[i].options);
      describe_columns(found, t);
      assert_string_equal(found, cases[i].columns);
      expect_notes(t, cases[i].notes);
      ebb_table_free(t);
    } else {
      expect_refused(text, &cases[i].options, cases[i].notes);
    }
    free(text);
  }
}

#define EXPECT_FOUND(cases) expect_found(cases, sizeof(cases) / sizeof *(cases))

#endif
