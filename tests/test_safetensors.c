/* Safetensors files: round trip, a file of the reference library, hostile files, mutations.
 * (test_safetensors_checksum.c has the exact bytes.)
 */
#include "nn/safetensors.h"

#include "base/rng.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[96];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/ebb_safetensors_XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/file.safetensors", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  remove(path);
  return rmdir(folder);
}

static void write_bytes(const void *bytes, size_t size) {
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  assert_int_equal(fwrite(bytes, 1, size, stream), size);
  assert_int_equal(fclose(stream), 0);
}

/* Writes a file: the header's length as given, the header, and `data_size` bytes 0, 1, 2, … */
static void write_parts(uint64_t length, const char *header, size_t data_size) {
  FILE *stream = fopen(path, "wb");
  assert_non_null(stream);
  for (int i = 0; i < 8; i++) putc((int)(length >> 8 * i & 0xff), stream);
  fputs(header, stream);
  for (size_t i = 0; i < data_size; i++) putc((int)(i & 0xff), stream);
  assert_int_equal(fclose(stream), 0);
}

/* Reading must fail with a one-line message that begins with the path and contains `part`. */
static void expect_refused(const char *part) {
  ebbi_safetensors *file;
  assert_int_equal(ebbi_safetensors_read(&file, path), EBB_ERR_INPUT);
  assert_null(file);
  const char *message = ebb_error_message();
  if (strncmp(message, path, strlen(path)) != 0 || strstr(message, part) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", message, part);
  for (; *message != '\0'; message++) assert_true((unsigned char)*message >= ' ');
}

static void refuse_header(const char *header, size_t data_size, const char *part) {
  write_parts(strlen(header), header, data_size);
  expect_refused(part);
}

static ebbi_safetensors *read_good(void) {
  ebbi_safetensors *file;
  if (ebbi_safetensors_read(&file, path) != EBB_OK) fail_msg("%s", ebb_error_message());
  return file;
}

static void test_round_trip(void **state) {
  (void)state;
  const float weight[] = {1.5f, -2, 0.25f, INFINITY, 1e-45f, -0.0f}, bias[] = {0.1f, -0.2f};
  const ebbi_safetensor_source tensors[] = {{"0.weight", 2, {2, 3}, weight},
                                            {"0.bias", 1, {2}, bias},
                                            {"scalar", 0, {0}, bias},
                                            {"empty", 2, {0, 7}, NULL}};
  const ebb_metadata pairs[] = {{"ebb.spec", "3-2"}, {"a \"key\"\n", "Größe\t\\ 数"}, {"z", ""}};
  assert_int_equal(ebbi_safetensors_write(path, pairs, 3, tensors, 4), EBB_OK);
  ebbi_safetensors *file = read_good();
  assert_int_equal(ebbi_safetensors_count(file), 4);
  for (size_t i = 0; i < 3; i++)
    assert_string_equal(ebbi_safetensors_metadata(file, pairs[i].key), pairs[i].value);
  assert_null(ebbi_safetensors_metadata(file, "absent"));
  for (size_t i = 0; i < 4; i++) {
    const ebbi_safetensor *tensor = ebbi_safetensors_at(file, i);
    float values[6];
    assert_string_equal(tensor->name, tensors[i].name);
    assert_ptr_equal(ebbi_safetensors_find(file, tensors[i].name), tensor);
    assert_string_equal(tensor->dtype, "F32");
    assert_int_equal(tensor->rank, tensors[i].rank);
    assert_memory_equal(tensor->shape, tensors[i].shape, tensor->rank * sizeof(size_t));
    assert_int_equal(ebbi_safetensor_to_float(values, file, tensor), EBB_OK);
    if (tensor->count > 0) assert_memory_equal(values, tensors[i].values, 4 * tensor->count);
  }
  assert_null(ebbi_safetensors_at(file, 4));
  assert_null(ebbi_safetensors_find(file, "1.weight"));
  ebbi_safetensors_free(file);
  ebbi_safetensors_free(NULL);
}

static void test_many_values(void **state) {
  (void)state;
  enum { COUNT = 5003 }; /* more than one chunk of the writer, and not a multiple */
  float *values = malloc(COUNT * sizeof *values), *again = malloc(COUNT * sizeof *again);
  assert_true(values && again);
  for (int i = 0; i < COUNT; i++) values[i] = (float)i / 7;
  const ebbi_safetensor_source tensor = {"w", 1, {COUNT}, values};
  assert_int_equal(ebbi_safetensors_write(path, NULL, 0, &tensor, 1), EBB_OK);
  ebbi_safetensors *file = read_good();
  assert_null(ebbi_safetensors_metadata(file, "ebb.spec"));
  assert_int_equal(ebbi_safetensor_to_float(again, file, ebbi_safetensors_at(file, 0)), EBB_OK);
  assert_memory_equal(again, values, COUNT * sizeof *values);
  ebbi_safetensors_free(file);
  free(values);
  free(again);
}

static void refuse_write(const ebb_metadata *pairs, size_t pair_count,
                         const ebbi_safetensor_source *tensors, size_t count, const char *part) {
  write_bytes("old", 3);
  assert_int_equal(ebbi_safetensors_write(path, pairs, pair_count, tensors, count),
                   EBB_ERR_ARGUMENT);
  if (strstr(ebb_error_message(), part) == NULL)
    fail_msg("\"%s\" does not say \"%s\"", ebb_error_message(), part);
  struct stat about;
  assert_int_equal(stat(path, &about), 0);
  assert_int_equal(about.st_size, 3);
}

static void test_refused_writes(void **state) {
  (void)state;
  const float one = 1;
  const ebbi_safetensor_source twice[] = {{"w", 1, {1}, &one}, {"w", 1, {1}, &one}};
  const ebbi_safetensor_source reserved = {"__metadata__", 1, {1}, &one};
  const ebbi_safetensor_source huge = {"w", 2, {SIZE_MAX / 2, 3}, &one};
  const ebbi_safetensor_source deep = {"w", 9, {1}, &one};
  const ebb_metadata keys[] = {{"k", "1"}, {"k", "2"}}, latin = {"name", "Gr\xf6\xdf"};
  refuse_write(NULL, 0, twice, 2, "\"w\" would be written twice");
  refuse_write(NULL, 0, &reserved, 1, "must not be named");
  refuse_write(NULL, 0, &huge, 1, "too large");
  refuse_write(NULL, 0, &deep, 1, "9 dimensions");
  refuse_write(keys, 2, NULL, 0, "\"k\" would be written twice");
  refuse_write(&latin, 1, NULL, 0, "\"name\" or its value is not UTF-8");
  assert_int_equal(ebbi_safetensors_write("/dev/null/x", NULL, 0, twice, 1), EBB_ERR_OUTPUT);
}

/* safetensors 0.8.0 for Python: save({"0.weight": float32 [2, 3], "0.bias": float32 [2], "steps":
 * int64 [1], "2.weight": float16 [1, 2]}, metadata={"format": "pt"}). */
static const char reference_file[] =
    "\x18\x01\0\0\0\0\0\0{\"__metadata__\":{\"format\":\"pt\"},"
    "\"steps\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
    "\"0.bias\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]},"
    "\"0.weight\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[16,40]},"
    "\"2.weight\":{\"dtype\":\"F16\",\"shape\":[1,2],\"data_offsets\":[40,44]}}    "
    "\x07\0\0\0\0\0\0\0\xcd\xcc\xcc=\xcd\xccL\xbe\0\0\xc0?\0\0\0\xc0\0\0\x80>\0\0@@\0\0\x80@\0\0"
    "\xb0\xc0\xff{\x01";

static void test_reference_file(void **state) {
  (void)state;
  write_bytes(reference_file, sizeof reference_file); /* including the literal's final 0 */
  ebbi_safetensors *file = read_good();
  assert_string_equal(ebbi_safetensors_metadata(file, "format"), "pt");
  assert_int_equal(ebbi_safetensors_count(file), 4);
  const ebbi_safetensor *weight = ebbi_safetensors_find(file, "0.weight");
  const float expected[] = {1.5f, -2, 0.25f, 3, 4, -5.5f};
  float values[6];
  assert_int_equal(weight->rank, 2);
  assert_int_equal(weight->shape[0], 2);
  assert_int_equal(weight->shape[1], 3);
  assert_int_equal(ebbi_safetensor_to_float(values, file, weight), EBB_OK);
  assert_memory_equal(values, expected, sizeof expected);
  const ebbi_safetensor *half = ebbi_safetensors_find(file, "2.weight");
  assert_int_equal(ebbi_safetensor_to_float(values, file, half), EBB_OK);
  assert_true(values[0] == 65504 && values[1] == 0x1p-24f);
  const ebbi_safetensor *steps = ebbi_safetensors_find(file, "steps");
  assert_int_equal(ebbi_safetensor_to_float(values, file, steps), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "\"steps\" is of dtype I64"));
  ebbi_safetensors_free(file);
}

