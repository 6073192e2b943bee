/* Tables written by programs and people, of kinds that were once misread or wrongly refused: the
 * expected table or notes. */
#include "found_rig.h"

static void test_titles(void **state) {
  (void)state;
  static const found_case cases[] = {
      {"Runs of 2020\n\nU,V,W\n", "b,b,Hc\n", "U:number V:number ->W:category",
       .notes = "1 line above the table left out: \"Runs of 2020\""},
      {"Runs of 2020,,\n\"by, me\",,\nU,V,W\n", "b,b,Hc\n", "U:number V:number ->W:category",
       .notes = "2 lines above the table left out: \"Runs of 2020,,\""},
      {"|1x3 Cross validator\n", "b, He, Gc.\n", "0:number 1:category ->2:category",
       .notes = "1 line above the table left out: \"|1x3 Cross validator\""},
      {"\"Source\",\"Some tables\",\n\n\"N\",\"C\",\"2018\",\"2019\",\n",
       "\"N d\",\"G a\",\"b\",\"1.c\",\n", "-N -C 2018:number ->2019:number",
       .notes =
           "1 line above the table left out: \"Source\"|line 3 is taken for the header; if it is "
           "data: "
           "--no-header|1 column at the end without name and values left out: a delimiter ends the "
           "lines|left out, names or free text: \"N\" (30 different texts in 30 rows), \"C\" (30 "
           "different texts in 30 rows); --keep N uses it"},
      {"N,2001,2002,2003\n", "N d,a,d,c\n", "-N -2001 2002:number ->2003:number",
       .notes = "line 1 is taken for the header; if it is data: --no-header|left out, row numbers: "
                "\"2001\"; --keep 2001 uses it|left out, names or free text: \"N\" (30 different "
                "texts in "
                "30 rows); --keep N uses it",
       .options = {.task = EBB_TASK_REGRESSION}},
      {"T t\n\nU,V,W\n", "b,b,Hc\n", NULL,
       .notes = "t:7: 2 fields, expected 3: as many as the header in line 3", .below = "1,2\n",
       .rows = 3},
      /* a number is not a title */
      {"5,,\n", "b,b,Hc\n", "0:number 1:number ->2:category",
       .notes = "1 row without a target left out (first: line 1)"},
      {"T 1\n", "b,Hc\n", "0:number ->T 1:category",
       .notes =
           "the header lacks one name; taken to be the first column's, as R writes row names"}};
  EXPECT_FOUND(cases);
}

static void test_names_in_two_lines(void **state) {
  (void)state;
  static const found_case cases[] = {
      {"U,V,W\nm/s,kg,-\n", "b,b,Hc\n", "U:number V:number ->W:category",
       .notes = "line 2, below the header in line 1, left out: it has no numbers, unlike the "
                "columns below"},
      {"U,V,X,W\n[cm],[cm],[cm],\n", "b,b,b,Hc\n", "U:number V:number X:number ->W:category",
       .notes = "line 2, below the header in line 1, left out: it has no numbers, unlike the "
                "columns below"},
      {",M,M,I\n,U,V,W\n", "a,b,b,Hc\n", "-0 U:number V:number ->W:category",
       .notes = "line 1, above the header in line 2, left out: it has no numbers, unlike the "
                "columns below|left out, row numbers: \"0\"; --keep 0 uses it"},
      {"U,V,W\n", "b,b,Hc\n", "U:number V:number ->W:category",
       .notes = "lines that repeat the header left out: 1, the first is line 32",
       .below = "U,V,W\n1,2,H1\n"},
      /* a word may represent a missing value */
      {"U,V,W\nunknown,unknown,H1\n", "b,b,Hc\n", NULL,
       .notes = "t:2: column \"U\": \"unknown\" is not a number*--na unknown"}};
  EXPECT_FOUND(cases);
}

static void test_beside_the_rows(void **state) {
  (void)state;
  static const found_case cases[] = {
      {"U,V,W\n", "b,b,Hc\n", "U:number V:number ->W:category",
       .notes = "lines that begin with #, among the rows, left out: 1, the first is line 32",
       .below = "# run 2\n1,2,H1\n"},
      {"U,V,W\n", "b,b,Hc\n", "U:number V:number ->W:category",
       .notes = "lines with a single text below the table left out: 2, the first is line 33",
       .below = "\nSource: the office\n(30 rows)\n"},
      {" U | V | W \n---+---+---\n", " b | b | Hc \n", "U:number V:number ->W:category",
       .notes = "1 row with delimiters only left out, the first in line 2"},
      /* a truncated row, at the end or before further rows */
      {"U,V,W\n", "new b,b,Hc\n", NULL, .notes = "t:32: 1 field, expected 3", .below = "new York"},
      {"U,V,W\n", "new b,b,Hc\n", NULL, .notes = "t:32: 1 field, expected 3",
       .below = "new York\nnew 1,2,H1\n"}};
  EXPECT_FOUND(cases);
}

