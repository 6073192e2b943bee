/* The graph of a network: its plan, and the results of passes, for every kind of node.
 *
 * Gradients are compared with numerical differences of the loss on the device, random numbers with
 * the host's numbers of the same stream.
 */
#include "checkpoint_rig.h"
#include "graph/pass.h"

#include <float.h>
#include <math.h>

enum { BATCH = 9 };

/* Two layers of each width, so that places can be reused. */
static const char *const specs[] = {
    "7-3",
    "7-9relu-9gelu-9tanh-9-3",
    "7-drop0.1-6tanh-drop0.2-6silu-6-6-6-3",
    "7-res(7)-3",
    "7-6tanh-drop0.2-res(6tanh-6tanh-6)-6silu-6-3",
    "7-6tanh-res(res(6gelu-6)-drop0.1-6silu-6softplus)-res(drop0.3-6sigmoid)-drop0.4-3",
    "7-6-layernormtanh-res(rmsnormsilu-6)-layernorm-6-6-3",
    "7-drop0.1-res(drop0.2)-res(res(7-7tanh)-7)-7-7-7-7-3",
    "7-6tanh-glu-6silu-swiglu-res(12-swiglu-glu)-3",
    "7-embed2x3x5-embed1x9x1-periodic3x17x2-6tanh-wide(embed3x7x2)-3",
    "7-wide(5relu)-wide(drop0.2-6gelu-wide(1))-res(4-wide(15))-3",
};
enum { SPECS = sizeof specs / sizeof *specs };

static ebb_network *network_of(ebb_device *device, const char *text) {
  ebb_spec spec;
  ebb_network *network;
  expect(ebb_spec_parse(&spec, text, 0, 0), EBB_OK);
  expect(ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 5), EBB_OK);
  return network;
}

/* ---- plans ---- */

/* Tensors that are alive together do not overlap; a reused place has the same width as before. */
static void expect_apart(const ebbi_plan *made) {
  for (size_t i = 0; i < made->place_count; i++)
    for (size_t k = 0; k < i; k++) {
      const ebbi_place *a = &made->places[k], *b = &made->places[i];
      size_t floats = made->batch * ebbi_stride(made->batch, a->cols);
      if (a->apart || b->apart) continue;
      if (a->offset == b->offset) {
        assert_true(a->last < b->first || b->last < a->first);
        assert_int_equal(a->cols, b->cols);
        assert_int_equal(a->dtype, b->dtype);
      } else if (a->offset < b->offset) {
        assert_true(a->offset + floats / (a->dtype == EBB_BF16 ? 2 : 1) <= b->offset);
      }
    }
}

/* Each call reads what an earlier call wrote. */
static void expect_order(const ebbi_plan *made) {
  const ebb_spec *spec = &made->network->spec;
  bool written[EBBI_MAX_PLACES] = {false};
  written[made->value[0]] = true;
  for (size_t i = 0; i < made->call_count; i++) {
    const ebbi_call *call = &made->calls[i];
    const ebb_node *node = &spec->nodes[call->node];
    if (call->type == EBBI_CALL_FORWARD) {
      for (size_t k = 0; k < ebbi_kind_of(node->kind)->inputs; k++)
        assert_true(written[made->value[node->inputs[k]]]);
      written[made->value[call->node + 1]] = true;
    } else if (call->type == EBBI_CALL_LOSS) {
      assert_true(written[made->value[spec->count]]);
      written[made->dvalue[spec->count]] = true;
    } else if (call->type == EBBI_CALL_BACKWARD) {
      assert_true(written[made->dvalue[call->node + 1]]);
      for (size_t k = 0; k < EBB_NODE_INPUTS; k++)
        if (made->dinput[call->node][k] != EBBI_NO_PLACE)
          written[made->dinput[call->node][k]] = true;
    } else {
      assert_true(written[call->a] && (call->b == EBBI_NO_PLACE || written[call->b]));
      written[call->to] = true;
    }
  }
}

