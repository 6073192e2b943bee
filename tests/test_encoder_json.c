/* The encoder's JSON: lossless round trip, older files, and texts damaged in one place or at
 * random, which must be refused or give a valid encoder (run it with sanitizers). */
#include "table_rig.h"

#include "mutate.h"

/* Written before several targets, scaled targets, dates and positions existed. */
static const char old[] =
    "{\"task\":\"classification\",\"missing\":\"mean\",\"columns\":2,\"scale\":1.0,\"target\":{"
    "\"name\":\"y\",\"position\":1},\"outputs\":2,\"features\":[{\"mean\":1.0,\"deviation\":2.0,"
    "\"fill\":1.0},{\"categories\":[\"a\",\"b\"],\"fill\":1}],\"names\":[\"u\",\"v\"],\"named\":"
    "true,\"classes\":[\"n\",\"p\"]}";
static const char old_pixels[] =
    "{\"task\":\"regression\",\"missing\":\"refuse\",\"columns\":3,\"scale\":0.0039215686274509803,"
    "\"target\":{\"name\":\"labels\",\"position\":3},\"outputs\":2}";

/* Every feature once. */
static const char whole[] =
    "{\"task\":\"regression\",\"missing\":\"indicator\",\"columns\":4,\"file_columns\":8,\"scale\":"
    "1.0,\"outputs\":2,\"bare\":false,\"named\":true,\"targets\":[{\"name\":\"y\",\"position\":0,"
    "\"mean\":2.5,\"deviation\":1.5},{\"name\":\"z\",\"position\":7,\"mean\":5.0,\"deviation\":1.0}"
    "],\"classes\":[],\"features\":[[1.0,0.5],{\"mean\":3.0,\"deviation\":1.0,\"fill\":3.0,"
    "\"kind\":\"amount\",\"indicator\":true},{\"mean\":[1970.0,1.0,3.5,0.5,0.0],\"deviation\":[0.0,"
    "0.0,0.5,0.5,0.0],\"fill\":0.5,\"kind\":\"date\"},{\"categories\":[\"a\",\"b\"],\"fill\":0,"
    "\"other\":true,\"indicator\":true}],\"positions\":[1,2,3,6],\"names\":[\"n\",\"price\",\"day\""
    ",\"k\"],\"left_out\":[\"text\"],\"ids\":[\"row\"]}";

static ebb_encoder *read_good(const char *text) {
  ebb_encoder *e;
  if (ebb_encoder_from_json(&e, text) != EBB_OK) fail_msg("%s", ebb_error_message());
  return e;
}

static void expect_json(const ebb_encoder *e, const char *expected) {
  char *text;
  if (ebb_encoder_to_json(&text, e) != EBB_OK) fail_msg("%s", ebb_error_message());
  assert_string_equal(text, expected);
  free(text);
}

static void test_golden(void **state) {
  (void)state;
  ebb_encoder *e = read_good(whole);
  expect_json(e, whole);
  assert_int_equal(ebb_encoder_inputs(e), 1 + 2 + 2 + 4);
  assert_int_equal(e->missing, EBB_MISSING_INDICATOR);
  assert_true(e->features[0].fill == 1 && e->features[2].kind == EBB_COLUMN_DATE);
  assert_true(e->file_columns == 8 && e->positions[3] == 6 && e->target_positions[1] == 7);
  assert_true(ebb_encoder_target_mean(e, 1) == 5 && ebb_encoder_target_deviation(e, 0) == 1.5);
  ebb_encoder_free(e);
}

static void test_earlier_files(void **state) {
  (void)state;
  ebb_encoder *e = read_good(old);
  assert_true(ebb_encoder_inputs(e) == 3 && e->file_columns == 3);
  assert_true(e->positions[0] == 0 && e->positions[1] == 2 && e->target_positions[0] == 1);
  assert_string_equal(ebb_encoder_target(e, 0), "y");
  ebb_table *t = rig_table(3);
  rig_numbers(t, "u", EBB_COLUMN_NUMBER, (double[]){5, NAN, 0});
  rig_texts(t, "v", (const char *[]){"a", NULL, "b"});
  rig_classes(t, "y", (const char *[]){"p", "n", "n"}, false);
  expect_inputs(e, t, (double[]){2, 1, 0, 0, 0, 1, -0.5, 0, 1}, 3);
  ebb_dataset d = dataset_of(e, t);
  assert_true(d.labels[0] == 1 && d.labels[1] == 0);
  ebb_dataset_clear(&d);
  ebb_table_free(t);
  ebb_encoder_free(e);
  e = read_good(old_pixels);
  assert_true(e->scale == 1.0 / 255 && !e->features && e->inputs == 3 && e->positions[2] == 2);
  assert_true(ebb_encoder_target_mean(e, 1) == 0 && ebb_encoder_target_deviation(e, 1) == 1);
  assert_null(ebb_encoder_target(e, 1));
  char *text;
  assert_int_equal(ebb_encoder_to_json(&text, e), EBB_OK);
  ebb_encoder *back = read_good(text);
  assert_true(back->outputs == 2 && back->targets.count == 1 && back->target_positions[0] == 3);
  free(text);
  ebb_encoder_free(back);
  ebb_encoder_free(e);
}

