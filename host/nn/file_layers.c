/* Finds the layers among the tensors of a file: their parameters, and everything else.
 *
 * A tensor that is not a parameter of the network is ignored with a note if that can be harmless:
 * counters, buffers, vectors. A convolution's weight or a matrix of a recurrent layer shows that
 * the network has layers of other kinds. Running only the others would give meaningless numbers,
 * so this is an error.
 */
#include "nn/file_layers.h"

#include "base/error.h"
#include "nn/file_kinds.h"
#include "nn/file_order.h"
#include "nn/kind.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char weight_part[] = "weight";

/* A list of tensors as text; tensors that do not fit are counted. */
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

/* Returns true if the name's last part, after the last point if any, equals `part`. */
static bool is_called(const ebbi_safetensor *tensor, const char *part) {
  const char *point = strrchr(tensor->name, '.');
  return strcmp(point ? point + 1 : tensor->name, part) == 0;
}

/* ---- first parameters ---- */

static const ebb_spec one_dense_layer = {.inputs = 1, .count = 1, .nodes = {{.units = 1}}};

/* The parameter of the network that a tensor may be, by its name and dimensions;
 * EBBI_NODE_PARAMETERS: it is none. */
static size_t parameter_of(const ebbi_safetensor *tensor, const ebb_spec *spec) {
  ebbi_parameter all[EBBI_NODE_PARAMETERS];
  size_t least = EBBI_NODE_PARAMETERS;
  if (!spec) spec = &one_dense_layer;
  for (size_t n = 0; n < spec->count; n++) {
    size_t count = ebbi_node_parameters(all, spec, n);
    for (size_t p = 0; p < count && p < least; p++)
      if (ebbi_file_fits(tensor, &all[p], true)) least = p;
  }
  return least;
}

/* Refuses tensors that only other kinds of layers have, and types that are not numbers. */
static ebb_status check_tensor(const ebbi_safetensor *tensor, const char *path,
                               const ebb_spec *spec) {
  bool is_float = ebbi_safetensor_is_float(tensor), weight = is_called(tensor, weight_part);
  size_t parameter = parameter_of(tensor, spec);
  REQUIRE(tensor->rank <= 2 || !weight, EBB_ERR_INPUT,
          "%s: tensor \"%.80s\" has %zu dimensions, as the weight of a convolution; ebb runs dense "
          "layers only, whose weights have 2",
          path, tensor->name, tensor->rank);
  REQUIRE(parameter > 0 || is_float, EBB_ERR_INPUT,
          "%s: tensor \"%.80s\" is of dtype %s: weights that are quantised to integers are not "
          "supported; save the network as float32",
          path, tensor->name, tensor->dtype);
  bool matrix = tensor->rank == 2 && tensor->shape[0] > 1 && tensor->shape[1] > 1 && is_float;
  REQUIRE(!matrix || weight || parameter < EBBI_NODE_PARAMETERS, EBB_ERR_INPUT,
          "%s: tensor \"%.80s\" [%zu, %zu] does not belong to a dense layer, whose weight is "
          "called \"NAME.weight\"; ebb runs dense layers only",
          path, tensor->name, tensor->shape[0], tensor->shape[1]);
  return EBB_OK;
}

static bool in_range(const ebbi_safetensor *tensor) {
  for (size_t i = 0; i < tensor->rank; i++)
    if (tensor->shape[i] < 1 || tensor->shape[i] > EBB_MAX_UNITS) return false;
  return true;
}

