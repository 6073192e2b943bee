/* Decisions about the columns of a file: which are inputs, their kinds, and the notes.
 */
#include "test_data.h"

static const char *use_of(const ebb_column_info *info) {
  static const char *const uses[] = {"", "->", "#", "-"};
  return uses[info->use];
}

static const char *kind_of(const ebb_column_info *info) {
  static const char *const kinds[] = {"number", "amount", "date", "text", "pixel"};
  return info->use == EBB_COLUMN_LEFT_OUT ? "" : kinds[info->kind];
}

/* Columns as `a:number -b: ->c:text`; frees the table. */
static void expect_table(ebb_table *t, const char *columns, const char *notes) {
  char found[512] = "";
  for (size_t c = 0; c < ebb_table_file_columns(t); c++) {
    ebb_column_info info;
    assert_int_equal(ebb_table_column(&info, t, c), EBB_OK);
    size_t used = strlen(found);
    snprintf(found + used, sizeof found - used, "%s%s%s:%s", c ? " " : "", use_of(&info), info.name,
             kind_of(&info));
  }
  assert_string_equal(found, columns);
  expect_notes(t, notes);
  ebb_table_free(t);
}

static void expect_columns(const char *text, const ebb_read_options *options, const char *columns,
                           const char *notes) {
  expect_table(table_of(text, options), columns, notes);
}

/* A header and `rows` lines, each formatted from its number. */
__attribute__((format(printf, 3, 0))) static char *lines(size_t rows, const char *header,
                                                         const char *format) {
  char *text = malloc(strlen(header) + 2 + rows * 96), *at = text;
  assert_non_null(text);
  at += sprintf(at, "%s\n", header);
  for (size_t i = 0; i < rows; i++) {
    int n = (int)i;
    at += sprintf(at, format, n, n, n % 7, n % 3);
    *at++ = '\n';
  }
  *at = '\0';
  return text;
}

__attribute__((format(printf, 3, 0))) static void
expect_lines(size_t rows, const char *header, const char *format, const ebb_read_options *options,
             const char *columns, const char *notes) {
  char *text = lines(rows, header, format);
  expect_columns(text, options, columns, notes);
  free(text);
}

static void test_plain(void **state) {
  (void)state;
  expect_columns("a,b,y\n1,x,0\n2.5,y,1\n,x,0\n", NULL, "a:number b:text ->y:text", "");
  expect_columns("a,b,y\n1,x,0.5\n2,?,1\n", NULL, "a:number b:text ->y:number", "");
  expect_columns("a,b,y\n3,1,0\n3,1,1\n", NULL, "a:number b:number ->y:text", "");
}

static void test_row_numbers(void **state) {
  (void)state;
  const char *left = "left out, row numbers: \"0\"; --keep 0 uses it";
  expect_columns(",a,y\n0,1.5,u\n1,.5,v\n2,.5,u\n", NULL, "-0: a:number ->y:text", left);
  expect_columns(",a,y\n1,1.5,u\n2,.5,v\n3,.5,u\n", NULL, "-0: a:number ->y:text", left);
  expect_columns(",a,y\n1,1.5,u\n2,.5,v\n3,.5,u\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .keep = "0"},
                 "0:number a:number ->y:text", "");
  expect_columns("Unnamed: 0,a,y\n0,1.5,u\n1,.5,v\n2,.5,u\n", NULL,
                 "-Unnamed: 0: a:number ->y:text",
                 "left out, row numbers: \"Unnamed: 0\"; --keep 'Unnamed: 0' uses it");
  expect_columns(",a,y\n0,1.5,u\n0,.5,v\n1,.5,u\n", NULL, "0:number a:number ->y:text", "");
  expect_columns(",a,y\n0,1.5,u\n,.5,v\n1,.5,u\n", NULL, "0:number a:number ->y:text", "");
  expect_columns("a,b,y\n0,1.5,u\n1,.5,v\n2,.5,u\n", NULL, "a:number b:number ->y:text", "");
}

