/* Broken and odd files, read completely: each is refused with a line that says where and why, or
 * read as given here; and randomly damaged files of every format, which may be read or refused
 * without harm (run it with sanitizers). */
#include "test_data.h"

#include "array_files.h"
#include "mutate.h"

typedef struct outcome {
  const char *text;
  const char *expected; /* parts of the message, or after '=' the summary of the table */
  ebb_read_options options;
} outcome;

static void expect_outcomes(const outcome *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const outcome *c = &cases[i];
    if (c->expected[0] != '=') {
      expect_refused(c->text, &c->options, c->expected);
      continue;
    }
    ebb_table *t = table_of(c->text, &c->options);
    ebbi_table_summarise(t);
    assert_string_equal(ebb_table_summary(t), c->expected + 1);
    ebb_table_free(t);
  }
}

static const outcome shapes[] = {
    {"", "t: the file is empty", {0}},
    {"\n\r\n  \n", "t: no rows, only blank lines", {0}},
    {"\xef\xbb\xbf", "t: the file is empty", {0}},
    {"a,b,c\n", "t: a header, but no rows", {0}},
    {"1,2,3,4\n1,2,3,4\n1,2,3,4,5\n", "t:3: 5 fields, expected 4", {0}},
    {"1,2,3,4\n\n1,2\n", "t:3: 2 fields, expected 4", {0}},
    {"1,2\n3\n", "t:2: 1 field, expected 2", {0}},
    {"1\n2\n", "t: one column only", {0}},
    {"a,a,b\n1,2,3\n", "t:1: two columns are named \"a\"", {0}},
    {"1,2\n\"3,4\n5,6\n", "t:2: a quoted field *never ends", {0}},
    {"1,2\n3,4\"5\n", "t:2: stray quote", {0}},
    {"1,2\n\"3\"4,5\n", "t:2: stray quote", {0}},
    {"1,2\n\xe9t\xe9,3\n", "t:2: byte 4 of the file is 0xe9: not UTF-8", {0}},
    {"\xff\xfe"
     "1",
     "t: *UTF-16",
     {0}},
    {"\x1f\x8b", "t:1: byte 1", {0}}};

static void test_shapes(void **state) {
  (void)state;
  expect_outcomes(shapes, COUNT_OF(shapes));
}

static const outcome values[] = {
    {"w,y\n1,2\n3,4\nabc,5\n",
     "=3 rows below a header, 1 text column, target \"y\": 3 classes (3 distinct integers)",
     {0}},
    {"w,y\n\nabc,2\n3,4\n",
     "=2 rows below a header, 1 text column, target \"y\": 2 classes (2 distinct integers)",
     {0}},
    {"1,2\n3,x\n", "=2 rows, 1 numeric column, target \"1\": 2 classes (text)", {0}},
    {"1,2\n3,x\n",
     "t:2: column \"1\": \"x\" is not a number*regression",
     {.task = EBB_TASK_REGRESSION}},
    {"5,1;3,5;a\n", "t:1: column \"0\": \"5,1\" has a decimal comma", {0}},
    {"1;2\n1;2,5\n", "t:2: column \"1\": \"2,5\" has a decimal comma", {0}},
    {"1,\"1,000,000\",2\n",
     "=1 row, 1 numeric column, 1 amount column, target \"2\": 1 class (1 distinct integer)",
     {0}},
    {"1,inf,2\n", "t:1: column \"1\": \"inf\" is not a finite number", {0}},
    {"1,-Infinity,2\n", "\"-Infinity\" is not a finite", {0}},
    {"1,1e39,2\n", "t:1: column \"1\": 1e+39 is too large; numbers must lie within float32", {0}},
    {"1,1e999,2\n", "t:1: column \"1\": \"1e999\" is not a finite number", {0}},
    {"1,-nan,2\n",
     "=1 row, 1 numeric column, 1 column left out, target \"2\": 1 class (1 distinct integer)",
     {0}},
    {"1,2\n1,-1e39\n",
     "=2 rows, 1 numeric column, target \"1\": 2 classes (2 distinct integers)",
     {0}},
    {"1,2\n1,-1e39\n",
     "t:2: column \"1\": -1e+39 is too large; numbers must lie within float32",
     {.task = EBB_TASK_REGRESSION}},
    {"1,2\n1,?\n", "=1 row, 1 numeric column, target \"1\": 1 class (1 distinct integer)", {0}},
    {"1,2\n1,\n", "=1 row, 1 numeric column, target \"1\": 1 class (1 distinct integer)", {0}},
    {"1,?\n1,\n", "t: no column is left as an input: left out, empty: \"1\"", {0}}};

