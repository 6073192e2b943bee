/* Embedding of categories: a row of the table for each code, and the table's gradient.
 *
 * A code is a number in [0, rows) of the table, stored as a float. Any other number, NaN too, reads
 * zeros and has no gradient, so no input can lead out of the table. No atomics: in the gradient
 * each item owns some rows of the table and goes through all codes of the batch in order, so that
 * sums repeat to the last bit however many items share the work.
 */
#include "columns.h"

#ifdef B_BF16
#define CODE(at, i) as_float((uint)(at)[i] << 16)
#else
#define CODE(at, i) (at)[i]
#endif

/* A row of a table with this many rows, or -1. */
INLINE int row_of(float code, int rows) {
  return code >= 0.0f && code < (float)rows ? (int)code : -1;
}

/* y[r, first + j units + c] = table[x[r, j], c] for j in [0, codes): (K6). table [rows, units],
 * `vectors` in total. */
__kernel GROUP(ELEMENT_GROUP, 1)
void embed(__global c_number *restrict y, __global const b_number *restrict x,
           __global const a_number *restrict table, int first, int y_stride, int codes,
           int x_stride, int rows, int table_stride, int vectors, int units) {
  const span item = item_span(vectors, units);
  for (int i = item.first; i < item.end; i++) {
    const int at = i / item.across, c = i % item.across * WIDTH;
    const int r = at / codes, j = at % codes;
    const int row = row_of(CODE(x, (size_t)r * x_stride + j), rows);
    vec value = (vec)(0.0f);
    if (row >= 0) value = load_a(table + (size_t)row * table_stride + c);
    store_part(y + (size_t)r * y_stride + first + j * units + c, value, units - c);
  }
}

/* dtable[k, c] = the sum of dy[r, first + j units + c] over all r and j with x[r, j] = k: (K7). An
 * item has `each` rows of the table and a vector of columns. */
__kernel GROUP(ELEMENT_GROUP, 1)
void embed_gradient(__global c_number *restrict dtable, __global const b_number *restrict x,
                    __global const a_number *restrict dy, int first, int dy_stride, int codes,
                    int x_stride, int rows, int table_stride, int batch, int units, int each) {
  const int across = (units + WIDTH - 1) / WIDTH, id = get_global_id(0);
  const int c = id % across * WIDTH, begin = id / across * each, end = min(begin + each, rows);
  for (int k = begin; k < end; k++)
    store_c(dtable + (size_t)k * table_stride + c, (vec)(0.0f), units - c);
  if (begin >= rows) return;
  for (int r = 0; r < batch; r++)
    for (int j = 0; j < codes; j++) {
      const int row = row_of(CODE(x, (size_t)r * x_stride + j), rows);
      if (row < begin || row >= end) continue;
      __global c_number *at = dtable + (size_t)row * table_stride + c;
      const vec part = load_part(dy + (size_t)r * dy_stride + first + j * units + c, units - c);
      store_c(at, load_c(at) + part, units - c);
    }
}
