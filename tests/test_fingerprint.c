/* The same table in another format has the same fingerprint; a different table has another. */
#include "test_data.h"

#include "array_files.h"
#include <zlib.h>

enum { ROWS = 40, COLS = 5, ROOM = 8192 };

/* A table [ROWS, COLS] whose last column is the target. */
typedef struct cells {
  double at[ROWS][COLS];
} cells;

/* Numbers as people write them, few of which are floats; row 3 lacks one. The fourth column holds
 * floats, because its values are so far from 0, compared with their spread, that rounding would
 * show. */
static cells make_cells(bool classes) {
  cells c;
  for (int r = 0; r < ROWS; r++) {
    c.at[r][0] = (r * 37 % 41) / 10.0 - 1.7;
    c.at[r][1] = r == 3 ? NAN : r * r / 3.0 * 1e5;
    c.at[r][2] = r % 5 ? 0.1 : 0.7;
    c.at[r][3] = 16777216.0 - r * 7 % 19;
    c.at[r][4] = classes ? r % 3 : 0.1 * r - 0.3;
  }
  return c;
}

/* Texts with all digits of a double. */
static size_t csv_of(char *out, const cells *c, char delimiter) {
  char *at = out;
  for (size_t r = 0; r < ROWS; r++)
    for (size_t k = 0; k < COLS; k++) {
      at += isnan(c->at[r][k]) ? 0 : sprintf(at, "%.17g", c->at[r][k]);
      *at++ = k + 1 < COLS ? delimiter : '\n';
    }
  return (size_t)(at - out);
}

static void put_number(unsigned char *out, double value, bool single, bool big) {
  uint64_t bits = 0;
  float narrow = (float)value;
  if (single)
    memcpy(&bits, &narrow, sizeof narrow);
  else
    memcpy(&bits, &value, sizeof value);
  size_t bytes = single ? 4 : 8;
  for (size_t i = 0; i < bytes; i++) out[big ? bytes - 1 - i : i] = (unsigned char)(bits >> 8 * i);
}

static size_t npy_of(char *out, const cells *c, bool single, bool big, bool fortran) {
  unsigned char data[ROWS * COLS * 8];
  char descr[8], shape[32];
  size_t bytes = single ? 4 : 8;
  for (size_t r = 0; r < ROWS; r++)
    for (size_t k = 0; k < COLS; k++)
      put_number(data + (fortran ? k * ROWS + r : r * COLS + k) * bytes, c->at[r][k], single, big);
  snprintf(descr, sizeof descr, "'%cf%zu'", big ? '>' : '<', bytes);
  snprintf(shape, sizeof shape, "(%d, %d)", ROWS, COLS);
  return npy_file(out, descr, fortran ? "True" : "False", shape, data, ROWS * COLS * bytes);
}

static double cell_of(const void *user, size_t row, size_t col) {
  return ((const cells *)user)->at[row][col];
}

/* One array of all columns, or the target in an array of its own. */
static size_t npz_of(char *out, const cells *c, size_t targets) {
  const ebbi_sheet sheet = {
      .rows = ROWS, .cols = COLS, .targets = targets, .number = cell_of, .user = c};
  return npz_file(out, ROOM, &sheet);
}

static ebb_table *read_table(const char *bytes, size_t size, const char *target) {
  ebb_table *t;
  assert_true(size < ROOM);
  if (parse_bytes(&t, bytes, size,
                  &(ebb_read_options){.size = sizeof(ebb_read_options), .target = target}) !=
      EBB_OK)
    fail_msg("%s", ebb_error_message());
  return t;
}

/* Reads the bytes gzipped from disk. */
static ebb_table *read_packed(const char *bytes, size_t size) {
  char path[] = "/tmp/ebb-test-XXXXXX";
  int descriptor = mkstemp(path);
  gzFile stream = gzdopen(descriptor, "wb");
  ebb_table *t;
  assert_non_null(stream);
  assert_int_equal(gzwrite(stream, bytes, (unsigned)size), size);
  assert_int_equal(gzclose(stream), Z_OK);
  ebb_status status = ebb_table_read(&t, path, NULL);
  unlink(path);
  if (status != EBB_OK) fail_msg("%s", ebb_error_message());
  return t;
}

