/* Small products on matrix units: the library multiplies a sample on each before it uses one, and
 * refuses a unit that multiplies wrong. The sample's products are exact in any order, so they are
 * those of a plain loop; neither epilogue nor split depths occur in it.
 */
#include "checker.h"

#include <string.h>

enum { MOST_TERMS = 1 << 22 };

typedef struct operand {
  const unsigned char *bytes;
  size_t row, column; /* steps, in elements */
  bool half;          /* bfloat16 */
} operand;

static float element(const operand *o, size_t row, size_t column) {
  size_t at = row * o->row + column * o->column;
  uint16_t half;
  float value;
  if (!o->half) {
    memcpy(&value, o->bytes + 4 * at, sizeof value);
    return value;
  }
  memcpy(&half, o->bytes + 2 * at, sizeof half);
  uint32_t bits = (uint32_t)half << 16;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static operand operand_of(const kernel *k, const char *name, const char *option, size_t stride,
                          bool transposed) {
  return (operand){.bytes = bytes_of_argument(k, name),
                   .row = transposed ? 1 : stride,
                   .column = transposed ? stride : 1,
                   .half = strstr(k->program->options, option) != NULL};
}

void play_product(const kernel *k) {
  const char *name = k->signature->name;
  size_t length = strlen(name);
  if (length != strlen("matmul_nn_mma") || strcmp(name + length - 4, "_mma") != 0) return;
  size_t rows = (size_t)number_of_argument(k, "rows", 0),
         cols = (size_t)number_of_argument(k, "cols", 0),
         depth = (size_t)number_of_argument(k, "depth", 0),
         stride = (size_t)number_of_argument(k, "c_stride", 0);
  bool tn = name[length - 6] == 't', nt = name[length - 5] == 't';
  operand a = operand_of(k, "a", "-DA_BF16", (size_t)number_of_argument(k, "a_stride", 0), tn),
          b = operand_of(k, "b", "-DB_BF16", (size_t)number_of_argument(k, "b_stride", 0), nt);
  float *c = (float *)(void *)bytes_of_argument(k, "c");
  if (!c || !a.bytes || !b.bytes || strstr(k->program->options, "-DC_BF16")) return;
  if ((double)rows * (double)cols * (double)depth > MOST_TERMS ||
      (size_t)number_of_argument(k, "slice_depth", 0) < depth)
    return;
  for (size_t row = 0; row < rows; row++)
    for (size_t col = 0; col < cols; col++) {
      float sum = 0;
      for (size_t i = 0; i < depth; i++) sum += element(&a, row, i) * element(&b, i, col);
      c[row * stride + col] = sum;
    }
}
