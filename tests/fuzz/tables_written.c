/* Written tables read back: stands for ebbi_sheet_write, which would write to a file. The bytes are
 * made by the format's own writer, read by content as any file is, and compared cell by cell.
 */
#include "fuzz.h"

#include <data/array.h>
#include <data/formats.h>
#include <data/raw.h>
#include <data/span.h>
#include <data/write.h>
#include <math.h>
#include <stdio.h>

ebb_status __wrap_ebbi_sheet_write(const char *path, const ebbi_sheet *sheet, ebbi_notes *notes);

/* What a table is read back with: nothing is left to be guessed. */
static const ebb_read_options as_written = {.size = sizeof(ebb_read_options),
                                            .header = EBB_HEADER_YES,
                                            .delimiter = ',',
                                            .na = "",
                                            .no_target = true};
static const ebb_read_options by_itself = {.size = sizeof(ebb_read_options), .na = ""};

static ebb_status choose(ebbi_form *forms, const ebbi_raw *raw, void *user) {
  const ebbi_sheet *sheet = user;
  for (size_t c = 0; c < raw->cols && c < sheet->cols; c++)
    forms[c] = ebbi_sheet_is_text(sheet, c) ? EBBI_FORM_TEXT : EBBI_FORM_AUTO;
  return EBB_OK;
}

static void same_number(double found, double expected, size_t row, size_t col) {
  FUZZ_CHECK(found == expected || (isnan(found) && isnan(expected)),
             "row %zu, column %zu: %.17g was written, %.17g read", row, col, expected, found);
}

/* The reader trims blanks around a text, also inside quotes. It may remove nothing else. */
static bool same_trimmed(const char *read, const char *written) {
  ebbi_span span = {.text = written ? written : ""};
  span.length = strlen(span.text);
  return ebbi_span_is(ebbi_span_trim(span), read ? read : "");
}

static void same_text(const ebbi_raw_column *column, size_t at, const char *expected, size_t row,
                      size_t col) {
  FUZZ_CHECK(column->codes || !expected, "row %zu, column %zu: no texts", row, col);
  int32_t code = column->codes ? ebbi_cells_code(column->codes, at) : -1;
  const char *found = code < 0 ? NULL : column->texts.items[code];
  FUZZ_CHECK(same_trimmed(found, expected), "row %zu, column %zu: \"%s\" was written, \"%s\" read",
             row, col, expected ? expected : "(missing)", found ? found : "(missing)");
}

/* Column `from` of what was read is column `col` of the sheet. */
static void same_column(const ebbi_raw *raw, size_t from, const ebbi_sheet *sheet, size_t col) {
  const ebbi_raw_column *column = raw->columns ? &raw->columns[from] : NULL;
  bool unread = column && !column->numbers && !column->codes; /* nothing in it */
  for (size_t row = 0; row < sheet->rows; row++)
    if (ebbi_sheet_is_text(sheet, col))
      same_text(fuzz_need((void *)column), row, sheet->text(sheet->user, row, col), row, col);
    else
      same_number(unread ? NAN : ebbi_raw_number(raw, row, from),
                  sheet->number(sheet->user, row, col), row, col);
}

static void same_csv(const ebbi_raw *raw, const ebbi_sheet *sheet) {
  FUZZ_CHECK(raw->cols == sheet->cols, "%zu columns of %zu", raw->cols, sheet->cols);
  for (size_t c = 0; c < sheet->cols; c++) {
    bool unnamed = raw->unnamed && raw->unnamed[c];
    FUZZ_CHECK(unnamed || same_trimmed(raw->names.items[c], sheet->names[c]),
               "\"%s\" was written, \"%s\" read", sheet->names[c], raw->names.items[c]);
    same_column(raw, c, sheet, c);
  }
}

static void same_npz(const ebbi_raw *raw, const ebbi_sheet *sheet) {
  size_t inputs = sheet->cols - sheet->targets;
  FUZZ_CHECK(raw->cols == inputs, "%zu inputs of %zu", raw->cols, inputs);
  FUZZ_CHECK(!raw->labels == (sheet->targets == 0), "labels");
  for (size_t c = 0; c < inputs; c++) same_column(raw, c, sheet, c);
  for (size_t c = 0; c < sheet->targets; c++)
    if (!ebbi_sheet_is_text(sheet, inputs + c)) same_column(raw->labels, c, sheet, inputs + c);
}

static void same_libsvm(const ebbi_raw *raw, const ebbi_sheet *sheet) {
  FUZZ_CHECK(raw->cols == sheet->cols, "%zu columns of %zu", raw->cols, sheet->cols);
  for (size_t c = 0; c < sheet->cols; c++)
    if (!ebbi_sheet_is_text(sheet, c)) same_column(raw, c, sheet, c);
}

static const struct {
  const char *path;
  ebb_status (*write)(FILE *stream, const ebbi_sheet *sheet, ebbi_notes *notes);
  const ebb_read_options *options;
  void (*check)(const ebbi_raw *raw, const ebbi_sheet *sheet);
} formats[] = {{"t.csv", ebbi_csv_write, &as_written, same_csv},
               {"t.npz", ebbi_npz_write, &by_itself, same_npz},
               {"t.svm", ebbi_libsvm_write, &by_itself, same_libsvm}};

/* What the reader decides by texts that happen to be so: some lines are none of the table's, as one
 * that repeats the header, or one of texts below it; a first name may begin as another format does;
 * a class of 1e80 is a text in one format and too large a number in another. It says so. */
static bool is_read_otherwise(const ebbi_raw *raw, bool good, const char *first_name) {
  static const char *const failures[] = {"a header, but no rows below it", "which is not read",
                                         "in the range of float32"};
  for (size_t i = 0; i < raw->notes.count; i++)
    if (strstr(raw->notes.items[i].text, "left out")) return true;
  for (size_t i = 0; i < COUNT_OF(failures) && !good; i++)
    if (strstr(ebb_error_message(), failures[i])) return true;
  size_t length = strlen(first_name);
  return ebbi_is_zip(first_name, length) || ebbi_is_npy(first_name, length);
}

static void read_back(char *bytes, size_t size, const ebbi_sheet *sheet, size_t format) {
  ebbi_wishes wishes = {
      .options = formats[format].options, .choose = choose, .user = (void *)sheet};
  ebbi_raw raw = {0};
  char *shown = fuzz_need(malloc(size + 1));
  memcpy(shown, bytes, size + 1);
  bool good = ebbi_raw_parse(&raw, "t", bytes, size, &wishes) == EBB_OK;
  if (!is_read_otherwise(&raw, good, sheet->names[0])) {
    FUZZ_CHECK(good, "%s", shown);
    FUZZ_CHECK(raw.rows == sheet->rows, "%zu rows of %zu: %s", raw.rows, sheet->rows, shown);
    formats[format].check(&raw, sheet);
  }
  ebbi_raw_free(&raw);
  free(shown);
}

ebb_status __wrap_ebbi_sheet_write(const char *path, const ebbi_sheet *sheet, ebbi_notes *notes) {
  char *bytes = NULL;
  size_t size, format = 0;
  while (strcmp(path, formats[format].path) != 0) format++;
  FILE *stream = fuzz_need(open_memstream(&bytes, &size));
  ebb_status status = formats[format].write(stream, sheet, notes);
  fclose(stream);
  if (status == EBB_OK && sheet->cols > sheet->targets)
    read_back(bytes, size, sheet, format);
  else
    free(bytes);
  return status;
}
