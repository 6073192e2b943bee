/* Values of a table that the encoder was not fitted on: a count, and a few examples. */
#include "data/encoder.h"
#include <stdio.h>
#include <string.h>

enum { EXAMPLES = 3 };

/* The unknown values of one column. */
typedef struct strangers {
  size_t count, values; /* unknown values, and all values present */
  const char *texts[EXAMPLES];
  size_t examples;
  bool more;
} strangers;

static void keep_example(strangers *s, const char *text) {
  for (size_t i = 0; i < s->examples; i++)
    if (s->texts[i] == text) return;
  if (s->examples < EXAMPLES)
    s->texts[s->examples++] = text;
  else
    s->more = true;
}

static strangers find_strangers(const ebbi_feature *feature, const ebb_table *table, size_t input) {
  const ebbi_names *texts = ebbi_table_texts(table, input);
  strangers s = {0};
  for (size_t r = 0; r < table->rows; r++) {
    int32_t code = ebbi_table_code(table, r, input);
    if (code < 0) continue;
    s.values++;
    if (ebbi_feature_place(feature, texts->items[code]) != EBBI_NO_INDEX) continue;
    s.count++;
    keep_example(&s, texts->items[code]);
  }
  return s;
}

static void describe(char *text, size_t size, const char *name, const strangers *s) {
  char shown[EBBI_SHOWN];
  ebbi_append(text, size, "%scolumn \"%s\": %zu of %zu values unknown (", text[0] ? "; " : "",
              ebbi_shown(shown, name), s->count, s->values);
  for (size_t i = 0; i < s->examples; i++)
    ebbi_append(text, size, "%s\"%s\"", i > 0 ? ", " : "", ebbi_shown(shown, s->texts[i]));
  ebbi_append(text, size, "%s", s->more ? ", ...)" : ")");
}

size_t ebb_encoder_unknown(char *text, size_t size, const ebb_encoder *encoder,
                           const ebb_table *table) {
  size_t count = 0;
  if (size > 0) text[0] = '\0';
  for (size_t c = 0; c < encoder->columns && c < table->cols && encoder->features; c++) {
    const ebbi_feature *feature = &encoder->features[c];
    if (feature->kind != EBB_COLUMN_CATEGORY || ebbi_table_kind(table, c) != EBB_COLUMN_CATEGORY)
      continue;
    strangers s = find_strangers(feature, table, c);
    if (s.count > 0 && size > 0) describe(text, size, ebbi_table_name(table, c), &s);
    count += s.count;
  }
  return count;
}