/* Row numbers have no gap, any order and any start; in few rows they may be measurements. */
static void test_numbered(void **state) {
  (void)state;
  expect_lines(30, "a,b,y", "%d,%d.5,%d", NULL, "-a: b:number ->y:text",
               "left out, row numbers: \"a\"; --keep a uses it");
  expect_lines(29, "a,b,y", "%d,%d.5,%d", NULL, "a:number b:number ->y:text", "");
  expect_lines(30, "a,b,y", "1%03d,%d.5,%d", NULL, "-a: b:number ->y:text",
               "left out, a different whole number in each row: \"a\"; --keep a uses it");
  expect_lines(30, "a,b,y", "%d.5,%d,%d", NULL, "a:number -b: ->y:text",
               "left out, row numbers: \"b\"; --keep b uses it");
  expect_lines(30, "a,b,y", "%d0,%d.5,%d", NULL, "a:number b:number ->y:text", "");
  char *text = lines(31, "a,b,y", "%d,%d,%d");
  char *last = strstr(text, "\n30,30");
  last[1] = '1'; /* 10 occurs twice */
  expect_columns(text, NULL, "a:number -b: ->y:text",
                 "left out, row numbers: \"b\"; --keep b uses it");
  free(text);
}

static void test_keys(void **state) {
  (void)state;
  static const char *const names[] = {"id",     "ID",         "patient_id",
                                      "userId", "customerID", "sample id"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    char text[128], columns[128], note[160];
    snprintf(text, sizeof text, "%s,a,y\n107,1,u\n3,1.5,v\n55,1,u\n", names[i]);
    snprintf(columns, sizeof columns, "-%s: a:number ->y:text", names[i]);
    const char *quote = strchr(names[i], ' ') ? "'" : "";
    snprintf(note, sizeof note,
             "left out, a different whole number in each row: \"%s\"; --keep %s%s%s uses it",
             names[i], quote, names[i], quote);
    expect_columns(text, NULL, columns, note);
  }
  expect_columns("id,a,y\n107,1,u\n107,1.5,v\n55,1,u\n", NULL, "id:number a:number ->y:text", "");
  expect_columns("id,a,y\n1.5,1,u\n2,1.5,v\n55,1,u\n", NULL, "id:number a:number ->y:text", "");
  expect_columns("acid,Humid,y\n107,9,u\n3,7,v\n55,1,u\n", NULL,
                 "acid:number Humid:number ->y:text", "");
  expect_columns(
      "id,a,y\nx1,1,u\nx2,1.5,v\nx3,1,u\n", NULL, "-id: a:number ->y:text",
      "left out, names or free text: \"id\" (3 different texts in 3 rows); --keep id uses "
      "it");
}

static void test_texts_that_differ(void **state) {
  (void)state;
  const char *note =
      "left out, names or free text: \"name\" (20 different texts in 20 rows); --keep "
      "name uses it";
  expect_lines(20, "name,a,y", "smp%d,%d.5,%d", NULL, "-name: a:number ->y:text", note);
  expect_lines(19, "name,a,y", "smp%d,%d.5,%d", NULL, "name:text a:number ->y:text", "");
  expect_lines(20, "name,a,y", "smp%d,%d.5,%d",
               &(ebb_read_options){.size = sizeof(ebb_read_options), .keep = "name"},
               "name:text a:number ->y:text", "");
  expect_lines(20, "name,a,y", "smp%d,%d.5,%d",
               &(ebb_read_options){.size = sizeof(ebb_read_options), .categorical = "name"},
               "name:text a:number ->y:text", "");
  const char *scattered = "categories of which most are rare and share one input: \"%s\" (101 "
                          "different values in 101 rows); --drop %s leaves it out";
  char text[160];
  snprintf(text, sizeof text, scattered, "name", "name");
  expect_lines(101, "name,a,y", "smp%d,%d.5,%d",
               &(ebb_read_options){.size = sizeof(ebb_read_options), .keep = "name"},
               "name:text a:number ->y:text", text);
  snprintf(text, sizeof text, scattered, "a", "a");
  expect_lines(101, "b,a,y", "%d.25,%d.5,%d",
               &(ebb_read_options){.size = sizeof(ebb_read_options), .categorical = "a"},
               "b:number a:text ->y:text", text);
  expect_lines(21, "a,b,c,y", "%d.5,%d.5,p%d,v%d", NULL, "a:number b:number c:text ->y:text", "");
}

static void test_empty(void **state) {
  (void)state;
  expect_columns("a,b,y\n1,,u\n2.5,,v\n", NULL, "a:number -b: ->y:text", "left out, empty: \"b\"");
  expect_columns("a,y,b\n1,u,\n2.5,v,\n", NULL, "a:number ->y:text -b:", "left out, empty: \"b\"");
  expect_columns("a,y,b,c\n1,0,,\n2.5,1.,,\n", NULL,
                 "a:number ->y:text -b: -c:", "left out, empty: \"b\", \"c\"");
  expect_refused("a,b\n?,\n,?\n", NULL, "t: all columns are empty");
  expect_refused("a,y\n,1\n,2\n", NULL, "t: no column is left as an input: left out, empty: \"a\"");
}

