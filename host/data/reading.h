/* Texts that mean numbers: amounts, dates, times of day. */
#ifndef EBBI_READING_H
#define EBBI_READING_H

#include "data/names.h"
#include <ebb/data.h>

enum { EBBI_FORMAT = 16 }; /* bytes of a format's text */

/* A number with the given decimal mark, '.' or ',', and nothing else except blanks around it. */
bool ebbi_number_parse(double *value, const char *text, char decimal);

/* A number with common additions: a currency, a percent sign, digits grouped by threes or as in
 * India, a unit after it, parentheses or a trailing sign for negative numbers, $1.5M. `unit`
 * receives the currency or unit, "" if there is none. 5% is 5. */
bool ebbi_amount_parse(double *value, char unit[EBBI_FORMAT], const char *text, char decimal);

/* The order of a date's parts. */
typedef enum ebbi_date_order {
  EBBI_DATE_YMD,
  EBBI_DATE_DMY,
  EBBI_DATE_MDY,
  EBBI_DATE_ORDERS
} ebbi_date_order;

const char *ebbi_date_order_name(ebbi_date_order order); /* "y-m-d", "d-m-y", "m-d-y" */

/* Days since 1970-01-01 in the Gregorian calendar, with the time of day as a fraction, in UTC if
 * the text has an offset. Accepts 2021-03-04, 4.3.2021, 3/4/21, 4 March 2021, 2021-03 (its first
 * day), each followed by an optional ISO time or a time with AM or PM; 20210304T134510; and a
 * weekday before the date. Refuses days that do not exist. */
bool ebbi_date_parse(double *days, const char *text, ebbi_date_order order);

/* Hours: 13:45, 13:45:10.5, 13.45.10, 1:45 PM. */
bool ebbi_clock_parse(double *hours, const char *text);

/* Reads all texts of a column as numbers. Set `values` [texts->count], and `format` to that of an
 * earlier column, or to "" to find it. The functions fail at texts[bad], the first text that does
 * not fit those before it. */
typedef struct ebbi_reading {
  double *values;
  char format[EBBI_FORMAT]; /* amounts: the unit, "" none; "k, M, B"; times: "h:m", "m:s"; dates:
                             * "y-m-d", … */
  bool ambiguous;           /* dates: both day first and month first are possible */
  size_t bad;
} ebbi_reading;

bool ebbi_read_amounts(ebbi_reading *reading, const ebbi_names *texts, char decimal);
bool ebbi_read_clocks(ebbi_reading *reading, const ebbi_names *texts);
bool ebbi_read_dates(ebbi_reading *reading, const ebbi_names *texts);

/* Columns of which four fifths, though not all, are numbers, amounts of one unit or dates in one
 * order. */
typedef struct ebbi_nearly {
  size_t count;
  char what[40]; /* "numbers", "numbers in km", "dates, d-m-y" */
  size_t bad;    /* the first text that does not fit */
} ebbi_nearly;

bool ebbi_read_nearly(ebbi_nearly *nearly, const ebbi_names *texts, char decimal);

#endif
