/* Evidence for and against a header. */
#ifndef EBBI_CSV_EVIDENCE_H
#define EBBI_CSV_EVIDENCE_H

#include "data/csv_sample.h"

/* Counts of columns, comparing the first row with those below. */
typedef struct ebbi_csv_evidence {
  size_t texts, numbers, missing; /* contents of the first row; empty fields are missing */
  size_t names;                   /* a text above numbers, or a number above texts */
  size_t values;                  /* a text that recurs below */
  size_t apart;                   /* a text above a few frequent texts, equal to none of them */
  bool positions; /* the first row numbers the columns from 0, as pandas does by default, or
                   * increases in steps like years */
  bool repeated;  /* two fields of the first row are equal */
} ebbi_csv_evidence;

ebb_status ebbi_csv_evidence_weigh(ebbi_csv_evidence *evidence, const ebbi_csv_sample *sample);

/* Distinct texts of the fields that are not empty. *repeated receives the first duplicate, or a
 * span without text. */
ebb_status ebbi_csv_distinct(ebbi_names *names, ebbi_span *repeated, const ebbi_csv_scan *row);

/* Returns true if these names include a column name given in the options, or most names of the
 * options' encoder. Numbers do not count: they may be positions. */
bool ebbi_csv_has_wanted(const ebbi_names *names, const ebb_read_options *options);

#endif