static void test_amounts(void **state) {
  (void)state;
  ebb_table *t = table_of("price,off,km,n,y\n\"$8,235\",44%,806 km,\"1,000\",0\n$7,5%,15km,7,1\n"
                          ",58%,7 km,12,0\n",
                          NULL);
  assert_true(ebbi_table_number(t, 0, 0) == 8235 && ebbi_table_number(t, 1, 0) == 7);
  assert_true(isnan(ebbi_table_number(t, 2, 0)));
  assert_true(ebbi_table_number(t, 1, 1) == 5 && ebbi_table_number(t, 1, 2) == 15);
  assert_true(ebbi_table_number(t, 0, 3) == 1000);
  assert_string_equal(t->columns[2].format, "km");
  ebb_column_info info;
  assert_int_equal(ebb_table_column(&info, t, 0), EBB_OK);
  assert_true(info.min == 7 && info.max == 8235 && info.missing == 1 && info.distinct == 2);
  assert_string_equal(info.why, "numbers in $");
  assert_int_equal(ebb_table_column(&info, t, 5), EBB_ERR_ARGUMENT);
  expect_table(t, "price:amount off:amount km:amount n:amount ->y:text",
               "texts read as numbers: \"price\" (numbers in $), \"off\" (numbers in %), \"km\" "
               "(numbers in km), \"n\" (numbers with grouped digits); --categorical price makes it "
               "categories");
  expect_columns("a,b,y\n$1,1,0\n$2,2.5,1\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .categorical = "a"},
                 "a:text b:number ->y:text", "");
  expect_columns("a,b,y\n$1,1,0\n$2,2.5,1\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .numeric = "a"},
                 "a:amount b:number ->y:text", "");
  expect_columns("a,b,y\nA11,1,0\nA12,2.5,1\n", NULL, "a:text b:number ->y:text", "");
  expect_columns(
      "a;b;y\n1.200,5 %;1;0\n7;2;1\n",
      &(ebb_read_options){.size = sizeof(ebb_read_options),
                          .decimal = ',',
                          .delimiter = ';',
                          .header = EBB_HEADER_YES},
      "a:amount b:number ->y:text",
      "texts read as numbers: \"a\" (numbers in %); --categorical a makes it categories");
}

static void test_dates(void **state) {
  (void)state;
  ebb_table *t = table_of("d,t,b,y\n2021-01-02,00:30,1,0\n2021-01-03T12:00,6:15,2.5,1\n", NULL);
  assert_true(ebbi_table_number(t, 0, 0) == 18629 && ebbi_table_number(t, 1, 0) == 18630.5);
  assert_true(ebbi_table_number(t, 0, 1) == .5 && ebbi_table_number(t, 1, 1) == 6.25);
  assert_string_equal(t->columns[0].format, "y-m-d");
  expect_table(
      t, "d:date t:amount b:number ->y:text",
      "texts read as numbers: \"d\" (dates, y-m-d), \"t\" (times, as hours); --categorical d "
      "makes it categories");
  expect_columns(
      "d,b,y\n01/02/2021,1,0\n03/04/2021,2.5,1\n", NULL, "d:date b:number ->y:text",
      "texts read as numbers: \"d\" (dates, m-d-y; d-m-y would fit too); --categorical d "
      "makes it categories");
  expect_columns("d,b,y\n2021-01-02,1,0\n2021-02-31,2.5,1\n", NULL, "d:text b:number ->y:text", "");
  expect_lines(40, "d,b,y", "2021-01-01T10:%02d,%d.5,%d", NULL, "d:date b:number ->y:text",
               "texts read as numbers: \"d\" (dates, y-m-d); --categorical d makes it categories");
}

static void test_mixed(void **state) {
  (void)state;
  expect_columns("doors,b,y\n2,1,0\n5more,2.5,1\n3,1,0\n", NULL, "doors:text b:number ->y:text",
                 "taken as categories: \"doors\" (numbers and texts, like \"5more\"); --na TEXT if "
                 "one means a missing value, --drop doors leaves it out");
  expect_columns("doors,b,y\n2,1,0\n5more,2.5,1\n3,1,0\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .categorical = "doors"},
                 "doors:text b:number ->y:text", "");
  char *text = lines(30, "a,b,y", "%d.25,%d.5,%d");
  char *cell = strstr(text, "\n17.25");
  memcpy(cell, "\nnone:", 6);
  expect_refused(
      text, NULL,
      "t:19: column \"a\": \"none:\" is not a number, unlike 29 of 30 values: --na none: "
      "*--categorical a");
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .na = "none:"},
                 "a:number b:number ->y:text", "");
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .categorical = "a"},
                 "a:text b:number ->y:text", "");
  expect_refused(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .numeric = "a"},
                 "t:19: column \"a\": \"none:\" is not a number");
  free(text);
  expect_refused("a,b,y\nx,1,0\n2,2.5,1\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .numeric = "a"},
                 "t:2: column \"a\": \"x\" is not a number, as --numeric requires");
}

