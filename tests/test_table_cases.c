/* Real files, skipped if the folders are missing: the expected table and notes of each. */
#include "test_data.h"

/* The table's own notes; the reader's notes on the format are left out. */
static void join_notes(char out[1024], const ebb_table *t) {
  out[0] = '\0';
  for (size_t i = t->raw.notes.count; i < ebb_table_notes(t); i++) {
    size_t used = strlen(out);
    snprintf(out + used, 1024 - used, "%s%s", used ? "|" : "", ebb_table_note(t, i).text);
  }
}

typedef struct real_case {
  const char *name, *summary, *notes;
  ebb_read_options options;
} real_case;

static const real_case cases[] = {
    {"cases/03-car-5more/car_shuffled.data",
     "432 rows, 4 text columns, target \"4\": 3 classes (text)",
     "taken as categories: \"1\" (numbers and texts, like \"5more\"), \"2\" (numbers and texts, "
     "like "
     "\"more\"); --na TEXT if one means a missing value, --drop 1 leaves it out",
     {0}},
    {"cases/04-trailing-comma/every_row.csv",
     "200 rows below a header, 3 numeric columns, 1 column left out, target \"diagnosis\": 2 "
     "classes "
     "(text)",
     "left out, a different whole number in each row: \"id\"; --keep id uses it",
     {.target = "diagnosis"}},
    {"cases/05-european/air.csv",
     "400 rows below a header, 3 numeric columns, 1 amount column, 1 date column, target \"RH\": "
     "regression (numbers with fractions)",
     "texts read as numbers: \"Datum\" (dates, d-m-y), \"Zeit\" (times, as hours); --categorical "
     "Datum "
     "makes it categories|one number is far from all others: \"CO\" (-200 in 39 rows, all others "
     "are 0 to 5); --na "
     "-200 if it means a missing value",
     {.target = "RH", .decimal = ','}},
    {"cases/06-numeric-header/spectra.csv",
     "6 rows below a header, 3 numeric columns, 1 column left out, target \"classification\": 2 "
     "classes (text)",
     "left out, a different whole number in each row: \"sample_id\"; --keep sample_id uses it",
     {.target = "classification"}},
    {"cases/07-id-leak/pandas_index.csv",
     "300 rows below a header that lacks the first column's name, 3 numeric columns, 1 column left "
     "out, target \"Type\": 4 classes (4 distinct integers)",
     "left out, row numbers: \"0\"; --keep 0 uses it",
     {0}},
    {"cases/08-whitespace/auto-mpg.data",
     "398 rows, 5 numeric columns, 1 column left out, target \"0\": regression (numbers with "
     "fractions)",
     "left out, names or free text: \"6\" (392 different texts in 398 rows); --keep 6 uses it",
     {.target = "0"}},
    {"cases/15-multi-target/energy.csv",
     "600 rows below a header, 3 numeric columns, targets \"Y1\", \"Y2\": regression of 2 values",
     "",
     {.target = "Y1,Y2"}},
    {"cases/20-numbers-as-text/currency.csv",
     "200 rows below a header, 3 amount columns, target \"y\": 2 classes (2 distinct integers)",
     "texts read as numbers: \"price\" (numbers in $), \"discount\" (numbers in %), \"km\" "
     "(numbers in "
     "km); --categorical price makes it categories",
     {0}},
    {"cases/20-numbers-as-text/dates.csv",
     "330 rows below a header, 1 numeric column, 1 date column, target \"y\": regression (numbers "
     "with "
     "fractions)",
     "texts read as numbers: \"date\" (dates, y-m-d); --categorical date makes it categories",
     {0}},
    {"cases/22-row-names/all.tsv",
     "400 rows below a header, 3 numeric columns, 1 column left out, target \"class\": 2 classes "
     "(text)",
     "left out, names or free text: \"name\" (400 different texts in 400 rows); --keep name uses "
     "it",
     {0}},
    {"data/iris.csv", "150 rows, 4 numeric columns, target \"4\": 3 classes (text)", "", {0}},
    {"data/sonar.csv", "208 rows, 60 numeric columns, target \"60\": 2 classes (text)", "", {0}},
    {"data/banknote_authentication.csv",
     "1372 rows, 4 numeric columns, target \"4\": 2 classes (2 distinct integers)",
     "",
     {0}},
    {"data/abalone.csv",
     "4177 rows, 7 numeric columns, 1 text column, target \"8\": regression (28 distinct integers)",
     "target \"8\": 28 distinct whole numbers: regression; --task classification if they are codes",
     {0}},
    {"data/winequality-white.csv",
     "4898 rows, 11 numeric columns, target \"11\": 7 classes (7 distinct integers)",
     "target \"11\": 7 distinct whole numbers: 7 classes; --task regression if they are amounts",
     {0}},
    {"data/german.csv",
     "1000 rows, 7 numeric columns, 13 text columns, target \"20\": 2 classes (2 distinct "
     "integers)",
     "",
     {0}},
    {"data/horse-colic.csv",
     "300 rows, 27 numeric columns, 1605 missing values, target \"27\": 2 classes (2 distinct "
     "integers)",
     "numbers with leading zeros, like codes: \"24\" (in 286 rows), \"25\" (in 300 rows), "
     "\"26\" (in 300 rows); --categorical 24 makes them categories",
     {0}},
    {"data/optdigits.tra",
     "3823 rows below a header that lacks the first column's name, 64 numeric columns, target "
     "\"class\": 10 classes (10 distinct integers)",
     "",
     {0}},
};

