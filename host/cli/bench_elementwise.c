/* `ebb bench elementwise`: activations, losses and optimizers over arrays far larger than a cache,
 * in bytes per second and as a fraction of the triad in the same run.
 *
 * Bytes are those that must move at least once (kernels/README.md). All kernels are verified first.
 * dz is zero from the start: every run of backward makes it smaller, so other values would pass
 * through the denormal numbers, on which a CPU takes a hundred times as long.
 */
#include "bench.h"

#include "output.h"

#include <stdlib.h>

/* 64 MiB per array; rows of the matrices are so wide that they need no padding. */
enum { COLS = 992, ELEMENTS = 64 << 18, ARRAYS = 13 };

typedef struct arrays {
  size_t rows, count; /* of the matrices; elements of the slabs */
  ebb_tensor *z, *a, *dz, *loss_dz, *bias, *labels, *matrix_partials;
  ebb_tensor *parameters, *moments[EBB_OPTIMIZER_MOMENTS], *gradients, *partials;
  ebb_tensor *state, *half; /* half the columns: targets of losses with two outputs for each */
} arrays;

typedef enum element_operation { FORWARD, BACKWARD, LOSS, UPDATE } element_operation;

/* A case: an operation with its activation, loss or optimizer. */
typedef struct element_case {
  arrays *on;
  element_operation operation;
  int which;
} element_case;

typedef struct element_set {
  arrays on;
  size_t count;
  element_case *items;
  bench_case *cases;
} element_set;

/* With all the moments that it can have. */
static ebb_optimizer optimizer_of(ebb_optimizer_kind kind) {
  ebb_optimizer optimizer = ebb_optimizer_default(kind);
  if (ebb_optimizer_has(kind, EBB_SETTING_momentum)) optimizer.momentum = 0.9;
  return optimizer;
}

static ebb_status run_update(const arrays *x, ebb_optimizer_kind kind) {
  ebb_optimizer optimizer = optimizer_of(kind);
  return ebb_update(x->parameters, x->moments, x->gradients, x->state, x->partials, &optimizer);
}

static ebb_status run_once(const element_case *c) {
  const arrays *x = c->on;
  ebb_activation f = (ebb_activation)c->which;
  ebb_loss loss = ebb_loss_default(c->operation == LOSS ? (ebb_loss_kind)c->which : EBB_LOSS_MSE);
  ebb_tensor *values = ebb_loss_outputs(loss) == 1 ? x->a : x->half;
  switch (c->operation) {
  case FORWARD:
    return ebb_activation_forward(x->a, x->z, x->bias, f);
  case BACKWARD:
    return ebb_activation_backward(x->dz, ebb_activation_needs_z(f) ? x->z : NULL, x->a, f);
  case LOSS:
    return ebb_loss_forward_backward(x->loss_dz, x->matrix_partials, x->z,
                                     ebb_loss_has_labels(loss.kind) ? x->labels : values, x->state,
                                     loss);
  case UPDATE:
    break;
  }
  return run_update(x, (ebb_optimizer_kind)c->which);
}

static ebb_status run(void *context, size_t times) {
  ebb_status status = EBB_OK;
  for (size_t i = 0; i < times && status == EBB_OK; i++) status = run_once(context);
  return status;
}

/* Bytes per run. */
static double bytes(const element_case *c) {
  double matrix = 4.0 * COLS * (double)c->on->rows, slab = 4.0 * (double)c->on->count;
  switch (c->operation) {
  case FORWARD: /* z in and out, a out */
    return 3 * matrix;
  case BACKWARD: /* dz in and out; z or a in, unless the slope is 1 */
    return (c->which == EBB_ACT_IDENTITY ? 2 : 3) * matrix;
  case LOSS: /* z in, dz out; values: y in */
    return (ebb_loss_has_labels((ebb_loss_kind)c->which) ? 2 : 3) * matrix;
  case UPDATE:
    break;
  }
  ebb_optimizer optimizer = optimizer_of((ebb_optimizer_kind)c->which);
  return (double)(3 + 2 * ebb_optimizer_moments(&optimizer)) * slab; /* gradients in, others both */
}