static void test_decimal_marks(void **state) {
  (void)state;
  ebb_read_options options = {
      .size = sizeof(ebb_read_options), .delimiter = ';', .header = EBB_HEADER_YES};
  const char *commas = "a;b;y\n0,9;1;0\n1,25;2;1\n", *points = "a;b;y\n0.9;1;0\n1.25;2;1\n";
  expect_refused(commas, &options, "t:2: column \"a\": \"0,9\" has a decimal comma*--decimal ,");
  expect_columns(points, &options, "a:number b:number ->y:text", "");
  options.decimal = ',';
  expect_columns(commas, &options, "a:number b:number ->y:text", "");
  expect_refused(points, &options, "t:2: column \"a\": \"0.9\" has a decimal point");
  options = (ebb_read_options){.size = sizeof(ebb_read_options),
                               .delimiter = ';',
                               .header = EBB_HEADER_YES,
                               .categorical = "a"};
  expect_columns(commas, &options, "a:text b:number ->y:text", "");
}

static void test_lists(void **state) {
  (void)state;
  const char *text = "a,\"b,c\",d,e,y\n1,2,3,k1,0\n4,5,6,k2,1\n";
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .drop = "a, -2"},
                 "-a: b,c:number d:number -e: ->y:text", "");
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .drop = "b,c"},
                 "a:number -b,c: d:number e:text ->y:text", "");
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .categorical = "0,d"},
                 "a:text b,c:number d:text e:text ->y:text", "");
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .id = "e,a"},
                 "#a:text b,c:number d:number #e:text ->y:text", "");
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .drop = "y"},
                 "a:number b,c:number d:number ->e:text -y:", "");
  ebb_table *t = table_of(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .id = "e,a"});
  assert_int_equal(ebb_table_ids(t), 2);
  assert_string_equal(ebb_table_id_name(t, 0), "e");
  assert_string_equal(ebb_table_id(t, 0, 1), "k2");
  assert_string_equal(ebb_table_id(t, 1, 0), "1");
  ebb_table_free(t);
  expect_refused(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .drop = "a,a"},
                 "t: --drop names column \"a\" twice");
  expect_refused(text,
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .drop = "a", .keep = "0"},
                 "t: column \"a\" is named twice, in --drop and in --keep");
  expect_refused(text,
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .id = "y", .target = "y"},
                 "named twice, in --id and in --target");
  expect_refused(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .keep = "y"},
                 "t: column \"y\", in --keep, is the last and so the target");
  expect_refused(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .numeric = "dd"},
                 "t: no column \"dd\"; did you mean \"d\"? (--numeric)");
  expect_refused(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .drop = "5"},
                 "t: drop 5: the columns are 0 to 4, or -1 to -5");
  expect_refused(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .drop = "a,"},
                 "t: no column \"\"");
}

static void test_arrays(void **state) {
  (void)state;
  /* IDX of signed bytes [3, 2], then of unsigned ones [1, 1, 2]: an image. */
  const char *rows = "\0\0\x09\x02\0\0\0\x03\0\0\0\x02\x01\x05\x02\xff\x03\x05";
  const char *image = "\0\0\x08\x03\0\0\0\x01\0\0\0\x01\0\0\0\x02\x07\xff";
  ebb_table *t;
  assert_int_equal(parse_bytes(&t, rows, 18, NULL), EBB_OK);
  assert_false(ebb_table_has_target(t));
  expect_table(t, "0:number 1:number", "");
  assert_int_equal(
      parse_bytes(&t, rows, 18,
                  &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "1"}),
      EBB_OK);
  assert_string_equal(t->target.classes.items[0], "-1");
  expect_table(t, "0:number ->1:text", "");
  ebb_read_options options = {.size = sizeof(ebb_read_options), .categorical = "1", .id = "0"};
  assert_int_equal(parse_bytes(&t, rows, 18, &options), EBB_OK);
  assert_string_equal(ebbi_table_texts(t, 0)->items[ebbi_table_code(t, 1, 0)], "-1");
  assert_string_equal(ebb_table_id(t, 0, 2), "3");
  expect_table(t, "#0:text 1:text", "");
  assert_int_equal(parse_bytes(&t, image, 18, NULL), EBB_OK);
  assert_int_equal(ebbi_table_number(t, 0, 1), 255);
  expect_table(t, "0:pixel 1:pixel", "");
  assert_int_equal(parse_bytes(&t, image, 18,
                               &(ebb_read_options){.size = sizeof(ebb_read_options), .drop = "1"}),
                   EBB_ERR_ARGUMENT);
}

