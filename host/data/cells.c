/* Cells: numbers packed compactly.
 *
 * A table's text is short: "1,0," has two bytes per number, so one double per value would take
 * several times the file's size. Values are stored in blocks with a format each, so that one long
 * number does not widen a whole column. Two bits per value say whether it is 0, missing or other.
 * The other values are either whole numbers in 0, 1, 2 or 4 bytes, relative to the middle of their
 * range and divided by a power of ten, or doubles. 5.1 is stored as 51 / 10, which gives the double
 * nearest to 5.1 again; every value is tried before it is stored this way. A value that does not
 * fit makes its block wider.
 *
 * A word holds the bits of 24 values and, above them, the number of other values before the word.
 * This finds a value without walking through the block.
 */
#include "data/cells.h"

#include "base/error.h"
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { ZERO, OTHER, MISSING };
enum {
  VALUES_A_WORD = 24,
  WORDS = EBBI_CELLS_BLOCK / VALUES_A_WORD,
  RANK_SHIFT = 2 * VALUES_A_WORD,
  DOUBLES = 8, /* the width that means doubles */
  MOST_DECIMALS = 15
};

#define OTHERS      UINT64_C(0x555555555555)
#define LARGEST_INT 0x1p53 /* up to it every whole number is a double */

static const double powers[MOST_DECIMALS + 1] = {1e0, 1e1, 1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                                 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15};

struct ebbi_cells_block {
  uint64_t *words;
  void *others;
  int64_t base; /* added to each whole number */
  uint16_t word_count, word_room, other_count, other_room;
  uint8_t width;    /* bytes of each other value; 0: all of them equal `base` */
  uint8_t decimals; /* the power of ten */
};
typedef struct ebbi_cells_block block;

ebbi_cells *ebbi_cells_new(void) {
  ebbi_cells *cells = calloc(1, sizeof *cells);
  if (cells) cells->bytes = sizeof *cells;
  return cells;
}

void ebbi_cells_free(ebbi_cells *cells) {
  if (!cells) return;
  for (size_t i = 0; i < cells->block_count; i++) {
    free(cells->blocks[i].words);
    free(cells->blocks[i].others);
  }
  free(cells->blocks);
  free(cells);
}

/* Resizes memory of the cells. Returns false if memory runs out; the old memory then stays. */
static bool resize(ebbi_cells *cells, void **memory, size_t before, size_t bytes) {
  void *moved = realloc(*memory, bytes);
  if (!moved) return false;
  *memory = moved;
  cells->bytes += bytes - before;
  return true;
}

static ebb_status no_memory(const ebbi_cells *cells) {
  return ebbi_fail(EBB_ERR_MEMORY, "data: no memory for %zu values of a column", cells->count + 1);
}

static int64_t offset_at(const block *b, size_t index) {
  switch (b->width) {
  case 1:
    return ((const int8_t *)b->others)[index];
  case 2:
    return ((const int16_t *)b->others)[index];
  case 4:
    return ((const int32_t *)b->others)[index];
  default:
    return 0;
  }
}

static double other_at(const block *b, size_t index) {
  if (b->width == DOUBLES) return ((const double *)b->others)[index];
  return (double)(b->base + offset_at(b, index)) / powers[b->decimals];
}

static void put_offset(block *b, size_t index, int64_t offset) {
  switch (b->width) {
  case 1:
    ((int8_t *)b->others)[index] = (int8_t)offset;
    break;
  case 2:
    ((int16_t *)b->others)[index] = (int16_t)offset;
    break;
  case 4:
    ((int32_t *)b->others)[index] = (int32_t)offset;
    break;
  default:
    break;
  }
}

/* Writes the value as a whole number over a power of ten, if that reproduces it exactly. 0 is
 * excluded, because it would lose the sign of -0. */