static void name_case(char *name, size_t size, const element_case *c) {
  if (c->operation == LOSS)
    snprintf(name, size, "loss %s", ebb_loss_name((ebb_loss_kind)c->which));
  else if (c->operation == UPDATE)
    snprintf(name, size, "update %s", ebb_optimizer_name((ebb_optimizer_kind)c->which));
  else
    snprintf(name, size, "%s %s", c->operation == FORWARD ? "forward" : "backward",
             ebb_activation_name((ebb_activation)c->which));
}

/* Elements of an array: 64 MiB, or less if the device has no room. */
static size_t choose_elements(const ebb_device *device) {
  const ebb_device_info *info = ebb_device_get_info(device);
  uint64_t most = info->global_bytes / 2 / ARRAYS;
  if (most > info->max_allocation / 2) most = info->max_allocation / 2;
  return most / sizeof(float) < ELEMENTS ? (size_t)(most / sizeof(float)) : ELEMENTS;
}

static ebb_status make_state(arrays *x, ebb_device *device) {
  ebb_state state = ebb_state_default((uint32_t)x->rows, 1, 0.001f);
  ebb_status status = ebb_tensor_create(&x->state, device, EBB_I32, 1, EBB_STATE_WORDS);
  if (status == EBB_OK) status = ebb_tensor_upload(x->state, &state);
  if (status == EBB_OK) status = ebb_loss_partials_create(&x->matrix_partials, device, x->rows);
  if (status == EBB_OK) status = ebb_loss_partials_create(&x->partials, device, 1);
  /* labels of zeros: class 0 */
  if (status == EBB_OK) status = ebb_tensor_create(&x->labels, device, EBB_I32, x->rows, 1);
  return status;
}

static int make_arrays(arrays *x, ebb_device *device) {
  x->rows = (choose_elements(device) + COLS - 1) / COLS;
  x->count = x->rows * COLS;
  ebb_status status = make_state(x, device);
  if (status == EBB_OK) status = ebb_tensor_create(&x->a, device, EBB_F32, x->rows, COLS);
  if (status == EBB_OK) status = ebb_tensor_create(&x->half, device, EBB_F32, x->rows, COLS / 2);
  if (status == EBB_OK) status = ebb_tensor_create(&x->dz, device, EBB_F32, x->rows, COLS);
  if (status == EBB_OK) status = ebb_tensor_create(&x->loss_dz, device, EBB_F32, x->rows, COLS);
  if (status == EBB_OK) status = ebb_tensor_create(&x->bias, device, EBB_F32, 1, COLS);
  for (size_t m = 0; m < EBB_OPTIMIZER_MOMENTS && status == EBB_OK; m++)
    status = ebb_tensor_create(&x->moments[m], device, EBB_F32, 1, x->count);
  int code = fail_status(status);
  if (code == EXIT_GOOD) code = bench_make_tensor(&x->z, device, EBB_F32, x->rows, COLS, 3, 4);
  if (code == EXIT_GOOD)
    code = bench_make_tensor(&x->parameters, device, EBB_F32, 1, x->count, 4, 1);
  if (code == EXIT_GOOD)
    code = bench_make_tensor(&x->gradients, device, EBB_F32, 1, x->count, 5, 1);
  return code;
}

static void free_arrays(arrays *x) {
  ebb_tensor *const all[] = {
      x->z,     x->a,      x->dz,       x->loss_dz,         x->bias, x->parameters, x->gradients,
      x->state, x->labels, x->partials, x->matrix_partials, x->half};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) ebb_tensor_free(all[i]);
  for (size_t m = 0; m < EBB_OPTIMIZER_MOMENTS; m++) ebb_tensor_free(x->moments[m]);
}

static void add(element_set *e, element_operation operation, int which) {
  e->items[e->count] = (element_case){.on = &e->on, .operation = operation, .which = which};
  e->count++;
}

