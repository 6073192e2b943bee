/* Limits on unpacking.
 *
 * Deflate expands up to 1,030 times, so a small file can fill any machine. The expansion alone does
 * not show malice: a table of zeros reaches the same ratio. What counts is the memory that reading
 * takes, within the budget. Half of a machine is a lot to fill for nothing, though, so without an
 * explicit budget a file that unpacks to more than a hundred times its size is limited to 256 MiB:
 * more than such tables need, less than does harm. The header of an array gives its size; it is
 * checked first, and no more than that is unpacked.
 */
#include "data/input.h"

#include "base/error.h"
#include "base/read.h"
#include "base/size.h"
#include "data/budget.h"
#include "data/limits.h"
#include "data/names.h"
#include <inttypes.h>

ebb_status ebbi_unpacking_check(const ebbi_unpacking *u, const ebb_read_options *options) {
  TRY(ebbi_budget_check(options, u->path, u->size + u->beside, EBBI_NO_INDEX));
  REQUIRE(u->size <= EBBI_FILE_LIMIT, EBB_ERR_INPUT, "%s: larger than the limit of %zu bytes",
          u->path, EBBI_FILE_LIMIT);
  REQUIRE(u->whole == 0 || u->size <= u->whole, EBB_ERR_INPUT,
          "%s: oversized: by its header it has %zu bytes, but more follow", u->path, u->whole);
  bool much = u->size > EBBI_UNPACKED_FREELY && u->size / EBBI_UNPACKED_AT_MOST > u->packed;
  REQUIRE(u->packed == 0 || options->max_memory > 0 || !much, EBB_ERR_MEMORY,
          "%s: %" PRIu64
          " compressed bytes have unpacked to %zu, more than %d times as many, and above the limit "
          "of %zu for such files; --max-memory SIZE, such as 4G, allows more",
          u->path, u->packed, u->size, EBBI_UNPACKED_AT_MOST, EBBI_UNPACKED_FREELY);
  return EBB_OK;
}

ebb_status ebbi_unpacking_begin(ebbi_unpacking *u, const ebb_read_options *options) {
  ebbi_array array;
  size_t start, whole;
  if (ebbi_is_npy(u->bytes, u->size))
    TRY(ebbi_npy_header(&array, &start, u->path, u->bytes, u->size));
  else if (ebbi_is_idx(u->bytes, u->size))
    TRY(ebbi_idx_header(&array, &start, u->path, u->bytes, u->size));
  else
    return EBB_OK;
  TRY(ebbi_array_size(&whole, &array, u->path));
  REQUIRE(ebbi_size_add(&whole, whole, start) && whole <= EBBI_FILE_LIMIT, EBB_ERR_INPUT,
          "%s: the header says %zu rows of %zu elements of %zu bytes, more than the limit of %zu "
          "bytes",
          u->path, array.rows, array.cols, array.item, EBBI_FILE_LIMIT);
  u->whole = whole;
  return ebbi_budget_check(options, u->path, whole + u->beside, EBBI_NO_INDEX);
}

/* Reading with a callback. */
typedef struct watched {
  const ebb_read_options *options;
  ebbi_unpacking unpacking;
  bool begun;
} watched;

static ebb_status watch(size_t *wanted, const ebbi_read_state *state, void *user) {
  watched *w = user;
  ebbi_unpacking *u = &w->unpacking;
  u->path = state->path;
  u->bytes = state->bytes;
  u->size = state->size;
  u->packed = state->compressed ? state->packed : 0;
  if (!state->compressed)
    TRY(ebbi_budget_check(w->options, u->path, state->claimed, EBBI_NO_INDEX));
  if (!w->begun) TRY(ebbi_unpacking_begin(u, w->options));
  w->begun = true;
  if (u->whole > 0) *wanted = u->whole + 1;
  return ebbi_unpacking_check(u, w->options);
}

ebb_status ebbi_data_read(char **bytes, size_t *size, const char *path,
                          const ebb_read_options *options) {
  watched w = {.options = options};
  return ebbi_input_read_watched(bytes, size, path, watch, &w);
}
