/* The output of a bench: a Markdown table on standard output, and a CSV file.
 *
 * The CSV schema is the same for all benches, one row for each case and contestant, so a single
 * reader (bench/report.py) serves them all, and files of different days and machines can be joined.
 * A contestant that does not take part has a row without figures whose note says why.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Bytes kept until a case is complete: above those of its rows. */
enum { CASE_BYTES = 1 << 16 };

static void write_header(const bench *b) {
  fputs("date,machine,device,driver,threads,bench,group,case,layout,m,n,k,batch,optimizer,"
        "contestant,version,samples,ms_median,ms_p10,ms_p90,gflops,gbps,fraction_of_peak,"
        "ratio_ours_over_it,ratio_p10,ratio_p90,note\n",
        b->csv);
}

static void put_text(FILE *out, const char *text, char end) {
  fputc('"', out);
  for (; *text; text++) {
    if (*text == '"') fputc('"', out);
    fputc(*text, out);
  }
  fputc('"', out);
  fputc(end, out);
}

static void put_size(FILE *out, size_t size) {
  if (size) fprintf(out, "%zu", size);
  fputc(',', out);
}

static void put_number(FILE *out, double number) {
  if (number > 0) fprintf(out, "%.6g", number);
  fputc(',', out);
}

/* What tells one case from another. */
static void put_case(FILE *out, const bench *b, const bench_case *c) {
  put_text(out, b->name, ',');
  put_text(out, c->group, ',');
  put_text(out, c->name, ',');
  put_text(out, c->layout, ',');
  put_size(out, c->m);
  put_size(out, c->n);
  put_size(out, c->k);
  put_size(out, c->batch);
  put_text(out, c->optimizer, ',');
}

bool bench_has(bench *b, const bench_case *c) {
  char key[512] = "";
  FILE *out = b->earlier ? fmemopen(key, sizeof key, "w") : NULL;
  if (!out) return false;
  put_case(out, b, c);
  fclose(out);
  bool has = strstr(b->earlier, key);
  b->kept += has;
  return has;
}

/* Reads the rows of an earlier run, without a last line that has no end. */
static void read_earlier(bench *b, const char *path) {
  FILE *file = fopen(path, "r");
  size_t size = 0;
  if (!file) return;
  if (getdelim(&b->earlier, &size, '\0', file) < 0) *(b->earlier = bench_alloc(1)) = '\0';
  fclose(file);
  char *end = strrchr(b->earlier, '\n');
  *(end ? end + 1 : b->earlier) = '\0';
  if (truncate(path, (off_t)strlen(b->earlier)) != 0) bench_fail("%s: cannot be shortened", path);
}

void bench_csv_open(bench *b, const char *path, bool append) {
  if (append) read_earlier(b, path);
  b->csv = fopen(path, append ? "a" : "w");
  if (!b->csv) return;
  setvbuf(b->csv, NULL, _IOFBF, CASE_BYTES);
  if (!b->earlier || !*b->earlier) write_header(b);
}

void bench_csv_row(const bench *b, const bench_case *c, const contestant *who,
                   const bench_result *result) {
  bench_result none = {0};
  const bench_result *r = result ? result : &none;
  put_text(b->csv, b->date, ',');
  put_text(b->csv, b->machine, ',');
  put_text(b->csv, ebb_device_get_info(b->device)->name, ',');
  put_text(b->csv, b->driver, ',');
  put_size(b->csv, b->threads);
  put_case(b->csv, b, c);
  put_text(b->csv, who->name, ',');
  put_text(b->csv, who->version, ',');
  put_size(b->csv, r->samples);
  put_number(b->csv, 1e3 * r->median);
  put_number(b->csv, 1e3 * r->p10);
  put_number(b->csv, 1e3 * r->p90);
  put_number(b->csv, result ? 1e-9 * c->flops / r->median : 0);
  put_number(b->csv, result ? 1e-9 * c->bytes / r->median : 0);
  put_number(b->csv, r->fraction);
  put_number(b->csv, r->ratio);
  put_number(b->csv, r->ratio_p10);
  put_number(b->csv, r->ratio_p90);
  put_text(b->csv, result ? who->note : who->why, '\n');
}

/* True for other contestants with a column of their own; peaks are in the peak's column. */
static bool has_column(const bench *b, size_t i) {
  return i > 0 && !b->contestants[i]->absent && !b->contestants[i]->is_peak;
}

/* The better peer is a column if there are several. */
static bool has_better(const bench *b) {
  size_t count = 0;
  for (size_t i = 0; i < b->count; i++) count += has_column(b, i);
  return count > 1;
}

/* The figures of a row and their headings. Columns that the bench's cases lack are left out; `c` is
 * any case. */
static const struct {
  const char *heading;
  int width, digits;
} columns[] = {{"ebb ms", 9, 4}, {"GFLOP/s", 7, 1}, {"GB/s", 6, 1}, {"of peak", 7, 2}};
enum { COLUMNS = sizeof columns / sizeof *columns };

static bool has_peak(const bench *b) {
  for (size_t i = 0; i < b->count; i++)
    if (b->contestants[i]->is_peak && !b->contestants[i]->absent) return true;
  return false;
}

static bool has_figure(const bench *b, const bench_case *c, size_t column) {
  return column == 0 || (column == 1 && c->flops > 0) || (column == 2 && c->bytes > 0) ||
         (column == 3 && c->flops > 0 && has_peak(b));
}

void bench_table_header(const bench *b, const bench_case *c) {
  char rule[512] = "";
  int length = printf("\n| %-36s |", "case") - 1;
  if (c->m) length += printf(" %-2s | %-14s |", "", "m x n x k");
  for (size_t i = 0; i < COLUMNS; i++)
    if (has_figure(b, c, i)) length += printf(" %*s |", columns[i].width, columns[i].heading);
  for (size_t i = 0; i < b->count; i++)
    if (has_column(b, i)) length += printf(" %18s |", b->contestants[i]->name);
  if (has_better(b)) length += printf(" %11s |", "better peer");
  memset(rule, '-', sizeof rule - 1);
  printf("\n|%.*s|\n", length - 2, rule);
}

void bench_table_row(const bench *b, const bench_case *c, const bench_result *results) {
  const bench_result *ours = &results[0];
  double figures[COLUMNS] = {1e3 * ours->median, 1e-9 * c->flops / ours->median,
                             1e-9 * c->bytes / ours->median, ours->fraction};
  char text[64];
  snprintf(text, sizeof text, "%zux%zux%zu", c->m, c->n, c->k);
  printf("| %-36s |", c->name);
  if (c->m) printf(" %s | %-14s |", c->layout, text);
  for (size_t i = 0; i < COLUMNS; i++)
    if (has_figure(b, c, i)) printf(" %*.*f |", columns[i].width, columns[i].digits, figures[i]);
  double better = 0;
  for (size_t i = 0; i < b->count; i++) {
    const bench_result *r = &results[i];
    if (!has_column(b, i)) continue;
    if (r->samples && (better == 0 || r->ratio < better)) better = r->ratio;
    snprintf(text, sizeof text, "%.2fx (%.2f-%.2f)", r->ratio, r->ratio_p10, r->ratio_p90);
    printf(" %18s |", r->samples ? text : "-");
  }
  if (has_better(b)) printf(" %10.2fx |", better);
  printf("\n");
  fflush(stdout);
}
