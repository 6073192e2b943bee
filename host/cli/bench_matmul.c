/* `ebb bench matmul`: the three layouts of the matrix product, on squares and on the shapes of
 * training, or on those of --shape.
 *
 * Every element of the operands can be recomputed, so a result is checked, in double precision at
 * sampled elements, without a copy of the operands on the host.
 */
#include "bench.h"

#include "output.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LARGEST = 65536, MAX_SHAPES = 64, CHECKED = 32 };
enum { SERIES_A = 1, SERIES_B = 2 };

typedef enum layout { NN, NT, TN, LAYOUTS } layout;
static const char *const layout_names[LAYOUTS] = {"nn", "nt", "tn"};

/* c [m, n] = op(a).op(b), with `k` multiply-adds per element. */
typedef struct product {
  layout layout;
  size_t m, n, k;
  ebb_tensor *c, *a, *b;
} product;

typedef struct products {
  size_t count;
  product *items;
  bench_case *cases; /* at the same indices */
} products;

static ebb_status run_product(void *context, size_t times) {
  const product *p = context;
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < times && status == EBB_OK; i++)
    status = ebb_matmul(p->c, p->a, p->layout == TN, p->b, p->layout == NT);
  return status;
}

/* Element (row, col) of c in double precision, from operands as rounded, and the largest allowed
 * deviation of a float32 sum. Terms are random with both signs, so the error is about 2^-24 k / 2
 * of their root mean square. 32 times that is still below a single term, so a missing term
 * shows. */
static double expect(double *bound, const product *p, ebb_precision precision, size_t row,
                     size_t col) {
  double sum = 0, squares = 0;
  for (size_t k = 0; k < p->k; k++) {
    size_t a = p->layout == TN ? k * p->m + row : row * p->k + k;
    size_t b = p->layout == NT ? col * p->k + k : k * p->n + col;
    double term = (double)ebb_precision_round(precision, bench_value(SERIES_A, a)) *
                  (double)ebb_precision_round(precision, bench_value(SERIES_B, b));
    sum += term;
    squares += term * term;
  }
  *bound = 16 * 0x1p-24 * sqrt((double)p->k * squares);
  return sum;
}

static int check(const product *p, ebb_precision precision, const float *c) {
  for (size_t i = 0; i < CHECKED; i++) {
    size_t row = (p->m - 1) * i / (CHECKED - 1),
           col = (p->n - 1) * (i * 7 % CHECKED) / (CHECKED - 1);
    double bound, expected = expect(&bound, p, precision, row, col),
                  found = (double)c[row * p->n + col];
    if (!(fabs(found - expected) <= bound))
      return fail(EXIT_NUMBERS,
                  "bench matmul: %s %zux%zux%zu gives %.9g at [%zu, %zu], %.9g is right; see `ebb "
                  "verify`",
                  layout_names[p->layout], p->m, p->n, p->k, found, row, col, expected);
  }
  return EXIT_GOOD;
}

/* An operand; in bf16 it is stored as hidden layers store it. */
static int make_operand(ebb_tensor **out, ebb_device *device, size_t rows, size_t cols,
                        uint64_t series) {
  bool half = ebb_device_precision(device) == EBB_PRECISION_BF16;
  return bench_make_tensor(out, device, half ? EBB_BF16 : EBB_F32, rows, cols, series, 1);
}

/* Makes the tensors, runs once, checks. */
static int prepare(product *p, ebb_device *device) {
  bool tn = p->layout == TN, nt = p->layout == NT;
  int code = make_operand(&p->a, device, tn ? p->k : p->m, tn ? p->m : p->k, SERIES_A);
  if (code == EXIT_GOOD)
    code = make_operand(&p->b, device, nt ? p->n : p->k, nt ? p->k : p->n, SERIES_B);
  if (code == EXIT_GOOD) code = fail_status(ebb_tensor_create(&p->c, device, EBB_F32, p->m, p->n));
  if (code != EXIT_GOOD) return code;
  float *c = calloc(p->m * p->n, sizeof *c);
  if (!c) return fail(EXIT_FAILED, "no memory for %zu numbers", p->m * p->n);
  ebb_status status = run_product(p, 1);
  if (status == EBB_OK) status = ebb_tensor_download(c, p->c);
  code = status == EBB_OK ? check(p, ebb_device_precision(device), c) : fail_status(status);
  free(c);
  return code;
}

/* Appends a product; the lists have room. */
static void add(products *all, layout l, size_t m, size_t n, size_t k) {
  all->items[all->count++] = (product){.layout = l, .m = m, .n = n, .k = k};
}

static void add_layouts(products *all, size_t m, size_t n, size_t k) {
  for (int l = 0; l < LAYOUTS; l++) add(all, (layout)l, m, n, k);
}

/* The products of a step of 784-512-512-10: forward, weight gradients, input gradients. */
static void add_training(products *all, size_t batch) {
  static const size_t widths[] = {784, 512, 512, 10};
  for (size_t l = 0; l < 3; l++) {
    size_t inputs = widths[l], outputs = widths[l + 1];
    add(all, NN, batch, outputs, inputs);
    add(all, TN, inputs, outputs, batch);
    if (l > 0) add(all, NT, batch, inputs, outputs);
  }
}