static size_t need_of(const ebb_network *network, ebbi_pass_kind kind) {
  ebbi_need need = {0};
  assert_int_equal(ebbi_pass_need(&need, ebbi_device_exec(network->device), network, BATCH,
                                  ebb_loss_default(EBB_LOSS_MSE), kind),
                   EBB_OK);
  return need.total;
}

static void test_plans(void **state) {
  for (size_t s = 0; s < SPECS; s++) {
    ebb_network *network = network_of(*state, specs[s]);
    for (int kind = EBBI_PASS_PREDICTION; kind <= EBBI_PASS_LAYERS; kind++) {
      ebbi_plan *made;
      assert_int_equal(ebbi_plan_create(&made, ebbi_device_exec(network->device), network, BATCH,
                                        (ebbi_pass_kind)kind, NULL),
                       EBB_OK);
      expect_apart(made);
      expect_order(made);
      free(made);
    }
    size_t predict = need_of(network, EBBI_PASS_PREDICTION);
    size_t evaluate = need_of(network, EBBI_PASS_EVALUATION);
    assert_true(predict < evaluate && evaluate < need_of(network, EBBI_PASS_LAYERS));
    ebb_network_free(network);
  }
}

/* ---- passes ---- */

/* Uniform in (-1, 1). */
static float *numbers(size_t count, uint32_t stream) {
  float *values = malloc(count * sizeof *values);
  for (uint64_t i = 0; i < count; i++) {
    uint32_t bits[4];
    ebbi_philox(bits, 17, EBBI_RNG_TEST, stream, i);
    values[i] = 2 * ebbi_uniform(bits[0]) - 1;
  }
  return values;
}

static void send(ebb_tensor *tensor, uint32_t stream) {
  float *values = numbers(ebb_tensor_rows(tensor) * ebb_tensor_cols(tensor), stream);
  assert_int_equal(ebb_tensor_upload(tensor, values), EBB_OK);
  free(values);
}

static float *fetch(const ebb_tensor *tensor) {
  float *values = malloc(tensor->rows * tensor->cols * sizeof *values);
  assert_int_equal(ebb_tensor_download_floats(values, tensor), EBB_OK);
  return values;
}

static ebbi_pass *make_pass(ebb_network *network, ebbi_pass_kind kind, uint64_t step) {
  ebbi_pass *pass;
  ebb_state state = ebb_state_default(BATCH, step, 0);
  assert_int_equal(ebbi_pass_create(&pass, ebbi_device_exec(network->device), network, BATCH,
                                    ebb_loss_default(EBB_LOSS_MSE), kind),
                   EBB_OK);
  pass->seed = 33;
  send(pass->value[0], 1);
  send(pass->target, 2);
  assert_int_equal(ebb_tensor_upload(pass->state, &state), EBB_OK);
  return pass;
}

static void run_backward(ebbi_pass *pass) {
  assert_int_equal(ebbi_pass_forward(pass), EBB_OK);
  assert_int_equal(ebbi_pass_loss(pass), EBB_OK);
  assert_int_equal(ebbi_pass_backward(pass), EBB_OK);
}

static void expect_padding(const ebb_tensor *tensor, const char *spec) {
  if (!tensor || tensor->dtype != EBB_F32 || tensor->stride == tensor->cols) return;
  float *all = malloc(tensor->rows * tensor->stride * sizeof *all);
  size_t bytes = tensor->stride * sizeof *all;
  assert_int_equal(ebbi_buffer_download(all, tensor->buffer, tensor->rows, bytes, bytes), EBB_OK);
  for (size_t r = 0; r < tensor->rows; r++)
    for (size_t c = tensor->cols; c < tensor->stride; c++)
      if (all[r * tensor->stride + c] != 0) fail_msg("%s: padding at [%zu, %zu]", spec, r, c);
  free(all);
}