/* All cases; with --quick one activation of each cost. */
static void add_cases(element_set *e, bool quick) {
  for (int f = 0; f < EBB_ACT_COUNT; f++) {
    if (quick && f != EBB_ACT_RELU && f != EBB_ACT_TANH && f != EBB_ACT_GELU) continue;
    add(e, FORWARD, f);
    add(e, BACKWARD, f);
  }
  for (int l = 0; l < EBB_LOSS_COUNT; l++) add(e, LOSS, l);
  for (int o = 0; o < EBB_OPT_COUNT; o++) add(e, UPDATE, o);
}

static int print_as_json(const bench *b, const element_set *e) {
  json_t *object = bench_begin_json(b, "elementwise"), *results = json_array();
  put_number(object, "bandwidth_gbps", 1e-9 * b->yardstick.rate);
  put(object, "array_bytes", json_integer((json_int_t)(4 * e->on.count)));
  for (size_t i = 0; i < e->count; i++) {
    const bench_case *c = &e->cases[i];
    char name[64];
    name_case(name, sizeof name, &e->items[i]);
    json_t *row = json_pack("{s:s, s:I}", "case", name, "bytes", (json_int_t)c->work);
    bench_put_times(row, "", c);
    put_number(row, "gbps", 1e-9 * c->rate);
    put_number(row, "bandwidth_fraction", c->fraction);
    json_array_append_new(results, row);
  }
  put(object, "results", results);
  return print_json(object);
}

static int print_as_table(const bench *b, const element_set *e) {
  printf("memory   %.1f GB/s, by the triad a = b + s c over arrays of %.0f MB\n\n",
         1e-9 * b->yardstick.rate, 4e-6 * (double)e->on.count);
  printf("case                    ms median       p10       p90      GB/s  of triad\n");
  for (size_t i = 0; i < e->count; i++) {
    const bench_case *c = &e->cases[i];
    char name[64];
    name_case(name, sizeof name, &e->items[i]);
    printf("%-22s  %9.3f %9.3f %9.3f %9.2f %9.3f\n", name, 1e3 * c->median, 1e3 * c->p10,
           1e3 * c->p90, 1e-9 * c->rate, c->fraction);
  }
  return EXIT_GOOD;
}

/* Verifies checks with these names, at the measured width. */
static int verify_named(bench *b, const char *kernel, const char *of) {
  char name[96];
  ebb_verify_result result;
  ebb_verify_options options = {
      .size = sizeof(ebb_verify_options), .kernels = true, .all = true, .only = name, .seed = 1};
  snprintf(name, sizeof name, "kernel %s%s", kernel, of);
  return fail_status(ebb_verify(&result, b->device, &options, NULL, NULL));
}

/* Verifies the kernels to be measured against the reference. */
static int verify(bench *b) {
  static const char *const names[] = {"loss", "update"};
  int code = EXIT_GOOD;
  for (size_t i = 0; i < sizeof names / sizeof *names && code == EXIT_GOOD; i++)
    code = verify_named(b, names[i], " *");
  for (int f = 0; f < EBB_ACT_COUNT && code == EXIT_GOOD; f++)
    code = verify_named(b, "activation_* ", ebb_activation_name((ebb_activation)f));
  return code;
}

static int measure(bench *b, element_set *e) {
  int code = verify(b);
  if (code == EXIT_GOOD) code = make_arrays(&e->on, b->device);
  if (code == EXIT_GOOD) code = bench_make_triad(b, e->on.count);
  if (code != EXIT_GOOD) return code;
  add_cases(e, b->s->quick);
  for (size_t i = 0; i < e->count; i++)
    e->cases[i] = (bench_case){.run = run, .context = &e->items[i], .work = bytes(&e->items[i])};
  code = bench_measure(b, e->cases, e->count);
  if (code != EXIT_GOOD) return code;
  return b->s->json ? print_as_json(b, e) : print_as_table(b, e);
}

int bench_elementwise(bench *b) {
  enum { ROOM = 2 * EBB_ACT_COUNT + EBB_LOSS_COUNT + EBB_OPT_COUNT };
  element_set e = {.items = calloc(ROOM, sizeof *e.items), .cases = calloc(ROOM, sizeof *e.cases)};
  int code = e.items && e.cases ? measure(b, &e) : fail(EXIT_FAILED, "no memory");
  free_arrays(&e.on);
  free(e.cases);
  free(e.items);
  return code;
}
