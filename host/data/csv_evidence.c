/* Comparing the first row with the rows below, column by column.
 *
 * A header differs from its columns: names above numbers, or a text that never recurs in a column
 * of few, frequent texts. A number in the first row does not rule out a header: years, wavelengths
 * and positions can be column names.
 */
#include "csv_evidence.h"

#include "base/error.h"
#include "base/text.h"
#include "encoder.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
  FEW_NUMBERED = 3, /* texts below a number that make the number a name */
  FEW_TEXTS = 10,   /* texts that make a column categorical, if each occurs OFTEN times on
                     * average */
  OFTEN = 5
};

static void weigh_column(ebbi_csv_evidence *evidence, const ebbi_csv_column *column,
                         ebbi_csv_kind kind) {
  size_t numbers = column->numbers + column->mixed, texts = column->texts;
  bool text_above = kind == EBBI_CSV_TEXT && numbers > 0 && texts == 0;
  bool mixed_above = kind == EBBI_CSV_MIXED && column->numbers > 0 && column->mixed + texts == 0;
  bool number_above = kind == EBBI_CSV_NUMBER && numbers == 0 && texts >= FEW_NUMBERED;
  evidence->names += text_above || mixed_above || number_above;
  evidence->numbers += kind == EBBI_CSV_NUMBER || (kind == EBBI_CSV_MIXED && !mixed_above);
  evidence->missing += kind == EBBI_CSV_MISSING;
  if (kind != EBBI_CSV_TEXT) return;
  evidence->texts++;
  evidence->values += column->repeats > 0;
  evidence->apart += column->repeats == 0 && numbers == 0 && !column->many && texts >= FEW_TEXTS &&
                     OFTEN * column->distinct.count <= texts;
}

/* 0, 1, 2 …, possibly after an empty name for pandas' index. Two columns may well begin with the
 * values 0 and 1, except if one of them is written with a point everywhere else. */
static bool counts_columns(const ebbi_csv_sample *sample) {
  const ebbi_csv_scan *row = &sample->scan;
  size_t from = row->fields[0].length == 0, count = row->count - from;
  bool pointed = false;
  for (size_t i = 0; i < count; i++) {
    char position[24];
    const ebbi_csv_column *column = &sample->columns[i + from];
    snprintf(position, sizeof position, "%zu", i);
    if (!ebbi_span_is(row->fields[i + from], position)) return false;
    pointed |= column->pointed > 0 && column->pointed == column->numbers;
  }
  return sample->rows > 1 && (row->count > 2 || (count == 2 && pointed));
}

/* Years, wavelengths: the numbers of the first row increase by equal steps. This is no coincidence
 * if the columns below have points in all rows, or if they are consecutive years: three of them, or
 * two beside a text that never recurs in a column where others do. */
static bool goes_up(const ebbi_csv_sample *sample) {
  const ebbi_csv_scan *row = &sample->scan;
  double last = 0, step = 0, value;
  size_t count = 0;
  bool pointed = true, years = true, name = false;
  for (size_t c = 0; c < row->count; c++) {
    const ebbi_csv_column *column = &sample->columns[c];
    ebbi_csv_kind kind = ebbi_csv_kind_of(sample, row->fields[c]);
    name |= kind == EBBI_CSV_TEXT && column->repeats == 0 && column->distinct.count < column->texts;
    if (kind != EBBI_CSV_NUMBER) continue;
    if (!ebbi_parse_number(&value, row->fields[c].text, row->fields[c].length, '.')) return false;
    bool whole = value == floor(value) && !memchr(row->fields[c].text, '.', row->fields[c].length);
    if (!whole || (count > 0 && value <= last)) return false;
    if (count > 1 && value - last != step) return false;
    pointed &= column->numbers >= FEW_NUMBERED && column->pointed == column->numbers;
    years &= value >= 1800 && value <= 2200 && column->numbers > 0;
    step = count > 0 ? value - last : 0;
    last = value;
    count++;
  }
  return (count >= 2 && pointed) || (count >= (name ? 2 : 3) && years && step == 1);
}

ebb_status ebbi_csv_evidence_weigh(ebbi_csv_evidence *evidence, const ebbi_csv_sample *sample) {
  const ebbi_csv_scan *row = &sample->scan;
  ebbi_names names = {0};
  ebbi_span repeated;
  *evidence = (ebbi_csv_evidence){.positions = counts_columns(sample) || goes_up(sample)};
  for (size_t c = 0; c < row->count; c++)
    weigh_column(evidence, &sample->columns[c], ebbi_csv_kind_of(sample, row->fields[c]));
  ebb_status status = ebbi_csv_distinct(&names, &repeated, row);
  evidence->repeated = repeated.text != NULL;
  ebbi_names_free(&names);
  return status;
}

ebb_status ebbi_csv_distinct(ebbi_names *names, ebbi_span *repeated, const ebbi_csv_scan *row) {
  *repeated = (ebbi_span){0};
  for (size_t i = 0, index; i < row->count; i++) {
    size_t count = names->count;
    ebbi_span field = row->fields[i];
    if (field.length == 0) continue;
    TRY(ebbi_names_add_part(names, &index, field.text, field.length));
    if (names->count == count && !repeated->text) *repeated = field;
  }
  return EBB_OK;
}

static bool has_listed(const ebbi_names *names, const char *list) {
  ebbi_span entry;
  double number;
  while (list && ebbi_span_next(&entry, &list))
    if (!ebbi_parse_number(&number, entry.text, entry.length, '.') &&
        ebbi_names_find_part(names, entry.text, entry.length) != EBBI_NO_INDEX)
      return true;
  return false;
}

/* True if the row has all names of the encoder, or more than half of the names that are not
 * numbers. */
static bool has_encoded(const ebbi_names *names, const ebb_encoder *encoder) {
  size_t found = 0, texts = 0, texts_found = 0;
  if (!encoder || !encoder->named) return false;
  for (size_t i = 0; i < encoder->names.count; i++) {
    double number;
    bool is_text = !ebbi_parse_double(&number, encoder->names.items[i]);
    bool is_there = ebbi_names_find(names, encoder->names.items[i]) != EBBI_NO_INDEX;
    found += is_there;
    texts += is_text;
    texts_found += is_text && is_there;
  }
  return encoder->names.count > 0 && (found == encoder->names.count || 2 * texts_found > texts);
}

bool ebbi_csv_has_wanted(const ebbi_names *names, const ebb_read_options *options) {
  return has_encoded(names, options->encoder) || has_listed(names, options->target) ||
         has_listed(names, options->id) || has_listed(names, options->drop) ||
         has_listed(names, options->keep) || has_listed(names, options->categorical) ||
         has_listed(names, options->numeric);
}