static char *json_of(const ebb_encoder *e) {
  char *text;
  assert_int_equal(ebb_encoder_to_json(&text, e), EBB_OK);
  return text;
}

/* `beside`: the target lies in an array of its own, with another name and position. Frees t. */
static void expect_same(const ebb_table *plain, ebb_table *t, bool beside) {
  const ebb_encoder_options options = {.size = sizeof(ebb_encoder_options),
                                       .missing = EBB_MISSING_MEAN};
  ebb_encoder *a = encoder_of(plain, &options), *b = encoder_of(t, &options);
  char *first = json_of(a), *second = json_of(b);
  if (!beside) assert_string_equal(first, second);
  ebb_dataset d = dataset_of(a, plain), s = dataset_of(b, t);
  assert_int_equal(d.inputs, s.inputs);
  assert_memory_equal(d.x, s.x, d.rows * d.inputs * sizeof *d.x);
  if (d.labels) assert_memory_equal(d.labels, s.labels, d.rows * sizeof *d.labels);
  if (d.values) assert_memory_equal(d.values, s.values, d.rows * sizeof *d.values);
  assert_true(ebb_table_fingerprint(plain) == ebb_table_fingerprint(t));
  ebb_dataset_clear(&d);
  ebb_dataset_clear(&s);
  free(first);
  free(second);
  ebb_encoder_free(a);
  ebb_encoder_free(b);
  ebb_table_free(t);
}

static void expect_same_in_all_formats(bool classes) {
  static char bytes[ROOM];
  const cells c = make_cells(classes);
  size_t size = csv_of(bytes, &c, ',');
  ebb_table *plain = read_table(bytes, size, NULL);
  assert_int_equal(ebb_table_columns(plain), COLS - 1);
  assert_int_equal(ebb_table_task(plain), classes ? EBB_TASK_CLASSIFICATION : EBB_TASK_REGRESSION);
  expect_same(plain, read_packed(bytes, size), false);
  expect_same(plain, read_table(bytes, csv_of(bytes, &c, ';'), NULL), false);
  for (int form = 0; form < 8; form++) {
    size = npy_of(bytes, &c, form & 1, form & 2, form & 4);
    expect_same(plain, read_table(bytes, size, "-1"), false);
  }
  expect_same(plain, read_table(bytes, npz_of(bytes, &c, 0), "-1"), false);
  expect_same(plain, read_table(bytes, npz_of(bytes, &c, 1), NULL), true);
  ebb_table_free(plain);
}

static void test_classes(void **state) {
  (void)state;
  expect_same_in_all_formats(true);
}

static void test_regression(void **state) {
  (void)state;
  expect_same_in_all_formats(false);
}

/* Classes and categories in another notation of the same number, as savetxt writes them. */
static void test_numbers_as_texts(void **state) {
  (void)state;
  const ebb_read_options options = {.size = sizeof(ebb_read_options), .categorical = "0"};
  ebb_table *a = table_of("1,2.5,0\n2,3,1\n", &options);
  ebb_table *b =
      table_of("1.000e+00,2.500e+00,0.000e+00\n2.000e+00,3.000e+00,1.000e+00\n", &options);
  assert_true(ebb_table_fingerprint(a) == ebb_table_fingerprint(b));
  ebb_table_free(a);
  ebb_table_free(b);
}

static uint64_t print_of(const char *text, const ebb_read_options *options) {
  ebb_table *t = table_of(text, options);
  uint64_t print = ebb_table_fingerprint(t);
  ebb_table_free(t);
  return print;
}