static bool as_whole(int64_t *whole, double value, unsigned decimals) {
  double scaled = decimals == 0 ? value : value * powers[decimals];
  if (!(fabs(scaled) <= LARGEST_INT)) return false;
  *whole = (int64_t)(decimals == 0 ? value : scaled + (scaled < 0 ? -0.5 : 0.5));
  if (*whole == 0) return false;
  return decimals == 0 ? (double)*whole == value : (double)*whole / powers[decimals] == value;
}

/* Bytes needed for an offset from the middle of a range of whole numbers. */
static uint8_t width_of(uint64_t range) {
  return range == 0 ? 0 : range <= 2 * INT8_MAX ? 1 : range <= 2 * INT16_MAX ? 2 : 4;
}

/* Finds a format for the block's values and one more; doubles if there is no other. */
static void find_form(block *form, const block *b, double value) {
  int64_t whole, low, high;
  unsigned decimals = b->decimals;
  *form = *b;
  form->width = DOUBLES;
  if (b->width == DOUBLES) return;
  while (!as_whole(&whole, value, decimals))
    if (++decimals > MOST_DECIMALS || !(fabs(value) * powers[decimals] <= LARGEST_INT)) return;
  low = high = whole;
  int64_t factor = (int64_t)powers[decimals - b->decimals];
  for (size_t i = 0; i < b->other_count; i++) {
    int64_t other = b->base + offset_at(b, i);
    if (fabs((double)other) * (double)factor > LARGEST_INT) return;
    other *= factor;
    low = other < low ? other : low;
    high = other > high ? other : high;
  }
  uint64_t range = (uint64_t)(high - low);
  if (range >= UINT32_MAX) return;
  form->width = width_of(range);
  form->decimals = (uint8_t)decimals;
  form->base = low + (int64_t)(range / 2);
}

/* Converts the block to a format that can hold the value as well. */
static bool widen(ebbi_cells *cells, block *b, double value) {
  block form;
  find_form(&form, b, value);
  size_t bytes = (size_t)b->other_room * form.width;
  form.others = bytes ? malloc(bytes) : NULL;
  if (bytes && !form.others) return false;
  for (size_t i = 0; i < b->other_count; i++) {
    int64_t factor = (int64_t)powers[form.decimals - b->decimals];
    if (form.width == DOUBLES)
      ((double *)form.others)[i] = other_at(b, i);
    else
      put_offset(&form, i, (b->base + offset_at(b, i)) * factor - form.base);
  }
  cells->bytes += bytes - (size_t)b->other_room * b->width;
  free(b->others);
  *b = form;
  return true;
}

/* Returns true if the block's format can hold the value; *offset receives its code. */
static bool fits(const block *b, int64_t *offset, double value) {
  static const int64_t most[] = {[1] = INT8_MAX, [2] = INT16_MAX, [4] = INT32_MAX};
  int64_t whole;
  if (b->other_count == 0 || !as_whole(&whole, value, b->decimals)) return false;
  *offset = whole - b->base;
  return *offset >= -most[b->width] && *offset <= most[b->width];
}

/* Makes room for one more value that is neither 0 nor missing. */
static bool make_room(ebbi_cells *cells, block *b) {
  if (b->other_count < b->other_room) return true;
  size_t room = b->other_room ? b->other_room + b->other_room / 2 : 8;
  if (room > EBBI_CELLS_BLOCK) room = EBBI_CELLS_BLOCK;
  if (b->width > 0 && !resize(cells, &b->others, (size_t)b->other_room * b->width, room * b->width))
    return false;
  b->other_room = (uint16_t)room;
  return true;
}

static bool put_other(ebbi_cells *cells, block *b, double value) {
  int64_t offset = 0;
  if (!make_room(cells, b)) return false;
  if (b->width != DOUBLES && !fits(b, &offset, value)) {
    if (!widen(cells, b, value)) return false;
    if (b->width != DOUBLES) {
      as_whole(&offset, value, b->decimals);
      offset -= b->base;
    }
  }
  if (b->width == DOUBLES)
    ((double *)b->others)[b->other_count] = value;
  else
    put_offset(b, b->other_count, offset);
  b->other_count++;
  return true;
}

