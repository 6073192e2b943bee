/* Weights of classes: balanced, or by name. An encoder multiplies rows' weights by them.
 *
 * They become weights of rows on the host, so devices know only one kind of weight.
 */
#include "base/error.h"
#include "base/text.h"
#include "data/encoder.h"
#include "data/roles.h"

#include <ebb/tool.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows / (classes * rows of the class), as scikit-learn: all classes count the same, and the mean
 * weight is 1. A class without a row has weight 1. */
static ebb_status balance(double *weights, const ebb_encoder *encoder, const ebbi_rows *rows) {
  size_t classes = encoder->outputs, occur = 0;
  int32_t *labels = malloc(rows->count * sizeof *labels);
  size_t *counts = calloc(classes, sizeof *counts);
  ebb_status status = labels && counts ? ebbi_encode_labels(labels, encoder, rows)
                                       : ebbi_fail(EBB_ERR_MEMORY, "class weights: no memory");
  for (size_t i = 0; i < rows->count && status == EBB_OK; i++) occur += counts[labels[i]]++ == 0;
  for (size_t k = 0; k < classes && status == EBB_OK; k++)
    weights[k] = counts[k] ? (double)rows->count / (double)occur / (double)counts[k] : 1;
  free(counts);
  free(labels);
  return status;
}

/* Lists the classes' names, or some of them. */
static void list_classes(char text[256], const ebbi_names *classes) {
  size_t count = 0;
  text[0] = '\0';
  for (size_t k = 0; k < classes->count; k++) ebbi_say_name(text, 256, &count, classes->items[k]);
  ebbi_say_more(text, 256, count);
}

static ebb_status no_such_class(const ebb_encoder *encoder, const char *item) {
  char list[256], name[EBBI_SHOWN], near_name[EBBI_SHOWN], shown[EBBI_SHOWN];
  size_t length = strcspn(item, "=");
  snprintf(name, sizeof name, "%.*s", (int)(length < 40 ? length : 40), item);
  const char *near =
      ebb_suggest(name, (const char *const *)encoder->classes.items, encoder->classes.count);
  list_classes(list, &encoder->classes);
  return ebbi_fail(EBB_ERR_INPUT, "class weights: no class \"%s\"%s%s%s; the classes are %s",
                   ebbi_shown(shown, name), near ? "; did you mean \"" : "",
                   near ? ebbi_shown(near_name, near) : "", near ? "\"?" : "", list);
}

/* The class whose name is followed by '='; names may contain any character, so the longest wins. */
static size_t find_class(const ebbi_names *classes, const char *item) {
  size_t found = EBBI_NO_INDEX, longest = 0;
  for (size_t k = 0; k < classes->count; k++) {
    size_t length = strlen(classes->items[k]);
    bool here = strncmp(item, classes->items[k], length) == 0 && item[length] == '=';
    if (here && (found == EBBI_NO_INDEX || length > longest)) found = k, longest = length;
  }
  return found;
}

/* "a=1,b=5" */
static ebb_status parse(double *weights, const ebb_encoder *encoder, const char *text) {
  const char *item = text;
  char shown[EBBI_SHOWN];
  for (bool more = true; more;) {
    while (*item == ' ') item++;
    size_t class = find_class(&encoder->classes, item);
    if (class == EBBI_NO_INDEX && !strchr(item, '='))
      return ebbi_fail(EBB_ERR_INPUT,
                       "class weights: \"%.80s\" is neither balanced nor a list such as a=1,b=5",
                       text);
    if (class == EBBI_NO_INDEX) return no_such_class(encoder, item);
    const char *number = item + strlen(encoder->classes.items[class]) + 1;
    size_t length = strcspn(number, ",");
    double weight;
    bool good = ebbi_parse_number(&weight, number, length, '.') && isfinite(weight) && weight >= 0;
    REQUIRE(
        good, EBB_ERR_INPUT,
        "class weights: the weight \"%.*s\" of class \"%s\" is not a finite number of at least 0",
        (int)(length < 40 ? length : 40), number, ebbi_shown(shown, encoder->classes.items[class]));
    weights[class] = weight;
    more = number[length] == ',';
    item = number + length + 1;
  }
  return EBB_OK;
}

ebb_status ebb_encoder_weigh_classes(ebb_encoder *encoder, const char *text, const ebb_table *table,
                                     const size_t *rows, size_t count) {
  REQUIRE(encoder && text && table, EBB_ERR_ARGUMENT, "class weights: an argument is NULL");
  REQUIRE(encoder->task == EBB_TASK_CLASSIFICATION && encoder->classes.count > 0, EBB_ERR_ARGUMENT,
          "class weights: there are no classes with names; a regression has weights of rows only");
  ebbi_rows all = {table, rows, rows ? count : table->rows};
  double *weights = malloc(encoder->outputs * sizeof *weights);
  REQUIRE(weights, EBB_ERR_MEMORY, "class weights: no memory for %zu classes", encoder->outputs);
  for (size_t k = 0; k < encoder->outputs; k++) weights[k] = 1;
  ebb_status status = ebbi_rows_check(&all);
  if (status == EBB_OK)
    status = strcmp(text, "balanced") == 0 ? balance(weights, encoder, &all)
                                           : parse(weights, encoder, text);
  if (status != EBB_OK) {
    free(weights);
    return status;
  }
  free(encoder->class_weights);
  encoder->class_weights = weights;
  return EBB_OK;
}

double ebb_encoder_class_weight(const ebb_encoder *encoder, size_t index) {
  return encoder->class_weights && index < encoder->outputs ? encoder->class_weights[index] : 1;
}
