/* Kept choices of tuning: a file as it stands, or the list of choices in a file that is right
 * otherwise. What is read is of use, and kept again it is the same.
 */
#include "cache.h"

#include <ebb/tune.h>
#include <stdio.h>

static const ebb_tune_owner owner = {
    .info = {.name = "device", .platform = "platform", .driver = "1"}, .engine = "gpu"};

static const char list_key[] = "\"choices\": ";

/* The file that would be kept for these choices, with `list` in place of them. */
static void hold_list(const char *list, size_t size) {
  size_t length;
  FUZZ_CHECK(ebb_tune_store(NULL, 0, &owner) == EBB_OK, "not kept");
  const char *empty = cache_written(&length), *at = strstr(empty, list_key);
  FUZZ_CHECK(at, "%s", empty);
  size_t before = (size_t)(at - empty) + sizeof list_key - 1;
  char *bytes = fuzz_need(malloc(before + size + 2));
  memcpy(bytes, empty, before);
  memcpy(bytes + before, list, size);
  bytes[before + size] = '}';
  bytes[before + size + 1] = '\0';
  cache_hold(bytes, before + size + 1);
  free(bytes);
}

static void check_entry(const ebb_tuned *t) {
  FUZZ_CHECK((unsigned)t->shape.layout < EBB_LAYOUT_COUNT, "layout");
  FUZZ_CHECK(t->shape.rows > 0 && t->shape.cols > 0 && t->shape.depth > 0, "sizes");
  FUZZ_CHECK(strcmp(ebb_matmul_choice_name(owner.precision, t->choice), "?") != 0, "choice %d",
             t->choice);
}

static void check_kept(const ebb_tuned *list, size_t count) {
  ebb_tuned *again;
  size_t size, number;
  FUZZ_CHECK(ebb_tune_store(list, count, &owner) == EBB_OK, "not kept");
  const char *text = cache_written(&size);
  cache_hold(text, size);
  FUZZ_CHECK(ebb_tune_load(&again, &number, &owner) == EBB_OK && number == count, "%s", text);
  for (size_t i = 0; i < count; i++)
    FUZZ_CHECK(memcmp(&list[i].shape, &again[i].shape, sizeof list[i].shape) == 0 &&
                   list[i].choice == again[i].choice,
               "%s", text);
  free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  fuzz_input input = fuzz_begin(data, size);
  ebb_tuned *list;
  size_t count;
  if (fuzz_pick(&input, 2))
    hold_list(input.at, input.left);
  else
    cache_hold(input.at, input.left);
  if (ebb_tune_load(&list, &count, &owner) != EBB_OK) {
    fuzz_expect_message();
    return 0;
  }
  for (size_t i = 0; i < count; i++) check_entry(&list[i]);
  check_kept(list, count);
  free(list);
  return 0;
}
