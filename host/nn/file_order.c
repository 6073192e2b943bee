/* Orders a file's weights by the numbers in their names and by their shapes.
 *
 * A file does not keep the order in which PyTorch's modules were defined: its tensors are sorted by
 * type and name. Numbers in names tell the order (`fc2` before `fc10`), letters do not (`hidden`,
 * `input`, `output`) and are ignored. Among the orders that the numbers allow, this searches for
 * those in which the shapes fit together. The result is accepted only if there is exactly one. The
 * search backtracks; since hostile shapes could keep it busy, its steps are limited.
 */
#include "nn/file_order.h"

#include <string.h>

#define DIGITS "0123456789"

enum { STEPS_MAX = 100000 };

typedef struct search {
  const ebbi_safetensor **weights;
  size_t count;
  const ebb_spec *spec;                      /* NULL: consecutive shapes must match */
  size_t nodes[EBB_MAX_NODES];               /* nodes of the spec, in the order of their weights */
  bool before[EBB_MAX_NODES][EBB_MAX_NODES]; /* as the numbers in the names demand */
  bool used[EBB_MAX_NODES];
  size_t order[EBB_MAX_NODES], first[EBB_MAX_NODES]; /* the current attempt; the first solution */
  size_t found, steps;
} search;

/* Returns true if the names first differ in a number and a's is lower. */
static bool has_lower_number(const char *a, const char *b) {
  size_t at = 0;
  while (a[at] != '\0' && a[at] == b[at]) at++;
  while (at > 0 && strchr(DIGITS, a[at - 1])) at--; /* back to where the number begins */
  size_t a_digits = strspn(a + at, DIGITS), b_digits = strspn(b + at, DIGITS);
  if (a_digits == 0 || b_digits == 0) return false;
  size_t a_zeros = strspn(a + at, "0"), b_zeros = strspn(b + at, "0");
  size_t a_length = a_digits - a_zeros, b_length = b_digits - b_zeros;
  if (a_length != b_length) return a_length < b_length;
  return memcmp(a + at + a_zeros, b + at + b_zeros, a_length) < 0;
}

bool ebbi_file_fits(const ebbi_safetensor *tensor, const ebbi_parameter *parameter, bool any_size) {
  const char *point = strrchr(tensor->name, '.');
  bool vector = parameter->layout == EBBI_FILE_VECTOR;
  if (tensor->rank != (vector ? 1u : 2u)) return false;
  if (strcmp(point ? point + 1 : tensor->name, parameter->name) != 0) return false;
  size_t across = parameter->layout == EBBI_FILE_MATRIX ? 1 : 0; /* dimension of the columns */
  return any_size || (tensor->shape[across] == parameter->cols &&
                      (vector || tensor->shape[1 - across] == parameter->rows));
}

static bool may_stand(const search *s, size_t place, size_t weight) {
  const ebbi_safetensor *tensor = s->weights[weight];
  if (s->used[weight]) return false;
  if (s->spec) {
    ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
    ebbi_node_parameters(parameters, s->spec, s->nodes[place]);
    if (!ebbi_file_fits(tensor, &parameters[0], false)) return false;
  } else if (place > 0 &&
             tensor->shape[tensor->rank - 1] != s->weights[s->order[place - 1]]->shape[0]) {
    return false;
  }
  for (size_t other = 0; other < s->count; other++)
    if (!s->used[other] && s->before[other][weight]) return false;
  return true;
}

/* Fills the places from `place` on in all possible ways, until a second solution is found. */
static void fill(search *s, size_t place) {
  if (place == s->count) {
    if (s->found++ == 0) memcpy(s->first, s->order, sizeof s->first);
    return;
  }
  for (size_t w = 0; w < s->count && s->found < 2; w++) {
    if (!may_stand(s, place, w)) continue;
    if (++s->steps > STEPS_MAX) {
      s->found = 2;
      return;
    }
    s->order[place] = w;
    s->used[w] = true;
    fill(s, place + 1);
    s->used[w] = false;
  }
}

static void take_order(search *s, bool *by_numbers) {
  const ebbi_safetensor *sorted[EBB_MAX_NODES];
  *by_numbers = true;
  for (size_t i = 0; i < s->count; i++) {
    sorted[i] = s->weights[s->first[i]];
    if (i > 0 && !s->before[s->first[i - 1]][s->first[i]]) *by_numbers = false;
  }
  memcpy(s->weights, sorted, s->count * sizeof *sorted);
}

ebbi_orders ebbi_file_order(const ebbi_safetensor **weights, size_t count, const ebb_spec *spec,
                            bool *by_numbers) {
  search s = {.weights = weights, .count = count, .spec = spec};
  *by_numbers = false;
  if (spec && ebbi_spec_layers(s.nodes, spec) != count) return EBBI_ORDER_NONE;
  for (size_t a = 0; a < count; a++)
    for (size_t b = 0; b < count; b++)
      s.before[a][b] = has_lower_number(weights[a]->name, weights[b]->name);
  fill(&s, 0);
  if (s.found == 1) take_order(&s, by_numbers);
  return s.found == 0 ? EBBI_ORDER_NONE : s.found == 1 ? EBBI_ORDER_ONE : EBBI_ORDER_MANY;
}
