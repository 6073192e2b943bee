/* CSV by RFC 4180, with a header and plain line feeds. A missing value is an empty field.
 */
#include "write.h"

#include "base/error.h"
#include "data/decimal.h"
#include <ctype.h>
#include <math.h>
#include <string.h>

/* Texts that a reader would split or trim, or mistake for a missing value, a comment, an ARFF
 * keyword or a byte order mark (which begins with 0xef). */
static bool needs_quotes(const char *text) {
  size_t length = strlen(text);
  return length == 0 || strpbrk(text, ",;|\t\"\r\n") || strchr("#@\xef", *text) ||
         isspace((unsigned char)text[0]) || isspace((unsigned char)text[length - 1]);
}

static void put_text(FILE *stream, const char *text) {
  if (!needs_quotes(text)) {
    ebbi_put(stream, text);
    return;
  }
  ebbi_put(stream, "\"");
  for (size_t length; *text != '\0'; text += length) {
    length = strcspn(text, "\"") + 1; /* including a quote, which is doubled */
    if (text[length - 1] == '\0') length--;
    fwrite(text, 1, length, stream);
    if (text[length - 1] == '"') ebbi_put(stream, "\"");
  }
  ebbi_put(stream, "\"");
}

/* In a table of one column a missing value is quoted, because a blank line is not a row. */
static void put_cell(FILE *stream, const ebbi_sheet *sheet, size_t row, size_t col) {
  char out[EBBI_NUMBER_TEXT];
  const char *missing = sheet->cols == 1 ? "\"\"" : "";
  if (ebbi_sheet_is_text(sheet, col)) {
    const char *text = sheet->text(sheet->user, row, col);
    if (text)
      put_text(stream, text);
    else
      ebbi_put(stream, missing);
    return;
  }
  double value = sheet->number(sheet->user, row, col);
  ebbi_put(stream, isnan(value) ? missing : ebbi_number_text(out, value));
}

ebb_status ebbi_csv_write(FILE *stream, const ebbi_sheet *sheet, ebbi_notes *notes) {
  (void)notes;
  for (size_t col = 0; col < sheet->cols && sheet->names; col++) {
    put_text(stream, sheet->names[col]);
    ebbi_put(stream, col + 1 < sheet->cols ? "," : "\n");
  }
  for (size_t row = 0; row < sheet->rows; row++)
    for (size_t col = 0; col < sheet->cols; col++) {
      put_cell(stream, sheet, row, col);
      ebbi_put(stream, col + 1 < sheet->cols ? "," : "\n");
    }
  return EBB_OK; /* a failed write is reported at commit */
}
