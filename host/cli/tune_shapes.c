/* Which shapes are tuned, in which order: the three products of each layer of common networks, the
 * commonest training batches first, then squares. A shape whose class is in the list already is
 * left out, so each class is tuned once, for the first shape that needs it.
 */
#include "output.h"
#include "tune.h"

typedef struct shape_list {
  ebb_tune_shape *shapes;
  size_t count;
} shape_list;

static void add(shape_list *p, ebb_layout layout, size_t rows, size_t cols, size_t depth) {
  unsigned class_index = ebb_matmul_class(rows, cols, depth);
  for (size_t i = 0; i < p->count; i++) {
    const ebb_tune_shape *s = &p->shapes[i];
    if (s->layout == layout && ebb_matmul_class(s->rows, s->cols, s->depth) == class_index) return;
  }
  if (p->count < TUNE_SHAPES) p->shapes[p->count++] = (ebb_tune_shape){layout, rows, cols, depth};
}

/* The products of a dense layer in a training step: forward, weight gradients, and input gradients
 * except the first layer's. */
static void add_layer(shape_list *p, size_t inputs, size_t outputs, size_t batch, bool first) {
  add(p, EBB_LAYOUT_NN, batch, outputs, inputs);
  add(p, EBB_LAYOUT_TN, inputs, outputs, batch);
  if (!first) add(p, EBB_LAYOUT_NT, batch, inputs, outputs);
}

static void add_usual_network(shape_list *p, const size_t *widths, size_t layers, size_t batch) {
  for (size_t l = 0; l < layers; l++) add_layer(p, widths[l], widths[l + 1], batch, l == 0);
}

static void add_network(shape_list *p, const ebb_spec *spec, size_t batch) {
  bool first = true;
  for (size_t n = 0; n < spec->count; n++) {
    if (spec->nodes[n].kind != EBB_KIND_DENSE) continue;
    add_layer(p, ebb_spec_cols(spec, n), ebb_spec_cols(spec, n + 1), batch, first);
    first = false;
  }
}

static void add_usual(shape_list *p) {
  static const size_t batches[] = {128, 1024, 64, 32, 256, 8192, 512, 2048};
  static const size_t networks[][4] = {
      {784, 512, 512, 10}, {784, 1024, 1024, 10}, {784, 256, 256, 10}, {2048, 2048, 2048, 10}};
  static const size_t squares[] = {1024, 2048, 512, 4096, 256};
  for (size_t b = 0; b < sizeof batches / sizeof *batches; b++)
    add_usual_network(p, networks[0], 3, batches[b]);
  for (size_t i = 0; i < sizeof squares / sizeof *squares; i++)
    for (int layout = 0; layout < EBB_LAYOUT_COUNT; layout++)
      add(p, (ebb_layout)layout, squares[i], squares[i], squares[i]);
  for (size_t n = 1; n < sizeof networks / sizeof *networks; n++)
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++)
      add_usual_network(p, networks[n], 3, batches[b]);
}

int tune_list_shapes(ebb_tune_shape shapes[TUNE_SHAPES], size_t *count, const settings *s) {
  shape_list p = {.shapes = shapes};
  ebb_spec spec;
  if (s->model) {
    int code = fail_option(s, "model", ebb_spec_parse(&spec, s->model, 0, 0));
    if (code != EXIT_GOOD) return code;
    add_network(&p, &spec, s->batch);
  } else if (settings_given(s, "batch")) {
    return fail(EXIT_USAGE, "tune: --batch belongs to --model");
  } else {
    add_usual(&p);
  }
  *count = p.count;
  return EXIT_GOOD;
}
