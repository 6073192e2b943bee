/* `ebb bench --compare`: two results side by side, row by row.
 *
 * Rows are matched by what they measured, not by position, so runs with different shapes can be
 * compared as far as they overlap. Beside the ratio of the rates stands the ratio of the fractions
 * of the yardstick, which is valid even if one run had a slower or busier machine.
 */
#include "bench.h"

#include "output.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_KEYS = 5, LABEL = 2048 };

/* The keys that identify rows in a kind of result, and the values to compare. */
typedef struct format {
  const char *kind, *keys[MAX_KEYS], *rate, *fraction, *unit;
} format;

static const format formats[] = {
    {"matmul", {"layout", "m", "n", "k"}, "gflops", "peak_fraction", "GFLOP/s"},
    {"step",
     {"model", "batch", "loss", "optimizer", "momentum"},
     "gflops",
     "peak_fraction",
     "GFLOP/s"},
    {"elementwise", {"case", NULL, NULL, NULL}, "gbps", "bandwidth_fraction", "GB/s"}};

typedef struct row {
  char label[LABEL];
  double rate, fraction;
} row;

/* A result read from a file. */
typedef struct result {
  const char *path;
  json_t *object;
  const format *format;
  const char *device, *precision;
  size_t count;
  row *rows;
} result;

static int bad_file(const result *r, const char *why, const char *what) {
  return fail(EXIT_INPUT, "%s: %s%s; --compare takes what `ebb bench --json` printed", r->path, why,
              what);
}

/* Adds a key's value to a row's label. Returns false if it is neither a text nor a whole number
 * (with `real`, any number), or too long. */
static bool add_to_label(char label[LABEL], const json_t *value, bool real) {
  size_t length = strlen(label), room = LABEL - length;
  const char *gap = length ? " " : "";
  int used = LABEL;
  if (json_is_string(value))
    used = snprintf(label + length, room, "%s%s", gap, json_string_value(value));
  else if (json_is_integer(value))
    used = snprintf(label + length, room, "%s%lld", gap, (long long)json_integer_value(value));
  else if (real && json_is_real(value))
    used = snprintf(label + length, room, "%s%g", gap, json_real_value(value));
  return used >= 0 && (size_t)used < room;
}

/* A number above 0, or NaN. */
static double positive(const json_t *object, const char *key) {
  double value = json_number_value(json_object_get(object, key));
  return value > 0 ? value : NAN;
}

static int read_row(result *r, row *out, const json_t *object) {
  const format *f = r->format;
  for (size_t k = 0; k < MAX_KEYS && f->keys[k]; k++) {
    const json_t *value = json_object_get(object, f->keys[k]);
    bool momentum = strcmp(f->keys[k], "momentum") == 0;
    if (!value && momentum) continue; /* only sgd has momentum */
    if (!add_to_label(out->label, value, momentum))
      return bad_file(r, "a row has no usable ", f->keys[k]);
  }
  out->rate = positive(object, f->rate);
  out->fraction = positive(object, f->fraction);
  if (!isfinite(out->rate)) return bad_file(r, "a row has no positive ", f->rate);
  if (!isfinite(out->fraction)) return bad_file(r, "a row has no positive ", f->fraction);
  return EXIT_GOOD;
}

/* The rows: those of `results`, or the object itself if it is a single row. */
static int read_rows(result *r) {
  const json_t *list = json_object_get(r->object, "results");
  bool single = strcmp(r->format->kind, "step") == 0;
  r->count = single ? 1 : json_array_size(list);
  if (r->count == 0) return bad_file(r, "there are no ", "results");
  r->rows = calloc(r->count, sizeof *r->rows);
  if (!r->rows) return fail(EXIT_FAILED, "%s: no memory for %zu rows", r->path, r->count);
  int code = EXIT_GOOD;
  for (size_t i = 0; i < r->count && code == EXIT_GOOD; i++)
    code = read_row(r, &r->rows[i], single ? r->object : json_array_get(list, i));
  return code;
}

static int read_result(result *r, const char *path) {
  json_error_t error;
  *r = (result){.path = path, .object = json_load_file(path, 0, &error)};
  if (!r->object && error.line < 0) return fail(EXIT_INPUT, "%s: %s", path, strerror(errno));
  if (!r->object)
    return fail(EXIT_INPUT, "%s:%d:%d: not JSON: %s", path, error.line, error.column, error.text);
  const char *kind = json_string_value(json_object_get(r->object, "bench"));
  for (size_t i = 0; kind && i < sizeof formats / sizeof *formats; i++)
    if (strcmp(formats[i].kind, kind) == 0) r->format = &formats[i];
  if (!r->format) return bad_file(r, "it is no result of ", "a benchmark");
  const char *device = json_string_value(json_object_get(r->object, "device"));
  const char *precision = json_string_value(json_object_get(r->object, "precision"));
  r->device = device ? device : "?";
  r->precision = precision ? precision : "fp32"; /* older results lack it and are fp32 */
  return read_rows(r);
}