static void test_labels_and_counts(void **state) {
  (void)state;
  static const found_case cases[] = {
      /* a shuffled index with gaps */
      {",U,W\n", "d,b,Hc\n", "-0 U:number ->W:category",
       .notes = "left out, a different whole number in each row: \"0\"; --keep 0 uses it"},
      {"index,U,W\n", "d,b,Hc\n", "-index U:number ->W:category",
       .notes = "left out, a different whole number in each row: \"index\"; --keep index uses it"},
      {"price,U,W\n", "d,b,Hc\n", "price:number U:number ->W:category", .notes = ""},
      {"year,U,W\n", "200a,b,Hc\n", "year:number U:number ->W:category", .notes = "", .rows = 9},
      {"t,U,W\n", "a,c,b\n", "t:number U:number ->W:number", .notes = "", .rows = 40},
      {"X,W\n", "a,b\n", "X:number ->W:number",
       .notes = "input \"X\" has a different whole number in each row; it is used because there is "
                "no other",
       .rows = 40},
      {"id,W\n", "a,b\n", NULL,
       .notes =
           "t: no column is left as an input: left out, row numbers: \"id\"; --keep id uses it",
       .rows = 40},
      {"U,V,id\n", "b,b,a\n", NULL,
       .notes = "t: the last column, \"id\", has row numbers and is hardly the target*--target",
       .rows = 40},
      {"U,V,user_id\n", "b,b,d\n", NULL,
       .notes = "t: the last column, \"user_id\", has a different whole number in each row",
       .rows = 40}};
  EXPECT_FOUND(cases);
}

static void test_missing(void **state) {
  (void)state;
  static const found_case cases[] = {
      {"U,V,W\n\\N,2,H0\n#DIV/0!,\\N,H1\nNaT,#REF!,H2\n", "b,b,Hc\n",
       "U:number V:number ->W:category", .notes = ""},
      {"U,V,W\n0000-00-00,2,H0\n", "2021-01-11,b,Hc\n", "U:date V:number ->W:category",
       .notes = "texts read as numbers: \"U\" (dates, y-m-d); --categorical U makes it categories",
       .rows = 9},
      /* a seventh of a column is not a number, too much to guess */
      {"U,V,W\n-,2,H0\n-,2,H0\n-,2,H0\n-,2,H0\n-,2,H0\n", "d,b,Hc\n", NULL,
       .notes = "t:2: column \"U\": \"-\" is not a number, unlike 30 of 35 values: --na - if it "
                "stands for a "
                "missing value, --categorical U if all are categories"},
      {"U u,V,W\nnot known,2,H0\n<1,2,H0\n", "d,b,Hc\n", NULL,
       .notes = "--na 'not known,<1' if these texts stand*--categorical 'U u'"},
      {"U,V,W\n-999,2,H0\n-999,2,H0\n-999,2,H0\n", "b,b,Hc\n", "U:number V:number ->W:category",
       .notes =
           "one number is far from all others: \"U\" (-999 in 3 rows, all others are 0.1 to 10.8); "
           "--na -999 if it means a missing value"},
      {"U,V,W\n-5,2,H0\n-5,2,H0\n-5,2,H0\n", "b,b,Hc\n", "U:number V:number ->W:category",
       .notes = ""},
      {"U,V,W\n", "b,inf,Hc\n", NULL, .notes = "\"inf\" is not a finite number; --na inf if"},
      {"U,V,W\n1e300,2,H0\n", "b,b,Hc\n", NULL, .notes = "1e+300 is too large*3.4e38"}};
  EXPECT_FOUND(cases);
}