/* Adds words up to this one; new words begin with zeros. */
static bool reach_word(ebbi_cells *cells, block *b, size_t word) {
  if (word >= b->word_room) {
    size_t room = word + 1 + word / 2;
    if (room > WORDS) room = WORDS;
    void *words = b->words;
    if (!resize(cells, &words, b->word_room * sizeof *b->words, room * sizeof *b->words))
      return false;
    b->words = words;
    b->word_room = (uint16_t)room;
  }
  while (b->word_count <= word) b->words[b->word_count++] = (uint64_t)b->other_count << RANK_SHIFT;
  return true;
}

/* Frees a block's unused memory. */
static void trim(ebbi_cells *cells, block *b) {
  size_t kept = b->other_count ? b->other_count : 1;
  if (b->width == 0 || kept == b->other_room) return;
  if (resize(cells, &b->others, (size_t)b->other_room * b->width, kept * b->width))
    b->other_room = (uint16_t)kept;
}

void ebbi_cells_trim(ebbi_cells *cells) {
  if (cells->block_count > 0) trim(cells, &cells->blocks[cells->block_count - 1]);
}

/* The block of the next value. Missing blocks before it hold only zeros. */
static block *next_block(ebbi_cells *cells) {
  size_t wanted = cells->count / EBBI_CELLS_BLOCK + 1, before = cells->block_count;
  if (before == wanted) return &cells->blocks[wanted - 1];
  void *blocks = cells->blocks;
  if (before > 0) trim(cells, &cells->blocks[before - 1]);
  if (wanted > cells->block_room) {
    size_t room = wanted + cells->block_room / 2;
    if (!resize(cells, &blocks, cells->block_room * sizeof(block), room * sizeof(block)))
      return NULL;
    cells->blocks = blocks;
    cells->block_room = room;
  }
  while (cells->block_count < wanted) cells->blocks[cells->block_count++] = (block){0};
  return &cells->blocks[wanted - 1];
}

static bool find_word(ebbi_cells *cells) {
  block *b = next_block(cells);
  size_t word = cells->count % EBBI_CELLS_BLOCK / VALUES_A_WORD;
  if (!b || !reach_word(cells, b, word)) return false;
  cells->word = &b->words[word];
  return true;
}

ebb_status ebbi_cells_add(ebbi_cells *cells, double value) {
  uint64_t kind = isnan(value) ? MISSING : value != 0 || signbit(value) ? OTHER : ZERO;
  if (kind != ZERO) {
    if (!cells->word && !find_word(cells)) return no_memory(cells);
    block *b = &cells->blocks[cells->block_count - 1];
    if (kind == OTHER && !put_other(cells, b, value)) return no_memory(cells);
    *cells->word |= kind << cells->shift;
  }
  cells->count++;
  cells->shift += 2;
  if (cells->shift < RANK_SHIFT) return EBB_OK;
  cells->shift = 0;
  cells->word = NULL;
  return EBB_OK;
}

ebb_status ebbi_cells_add_code(ebbi_cells *cells, int32_t code) {
  return ebbi_cells_add(cells, code < 0 ? (double)NAN : code);
}

ebb_status ebbi_cells_add_missing(ebbi_cells *cells, size_t count) {
  while (cells->count < count) TRY(ebbi_cells_add(cells, NAN));
  return EBB_OK;
}

void ebbi_cells_add_zeros(ebbi_cells *cells, size_t count) {
  if (cells->count >= count) return;
  cells->count = count;
  cells->shift = (unsigned)(2 * (count % EBBI_CELLS_BLOCK % VALUES_A_WORD));
  cells->word = NULL;
}

/* Counts the two-bit fields that are 1. The compiler's library function would take as long as the
 * rest of the look-up. */
