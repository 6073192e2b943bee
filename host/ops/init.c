/* First values of parameters, mostly random: variance gain / fan, normal or uniform (He et al.
 * 2015; Glorot and Bengio 2010; LeCun et al. 1998).
 */
#include "base/error.h"
#include "base/size.h"
#include "ops.h"
#include "work.h"

#include <limits.h>
#include <math.h>

static const struct {
  int gain, fan, normal;
} inits[EBB_INIT_COUNT] = {
#define INIT_ROW(name, text, gain, fan, normal) [EBB_INIT_##name] = {gain, fan, normal},
    EBB_INIT_LIST(INIT_ROW)};

/* w = scale n, n as `draw` says. */
static ebb_status fill(const ebbi_exec *exec, ebb_tensor *w, double scale, ebbi_draw draw,
                       uint64_t seed, uint32_t stream, const char *where) {
  size_t count;
  TRY(ebbi_tensor_require(where, "w", w, w->device, EBB_F32, w->rows, w->cols));
  REQUIRE(ebbi_size_mul(&count, w->rows, w->cols) && count < INT_MAX / 2, EBB_ERR_ARGUMENT,
          "%s: w [%zu, %zu] has more than %d elements", where, w->rows, w->cols, INT_MAX / 2);
  size_t blocks = ebbi_ceil_div(count, 4);
  ebbi_launch launch = ebbi_launch_begin(w->device, exec, EBBI_KERNEL_init_weights, "");
  ebbi_launch_buffer(&launch, w->buffer);
  ebbi_launch_int(&launch, count);
  ebbi_launch_int(&launch, w->cols);
  ebbi_launch_int(&launch, w->stride);
  ebbi_launch_float(&launch, scale);
  ebbi_launch_int(&launch, draw);
  ebbi_launch_ulong(&launch, seed);
  ebbi_launch_uint(&launch, stream);
  launch.work = ebbi_work_init(w->rows, w->cols, draw);
  return ebbi_launch_run(&launch, ebbi_ceil_div(blocks, exec->params.element_group), 1);
}

ebb_status ebbi_init_weights(const ebbi_exec *exec, ebb_tensor *w, ebb_init init, uint64_t seed,
                             uint32_t stream) {
  static const char where[] = "ebb_init_weights";
  REQUIRE(init > EBB_INIT_AUTO && init < EBB_INIT_COUNT, EBB_ERR_ARGUMENT,
          "%s: there is no initialisation %d", where, (int)init);
  REQUIRE(w, EBB_ERR_ARGUMENT, "%s: w is NULL", where);
  double fan = inits[init].fan == 1 ? (double)w->rows : (double)(w->rows + w->cols) / 2;
  double variance = inits[init].gain / fan;
  /* A uniform number in (-s, s) has the variance s^2 / 3. */
  double scale = sqrt(inits[init].normal ? variance : 3 * variance);
  ebbi_draw draw = inits[init].normal ? EBBI_DRAW_NORMAL : EBBI_DRAW_UNIFORM;
  return fill(exec, w, scale, draw, seed, stream, where);
}

ebb_status ebbi_init_normal(ebb_tensor *w, double deviation, uint64_t seed, uint32_t stream) {
  return fill(ebbi_tensor_exec(w), w, deviation, EBBI_DRAW_NORMAL, seed, stream,
              "ebbi_init_normal");
}

ebb_status ebbi_init_constant(const ebbi_exec *exec, ebb_tensor *w, double value) {
  return fill(exec, w, value, EBBI_DRAW_NOTHING, 0, 0, "ebbi_init_constant");
}

ebb_status ebbi_init_signs(const ebbi_exec *exec, ebb_tensor *w, uint64_t seed, uint32_t stream) {
  return fill(exec, w, 1, EBBI_DRAW_SIGN, seed, stream, "ebbi_init_signs");
}

ebb_status ebb_init_weights(ebb_tensor *w, ebb_init init, uint64_t seed, uint32_t stream) {
  return ebbi_init_weights(ebbi_tensor_exec(w), w, init, seed, stream);
}