static void test_padding_stays_zero(void **state) {
  for (size_t s = 0; s < SPECS; s++) {
    ebb_network *network = network_of(*state, specs[s]);
    ebbi_pass *all = make_pass(network, EBBI_PASS_LAYERS, 1);
    ebbi_pass *evaluation = make_pass(network, EBBI_PASS_EVALUATION, 1);
    run_backward(all);
    assert_int_equal(ebbi_pass_forward(evaluation), EBB_OK);
    for (size_t i = 0; i < EBBI_MAX_PLACES; i++) {
      expect_padding(all->tensors[i], specs[s]);
      expect_padding(evaluation->tensors[i], specs[s]);
    }
    ebbi_pass_free(all);
    ebbi_pass_free(evaluation);
    ebb_network_free(network);
  }
}

/* Prediction, evaluation and training without randomness agree, though their places differ. */
static void test_outputs_agree(void **state) {
  for (size_t s = 0; s < SPECS; s++) {
    ebb_network *network = network_of(*state, specs[s]);
    for (int kind = EBBI_PASS_EVALUATION; kind <= EBBI_PASS_LAYERS; kind++) {
      if (kind == EBBI_PASS_LAYERS && strstr(specs[s], "drop")) continue;
      ebbi_pass *pass = make_pass(network, (ebbi_pass_kind)kind, 1);
      assert_int_equal(ebbi_pass_forward(pass), EBB_OK);
      float *found = fetch(pass->value[network->spec.count]);
      float *input = numbers(BATCH * 7, 1), output[BATCH * 3];
      assert_int_equal(ebb_network_predict(network, output, input, BATCH), EBB_OK);
      assert_memory_equal(found, output, sizeof output);
      free(input);
      free(found);
      ebbi_pass_free(pass);
    }
    ebb_network_free(network);
  }
}

/* ---- gradients ---- */

static double loss_of(ebbi_pass *pass) {
  assert_int_equal(ebbi_pass_forward(pass), EBB_OK);
  float *z = fetch(pass->value[pass->network->spec.count]), *y = fetch(pass->target);
  size_t count = pass->target->rows * pass->target->cols;
  double sum = 0;
  for (size_t i = 0; i < count; i++) sum += pow((double)z[i] - (double)y[i], 2);
  free(y);
  free(z);
  return sum / (double)count;
}

/* The slope of the loss by one number of a parameter. */
static double difference(ebbi_pass *pass, ebb_tensor *parameter, float *values, size_t at) {
  const float step = 1.f / 128, was = values[at];
  double loss[2];
  for (int side = 0; side < 2; side++) {
    values[at] = was + (side ? step : -step);
    assert_int_equal(ebb_tensor_upload(parameter, values), EBB_OK);
    loss[side] = loss_of(pass);
  }
  values[at] = was;
  assert_int_equal(ebb_tensor_upload(parameter, values), EBB_OK);
  return (loss[1] - loss[0]) / (2 * (double)step);
}

static void check_gradients(ebb_device *device, const char *text) {
  ebb_network *network = network_of(device, text);
  ebbi_pass *pass = make_pass(network, EBBI_PASS_LAYERS, 3);
  run_backward(pass);
  for (size_t n = 0; n < network->spec.count; n++)
    for (size_t p = 0; p < EBBI_NODE_PARAMETERS && network->parameter[n][p]; p++) {
      ebb_tensor *parameter = network->parameter[n][p];
      float *values = fetch(parameter), *gradient = fetch(pass->dparameter[n][p]);
      for (size_t at = 0; at < parameter->rows * parameter->cols; at += 5) {
        double wanted = difference(pass, parameter, values, at), found = (double)gradient[at];
        if (fabs(found - wanted) > 2e-4 + 2e-3 * fabs(wanted))
          fail_msg("%s: layer %zu, parameter %zu [%zu]: %g, by differences %g", text, n + 1, p, at,
                   found, wanted);
      }
      free(gradient);
      free(values);
    }
  ebbi_pass_free(pass);
  ebb_network_free(network);
}

/* Codes of embeddings are the whole part of random inputs; many are no row of the table. A step's
 * dropout masks are the same in every run, so the loss with dropout has slopes too. */
