/* CSV and JSON that must be refused, each with a message that says where and why; and files broken
 * at random, which may be read or refused but must do no harm (run it with sanitizers). */
#include "test_data.h"

#include <base/rng.h>

static void test_rows(void **state) {
  (void)state;
  expect_refused("", NULL, "t: the file is empty");
  expect_refused("\n\r\n  \n", NULL, "t: no rows, only blank lines");
  expect_refused("\xef\xbb\xbf", NULL, "t: no rows");
  expect_refused("a,b,c\n", NULL, "t: a header, but no rows");
  expect_refused("1,2,3,4\n1,2,3,4\n1,2,3,4,5\n", NULL, "t:3: 5 fields, expected 4");
  expect_refused("1,2,3,4\n\n1,2\n", NULL, "t:3: 2 fields, expected 4");
  expect_refused("1,2\n3\n", NULL, "t:2: 1 field, expected 2");
  expect_refused("1\n2\n", NULL, "t: one column only");
  expect_refused("a,a,b\n1,2,3\n", NULL, "t:1: two columns are named \"a\"");
  expect_refused("1,2\n\"3,4\n5,6\n", NULL, "t:2: a quoted field *never ends");
  expect_refused("1,2\n3,4\"5\n", NULL, "t:2: stray quote");
  expect_refused("1,2\n\"3\"4,5\n", NULL, "t:2: stray quote");
}

static void test_values(void **state) {
  (void)state;
  const ebb_read_options regression = {.task = EBB_TASK_REGRESSION};
  expect_refused("w,y\n1,2\n3,4\nabc,5\n", NULL,
                 "t:4: column \"w\": \"abc\" is text, but line 2 has a number");
  expect_refused("w,y\n\nabc,2\n3,4\n", NULL, "t:4: column \"w\": \"3\" is a number, but line 3");
  expect_refused("1,2\n3,x\n", NULL, "t:2: column \"1\": \"x\" is text, but line 1 has a number");
  expect_refused("1,2\n3,x\n", &regression, "t:2: column \"1\": \"x\" is not a number*regression");
  expect_refused("5,1;3,5;a\n", NULL, "t:1: column \"0\": \"5,1\" has a decimal comma");
  expect_refused("1;2\n1;2,5\n", NULL, "t:2: column \"1\": \"2,5\" has a decimal comma");
  expect_refused("1,\"1,000,000\",2\n", NULL, "t:1: column \"1\": \"1,000,000\"*grouped digits");
  expect_refused("1,inf,2\n", NULL, "t:1: column \"1\": \"inf\" is not a finite number");
  expect_refused("1,-Infinity,2\n", NULL, "\"-Infinity\" is not a finite");
  expect_refused("1,1e39,2\n", NULL, "t:1: column \"1\": \"1e39\"*float32");
  expect_refused("1,1e999,2\n", NULL, "\"1e999\"*float32");
  expect_refused("1,-nan,2\n", NULL, "\"-nan\"*float32");
  expect_refused("1,2\n1,-1e39\n", NULL, "t:2: column \"1\": \"-1e39\"");
  expect_refused("1,2\n1,?\n", NULL, "t:2: column \"1\": the target is missing (\"?\")");
  expect_refused("1,2\n1,\n", NULL, "t:2: column \"1\": the target is missing (\"\")");
}

static void test_texts_that_are_none(void **state) {
  (void)state;
  expect_refused("1,2\n\xe9t\xe9,3\n", NULL, "t:2: byte 4 of the file is 0xe9: not UTF-8");
  expect_refused("1,\xc0\x80\n", NULL, "0xc0");
  expect_refused("1,\xed\xa0\x80\n", NULL, "0xed");
  expect_refused("1,\xf4\x90\x80\x80\n", NULL, "0xf4");
  expect_refused("1,\xe2\x82", NULL, "0xe2");
  expect_refused("\xff\xfe"
                 "1",
                 NULL, "UTF-16");
  expect_refused("\x1f\x8b", NULL, "t:1: byte 1");
  ebb_table *t;
  ebb_status status = parse_bytes(&t, "1,2\n3,\0\n", 8, NULL);
  expect_message(status, "t:2: byte 6 of the file is 0x00");
  ebb_table_free(table_of("x,\xf0\x9f\x8c\x8a,\xe2\x82\xac\nx,y,z\n", NULL));
}

