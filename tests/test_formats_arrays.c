/* NPY, IDX and NPZ as raw columns: every element type and order, texts, images, names of arrays. */
#include "raw_rig.h"

#include "array_files.h"
#include <zip.h>

enum { ROOM = 1024 };

static ebbi_raw raw_of_npy(const char *descr, const char *fortran, const char *shape,
                           const void *data, size_t bytes) {
  char file[ROOM];
  return raw_of(file, npy_file(file, descr, fortran, shape, data, bytes), NULL);
}

static void expect_npy_refused(const char *descr, const char *shape, size_t bytes,
                               const char *parts) {
  char file[ROOM];
  static const char data[64] = "\xe9";
  expect_raw_refused(file, npy_file(file, descr, "False", shape, data, bytes), NULL, parts);
}

/* 7 and -2 (unsigned: 7 and the largest number), big-endian where the name has '>'. */
static void test_types(void **state) {
  (void)state;
  static const struct {
    const char *descr, *bytes;
    size_t size;
    double expected[2];
  } cases[] = {{"'|b1'", "\0\1", 2, {0, 1}},
               {"'|u1'", "\7\xff", 2, {7, 255}},
               {"'|i1'", "\7\xfe", 2, {7, -2}},
               {"'<u2'", "\7\1\xff\xff", 4, {263, 65535}},
               {"'>u2'", "\1\7\xff\xff", 4, {263, 65535}},
               {"'<i2'", "\7\1\xfe\xff", 4, {263, -2}},
               {"'>i2'", "\1\7\xff\xfe", 4, {263, -2}},
               {"'<u4'", "\7\1\0\0\xff\xff\xff\xff", 8, {263, 4294967295.0}},
               {"'>u4'", "\0\0\1\7\xff\xff\xff\xff", 8, {263, 4294967295.0}},
               {"'<i4'", "\7\1\0\0\xfe\xff\xff\xff", 8, {263, -2}},
               {"'>i4'", "\0\0\1\7\xff\xff\xff\xfe", 8, {263, -2}},
               {"'<u8'", "\7\1\0\0\0\0\0\0\0\0\0\0\0\0\0\x80", 16, {263, 0x1p63}},
               {"'>u8'", "\0\0\0\0\0\0\1\7\x80\0\0\0\0\0\0\0", 16, {263, 0x1p63}},
               {"'<i8'", "\7\1\0\0\0\0\0\0\xfe\xff\xff\xff\xff\xff\xff\xff", 16, {263, -2}},
               {"'>i8'", "\0\0\0\0\0\0\1\7\xff\xff\xff\xff\xff\xff\xff\xfe", 16, {263, -2}},
               {"'<f2'", "\0\x3e\0\xc0", 4, {1.5, -2}},
               {"'>f2'", "\x3e\0\xc0\0", 4, {1.5, -2}},
               {"'<f4'", "\0\0\xc0\x3f\0\0\0\xc0", 8, {1.5, -2}},
               {"'>f4'", "\x3f\xc0\0\0\xc0\0\0\0", 8, {1.5, -2}},
               {"'<f8'", "\0\0\0\0\0\0\xf8\x3f\0\0\0\0\0\0\0\xc0", 16, {1.5, -2}},
               {"'>f8'", "\x3f\xf8\0\0\0\0\0\0\xc0\0\0\0\0\0\0\0", 16, {1.5, -2}}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    ebbi_raw r = raw_of_npy(cases[i].descr, "False", "(2L,)", cases[i].bytes, cases[i].size);
    assert_int_equal(r.rows, 2);
    assert_int_equal(r.cols, 1);
    assert_string_equal(r.names.items[0], "0");
    assert_false(r.header || r.image || r.columns || r.lines);
    for (size_t row = 0; row < 2; row++)
      if (ebbi_raw_number(&r, row, 0) != cases[i].expected[row])
        fail_msg("%s: %g", cases[i].descr, ebbi_raw_number(&r, row, 0));
    ebbi_raw_free(&r);
  }
}

