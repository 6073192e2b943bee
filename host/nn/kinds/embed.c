/* Embeddings of categories: the first `columns` columns hold codes, and each code is replaced by a
 * row of a table [categories, units]: y = [the other columns, table[code], …]; equations (K6) and
 * (K7). Columns share the table, each with codes of its own, so that a launch serves them all. The
 * result begins with the other columns: an embedding with other units, or anything else that takes
 * the first columns, may follow. A code outside the table gives zeros and teaches nothing.
 */
#include "base/error.h"
#include "base/size.h"
#include "nn/kind.h"
#include "nn/spec.h"
#include "ops/columns.h"
#include "ops/elements.h"

/* The settings of a node. */
typedef struct embedding {
  size_t columns, categories, units;
} embedding;

static embedding embedding_of(const ebb_node *node) {
  return (embedding){(size_t)node->settings[0], (size_t)node->settings[1],
                     (size_t)node->settings[2]};
}

ebb_status ebb_spec_add_embedding(ebb_spec *spec, size_t columns, size_t categories, size_t units) {
  ebb_node node = {.kind = EBB_KIND_EMBED,
                   .settings = {(double)columns, (double)categories, (double)units}};
  return ebbi_spec_append(spec, &node, "ebb_spec_add_embedding");
}

static ebb_status shape(ebb_node *node, const size_t cols[EBB_NODE_INPUTS], const char *where) {
  embedding e = embedding_of(node);
  REQUIRE(e.columns <= cols[0], EBB_ERR_ARGUMENT,
          "%s: embed takes the codes of %zu columns; its input has %zu", where, e.columns, cols[0]);
  node->units = cols[0] - e.columns + e.columns * e.units; /* each factor is at most 2^20 */
  REQUIRE(node->units <= EBB_MAX_UNITS, EBB_ERR_ARGUMENT,
          "%s: embed makes %zu columns; a value has at most %d", where, node->units, EBB_MAX_UNITS);
  return EBB_OK;
}

/* The numbers begin with the deviation 0.3. With 1, as torch.nn.Embedding begins, rare categories
 * stay noise as large as all else: on abalone that costs 0.02 of R2. */
static size_t parameters(ebbi_parameter out[EBBI_NODE_PARAMETERS], const ebb_node *node,
                         size_t inputs) {
  embedding e = embedding_of(node);
  (void)inputs;
  out[0] = (ebbi_parameter){"weight",         e.categories,     e.units, EBBI_FILL_NORMAL,
                            EBBI_FILE_MATRIX, EBBI_ROLE_WEIGHT, 0.3};
  return 1;
}

static ebb_status forward(const ebbi_node_call *call) {
  embedding e = embedding_of(&call->network->spec.nodes[call->index]);
  const ebbi_device_params *params = &call->exec->params;
  ebb_tensor *y = call->y;
  const ebb_tensor *x = call->x[0], *table = call->parameters[0];
  size_t kept = x->cols - e.columns, count = y->rows * e.columns;
  size_t vectors = count * ebbi_ceil_div(e.units, params->width);
  size_t each = (size_t)params->element_group * params->element_vectors;
  TRY(ebbi_copy_columns(call->exec, y, 0, x, e.columns, kept));
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_embed, y, table, x, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, y->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, table->buffer);
  ebbi_launch_int(&launch, kept);
  ebbi_launch_int(&launch, y->stride);
  ebbi_launch_int(&launch, e.columns);
  ebbi_launch_int(&launch, x->stride);
  ebbi_launch_int(&launch, e.categories);
  ebbi_launch_int(&launch, table->stride);
  ebbi_launch_int(&launch, vectors);
  ebbi_launch_int(&launch, e.units);
  launch.work = (ebbi_work){.shape = {count, e.units}, .bytes = (double)(8 * count * e.units)};
  return ebbi_launch_run(&launch, ebbi_ceil_div(vectors, each), 1);
}

/* Rows of the table that an item of the gradient owns. Each item goes through all codes, so there
 * are only as many items as keep the device busy. */
static size_t rows_of_item(const ebbi_node_call *call, embedding e) {
  const ebbi_device_params *params = &call->exec->params;
  size_t units = ebb_device_get_info(call->network->device)->compute_units;
  size_t items = 4 * units * params->element_group;
  return ebbi_ceil_div(e.categories * ebbi_ceil_div(e.units, params->width), items);
}

static ebb_status table_gradient(const ebbi_node_call *call, embedding e) {
  const ebbi_device_params *params = &call->exec->params;
  ebb_tensor *dtable = call->gradients[0];
  const ebb_tensor *x = call->x[0], *dy = call->dy;
  size_t each = rows_of_item(call, e), count = x->rows * e.columns;
  size_t items = ebbi_ceil_div(e.categories, each) * ebbi_ceil_div(e.units, params->width);
  ebbi_launch launch =
      ebbi_elements_begin(call->exec, EBBI_KERNEL_embed_gradient, dtable, dy, x, EBB_ACT_IDENTITY);
  ebbi_launch_buffer(&launch, dtable->buffer);
  ebbi_launch_buffer(&launch, x->buffer);
  ebbi_launch_buffer(&launch, dy->buffer);
  ebbi_launch_int(&launch, x->cols - e.columns);
  ebbi_launch_int(&launch, dy->stride);
  ebbi_launch_int(&launch, e.columns);
  ebbi_launch_int(&launch, x->stride);
  ebbi_launch_int(&launch, e.categories);
  ebbi_launch_int(&launch, dtable->stride);
  ebbi_launch_int(&launch, x->rows);
  ebbi_launch_int(&launch, e.units);
  ebbi_launch_int(&launch, each);
  launch.work = (ebbi_work){.shape = {count, e.units},
                            .flops = (double)(count * e.units),
                            .bytes = (double)(4 * (count + e.categories) * e.units)};
  return ebbi_launch_run(&launch, ebbi_ceil_div(items, params->element_group), 1);
}

static ebb_status backward(const ebbi_node_call *call) {
  embedding e = embedding_of(&call->network->spec.nodes[call->index]);
  ebb_tensor *dx = call->dx[0];
  TRY(table_gradient(call, e));
  if (!dx) return EBB_OK;
  TRY(ebbi_copy_columns(call->exec, dx, 0, NULL, 0, e.columns));
  return ebbi_copy_columns(call->exec, dx, e.columns, call->dy, 0, dx->cols - e.columns);
}

const ebbi_kind ebbi_kind_embed = {
    .name = "embed",
    .word = "embed",
    .example = "embed2x40x8",
    .help = "categories: each of the first 2 columns, codes below 40, becomes a row of 8 numbers",
    .settings = {{"columns", 1, EBB_MAX_UNITS + 1, 0, true},
                 {"categories", 1, EBB_MAX_UNITS + 1, 0, true},
                 {"units", 1, EBB_MAX_UNITS + 1, 0, true}},
    .inputs = 1,
    .front = true,
    .exact = true,
    .shape = shape,
    .parameters = parameters,
    .forward = forward,
    .backward = backward,
};
