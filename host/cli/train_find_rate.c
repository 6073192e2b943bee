/* The learning-rate range test: its curve as text, as JSON and as an SVG file, and the rate that it
 * suggests. The curve is cut off at twice the height of its fall, since it rises without limit.
 */
#include "train_find_rate.h"

#include "inputs.h"
#include "outfile.h"
#include "output.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 64, LINES = 12 };

int find_rate_check(const settings *s) {
  if (!s->data) return fail(EXIT_USAGE, "train: --data is missing: the file with the rows");
  size_t length = strlen(s->out);
  bool svg = length > 4 && strcmp(s->out + length - 4, ".svg") == 0;
  if (settings_named(s, "out") && !svg)
    return fail(EXIT_USAGE, "%s: with --find-lr it is the file of the curve, such as curve.svg",
                settings_origin(s, "out").text);
  return check_streams(s);
}

/* ---- the curve ---- */

/* The heights that are drawn. */
typedef struct heights {
  double low, high;
} heights;

static heights heights_of(const ebb_rate_test *r) {
  heights h = {r->smoothed[r->best], r->smoothed[0]};
  h.high += h.high - h.low;
  if (!(h.high > h.low)) h.high = h.low + fmax(fabs(h.low), 1);
  return h;
}

/* A loss as a part of the height, in [0, 1]. */
static double height(const heights *h, double loss) {
  return fmin(fmax((loss - h->low) / (h->high - h->low), 0), 1);
}

/* Draws the smoothed losses; in steps of equal factors, so that a column has equally many. */
static void draw(char lines[LINES][COLUMNS + 1], const ebb_rate_test *r) {
  heights h = heights_of(r);
  for (int y = 0; y < LINES; y++) {
    memset(lines[y], ' ', COLUMNS);
    lines[y][COLUMNS] = '\0';
  }
  for (size_t i = 0; i < r->count; i++) {
    size_t x = i * COLUMNS / r->count;
    size_t y = (size_t)((1 - height(&h, r->smoothed[i])) * (LINES - 1) + 0.5);
    lines[y][x] = i == r->best ? 'o' : lines[y][x] == 'o' ? 'o' : '*';
  }
}

static void print_curve(const ebb_rate_test *r) {
  char lines[LINES][COLUMNS + 1];
  heights h = heights_of(r);
  draw(lines, r);
  printf("loss, smoothed; o is the lowest\n");
  for (int y = 0; y < LINES; y++) {
    double loss = h.high - (h.high - h.low) * y / (LINES - 1);
    if (y % 4 == 0 || y == LINES - 1)
      printf("%9.4g |%s\n", loss, lines[y]);
    else
      printf("%9s |%s\n", "", lines[y]);
  }
  printf("%9s +", "");
  for (int x = 0; x < COLUMNS; x++) putchar('-');
  printf("\n%9s  %-*.3g%.3g learning rate\n", "", COLUMNS - 8, r->rates[0], r->rates[r->count - 1]);
}

/* ---- SVG ---- */

enum { WIDTH = 640, HEIGHT = 400, LEFT = 70, RIGHT = 20, TOP = 30, BOTTOM = 50 };

static double svg_x(const ebb_rate_test *r, double rate) {
  double span = log(r->rates[r->count - 1] / r->rates[0]);
  return LEFT + (WIDTH - LEFT - RIGHT) * (span > 0 ? log(rate / r->rates[0]) / span : 0);
}

static double svg_y(const heights *h, double loss) {
  return TOP + (HEIGHT - TOP - BOTTOM) * (1 - height(h, loss));
}

static void put_line(FILE *svg, const ebb_rate_test *r, const double *losses, const char *style) {
  heights h = heights_of(r);
  fprintf(svg, "<polyline fill=\"none\" %s points=\"", style);
  for (size_t i = 0; i < r->count; i++)
    fprintf(svg, "%s%.2f,%.2f", i ? " " : "", svg_x(r, r->rates[i]), svg_y(&h, losses[i]));
  fputs("\"/>\n", svg);
}