static const row *find(const result *r, const char *label) {
  for (size_t i = 0; i < r->count; i++)
    if (strcmp(r->rows[i].label, label) == 0) return &r->rows[i];
  return NULL;
}

static json_t *describe(const result *r) {
  return json_pack("{s:o, s:o, s:o}", "file", json_text(r->path), "device", json_text(r->device),
                   "precision", json_text(r->precision));
}

/* Rows of `r` missing in `other`, as JSON or as lines. */
static json_t *list_unmatched(const result *r, const result *other) {
  json_t *list = json_array();
  for (size_t i = 0; i < r->count; i++)
    if (!find(other, r->rows[i].label)) json_array_append_new(list, json_text(r->rows[i].label));
  return list;
}

/* The geometric mean of the ratio of b's rates to a's, over the rows in both; *common is their
 * number. */
static double mean_ratio(size_t *common, const result *a, const result *b) {
  double sum = 0;
  *common = 0;
  for (size_t i = 0; i < a->count; i++) {
    const row *other = find(b, a->rows[i].label);
    if (!other) continue;
    sum += log(other->rate / a->rows[i].rate);
    ++*common;
  }
  return exp(sum / (double)*common);
}

static int print_as_json(const result *a, const result *b, double mean) {
  json_t *results = json_array();
  for (size_t i = 0; i < a->count; i++) {
    const row *x = &a->rows[i], *y = find(b, x->label);
    if (!y) continue;
    json_t *line = json_pack("{s:o}", "row", json_text(x->label));
    put_number(line, "a", x->rate);
    put_number(line, "b", y->rate);
    put_number(line, "ratio", y->rate / x->rate);
    put_number(line, "fraction_ratio", y->fraction / x->fraction);
    json_array_append_new(results, line);
  }
  json_t *object =
      json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "compare", a->format->kind, "unit",
                a->format->unit, "a", describe(a), "b", describe(b), "results", results, "only_a",
                list_unmatched(a, b), "only_b", list_unmatched(b, a));
  put_number(object, "geometric_mean", mean);
  return print_json(object);
}

static void print_unmatched(const result *r, const result *other, const char *name) {
  for (size_t i = 0; i < r->count; i++)
    if (!find(other, r->rows[i].label)) say("only in %s: %s", name, r->rows[i].label);
}

static int print_as_table(const result *a, const result *b, double mean, size_t common) {
  const format *f = a->format;
  say("A        %s: %s, %s, %s", a->path, f->kind, a->device, a->precision);
  say("B        %s: %s, %s, %s", b->path, f->kind, b->device, b->precision);
  printf("ratios are B / A: above 1, B is the faster\n\n");
  printf("%-40s %9s A %9s B   ratio   of peak\n", f->kind, f->unit, f->unit);
  for (size_t i = 0; i < a->count; i++) {
    const row *x = &a->rows[i], *y = find(b, x->label);
    if (y)
      say("%-40s %11.2f %11.2f %7.3f %9.3f", x->label, x->rate, y->rate, y->rate / x->rate,
          y->fraction / x->fraction);
  }
  printf("\ngeometric mean of %zu: %.3f\n", common, mean);
  print_unmatched(a, b, "A");
  print_unmatched(b, a, "B");
  return EXIT_GOOD;
}

static int compare(const settings *s, const char *kind, const result *a, const result *b) {
  if (a->format != b->format)
    return fail(EXIT_INPUT, "%s is a result of %s, but %s is one of %s: they cannot be compared",
                a->path, a->format->kind, b->path, b->format->kind);
  if (kind && strcmp(kind, a->format->kind) != 0)
    return fail(EXIT_INPUT, "%s is a result of %s, not of %s", a->path, a->format->kind, kind);
  size_t common;
  double mean = mean_ratio(&common, a, b);
  if (common == 0)
    return fail(
        EXIT_INPUT,
        "%s and %s have no row in common: the one begins with \"%s\", the other with \"%s\"",
        a->path, b->path, a->rows[0].label, b->rows[0].label);
  return s->json ? print_as_json(a, b, mean) : print_as_table(a, b, mean, common);
}

int bench_compare(const settings *s, const char *kind, const char *path_a, const char *path_b) {
  result a, b = {0};
  int code = read_result(&a, path_a);
  if (code == EXIT_GOOD) code = read_result(&b, path_b);
  if (code == EXIT_GOOD) code = compare(s, kind, &a, &b);
  json_decref(a.object);
  json_decref(b.object);
  free(a.rows);
  free(b.rows);
  return code;
}