/* Every digit survives, and two numbers a column are as compact as possible. */
static void test_round_trip(void **state) {
  (void)state;
  ebb_table *t = rig_table(4);
  rig_numbers(t, "w", EBB_COLUMN_NUMBER, (double[]){0.1, 1e-30, 3e300, NAN});
  rig_numbers(t, "d", EBB_COLUMN_DATE, (double[]){0.1, 400.2, 5000.7, NAN});
  rig_texts(t, "\"k\xc3\xa9\n", (const char *[]){"b", "a", "c\\\"", NULL});
  rig_values(t, "y", (double[]){1e300, -1e-300, 0.1, 7});
  for (int m = EBB_MISSING_MEAN; m <= EBB_MISSING_INDICATOR; m++) {
    ebb_encoder *e = encoder_of(t, &(ebb_encoder_options){.size = sizeof(ebb_encoder_options),
                                                          .missing = (ebb_missing)m}),
                *back;
    char *text;
    assert_int_equal(ebb_encoder_to_json(&text, e), EBB_OK);
    assert_null(strchr(text, '\n'));
    back = read_good(text);
    expect_json(back, text);
    ebb_dataset a = dataset_of(e, t), b = dataset_of(back, t);
    assert_int_equal(a.inputs, b.inputs);
    assert_memory_equal(a.x, b.x, a.rows * a.inputs * sizeof *a.x);
    assert_memory_equal(a.values, b.values, a.rows * sizeof *a.values);
    ebb_dataset_clear(&a);
    ebb_dataset_clear(&b);
    free(text);
    ebb_encoder_free(e);
    ebb_encoder_free(back);
  }
  ebb_table_free(t);
}

static void test_many_columns(void **state) {
  (void)state;
  ebb_table *t = rig_table(3);
  for (int c = 0; c < 784; c++) {
    char name[24];
    snprintf(name, sizeof name, "%d", c);
    rig_numbers(t, name, EBB_COLUMN_NUMBER, (double[]){c / 3.0, c / 7.0, 1});
  }
  rig_classes(t, "784", (const char *[]){"1", "2", "3"}, true);
  ebb_encoder *e = encoder_of(t, NULL);
  char *text;
  assert_int_equal(ebb_encoder_to_json(&text, e), EBB_OK);
  assert_in_range(strlen(text), 784, 784 * 56);
  free(text);
  ebb_encoder_free(e);
  ebb_table_free(t);
}

static void test_bare_and_none(void **state) {
  (void)state;
  ebb_encoder *e, *back;
  char *text;
  assert_int_equal(ebb_encoder_bare(&e, 3, 2, EBB_TASK_AUTO), EBB_OK);
  assert_int_equal(ebb_encoder_to_json(&text, e), EBB_ERR_ARGUMENT);
  assert_null(text);
  ebb_encoder_free(e);
  for (int task = EBB_TASK_CLASSIFICATION; task <= EBB_TASK_REGRESSION; task++) {
    assert_int_equal(ebb_encoder_bare(&e, 3, 2, (ebb_task)task), EBB_OK);
    assert_int_equal(ebb_encoder_to_json(&text, e), EBB_OK);
    back = read_good(text);
    expect_json(back, text);
    assert_true(back->bare && back->inputs == 3 && back->outputs == 2);
    free(text);
    ebb_encoder_free(e);
    ebb_encoder_free(back);
  }
}

/* One damaged place. */
typedef struct fault {
  const char *from, *to, *parts;
} fault;

