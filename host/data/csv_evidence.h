/* What speaks for a header, and what against one. */
#ifndef EBBI_CSV_EVIDENCE_H
#define EBBI_CSV_EVIDENCE_H

#include "data/csv_sample.h"

/* Numbers of columns, of the first row against those below. */
typedef struct ebbi_csv_evidence {
  size_t texts, numbers, missing; /* what stands in the first row; empty fields are none */
  size_t names;                   /* a text above numbers, or a number above texts */
  size_t values;                  /* a text that comes again below */
  size_t apart;   /* a text above few others, each of them often, and none the same */
  bool positions; /* the first row counts the columns from 0, as pandas names them by default, or
                   * goes up by steps, as years do */
  bool repeated;  /* two fields of the first row are the same */
} ebbi_csv_evidence;

ebb_status ebbi_csv_evidence_weigh(ebbi_csv_evidence *evidence, const ebbi_csv_sample *sample);

/* Distinct texts of the fields that are not empty; *repeated gets the first that stands twice, or
 * one without text. */
ebb_status ebbi_csv_distinct(ebbi_names *names, ebbi_span *repeated, const ebbi_csv_scan *row);

/* One of the names that the options give for columns, or most of those of their encoder, are among
 * these. Numbers are none: they may be positions. */
bool ebbi_csv_has_wanted(const ebbi_names *names, const ebb_read_options *options);

#endif