/* Writes a tensor of `count` elements from these bytes, and reads it as floats. */
static ebb_status convert(float *out, const char *dtype, const char *bytes, size_t count,
                          size_t size) {
  char header[128], buffer[256] = {0};
  int length = snprintf(header, sizeof header,
                        "{\"t\":{\"dtype\":\"%s\",\"shape\":[%zu],\"data_offsets\":[0,%zu]}}",
                        dtype, count, size);
  buffer[0] = (char)length;
  memcpy(buffer + 8, header, (size_t)length);
  memcpy(buffer + 8 + length, bytes, size);
  write_bytes(buffer, 8 + (size_t)length + size);
  ebbi_safetensors *file = read_good();
  ebb_status status = ebbi_safetensor_to_float(out, file, ebbi_safetensors_at(file, 0));
  ebbi_safetensors_free(file);
  return status;
}

static void test_conversions(void **state) {
  (void)state;
  float f[8];
  assert_int_equal(convert(f, "F16", "\0\x3c\0\xc0\0\x7c\0\xfc\1\x7e\0\x80\xff\x03\0\4", 8, 16),
                   EBB_OK);
  assert_true(f[0] == 1 && f[1] == -2 && f[2] == INFINITY && f[3] == -INFINITY && isnan(f[4]));
  assert_true(f[5] == 0 && signbit(f[5]) && f[6] == 1023 * 0x1p-24f && f[7] == 0x1p-14f);
  assert_int_equal(convert(f, "BF16", "\x80\x3f\x49\x40\x80\xff\xc0\x7f", 4, 8), EBB_OK);
  assert_true(f[0] == 1 && f[1] == 3.140625f && f[2] == -INFINITY && isnan(f[3]));
  assert_int_equal(convert(f, "F64", "\x9a\x99\x99\x99\x99\x99\xb9\x3f\0\0\0\0\0\0\xf0\x7f", 2, 16),
                   EBB_OK);
  assert_true(f[0] == 0.1f && f[1] == INFINITY);
  assert_int_equal(convert(f, "F64", "\x9c\x75\0\x88\x3c\xe4\x37\x7e", 1, 8), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "element 0 is 1e+300, beyond float32"));
}