/* The limits of binary16: subnormal, largest, infinity, NaN. */
static void test_half(void **state) {
  (void)state;
  ebbi_raw r = raw_of_npy("'<f2'", "False", "(6,)", "\1\0\xff\3\xff\x7b\0\xfc\1\x7e\0\x80", 12);
  const double expected[] = {0x1p-24, 1023 * 0x1p-24, 65504, -INFINITY};
  for (size_t i = 0; i < 4; i++) assert_true(ebbi_raw_number(&r, i, 0) == expected[i]);
  assert_true(isnan(ebbi_raw_number(&r, 4, 0)));
  assert_true(ebbi_raw_number(&r, 5, 0) == 0 && signbit(ebbi_raw_number(&r, 5, 0)));
  ebbi_raw_free(&r);
}

/* Element [i, j, k] is 100 i + 10 j + k in either order. */
static void test_orders(void **state) {
  (void)state;
  enum { I = 3, J = 2, K = 4 };
  uint8_t fortran[I * J * K], plain[I * J * K];
  for (size_t i = 0; i < I; i++)
    for (size_t j = 0; j < J; j++)
      for (size_t k = 0; k < K; k++) {
        uint8_t value = (uint8_t)(100 * i + 10 * j + k);
        fortran[i + I * (j + J * k)] = value;
        plain[(i * J + j) * K + k] = value;
      }
  static const char *const types[] = {"'|i1'", "'|u1'"};
  for (size_t t = 0; t < 2; t++) {
    ebbi_raw f = raw_of_npy(types[t], "True", "(3, 2, 4)", fortran, sizeof fortran);
    ebbi_raw c = raw_of_npy(types[t], "False", "(3, 2, 4)", plain, sizeof plain);
    assert_int_equal(f.cols, J * K);
    for (size_t i = 0; i < I * J * K; i++)
      assert_true(ebbi_array_get(&f.array, i) == ebbi_array_get(&c.array, i));
    assert_int_equal(c.image, t == 1);
    assert_int_equal(f.image, t == 1);
    if (f.image) assert_memory_equal(f.array.data, plain, sizeof plain);
    ebbi_raw_free(&f);
    ebbi_raw_free(&c);
  }
  ebbi_raw flat = raw_of_npy("'|u1'", "True", "(2, 3)", "\1\4\2\5\3\6", 6);
  for (size_t i = 0; i < 6; i++) assert_true(ebbi_raw_number(&flat, i / 3, i % 3) == (double)i + 1);
  assert_false(flat.image);
  ebbi_raw_free(&flat);
}

static void test_texts(void **state) {
  (void)state;
  static const char little[] = "n\0\0\0\xe9\0\0\0\0\0\0\0\0\0\0\0y\0\0\0\x0a\xf3\1\0";
  static const char big[] = "\0\0\0n\0\0\0\xe9\0\0\0\0\0\0\0\0\0\0\0y\0\1\xf3\x0a";
  for (size_t i = 0; i < 2; i++) {
    ebbi_raw r =
        raw_of_npy(i ? "'>U2'" : "'<U2'", "False", i ? "(3, 1)" : "(3,)", i ? big : little, 24);
    assert_int_equal(r.rows, 3);
    assert_int_equal(r.cols, 1);
    const ebbi_raw_column *c = r.columns;
    assert_non_null(c);
    assert_null(c->numbers);
    assert_int_equal(c->missing, 1);
    assert_int_equal(c->numeric, 0);
    assert_int_equal(ebbi_cells_code(c->codes, 0), 0);
    assert_int_equal(ebbi_cells_code(c->codes, 1), -1);
    assert_int_equal(ebbi_cells_code(c->codes, 2), 1);
    assert_string_equal(c->texts.items[0], "n\xc3\xa9");
    assert_string_equal(c->texts.items[1], "y\xf0\x9f\x8c\x8a");
    ebbi_raw_free(&r);
  }
  ebbi_raw r = raw_of_npy("'|S3'", "False", "(3,)", "1\0\0-2.1\0\0", 9);
  assert_int_equal(r.columns->texts.count, 2);
  assert_string_equal(r.columns->texts.items[1], "-2.");
  assert_true(ebbi_cells_get(r.columns->numbers, 1) == -2 &&
              ebbi_cells_code(r.columns->codes, 2) == 0);
  ebbi_raw_free(&r);
}

