/* libsvm's text format. Zeros are left out, except one of the last feature if it has no other
 * value: the file must show how many features there are. */
#include "write.h"

#include "base/error.h"
#include "data/decimal.h"
#include "data/names.h"
#include <math.h>
#include <string.h>

/* A text's label is its number in order of appearance. */
static ebb_status put_label(FILE *stream, const ebbi_sheet *sheet, size_t row,
                            ebbi_names *classes) {
  char out[EBBI_NUMBER_TEXT];
  size_t col = sheet->cols - 1, index = 0;
  double value = NAN;
  if (ebbi_sheet_is_text(sheet, col)) {
    const char *text = sheet->text(sheet->user, row, col);
    if (text) {
      TRY(ebbi_names_add(classes, &index, text));
      value = (double)index;
    }
  } else {
    value = sheet->number(sheet->user, row, col);
  }
  REQUIRE(!isnan(value), EBB_ERR_INPUT,
          "row %zu (from 0) has no target, which libsvm's format cannot leave out; remove the row",
          row);
  ebbi_put(stream, ebbi_number_text(out, value));
  return EBB_OK;
}

static bool is_zero_column(const ebbi_sheet *sheet, size_t col) {
  for (size_t row = 0; row < sheet->rows; row++)
    if (sheet->number(sheet->user, row, col) != 0) return false;
  return true;
}

static void put_features(FILE *stream, const ebbi_sheet *sheet, size_t row, bool last_too) {
  char out[EBBI_NUMBER_TEXT], index[32];
  for (size_t col = 0; col + 1 < sheet->cols; col++) {
    double value = sheet->number(sheet->user, row, col);
    bool kept = value != 0 || (last_too && col + 2 == sheet->cols);
    if (!kept) continue;
    snprintf(index, sizeof index, " %zu:", col + 1);
    ebbi_put(stream, index);
    ebbi_put(stream, isnan(value) ? "nan" : ebbi_number_text(out, value));
  }
  ebbi_put(stream, "\n");
}

static ebb_status tell_classes(const ebbi_names *classes, ebbi_notes *notes) {
  char line[400] = "", shown[EBBI_SHOWN];
  for (size_t i = 0; i < classes->count; i++) {
    size_t used = strlen(line);
    snprintf(line + used, sizeof line - used, "%s%zu %s", i ? ", " : "", i,
             ebbi_shown(shown, classes->items[i]));
  }
  return classes->count ? ebbi_notes_add(notes, true, "labels are numbers of classes: %s", line)
                        : EBB_OK;
}

ebb_status ebbi_libsvm_write(FILE *stream, const ebbi_sheet *sheet, ebbi_notes *notes) {
  REQUIRE(sheet->targets == 1 && sheet->cols > 1, EBB_ERR_INPUT,
          "libsvm's format holds inputs and one target, the table %zu columns of which %zu are "
          "targets",
          sheet->cols, sheet->targets);
  TRY(ebbi_sheet_need_numbers(sheet, "libsvm's format"));
  bool empty_end = is_zero_column(sheet, sheet->cols - 2);
  ebbi_names classes = {0};
  ebb_status status = EBB_OK;
  for (size_t row = 0; row < sheet->rows && status == EBB_OK; row++) {
    status = put_label(stream, sheet, row, &classes);
    put_features(stream, sheet, row, row == 0 && empty_end);
  }
  if (status == EBB_OK) status = tell_classes(&classes, notes);
  ebbi_names_free(&classes);
  return status;
}
