/* Parting rows into training and validation.
 *
 * A row's part follows from a keyed permutation of its place within its class, so it needs neither
 * a shuffled list nor a random state, and the same seed gives the same parts everywhere. Shares are
 * by largest remainder: their sum is exact, and a class keeps a row for training if it can.
 */
#include "base/error.h"
#include "base/rng.h"
#include "table.h"
#include <math.h>
#include <stdlib.h>

/* The rows of one class, or all rows where there are no classes. */
typedef struct stratum {
  size_t rows, valid;
  size_t seen; /* while rows are dealt */
  uint32_t keys[EBBI_PERMUTE_ROUNDS];
} stratum;

/* A claim on one more validation row. */
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

/* Hands `valid` of all `rows` out to the strata. A claim without remainder is never reached: the
 * rows left over are fewer than the remainders. */
static void share_out(stratum *strata, claim *claims, size_t count, size_t rows, size_t valid) {
  size_t left = valid;
  for (size_t i = 0; i < count; i++) {
    size_t exact = strata[i].rows * valid; /* both below 2^31 */
    strata[i].valid = exact / rows;
    left -= strata[i].valid;
    claims[i] = (claim){
        .index = i, .remainder = exact % rows, .spare = strata[i].valid + 1 < strata[i].rows};
    if (claims[i].remainder == 0) claims[i].spare = false;
  }
  qsort(claims, count, sizeof *claims, compare);
  for (size_t i = 0; i < left; i++) strata[claims[i].index].valid++;
}

static size_t stratum_of(const ebb_table *table, size_t row) {
  return table->target.codes ? (size_t)table->target.codes[row] : 0;
}

static void deal(size_t *order, stratum *strata, const ebb_table *table, size_t valid) {
  size_t train_at = 0, valid_at = table->rows - valid;
  for (size_t row = 0; row < table->rows; row++) {
    stratum *s = &strata[stratum_of(table, row)];
    bool in_valid = ebbi_permute((uint32_t)s->seen++, (uint32_t)s->rows, s->keys) < s->valid;
    order[in_valid ? valid_at++ : train_at++] = row;
  }
}

static ebb_status split_randomly(size_t *order, const ebb_table *table, size_t valid,
                                 uint64_t seed) {
  size_t count = table->target.codes ? table->target.classes.count : 1;
  stratum *strata = calloc(count, sizeof *strata);
  claim *claims = calloc(count, sizeof *claims);
  if (strata && claims) {
    for (size_t row = 0; row < table->rows; row++) strata[stratum_of(table, row)].rows++;
    for (size_t i = 0; i < count; i++)
      ebbi_permute_keys(strata[i].keys, seed, EBBI_RNG_SPLIT, (uint32_t)i);
    share_out(strata, claims, count, table->rows, valid);
    deal(order, strata, table, valid);
  }
  bool done = strata && claims;
  free(strata);
  free(claims);
  REQUIRE(done, EBB_ERR_MEMORY, "%s: no memory to split %zu classes", table->path, count);
  return EBB_OK;
}

ebb_status ebb_table_split(size_t *order, size_t *train, const ebb_table *table,
                           const ebb_split *split) {
  REQUIRE(split->valid >= 0 && split->valid < 1, EBB_ERR_ARGUMENT,
          "split: the validation part is %g, it must be at least 0 and below 1", split->valid);
  size_t valid = (size_t)round(split->valid * (double)table->rows);
  if (split->valid > 0) {
    REQUIRE(table->rows >= 2, EBB_ERR_INPUT,
            "%s: one row cannot be parted into training and validation; use --valid 0",
            table->path);
    if (valid < 1) valid = 1;
    if (valid > table->rows - 1) valid = table->rows - 1;
  }
  *train = table->rows - valid;
  if (valid > 0 && !split->last) return split_randomly(order, table, valid, split->seed);
  for (size_t row = 0; row < table->rows; row++) order[row] = row;
  return EBB_OK;
}