static void test_values(void **state) {
  (void)state;
  expect_outcomes(values, COUNT_OF(values));
}

/* Quoted text is cleaned, and cut between characters. */
static void test_messages(void **state) {
  (void)state;
  const ebb_read_options options = {.size = sizeof(ebb_read_options), .task = EBB_TASK_REGRESSION};
  char text[512] = "1,2\n3,";
  expect_refused("1,2\n3,\"\x1b[2J\nx\"\n", &options, "t:2: column \"1\": \"?[2J?x\" is not a");
  for (size_t start = 6; start < 8; start++) {
    text[6] = 'x';
    for (size_t i = start; i < 500; i += 2) memcpy(text + i, "\xc3\xa9", 3);
    expect_refused(text, &options, "\xc3\xa9...\" is not a number");
  }
}

/* More than a thousand texts were once refused. */
static void test_many_texts(void **state) {
  (void)state;
  char *text = malloc(32 * 1100), *at = text;
  assert_non_null(text);
  for (int i = 0; i < 1001; i++) at += sprintf(at, "n%d,1\n", i);
  expect_refused(text, NULL, "t: no column is left as an input*\"0\" (1001 different texts");
  ebb_table *t = table_of(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .keep = "0"});
  assert_int_equal(ebbi_table_texts(t, 0)->count, 1001);
  ebb_table_free(t);
  at = text;
  for (int i = 0; i < 1001; i++) at += sprintf(at, "1,n%d\n", i);
  expect_refused(text, NULL, "t: the last column, \"1\", has 1001 different texts*--target");
  t = table_of(text, &(ebb_read_options){.size = sizeof(ebb_read_options), .target = "1"});
  assert_int_equal(ebb_table_classes(t), 1001);
  ebb_table_free(t);
  free(text);
}

/* Labels five rows of one number by the file in `bytes`. */
static ebb_status label(ebb_table **out, const char *bytes, size_t size,
                        const ebb_read_options *options) {
  assert_int_equal(parse_bytes(out, "\0\0\x08\1\0\0\0\5abcde", 13, NULL), EBB_OK);
  return ebbi_table_add_labels(*out, "l", tight_copy(bytes, size), size, options);
}

