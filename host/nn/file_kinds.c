/* Tells kinds of layers by their parameters: a norm of rows has weight and bias, one of columns
 * also running statistics. PyTorch's files do not name kinds, so nothing else tells them apart.
 */
#include "nn/file_kinds.h"

#include "base/error.h"
#include "nn/file_order.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *part_of(const ebbi_safetensor *tensor) {
  const char *point = strrchr(tensor->name, '.');
  return point ? point + 1 : tensor->name;
}

static size_t stem_of(const ebbi_safetensor *tensor) {
  return (size_t)(part_of(tensor) - tensor->name);
}

ebb_status ebbi_file_beside(const ebbi_safetensor **out, const ebbi_safetensors *file,
                            const ebbi_safetensor *first, const char *part) {
  size_t stem = stem_of(first), size = stem + strlen(part) + 1;
  char *name = malloc(size);
  REQUIRE(name, EBB_ERR_MEMORY, "no memory for the name of a tensor");
  snprintf(name, size, "%.*s%s", (int)stem, first->name, part);
  *out = ebbi_safetensors_find(file, name);
  free(name);
  return EBB_OK;
}

bool ebbi_file_same_module(const ebbi_safetensor *a, const ebbi_safetensor *b) {
  size_t stem = stem_of(a);
  return stem == stem_of(b) && memcmp(a->name, b->name, stem) == 0;
}

/* The parameters of a layer of a kind that reads `cols` columns and writes as many. */
static size_t parameters_of(ebbi_parameter out[EBBI_NODE_PARAMETERS], int number, size_t cols) {
  const ebbi_kind *kind = ebbi_kind_of((ebb_kind)number);
  ebb_node node = {.kind = (ebb_kind)number, .units = cols};
  for (size_t i = 0; i < EBB_NODE_SETTINGS; i++) node.settings[i] = kind->settings[i].standard;
  return kind->parameters ? kind->parameters(out, &node, cols) : 0;
}

static bool has_name(const ebbi_parameter *all, size_t count, const char *name) {
  for (size_t p = 0; p < count; p++)
    if (strcmp(all[p].name, name) == 0) return true;
  return false;
}

bool ebbi_file_is_parameter(const ebbi_safetensor *tensor) {
  ebbi_parameter all[EBBI_NODE_PARAMETERS];
  for (int kind = 0; kind < EBB_KIND_COUNT; kind++)
    if (has_name(all, parameters_of(all, kind, 1), part_of(tensor))) return true;
  return false;
}

/* Whether the parameters beside `first` are those of this kind. */
static ebb_status suits(bool *out, const ebbi_safetensors *file, const ebbi_safetensor *first,
                        int kind) {
  ebbi_parameter own[EBBI_NODE_PARAMETERS];
  size_t count = parameters_of(own, kind, first->shape[0]);
  *out = count > 0 && ebbi_file_fits(first, &own[0], false);
  for (size_t p = 1; *out && p < count; p++) {
    const ebbi_safetensor *beside;
    TRY(ebbi_file_beside(&beside, file, first, own[p].name));
    *out = beside != NULL;
  }
  for (size_t i = 0; *out && i < ebbi_safetensors_count(file); i++) {
    const ebbi_safetensor *tensor = ebbi_safetensors_at(file, i);
    if (!ebbi_file_same_module(tensor, first) || !ebbi_file_is_parameter(tensor)) continue;
    *out = has_name(own, count, part_of(tensor));
  }
  return EBB_OK;
}

ebb_status ebbi_file_kinds(char text[EBBI_KINDS_TEXT], const ebbi_safetensors *file,
                           const ebbi_safetensor *first) {
  size_t used = 0;
  text[0] = '\0';
  for (int kind = 0; kind < EBB_KIND_COUNT && first->rank > 0; kind++) {
    bool found;
    TRY(suits(&found, file, first, kind));
    if (found && used < EBBI_KINDS_TEXT)
      used += (size_t)snprintf(text + used, EBBI_KINDS_TEXT - used, "%s%s", used ? " or " : "",
                               ebb_kind_name((ebb_kind)kind));
  }
  if (used == 0) snprintf(text, EBBI_KINDS_TEXT, "another kind");
  return EBB_OK;
}