static void test_npy_refused(void **state) {
  (void)state;
  expect_npy_refused("'|O'", "(2,)", 16, "t: *'|O'*Python objects*x.astype(str)");
  expect_npy_refused("'<c16'", "(2,)", 32, "'<c16'*complex*x.real");
  expect_npy_refused("'<f16'", "(2,)", 32, "'<f16'*x.astype('f8')");
  expect_npy_refused("'<M8[ns]'", "(2,)", 16, "dates*CSV");
  expect_npy_refused("'<m8[s]'", "(2,)", 16, "spans of time");
  expect_npy_refused("'|V8'", "(2,)", 16, "records*structured_to_unstructured");
  expect_npy_refused("[('a', '<f4')]", "(2,)", 8, "records");
  expect_npy_refused("''", "(2,)", 8, "unknown");
  expect_npy_refused("'f4'", "(2,)", 8, "unknown");
  expect_npy_refused("'<U0'", "(4611686018427387904,)", 0, "empty");
  expect_npy_refused("'<U9999999999999999999'", "(1,)", 4, "unknown");
  expect_npy_refused("'<U4611686018427387904'", "(1,)", 4, "unknown");
  expect_npy_refused("'<U4'", "(2, 2)", 64, "t: str [2, 2]: *one column only*CSV");
  expect_npy_refused("'|S4'", "(2,)", 8, "row 0 (from 0)*numpy.char.decode");
  expect_npy_refused("'<f4'", "()", 4, "a single number");
  expect_npy_refused("'|u1'", "(1, 1048577)", 64, "truncated");
  expect_npy_refused("'|u1'", "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)",
                     1, "at most 32 lengths");
}

typedef struct item {
  const char *name;
  const char *bytes;
  size_t size;
} item;

/* An archive of the files. Returns its size; the caller frees *out. */
static size_t zip_of(char **out, const item *items, size_t count, zip_uint32_t method) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t *made = zip_source_buffer_create(NULL, 0, 0, &error);
  zip_t *zip = zip_open_from_source(made, ZIP_TRUNCATE, &error);
  assert_non_null(zip);
  zip_source_keep(made);
  for (size_t i = 0; i < count; i++) {
    zip_source_t *source = zip_source_buffer(zip, items[i].bytes, items[i].size, 0);
    zip_int64_t index = zip_file_add(zip, items[i].name, source, 0);
    assert_true(index >= 0);
    zip_set_file_compression(zip, (zip_uint64_t)index, (zip_int32_t)method, 0);
  }
  assert_int_equal(zip_close(zip), 0);
  zip_stat_t about;
  assert_int_equal(zip_source_stat(made, &about), 0);
  *out = malloc(about.size);
  assert_non_null(*out);
  assert_int_equal(zip_source_open(made), 0);
  assert_int_equal(zip_source_read(made, *out, about.size), about.size);
  zip_source_close(made);
  zip_source_free(made);
  return about.size;
}

/* Two arrays: floats [2, 1] = 1.5, -2 and labels [2] = 7, 8. */
static void two_arrays(item items[2], char x[ROOM], char y[ROOM], const char *x_name,
                       const char *y_name) {
  items[0] =
      (item){x_name, x, npy_file(x, "'<f4'", "False", "(2, 1)", "\0\0\xc0\x3f\0\0\0\xc0", 8)};
  items[1] = (item){y_name, y, npy_file(y, "'|u1'", "False", "(2,)", "\7\x8", 2)};
}

static ebb_status parse_pair(ebbi_raw *raw, const char *x_name, const char *y_name,
                             const ebbi_wishes *wishes) {
  char x[ROOM], y[ROOM], *archive;
  item items[2];
  two_arrays(items, x, y, x_name, y_name);
  size_t size = zip_of(&archive, items, 2, ZIP_CM_DEFLATE);
  ebb_status status = parse_raw(raw, archive, size, wishes);
  free(archive);
  return status;
}

