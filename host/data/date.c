/* Dates and times of day.
 *
 * The order of day and month is decided for a whole column: 13/02 shows that 01/02 is a day of
 * February as well. strptime was rejected: it follows the locale, has no offsets and accepts 31
 * February.
 */
#include "data/reading.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const order_names[] = {"y-m-d", "d-m-y", "m-d-y"};

const char *ebbi_date_order_name(ebbi_date_order order) {
  return order_names[order];
}

/* Part of a date: digits, or the name of a month. */
typedef struct part {
  int value;
  size_t digits; /* 0: a name */
} part;

static bool take_digits(part *out, const char **at) {
  out->digits = strspn(*at, "0123456789");
  if (out->digits == 0 || out->digits > 4) return false;
  out->value = atoi(*at);
  *at += out->digits;
  return true;
}

/* The month's full name or its first three letters. */
static bool take_month(part *out, const char **at) {
  static const char *const months[] = {"january",   "february", "march",    "april",
                                       "may",       "june",     "july",     "august",
                                       "september", "october",  "november", "december"};
  size_t length = 0;
  while (isalpha((unsigned char)(*at)[length])) length++;
  for (int i = 0; i < 12; i++) {
    bool whole = length == strlen(months[i]) || length == 3;
    if (!whole || strncasecmp(*at, months[i], length) != 0) continue;
    *out = (part){.value = i + 1};
    *at += length;
    return true;
  }
  return false;
}

/* The parts of a date and the mark between them. Returns false if this cannot be a date. */
static bool take_parts(part parts[3], size_t *count, char *mark, const char **at) {
  *mark = '\0';
  for (*count = 0; *count < 3; ++*count) {
    const char *next = *at;
    if (*count > 0) {
      if (*next == '\0' || !strchr("-/., ", *next)) break;
      if (*mark != '\0' && *mark != *next && strchr("-/", *mark)) return false;
      if (*count == 1) *mark = *next;
      next += strspn(next, *mark == '-' || *mark == '/' ? "-/" : "., ");
      if (*mark == '-' && next != *at + 1) return false;
    }
    if (!take_digits(&parts[*count], &next) && !take_month(&parts[*count], &next)) break;
    *at = next;
  }
  return *count >= 2;
}

