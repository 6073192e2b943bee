/* Random numbers: Philox against its authors' vectors, the normal distribution against erfc, keyed
 * permutations. */
#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* The vectors of Random123's tests/kat_vectors for philox4x32 with 10 rounds: counter, key, words.
 */
static void test_philox_known_answers(void **state) {
  (void)state;
  static const struct {
    uint64_t counter;
    uint32_t stream, use;
    uint64_t seed;
    uint32_t words[4];
  } rows[] = {
      {0, 0, 0, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
      {UINT64_MAX,
       UINT32_MAX,
       UINT32_MAX,
       UINT64_MAX,
       {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
      {0x85a308d3243f6a88,
       0x13198a2e,
       0x03707344,
       0x299f31d0a4093822,
       {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    uint32_t words[4];
    ebbi_philox(words, rows[i].seed, rows[i].use, rows[i].stream, rows[i].counter);
    assert_memory_equal(words, rows[i].words, sizeof words);
  }
}

static void test_uniform(void **state) {
  (void)state;
  assert_true(ebbi_uniform(0) == 0x1p-24f);
  assert_true(ebbi_uniform(UINT32_MAX) == 1 - 0x1p-24f);
  assert_true(ebbi_uniform(0x80000000u) == 0.5f + 0x1p-24f);
  double sum = 0;
  for (uint32_t i = 0; i < 1u << 23; i += 1u << 10) sum += ebbi_uniform(i << 9);
  assert_true(fabs(sum / 8192 - 0.5) < 1e-4);
}

/* ebbi_uniform(bits) is the normal distribution function, by the C library's erfc, at
 * ebbi_normal(bits). */
static void test_normal(void **state) {
  (void)state;
  double worst = 0, worst_x = 0, highest = 0;
  for (uint32_t i = 0; i < 1u << 23; i += i < 4096 ? 1 : 61) {
    double u = ebbi_uniform(i << 9), x = ebbi_normal(i << 9);
    double error = fabs(erfc(-x * sqrt(0.5)) / 2 - u);
    double density = exp(-x * x / 2) / sqrt(8 * atan(1));
    worst = fmax(worst, error);
    worst_x = fmax(worst_x, error / density);
    highest = fmax(highest, fabs(x));
    assert_true(ebbi_normal(~(i << 9)) == -(float)x);
  }
  assert_true(worst < 1e-7);
  assert_true(worst_x < 2e-6);
  assert_true(highest > 5 && highest < 5.5);
}

static void expect_bijection(uint32_t count, uint64_t seed) {
  uint32_t keys[EBBI_PERMUTE_ROUNDS];
  unsigned char *seen = calloc(count, 1);
  assert_non_null(seen);
  ebbi_permute_keys(keys, seed, EBBI_RNG_TEST, 0);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t to = ebbi_permute(i, count, keys);
    assert_true(to < count && !seen[to]);
    seen[to] = 1;
  }
  free(seen);
}

static void test_permutation_is_a_bijection(void **state) {
  (void)state;
  for (uint32_t count = 1; count <= 300; count++) expect_bijection(count, count);
  static const uint32_t counts[] = {1023, 1024, 1025, 1797, 4096, 60000, 65536, 65537, 99991};
  for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) expect_bijection(counts[i], i);
}

static void test_permutation_of_the_largest_count(void **state) {
  (void)state;
  uint32_t keys[EBBI_PERMUTE_ROUNDS], count = 1u << 31;
  ebbi_permute_keys(keys, 1, EBBI_RNG_TEST, 0);
  for (uint32_t i = 0; i < 1000; i++)
    assert_true(ebbi_permute(count - 1 - i, count - 1000, keys) < count);
  assert_true(ebbi_permute(count - 1, count, keys) < count);
}

/* Chi-square over many seeds of two tables: where each index goes, and how far apart neighbours end
 * up. The bound is five standard deviations above the expectation. */
static void expect_uniform_permutations(uint32_t n) {
  enum { SEEDS = 4000 };
  double *places = calloc(n * n, sizeof *places), *steps = calloc(n, sizeof *steps);
  assert_true(places && steps);
  for (uint32_t seed = 0; seed < SEEDS; seed++) {
    uint32_t keys[EBBI_PERMUTE_ROUNDS], previous = 0;
    ebbi_permute_keys(keys, 5, EBBI_RNG_TEST, seed);
    for (uint32_t i = 0; i < n; i++) {
      uint32_t place = ebbi_permute(i, n, keys);
      places[i * n + place]++;
      if (i > 0) steps[(place + n - previous) % n]++;
      previous = place;
    }
  }
  double expected = (double)SEEDS / n, chi_places = 0, chi_steps = 0;
  for (uint32_t i = 0; i < n * n; i++) chi_places += pow(places[i] - expected, 2) / expected;
  for (uint32_t i = 1; i < n; i++) chi_steps += pow(steps[i] - SEEDS, 2) / SEEDS;
  double freedom = (double)(n - 1) * (n - 1);
  assert_true(fabs(chi_places - freedom) < 5 * sqrt(2 * freedom));
  assert_true(fabs(chi_steps - (n - 2)) < 5 * sqrt(2.0 * (n - 2)));
  free(places);
  free(steps);
}

static void test_permutation_looks_uniform(void **state) {
  (void)state;
  expect_uniform_permutations(37);
  expect_uniform_permutations(100);
  expect_uniform_permutations(150);
}

static void test_permutations_differ(void **state) {
  (void)state;
  uint32_t a[EBBI_PERMUTE_ROUNDS], b[EBBI_PERMUTE_ROUNDS], c[EBBI_PERMUTE_ROUNDS];
  ebbi_permute_keys(a, 1, EBBI_RNG_SHUFFLE, 0);
  ebbi_permute_keys(b, 1, EBBI_RNG_SHUFFLE, 1);
  ebbi_permute_keys(c, 2, EBBI_RNG_SHUFFLE, 0);
  int same_b = 0, same_c = 0;
  for (uint32_t i = 0; i < 1000; i++) {
    same_b += ebbi_permute(i, 1000, a) == ebbi_permute(i, 1000, b);
    same_c += ebbi_permute(i, 1000, a) == ebbi_permute(i, 1000, c);
  }
  assert_true(same_b < 10 && same_c < 10);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_philox_known_answers),
      cmocka_unit_test(test_uniform),
      cmocka_unit_test(test_normal),
      cmocka_unit_test(test_permutation_is_a_bijection),
      cmocka_unit_test(test_permutation_of_the_largest_count),
      cmocka_unit_test(test_permutation_looks_uniform),
      cmocka_unit_test(test_permutations_differ),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
