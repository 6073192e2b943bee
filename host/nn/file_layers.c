/* Layers from the tensors of a file: which are weights, which biases, and what else there is.
 *
 * What is not part of a dense layer is ignored with a note if it can be harmless: counters,
 * buffers, vectors. Where it shows that the network has layers of another kind, a convolution's
 * weight or a matrix of a recurrent layer, running the rest would give numbers that mean nothing:
 * an error.
 */
#include "nn/file_layers.h"

#include "base/error.h"
#include "nn/file_order.h"
#include "nn/kind.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char weight_part[] = "weight", bias_part[] = "bias";

/* A list of tensors in words; what has no room is counted. */
typedef struct listing {
  char text[900];
  size_t used, shown, left;
} listing;

static size_t shape_text(char *text, size_t size, const ebbi_safetensor *tensor) {
  size_t used = 0;
  for (size_t i = 0; i < tensor->rank && used < size; i++)
    used += (size_t)snprintf(text + used, size - used, "%s%zu", i ? ", " : " [", tensor->shape[i]);
  if (tensor->rank > 0 && used < size) used += (size_t)snprintf(text + used, size - used, "]");
  return used;
}

static void list_tensor(listing *list, const ebbi_safetensor *tensor) {
  char shape[160] = "", entry[320];
  shape_text(shape, sizeof shape, tensor);
  size_t length = (size_t)snprintf(entry, sizeof entry, "%s%.100s%s%s%s", list->shown ? ", " : "",
                                   tensor->name, shape, ebbi_safetensor_is_float(tensor) ? "" : " ",
                                   ebbi_safetensor_is_float(tensor) ? "" : tensor->dtype);
  if (list->left > 0 || list->used + length >= sizeof list->text - 32) {
    list->left++;
    snprintf(list->text + list->used, 32, " and %zu more", list->left);
    return;
  }
  memcpy(list->text + list->used, entry, length + 1);
  list->used += length;
  list->shown++;
}

