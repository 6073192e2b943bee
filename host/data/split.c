/* Splitting rows into training, validation and test sets.
 *
 * A row's part follows from a keyed permutation of its position within its class. This needs
 * neither a shuffled list nor a random state, and the same seed gives the same parts everywhere.
 * Shares are by largest remainder: their sum is exact, and a class keeps a training row if it can.
 * Test rows are dealt first, so they do not depend on the share of validation rows: a model that
 * was also trained on the validation rows (share 0) keeps the same test rows.
 */
#include "base/error.h"
#include "base/rng.h"
#include "data/table.h"
#include <math.h>
#include <stdlib.h>

/* Parts other than training. */
enum { VALID, TEST, PARTS };

/* The rows of one class, or all rows if there are no classes. */
typedef struct stratum {
  size_t rows, share[PARTS];
  size_t seen; /* rows dealt so far */
  uint32_t keys[EBBI_PERMUTE_ROUNDS];
} stratum;

/* A stratum's claim on one more row of a part. */
typedef struct claim {
  size_t index, remainder;
  bool spare; /* a row is left for training */
} claim;

static int compare(const void *left, const void *right) {
  const claim *a = left, *b = right;
  if (a->spare != b->spare) return a->spare ? -1 : 1;
  if (a->remainder != b->remainder) return a->remainder > b->remainder ? -1 : 1;
  return a->index < b->index ? -1 : 1;
}

static size_t left_for_training(const stratum *s) {
  return s->rows - s->share[VALID] - s->share[TEST];
}

/* Distributes `wanted` of all `rows` over the strata. */
static void share_out(stratum *strata, claim *claims, size_t count, size_t rows, size_t wanted,
                      int part) {
  size_t left = wanted;
  for (size_t i = 0; i < count; i++) {
    size_t exact = strata[i].rows * wanted; /* both below 2^31 */
    strata[i].share[part] = exact / rows;
    left -= exact / rows;
    claims[i] = (claim){.index = i, .remainder = exact % rows};
    claims[i].spare = claims[i].remainder > 0 && left_for_training(&strata[i]) > 1;
  }
  qsort(claims, count, sizeof *claims, compare);
  for (size_t i = 0; left > 0; i = (i + 1) % count) { /* together they have enough room */
    stratum *s = &strata[claims[i].index];
    if (left_for_training(s) == 0) continue;
    s->share[part]++;
    left--;
  }
}

/* For rows in ascending order. */
static size_t stratum_of(ebbi_run *run, const ebb_table *table, size_t row) {
  const ebbi_cells *codes = table->target.codes;
  return codes ? (size_t)ebbi_run_at(run, codes, ebbi_table_row(table, row)) : 0;
}

static void deal(size_t *order, stratum *strata, const ebb_table *table, const ebb_parts *parts) {
  size_t train_at = 0, valid_at = parts->train, test_at = parts->train + parts->valid;
  ebbi_run run;
  run.count = 0;
  for (size_t row = 0; row < table->rows; row++) {
    stratum *s = &strata[stratum_of(&run, table, row)];
    size_t place = ebbi_permute((uint32_t)s->seen++, (uint32_t)s->rows, s->keys);
    if (place < s->share[TEST])
      order[test_at++] = row;
    else if (place < s->share[TEST] + s->share[VALID])
      order[valid_at++] = row;
    else
      order[train_at++] = row;
  }
}

static ebb_status split_randomly(size_t *order, const ebb_table *table, const ebb_parts *parts,
                                 uint64_t seed) {
  size_t count = table->target.codes ? table->target.classes.count : 1;
  stratum *strata = calloc(count, sizeof *strata);
  claim *claims = calloc(count, sizeof *claims);
  if (strata && claims) {
    ebbi_run run;
    run.count = 0;
    for (size_t row = 0; row < table->rows; row++) strata[stratum_of(&run, table, row)].rows++;
    for (size_t i = 0; i < count; i++)
      ebbi_permute_keys(strata[i].keys, seed, EBBI_RNG_SPLIT, (uint32_t)i);
    share_out(strata, claims, count, table->rows, parts->test, TEST);
    share_out(strata, claims, count, table->rows, parts->valid, VALID);
    deal(order, strata, table, parts);
  }
  bool done = strata && claims;
  free(strata);
  free(claims);
  REQUIRE(done, EBB_ERR_MEMORY, "%s: no memory to split %zu classes", table->raw.path, count);
  return EBB_OK;
}

/* The number of rows of a part; at least 1 if it is wanted. */
static size_t part_of(double fraction, size_t rows) {
  size_t part = (size_t)round(fraction * (double)rows);
  return fraction > 0 && part == 0 ? 1 : part;
}

static ebb_status size_parts(ebb_parts *parts, const ebb_table *table, const ebb_split *split) {
  size_t rows = table->rows, least = 1 + (size_t)(split->valid > 0) + (size_t)(split->test > 0);
  REQUIRE(split->valid >= 0 && split->test >= 0 && split->valid + split->test < 1, EBB_ERR_ARGUMENT,
          "split: %g of the rows for validation and %g for test: neither may be below 0, and "
          "together they must be below 1",
          split->valid, split->test);
  REQUIRE(
      rows >= least, EBB_ERR_INPUT,
      "%s: %zu row%s cannot be split into %zu parts (training%s%s); it takes %zu, or --valid 0%s",
      table->raw.path, rows, rows == 1 ? "" : "s", least, split->valid > 0 ? ", validation" : "",
      split->test > 0 ? ", test" : "", least, split->test > 0 ? " and no --test" : "");
  parts->valid = part_of(split->valid, rows);
  parts->test = part_of(split->test, rows);
  while (parts->valid + parts->test >= rows) /* rounding up both may be one row too many */
    (*(parts->valid > parts->test ? &parts->valid : &parts->test))--;
  parts->train = rows - parts->valid - parts->test;
  return EBB_OK;
}

ebb_status ebb_table_split(size_t *order, ebb_parts *parts, const ebb_table *table,
                           const ebb_split *split) {
  TRY(size_parts(parts, table, split));
  if (parts->train < table->rows && !split->last)
    return split_randomly(order, table, parts, split->seed);
  for (size_t row = 0; row < table->rows; row++) order[row] = row;
  return EBB_OK;
}