static ebb_status collect_layers(ebbi_file_layers *layers, const ebbi_safetensors *file,
                                 const char *path, const ebb_spec *spec) {
  listing all = {0};
  for (size_t i = 0; i < ebbi_safetensors_count(file); i++) {
    const ebbi_safetensor *tensor = ebbi_safetensors_at(file, i);
    list_tensor(&all, tensor);
    TRY(check_tensor(tensor, path, spec));
    if (parameter_of(tensor, spec) != 0) continue;
    REQUIRE(layers->count < EBB_MAX_NODES, EBB_ERR_INPUT, "%s: more than %d layers", path,
            EBB_MAX_NODES);
    char shape[160];
    shape_text(shape, sizeof shape, tensor);
    REQUIRE(in_range(tensor), EBB_ERR_INPUT,
            "%s: tensor \"%.80s\" is%s; a layer has 1 to %d inputs and outputs", path, tensor->name,
            shape, EBB_MAX_UNITS);
    layers->tensor[0][layers->count++] = tensor;
  }
  REQUIRE(layers->count > 0, EBB_ERR_INPUT,
          "%s: holds no dense layer: none of its tensors is called \"weight\" or \"NAME.weight\" "
          "and has "
          "2 dimensions; it has %s",
          path, all.shown ? all.text : "none at all");
  return EBB_OK;
}

/* ---- their order ---- */

/* Checks name and shape of a parameter. */
static ebb_status check_shape(const ebbi_safetensor *tensor, const ebbi_parameter *parameter,
                              const char *path) {
  char shape[160] = " a single number", wanted[32] = "", name[80] = "";
  if (ebbi_file_fits(tensor, parameter, false)) return EBB_OK;
  shape_text(shape, sizeof shape, tensor);
  bool matrix = parameter->layout == EBBI_FILE_MATRIX;
  if (parameter->layout != EBBI_FILE_VECTOR)
    snprintf(wanted, sizeof wanted, ", %zu", matrix ? parameter->cols : parameter->rows);
  if (!is_called(tensor, parameter->name))
    snprintf(name, sizeof name, " and be called \"%.40s\"", parameter->name);
  return ebbi_fail(EBB_ERR_INPUT, "%s: tensor \"%.80s\" is%s, must be [%zu%s]%s", path,
                   tensor->name, shape, matrix ? parameter->rows : parameter->cols, wanted, name);
}

/* Fails because the layers do not have the spec's sizes, and says where. */
static ebb_status fail_unlike(const ebbi_file_layers *layers, const char *path,
                              const ebb_spec *spec) {
  listing all = {0};
  for (size_t l = 0; l < layers->count; l++) list_tensor(&all, layers->tensor[0][l]);
  size_t nodes[EBB_MAX_NODES], count = ebbi_spec_layers(nodes, spec);
  REQUIRE(layers->count == count, EBB_ERR_INPUT, "%s: holds %zu layers, the network has %zu: %s",
          path, layers->count, count, all.text);
  for (size_t l = 0; l < layers->count; l++) {
    ebbi_parameter parameters[EBBI_NODE_PARAMETERS];
    ebbi_node_parameters(parameters, spec, nodes[l]);
    TRY(check_shape(layers->tensor[0][l], &parameters[0], path));
  }
  return ebbi_fail(EBB_ERR_INPUT, "%s: its layers do not fit the network: %s", path, all.text);
}

static ebb_status sort_layers(ebbi_file_layers *layers, const char *path, const ebb_spec *spec) {
  bool by_numbers;
  ebbi_orders orders = ebbi_file_order(layers->tensor[0], layers->count, spec, &by_numbers);
  if (orders == EBBI_ORDER_NONE && spec) {
    bool chained =
        ebbi_file_order(layers->tensor[0], layers->count, NULL, &by_numbers) != EBBI_ORDER_NONE;
    if (chained) return fail_unlike(layers, path, spec);
  }
  listing all = {0};
  for (size_t l = 0; l < layers->count; l++) list_tensor(&all, layers->tensor[0][l]);
  REQUIRE(
      orders != EBBI_ORDER_NONE, EBB_ERR_INPUT,
      "%s: its weights, [outputs, inputs], cannot be ordered so that each layer takes the outputs "
      "of the one before it: %s",
      path, all.text);
  REQUIRE(
      orders == EBBI_ORDER_ONE, EBB_ERR_INPUT,
      "%s: neither the numbers in the names nor the shapes determine the order of its layers: %s; "
      "rename them so that numbers do: 0.weight, 1.weight",
      path, all.text);
  if (!by_numbers && layers->count > 1)
    add_note(layers, "the order of the layers is taken from their shapes: %s", all.text);
  return EBB_OK;
}

