/* Describes an encoder in words: how each column is read, and which inputs it gives. */
#include "info.h"

#include "output.h"

#include <stdio.h>
#include <string.h>

static const char *noun_of(ebb_column_kind kind) {
  static const char *const nouns[] = {[EBB_COLUMN_NUMBER] = "a number",
                                      [EBB_COLUMN_AMOUNT] =
                                          "a number with its currency, sign or unit",
                                      [EBB_COLUMN_DATE] = "a date",
                                      [EBB_COLUMN_CATEGORY] = "a category",
                                      [EBB_COLUMN_PIXEL] = "a byte of an image"};
  return nouns[kind];
}

static void print_scale(double mean, double deviation, double limit) {
  if (limit > 0)
    printf(", median %g, range %g, limited to %g", mean, deviation, limit);
  else if (mean == 0 && deviation == 1)
    printf(", as it stands");
  else if (mean == 0)
    printf(", times %g", 1 / deviation);
  else
    printf(", mean %g, deviation %g", mean, deviation);
}

static void print_meaning(const ebb_encoder_column_info *c, double limit, size_t units) {
  printf("%s", noun_of(c->kind));
  if (units > 0) {
    printf(": %zu known%s%s, each %zu learned numbers\n", c->categories,
           c->other ? " and the others" : "", c->indicator ? " and a missing one" : "", units);
    return;
  }
  if (c->kind == EBB_COLUMN_CATEGORY)
    printf(": %zu of its own input%s", c->categories, c->other ? ", the others share one" : "");
  else if (c->kind != EBB_COLUMN_DATE && c->inputs > 1 + (size_t)c->indicator)
    printf(" in %zu pieces of its range", c->inputs - c->indicator);
  else if (c->kind == EBB_COLUMN_DATE)
    printf(": year, month, weekday, day and hour");
  else
    print_scale(c->mean, c->deviation, limit);
  if (c->indicator) printf(", and whether it is missing");
  if (c->inputs > 1) printf(", %zu inputs", c->inputs);
  putchar('\n');
}

static bool is_alike(const ebb_encoder_column_info *a, const ebb_encoder_column_info *b) {
  return a->name[0] == '\0' && b->name[0] == '\0' && a->kind == b->kind && a->mean == b->mean &&
         a->deviation == b->deviation;
}

static void print_column(size_t index, const char *name) {
  printf("column %-5zu ", index);
  print_plain(stdout, name);
  printf(": ");
}

void info_print_columns(const ebb_encoder *encoder) {
  size_t count = ebb_encoder_columns(encoder), last;
  for (size_t first = 0; first < count; first = last + 1) {
    ebb_encoder_column_info column, next;
    if (ebb_encoder_column(&column, encoder, first) != EBB_OK) return;
    for (last = first; last + 1 < count; last++)
      if (ebb_encoder_column(&next, encoder, last + 1) != EBB_OK || !is_alike(&column, &next))
        break;
    if (column.name[0] != '\0')
      print_column(first, column.name);
    else if (last > first)
      printf("columns      %zu to %zu, each ", first, last);
    else
      printf("column %-5zu ", first);
    print_meaning(&column, ebb_encoder_column_limit(encoder, first),
                  ebb_encoder_column_units(encoder, first));
  }
}

void info_print_targets(const ebb_encoder *encoder) {
  for (size_t i = 0; i < ebb_encoder_outputs(encoder); i++) {
    const char *name = ebb_encoder_target(encoder, i);
    printf("target %-5zu ", i);
    if (name) print_plain(stdout, name);
    printf("%sa number", name ? ": " : "");
    print_scale(ebb_encoder_target_mean(encoder, i), ebb_encoder_target_deviation(encoder, i), 0);
    putchar('\n');
  }
}