static void test_no_such_file(void **state) {
  (void)state;
  ebbi_safetensors *file;
  remove(path);
  expect_refused("No such file");
  assert_int_equal(ebbi_safetensors_read(&file, folder), EBB_ERR_INPUT);
  assert_non_null(strstr(ebb_error_message(), "not a regular file"));
}

static void test_header_length(void **state) {
  (void)state;
  write_bytes("", 0);
  expect_refused("not a safetensors file: 0 bytes");
  write_bytes("\2\0\0\0\0\0\0", 7);
  expect_refused("not a safetensors file: 7 bytes");
  write_parts(3, "{}", 0);
  expect_refused("header of 3 bytes, but only 2 follow");
  write_parts(100000001, "{}", 0);
  expect_refused("header of 100000001 bytes; the limit is 100000000");
  write_parts(UINT64_MAX, "{}", 0);
  expect_refused("header of 18446744073709551615 bytes");
  write_bytes("sepal_length,sepal_width\n", 25);
  expect_refused("not a safetensors file");
}

static void test_header_json(void **state) {
  (void)state;
  refuse_header("", 0, "not JSON");
  refuse_header("{", 0, "not JSON at byte 9");
  refuse_header("[]", 0, "not a JSON object");
  refuse_header("{}x", 0, "not JSON at byte 10");
  refuse_header("{\"\n\":1}", 0, "not JSON");
  refuse_header("{\"\xff\":1}", 0, "not JSON");
  refuse_header("{\"a\":1,\"a\":1}", 0, "duplicate");
  refuse_header("{\"a\":99999999999999999999}", 0, "not JSON");
  char *deep = malloc(100001);
  assert_non_null(deep);
  memset(deep, '[', 100000);
  deep[100000] = '\0';
  refuse_header(deep, 0, "not JSON");
  free(deep);
}

#define ENTRY(dtype, shape, offsets)                                                               \
  "{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}"

static void test_entries(void **state) {
  (void)state;
  refuse_header("{\"w\":7}", 0, "\"w\": its entry is not an object");
  refuse_header("{\"w\":{}}", 0, "\"w\": dtype is not a text");
  refuse_header("{\"w\":" ENTRY("4", "[1]", "[0,4]") "}", 4, "dtype is not a text");
  refuse_header("{\"w\":" ENTRY("\"F31\"", "[1]", "[0,4]") "}", 4, "unknown dtype");
  refuse_header("{\"a\\nb\":" ENTRY("\"F32\"", "[1]", "[0,4]") "}", 4, "control character");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "1", "[0,4]") "}", 4, "shape is not a list");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[-1]", "[0,4]") "}", 4, "shape[0] is not a size");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[1,1.0]", "[0,4]") "}", 4, "shape[1] is not a size");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[true]", "[0,4]") "}", 4, "shape[0] is not a size");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[1,1,1,1,1,1,1,1,1]", "[0,4]") "}", 4, "9 dimensions");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[4294967296,4294967296]", "[0,0]") "}", 0,
                "makes the tensor too large");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[4611686018427387904]", "[0,0]") "}", 0,
                "elements of F32 do not make its 0 bytes");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[2]", "[0,4]") "}", 4,
                "2 elements of F32 do not make its 4 bytes");
  refuse_header("{\"w\":" ENTRY("\"F6_E2M3\"", "[3]", "[0,3]") "}", 3, "do not make its 3 bytes");
}

