/* Whether line 1 is recognised as a header: each kind of evidence, alone and against others. */
#include "raw_rig.h"

static void test_numbers_and_texts(void **state) {
  (void)state;
  expect_columns("1,2,a\n3,4,b\n", NULL, "2x3 0:number 1:number 2:text");
  expect_columns("M,0.5,a\nF,0.7,b\n", NULL, "2x3 0:text 1:number 2:text");
  expect_columns("?,0.5,a\nF,0.7,b\n", NULL, "2x3 0:text 1:number 2:text");
  expect_columns("1,2\n", NULL, "1x2 0:number 1:number");
  expect_columns("a,b\n?,2\n", NULL, "1x2 header a:number b:number");
  expect_columns("400,410,class\n5,2,0\n6,3,1\n", NULL,
                 "2x3 header 400:number 410:number class:number");
  expect_columns("a,,c,d\n1,2,3,4\n", NULL, "1x4 header a:number 1-:number c:number d:number");
  expect_columns("400,410,7\n5,2,x\n6,3,y\n7,3,x\n", NULL,
                 "3x3 header 400:number 410:number 7:text");
  expect_columns("2021-01-01,1\n2021-01-02,2\n", NULL, "2x2 0:text 1:number");
  expect_columns("1st_floor,2b\n1,2\n3,4\n", NULL, "2x2 header 1st_floor:number 2b:number");
  expect_columns("5more,2\n3,4\n5more,7\n", NULL, "3x2 0:text 1:number");
  expect_columns("\xe6\xb8\xa9"
                 "1,\xe6\xb8\xa9"
                 "2\n1,2\n",
                 NULL,
                 "1x2 header \xe6\xb8\xa9"
                 "1:number \xe6\xb8\xa9"
                 "2:number");
  expect_columns("\"1,234\",5\n\"999\",6\n", NULL, "2x2 0:text 1:number");
  expect_columns("price\n$1\n$2\n", NULL, "2x1 header price:text");
  expect_columns("K,NA,Mg\n1,x,3\n4,y,6\n", NULL, "2x3 header K:number NA:text Mg:number");
}

static void test_texts_only(void **state) {
  (void)state;
  expect_columns("colour,taste\nred,good\ngreen,bad\n", NULL, "2x2 header colour:text taste:text");
  expect_columns("red,good\ngreen,bad\nred,bad\n", NULL, "3x2 0:text 1:text");
  expect_columns("x,x,win\no,o,lost\n", NULL, "2x3 0:text 1:text 2:text");
  expect_columns(",a,b\n0,1,2\n1,3,4\n", NULL, "2x3 header 0-:number a:number b:number");
  expect_columns("a,b\nc,d\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .header = EBB_HEADER_NO},
                 "2x2 0:text 1:text");
  expect_csv_notes("colour,taste\nred,good\ngreen,bad\n", NULL, "--no-header");
  expect_csv_notes("red,good\ngreen,bad\nred,bad\n", NULL, "--header");
  expect_csv_notes("a,b\n1,2\n", NULL, "");
}

/* Names that are years, above numbers: only text columns decide, if they repeat a few values. */
static void test_few_values(void **state) {
  (void)state;
  char text[1024] = "region,2018,2019\n";
  for (int i = 0; i < 20; i++)
    strcat(text, i % 2 ? "east,0.5,1\n" : i % 4 ? "west,0.7,2\n" : "north,3,4\n");
  expect_columns(text, NULL, "20x3 header region:text 2018:number 2019:number");
  expect_csv_notes(text, NULL, "line 1 is taken for the header; if it is data: --no-header");
  expect_columns(text,
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .header = EBB_HEADER_NO},
                 "21x3 0:text 1:number 2:number");
  strcat(text, "region,1,2\n");
  expect_columns(text, NULL, "22x3 0:text 1:number 2:number");
  expect_columns("ann,2018,2019\nbob,1,2\ncid,3,4\n", NULL, "3x3 0:text 1:number 2:number");
  expect_columns("2019,2020,income\n1,2,high\n2,3,low\n3,4,high\n", NULL,
                 "3x3 header 2019:number 2020:number income:text");
}

static void test_positions(void **state) {
  (void)state;
  expect_columns("0,1,2,3\n5.2,2.5,1.2,0\n6,3,4,1\n", NULL,
                 "2x4 header 0:number 1:number 2:number 3:number");
  expect_columns(",0,1,2\n0,5.2,2.5,0\n1,6,3,1\n", NULL,
                 "2x4 header unnamed 0-:number 0:number 1:number 2:number");
  expect_columns("0,1,3\n5.2,2.5,1.2\n", NULL, "2x3 0:number 1:number 2:number");
  expect_columns("0,1\n1,0\n1,1\n", NULL, "3x2 0:number 1:number");
  expect_columns("0,1\n0.5,0\n1.5,1\n", NULL, "2x2 header 0:number 1:number");
  expect_csv_notes("0,1,2\n5.2,2.5,1.2\n", NULL, "line 1 is taken for the header");
}