static void test_npz(void **state) {
  (void)state;
  static const char *const names[][2] = {{"x.npy", "y.npy"},
                                         {"data.npy", "target.npy"},
                                         {"x_train.npy", "y_train.npy"},
                                         {"arr_0.npy", "arr_1.npy"}};
  for (size_t i = 0; i < 4; i++) {
    ebbi_raw r;
    ebbi_wishes wishes = wishes_of(NULL);
    if (parse_pair(&r, names[i][0], names[i][1], &wishes) != EBB_OK)
      fail_msg("%s", ebb_error_message());
    assert_true(ebbi_raw_number(&r, 1, 0) == -2);
    assert_non_null(r.labels);
    assert_true(ebbi_raw_number(r.labels, 1, 0) == 8);
    expect_note(&r, "float32 [2, 1]; labels: \"");
    ebbi_raw_free(&r);
  }
}

/* Arrays that are requested, and arrays that are not. */
static void test_npz_parts(void **state) {
  (void)state;
  ebbi_raw r;
  ebbi_wishes wishes = wishes_of(NULL);
  wishes.labels = true;
  assert_int_equal(parse_pair(&r, "x.npy", "y.npy", &wishes), EBB_OK);
  assert_true(ebbi_raw_number(&r, 1, 0) == 8);
  assert_null(r.labels);
  ebbi_raw_free(&r);
  const ebb_read_options alone = {.size = sizeof(ebb_read_options), .no_target = true},
                         elsewhere = {.size = sizeof(ebb_read_options), .labels = "l"};
  for (size_t i = 0; i < 2; i++) {
    wishes = wishes_of(i ? &elsewhere : &alone);
    assert_int_equal(parse_pair(&r, "x.npy", "y.npy", &wishes), EBB_OK);
    assert_true(ebbi_raw_number(&r, 1, 0) == -2);
    assert_null(r.labels);
    expect_note(&r, "not used: \"y\"");
    ebbi_raw_free(&r);
  }
  char x[ROOM], y[ROOM], *archive;
  item items[2];
  two_arrays(items, x, y, "whatever.npy", "readme.txt");
  size_t size = zip_of(&archive, items, 2, ZIP_CM_STORE);
  r = raw_of(archive, size, NULL);
  assert_true(ebbi_raw_number(&r, 1, 0) == -2);
  ebbi_raw_free(&r);
  free(archive);
}

static void expect_names_refused(const char *const *names, const char *parts) {
  char x[ROOM], y[ROOM], *archive;
  item items[4];
  two_arrays(items, x, y, "", "");
  size_t count = 0;
  for (; names[count]; count++) {
    items[count] = items[count % 2];
    items[count].name = names[count];
  }
  size_t size = zip_of(&archive, items, count, ZIP_CM_STORE);
  expect_raw_refused(archive, size, NULL, parts);
  free(archive);
}

#define NAMES_REFUSED(parts, ...)                                                                  \
  expect_names_refused((const char *const[]){__VA_ARGS__, NULL}, parts)

static void test_npz_refused(void **state) {
  (void)state;
  NAMES_REFUSED(
      "t: cannot tell which array holds the inputs: \"a\" float32 [2, 1], \"b\" uint8 [2]; "
      "*numpy.savez",
      "a.npy", "b.npy");
  NAMES_REFUSED("which array holds the inputs: \"x\"*\"data\"", "x.npy", "data.npy");
  NAMES_REFUSED("which array holds the labels: \"x\"*\"Y\"", "x.npy", "y.npy", "Y.npy");
  NAMES_REFUSED("which array holds the inputs", "arr_0.npy", "arr_1.npy", "arr_2.npy");
  NAMES_REFUSED("a sparse matrix of scipy*toarray", "data.npy", "indices.npy", "indptr.npy");
  NAMES_REFUSED("Excel workbook (xlsx)*CSV", "[Content_Types].xml", "xl/workbook.xml");
  NAMES_REFUSED("OpenDocument", "mimetype", "content.xml");
  NAMES_REFUSED("a PyTorch file", "archive/data.pkl");
  NAMES_REFUSED("a ZIP archive without arrays (.npy): 2 files, the first is \"a.csv\"", "a.csv",
                "b.csv");
  expect_raw_refused("PK\3\4abc", 7, NULL, "t: a damaged ZIP archive: ");
  char *archive;
  item no_array = {"x.npy", "no array", 8};
  size_t size = zip_of(&archive, &no_array, 1, ZIP_CM_STORE);
  expect_raw_refused(archive, size, NULL, "\"x.npy\" is not an NPY file");
  char *flipped = memchr(archive, 'n', size);
  assert_non_null(flipped);
  for (char *c = archive; c + 8 <= archive + size; c++)
    if (memcmp(c, "no array", 8) == 0) *c = 'N';
  expect_raw_refused(archive, size, NULL, "cannot be unpacked*CRC");
  free(archive);
}