static void test_offsets(void **state) {
  (void)state;
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[1]", "4") "}", 4, "not [begin, end]");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[1]", "[0]") "}", 4, "not [begin, end]");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[1]", "[0,4,8]") "}", 8, "not [begin, end]");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[1]", "[4,0]") "}", 4, "not [begin, end]");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[1]", "[-4,0]") "}", 4, "not [begin, end]");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[1]", "[0,\"4\"]") "}", 4, "not [begin, end]");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[1]", "[0,4]") "}", 3, "has only 3");
  refuse_header("{\"w\":" ENTRY("\"F32\"", "[1]", "[9223372036854775803,9223372036854775807]") "}",
                4, "has only 4");
}

static void test_tiling(void **state) {
  (void)state;
#define TWO(first, second)                                                                         \
  "{\"a\":" ENTRY("\"F32\"", "[1]", first) ",\"b\":" ENTRY("\"F32\"", "[1]", second) "}"
  refuse_header(TWO("[0,4]", "[0,4]"), 4, "\"b\" begins at byte 0");
  refuse_header(TWO("[0,4]", "[2,6]"), 6,
                "\"b\" begins at byte 2 of the data, but the tensors before");
  refuse_header(TWO("[0,4]", "[8,12]"), 12, "\"b\" begins at byte 8");
  refuse_header(TWO("[4,8]", "[8,12]"), 12, "\"a\" begins at byte 4");
  refuse_header(TWO("[0,4]", "[4,8]"), 9, "end at byte 8 of the data, which has 9");
  refuse_header("{}", 1, "end at byte 0 of the data, which has 1");
  const char *swapped = TWO("[4,8]", "[0,4]"); /* valid: the header may have any order */
  write_parts(strlen(swapped), swapped, 8);
  ebbi_safetensors_free(read_good());
  write_parts(2, "{}", 0);
  ebbi_safetensors_free(read_good());
}

static void test_bad_metadata(void **state) {
  (void)state;
  refuse_header("{\"__metadata__\":[]}", 0, "__metadata__ is not an object");
  refuse_header("{\"__metadata__\":{\"a\":1}}", 0, "value that is not a text");
  refuse_header("{\"__metadata__\":{\"a\":null}}", 0, "value that is not a text");
}

static void test_truncations(void **state) {
  (void)state;
  for (size_t size = 0; size < sizeof reference_file; size++) {
    write_bytes(reference_file, size);
    expect_refused("");
  }
}

/* Arbitrary bytes are refused, or every tensor lies within the data and can be read. */
static void test_mutations(void **state) {
  (void)state;
  static const char charset[] = "\"{}[],:0123456789eE-+.\\n \xff";
  for (uint64_t n = 0; n < 4000; n++) {
    char bytes[sizeof reference_file];
    uint32_t words[4];
    memcpy(bytes, reference_file, sizeof bytes);
    ebbi_philox(words, 3, EBBI_RNG_TEST, 0, n);
    for (uint32_t i = 0; i <= words[0] % 4; i++) {
      uint32_t w[4];
      ebbi_philox(w, 3, EBBI_RNG_TEST, 1 + i, n);
      bytes[w[0] % sizeof bytes] = w[1] % 3 ? charset[w[2] % sizeof charset] : (char)w[2];
    }
    write_bytes(bytes, words[1] % 8 ? sizeof bytes : words[2] % sizeof bytes);
    ebbi_safetensors *file;
    ebb_status status = ebbi_safetensors_read(&file, path);
    if (status != EBB_OK) {
      assert_int_equal(status, EBB_ERR_INPUT);
      continue;
    }
    for (size_t i = 0; i < ebbi_safetensors_count(file); i++) {
      const ebbi_safetensor *tensor = ebbi_safetensors_at(file, i);
      float *values = malloc((tensor->count + 1) * sizeof *values);
      assert_non_null(values);
      (void)ebbi_safetensor_to_float(values, file, tensor);
      free(values);
    }
    ebbi_safetensors_free(file);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),     cmocka_unit_test(test_many_values),
      cmocka_unit_test(test_refused_writes), cmocka_unit_test(test_reference_file),
      cmocka_unit_test(test_conversions),    cmocka_unit_test(test_no_such_file),
      cmocka_unit_test(test_header_length),  cmocka_unit_test(test_header_json),
      cmocka_unit_test(test_entries),        cmocka_unit_test(test_offsets),
      cmocka_unit_test(test_tiling),         cmocka_unit_test(test_bad_metadata),
      cmocka_unit_test(test_truncations),    cmocka_unit_test(test_mutations),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
