/* The reference's optimizers, as PyTorch's torch.optim.SGD, Adam and AdamW define them, and what a
 * training begins with: initial weights and the order of the rows.
 *
 * Nothing is rewritten for speed or fewer roundings: the lines are those of PyTorch's
 * documentation, so that a reader can lay the two side by side.
 */
#include "check/reference.h"

#include "base/rng.h"
#include <math.h>

/* Momentum and Nesterov (12); without momentum plain descent (11). A buffer that starts as zero
 * makes the first step's buffer g, as PyTorch has it. */
static void sgd(double *p, double *buffer, double g, const ebb_optimizer *o, double rate) {
  double mu = o->momentum;
  g += o->weight_decay * *p;
  if (mu != 0) {
    *buffer = mu * *buffer + g;
    g = o->nesterov ? g + mu * *buffer : *buffer;
  }
  *p -= rate * g;
}

/* Adam (13) and AdamW (14), which differ in where the weight decay acts. */
static void adam(double *p, double *first, double *second, double g, const ebb_optimizer *o,
                 double rate, uint64_t step) {
  double beta1 = o->beta1, beta2 = o->beta2;
  if (o->kind == EBB_OPT_ADAMW)
    *p -= rate * o->weight_decay * *p;
  else
    g += o->weight_decay * *p;
  *first = beta1 * *first + (1 - beta1) * g;
  *second = beta2 * *second + (1 - beta2) * g * g;
  double first_unbiased = *first / (1 - pow(beta1, (double)step));
  double second_unbiased = *second / (1 - pow(beta2, (double)step));
  *p -= rate * first_unbiased / (sqrt(second_unbiased) + o->epsilon);
}

void ebbi_reference_sum_slices(double *sum, const double *slices, size_t rows, size_t count) {
  for (size_t i = 0; i < count; i++) {
    float total = (float)slices[i];
    for (size_t r = 1; r < rows; r++) total += (float)slices[r * count + i];
    sum[i] = (double)total;
  }
}

void ebbi_reference_update(double *parameters, double *first, double *second,
                           const double *gradients, size_t count, const ebb_optimizer *optimizer,
                           double learning_rate, uint64_t step) {
  for (size_t i = 0; i < count; i++)
    if (optimizer->kind == EBB_OPT_SGD)
      sgd(&parameters[i], &first[i], gradients[i], optimizer, learning_rate);
    else
      adam(&parameters[i], &first[i], &second[i], gradients[i], optimizer, learning_rate, step);
}

void ebbi_reference_order(uint32_t *order, size_t count, bool shuffle, uint64_t seed,
                          uint32_t epoch) {
  uint32_t keys[EBBI_PERMUTE_ROUNDS];
  ebbi_permute_keys(keys, seed, EBBI_RNG_SHUFFLE, epoch);
  for (uint32_t place = 0; place < count; place++)
    order[place] = shuffle ? ebbi_permute(place, (uint32_t)count, keys) : place;
}

/* Variance gain / fan: Glorot and Bengio 2010 (xavier), He et al. 2015, LeCun et al. 1998. */
typedef struct init_rule {
  double gain;
  int fan; /* 1: fan-in; 2: mean of fan-in and fan-out */
  bool normal;
} init_rule;

static const init_rule init_rules[EBB_INIT_COUNT] = {
#define INIT_RULE(name, text, gain, fan, normal) [EBB_INIT_##name] = {gain, fan, normal},
    EBB_INIT_LIST(INIT_RULE)
#undef INIT_RULE
};

void ebbi_reference_init(float *w, size_t inputs, size_t outputs, ebb_init init, uint64_t seed,
                         uint32_t stream) {
  init_rule rule = init_rules[init];
  double fan = rule.fan == 1 ? (double)inputs : ((double)inputs + (double)outputs) / 2;
  double variance = rule.gain / fan;
  /* A uniform distribution on [-limit, limit] has the variance limit^2 / 3. */
  float scale = (float)sqrt(rule.normal ? variance : 3 * variance);
  for (size_t e = 0; e < inputs * outputs; e++) {
    uint32_t block[4];
    ebbi_philox(block, seed, EBBI_RNG_WEIGHTS, stream, e / 4);
    uint32_t bits = block[e % 4];
    float number = rule.normal ? ebbi_normal(bits) : fmaf(2, ebbi_uniform(bits), -1);
    w[e] = scale * number;
  }
}