/* What a message quotes is cut and cleaned. */
static void test_messages_stay_one_line(void **state) {
  (void)state;
  expect_refused("1,2\n\"\x1b[2J\nx\",3\n", NULL, "t:2: column \"0\": \"?[2J?x\" is text");
  char text[512];
  memset(text, 'x', sizeof text);
  memcpy(text, "1,2\n", 4);
  memcpy(text + 500, ",3\n", 4);
  expect_refused(text, NULL, "xxxx...\" is text");
  for (size_t i = 4; i < 500; i += 2) memcpy(text + i, "\xc3\xa9", 2);
  expect_refused(text, NULL, "\xc3\xa9...\" is text");
}

static void expect_too_many(const char *row, const char *parts) {
  char *text = malloc(32 * 1100), *at = text;
  assert_non_null(text);
  for (int i = 0; i < 1001; i++) at += sprintf(at, row, i);
  expect_refused(text, NULL, parts);
  *strrchr(text, ',') = '\0';
  *(strrchr(text, '\n') + 1) = '\0';
  ebb_table_free(table_of(text, NULL)); /* a thousand are not */
  free(text);
}

static void test_limits(void **state) {
  (void)state;
  expect_too_many("n%d,1\n", "t:1001: column \"0\": \"n1000\" is the 1001st distinct text");
  expect_too_many("1,n%d\n", "t:1001: column \"1\": \"n1000\" is the 1001st distinct value");
  size_t size = (1 << 20) + 1;
  char *text = malloc(size + 1);
  assert_non_null(text);
  memset(text, ',', size);
  text[size] = '\0';
  expect_refused(text, NULL, "more than 1048576 columns");
  free(text);
  ebb_table *t;
  assert_int_equal(parse_bytes(&t, "1,2\n", 4, &(ebb_read_options){.delimiter = '.'}),
                   EBB_ERR_ARGUMENT);
  assert_int_equal(parse_bytes(&t, "1,2\n", 4, &(ebb_read_options){.delimiter = '"'}),
                   EBB_ERR_ARGUMENT);
}

/* A whole encoder; the cases below each break it at one place. */
static const char good[] =
    "{\"task\":\"classification\",\"missing\":\"mean\",\"columns\":2,\"scale\":1.0,\"target\":{"
    "\"name\":\"y\",\"position\":2},\"outputs\":2,\"features\":[{\"mean\":1.0,\"deviation\":2.0,"
    "\"fill\":1.0},{\"categories\":[\"a\",\"b\"],\"fill\":1}],\"names\":[\"u\",\"v\"],\"named\":"
    "true,\"classes\":[\"n\",\"p\"]}";

/* The first is not broken. */
static const struct {
  const char *from, *to, *parts;
} broken[] = {{"", "", ""},
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
              {"\"position\":2", "\"position\":3", "\"position\""},
              {"\"outputs\":2", "\"outputs\":0", "\"outputs\" is 0"},
              {"\"outputs\":2", "\"outputs\":1048576", "2 \"classes\" for 1048576"},
              {"\"deviation\":2.0", "\"deviation\":0", "\"deviation\" is 0"},
              {"\"deviation\":2.0", "\"deviation\":-1", "\"deviation\" is -1"},
              {"\"mean\":1.0", "\"mean\":[1]", "\"mean\" is not a number"},
              {"\"categories\":[\"a\",\"b\"]", "\"categories\":{}", "\"categories\" is not a list"},
              {"\"categories\":[\"a\",\"b\"]", "\"categories\":[]", "\"categories\" is empty"},
              {"[\"a\",\"b\"]", "[\"a\",\"a\"]", "\"categories\"[1] stands twice"},
              {"[\"a\",\"b\"]", "[\"a\",1]", "\"categories\"[1] is not a text"},
              {"\"fill\":1}", "\"fill\":2}", "\"fill\""},
              {"\"fill\":1}", "\"fill\":-1}", "\"fill\""},
              {"[\"u\",\"v\"]", "[\"u\"]", "1 \"names\" for 2 columns"},
              {"\"named\":true", "\"named\":1", "\"named\""},
              {",\"classes\":[\"n\",\"p\"]", "", "\"classes\" is not a list"},
              {"[\"n\",\"p\"]", "[\"n\",\"n\"]", "\"classes\"[1] stands twice"},
              {"\"missing\":", "\"task\":", "not JSON"},
              {"\"p\"]}", "\"p\"]}x", "not JSON"}};

static void test_json(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
    char text[1024];
    const char *at = strstr(good, broken[i].from);
    assert_non_null(at);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - good), good, broken[i].to,
             at + strlen(broken[i].from));
    ebb_encoder *e;
    ebb_status status = ebb_encoder_from_json(&e, text);
    if (i > 0) expect_message(status, broken[i].parts);
    assert_int_equal(status == EBB_OK, i == 0);
    assert_int_equal(e != NULL, i == 0);
    ebb_encoder_free(e);
  }
}