static const struct {
  const char *bytes;
  size_t size;
  ebb_task task;
  const char *expected; /* parts of the message, or after '=' the target */
} labels[] = {
    {"\0\0\x08\1\0\0\0\4\0\1\0\1", 12, EBB_TASK_AUTO, "l: 4 labels, but t has 5 rows"},
    {"\0\0\x09\1\0\0\0\5\0\1\xff\1\0", 13, EBB_TASK_AUTO,
     "=classification labels (3 distinct integers): -1 0 1"},
    {"\0\0\x0c\1\0\0\0\5\0\0\0\0\x7f\xff\xff\xff\0\0\0\0\0\0\0\0\0\0\0\0", 28, EBB_TASK_AUTO,
     "=classification labels (2 distinct integers): 0 2147483647"},
    {"\0\0\x08\2\0\0\0\5\0\0\0\2abcdefghij", 22, EBB_TASK_AUTO, "=regression 0 1"},
    {"\0\0\x08\2\0\0\0\5\0\0\0\2abcdefghij", 22, EBB_TASK_CLASSIFICATION,
     "l: 2 target columns; classes must be in one column, or a single 1 among 0s"},
    {"\0\0\x0d\1\0\0\0\5\0\0\0\0\0\0\0\0\x3f\xc0\0\0\0\0\0\0\0\0\0\0", 28, EBB_TASK_CLASSIFICATION,
     "=classification labels: 0 1.5"},
    {"\0\0\x0d\1\0\0\0\5\0\0\0\0\0\0\0\0\x7f\xc0\0\0\0\0\0\0\0\0\0\0", 28, EBB_TASK_AUTO,
     "=classification labels (1 distinct integer): 0"},
    {"\0\0\x0d\1\0\0\0\5\0\0\0\0\0\0\0\0\x7f\x80\0\0\0\0\0\0\0\0\0\0", 28, EBB_TASK_AUTO,
     "l: row 2, column 0 (from 0): inf is not a finite number"},
    {"\0\0\x0d\1\0\0\0\5\0\0\0\0\0\0\0\0\x7f\x80\0\0\0\0\0\0\0\0\0\0", 28, EBB_TASK_REGRESSION,
     "l: row 2, column 0 (from 0): inf is not a finite number"},
    {"0\n1\n0\n1\n0\n", 10, EBB_TASK_AUTO, "=classification labels (2 distinct integers): 0 1"},
    {"", 0, EBB_TASK_AUTO, "l: the file is empty"}};

static void test_labels(void **state) {
  (void)state;
  for (size_t i = 0; i < COUNT_OF(labels); i++) {
    ebb_table *t;
    char found[512];
    const ebb_read_options options = {.size = sizeof(ebb_read_options), .task = labels[i].task};
    ebb_status status = label(&t, labels[i].bytes, labels[i].size, &options);
    if (labels[i].expected[0] == '=') {
      if (status != EBB_OK) fail_msg("%s", ebb_error_message());
      describe_target(found, t);
      assert_string_equal(found, labels[i].expected + 1);
    } else {
      expect_message(status, labels[i].expected);
    }
    ebb_table_free(t);
  }
}

enum { SEEDS = 10, ROOM = 1024, ROUNDS = 10000 };

typedef struct seed {
  char bytes[ROOM];
  size_t size;
  const char *target; /* NULL: default */
  ebb_encoder *encoder;
} seed;

/* Reads, fits an encoder unless one is given, and applies it, as far as each succeeds; a dataset
 * that results must be valid. */
static bool use(const char *bytes, size_t size, const ebb_read_options *options) {
  ebb_table *t;
  ebb_encoder *e = NULL;
  ebb_dataset d;
  const ebb_encoder_options fill = {.size = sizeof(ebb_encoder_options),
                                    .missing = EBB_MISSING_INDICATOR};
  if (parse_bytes(&t, bytes, size, options) != EBB_OK) return false;
  assert_true(ebb_table_fingerprint(t) != 0);
  bool done = (options->encoder || ebb_encoder_fit(&e, t, NULL, 0, &fill) == EBB_OK) &&
              ebb_encoder_apply(&d, e ? e : options->encoder, t, NULL, 0) == EBB_OK;
  if (done) {
    if (ebb_dataset_check(&d) != EBB_OK) fail_msg("%s", ebb_error_message());
    ebb_dataset_clear(&d);
  }
  ebb_encoder_free(e);
  ebb_table_free(t);
  return done;
}

static double ramp(const void *user, size_t row, size_t col) {
  (void)user;
  return (double)((3 * row + 2 * col * col) % 7) / 2;
}

static void add(seed **at, const char *bytes, size_t size, const char *target) {
  memcpy((*at)->bytes, bytes, size);
  (*at)->size = size;
  (*at)++->target = target;
}

#define ADD(at, literal, target) add(at, literal, sizeof(literal) - 1, target)