/* The same table in every format. */
static void test_cases(void **state) {
  (void)state;
  static const struct {
    const char *name;
    double tolerance;
  } forms[] = {{"x_fortran.npy", 0}, {"x_big.npy", 0}, {"x_f16.npy", 1e-3}};
  ebbi_raw plain = case_raw("09-npy-forms/x_c.npy", NULL);
  assert_int_equal(plain.rows, 200);
  assert_int_equal(plain.cols, 3);
  for (size_t f = 0; f < 3; f++) {
    char name[64];
    snprintf(name, sizeof name, "09-npy-forms/%s", forms[f].name);
    ebbi_raw r = case_raw(name, NULL);
    assert_int_equal(r.rows, 200);
    assert_int_equal(r.cols, 3);
    for (size_t i = 0; i < 600; i++) {
      double a = ebbi_array_get(&plain.array, i), b = ebbi_array_get(&r.array, i);
      assert_true((float)a == (float)b || fabs(a - b) <= forms[f].tolerance * fmax(1, fabs(a)));
    }
    ebbi_raw_free(&r);
  }
  ebbi_raw rounded = case_raw("09-npy-forms/x_i8.npy", NULL);
  assert_true(ebbi_raw_number(&rounded, 0, 0) == -18 && ebbi_raw_number(&rounded, 1, 0) == 70);
  ebbi_raw_free(&rounded);
  ebbi_raw pair = case_raw("09-npy-forms/data.npz", NULL);
  assert_non_null(pair.labels);
  assert_int_equal(pair.labels->rows, 200);
  for (size_t i = 0; i < 600; i++)
    assert_true(ebbi_array_get(&plain.array, i) == ebbi_array_get(&pair.array, i));
  ebbi_raw_free(&pair);
  ebbi_raw_free(&plain);
}

static void test_label_cases(void **state) {
  (void)state;
  static const struct {
    const char *name;
    double first[4];
  } forms[] = {{"y_bool", {0, 1, 0, 1}},  {"y_f32", {0, 1, 0, 1}},
               {"y_from1", {1, 2, 1, 2}}, {"y_i64", {0, 1, 0, 1}},
               {"y_pm1", {-1, 1, -1, 1}}, {"y_counts", {33, 122, 54, 80}}};
  for (size_t f = 0; f < COUNT_OF(forms); f++) {
    char name[64];
    snprintf(name, sizeof name, "09-npy-forms/%s.npy", forms[f].name);
    ebbi_raw r = case_raw(name, NULL);
    for (size_t i = 0; i < 4; i++) assert_true(ebbi_raw_number(&r, i, 0) == forms[f].first[i]);
    ebbi_raw_free(&r);
  }
  ebbi_raw r = case_raw("09-npy-forms/y_str.npy", NULL);
  assert_int_equal(r.columns->texts.count, 2);
  assert_string_equal(r.columns->texts.items[ebbi_cells_code(r.columns->codes, 1)], "yes");
  ebbi_raw_free(&r);
  r = case_raw("10-npy-not-scaled/x.npy", NULL);
  assert_int_equal(r.rows, 600);
  assert_true(fabs(ebbi_raw_number(&r, 0, 2) - 8.80150106e8) < 1);
  ebbi_raw_free(&r);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_types),       cmocka_unit_test(test_half),
      cmocka_unit_test(test_orders),      cmocka_unit_test(test_texts),
      cmocka_unit_test(test_npy_refused), cmocka_unit_test(test_npz),
      cmocka_unit_test(test_npz_parts),   cmocka_unit_test(test_npz_refused),
      cmocka_unit_test(test_cases),       cmocka_unit_test(test_label_cases)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
