/* Categories: choosing which texts of a column get an input of their own.
 *
 * A category with two rows teaches nothing and costs one weight for each unit of the first layer,
 * so the network would learn a column of many texts by heart. A minimum number of rows alone would
 * drop categories from small tables, so the most frequent ones are always listed. All unlisted
 * categories share an input, including texts first seen later.
 */
#include "base/error.h"
#include "data/encoder.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
  ALWAYS_LISTED = 20, /* the most frequent categories */
  FEWEST_ROWS = 5,    /* for further categories */
  MOST_LISTED = 100
};

/* A text of the column. */
typedef struct candidate {
  const char *text;
  size_t there; /* rows of the whole table */
  size_t rows;  /* training rows */
} candidate;

static int by_text(const void *left, const void *right) {
  return strcmp(((const candidate *)left)->text, ((const candidate *)right)->text);
}

static int by_rows(const void *left, const void *right) {
  const candidate *a = left, *b = right;
  if (a->rows != b->rows) return a->rows > b->rows ? -1 : 1;
  return by_text(left, right);
}

/* Counts rows; returns the number of training rows without a value. */
static size_t count_rows(candidate *candidates, const ebbi_rows *rows, size_t input) {
  const ebbi_rows all = {.table = rows->table, .count = rows->table->rows};
  double codes[EBBI_BLOCK];
  size_t missing = 0;
  for (size_t first = 0; first < all.count; first += EBBI_BLOCK) {
    ebbi_rows_codes(codes, &all, first, input);
    for (size_t i = 0; i < ebbi_rows_block(&all, first); i++)
      if (!isnan(codes[i])) candidates[(size_t)codes[i]].there++;
  }
  for (size_t first = 0; first < rows->count; first += EBBI_BLOCK) {
    ebbi_rows_codes(codes, rows, first, input);
    for (size_t i = 0; i < ebbi_rows_block(rows, first); i++)
      if (isnan(codes[i]))
        missing++;
      else
        candidates[(size_t)codes[i]].rows++;
  }
  return missing;
}

/* Lists the chosen categories. The `count` candidates occur in the table, the most frequent
 * first. */
static ebb_status list(ebbi_feature *feature, candidate *candidates, size_t count) {
  const char *commonest = candidates[0].text;
  size_t listed = 0, index;
  while (listed < count && listed < MOST_LISTED &&
         (listed < ALWAYS_LISTED || candidates[listed].rows >= FEWEST_ROWS))
    listed++;
  feature->other = listed < count;
  qsort(candidates, listed, sizeof *candidates, by_text);
  for (size_t i = 0; i < listed; i++)
    TRY(ebbi_names_add(&feature->categories, &index, candidates[i].text));
  feature->fill_category = ebbi_names_find(&feature->categories, commonest);
  return EBB_OK;
}

ebb_status ebbi_fit_categories(ebb_encoder *encoder, const ebbi_rows *rows, size_t input) {
  ebbi_feature *feature = &encoder->features[input];
  const ebbi_names *texts = ebbi_table_texts(rows->table, input);
  candidate *candidates = calloc(texts->count + 1, sizeof *candidates);
  REQUIRE(candidates, EBB_ERR_MEMORY, "encoder: no memory for %zu categories", texts->count);
  for (size_t i = 0; i < texts->count; i++) candidates[i].text = texts->items[i];
  size_t missing = count_rows(candidates, rows, input), count = 0;
  ebb_status status = ebbi_fit_missing(encoder, rows, input, missing);
  feature->indicator = encoder->missing == EBB_MISSING_INDICATOR && missing > 0;
  for (size_t i = 0; i < texts->count; i++)
    if (candidates[i].there > 0) candidates[count++] = candidates[i];
  qsort(candidates, count, sizeof *candidates, by_rows);
  if (status == EBB_OK) status = list(feature, candidates, count);
  free(candidates);
  return status;
}

size_t ebbi_feature_place(const ebbi_feature *feature, const char *text) {
  size_t place = ebbi_names_find(&feature->categories, text);
  return place == EBBI_NO_INDEX && feature->other ? feature->categories.count : place;
}