/* Reads, fits and applies as far as it goes; whatever passes must make a sound dataset. */
static bool use(const char *bytes, size_t size, const ebb_read_options *options) {
  ebb_table *t;
  ebb_encoder *e = NULL;
  ebb_dataset d;
  const ebb_encoder_options fill = {.missing = EBB_MISSING_MEAN};
  if (parse_bytes(&t, bytes, size, options) != EBB_OK) return false;
  const ebb_encoder *given = options ? options->encoder : NULL;
  bool done = (given || ebb_encoder_fit(&e, t, NULL, 0, &fill) == EBB_OK) &&
              ebb_encoder_apply(&d, given ? given : e, t, NULL, 0) == EBB_OK;
  if (done) {
    if (ebb_dataset_check(&d) != EBB_OK) fail_msg("%s", ebb_error_message());
    ebb_dataset_clear(&d);
  }
  ebb_encoder_free(e);
  ebb_table_free(t);
  return done;
}

static void use_json(const char *bytes, size_t size) {
  char *text = malloc(size + 1), *back = NULL;
  ebb_encoder *e;
  assert_non_null(text);
  memcpy(text, bytes, size);
  text[size] = '\0';
  if (ebb_encoder_from_json(&e, text) == EBB_OK) {
    assert_int_equal(ebb_encoder_to_json(&back, e), EBB_OK);
    use("u,v,y\n1,a,n\n2,b,p\n?,?,p\n", 24, &(ebb_read_options){.encoder = e});
  }
  ebb_encoder_free(e);
  free(back);
  free(text);
}

/* Cuts, flips, copies and swaps in bytes, as the random words say. */
static size_t mutate(char *bytes, size_t size, uint64_t round) {
  static const char spice[] = ",;\"\n\r\t0-9e.?\xff\x80 \x00";
  uint32_t w[4];
  ebbi_philox(w, 7, EBBI_RNG_TEST, 0, 8 * round);
  size_t changes = w[0] % 4;
  if (w[1] % 3 == 0) size = w[2] % (size + 1);
  for (size_t i = 0; i < changes && size > 0; i++) {
    ebbi_philox(w, 7, EBBI_RNG_TEST, 0, 8 * round + 1 + i);
    char *at = bytes + w[0] % size;
    if (w[1] % 3 == 0)
      *at = (char)(*at ^ (char)(1u << w[2] % 8));
    else if (w[1] % 3 == 1)
      *at = spice[w[2] % (sizeof spice - 1)];
    else
      *at = bytes[w[2] % size];
  }
  return size;
}

static void test_mutations(void **state) {
  (void)state;
  static const char csv[] =
      "a,b,\"c d\",y\n1,x,2.5e-3,yes\n?,\"y, z\",-4,no\n3,x,.5,yes\n7,,1e9,no\n";
  static const char idx[] = "\0\0\x08\2\0\0\0\3\0\0\0\4abcdefghijkl";
  static const char floats[] =
      "\0\0\x0d\2\0\0\0\2\0\0\0\2\x3f\xc0\0\0\xc0\0\0\0\x3f\xc0\0\0\xc0\0\0\0";
  static const char npy[] =
      "\x93NUMPY\x01\0\x41\0{'descr': '<i4', 'fortran_order': False, 'shape': "
      "(2, 2), }     \n\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0";
  static const struct {
    const char *bytes;
    size_t size;
  } seeds[] = {{csv, sizeof csv - 1},
               {idx, sizeof idx - 1},
               {floats, sizeof floats - 1},
               {npy, sizeof npy - 1},
               {good, sizeof good - 1}};
  ebb_encoder *e;
  assert_int_equal(ebb_encoder_from_json(&e, good), EBB_OK);
  for (size_t s = 0; s < 4; s++) assert_true(use(seeds[s].bytes, seeds[s].size, NULL));
  const ebb_read_options as_input = {.encoder = e}, classes = {.task = EBB_TASK_CLASSIFICATION};
  for (uint64_t round = 0; round < 20000; round++) {
    size_t s = round % 5, size = seeds[s].size;
    char bytes[1024];
    memcpy(bytes, seeds[s].bytes, size);
    size = mutate(bytes, size, round);
    if (s == 4)
      use_json(bytes, size);
    else
      use(bytes, size, round % 3 == 0 ? NULL : round % 3 == 1 ? &as_input : &classes);
  }
  ebb_encoder_free(e);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                     cmocka_unit_test(test_values),
                                     cmocka_unit_test(test_texts_that_are_none),
                                     cmocka_unit_test(test_messages_stay_one_line),
                                     cmocka_unit_test(test_limits),
                                     cmocka_unit_test(test_json),
                                     cmocka_unit_test(test_mutations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
