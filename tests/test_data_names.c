/* Sets of texts, copied and collected in place, and seeds unknown to any file. */
#include "test_data.h"

#include <data/names.h>
#include <data/number_set.h>

enum { MANY = 50000 };

/* Texts of one to nine digits, each twice. */
static char *text_of(char text[16], size_t i) {
  snprintf(text, 16, "%zu", i % MANY * 7919 % 1000003);
  return text;
}

static void test_order(void **state) {
  (void)state;
  ebbi_names names = {0};
  char text[16];
  for (size_t i = 0; i < 2 * MANY; i++) {
    size_t index;
    assert_int_equal(ebbi_names_add(&names, &index, text_of(text, i)), EBB_OK);
    assert_int_equal(index, i % MANY);
  }
  assert_int_equal(names.count, MANY);
  for (size_t i = 0; i < MANY; i++) {
    assert_int_equal(ebbi_names_find(&names, text_of(text, i)), i);
    assert_string_equal(names.items[i], text);
  }
  assert_int_equal(ebbi_names_find(&names, "x"), EBBI_NO_INDEX);
  assert_true(4 * names.slot_count >= 5 * names.count && names.slot_count < 2 * names.count);
  ebbi_names_free(&names);
}

/* All texts on one line, each followed by a comma, as in a file. */
static void gather(ebbi_names *names, char *place, bool copy) {
  char text[16];
  size_t index, used = 0;
  for (size_t i = 0; i < 2 * MANY; i++)
    used += (size_t)sprintf(place + used, "%s,", text_of(text, i));
  char *at = place;
  for (size_t i = 0; i < 2 * MANY; i++) {
    size_t length = strlen(text_of(text, i));
    assert_int_equal(ebbi_names_add_in_place(names, &index, place, at, length), EBB_OK);
    assert_int_equal(index, i % MANY);
    assert_string_equal(ebbi_names_text(names, index), text);
    at += length + 1;
  }
  assert_int_equal(ebbi_names_finish(names, copy), EBB_OK);
}

static void test_in_place(void **state) {
  (void)state;
  char *place = malloc(2 * MANY * 16), text[16];
  for (int copy = 0; copy < 2; copy++) {
    ebbi_names names = {0};
    gather(&names, place, copy);
    if (copy) memset(place, 'x', 2 * MANY * 16);
    assert_int_equal(names.count, MANY);
    for (size_t i = 0; i < MANY; i++) {
      bool inside = names.items[i] >= place && names.items[i] < place + 2 * MANY * 16;
      assert_int_equal(inside, !copy);
      assert_string_equal(names.items[i], text_of(text, i));
    }
    ebbi_names_free(&names);
  }
  free(place);
}

/* Two tables of the same texts hash them differently and agree; test_order checks each. */
static void test_seeds(void **state) {
  (void)state;
  ebbi_names names[2] = {{0}, {0}};
  ebbi_number_set sets[2] = {{0}, {0}};
  char text[16];
  for (size_t k = 0; k < 2; k++)
    for (size_t i = 0; i < 100; i++) {
      size_t index;
      assert_int_equal(ebbi_names_add(&names[k], &index, text_of(text, i)), EBB_OK);
      assert_int_equal(ebbi_number_set_add(&sets[k], (double)i), EBB_OK);
    }
  assert_true(names[0].seed != names[1].seed && names[0].seed != 0);
  assert_true(sets[0].seed != sets[1].seed);
  assert_int_equal(sets[0].count, sets[1].count);
  bool same = true;
  for (size_t i = 0; i < names[0].slot_count; i++) same &= names[0].slots[i] == names[1].slots[i];
  assert_false(same);
  for (size_t k = 0; k < 2; k++) {
    ebbi_names_free(&names[k]);
    ebbi_number_set_free(&sets[k]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(test_order), cmocka_unit_test(test_in_place),
                                     cmocka_unit_test(test_seeds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
