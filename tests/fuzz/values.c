/* Texts of one column, a line each: numbers, amounts, dates and times, one by one and as a column.
 */
#include "fuzz.h"

#include <base/text.h>
#include <data/decimal.h>
#include <data/reading.h>
#include <math.h>

/* A number is written so that it reads back as itself. */
static void check_number(double value) {
  char text[EBBI_NUMBER_TEXT];
  double back;
  FUZZ_CHECK(isfinite(value), "%g", value);
  ebbi_number_text(text, value);
  FUZZ_CHECK(ebbi_number_parse(&back, text, '.') && back == value, "%s is %.17g", text, value);
}

/* The day of a date reads back as itself. */
static void check_date(double days) {
  char text[32];
  double back, day = floor(days);
  FUZZ_CHECK(isfinite(days), "%g", days);
  ebb_column_value(text, sizeof text, EBB_COLUMN_DATE, day);
  FUZZ_CHECK(ebbi_date_parse(&back, text, EBBI_DATE_YMD) && back == day, "%s is %.17g", text, day);
}

static void check_text(const char *text) {
  char unit[EBBI_FORMAT];
  double value;
  for (int comma = 0; comma < 2; comma++) {
    char decimal = comma ? ',' : '.';
    bool number = ebbi_number_parse(&value, text, decimal);
    if (number) check_number(value);
    if (ebbi_amount_parse(&value, unit, text, decimal)) {
      check_number(value);
      FUZZ_CHECK(memchr(unit, 0, sizeof unit), "a unit without end");
    }
  }
  for (int order = 0; order < EBBI_DATE_ORDERS; order++)
    if (ebbi_date_parse(&value, text, (ebbi_date_order)order)) check_date(value);
  if (ebbi_clock_parse(&value, text)) FUZZ_CHECK(value >= 0 && value < 1e4, "%g hours", value);
  if (ebbi_parse_double(&value, text)) (void)value;
}

/* Reads a column twice: what was found out about its format serves for it again. */
static void check_column(const ebbi_names *texts,
                         bool (*read)(ebbi_reading *, const ebbi_names *)) {
  double *values = fuzz_need(malloc((texts->count + 1) * sizeof *values));
  double *again = fuzz_need(malloc((texts->count + 1) * sizeof *again));
  ebbi_reading first = {.values = values}, second = {.values = again};
  if (read(&first, texts)) {
    FUZZ_CHECK(memchr(first.format, 0, sizeof first.format), "a format without end");
    memcpy(second.format, first.format, sizeof second.format);
    FUZZ_CHECK(read(&second, texts), "\"%s\" does not serve for it again", first.format);
    for (size_t i = 0; i < texts->count; i++)
      FUZZ_CHECK(values[i] == again[i], "%s: %g, then %g", texts->items[i], values[i], again[i]);
  } else {
    FUZZ_CHECK(first.bad <= texts->count, "text %zu", first.bad);
  }
  free(values);
  free(again);
}

static bool read_amounts(ebbi_reading *reading, const ebbi_names *texts) {
  return ebbi_read_amounts(reading, texts, '.');
}

static bool read_amounts_comma(ebbi_reading *reading, const ebbi_names *texts) {
  return ebbi_read_amounts(reading, texts, ',');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = fuzz_begin(data, size);
  ebbi_names texts = {0};
  while (input.left > 0) {
    size_t length, index;
    char *line = fuzz_take(&length, &input, '\n');
    check_text(line);
    if (*line) FUZZ_CHECK(ebbi_names_add(&texts, &index, line) == EBB_OK, "names");
    free(line);
  }
  if (texts.count > 0) {
    ebbi_nearly nearly;
    check_column(&texts, read_amounts);
    check_column(&texts, read_amounts_comma);
    check_column(&texts, ebbi_read_clocks);
    check_column(&texts, ebbi_read_dates);
    if (ebbi_read_nearly(&nearly, &texts, '.'))
      FUZZ_CHECK(nearly.bad < texts.count && nearly.count < texts.count, "nearly");
  }
  ebbi_names_free(&texts);
  return 0;
}
