/* Encoders of categories: which get an input, the input of all others, and unknown categories;
 * codes and numbers for embeddings. */
#include "table_rig.h"

enum { MAX_ROWS = 1024 };

/* A column "k" in which text number i ("t000", …) occurs in counts[i] rows, in turn. */
static ebb_table *texts_of(const size_t *counts, size_t count) {
  static char names[200][24];
  const char *texts[MAX_ROWS];
  size_t rows = 0, most = 0;
  for (size_t i = 0; i < count; i++) {
    snprintf(names[i], sizeof names[i], "t%03zu", i);
    if (counts[i] > most) most = counts[i];
  }
  for (size_t turn = most;
       turn-- > 0;) /* the last name first, so that the list is not in file order */
    for (size_t i = count; i-- > 0;)
      if (turn < counts[i]) texts[rows++] = names[i];
  ebb_table *t = rig_table(rows);
  rig_texts(t, "k", texts);
  return t;
}

static void test_golden(void **state) {
  (void)state;
  ebb_table *t = rig_table(4);
  rig_texts(t, "k", (const char *[]){"b", "a", "b", "c"});
  ebb_encoder *e = encoder_of(t, NULL);
  expect_inputs(e, t, (double[]){0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}, 3);
  ebb_encoder_free(e);
  const size_t rows[2] = {0, 2};
  assert_int_equal(ebb_encoder_fit(&e, t, rows, 2, NULL), EBB_OK);
  assert_int_equal(e->features[0].categories.count, 3); /* those of the table, not of the rows */
  assert_int_equal(e->features[0].fill_category, 1);
  ebb_encoder_free(e);
  rig_keep(t, rows, 2);
  e = encoder_of(t, NULL);
  assert_int_equal(e->features[0].categories.count, 1); /* rows that are not kept have none */
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_which_are_listed(void **state) {
  (void)state;
  static const struct {
    size_t count, rows; /* categories, and rows of each */
    size_t more, fewer; /* further categories, and rows of each */
    size_t listed;
    bool other;
  } cases[] = {{20, 1, 0, 0, 20, false},  {21, 1, 0, 0, 20, true},  {21, 5, 0, 0, 21, false},
               {20, 5, 9, 4, 20, true},   {25, 5, 9, 4, 25, true},  {100, 5, 0, 0, 100, false},
               {101, 5, 0, 0, 100, true}, {19, 9, 1, 1, 20, false}, {3, 9, 40, 2, 20, true}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    size_t counts[200], total = cases[i].count + cases[i].more;
    for (size_t k = 0; k < total; k++)
      counts[k] = k < cases[i].more ? cases[i].fewer : cases[i].rows; /* rare ones first by name */
    ebb_table *t = texts_of(counts, total);
    ebb_encoder *e = encoder_of(t, NULL);
    const ebbi_feature *f = &e->features[0];
    assert_int_equal(f->categories.count, cases[i].listed);
    assert_int_equal(f->other, cases[i].other);
    assert_int_equal(ebb_encoder_inputs(e), cases[i].listed + cases[i].other);
    for (size_t k = 1; k < f->categories.count; k++)
      assert_true(strcmp(f->categories.items[k - 1], f->categories.items[k]) < 0);
    ebb_dataset d = dataset_of(e, t);
    for (size_t r = 0; r < d.rows; r++) {
      float sum = 0;
      for (size_t k = 0; k < d.inputs; k++) sum += d.x[r * d.inputs + k];
      assert_true(sum == 1);
    }
    ebb_dataset_clear(&d);
    ebb_encoder_free(e);
    ebb_table_free(t);
  }
}

/* Rows outside the training do not make a category frequent. */
static void test_frequent_in_the_training_rows(void **state) {
  (void)state;
  size_t counts[30], rows[30];
  for (size_t k = 0; k < 30; k++) counts[k] = 6;
  ebb_table *t = texts_of(counts, 30);
  ebb_encoder *e = encoder_of(t, NULL);
  assert_int_equal(e->features[0].categories.count, 30);
  ebb_encoder_free(e);
  for (size_t i = 0; i < 30; i++) rows[i] = i;
  assert_int_equal(ebb_encoder_fit(&e, t, rows, 30, NULL), EBB_OK);
  assert_int_equal(e->features[0].categories.count, 20);
  assert_true(e->features[0].other);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_unknown(void **state) {
  (void)state;
  ebb_table *t = rig_table(3), *next = rig_table(4);
  rig_texts(t, "city", (const char *[]){"rome", "oslo", "rome"});
  rig_texts(t, "kind", (const char *[]){"a", "b", "c"});
  rig_texts(next, "city", (const char *[]){"oslo", "bonn", NULL, "rome"});
  rig_texts(next, "kind", (const char *[]){"c", "a", "a", "b"});
  ebb_encoder *e = encoder_of(
      t, &(ebb_encoder_options){.size = sizeof(ebb_encoder_options), .missing = EBB_MISSING_MOST});
  char text[200] = "?";
  assert_int_equal(ebb_encoder_unknown(text, sizeof text, e, t), 0);
  assert_string_equal(text, "");
  assert_int_equal(ebb_encoder_unknown(text, sizeof text, e, next), 1);
  assert_string_equal(text, "column \"city\": 1 of 3 values unknown (\"bonn\")");
  expect_inputs(e, next, (double[]){1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0}, 5);
  next->refuse_unknown = true;
  ebb_dataset d;
  expect_message(ebb_encoder_apply(&d, e, next, NULL, 0),
                 "t:3: column \"city\": \"bonn\" is not one of the 2 categories*--unknown refuse");
  assert_null(d.storage);
  ebb_encoder_free(e);
  ebb_table_free(t);
  ebb_table_free(next);
}

/* Several columns, more texts than are shown, and a text that is too short. */
static void test_unknown_in_words(void **state) {
  (void)state;
  ebb_table *t = rig_table(1), *next = rig_table(6);
  rig_texts(t, "k", (const char *[]){"a"});
  rig_texts(t, "l", (const char *[]){"a"});
  rig_texts(next, "k", (const char *[]){"p", "q", "p", "r", "s", "a"});
  rig_texts(next, "l", (const char *[]){"a", "a", "a", "a", "z\n", "z\n"});
  ebb_encoder *e = encoder_of(t, NULL);
  static const char whole[] = "column \"k\": 5 of 6 values unknown (\"p\", \"q\", \"r\", ...); "
                              "column \"l\": 2 of 6 values unknown (\"z?\")";
  char text[sizeof whole];
  for (size_t size = 0; size <= sizeof text; size++) {
    memset(text, '#', sizeof text);
    assert_int_equal(ebb_encoder_unknown(text, size, e, next), 7);
    if (size > 0) {
      assert_memory_equal(text, whole, size - 1);
      assert_int_equal(text[size - 1], '\0');
    }
    if (size < sizeof text) assert_int_equal(text[size], '#');
  }
  ebb_encoder_free(e);
  ebb_table_free(t);
  ebb_table_free(next);
}

/* If rare categories share an input, an unknown text belongs to them. */
static void test_others(void **state) {
  (void)state;
  size_t counts[21];
  for (size_t k = 0; k < 21; k++) counts[k] = k == 7 ? 1 : 2;
  ebb_table *t = texts_of(counts, 21), *next = rig_table(2);
  rig_texts(next, "k", (const char *[]){"new", "t007"});
  next->refuse_unknown = true;
  ebb_encoder *e = encoder_of(t, NULL);
  ebb_dataset d = dataset_of(e, next);
  assert_int_equal(d.inputs, 21);
  assert_true(d.x[20] == 1 && d.x[41] == 1 && d.x[0] == 0);
  char text[80];
  assert_int_equal(ebb_encoder_unknown(text, sizeof text, e, next), 0);
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_table_free(t);
  ebb_table_free(next);
}

/* ---- embeddings ---- */

static ebb_encoder_options embed(const char *list) {
  return (ebb_encoder_options){
      .size = sizeof(ebb_encoder_options), .missing = EBB_MISSING_INDICATOR, .embed = list};
}

static ebb_table *three_columns(void) {
  ebb_table *t = rig_table(4);
  rig_texts(t, "k", (const char *[]){"b", "a", "b", "c"});
  rig_numbers(t, "n", EBB_COLUMN_NUMBER, (const double[]){1, 3, 1, 3});
  rig_texts(t, "a,b=c", (const char *[]){"p", "q", "r", NULL});
  rig_texts(t, "l", (const char *[]){"y", "x", "y", "x"});
  return t;
}

/* Codes come first, grouped by size; a missing value has a code of its own. */
static void test_codes(void **state) {
  (void)state;
  ebb_table *t = three_columns();
  ebb_encoder_options options = embed("k=5,l=5");
  ebb_encoder *e = encoder_of(t, &options);
  expect_inputs(e, t, (double[]){1, 4, -1, 1, 0, 0, 0, 0, 3, 1, 0, 1, 0, 0,
                                 1, 4, -1, 0, 0, 1, 0, 2, 3, 1, 0, 0, 0, 1},
                7);
  ebb_embedding both = ebb_encoder_embedding(e, 0);
  assert_int_equal(ebb_encoder_embeddings(e), 1);
  assert_true(both.columns == 2 && both.categories == 5 && both.units == 5);
  ebb_encoder_free(e);
  options.embed = "all=2,none,a,b=c=9"; /* a name with a comma is the last entry */
  e = encoder_of(t, &options);
  expect_inputs(e, t, (double[]){0, 0, 1, 0, -1, 0, 1, 1, 1, 0, 0, 1, 1, 0,
                                 2, 0, 1, 0, -1, 0, 1, 3, 0, 0, 1, 1, 1, 0},
                7);
  char name[40];
  ebbi_encoder_input_name(name, sizeof name, e, 0);
  assert_string_equal(name, "a,b=c");
  ebbi_encoder_input_name(name, sizeof name, e, 6);
  assert_string_equal(name, "l=y");
  ebb_encoder_free(e);
  ebb_table_free(t);
}

/* The encoder is the same from its text, and an unknown category has no code. */
static void test_codes_of_new_rows(void **state) {
  (void)state;
  ebb_table *t = three_columns(), *next = rig_table(1);
  rig_classes(t, "y", (const char *[]){"u", "v", "u", "v"}, false);
  rig_texts(next, "k", (const char *[]){"new"});
  rig_numbers(next, "n", EBB_COLUMN_NUMBER, (const double[]){1});
  rig_texts(next, "a,b=c", (const char *[]){"r"});
  rig_texts(next, "l", (const char *[]){"y"});
  ebb_encoder_options options = embed("none,l=3,2=3,k=4");
  ebb_encoder *e = encoder_of(t, &options), *again;
  char *text, error[80];
  assert_int_equal(ebb_encoder_to_json(&text, e), EBB_OK);
  assert_int_equal(ebb_encoder_from_json(&again, text), EBB_OK);
  expect_inputs(e, next, (double[]){-1, 2, 5, -1}, 4);
  expect_inputs(again, next, (double[]){-1, 2, 5, -1}, 4);
  assert_int_equal(ebb_encoder_unknown(error, sizeof error, again, next), 1);
  assert_int_equal(ebb_encoder_embeddings(again), 2);
  assert_int_equal(ebb_encoder_embedding(again, 1).categories, 6);
  assert_int_equal(ebb_encoder_embedding(again, 2).units, 0);
  assert_int_equal(ebb_encoder_column_units(again, 0), 4);
  assert_int_equal(ebb_encoder_column_units(again, 1), 0);
  free(text);
  ebb_encoder_free(e);
  ebb_encoder_free(again);
  ebb_table_free(t);
  ebb_table_free(next);
}

/* Numbers for a periodic embedding come after the codes; what says that one is missing does not. */
static void test_numbers_in_front(void **state) {
  (void)state;
  ebb_table *t = three_columns();
  rig_numbers(t, "m", EBB_COLUMN_NUMBER, (const double[]){5, NAN, 5, 5});
  rig_classes(t, "y", (const char *[]){"u", "v", "u", "v"}, false);
  ebb_encoder_options options = embed("all=2");
  options.frequencies = 7;
  ebb_encoder *e = encoder_of(t, &options), *again;
  char *text, name[40];
  assert_int_equal(ebb_encoder_to_json(&text, e), EBB_OK);
  assert_int_equal(ebb_encoder_from_json(&again, text), EBB_OK);
  const double x[] = {1, 3, 8, -1, 0, 0, 0, 4, 7, 1, 0, 1, 1, 5, 8, -1, 0, 0, 2, 6, 7, 1, 0, 0};
  expect_inputs(e, t, x, 6);
  expect_inputs(again, t, x, 6);
  ebb_periodic p = ebb_encoder_periodic(again);
  assert_true(p.columns == 2 && p.frequencies == 7 && p.units == 4);
  static const char *const names[] = {"k", "a,b=c", "l", "n", "m", "m=missing"};
  for (size_t i = 0; i < COUNT_OF(names); i++) {
    ebbi_encoder_input_name(name, sizeof name, e, i);
    assert_string_equal(name, names[i]);
  }
  free(text);
  ebb_encoder_free(e);
  ebb_encoder_free(again);
  ebb_table_free(t);
}

/* Ends at quantiles; a column of two values is one input; far values are as the nearest end. */
static void test_numbers_in_pieces(void **state) {
  (void)state;
  ebb_table *t = rig_table(5), *next = rig_table(2);
  rig_numbers(t, "n", EBB_COLUMN_NUMBER, (const double[]){0, 1, 3, 7, 7});
  rig_numbers(t, "m", EBB_COLUMN_NUMBER, (const double[]){4, 4, 2, NAN, 2});
  rig_classes(t, "y", (const char *[]){"u", "v", "u", "v", "u"}, false);
  rig_numbers(next, "n", EBB_COLUMN_NUMBER, (const double[]){-1e38, 1e38});
  rig_numbers(next, "m", EBB_COLUMN_NUMBER, (const double[]){3, NAN});
  ebb_encoder_options options = embed(NULL);
  options.pieces = 4;
  ebb_encoder *e = encoder_of(t, &options), *again;
  char *text, name[40];
  assert_int_equal(ebb_encoder_to_json(&text, e), EBB_OK);
  assert_int_equal(ebb_encoder_from_json(&again, text), EBB_OK);
  const double x[] = {0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, -1, 0, 1, 1, 1, 0, 1, 1, 1, 1, -1, 0};
  expect_inputs(e, t, x, 5);
  expect_inputs(again, t, x, 5);
  expect_inputs(again, next, (const double[]){0, 0, 0, 0, 0, 1, 1, 1, 0, 1}, 5);
  ebbi_encoder_input_name(name, sizeof name, again, 2);
  assert_string_equal(name, "n=3 to 7");
  ebbi_encoder_input_name(name, sizeof name, again, 3);
  assert_string_equal(name, "m");
  free(text);
  ebb_encoder_free(e);
  ebb_encoder_free(again);
  options.frequencies = 2;
  assert_int_equal(ebb_encoder_fit(&e, t, NULL, 0, &options), EBB_ERR_ARGUMENT);
  ebb_table_free(t);
  ebb_table_free(next);
}

static void test_which_are_embedded(void **state) {
  (void)state;
  static const struct {
    const char *list;
    size_t categories, units;
  } cases[] = {{NULL, 21, 0},        {"auto", 20, 0}, {"auto", 21, 8},     {"none", 21, 0},
               {"k=3", 2, 3},        {"k=0", 21, 0},  {"all=4", 2, 4},     {"all=4,k=0", 30, 0},
               {"none,auto", 21, 8}, {" k =3", 2, 3}, {"all=4,none", 2, 0}};
  static const struct {
    const char *list, *message;
  } wrong[] = {{"k", "t: --embed: \"k\" is not auto, none, all=N or COLUMN=N"},
               {"k=513", "t: --embed: \"k=513\" is not"},
               {"k=1.5", "t: --embed: \"k=1.5\" is not"},
               {"", "t: --embed: \"\" is not"},
               {"m=2", "t: no column \"m\"*(--embed)"},
               {"7=2", "t: embed 7: the columns are 0 to 0"}};
  for (size_t i = 0; i < COUNT_OF(cases); i++) {
    size_t counts[30];
    for (size_t k = 0; k < 30; k++) counts[k] = 5;
    ebb_table *t = texts_of(counts, cases[i].categories);
    ebb_encoder_options options = embed(cases[i].list);
    ebb_encoder *e = encoder_of(t, &options);
    if (e->features[0].units != cases[i].units) fail_msg("case %zu", i);
    ebb_encoder_free(e);
    for (size_t w = 0; w < COUNT_OF(wrong) && i == 0; w++) {
      options.embed = wrong[w].list;
      expect_message(ebb_encoder_fit(&e, t, NULL, 0, &options), wrong[w].message);
    }
    ebb_table_free(t);
  }
  ebb_table *t = three_columns();
  ebb_encoder_options options = embed("n=3");
  ebb_encoder *e;
  expect_message(ebb_encoder_fit(&e, t, NULL, 0, &options),
                 "t: --embed: column \"n\" is not one of categories; --categorical n reads");
  ebb_table_free(t);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_golden),
                                     cmocka_unit_test(test_which_are_listed),
                                     cmocka_unit_test(test_frequent_in_the_training_rows),
                                     cmocka_unit_test(test_unknown),
                                     cmocka_unit_test(test_unknown_in_words),
                                     cmocka_unit_test(test_others),
                                     cmocka_unit_test(test_codes),
                                     cmocka_unit_test(test_codes_of_new_rows),
                                     cmocka_unit_test(test_numbers_in_front),
                                     cmocka_unit_test(test_numbers_in_pieces),
                                     cmocka_unit_test(test_which_are_embedded)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