static size_t count_fields(uint64_t fields) {
  fields = (fields & UINT64_C(0x3333333333333333)) + (fields >> 2 & UINT64_C(0x3333333333333333));
  fields = (fields + (fields >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
  return (size_t)(fields * UINT64_C(0x0101010101010101) >> 56);
}

/* The number of other values in the block before value `at`. */
static size_t rank_of(const block *b, size_t at) {
  size_t word = at / VALUES_A_WORD;
  if (word >= b->word_count) return b->other_count;
  uint64_t before = (UINT64_C(1) << 2 * (at % VALUES_A_WORD)) - 1;
  return (size_t)(b->words[word] >> RANK_SHIFT) + count_fields(b->words[word] & OTHERS & before);
}

static unsigned kind_of(const block *b, size_t at) {
  size_t word = at / VALUES_A_WORD;
  return word < b->word_count ? b->words[word] >> 2 * (at % VALUES_A_WORD) & 3 : ZERO;
}

/* Reads consecutive other values. */
static void read_others(double *out, const block *b, size_t first, size_t count) {
  const double base = (double)b->base, power = powers[b->decimals];
  if (b->width == DOUBLES) {
    memcpy(out, (const double *)b->others + first, count * sizeof *out);
    return;
  }
  if (b->width == 1)
    for (size_t i = 0; i < count; i++) out[i] = base + ((const int8_t *)b->others)[first + i];
  else if (b->width == 2)
    for (size_t i = 0; i < count; i++) out[i] = base + ((const int16_t *)b->others)[first + i];
  else if (b->width == 4)
    for (size_t i = 0; i < count; i++) out[i] = base + ((const int32_t *)b->others)[first + i];
  else
    for (size_t i = 0; i < count; i++) out[i] = base;
  for (size_t i = 0; i < count && b->decimals > 0; i++) out[i] /= power;
}

static void read_block(double *out, const block *b, size_t at, size_t count) {
  size_t first = rank_of(b, at), others = rank_of(b, at + count) - first, left = count;
  if (others > 0) read_others(out, b, first, others);
  if (others == count) return;
  size_t word = (at + count - 1) / VALUES_A_WORD, place = (at + count - 1) % VALUES_A_WORD;
  while (left > 0) { /* from the end, so that the other values can be spread in place */
    uint64_t kinds = word < b->word_count ? b->words[word] : 0;
    for (size_t n = place + 1 < left ? place + 1 : left; n > 0; n--, place--) {
      unsigned kind = kinds >> 2 * place & 3;
      others -= kind == OTHER;
      const double values[] = {0, out[others], NAN, 0};
      out[--left] = values[kind];
    }
    word--;
    place = VALUES_A_WORD - 1;
  }
}

void ebbi_cells_read(double *out, const ebbi_cells *cells, size_t first, size_t count) {
  for (size_t done = 0, part; done < count; done += part) {
    size_t index = (first + done) / EBBI_CELLS_BLOCK, at = (first + done) % EBBI_CELLS_BLOCK;
    part = count - done < EBBI_CELLS_BLOCK - at ? count - done : EBBI_CELLS_BLOCK - at;
    if (index < cells->block_count)
      read_block(out + done, &cells->blocks[index], at, part);
    else
      memset(out + done, 0, part * sizeof *out);
  }
}

double ebbi_cells_get(const ebbi_cells *cells, size_t index) {
  size_t at = index % EBBI_CELLS_BLOCK;
  if (index / EBBI_CELLS_BLOCK >= cells->block_count) return 0;
  const block *b = &cells->blocks[index / EBBI_CELLS_BLOCK];
  unsigned kind = kind_of(b, at);
  return kind == OTHER ? other_at(b, rank_of(b, at)) : kind == ZERO ? 0 : (double)NAN;
}

int32_t ebbi_cells_code(const ebbi_cells *cells, size_t index) {
  double code = ebbi_cells_get(cells, index);
  return isnan(code) ? -1 : (int32_t)code;
}