/* ---- the rest ---- */

/* The parameters of a layer: of the network, or of the dense one that a weight makes. */
static size_t parameters_of(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_spec *spec,
                            size_t node, const ebbi_safetensor *weight) {
  if (spec) return ebbi_node_parameters(out, spec, node);
  ebb_spec dense = one_dense_layer;
  dense.inputs = weight->shape[1];
  dense.nodes[0].units = weight->shape[0];
  return ebbi_node_parameters(out, &dense, 0);
}

/* Finds parameter `p` of all layers. */
static ebb_status find_others(ebbi_file_layers *layers, const ebbi_safetensors *file,
                              const char *path, const ebb_spec *spec, size_t p) {
  ebbi_parameter all[EBBI_NODE_PARAMETERS];
  size_t nodes[EBB_MAX_NODES] = {0};
  listing none = {0};
  const char *missing = NULL;
  if (spec) ebbi_spec_layers(nodes, spec);
  for (size_t l = 0; l < layers->count; l++) {
    const ebbi_safetensor *first = layers->tensor[0][l], **found = &layers->tensor[p][l];
    if (p >= parameters_of(all, spec, nodes[l], first)) continue;
    TRY(ebbi_file_beside(found, file, first, all[p].name));
    if (*found) TRY(check_shape(*found, &all[p], path));
    if (*found) continue;
    REQUIRE(all[p].fill == EBBI_FILL_ZERO, EBB_ERR_INPUT,
            "%s: the %s that goes with \"%.80s\" is missing", path, all[p].name, first->name);
    list_tensor(&none, first);
    missing = all[p].name;
  }
  if (missing) add_note(layers, "no %s in the file, taken as zeros: %s", missing, none.text);
  return EBB_OK;
}

static bool is_taken(const ebbi_file_layers *layers, const ebbi_safetensor *tensor) {
  for (size_t p = 0; p < EBBI_NODE_PARAMETERS; p++)
    for (size_t l = 0; l < layers->count; l++)
      if (layers->tensor[p][l] == tensor) return true;
  return false;
}

/* Refuses parameters that are left over: what is beside a layer's weight and is none of its
 * parameters shows that the layer is of another kind, and a vector called weight belongs to a layer
 * that the network lacks. */
static ebb_status check_left(const ebbi_file_layers *layers, const ebbi_safetensors *file,
                             const char *path, const ebb_spec *spec) {
  size_t nodes[EBB_MAX_NODES];
  char kinds[EBBI_KINDS_TEXT];
  ebbi_spec_layers(nodes, spec);
  for (size_t i = 0; i < ebbi_safetensors_count(file); i++) {
    const ebbi_safetensor *tensor = ebbi_safetensors_at(file, i);
    bool known = ebbi_file_is_parameter(tensor) && ebbi_safetensor_is_float(tensor);
    if (!known || is_taken(layers, tensor)) continue;
    for (size_t l = 0; l < layers->count; l++) {
      const ebbi_safetensor *first = layers->tensor[0][l];
      if (!ebbi_file_same_module(tensor, first)) continue;
      char item[64] = "";
      TRY(ebbi_file_kinds(kinds, file, first));
      (void)ebb_spec_item(item, sizeof item, spec, nodes[l]);
      return ebbi_fail(EBB_ERR_INPUT,
                       "%s: with \"%.80s\", \"%.80s\" belongs to a layer of kind %s; the "
                       "network's layer %zu, %s, has no such parameter",
                       path, tensor->name, first->name, kinds, nodes[l] + 1, item);
    }
    if (tensor->rank != 1 || !is_called(tensor, weight_part)) continue;
    TRY(ebbi_file_kinds(kinds, file, tensor));
    return ebbi_fail(EBB_ERR_INPUT,
                     "%s: \"%.80s\" [%zu] belongs to a layer of kind %s, which the network lacks; "
                     "write it in --model",
                     path, tensor->name, tensor->shape[0], kinds);
  }
  return EBB_OK;
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
    add_note(layers, "ignored, being no parameter of the network: %s%s", rest.text,
             matters ? "; if the network uses them, its outputs will differ" : "");
}