static void test_texts_that_are_nearly_numbers(void **state) {
  (void)state;
  static const found_case cases[] = {
      {"U,V,W\nnull km,2,H0\n", "d km,b,Hc\n", "-U V:number ->W:category",
       .notes =
           "left out, texts that are not all numbers or dates: \"U\" (30 of 31 texts are numbers "
           "in "
           "km, \"null km\" is not); --na TEXT if one means a missing value, --keep U uses them as "
           "they are"},
      {"V,W\n2,null km\n", "b,d km\n", NULL,
       .notes = "t: the last column, \"W\", has 31 different texts in 31 rows (30 are numbers in "
                "km, \"null "
                "km\" is not) and is hardly"},
      {"U;V;W\n", "d,5 km;b;Hc\n", NULL,
       .notes =
           "t:2: column \"U\": \"0,5 km\" has a decimal comma; read such numbers with --decimal ,"},
      /* the commas of amounts are not delimiters */
      {"U;V;W\n", "d,5 \xe2\x82\xac;9 5c3,50;He\n", "U:amount V:amount ->W:category",
       .notes =
           "texts read as numbers: \"U\" (numbers in \xe2\x82\xac), \"V\" (numbers with grouped "
           "digits); --categorical U makes it categories",
       .options = {.decimal = ','}},
      {"U;V;W\n", "d,5 \xe2\x82\xac;9 5c3,50;He\n", NULL,
       .notes =
           "t:2: column \"U\": \"0,5 \xe2\x82\xac\" has a decimal comma; read such numbers with "
           "--decimal ,"},
      {"U\tV  W\n", "b\t b  Hc\n", "U:number V:number ->W:category", .notes = ""}};
  EXPECT_FOUND(cases);
}

/* Whole numbers under a name that suggests categories; the same under another name, and amounts. */
static void test_codes(void **state) {
  (void)state;
  static const struct {
    const char *header;
    int kinds;
    const char *notes;
  } cases[] = {{"season,V,W\n", 4,
                "whole numbers that may be codes: \"season\" (1 to 4); --categorical season makes "
                "them categories"},
               {"entry_code,V,W\n", 3,
                "whole numbers that may be codes: \"entry_code\" (1 to 3); --categorical "
                "entry_code makes them categories"},
               {"depth,V,W\n", 4, ""},
               {"season,V,W\n", 2, ""},
               {"season,V,W\n", 11, ""}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char text[1024];
    int used = sprintf(text, "%s", cases[i].header);
    for (int row = 0; row < 44; row++)
      used += sprintf(text + used, "%d,%d.5,%d.25\n", 1 + row % cases[i].kinds, row, 44 - row);
    ebb_table *t = table_of(text, NULL);
    expect_notes(t, cases[i].notes);
    ebb_table_free(t);
  }
}

static void test_doubts(void **state) {
  (void)state;
  static const found_case cases[] = {
      {"U,V,W\n1,Male,yes\n2,male,no\n3,f,Yes\n", "b,f,no\n", "U:number V:category ->W:category",
       .notes = "texts that differ only in capitals are different categories: \"V\" (\"Male\", "
                "\"male\")|!target \"W\": \"Yes\" and \"yes\" differ only in capitals and are two "
                "classes; if they are the same, merge them in the file"},
      {"zip,V,W\n", "0213c,b,He\n", "zip:number V:number ->W:category",
       .notes = "numbers with leading zeros, like codes: \"zip\" (in 30 rows); --categorical "
                "zip makes "
                "them categories"},
      {"U,V,W\n", "He,b,b\n", "U:category V:number ->W:number",
       .notes =
           "!the last row, in line 32, has \"Total\" in column \"U\": delete it if it sums up the "
           "others",
       .below = "Total,170.5,165.5\n"},
      {"U,V,W\n", "Gc,b,Hc\n", "U:category V:number ->W:category",
       .notes = "!column \"U\" has one value for each class of target \"W\": --drop U if it is the "
                "same in "
                "other words"},
      {"U,V,W\n", "b,d,b\n", "U:number V:number ->W:number",
       .notes = "!column \"U\" has one value for each value of target \"W\": --drop U if it is the "
                "same in "
                "other words",
       .rows = 40}};
  EXPECT_FOUND(cases);
}

/* If the values make the header certain, there is no note about it. */
static void test_clear_headers(void **state) {
  (void)state;
  static const found_case cases[] = {
      {"U,V,W\n", "Hc,Ge,Wg\n", "U:category V:category ->W:category", .notes = "", .rows = 60},
      {"H0,G1,W1\n", "Hc,Ge,Wg\n", "0:category 1:category ->2:category", .notes = "", .rows = 60},
      {"H0,G1,W1\n", "Hc,Ge,Wg\n", "0:category 1:category ->2:category",
       .notes = "line 1 is taken for data; if it names the columns: --header", .rows = 3}};
  EXPECT_FOUND(cases);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_titles),          cmocka_unit_test(test_names_in_two_lines),
      cmocka_unit_test(test_beside_the_rows), cmocka_unit_test(test_labels_and_counts),
      cmocka_unit_test(test_missing),         cmocka_unit_test(test_texts_that_are_nearly_numbers),
      cmocka_unit_test(test_codes),           cmocka_unit_test(test_doubts),
      cmocka_unit_test(test_clear_headers)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