static int days_of_month(int year, int month) {
  static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01. Years begin in March here, so that a leap day is the last day of its
 * year. */
static double days_since_1970(int year, int month, int day) {
  long y = year - (month <= 2), m = (month + 9) % 12; /* counted from March */
  long leap_days = y / 4 - y / 100 + y / 400;
  return (double)(365 * y + leap_days + (153 * m + 2) / 5 + day - 1 - 719468);
}

/* A two-digit year lies between 1969 and 2068, as in POSIX. */
static bool full_year(int *out, part year, bool two_digits) {
  if (year.digits == 4) {
    *out = year.value;
    return year.value >= 1000;
  }
  *out = year.value + (year.value < 69 ? 2000 : 1900);
  return year.digits == 2 && two_digits;
}

/* 20210304. Most eight-digit numbers of other centuries are not dates. */
static bool take_compact(double *days, const char **at) {
  int number = atoi(*at), year = number / 10000, month = number / 100 % 100, day = number % 100;
  if (year < 1900 || year > 2199 || month < 1 || month > 12 || day < 1 ||
      day > days_of_month(year, month))
    return false;
  *days = days_since_1970(year, month, day);
  *at += 8;
  return true;
}

static bool take_date(double *days, const char **at, ebbi_date_order order) {
  static const size_t places[EBBI_DATE_ORDERS][3] = {{0, 1, 2}, {2, 1, 0}, {2, 0, 1}};
  part parts[3], day = {.value = 1, .digits = 1}, month, year;
  size_t count;
  char mark;
  int y;
  if (order == EBBI_DATE_YMD && strspn(*at, "0123456789") == 8) return take_compact(days, at);
  if (!take_parts(parts, &count, &mark, at)) return false;
  if (count == 3) {
    year = parts[places[order][0]];
    month = parts[places[order][1]];
    day = parts[places[order][2]];
  } else { /* year and month only */
    if (order == EBBI_DATE_MDY || !strchr("-/ ", mark)) return false;
    year = parts[order == EBBI_DATE_YMD ? 0 : 1];
    month = parts[order == EBBI_DATE_YMD ? 1 : 0];
  }
  bool named = month.digits == 0;
  if (!named && (mark == ' ' || mark == ',')) return false;
  bool two_digits = count == 3 && order != EBBI_DATE_YMD && (named || mark != '-');
  if (!full_year(&y, year, two_digits) || month.digits > 2 || month.value < 1 || month.value > 12)
    return false;
  if (day.digits == 0 || day.digits > 2 || day.value < 1 ||
      day.value > days_of_month(y, month.value))
    return false;
  *days = days_since_1970(y, month.value, day.value);
  return true;
}

/* Reads AM or PM if present. Returns false if the hour does not allow it, such as 13. */
static bool take_half(double *hours, const char **at) {
  const char *next = *at + strspn(*at, " ");
  if (strncasecmp(next, "am", 2) != 0 && strncasecmp(next, "pm", 2) != 0) return true;
  if (*hours >= 13 || *hours < 1) return false;
  if (*hours >= 12) *hours -= 12;
  if (tolower((unsigned char)*next) == 'p') *hours += 12;
  *at = next + 2;
  return true;
}

static bool take_clock(double *hours, const char **at) {
  part hour, minute, second = {0};
  if (!take_digits(&hour, at) || (**at != ':' && **at != '.')) return false;
  char mark = *(*at)++;
  if (!take_digits(&minute, at) || minute.digits != 2 || minute.value > 59) return false;
  if (**at != mark) {
    *hours = hour.value + minute.value / 60.;
    return mark == ':' && hour.digits <= 3 && take_half(hours, at);
  }
  ++*at;
  if (!take_digits(&second, at) || second.digits != 2 || second.value > 60) return false;
  double fraction = 0;
  if ((**at == '.' || **at == ',') && isdigit((unsigned char)(*at)[1])) {
    size_t digits = strspn(*at + 1, "0123456789");
    if (digits > 15) return false;
    fraction = (double)strtoull(*at + 1, NULL, 10) / pow(10, (double)digits);
    *at += 1 + digits;
  }
  *hours = hour.value + minute.value / 60. + (second.value + fraction) / 3600;
  return hour.digits <= 3 && take_half(hours, at);
}

/* 134510. */
static bool take_compact_clock(double *hours, const char **at) {
  int number = atoi(*at), hour = number / 10000, minute = number / 100 % 100, second = number % 100;
  if (strspn(*at, "0123456789") != 6 || hour > 24 || minute > 59 || second > 60) return false;
  *hours = hour + minute / 60. + second / 3600.;
  *at += 6;
  return true;
}

/* Skips Wed or Wednesday before a complete date. */
static void skip_weekday(const char **at) {
  static const char *const names[] = {"monday", "tuesday",  "wednesday", "thursday",
                                      "friday", "saturday", "sunday"};
  size_t length = 0;
  while (isalpha((unsigned char)(*at)[length])) length++;
  for (size_t i = 0; i < 7; i++)
    if ((length == 3 || length == strlen(names[i])) && strncasecmp(*at, names[i], length) == 0) {
      *at += length;
      *at += strspn(*at, ", ");
      return;
    }
}

/* Time zone names that are unambiguous within one country's forms and logs; other zones are given
 * by their offset. */
static bool take_zone(double *hours, const char **at) {
  static const struct {
    const char *name;
    int hours;
  } zones[] = {{"EST", -5}, {"EDT", -4}, {"CST", -6}, {"CDT", -5}, {"MST", -7}, {"MDT", -6},
               {"PST", -8}, {"PDT", -7}, {"CET", 1},  {"BST", 1},  {"WET", 0},  {"EET", 2}};
  bool summer = strncmp(*at, "CEST", 4) == 0 || strncmp(*at, "EEST", 4) == 0;
  for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
    if (strncmp(*at, zones[i].name, 3) == 0) {
      *hours = zones[i].hours;
      *at += 3;
      return true;
    }
  if (!summer) return false;
  *hours = **at == 'C' ? 2 : 3;
  *at += 4;
  return true;
}

/* The text's offset from UTC in hours, positive ahead of UTC. */
static bool take_offset(double *hours, const char **at) {
  const char *next = *at + strspn(*at, " ");
  *hours = 0;
  if (*next == 'Z' || *next == 'z') {
    *at = next + 1;
  } else if (strncmp(next, "UTC", 3) == 0 || strncmp(next, "GMT", 3) == 0) {
    *at = next + 3;
  } else if (take_zone(hours, &next)) {
    *at = next;
  } else if (*next == '+' || *next == '-') {
    size_t digits = strspn(next + 1, "0123456789");
    if (digits != 2 && digits != 4) return false;
    int value = atoi(next + 1), minutes = digits == 4 ? value % 100 : 0;
    *at = next + 1 + digits;
    if (digits == 2 && **at == ':' && strspn(*at + 1, "0123456789") == 2) {
      minutes = atoi(*at + 1);
      *at += 3;
    }
    *hours = (digits == 4 ? value / 100 : value) + minutes / 60.;
    if (*next == '-') *hours = -*hours;
  }
  return *hours > -24 && *hours < 24;
}

static bool ends(const char *at) {
  return at[strspn(at, " \t")] == '\0';
}

/* The closing bracket of a server log's date: [01/Mar/2021:06:00:00 +0100]. */
static bool ends_bracket(const char *at, bool open) {
  return open ? *at == ']' && ends(at + 1) : ends(at);
}

bool ebbi_date_parse(double *days, const char *text, ebbi_date_order order) {
  double hours = 0, offset = 0;
  text += strspn(text, " \t");
  bool open = *text == '[';
  text += open;
  skip_weekday(&text);
  if (!take_date(days, &text, order)) return false;
  if (ends_bracket(text, open)) return true;
  if (*text != 'T' && *text != 't' && *text != ' ' && *text != ':') return false;
  text += 1 + strspn(text + 1, " ");
  if (!take_compact_clock(&hours, &text) && !take_clock(&hours, &text)) return false;
  if (hours > 24 || !take_offset(&offset, &text)) return false;
  *days += (hours - offset) / 24;
  return ends_bracket(text, open);
}

bool ebbi_clock_parse(double *hours, const char *text) {
  text += strspn(text, " \t");
  return take_clock(hours, &text) && ends(text);
}

/* Minutes: 1:23.456, or with hours like any time. */
static bool lap_parse(double *minutes, const char *text) {
  part minute, second;
  double hours;
  const char *at = text + strspn(text, " \t");
  if (!take_digits(&minute, &at) || *at++ != ':') return false;
  if (!take_digits(&second, &at) || second.digits != 2 || second.value > 59) return false;
  if (*at == ':') {
    if (!ebbi_clock_parse(&hours, text)) return false;
    *minutes = 60 * hours;
    return true;
  }
  size_t digits = *at == '.' ? strspn(at + 1, "0123456789") : 0;
  if (digits == 0 || digits > 9 || !ends(at + 1 + digits)) return false;
  *minutes = minute.value +
             (second.value + (double)strtoull(at + 1, NULL, 10) / pow(10, (double)digits)) / 60;
  return true;
}

static bool read_all(ebbi_reading *reading, const ebbi_names *texts,
                     bool (*parse)(double *value, const char *text)) {
  for (reading->bad = 0; reading->bad < texts->count; reading->bad++)
    if (!parse(&reading->values[reading->bad], texts->items[reading->bad])) return false;
  return true;
}

bool ebbi_read_clocks(ebbi_reading *reading, const ebbi_names *texts) {
  bool laps = strcmp(reading->format, "m:s") == 0, open = reading->format[0] == '\0';
  snprintf(reading->format, sizeof reading->format, "%s", laps ? "m:s" : "h:m");
  if (read_all(reading, texts, laps ? lap_parse : ebbi_clock_parse)) return true;
  if (!open || !read_all(reading, texts, lap_parse)) return false;
  snprintf(reading->format, sizeof reading->format, "m:s");
  return true;
}

/* The number of texts, counted from the first, that are dates in this order. */
static size_t count_dates(double *values, const ebbi_names *texts, ebbi_date_order order) {
  size_t count = 0;
  while (count < texts->count && ebbi_date_parse(&values[count], texts->items[count], order))
    count++;
  return count;
}

/* If both orders fit, day comes first with points and month comes first with slashes. */
bool ebbi_read_dates(ebbi_reading *reading, const ebbi_names *texts) {
  size_t counts[EBBI_DATE_ORDERS], best = EBBI_DATE_YMD;
  bool fixed = false;
  for (size_t k = 0; k < EBBI_DATE_ORDERS; k++)
    if (strcmp(reading->format, order_names[k]) == 0) {
      best = k;
      fixed = true;
    }
  for (size_t k = 0; k < EBBI_DATE_ORDERS && !fixed; k++) {
    counts[k] = count_dates(reading->values, texts, (ebbi_date_order)k);
    if (counts[k] > counts[best]) best = k;
  }
  if (!fixed && best == EBBI_DATE_DMY && counts[EBBI_DATE_MDY] == texts->count && texts->count) {
    bool points = strchr(texts->items[0], '.') != NULL;
    reading->ambiguous = !points;
    if (!points) best = EBBI_DATE_MDY;
  }
  reading->bad = count_dates(reading->values, texts, (ebbi_date_order)best);
  snprintf(reading->format, sizeof reading->format, "%s", order_names[best]);
  return reading->bad == texts->count && texts->count > 0;
}
