/* Distinct numbers, in a hash table: sorting a column to count its values would take longer than
 * reading it. Invariant: at most half of the slots are taken.
 */
#include "data/number_set.h"

#include "base/error.h"
#include "base/hash.h"
#include "data/seed.h"
#include <math.h>
#include <stdlib.h>

void ebbi_number_set_free(ebbi_number_set *set) {
  free(set->slots);
  *set = (ebbi_number_set){0};
}

/* The slot that holds the number, or the free slot for it. */
static size_t find_slot(const ebbi_number_set *set, double value) {
  size_t mask = set->slot_count - 1;
  size_t slot = (size_t)ebbi_hash_more(set->seed, &value, sizeof value) & mask;
  while (!isnan(set->slots[slot]) && set->slots[slot] != value) slot = (slot + 1) & mask;
  return slot;
}

static ebb_status grow(ebbi_number_set *set) {
  size_t slot_count = set->slot_count ? 2 * set->slot_count : 64;
  ebbi_number_set larger = {.slots = malloc(slot_count * sizeof *larger.slots),
                            .slot_count = slot_count,
                            .count = set->count,
                            .seed = set->slots ? set->seed : ebbi_seed()};
  REQUIRE(larger.slots, EBB_ERR_MEMORY, "data: no memory for %zu numbers", slot_count);
  for (size_t i = 0; i < slot_count; i++) larger.slots[i] = NAN;
  for (size_t i = 0; i < set->slot_count; i++)
    if (!isnan(set->slots[i])) larger.slots[find_slot(&larger, set->slots[i])] = set->slots[i];
  free(set->slots);
  *set = larger;
  return EBB_OK;
}

ebb_status ebbi_number_set_add(ebbi_number_set *set, double value) {
  if (isnan(value)) return EBB_OK;
  if (2 * set->count >= set->slot_count) TRY(grow(set));
  value += 0.0; /* -0 becomes 0 */
  size_t slot = find_slot(set, value);
  set->count += isnan(set->slots[slot]);
  set->slots[slot] = value;
  return EBB_OK;
}

ebb_status ebbi_number_set_fill(ebbi_number_set *set, const ebbi_raw *raw, size_t col,
                                size_t limit) {
  bool seen[256] = {false}; /* most such columns hold small whole numbers, which need no search */
  ebbi_run run;
  run.count = 0;
  for (size_t row = 0; row < raw->rows && set->count <= limit; row++) {
    double value = ebbi_raw_next(&run, raw, row, col);
    bool small = value >= 0 && value < 256 && value == (uint8_t)value;
    if (small && seen[(uint8_t)value]) continue;
    if (small) seen[(uint8_t)value] = true;
    TRY(ebbi_number_set_add(set, value));
  }
  return EBB_OK;
}

static int compare(const void *left, const void *right) {
  double a = *(const double *)left, b = *(const double *)right;
  return (a > b) - (a < b);
}

void ebbi_number_set_sort(ebbi_number_set *set) {
  size_t used = 0;
  for (size_t i = 0; i < set->slot_count; i++)
    if (!isnan(set->slots[i])) set->slots[used++] = set->slots[i];
  if (used > 0) qsort(set->slots, used, sizeof *set->slots, compare);
}