/* A mark on the axis at each power of ten. */
static void put_rates(FILE *svg, const ebb_rate_test *r) {
  int last = (int)floor(log10(r->rates[r->count - 1]) + 1e-6);
  for (int e = (int)ceil(log10(r->rates[0]) - 1e-6); e <= last; e++) {
    double x = svg_x(r, pow(10, e));
    fprintf(svg, "<line x1=\"%.2f\" y1=\"%d\" x2=\"%.2f\" y2=\"%d\" stroke=\"#ddd\"/>\n", x, TOP, x,
            HEIGHT - BOTTOM);
    fprintf(svg, "<text x=\"%.2f\" y=\"%d\" text-anchor=\"middle\">1e%d</text>\n", x,
            HEIGHT - BOTTOM + 18, e);
  }
}

static void put_suggestion(FILE *svg, const ebb_rate_test *r) {
  if (isnan(r->suggestion) || r->suggestion < r->rates[0]) return;
  double x = svg_x(r, r->suggestion);
  fprintf(svg, "<line x1=\"%.2f\" y1=\"%d\" x2=\"%.2f\" y2=\"%d\" stroke=\"#c33\"/>\n", x, TOP, x,
          HEIGHT - BOTTOM);
  fprintf(svg, "<text x=\"%.2f\" y=\"%d\" text-anchor=\"middle\" fill=\"#c33\">--lr %.2g</text>\n",
          x, TOP - 8, r->suggestion);
}

static void put_svg(FILE *svg, const ebb_rate_test *r) {
  heights h = heights_of(r);
  fprintf(svg,
          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
          "font-family=\"sans-serif\" font-size=\"12\">\n"
          "<title>Learning-rate range test</title>\n"
          "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
          WIDTH, HEIGHT);
  put_rates(svg, r);
  for (int i = 0; i <= 4; i++) {
    double loss = h.low + (h.high - h.low) * i / 4;
    fprintf(svg, "<text x=\"%d\" y=\"%.2f\" text-anchor=\"end\">%.4g</text>\n", LEFT - 6,
            svg_y(&h, loss) + 4, loss);
  }
  fprintf(svg,
          "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"black\"/>\n"
          "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">learning rate</text>\n"
          "<text x=\"16\" y=\"%d\" text-anchor=\"middle\" transform=\"rotate(-90 16 %d)\">loss"
          "</text>\n",
          LEFT, TOP, HEIGHT - BOTTOM, WIDTH - RIGHT, (LEFT + WIDTH - RIGHT) / 2, HEIGHT - 12,
          HEIGHT / 2, HEIGHT / 2);
  put_line(svg, r, r->losses, "stroke=\"#bcd\"");
  put_line(svg, r, r->smoothed, "stroke=\"#05a\" stroke-width=\"2\"");
  put_suggestion(svg, r);
  fputs("</svg>\n", svg);
}

static int write_svg(const settings *s, const ebb_rate_test *r) {
  outfile file;
  if (!settings_named(s, "out")) return EXIT_GOOD;
  int code = outfile_begin(&file, s->out);
  if (code != EXIT_GOOD) return code;
  put_svg(file.stream, r);
  return outfile_end(&file, true);
}

/* ---- the result ---- */

static json_t *numbers(const double *values, size_t count) {
  json_t *array = json_array();
  for (size_t i = 0; i < count; i++) json_array_append_new(array, json_real(values[i]));
  return array;
}

static int print_result(const settings *s, const ebb_rate_test *r) {
  if (s->json) {
    json_t *result = json_object();
    put(result, "rates", numbers(r->rates, r->count));
    put(result, "losses", numbers(r->losses, r->count));
    put(result, "smoothed", numbers(r->smoothed, r->count));
    put(result, "diverged", json_boolean(r->diverged));
    put_number(result, "suggestion", r->suggestion);
    return print_json(result);
  }
  print_curve(r);
  if (r->diverged) printf("ended at %.3g, where the training diverges\n", r->rates[r->count - 1]);
  if (isnan(r->suggestion))
    printf("no suggestion: the loss fell at none of these rates\n");
  else
    printf("suggestion: --lr %.2g, a tenth of %.2g, where the smoothed loss is lowest\n",
           r->suggestion, r->rates[r->best]);
  return EXIT_GOOD;
}

int find_rate_run(training *t) {
  ebb_rate_test result;
  ebb_status status = ebb_find_rate(&result, t->network, &t->train, &t->options, NULL);
  if (status != EBB_OK) return fail_status(status);
  int code = write_svg(t->s, &result);
  if (code == EXIT_GOOD) code = print_result(t->s, &result);
  ebb_rate_test_free(&result);
  return code;
}