static void test_gradients(void **state) {
  static const char *const checked[] = {
      "5-6tanh-4gelu-3",
      "5-res(4tanh-5)-3",
      "5-6tanh-res(6gelu-6)-3",
      "5-6silu-res(res(6softplus-6tanh)-6sigmoid)-res(6)-3",
      "5-6-glu-8tanh-glu-3",
      "5-6-swiglu-8tanh-swiglu-3",
      "5-embed2x3x5-embed3x2x4-6tanh-3",
      "5-embed5x1x3-periodic3x5x3-4tanh-3",
      "5-wide(6tanh)-4gelu-wide(3tanh-wide(2))-3",
      "5-drop0-6tanh-drop0-3",
      "5-drop0.2-6tanh-drop0.5-6gelu-drop0.3-3",
      "5-6tanh-res(drop0.3-6gelu-drop0.2)-res(drop0.5)-3",
      "5-layernormtanh-6-layernorm0.1gelu-3",
      "5-6tanh-rmsnormsilu-res(rmsnorm-6)-layernorm-3",
      "5-batchnorm-6-batchnormtanh-res(6-batchnorm0.1x0.5)-3",
  };
  for (size_t i = 0; i < sizeof checked / sizeof *checked; i++) check_gradients(*state, checked[i]);
}

/* ---- dropout ---- */

/* The factor of this element from its random stream. */
static float mask_at(uint64_t seed, uint32_t node, uint64_t step, size_t row, size_t col,
                     double rate) {
  uint32_t words[4];
  ebbi_philox(words, seed, EBBI_RNG_DROPOUT, node, step);
  uint64_t key = words[0] | (uint64_t)words[1] << 32;
  uint64_t call = col / 64 * 16 + col % 16; /* serves four columns that are 16 apart */
  ebbi_philox(words, key, EBBI_RNG_DROPOUT, 0, (uint64_t)row << 32 | call);
  return ebbi_uniform(words[col % 64 / 16]) >= (float)rate ? (float)(1 / (1 - rate)) : 0;
}

/* A rate that fades has fallen to half of itself after three quarters of the training's steps. */
static const struct {
  const char *text;
  double rate; /* in this step of a training of `span` steps */
  uint64_t step, span;
} masks[] = {
    {"41-drop0.3-3", 0.3, 1, 0},      {"1030-drop0.75-3", 0.75, 1ull << 33, 8},
    {"2-drop0-3", 0, 1, 0},           {"41-drop0.3:fade-3", 0.3, 7, 0},
    {"41-drop0.3:fade-3", 0.3, 5, 8}, {"41-drop0.3:fade-3", 0.15, 7, 8},
    {"41-drop0.3:fade-3", 0, 9, 8},
};

static void expect_masks(ebb_device *device, size_t m) {
  ebb_network *network = network_of(device, masks[m].text);
  ebbi_pass *pass = make_pass(network, EBBI_PASS_LAYERS, masks[m].step);
  pass->span = masks[m].span;
  assert_int_equal(ebbi_pass_forward(pass), EBB_OK);
  float *x = fetch(pass->value[0]), *y = fetch(pass->value[1]);
  float error = strstr(masks[m].text, "fade") ? 4 * FLT_EPSILON : 0; /* a quotient */
  size_t cols = pass->value[0]->cols, kept = 0;
  for (size_t i = 0; i < BATCH * cols; i++) {
    float mask = mask_at(33, 0, masks[m].step, i / cols, i % cols, masks[m].rate);
    assert_true(fabsf(y[i] - x[i] * mask) <= error * fabsf(y[i]) && (mask > 0 || y[i] == 0));
    kept += mask > 0;
  }
  double mean = (double)(BATCH * cols) * (1 - masks[m].rate);
  assert_true(fabs((double)kept - mean) <= 5 * sqrt(mean * masks[m].rate));
  free(x), free(y);
  ebbi_pass_free(pass);
  ebb_network_free(network);
}

