/* The inputs that embeddings take: which columns have one, and where their inputs are.
 *
 * A column of many categories has many inputs, of which a row sets one: most weights of the first
 * layer then see few rows each. An embedding gives it a code instead, and a table of the network
 * turns the code into a few learned numbers. The code is the index that the category's input would
 * have, so that rare, missing and unknown categories are treated as they are without one.
 *
 * Each embedding takes the first inputs, so codes come first, and numbers for a periodic embedding
 * follow.
 */
#include "base/error.h"
#include "base/text.h"
#include "data/encoder.h"
#include "data/roles.h"

#include <stdlib.h>
#include <string.h>

enum {
  MANY = 20,    /* a column of more categories has an embedding by itself */
  STANDARD = 8, /* numbers for each category (Holzmueller et al. 2024) */
  MOST = 512    /* numbers of an embedding */
};

static const char option[] = "embed";

size_t ebbi_feature_rows(const ebbi_feature *feature) {
  return ebbi_feature_places(feature) + feature->indicator;
}

static bool is_category(const ebb_encoder *encoder, size_t column) {
  return encoder->features[column].kind == EBB_COLUMN_CATEGORY;
}

static void embed_all(ebb_encoder *encoder, size_t units) {
  for (size_t c = 0; c < encoder->columns; c++)
    if (is_category(encoder, c)) encoder->features[c].units = units;
}

static void embed_many(ebb_encoder *encoder) {
  for (size_t c = 0; c < encoder->columns; c++)
    if (is_category(encoder, c) && ebbi_feature_rows(&encoder->features[c]) > MANY)
      encoder->features[c].units = STANDARD;
}

static ebb_status embed_column(ebb_encoder *encoder, const ebb_table *table, const char *name,
                               size_t units) {
  char shown[EBBI_SHOWN];
  size_t raw, c = 0;
  TRY(ebbi_find_column(&raw, &table->raw, name, option));
  while (c < table->cols && table->inputs[c] != raw) c++;
  REQUIRE(c < table->cols, EBB_ERR_INPUT, "%s: --embed: column \"%s\" is not an input",
          table->raw.path, ebbi_shown(shown, name));
  REQUIRE(is_category(encoder, c), EBB_ERR_INPUT,
          "%s: --embed: column \"%s\" is not one of categories; --categorical %s reads it as such",
          table->raw.path, ebbi_shown(shown, name), shown);
  encoder->features[c].units = units;
  return EBB_OK;
}

/* The text without blanks at its ends. */
static char *trimmed(char *text) {
  text += strspn(text, " ");
  for (size_t length = strlen(text); length > 0 && text[length - 1] == ' ';) text[--length] = '\0';
  return text;
}

/* An entry COLUMN=NUMBERS, all=NUMBERS, auto or none. */
static ebb_status embed_entry(ebb_encoder *encoder, const ebb_table *table, char *entry) {
  char *equals = strrchr(entry, '=');
  double units;
  if (strcmp(entry, "none") == 0) embed_all(encoder, 0);
  if (strcmp(entry, "auto") == 0) embed_many(encoder);
  if (strcmp(entry, "none") == 0 || strcmp(entry, "auto") == 0) return EBB_OK;
  REQUIRE(equals && ebbi_parse_double(&units, equals + 1) && units >= 0 && units <= MOST &&
              units == (double)(size_t)units,
          EBB_ERR_INPUT,
          "%s: --embed: \"%s\" is not auto, none, all=N or COLUMN=N with N from 0, for no "
          "embedding, to %d numbers",
          table->raw.path, entry, MOST);
  *equals = '\0';
  entry = trimmed(entry);
  if (strcmp(entry, "all") != 0) return embed_column(encoder, table, entry, (size_t)units);
  embed_all(encoder, (size_t)units);
  return EBB_OK;
}

/* The length of the next entry. A comma may be part of a column's name. */
static size_t entry_length(const ebb_table *table, const char *list) {
  const char *equals = strrchr(list, '=');
  char *whole = equals ? strndup(list, (size_t)(equals - list)) : NULL;
  bool named = whole && ebbi_names_find(&table->raw.names, whole) != EBBI_NO_INDEX;
  free(whole);
  return named ? strlen(list) : strcspn(list, ",");
}

ebb_status ebbi_fit_embeddings(ebb_encoder *encoder, const ebb_table *table, const char *list) {
  if (!list) return EBB_OK;
  embed_many(encoder);
  for (size_t length;; list += length + 1) {
    length = entry_length(table, list);
    char *entry = strndup(list, length);
    REQUIRE(entry, EBB_ERR_MEMORY, "encoder: no memory for the name of a column");
    ebb_status status = embed_entry(encoder, table, trimmed(entry));
    free(entry);
    if (status != EBB_OK || list[length] == '\0') return status;
  }
}

/* ---- the inputs of embedded columns ---- */

static bool has_earlier(const ebb_encoder *encoder, size_t column) {
  for (size_t c = 0; c < column; c++)
    if (encoder->features[c].units == encoder->features[column].units) return true;
  return false;
}

/* Places the columns of the same size as this one, the first of its size. */
static ebb_embedding place_group(ebb_encoder *encoder, size_t first, size_t *inputs) {
  ebb_embedding group = {.units = encoder->features[first].units};
  for (size_t c = first; c < encoder->columns; c++) {
    ebbi_feature *feature = &encoder->features[c];
    if (feature->units != group.units) continue;
    feature->front = true;
    feature->input = (*inputs)++;
    feature->code = group.categories;
    group.columns++;
    group.categories += ebbi_feature_rows(feature);
  }
  return group;
}

static ebb_status place_codes(ebb_encoder *encoder) {
  encoder->embedding_count = 0;
  for (size_t c = 0; c < encoder->columns; c++) {
    if (encoder->features[c].units == 0 || has_earlier(encoder, c)) continue;
    REQUIRE(encoder->embedding_count < EBBI_EMBEDDINGS, EBB_ERR_INPUT,
            "encoder: embeddings of more than %d sizes", EBBI_EMBEDDINGS);
    encoder->embeddings[encoder->embedding_count++] = place_group(encoder, c, &encoder->front);
  }
  return EBB_OK;
}

static void place_numbers(ebb_encoder *encoder) {
  for (size_t c = 0; c < encoder->columns; c++) {
    ebbi_feature *feature = &encoder->features[c];
    if (feature->kind != EBB_COLUMN_NUMBER && feature->kind != EBB_COLUMN_AMOUNT) continue;
    feature->front = true;
    feature->input = encoder->front++;
    encoder->periodic.columns++;
  }
}

ebb_status ebbi_encoder_place_front(ebb_encoder *encoder) {
  encoder->front = encoder->periodic.columns = 0;
  TRY(place_codes(encoder));
  if (encoder->periodic.frequencies > 0) place_numbers(encoder);
  return EBB_OK;
}

size_t ebb_encoder_embeddings(const ebb_encoder *encoder) {
  return encoder->embedding_count;
}

ebb_embedding ebb_encoder_embedding(const ebb_encoder *encoder, size_t index) {
  return index < encoder->embedding_count ? encoder->embeddings[index] : (ebb_embedding){0};
}

size_t ebb_encoder_column_units(const ebb_encoder *encoder, size_t column) {
  return encoder->features && column < encoder->columns ? encoder->features[column].units : 0;
}

ebb_periodic ebb_encoder_periodic(const ebb_encoder *encoder) {
  return encoder->periodic.columns > 0 ? encoder->periodic : (ebb_periodic){0};
}
