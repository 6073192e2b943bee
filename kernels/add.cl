/* Sums of values and of gradients, where branches of a network join or separate.
 *
 * The sum of a gradient also applies f' if none of its parts has; a copy is a sum of one. A number
 * is stored once, rounded from the float result.
 */
#include "activation.h"
#include "elements.h"

/* to = (a + b) f'(z): (8). b NULL: without b; f NULL: without f'. All are [rows, cols] with one
 * stride, `vectors` in total; `to` may be a or b. */
__kernel GROUP(ELEMENT_GROUP, 1)
void add(__global c_number *to, __global const a_number *a, __global const b_number *b,
         __global const c_number *z, __global const c_number *f, int vectors, int cols,
         int stride) {
  const span item = item_span(vectors, cols);
  int row = item.first / item.across, v = item.first % item.across;
  for (int i = item.first; i < item.end; i++) {
    const int c = v * WIDTH;
    const size_t at = (size_t)row * stride + c;
    vec sum = load_a(a + at);
    if (b) sum += load_b(b + at);
    if (f) {
      const vec value = load_c(f + at), before = z ? load_c(z + at) : value;
      sum *= SLOPE(vec, before, value);
    }
    store_c(to + at, sum, cols - c);
    if (++v == item.across) row++, v = 0;
  }
}