static void test_masks(void **state) {
  ebb_engine was = ebb_device_engine(*state);
  for (size_t i = 0; i < 2 * sizeof masks / sizeof *masks; i++) {
    ebb_engine engine = i % 2 ? EBB_ENGINE_GPU : EBB_ENGINE_CPU; /* other vector widths */
    assert_int_equal(ebb_device_set_engine(*state, engine), EBB_OK);
    expect_masks(*state, i / 2);
  }
  assert_int_equal(ebb_device_set_engine(*state, was), EBB_OK);
}

/* A resumed training draws the masks of the uninterrupted one; another seed draws others. */
static void test_resumed(void **state) {
  size_t count;
  float *weights[3];
  for (size_t i = 0; i < 3; i++) {
    rig r = rig_make(*state, "8tanh-drop0.4-8relu-drop0.2:fade");
    r.options.seed = i == 2 ? 2 : 1;
    r.options.epochs = 3; /* of 5 steps */
    expect(rig_start(&r), EBB_OK);
    expect(ebb_trainer_step(r.trainer, 7), EBB_OK);
    if (i == 1) {
      expect(ebb_trainer_save(r.trainer, folder, 1, NULL), EBB_OK);
      ebb_trainer_free(r.trainer);
      expect(rig_start(&r), EBB_OK);
      expect(ebb_trainer_resume(r.trainer, folder, NULL), EBB_OK);
    }
    expect(ebb_trainer_step(r.trainer, 6), EBB_OK);
    expect(ebb_sentinel(r.trainer, 1, NULL), EBB_OK); /* knows how far a rate has faded */
    weights[i] = parameters_of(r.network, &count);
    rig_free(&r);
  }
  assert_memory_equal(weights[0], weights[1], count * sizeof *weights[0]);
  assert_memory_not_equal(weights[0], weights[2], count * sizeof *weights[0]);
  for (size_t i = 0; i < 3; i++) free(weights[i]);
}

/* ---- bfloat16 ---- */

/* Rounds a finite number to bfloat16, ties to even. */
static float rounded(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  bits = (bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000;
  memcpy(&value, &bits, sizeof bits);
  return value;
}

/* Values between nodes are bfloat16, the data float32: each value is rounded once. */
static void test_bfloat16(void **state) {
  ebb_device *device = *state;
  assert_int_equal(ebb_device_set_precision(device, EBB_PRECISION_BF16), EBB_OK);
  ebb_network *network = network_of(device, "37-drop0.2-res(8-37)-res(37)-3");
  ebbi_pass *pass = make_pass(network, EBBI_PASS_LAYERS, 1);
  run_backward(pass);
  float *x = fetch(pass->value[0]), *dropped = fetch(pass->value[1]);
  float *branch = fetch(pass->value[3]), *sum = fetch(pass->value[4]);
  float *from_skip = fetch(pass->dvalue[6]), *from_branch = fetch(pass->dinput[4][0]);
  float *gradient = fetch(pass->dvalue[4]);
  for (size_t i = 0; i < BATCH * 37; i++) {
    float mask = mask_at(33, 0, 1, i / 37, i % 37, 0.2);
    assert_true(dropped[i] == rounded(x[i] * mask));
    assert_true(sum[i] == rounded(branch[i] + dropped[i]));
    assert_true(gradient[i] == rounded(from_skip[i] + from_branch[i]));
  }
  float *all[] = {x, dropped, branch, sum, from_skip, from_branch, gradient};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
  ebbi_pass_free(pass);
  ebb_network_free(network);
  assert_int_equal(ebb_device_set_precision(device, EBB_PRECISION_FP32), EBB_OK);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_plans),         cmocka_unit_test(test_padding_stays_zero),
      cmocka_unit_test(test_outputs_agree), cmocka_unit_test(test_gradients),
      cmocka_unit_test(test_masks),         TEST(test_resumed),

      cmocka_unit_test(test_bfloat16),
  };
  setenv("EBB_MATRIX_UNIT", "emulated", 1);
  return cmocka_run_group_tests(tests, open_device_and_folder, close_device_and_folder);
}