static void test_files(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    char path[512], notes[1024];
    ebb_table *t;
    ebb_read_options options = cases[i].options;
    options.size = sizeof options;
    if (ebb_table_read(&t, real_file(path, cases[i].name), &options))
      fail_msg("%s", ebb_error_message());
    if (strcmp(ebb_table_summary(t), cases[i].summary) != 0)
      fail_msg("%s: %s", cases[i].name, ebb_table_summary(t));
    join_notes(notes, t);
    if (strcmp(notes, cases[i].notes) != 0) fail_msg("%s: %s", cases[i].name, notes);
    ebb_table_free(t);
  }
}

/* The last of several named columns is not taken for the target without a note. */
static void test_refused(void **state) {
  (void)state;
  char path[512];
  ebb_table *t;
  real_file(path, "cases/08-whitespace/auto-mpg.data");
  expect_message(ebb_table_read(&t, path, NULL), "the last column, \"6\", has 392*--target NAME");
}

static void test_labels(void **state) {
  (void)state;
  static const struct {
    const char *name, *target;
  } labels[] = {{"y_bool", "classification labels (2 distinct integers): 0 1"},
                {"y_f32", "classification labels (2 distinct integers): 0 1"},
                {"y_from1", "classification labels (2 distinct integers): 1 2"},
                {"y_pm1", "classification labels (2 distinct integers): -1 1"},
                {"y_onehot", "classification 0 1 (a single 1 per row in 2 columns): 0 1"},
                {"y_str", "classification labels (text): no yes"},
                {"y_counts", "regression labels (98 distinct integers)"}};
  for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
    char data[512], path[512], name[64], found[512];
    ebb_table *t;
    snprintf(name, sizeof name, "cases/09-npy-forms/%s.npy", labels[i].name);
    real_file(data, "cases/09-npy-forms/x_c.npy");
    if (ebb_table_read(
            &t, data,
            &(ebb_read_options){.size = sizeof(ebb_read_options), .labels = real_file(path, name)}))
      fail_msg("%s", ebb_error_message());
    describe_target(found, t);
    assert_string_equal(found, labels[i].target);
    ebb_table_free(t);
  }
}

/* A model's columns in a file without target, with other names for an unused column, and with an
 * additional column. */
static void test_new_files(void **state) {
  (void)state;
  static const struct {
    const char *trained, *given, *notes;
    size_t rows, cols;
  } pairs[] = {
      {"12-unknown-category/train.csv", "12-unknown-category/new.csv", "", 3, 2},
      {"12-unknown-category/train.csv", "12-unknown-category/with_id.csv",
       "column ignored, since the model was trained without: \"id\"; --id passes one through", 2,
       2},
      {"20-numbers-as-text/currency.csv", "20-numbers-as-text/currency_new.csv", "", 1, 3},
      {"22-row-names/all.tsv", "22-row-names/new.tsv", "", 20, 3}};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    char path[512], name[128], notes[1024];
    ebb_table *trained, *given;
    snprintf(name, sizeof name, "cases/%s", pairs[i].trained);
    if (ebb_table_read(&trained, real_file(path, name), NULL)) fail_msg("%s", ebb_error_message());
    ebb_encoder *encoder = encoder_of(trained, NULL);
    snprintf(name, sizeof name, "cases/%s", pairs[i].given);
    ebb_read_options options = {
        .size = sizeof(ebb_read_options), .encoder = encoder, .ignore_target = true};
    if (ebb_table_read(&given, real_file(path, name), &options))
      fail_msg("%s", ebb_error_message());
    assert_int_equal(ebb_table_rows(given), pairs[i].rows);
    assert_int_equal(ebb_table_columns(given), pairs[i].cols);
    join_notes(notes, given);
    assert_string_equal(notes, pairs[i].notes);
    ebb_dataset rows = dataset_of(encoder, given);
    ebb_dataset_clear(&rows);
    ebb_encoder_free(encoder);
    ebb_table_free(trained);
    ebb_table_free(given);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_files), cmocka_unit_test(test_refused),
                                     cmocka_unit_test(test_labels),
                                     cmocka_unit_test(test_new_files)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