static const fault of_old[] = {
    {"{\"task\"", "[\"task\"", "encoder: not JSON"},
    {"\"classification\"", "\"magic\"", "\"task\""},
    {"\"classification\"", "7", "\"task\""},
    {"\"mean\",", "null,", "\"missing\""},
    {"\"columns\":2", "\"columns\":-2", "\"columns\""},
    {"\"columns\":2", "\"columns\":0", "\"columns\" is 0"},
    {"\"columns\":2", "\"columns\":3", "not a list of 3 columns"},
    {"\"columns\":2", "\"columns\":2.0", "\"columns\" is not a whole number"},
    {"\"columns\":2", "\"columns\":9223372036854775807", "\"columns\""},
    {"\"columns\":2", "\"columns\":1e3", "\"columns\""},
    {"\"scale\":1.0", "\"scale\":1e308", "\"scale\""},
    {"\"scale\":1.0", "\"scale\":1e999", "not JSON"},
    {"\"scale\":1.0", "\"scale\":\"1\"", "\"scale\" is not a number"},
    {"{\"name\":\"y\",", "{", "\"target\" has no name"},
    {"\"target\":{", "\"aim\":{", "\"target\" has no name"},
    {"\"position\":1", "\"position\":3", "\"position\""},
    {"\"position\":1", "\"mean\":1.0,\"position\":1", "target 0 has a \"mean\""},
    {"\"outputs\":2", "\"outputs\":0", "\"outputs\" is 0"},
    {"\"outputs\":2", "\"outputs\":1048576", "2 \"classes\" for 1048576"},
    {"\"deviation\":2.0", "\"deviation\":0", "\"deviation\" is 0"},
    {"\"deviation\":2.0", "\"deviation\":-1", "\"deviation\" is -1"},
    {"\"mean\":1.0", "\"mean\":[1]", "\"mean\" is not a number"},
    {"\"fill\":1.0", "\"full\":1.0", "\"fill\" is not a number"},
    {"\"categories\":[\"a\",\"b\"]", "\"categories\":{}", "\"categories\" is not a list"},
    {"\"categories\":[\"a\",\"b\"]", "\"categories\":[]", "\"categories\" is empty"},
    {"[\"a\",\"b\"]", "[\"a\",\"a\"]", "\"categories\"[1] stands twice"},
    {"[\"a\",\"b\"]", "[\"a\",1]", "\"categories\"[1] is not a text"},
    {"\"fill\":1}", "\"fill\":2}", "\"fill\""},
    {"\"fill\":1}", "\"fill\":-1}", "\"fill\""},
    {"[\"u\",\"v\"]", "[\"u\"]", "1 \"names\" for 2 columns"},
    {"\"named\":true", "\"named\":1", "\"named\""},
    {",\"classes\":[\"n\",\"p\"]", "", "0 \"classes\" for 2"},
    {"[\"n\",\"p\"]", "[\"n\",\"n\"]", "\"classes\"[1] stands twice"},
    {"\"missing\":", "\"task\":", "not JSON"},
    {"\"p\"]}", "\"p\"]}x", "not JSON"}};

static const fault of_whole[] = {
    {"\"file_columns\":8", "\"file_columns\":3", "\"file_columns\" is 3, of which 4"},
    {"\"file_columns\":8", "\"file_columns\":true", "\"file_columns\""},
    {"\"file_columns\":8", "\"file_columns\":6", "\"positions\" is not a whole number from 0 to 5"},
    {"\"position\":0", "\"position\":9", "\"position\" is not a whole number from 0 to 8"},
    {"\"indicator\",", "\"guess\",", "\"missing\""},
    {"\"outputs\":2", "\"outputs\":3", "2 \"targets\" for 3 outputs"},
    {"\"bare\":false", "\"bare\":0", "\"bare\" is not true or false"},
    {"\"name\":\"z\"", "\"name\":\"y\"", "two targets are named \"y\""},
    {"\"name\":\"z\"", "\"name\":1", "\"target\" has no name"},
    {"\"position\":7", "\"position\":10", "\"position\" is not a whole number from 0 to 9"},
    {"\"mean\":5.0", "\"men\":5.0", "target 1 has no \"mean\""},
    {"\"mean\":2.5,", "", "target 1 has a \"mean\""},
    {"\"mean\":2.5,", "\"mean\":\"\",", "\"mean\" is not a number"},
    {"\"deviation\":1.5", "\"deviation\":0.0", "\"deviation\" is 0"},
    {"[1.0,0.5]", "[1.0,0.0]", "\"deviation\" is 0"},
    {"[1.0,0.5]", "[1.0]", "\"mean\" is not a number"},
    {"[1.0,0.5]", "[1.0,0.5,1.0]", "\"mean\" is not a number"},
    {"[1.0,0.5]", "null", "\"mean\" is not a number"},
    {"\"amount\"", "\"animal\"", "\"kind\""},
    {"\"amount\"", "\"category\"", "without \"categories\""},
    {"\"amount\"", "\"date\"", "not 5 numbers each"},
    {"1970.0,1.0,", "1970.0,", "not 5 numbers each"},
    {"0.5,0.5,0.0]", "0.5,0.0,0.0]", "\"deviation\" is 0"},
    {"0.5,0.5,0.0]", "0.5,0.5,-1.0]", "\"deviation\" is -1"},
    {"\"other\":true", "\"other\":1", "\"other\" is not true or false"},
    {"\"fill\":0.5", "\"fill\":\"\"", "\"fill\" is not a number"},
    {"[1,2,3,6]", "[1,2,3]", "\"positions\" is not a list of 4"},
    {"[1,2,3,6]", "{}", "\"positions\" is not a list of 4"},
    {"[1,2,3,6]", "[1,2,3,8]", "\"positions\" is not a whole number from 0 to 7"},
    {"[\"text\"]", "\"text\"", "\"left_out\" is not a list"},
    {"[\"row\"]", "[\"row\",\"row\"]", "\"ids\"[1] stands twice"},
    {"\"targets\":[", "\"targets\":[],\"more\":[", "\"targets\" is not a list of targets"}};