static void test_conflicting_evidence(void **state) {
  (void)state;
  expect_columns("unknown,5,red\n4,5,red\n5,6,blue\n", NULL, "3x3 0:text 1:number 2:text");
  expect_csv_notes("unknown,5,red\n4,5,red\n5,6,blue\n", NULL, "--header");
  expect_columns("w,h,red\n4,5,red\n5,6,blue\n", NULL, "2x3 header w:number h:number red:text");
  expect_csv_notes("w,h,red\n4,5,red\n5,6,blue\n", NULL, "--no-header");
}

static void test_names_asked_for(void **state) {
  (void)state;
  const char *text = "red,2\nred,3\nblue,4\n";
  expect_columns(text, NULL, "3x2 0:text 1:number");
  const char *header = "2x2 header red:text 2:number";
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "red"},
                 header);
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "x, red"},
                 header);
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .id = "red"}, header);
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .drop = "red"},
                 header);
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .keep = "red"},
                 header);
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .numeric = "red"},
                 header);
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .categorical = "red"},
                 header);
  expect_columns(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "2"},
                 "3x2 0:text 1:number");
  expect_columns(text,
                 &(ebb_read_options){
                     .size = sizeof(ebb_read_options), .target = "red", .header = EBB_HEADER_NO},
                 "3x2 0:text 1:number");
  expect_columns("1,2\n3,4\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .header = EBB_HEADER_YES},
                 "1x2 header 1:number 2:number");
  expect_columns("# red, 1\n3,4\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "red"},
                 "1x2 header red:number 1:number");
}

static ebbi_names names_of(const char *const *texts, size_t count) {
  ebbi_names names = {0};
  for (size_t i = 0, index; i < count; i++)
    assert_int_equal(ebbi_names_add(&names, &index, texts[i]), EBB_OK);
  return names;
}

static void test_encoders(void **state) {
  (void)state;
  ebb_encoder e = {.columns = 3, .named = true};
  e.names = names_of((const char *const[]){"u", "v", "w"}, 3);
  const ebb_read_options options = {.size = sizeof(ebb_read_options), .encoder = &e};
  expect_columns("v,u,w\na,b,c\n", &options, "1x3 header v:text u:text w:text");
  expect_columns("v,u,more\na,b,c\n", &options, "1x3 header v:text u:text more:text");
  expect_columns("v,x,y\na,b,c\n", &options, "2x3 0:text 1:text 2:text");
  expect_columns("x,y,z\n1,2,3\n", &options, "1x3 header x:number y:number z:number");
  ebbi_names_free(&e.names);
  e.names = names_of((const char *const[]){"0", "1", "2"}, 3);
  expect_columns("2,0,1\n5,6,7\n", &options, "1x3 header 2:number 0:number 1:number");
  expect_columns("0,0,1\n5,6,7\n", &options, "2x3 0:number 1:number 2:number");
  e.named = false;
  expect_columns("v,u,w\na,b,c\n", &options, "2x3 0:text 1:text 2:text");
  expect_columns("1,2,\n3,4,\n", &options, "2x3 0:number 1:number 2:number");
  ebbi_names_free(&e.names);
}

/* A header with one name too few, as R writes it, is recognised from two rows. */
static void test_short_headers(void **state) {
  (void)state;
  expect_columns("a,class\nr1,2,3\nr2,5,6\n", NULL, "2x3 header 0-:text a:number class:number");
  expect_csv_notes("a,class\nr1,2,3\nr2,5,6\n", NULL, "the header lacks one name");
  expect_csv_refused("a,class\n1,2,3\n", NULL,
                     "t:2: 3 fields, expected 2: as many as the header in line 1");
  expect_csv_refused("a,class\n1,2,3\n4,5\n", NULL, "t:2: 3 fields, expected 2");
  expect_csv_refused("a,b,class\n1,2,3,4,5\n1,2,3,4,5\n", NULL,
                     "t:1: the header has 3 names, the rows 5 fields");
  expect_csv_refused("a,b,c\n1,2\n3,4\n", NULL,
                     "t:2: 2 fields, expected 3: as many as the header in line 1");
}

static void test_repeated_names(void **state) {
  (void)state;
  expect_csv_refused("a,a,b\n1,2,3\n", NULL, "t:1: two columns are named \"a\"; rename one");
  expect_csv_refused(
      "x,x\na,b\n", &(ebb_read_options){.size = sizeof(ebb_read_options), .header = EBB_HEADER_YES},
      "t:1: two columns are named \"x\"");
  expect_columns("1,,,unnamed 1\n5,6,7,8\n9,8,7,6\n",
                 &(ebb_read_options){.size = sizeof(ebb_read_options), .header = EBB_HEADER_YES},
                 "2x4 header 1:number unnamed 1 (2)-:number 2-:number unnamed 1:number");
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_numbers_and_texts),
                                     cmocka_unit_test(test_texts_only),
                                     cmocka_unit_test(test_few_values),
                                     cmocka_unit_test(test_positions),
                                     cmocka_unit_test(test_conflicting_evidence),
                                     cmocka_unit_test(test_names_asked_for),
                                     cmocka_unit_test(test_encoders),
                                     cmocka_unit_test(test_short_headers),
                                     cmocka_unit_test(test_repeated_names)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