/* Thirty rows of float32 [30, 2]: row numbers, and a value that is missing in the last row. */
static void test_array_values(void **state) {
  (void)state;
  char file[16 + 30 * 8] = "\0\0\x0d\x02\0\0\0\x1e\0\0\0\x02", *at = file + 12;
  for (int i = 0; i < 30; i++)
    for (int k = 0; k < 2; k++) {
      float value = (float)(k ? .5 * i : i);
      uint32_t bits;
      memcpy(&bits, &value, sizeof bits);
      for (int b = 24; b >= 0; b -= 8) *at++ = (char)(bits >> b);
    }
  ebb_table *t;
  size_t size = (size_t)(at - file), dropped;
  assert_int_equal(parse_bytes(&t, file, size, NULL), EBB_OK);
  expect_table(t, "-0: 1:number", "left out, row numbers: \"0\"; --keep 0 uses it");
  memcpy(at - 4, "\x7f\xc0\0\0", 4); /* NaN: missing */
  assert_int_equal(parse_bytes(&t, file, size, NULL), EBB_OK);
  assert_true(isnan(ebbi_table_number(t, 29, 0)));
  assert_int_equal(ebb_table_drop_missing(t, &dropped), EBB_OK);
  assert_int_equal(dropped, 1);
  ebb_table_free(t);
  memcpy(at - 4, "\x7f\x80\0\0", 4);
  expect_message(parse_bytes(&t, file, size, NULL),
                 "t: row 29, column 1*inf is not a finite number");
}

static void test_drop_missing(void **state) {
  (void)state;
  ebb_table *t = table_of("a,b,y\n1,x,0\n,x,1\n2.5,,0\n3,y,\n4,y,1\n", NULL);
  size_t dropped;
  assert_int_equal(ebb_table_rows(t), 4);
  assert_int_equal(ebb_table_drop_missing(t, &dropped), EBB_OK);
  assert_int_equal(dropped, 2);
  assert_int_equal(ebb_table_rows(t), 2);
  assert_true(ebbi_table_number(t, 1, 0) == 4);
  assert_int_equal(ebbi_table_row(t, 1), 4);
  expect_message(ebbi_table_fail(t, 1, 0, "x"), "t:6: column \"a\": x");
  assert_int_equal(ebb_table_drop_missing(t, &dropped), EBB_OK);
  assert_int_equal(dropped, 0);
  ebb_table_free(t);
  t = table_of("a,b,y\n1,?,0\n?,2,1\n", NULL);
  expect_message(ebb_table_drop_missing(t, &dropped), "t: each of the 2 rows lacks an input");
  ebb_table_free(t);
}

static void test_fingerprint(void **state) {
  (void)state;
  ebb_table *t = table_of("a,y\n1,0\n2.5,1\n", NULL), *same = table_of("a,y\n1,0\n2.5,1\n", NULL);
  ebb_table *other = table_of("a,y\n1,0\n2.5,2\n", NULL);
  assert_true(ebb_table_fingerprint(t) == ebb_table_fingerprint(same));
  assert_true(ebb_table_fingerprint(t) != ebb_table_fingerprint(other));
  ebb_table_free(t);
  ebb_table_free(same);
  ebb_table_free(other);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain),
                                     cmocka_unit_test(test_row_numbers),
                                     cmocka_unit_test(test_numbered),
                                     cmocka_unit_test(test_keys),
                                     cmocka_unit_test(test_texts_that_differ),
                                     cmocka_unit_test(test_empty),
                                     cmocka_unit_test(test_amounts),
                                     cmocka_unit_test(test_dates),
                                     cmocka_unit_test(test_mixed),
                                     cmocka_unit_test(test_decimal_marks),
                                     cmocka_unit_test(test_lists),
                                     cmocka_unit_test(test_arrays),
                                     cmocka_unit_test(test_array_values),
                                     cmocka_unit_test(test_drop_missing),
                                     cmocka_unit_test(test_fingerprint)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
