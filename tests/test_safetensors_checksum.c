/* Writing safetensors files: the exact bytes, the checksum computed from its definition, and
 * drafts, which are written unchanged or not at all. */
#include "nn/safetensors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64], path[96];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/ebb_checksum_XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/file.safetensors", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  remove(path);
  return rmdir(folder);
}

static size_t read_file(unsigned char bytes[512]) {
  FILE *stream = fopen(path, "rb");
  assert_non_null(stream);
  size_t size = fread(bytes, 1, 512, stream);
  fclose(stream);
  return size;
}

static size_t number(char *to, uint64_t value) {
  for (int i = 0; i < 8; i++) to[i] = (char)(value >> 8 * i & 0xff);
  return 8;
}

static size_t words(char *to, const char *text) {
  size_t used = number(to, strlen(text));
  memcpy(to + used, text, strlen(text));
  return used + strlen(text);
}

#define WRITTEN_DATA "\0\0\x80\x3f\0\0\0\xc0\0\0\x80\x3f"

/* The content that the checksum of the file below covers: tensors by name, then pairs by key. */
static size_t checked_content(char *to) {
  char *at = to;
  at += number(at, 2);
  at += words(at, "a");
  at += words(at, "F32");
  at += number(at, 2);
  at += number(at, 1);
  at += number(at, 1);
  at += number(at, 4);
  memcpy(at, WRITTEN_DATA + 8, 4);
  at += 4;
  at += words(at, "b");
  at += words(at, "F32");
  at += number(at, 1);
  at += number(at, 2);
  at += number(at, 8);
  memcpy(at, WRITTEN_DATA, 8);
  at += 8;
  at += number(at, 3);
  at += words(at, "a");
  at += words(at, "2");
  at += words(at, "ebb.format");
  at += words(at, "2");
  at += words(at, "v");
  at += words(at, "1");
  return (size_t)(at - to);
}

/* The exact bytes: order as given, metadata first, data aligned to 8 bytes, little-endian. */
static void test_written_bytes(void **state) {
  (void)state;
  const float values[] = {1, -2};
  const ebbi_safetensor_source tensors[] = {{"b", 1, {2}, values}, {"a", 2, {1, 1}, values}};
  const ebb_metadata pairs[] = {{"v", "1"}, {"a", "2"}};
  char content[512], sum[33], expected[512];
  ebbi_hash hash = ebbi_hash_of(content, checked_content(content));
  ebbi_hash_text(sum, &hash);
  int length = snprintf(
      expected + 8, sizeof expected - 8,
      "{\"__metadata__\":{\"v\":\"1\",\"a\":\"2\",\"ebb.format\":\"2\",\"ebb.checksum\":\"%s\"},"
      "\"b\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
      "\"a\":{\"dtype\":\"F32\",\"shape\":[1,1],\"data_offsets\":[8,12]}}%s",
      sum, "       ");
  length -= length % 8;
  size_t size = 8 + (size_t)length + 12;
  number(expected, (uint64_t)length);
  memcpy(expected + 8 + length, WRITTEN_DATA, 12);
  for (int run = 0; run < 2; run++) {
    unsigned char bytes[512];
    assert_int_equal(ebbi_safetensors_write(path, pairs, 2, tensors, 2), EBB_OK);
    assert_int_equal(read_file(bytes), size);
    assert_memory_equal(bytes, expected, size);
  }
}

static void expect_kept(const unsigned char *kept, size_t size) {
  unsigned char bytes[512];
  assert_int_equal(read_file(bytes), size);
  assert_memory_equal(bytes, kept, size);
}

/* A bit that flips in a pending draft is found before the file is replaced. */
static void test_drafts_that_change_are_not_written(void **state) {
  (void)state;
  float values[6] = {1, 2, 3, 4, 5, 6};
  const ebbi_safetensor_source tensor = {"w", 2, {2, 3}, values};
  ebbi_safetensors_draft draft;
  assert_int_equal(ebbi_safetensors_draft_make(&draft, "the draft", NULL, 0, &tensor, 1), EBB_OK);
  assert_int_equal(ebbi_safetensors_draft_write(&draft, path), EBB_OK);
  unsigned char kept[512];
  size_t size = read_file(kept);
  assert_int_equal(size, draft.size);
  for (size_t bit = 0; bit < 8 * sizeof values; bit += 13) {
    ((unsigned char *)values)[bit / 8] ^= (unsigned char)(1u << bit % 8);
    assert_int_equal(ebbi_safetensors_draft_write(&draft, path), EBB_ERR_OUTPUT);
    assert_non_null(strstr(ebb_error_message(), "have changed in memory"));
    expect_kept(kept, size);
    ((unsigned char *)values)[bit / 8] ^= (unsigned char)(1u << bit % 8);
  }
  draft.head[20] ^= 1;
  assert_int_equal(ebbi_safetensors_draft_write(&draft, path), EBB_ERR_OUTPUT);
  expect_kept(kept, size);
  ebbi_safetensors_draft_free(&draft);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_written_bytes),
      cmocka_unit_test(test_drafts_that_change_are_not_written),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
