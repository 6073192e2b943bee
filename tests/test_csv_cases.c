/* Real files, skipped if the folder is missing: each row gives the expected result of a file. */
#include "raw_rig.h"

typedef struct real_case {
  const char *name, *start; /* of the description, or all of it */
  ebb_read_options options;
} real_case;

static void expect_case(const char *folder, const real_case *c, raw_reader *reader) {
  char found[8192], path[128];
  size_t size;
  ebbi_raw raw;
  snprintf(path, sizeof path, "%s%s", folder, c->name);
  char *bytes = real_bytes(&size, path);
  ebb_status status = read_raw(reader, &raw, bytes, size, &c->options, NULL);
  free(bytes);
  if (c->start[0] == '!') {
    ebbi_raw_free(&raw);
    expect_message(status, c->start + 1);
    return;
  }
  if (status != EBB_OK) fail_msg("%s", ebb_error_message());
  describe_raw(found, sizeof found, &raw);
  ebbi_raw_free(&raw);
  if (strncmp(found, c->start, strlen(c->start)) != 0)
    fail_msg("%s: %s; expected: %s", c->name, found, c->start);
}

static const real_case cases[] = {
    {"03-car-5more/car_shuffled.data", "432x5 0:text 1:text 2:text 3:text 4:text", {0}},
    {"04-trailing-comma/every_row.csv",
     "200x5 header id:number diagnosis:text radius:number texture:number area:number",
     {.target = "diagnosis"}},
    {"04-trailing-comma/header_only.csv",
     "200x5 header id:number diagnosis:text radius:number texture:number area:number",
     {.target = "diagnosis"}},
    {"04-trailing-comma/target_then_comma.csv",
     "200x4 header radius:number texture:number area:number diagnosis:text",
     {.target = "diagnosis"}},
    {"05-european/comma.csv",
     "400x4 header CO:number S1:number T:number RH:number",
     {.target = "RH", .decimal = ','}},
    {"05-european/comma.csv", "!t:2: column \"CO\": \"0,9\" has a decimal comma*--decimal ,", {0}},
    {"05-european/air.csv",
     "400x6 header Datum:text Zeit:text CO:number S1:number T:number RH:number",
     {.target = "RH", .decimal = ','}},
    {"05-european/air.csv", "!t:2: column \"CO\": \"0,9\" has a decimal comma", {0}},
    {"05-european/sep.csv", "400x4 header CO:number S1:number T:number RH:number", {0}},
    {"05-european/point_emptyrows.csv", "400x4 header CO:number S1:number T:number RH:number", {0}},
    {"05-european/point_trailing.csv", "400x4 header CO:number S1:number T:number RH:number", {0}},
    {"06-numeric-header/noindex.csv", "150x4 header 0:number 1:number 2:number 3:number", {0}},
    {"06-numeric-header/wavelengths.csv",
     "150x4 header 400:number 410:number 420:number class:number",
     {0}},
    {"06-numeric-header/index.csv",
     "150x5 header unnamed 0-:number 0:number 1:number 2:number 3:number",
     {0}},
    {"06-numeric-header/years.csv",
     "120x5 header region:text 2018:number 2019:number 2020:number income:text",
     {.target = "income"}},
    {"06-numeric-header/years.csv",
     "120x5 header region:text 2018:number 2019:number 2020:number income:text",
     {0}},
    {"06-numeric-header/blank_name.csv",
     "120x5 header region:text a:number 2-:number c:number income:text",
     {.target = "income"}},
    {"06-numeric-header/spectra.csv",
     "6x5 header sample_id:number 9.99:number 9.98:number 9.97:number classification:text",
     {.target = "classification"}},
    {"07-id-leak/pandas_index.csv", "300x5 header 0-:number f1:number", {0}},
    {"08-whitespace/auto-mpg.data",
     "398x7 0:number 1:number 2:number 3:number 4:number 5:number 6:text",
     {0}},
    {"08-whitespace/housing.data", "398x4 0:number 1:number 2:number 3:number", {0}},
    {"13-na-is-a-value/countries.csv",
     "200x3 header country:text gdp:number zone:text",
     {.na = ""}},
    {"13-na-is-a-value/excel_na.csv", "60x3 header a:number b:number y:number", {0}},
    {"13-na-is-a-value/none_first.csv", "60x3 header a:number b:number y:number", {0}},
    {"16-encodings-formats/savetxt.csv", "60x3 header a:number b:number y:number", {0}},
    {"16-encodings-formats/latin1.csv", "!t:1: byte*not UTF-8*--encoding latin1", {0}},
    {"20-numbers-as-text/currency.csv",
     "200x4 header price:text discount:text km:text y:number",
     {0}},
    {"20-numbers-as-text/currency_new.csv", "1x3 header price:text discount:text km:text", {0}},
    {"20-numbers-as-text/dates.csv", "330x3 header date:text temp:number y:number", {0}},
    {"22-row-names/all.tsv",
     "400x5 header name:text in1:number in2:number in3:number class:text",
     {0}},
    {"22-row-names/new.tsv", "20x4 header name:text in1:number in2:number in3:number", {0}}};

static void test_cases(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(cases); i++) expect_case("cases/", &cases[i], ebbi_csv_read);
  const real_case arff = {
      "16-encodings-formats/iris-like.arff", "40x3 header a:number b:number class:text", {0}};
  expect_case("cases/", &arff, ebbi_arff_read);
}

static const real_case tables[] = {
    {"iris.csv", "150x5 0:number 1:number 2:number 3:number 4:text", {0}},
    {"sonar.csv", "208x61 0:number", {0}},
    {"banknote_authentication.csv", "1372x5 0:number", {0}},
    {"abalone.csv", "4177x9 0:text 1:number", {0}},
    {"horse-colic.csv", "300x28 0:number 1:number", {0}},
    {"optdigits.tra", "3823x65 header 0-:number a:number z:number", {0}},
    {"auto-mpg.csv", "398x8 header mpg:number cylinders:number", {0}},
    {"energy.csv", "768x10 header X1:number X2:number", {0}},
    {"german.csv", "1000x21 0:text 1:number 2:text", {0}},
    {"glass.csv", "214x10 0:number", {0}},
    {"phoneme.csv", "5404x6 0:number", {0}},
    {"segment.csv", "2310x20 header a:number z:number", {0}},
    {"winequality-white.csv", "4898x12 0:number", {0}}};

static void test_tables(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    expect_case("data/", &tables[i], ebbi_csv_read);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_tables)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