static void expect_faults(const char *good, const fault *faults, size_t count) {
  ebb_encoder_free(read_good(good));
  for (size_t i = 0; i < count; i++) {
    char text[2048];
    const char *at = strstr(good, faults[i].from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, faults[i].to,
             at + strlen(faults[i].from));
    ebb_encoder *e;
    expect_message(ebb_encoder_from_json(&e, text), faults[i].parts);
    assert_null(e);
  }
}

static void test_broken(void **state) {
  (void)state;
  expect_faults(old, of_old, COUNT_OF(of_old));
  expect_faults(whole, of_whole, COUNT_OF(of_whole));
}

/* Whatever can be read can be written, read again, and applied to a matching table. */
static bool use(const char *text, const ebb_table *table) {
  ebb_encoder *e, *again;
  char *back;
  ebb_dataset d;
  if (ebb_encoder_from_json(&e, text) != EBB_OK) return false;
  assert_int_equal(ebb_encoder_to_json(&back, e), EBB_OK);
  again = read_good(back);
  expect_json(again, back);
  bool fits = ebb_encoder_apply(&d, e, table, NULL, 0) == EBB_OK;
  if (fits && ebb_dataset_check(&d) != EBB_OK) fail_msg("%s", ebb_error_message());
  ebb_dataset_clear(&d);
  ebb_encoder_free(e);
  ebb_encoder_free(again);
  free(back);
  return fits;
}

static void test_mutations(void **state) {
  (void)state;
  ebb_table *of_two = rig_table(3), *of_four = rig_table(3);
  rig_numbers(of_two, "u", EBB_COLUMN_NUMBER, (double[]){1, NAN, -1e9});
  rig_texts(of_two, "v", (const char *[]){"a", NULL, "c"});
  rig_numbers(of_four, "n", EBB_COLUMN_NUMBER, (double[]){1, NAN, -1e9});
  rig_numbers(of_four, "price", EBB_COLUMN_AMOUNT, (double[]){1, NAN, -1e9});
  rig_numbers(of_four, "day", EBB_COLUMN_DATE, (double[]){1, NAN, -1e9});
  rig_texts(of_four, "k", (const char *[]){"a", NULL, "c"});
  size_t used = 0;
  for (uint64_t round = 0; round < 8000; round++) {
    char bytes[1200];
    const char *from = round % 2 ? whole : old;
    size_t size = strlen(from);
    memcpy(bytes, from, size);
    size = mutate(bytes, size, round);
    char *text = tight_copy(bytes, size);
    used += use(text, round % 2 ? of_four : of_two);
    free(text);
  }
  assert_in_range(used, 2000, 6000);
  ebb_table_free(of_two);
  ebb_table_free(of_four);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_golden),        cmocka_unit_test(test_earlier_files),
      cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_many_columns),
      cmocka_unit_test(test_bare_and_none), cmocka_unit_test(test_broken),
      cmocka_unit_test(test_mutations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
