/* Dates: a number of days says little about seasons, weekends and nights, so a network receives a
 * date's parts as well. Parts that are constant over the training rows are left out: the hour of
 * dates without times, the year of a single season. The days always stay, so that every column has
 * an input.
 */
#include "data/encoder.h"
#include "data/moments.h"
#include <math.h>
#include <time.h>

/* The range in days that gmtime_r supports on every system: 270,000 years. */
#define FARTHEST_DAY 1e8

void ebbi_date_parts(double parts[EBBI_DATE_PARTS], double days) {
  struct tm tm = {0};
  days = fmin(fmax(days, -FARTHEST_DAY), FARTHEST_DAY);
  double whole = floor(days);
  time_t seconds = (time_t)whole * 86400;
  gmtime_r(&seconds, &tm);
  parts[0] = tm.tm_year + 1900;
  parts[1] = tm.tm_mon + 1;
  parts[2] = (tm.tm_wday + 6) % 7;
  parts[EBBI_DATE_DAYS] = whole;
  parts[4] = round((days - whole) * 86400e3) / 3600e3; /* noon is exactly noon on any day */
}

static void see_all(ebbi_moments moments[EBBI_DATE_PARTS], const ebbi_rows *rows, size_t input,
                    void (*see)(ebbi_moments *m, const double *values, size_t count)) {
  double block[EBBI_BLOCK];
  for (size_t first = 0; first < rows->count; first += EBBI_BLOCK) {
    ebbi_rows_numbers(block, rows, first, input);
    for (size_t i = 0; i < ebbi_rows_block(rows, first); i++) {
      double parts[EBBI_DATE_PARTS];
      if (isnan(block[i])) continue;
      ebbi_date_parts(parts, block[i]);
      for (size_t p = 0; p < EBBI_DATE_PARTS; p++) see(&moments[p], &parts[p], 1);
    }
  }
}

void ebbi_fit_date(ebbi_feature *feature, const ebbi_rows *rows, size_t input, bool no_scale) {
  ebbi_moments moments[EBBI_DATE_PARTS];
  for (size_t p = 0; p < EBBI_DATE_PARTS; p++) ebbi_moments_begin(&moments[p]);
  see_all(moments, rows, input, ebbi_moments_see);
  for (size_t p = 0; p < EBBI_DATE_PARTS; p++) ebbi_moments_turn(&moments[p]);
  see_all(moments, rows, input, ebbi_moments_see_again);
  for (size_t p = 0; p < EBBI_DATE_PARTS; p++) {
    bool constant = moments[p].low == moments[p].high;
    ebbi_moments_end(&moments[p]);
    feature->mean[p] = no_scale ? 0 : moments[p].mean;
    feature->deviation[p] = no_scale ? 1 : moments[p].deviation;
    if (constant && p != EBBI_DATE_DAYS) feature->deviation[p] = 0;
  }
}
