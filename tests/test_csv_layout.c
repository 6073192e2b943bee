/* Text tables: delimiter, first line, header, and number of columns. */
#include "raw_rig.h"

static void test_delimiters(void **state) {
  (void)state;
  const char *expected = "2x3 header a:number b:number c:number";
  expect_columns("a,b,c\n1,2,3\n4,5,6\n", NULL, expected);
  expect_columns("a;b;c\n1;2;3\n4;5;6\n", NULL, expected);
  expect_columns("a\tb\tc\n1\t2\t3\n4\t5\t6\n", NULL, expected);
  expect_columns("a|b|c\n1|2|3\n4|5|6\n", NULL, expected);
  expect_columns("a b c\n1 2 3\n4 5 6\n", NULL, expected);
  expect_columns("  a \tb   c\n1 2\t\t3 \n 4 5 6\t\n", NULL, expected);
  expect_columns("a b c\n1 2 3\n4 5 6\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .delimiter = ' '}, expected);
  expect_columns("a~b~c\n1~2~3\n4~5~6\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .delimiter = '~'}, expected);
  expect_columns("a;b,b;c\n1;2;3\n4;5;6\n", NULL, "2x3 header a:number b,b:number c:number");
  expect_columns("a;b,b;c\n1;2,3;4\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .delimiter = ','},
                 "1x2 header a;b:text b;c:text");
  expect_columns("\"a;x;y;z\",b,c\n1,2,3\n4,5,6\n", NULL,
                 "2x3 header a;x;y;z:number b:number c:number");
  expect_columns("a\tb\n\t1\n2\t3\n", NULL, "2x2 header a:number b:number");
  expect_columns("1\n2\n", NULL, "2x1 0:number");
  expect_columns("New York\nLos Angeles\nSan Diego\n", NULL, "2x1 header New York:text");
}

/* The first line alone would be misleading. */
static void test_delimiter_by_consistency(void **state) {
  (void)state;
  expect_columns("text;y\na, b, c, d;1\ne;2\nf;3\n", NULL, "3x2 header text:text y:number");
  expect_columns("v\tw\n1,5\t2\n3,5\t4\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .decimal = ','},
                 "2x2 header v:number w:number");
  expect_columns("1.5,2,Iris setosa\n2.5,3,Iris virginica\n", NULL, "2x3 0:number 1:number 2:text");
  expect_columns("day time,x\n2020-01-01 00:00,5\n2020-01-01 01:00,6\n", NULL,
                 "2x2 header day time:text x:number");
  expect_columns("0,9 1,5 2,5\n3,5 4,5 5,5\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .decimal = ','},
                 "2x3 0:number 1:number 2:number");
  expect_columns("0,9\n1,5\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .decimal = ','},
                 "2x1 0:number");
  expect_columns("pixels,y\n1 2 3 4,a\n5 6 7 8,b\n", NULL, "2x2 header pixels:text y:text");
}

static void test_aligned_table_with_a_tab(void **state) {
  (void)state;
  expect_columns("24.1   4   99.1\t\"make7 model0\"\n17.4   6   ?\t\"make3 model1\"\n", NULL,
                 "2x4 0:number 1:number 2:number 3:text");
  expect_columns("John Smith\tF\t12\nAnn Miller\tM\t13\n", NULL, "2x3 0:text 1:text 2:number");
  expect_csv_notes("1 2\n3 4\n", NULL, "blanks are taken for the delimiter");
  expect_csv_notes("1 2\n3 4\n",
                   &(ebb_read_options){.size = sizeof(ebb_read_options), .delimiter = ' '}, "");
}

static void test_lines_and_quotes(void **state) {
  (void)state;
  const char *expected = "2x2 header a:number b:number";
  expect_columns("a,b\r\n1,2\r\n3,4\r\n", NULL, expected);
  expect_columns("a,b\r1,2\r3,4", NULL, expected);
  expect_columns("a,b\n1,2\n3,4", NULL, expected);
  expect_columns("\xef\xbb\xbf"
                 "a,b\n1,2\n3,4\n",
                 NULL, expected);
  expect_columns("\n\n  \na,b\n\n1,2\n \t\n3,4\n\n\n", NULL, expected);
  expect_columns(" \"a\" , b \n \"1\",2\n3, 4 \n", NULL, expected);
  ebbi_raw raw = csv_of("\"say \"\"a\"\"\",\"b,\nc\"\n1,\"x\ny\"\n\n2,\"\"\"z\"\"\"\n", NULL, NULL);
  assert_string_equal(raw.names.items[0], "say \"a\"");
  assert_string_equal(raw.names.items[1], "b,\nc");
  assert_string_equal(cell(&raw, 0, 1), "x\ny");
  assert_string_equal(cell(&raw, 1, 1), "\"z\"");
  assert_int_equal(ebbi_raw_line(&raw, 0), 3);
  assert_int_equal(ebbi_raw_line(&raw, 1), 6);
  ebbi_raw_free(&raw);
  expect_columns("a\tb\n5'11\" tall\t1\n6' 2\"\t2\n", NULL, "2x2 header a:text b:number");
}

static void test_sep_line(void **state) {
  (void)state;
  const char *expected = "1x2 header a,b:number c:number";
  expect_columns("sep=;\na,b;c\n1;2\n", NULL, expected);
  expect_columns("\xef\xbb\xbfSEP=;\r\na,b;c\r\n1;2\r\n", NULL, expected);
  expect_columns("\"sep=;\"\na,b;c\n1;2\n", NULL, expected);
  expect_columns("sep=;\na|b;c\n1|2\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .delimiter = '|'},
                 "1x2 header a:number b;c:number");
  expect_columns("sep=,,b\n1,2,3\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .header = EBB_HEADER_YES},
                 "1x3 header sep=:number 1-:number b:number");
  expect_csv_refused("sep=;\n1;2\n3\n", NULL, "t:3: 1 field, expected 2");
}

static void test_comments(void **state) {
  (void)state;
  expect_columns("# made by hand\n#\n1,2\n3,4\n", NULL, "2x2 0:number 1:number");
  expect_csv_notes("# made by hand\n#\n1,2\n3,4\n", NULL,
                   "2 lines above the table that begin with #");
  expect_columns("# a,b,y\n1,2,3\n4,5,6\n", NULL, "2x3 header a:number b:number y:number");
  expect_csv_notes("# a,b,y\n1,2,3\n4,5,6\n", NULL,
                   "the comment in line 1 is taken for the header");
  expect_columns("#a b y\n1 2 3\n4 5 6\n", NULL, "2x3 header a:number b:number y:number");
  expect_columns("# a,b,y\n1,2,3\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .header = EBB_HEADER_NO},
                 "1x3 0:number 1:number 2:number");
  expect_columns("# x, y\na,b\n1,2\n3,4\n", NULL, "2x2 header a:number b:number");
  expect_columns("#N/A,1\n2,3\n", NULL, "2x2 0:number 1:number");
  expect_columns("#ff0000,1\n#00ff00,2\nred,3\n", NULL, "3x2 0:text 1:number");
  expect_columns("#1,a\n#2,a\n", NULL, "2x2 0:text 1:text");
  expect_columns("a,b\n#1,2\n", NULL, "1x2 header a:text b:number");
}

static void test_rows_of_delimiters(void **state) {
  (void)state;
  expect_columns("a;b\n1;2\n;\n3;4\n ; \n\n", NULL, "2x2 header a:number b:number");
  expect_csv_notes("a;b\n1;2\n;\n3;4\n ; \n\n", NULL,
                   "2 rows with delimiters only left out, the first in line 3");
  expect_columns("a\tb\n1\t2\n\t\n", NULL, "1x2 header a:number b:number");
  expect_columns("a,b\n1,2\n\"\",\"\"\n", NULL, "2x2 header a:number b:number");
}

static void test_trailing_delimiters(void **state) {
  (void)state;
  const char *expected = "2x2 header a:number b:number", *note = "1 column at the end without name";
  static const char *const texts[] = {"a,b,\n1,2,\n3,4,\n", "a,b,\n1,2\n3,4\n", "a,b\n1,2,\n3,4,\n",
                                      "a,b,\n1,2,\n3,4\n"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    expect_columns(texts[i], NULL, expected);
    expect_csv_notes(texts[i], NULL, note);
  }
  expect_columns("a;b;;\n1;2;;\n3;4;;\n", NULL, expected);
  expect_columns("1,2,\n3,4,\n", NULL, "2x2 0:number 1:number");
  expect_columns("a,b,c\n1,2,\n3,4,\n", NULL, "2x3 header a:number b:number c:number");
  expect_columns("a,b,\n1,2,x\n3,4,y\n", NULL, "2x3 header a:number b:number 2-:text");
  expect_csv_refused("a,b\n1,2\n3,4,\n5,6\n", NULL,
                     "t:3: 3 fields, expected 2: as many as the header in line 1");
  char text[12000] = "1,2,\n";
  for (int i = 0; i < 1100; i++) strcat(text, "1,2,\n");
  strcat(text, "1,2,3\n");
  expect_csv_refused(text, NULL, "t:1102: 3 fields, expected 2: as in most of the first rows");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_delimiters),
                                     cmocka_unit_test(test_delimiter_by_consistency),
                                     cmocka_unit_test(test_aligned_table_with_a_tab),
                                     cmocka_unit_test(test_lines_and_quotes),
                                     cmocka_unit_test(test_sep_line),
                                     cmocka_unit_test(test_comments),
                                     cmocka_unit_test(test_rows_of_delimiters),
                                     cmocka_unit_test(test_trailing_delimiters)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
