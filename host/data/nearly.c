/* Columns of texts that are nearly numbers: which reading comes closest, and what prevents it. This
 * only improves messages, which would otherwise call such a column free text.
 */
#include "data/reading.h"

#include <stdio.h>
#include <string.h>

enum { FIRST = 200 };

static bool read_amount(char unit[EBBI_FORMAT], const char *text, char decimal) {
  double value;
  unit[0] = '\0';
  return ebbi_number_parse(&value, text, decimal) || ebbi_amount_parse(&value, unit, text, decimal);
}

/* The unit of more than half of the amounts that have one, if any. */
static void find_unit(char wanted[EBBI_FORMAT], const ebbi_names *texts, char decimal) {
  size_t votes = 0; /* Boyer and Moore's majority vote */
  for (size_t i = 0; i < texts->count; i++) {
    char unit[EBBI_FORMAT];
    if (!read_amount(unit, texts->items[i], decimal) || unit[0] == '\0') continue;
    if (votes == 0) memcpy(wanted, unit, EBBI_FORMAT);
    votes = strcmp(unit, wanted) == 0 ? votes + 1 : votes - 1;
  }
}

static void count_amounts(ebbi_nearly *nearly, const ebbi_names *texts, char decimal) {
  char wanted[EBBI_FORMAT] = "", unit[EBBI_FORMAT];
  *nearly = (ebbi_nearly){.bad = texts->count};
  find_unit(wanted, texts, decimal);
  for (size_t i = 0; i < texts->count; i++) {
    bool good = read_amount(unit, texts->items[i], decimal) &&
                (unit[0] == '\0' || strcmp(unit, wanted) == 0);
    nearly->count += good;
    if (!good && nearly->bad == texts->count) nearly->bad = i;
  }
  snprintf(nearly->what, sizeof nearly->what, "numbers%s%s", wanted[0] ? " in " : "", wanted);
}

static void count_dates(ebbi_nearly *nearly, const ebbi_names *texts, ebbi_date_order order) {
  double value;
  *nearly = (ebbi_nearly){.bad = texts->count};
  for (size_t i = 0; i < texts->count; i++) {
    bool good = ebbi_date_parse(&value, texts->items[i], order);
    nearly->count += good;
    if (!good && nearly->bad == texts->count) nearly->bad = i;
  }
  snprintf(nearly->what, sizeof nearly->what, "dates, %s", ebbi_date_order_name(order));
}

static void count_best(ebbi_nearly *nearly, const ebbi_names *texts, char decimal) {
  ebbi_nearly other;
  count_amounts(nearly, texts, decimal);
  for (int order = EBBI_DATE_YMD; order < EBBI_DATE_ORDERS; order++) {
    count_dates(&other, texts, (ebbi_date_order)order);
    if (other.count > nearly->count) *nearly = other;
  }
}

static bool is_near(const ebbi_nearly *nearly, size_t count) {
  return 5 * nearly->count >= 4 * count;
}

/* For nearly all columns, the first texts show that they are not nearly numbers. */
bool ebbi_read_nearly(ebbi_nearly *nearly, const ebbi_names *texts, char decimal) {
  ebbi_names first = {.items = texts->items, .count = texts->count < FIRST ? texts->count : FIRST};
  count_best(nearly, &first, decimal);
  if (!is_near(nearly, first.count)) return false;
  count_best(nearly, texts, decimal);
  return is_near(nearly, texts->count) && nearly->bad < texts->count;
}
