/* The search along a line: where it ends on curves, and how many points it takes. */
#include "test_support.h"
#include "train/line_search.h"

#include <ebb/ebb.h>
#include <math.h>

typedef struct curve {
  double (*value)(double t), (*slope)(double t);
  size_t points;
} curve;

static ebb_status find(void *context, ebbi_line_point *at) {
  curve *c = context;
  at->value = c->value(at->t);
  at->slope = c->slope(at->t);
  c->points++;
  return EBB_OK;
}

static ebbi_line_point search(curve *c, double t, size_t tries) {
  ebbi_line line = {{0, c->value(0), c->slope(0)}, 1, tries, find, c};
  ebbi_line_point end;
  bool whole;
  assert_int_equal(ebbi_line_search(&end, &whole, &line, t), EBB_OK);
  assert_true(whole || c->points == tries + 1);
  return end;
}

static double near_value(double t) {
  return (t - 0.001) * (t - 0.001);
}
static double near_slope(double t) {
  return 2 * (t - 0.001);
}
static double far_value(double t) {
  return (t - 1e4) * (t - 1e4);
}
static double far_slope(double t) {
  return 2 * (t - 1e4);
}
static double wave_value(double t) {
  return 0.01 * t * t + cos(3 * t) - t;
}
static double wave_slope(double t) {
  return 0.02 * t - 3 * sin(3 * t) - 1;
}
static double wall_value(double t) {
  return t < 0.5 ? -log(0.5 - t) - 4 * t : NAN;
}
static double wall_slope(double t) {
  return t < 0.5 ? 1 / (0.5 - t) - 4 : NAN;
}
static double false_value(double t) {
  return 1 + t;
}
static double false_slope(double t) {
  return t > 0 ? 1 : -1;
}

/* Whatever the first step, the end satisfies both conditions. */
static void searches_end_well(void **state) {
  (void)state;
  static const double firsts[] = {1e-6, 0.3, 1, 100, 1e7};
  const curve curves[] = {{near_value, near_slope, 0},
                          {far_value, far_slope, 0},
                          {wave_value, wave_slope, 0},
                          {wall_value, wall_slope, 0}};
  for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
    for (size_t f = 0; f < sizeof firsts / sizeof *firsts; f++) {
      curve c = curves[i];
      ebbi_line_point end = search(&c, firsts[f], 60);
      double slope = c.slope(0), most = c.value(0) + 1e-4 * end.t * slope;
      if (!(end.t > 0 && end.value <= most && fabs(end.slope) <= -0.9 * slope))
        fail_msg("curve %zu from %g: t %g, value %g, slope %g", i, firsts[f], end.t, end.value,
                 end.slope);
      assert_true(end.value == c.value(end.t) && c.points <= 61);
    }
}

/* The cubic through two points of a parabola is the parabola. */
static void a_parabola_takes_two_points(void **state) {
  (void)state;
  curve c = {near_value, near_slope, 0};
  ebbi_line_point end = search(&c, 1, 25);
  assert_true(fabs(end.t - 0.001) < 1e-12);
  assert_int_equal(c.points, 2);
}

static void a_line_without_gain_ends_at_its_start(void **state) {
  (void)state;
  for (size_t tries = 1; tries <= 25; tries += 8) {
    curve c = {false_value, false_slope, 0};
    ebbi_line_point end = search(&c, 1, tries);
    assert_true(end.t == 0 && end.value == 1);
    assert_true(c.points <= tries + 1);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(searches_end_well),
      cmocka_unit_test(a_parabola_takes_two_points),
      cmocka_unit_test(a_line_without_gain_ends_at_its_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