static void add_note(ebbi_file_layers *layers, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void add_note(ebbi_file_layers *layers, const char *format, ...) {
  size_t used = strlen(layers->notes), size = sizeof layers->notes;
  if (used > 0 && used + 1 < size) layers->notes[used++] = '\n';
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(layers->notes + used, size - used, format, arguments);
  va_end(arguments);
}

/* True if the last part of the name, all of it or what follows the last point, is this one. */
static bool is_called(const ebbi_safetensor *tensor, const char *part) {
  const char *point = strrchr(tensor->name, '.');
  return strcmp(point ? point + 1 : tensor->name, part) == 0;
}

/* ---- weights ---- */

static bool is_weight(const ebbi_safetensor *tensor) {
  return tensor->rank == 2 && is_called(tensor, weight_part);
}

/* Refuses what only other than dense layers have, or what is no number to compute with. */
static ebb_status check_tensor(const ebbi_safetensor *tensor, const char *path) {
  bool is_float = ebbi_safetensor_is_float(tensor), weight = is_called(tensor, weight_part);
  REQUIRE(tensor->rank <= 2 || !weight, EBB_ERR_INPUT,
          "%s: tensor \"%.80s\" has %zu dimensions, as the weight of a convolution; ebb runs dense "
          "layers only, whose weights have 2",
          path, tensor->name, tensor->rank);
  REQUIRE(
      !is_weight(tensor) || is_float, EBB_ERR_INPUT,
      "%s: tensor \"%.80s\" is of dtype %s: weights that are quantised to whole numbers are not "
      "supported; save the network as float32",
      path, tensor->name, tensor->dtype);
  bool matrix = tensor->rank == 2 && tensor->shape[0] > 1 && tensor->shape[1] > 1 && is_float;
  REQUIRE(
      !matrix || weight, EBB_ERR_INPUT,
      "%s: tensor \"%.80s\" [%zu, %zu] is a matrix of other than a dense layer, whose weight is "
      "called \"NAME.weight\"; ebb runs dense layers only",
      path, tensor->name, tensor->shape[0], tensor->shape[1]);
  return EBB_OK;
}

static bool in_range(const ebbi_safetensor *weight) {
  return weight->shape[0] >= 1 && weight->shape[0] <= EBB_MAX_UNITS && weight->shape[1] >= 1 &&
         weight->shape[1] <= EBB_MAX_UNITS;
}

static ebb_status collect_weights(ebbi_file_layers *layers, const ebbi_safetensors *file,
                                  const char *path) {
  listing all = {0};
  for (size_t i = 0; i < ebbi_safetensors_count(file); i++) {
    const ebbi_safetensor *tensor = ebbi_safetensors_at(file, i);
    list_tensor(&all, tensor);
    TRY(check_tensor(tensor, path));
    if (!is_weight(tensor)) continue;
    REQUIRE(layers->count < EBB_MAX_NODES, EBB_ERR_INPUT, "%s: more than %d layers", path,
            EBB_MAX_NODES);
    REQUIRE(in_range(tensor), EBB_ERR_INPUT,
            "%s: tensor \"%.80s\" is [%zu, %zu]; a layer has 1 to %d inputs and outputs", path,
            tensor->name, tensor->shape[0], tensor->shape[1], EBB_MAX_UNITS);
    layers->weight[layers->count++] = tensor;
  }
  REQUIRE(layers->count > 0, EBB_ERR_INPUT,
          "%s: holds no dense layer: none of its tensors is called \"weight\" or \"NAME.weight\" "
          "and has "
          "2 dimensions; it has %s",
          path, all.shown ? all.text : "none at all");
  return EBB_OK;
}

/* ---- their order ---- */

/* The layers do not have the sizes of the spec: says where. */
static ebb_status fail_unlike(const ebbi_file_layers *layers, const char *path,
                              const ebb_spec *spec) {
  listing all = {0};
  for (size_t l = 0; l < layers->count; l++) list_tensor(&all, layers->weight[l]);
  size_t nodes[EBB_MAX_NODES], count = ebbi_spec_layers(nodes, spec);
  REQUIRE(layers->count == count, EBB_ERR_INPUT, "%s: holds %zu layers, the network has %zu: %s",
          path, layers->count, count, all.text);
  for (size_t l = 0; l < layers->count; l++) {
    const size_t *shape = layers->weight[l]->shape;
    ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
    ebbi_node_parameters(parameters, spec, nodes[l]);
    size_t outputs = parameters[0].cols, inputs = parameters[0].rows;
    REQUIRE(shape[0] == outputs && shape[1] == inputs, EBB_ERR_INPUT,
            "%s: tensor \"%.80s\" is [%zu, %zu], must be [%zu, %zu]", path, layers->weight[l]->name,
            shape[0], shape[1], outputs, inputs);
  }
  return ebbi_fail(EBB_ERR_INPUT, "%s: its layers do not fit the network: %s", path, all.text);
}

static ebb_status sort_weights(ebbi_file_layers *layers, const char *path, const ebb_spec *spec) {
  bool by_numbers;
  ebbi_orders orders = ebbi_file_order(layers->weight, layers->count, spec, &by_numbers);
  if (orders == EBBI_ORDER_NONE && spec) {
    bool chained =
        ebbi_file_order(layers->weight, layers->count, NULL, &by_numbers) != EBBI_ORDER_NONE;
    if (chained) return fail_unlike(layers, path, spec);
  }
  listing all = {0};
  for (size_t l = 0; l < layers->count; l++) list_tensor(&all, layers->weight[l]);
  REQUIRE(orders != EBBI_ORDER_NONE, EBB_ERR_INPUT,
          "%s: its weights, [outputs, inputs], make no chain in which a layer takes what the one "
          "before it gives: %s",
          path, all.text);
  REQUIRE(orders == EBBI_ORDER_ONE, EBB_ERR_INPUT,
          "%s: neither the numbers in the names nor the shapes tell the order of its layers: %s; "
          "rename them so that numbers do: 0.weight, 1.weight",
          path, all.text);
  if (!by_numbers && layers->count > 1)
    add_note(layers, "the order of the layers is taken from their shapes: %s", all.text);
  return EBB_OK;
}

/* ---- the rest ---- */

/* The tensor called like the weight, with "bias" as the last part; NULL: there is none. */
static ebb_status find_bias(const ebbi_safetensor **bias, const ebbi_safetensors *file,
                            const ebbi_safetensor *weight) {
  char *name = strdup(weight->name);
  REQUIRE(name, EBB_ERR_MEMORY, "no memory for the name of a tensor");
  strcpy(name + strlen(name) - strlen(weight_part), bias_part); /* which is shorter */
  *bias = ebbi_safetensors_find(file, name);
  free(name);
  return EBB_OK;
}

static ebb_status find_biases(ebbi_file_layers *layers, const ebbi_safetensors *file,
                              const char *path) {
  listing none = {0};
  for (size_t l = 0; l < layers->count; l++) {
    const ebbi_safetensor *bias = NULL;
    TRY(find_bias(&bias, file, layers->weight[l]));
    size_t outputs = layers->weight[l]->shape[0];
    layers->bias[l] = bias;
    if (!bias) list_tensor(&none, layers->weight[l]);
    if (!bias) continue;
    REQUIRE(bias->rank == 1 && bias->shape[0] == outputs, EBB_ERR_INPUT,
            "%s: tensor \"%.80s\" has %zu dimensions of which the first is %zu, must be [%zu]",
            path, bias->name, bias->rank, bias->rank ? bias->shape[0] : 1, outputs);
  }
  if (none.shown > 0) add_note(layers, "no bias in the file, taken as zeros: %s", none.text);
  return EBB_OK;
}

static bool is_taken(const ebbi_file_layers *layers, const ebbi_safetensor *tensor) {
  for (size_t l = 0; l < layers->count; l++)
    if (layers->weight[l] == tensor || layers->bias[l] == tensor) return true;
  return false;
}

static void note_ignored(ebbi_file_layers *layers, const ebbi_safetensors *file) {
  listing rest = {0};
  bool matters = false;
  for (size_t i = 0; i < ebbi_safetensors_count(file); i++) {
    const ebbi_safetensor *tensor = ebbi_safetensors_at(file, i);
    if (is_taken(layers, tensor)) continue;
    list_tensor(&rest, tensor);
    matters = matters || (ebbi_safetensor_is_float(tensor) && tensor->rank > 0);
  }
  if (rest.shown > 0)
    add_note(layers, "ignored, being no weight or bias of a dense layer: %s%s", rest.text,
             matters ? "; if the network computes with them, its outputs are others" : "");
}

ebb_status ebbi_file_layers_find(ebbi_file_layers *layers, const ebbi_safetensors *file,
                                 const char *path, const ebb_spec *spec) {
  *layers = (ebbi_file_layers){0};
  TRY(collect_weights(layers, file, path));
  TRY(sort_weights(layers, path, spec));
  TRY(find_biases(layers, file, path));
  note_ignored(layers, file);
  return EBB_OK;
}

/* ---- the spec ---- */

/* The sizes of the layers, with this activation after all but the last. */
static ebb_status spec_of(ebb_spec *spec, const ebbi_file_layers *layers, ebb_activation hidden) {
  TRY(ebb_spec_begin(spec, layers->weight[0]->shape[1]));
  for (size_t l = 0; l < layers->count; l++)
    TRY(ebb_spec_add(spec, layers->weight[l]->shape[0],
                     l + 1 < layers->count ? hidden : EBB_ACT_IDENTITY));
  return EBB_OK;
}

ebb_status ebbi_file_spec(ebb_spec *spec, const ebbi_safetensors *file, const char *path,
                          const char *text) {
  ebbi_file_layers layers;
  char sizes[EBB_SPEC_TEXT], example[EBB_SPEC_TEXT];
  if (text && ebb_spec_parse(spec, text, 0, 0) == EBB_OK) /* and may tell the order of the layers */
    return ebbi_file_layers_find(&layers, file, path, spec);
  TRY(ebbi_file_layers_find(&layers, file, path, NULL));
  TRY(spec_of(spec, &layers, EBB_ACT_RELU));
  TRY(ebb_spec_text(example, sizeof example, spec));
  TRY(spec_of(spec, &layers, EBB_ACT_IDENTITY));
  TRY(ebb_spec_text(sizes, sizeof sizes, spec));
  if (text) return ebb_spec_parse(spec, text, ebb_spec_inputs(spec), ebb_spec_outputs(spec));
  REQUIRE(layers.count == 1, EBB_ERR_INPUT,
          "%s: its layers are %s, but PyTorch does not save which activations stand between them; "
          "give the network, if they are relu --model %s",
          path, sizes, example);
  return EBB_OK;
}