static void add_defaults(products *all, bool quick) {
  static const size_t squares[] = {256, 512, 1024, 2048}, batches[] = {32, 128, 1024};
  for (size_t i = 0; i < 4; i++)
    if (!quick || i % 2 == 0) add_layouts(all, squares[i], squares[i], squares[i]);
  for (size_t i = 0; i < 3; i++)
    if (!quick || i == 1) add_training(all, batches[i]);
}

/* Reads one of M, N and K and moves past it. */
static bool read_size(size_t *out, const char **text) {
  *out = 0;
  if (!isdigit((unsigned char)**text)) return false;
  for (; isdigit((unsigned char)**text); ++*text) {
    *out = *out * 10 + (size_t)(**text - '0');
    if (*out > LARGEST) return false;
  }
  return *out > 0;
}

/* Reads --shape: "MxNxK,MxNxK". */
static int add_shapes(products *all, const settings *s) {
  const option_origin origin = settings_origin(s, "shape");
  const char *text = s->shapes;
  for (size_t count = 1; *text; count++) {
    const char *start = text;
    size_t sizes[3];
    bool good = true;
    for (int i = 0; i < 3 && good; i++) {
      good = read_size(&sizes[i], &text) && (i == 2 || *text == 'x');
      if (good && i < 2) text++;
    }
    if (good && *text == ',' && !text[1])
      return fail(EXIT_USAGE, "%s: nothing follows the last comma", origin.text);
    good = good && (*text == '\0' || *text == ',');
    if (!good)
      return fail(EXIT_USAGE,
                  "%s: \"%.*s\" is not MxNxK, three whole numbers from 1 to %d, such as "
                  "128x512x784",
                  origin.text, (int)strcspn(start, ","), start, LARGEST);
    if (count > MAX_SHAPES)
      return fail(EXIT_USAGE, "%s: more than %d shapes", origin.text, MAX_SHAPES);
    add_layouts(all, sizes[0], sizes[1], sizes[2]);
    text += *text == ',';
  }
  return EXIT_GOOD;
}

static int print_as_json(const bench *b, const products *all) {
  json_t *object = bench_begin_json(b, "matmul"), *results = json_array();
  put_number(object, "peak_gflops", 1e-9 * b->yardstick.rate);
  for (size_t i = 0; i < all->count; i++) {
    const product *p = &all->items[i];
    const bench_case *c = &all->cases[i];
    json_t *row = json_pack("{s:s, s:I, s:I, s:I}", "layout", layout_names[p->layout], "m",
                            (json_int_t)p->m, "n", (json_int_t)p->n, "k", (json_int_t)p->k);
    bench_put_times(row, "", c);
    put_number(row, "gflops", 1e-9 * c->rate);
    put_number(row, "peak_fraction", c->fraction);
    json_array_append_new(results, row);
  }
  put(object, "results", results);
  return print_json(object);
}

static int print_as_table(const bench *b, const products *all) {
  printf("peak     %.1f GFLOP/s, by fused multiply-adds\n\n", 1e-9 * b->yardstick.rate);
  printf("layout      m      n      k   ms median       p10       p90   GFLOP/s  of peak\n");
  for (size_t i = 0; i < all->count; i++) {
    const product *p = &all->items[i];
    const bench_case *c = &all->cases[i];
    printf("%-6s %6zu %6zu %6zu  %10.4f %9.4f %9.4f %9.1f %8.3f\n", layout_names[p->layout], p->m,
           p->n, p->k, 1e3 * c->median, 1e3 * c->p10, 1e3 * c->p90, 1e-9 * c->rate, c->fraction);
  }
  return EXIT_GOOD;
}

static int measure(bench *b, products *all) {
  int code = EXIT_GOOD;
  if (b->s->shapes)
    code = add_shapes(all, b->s);
  else
    add_defaults(all, b->s->quick);
  for (size_t i = 0; i < all->count && code == EXIT_GOOD; i++) {
    product *p = &all->items[i];
    code = prepare(p, b->device);
    all->cases[i] = (bench_case){
        .run = run_product, .context = p, .work = 2.0 * (double)p->m * (double)p->n * (double)p->k};
  }
  if (code == EXIT_GOOD) code = bench_make_fma(b);
  if (code == EXIT_GOOD) code = bench_measure(b, all->cases, all->count);
  if (code != EXIT_GOOD) return code;
  return b->s->json ? print_as_json(b, all) : print_as_table(b, all);
}

int bench_matmul(bench *b) {
  enum { ROOM = LAYOUTS * MAX_SHAPES };
  products all = {.items = calloc(ROOM, sizeof *all.items),
                  .cases = calloc(ROOM, sizeof *all.cases)};
  int code = all.items && all.cases ? measure(b, &all) : fail(EXIT_FAILED, "no memory");
  for (size_t i = 0; i < all.count; i++) {
    ebb_tensor_free(all.items[i].c);
    ebb_tensor_free(all.items[i].a);
    ebb_tensor_free(all.items[i].b);
  }
  free(all.cases);
  free(all.items);
  return code;
}