/* One seed a format. */
static void plant(seed seeds[SEEDS]) {
  seed *at = seeds;
  char npy[ROOM];
  ADD(&at, "a,b,\"c d\",y\n1,x,2.5e-3,yes\n?,\"y, z\",-4,no\n3,x,.5,yes\n7,,1e9,no\n", NULL);
  ADD(&at, "id;day;cost;b;y\n7;2021-03-04;$1,200.5;5more;1.5\n9;2021-04-05;$7;2;2\n", NULL);
  ADD(&at, "  1.5   2  3\t\"m n\"\n  2.5   4  ?\t\"o p\"\n 7 8 9 \t\"m n\"\n", NULL);
  ADD(&at,
      "% c\n@relation r\n@attribute a real\n@attribute 'b c' {x,'y z'}\n"
      "@attribute s {q,t}\n@data\n1,x,'q'\n{0 5, 1 'y z'}\n?,?,t\n",
      NULL);
  ADD(&at, "# c\n1 1:0.5 3:-2e1\n-1 qid:4 2:1 # d\n+1 1:.25\n", NULL);
  ADD(&at, "\0\0\x08\3\0\0\0\2\0\0\0\2\0\0\0\3abcdefghijkl", NULL);
  ADD(&at, "\0\0\x0d\2\0\0\0\2\0\0\0\2\x3f\xc0\0\0\xc0\0\0\0\x3f\xd0\0\0\xc1\0\0\0", "-1");
  size_t size = npy_file(npy, "'>i2'", "True", "(3, 2)", "\0\1\0\7\0\5\0\0\0\1\0\0", 12);
  add(&at, npy, size, "1");
  size =
      npy_file(npy, "'<U2'", "False", "(3,)", "a\0\0\0\0\0\0\0b\0\0\0c\0\0\0\0\0\0\0\0\0\0\0", 24);
  add(&at, npy, size, NULL);
  const ebbi_sheet sheet = {.rows = 5, .cols = 3, .targets = 1, .number = ramp};
  at->size = npz_file(at->bytes, ROOM, &sheet);
  assert_ptr_equal(at, seeds + SEEDS - 1);
}

static void test_mutations(void **state) {
  (void)state;
  static seed seeds[SEEDS];
  plant(seeds);
  for (size_t s = 0; s < SEEDS; s++) {
    ebb_read_options options = {.size = sizeof(ebb_read_options), .target = seeds[s].target};
    ebb_table *t;
    if (parse_bytes(&t, seeds[s].bytes, seeds[s].size, &options) != EBB_OK)
      fail_msg("%zu: %s", s, ebb_error_message());
    seeds[s].encoder = encoder_of(t, &(ebb_encoder_options){.size = sizeof(ebb_encoder_options),
                                                            .missing = EBB_MISSING_MEDIAN});
    ebb_table_free(t);
  }
  size_t passed[4] = {0};
  for (uint64_t round = 0; round < ROUNDS; round++) {
    const seed *s = &seeds[round % SEEDS];
    const ebb_read_options options[] = {{.target = s->target},
                                        {.encoder = s->encoder},
                                        {.encoder = s->encoder, .ignore_target = true},
                                        {.no_target = true, .decimal = ',', .categorical = "0"}};
    char bytes[ROOM];
    memcpy(bytes, s->bytes, s->size);
    size_t way = round / SEEDS % 4;
    passed[way] += use(bytes, mutate(bytes, s->size, round), &options[way]);
  }
  for (size_t way = 0; way < 4; way++)
    if (passed[way] < ROUNDS / 40) fail_msg("%zu: %zu passed", way, passed[way]);
  for (size_t s = 0; s < SEEDS; s++) ebb_encoder_free(seeds[s].encoder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_shapes),   cmocka_unit_test(test_values),
      cmocka_unit_test(test_messages), cmocka_unit_test(test_many_texts),
      cmocka_unit_test(test_labels),   cmocka_unit_test(test_mutations)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