ebb_status ebbi_file_layers_find(ebbi_file_layers *layers, const ebbi_safetensors *file,
                                 const char *path, const ebb_spec *spec) {
  *layers = (ebbi_file_layers){0};
  TRY(collect_layers(layers, file, path, spec));
  TRY(sort_layers(layers, path, spec));
  for (size_t p = 1; p < EBBI_NODE_PARAMETERS; p++) TRY(find_others(layers, file, path, spec, p));
  if (spec) TRY(check_left(layers, file, path, spec));
  note_ignored(layers, file);
  return EBB_OK;
}

/* ---- the spec ---- */

/* Makes a spec of the layers' sizes, with this activation after all except the last. */
static ebb_status spec_of(ebb_spec *spec, const ebbi_file_layers *layers, ebb_activation hidden) {
  TRY(ebb_spec_begin(spec, layers->tensor[0][0]->shape[1]));
  for (size_t l = 0; l < layers->count; l++)
    TRY(ebb_spec_add(spec, layers->tensor[0][l]->shape[0],
                     l + 1 < layers->count ? hidden : EBB_ACT_IDENTITY));
  return EBB_OK;
}

/* Without a text nothing says where in the network a layer stands whose weight is a vector. */
static ebb_status require_no_vectors(const ebbi_safetensors *file, const char *path,
                                     const char *example) {
  char kinds[EBBI_KINDS_TEXT];
  for (size_t i = 0; i < ebbi_safetensors_count(file); i++) {
    const ebbi_safetensor *tensor = ebbi_safetensors_at(file, i);
    bool vector = tensor->rank == 1 && is_called(tensor, weight_part);
    if (!vector || !ebbi_safetensor_is_float(tensor)) continue;
    TRY(ebbi_file_kinds(kinds, file, tensor));
    return ebbi_fail(EBB_ERR_INPUT,
                     "%s: \"%.80s\" [%zu] belongs to a layer of kind %s; give the network by "
                     "--model, %s with this layer in its place",
                     path, tensor->name, tensor->shape[0], kinds, example);
  }
  return EBB_OK;
}

ebb_status ebbi_file_spec(ebb_spec *spec, const ebbi_safetensors *file, const char *path,
                          const char *text) {
  ebbi_file_layers layers;
  char sizes[EBB_SPEC_TEXT], example[EBB_SPEC_TEXT];
  if (text && ebb_spec_parse(spec, text, 0, 0) ==
                  EBB_OK) /* the text may determine the order of the layers */
    return ebbi_file_layers_find(&layers, file, path, spec);
  TRY(ebbi_file_layers_find(&layers, file, path, NULL));
  TRY(spec_of(spec, &layers, EBB_ACT_RELU));
  TRY(ebb_spec_text(example, sizeof example, spec));
  TRY(spec_of(spec, &layers, EBB_ACT_IDENTITY));
  TRY(ebb_spec_text(sizes, sizeof sizes, spec));
  if (text) return ebb_spec_parse(spec, text, ebb_spec_inputs(spec), ebb_spec_outputs(spec));
  TRY(require_no_vectors(file, path, example));
  REQUIRE(layers.count == 1, EBB_ERR_INPUT,
          "%s: its layers are %s, but PyTorch does not save the activations between them; "
          "give the network, if they are relu --model %s",
          path, sizes, example);
  return EBB_OK;
}