static void test_other_tables(void **state) {
  (void)state;
  const char *text = "a,b,c,y\n1,2.5,u,0\n3,4,v,1\n5,4,u,1\n";
  static const struct {
    const char *text;
    ebb_read_options options;
  } others[] = {{"a,b,c,y\n1,2.25,u,0\n3,4,v,1\n5,4,u,1\n", {0}}, /* a different number */
                {"a,b,c,y\n1,2.5,w,0\n3,4,v,1\n5,4,u,1\n", {0}},  /* a different category */
                {"a,b,c,y\n1,2.5,u,0\n3,4,v,1\n5,4,u,0\n", {0}},  /* a different class */
                {"a,b,c,y\n1,2.5,u,0\n3,4,v,1\n5,4,u,2\n", {0}},  /* a new class */
                {"a,b,c,y\n1,2.5,u,0\n3,,v,1\n5,4,u,1\n", {0}},   /* a missing number */
                {"a,b,c,y\n1,2.5,u,0\n3,4,,1\n5,4,u,1\n", {0}},   /* a missing category */
                {"a,b,c,y\n3,4,v,1\n1,2.5,u,0\n5,4,u,1\n", {0}},  /* the order of rows */
                {"b,a,c,y\n2.5,1,u,0\n4,3,v,1\n4,5,u,1\n", {0}},  /* the order of columns */
                {"a,b,c,y\n1,2.5,u,0\n3,4,v,1\n", {0}},           /* one row less */
                {"a,b,c,y\n1,2.5,u,0\n3,4,v,1\n5,4,u,1\n5,4,u,1\n", {0}},
                {"a,b,c,y\n1,2.5,u,0\n3,4,v,1\n5,4,u,1\n", {.target = "a"}},
                {"a,b,c,y\n1,2.5,u,0\n3,4,v,1\n5,4,u,1\n", {.no_target = true}},
                {"a,b,c,y\n1,2.5,u,0\n3,4,v,1\n5,4,u,1\n", {.task = EBB_TASK_REGRESSION}},
                {"a,b,c,y\n1,2.5,u,0\n3,4,v,1\n5,4,u,1\n", {.drop = "b"}},
                {"a,b,c,y\n1,2.5,u,0\n3,4,v,1\n5,4,u,1\n", {.categorical = "b"}}};
  uint64_t prints[COUNT_OF(others) + 1] = {print_of(text, NULL)};
  for (size_t i = 0; i < COUNT_OF(others); i++) {
    prints[i + 1] = print_of(others[i].text, &others[i].options);
    for (size_t k = 0; k <= i; k++)
      if (prints[k] == prints[i + 1]) fail_msg("%zu and %zu", k, i + 1);
  }
}

/* Columns left out, and names, do not belong to the data. */
static void test_same_data(void **state) {
  (void)state;
  uint64_t print = print_of("a,b,y\n1,2.5,0\n3,4,1\n", NULL);
  assert_true(print == print_of("1,2.5,0\n3,4,1\n", NULL));
  assert_true(print == print_of("u,v,w\n1,2.5,0\n3,4,1\n", NULL));
  assert_true(print ==
              print_of("a,k,b,y\n1,p,2.5,0\n3,q,4,1\n",
                       &(ebb_read_options){.size = sizeof(ebb_read_options), .drop = "k"}));
  assert_true(print == print_of("a,k,b,y\n1,p,2.5,0\n3,q,4,1\n",
                                &(ebb_read_options){.size = sizeof(ebb_read_options), .id = "k"}));
  assert_true(print ==
              print_of("y,a,b\n0,1,2.5\n1,3,4\n",
                       &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "y"}));
  assert_true(print == print_of("a,b,y\n1,2.5,0\n7,8,\n3,4,1\n",
                                NULL)); /* rows without a target are left out */
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_classes), cmocka_unit_test(test_regression),
      cmocka_unit_test(test_numbers_as_texts), cmocka_unit_test(test_other_tables),
      cmocka_unit_test(test_same_data)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
