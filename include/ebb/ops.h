/* Operations of a network. Each is one kernel launch, or a call of CLBlast.
 *
 * Letters: B batch rows, I fan-in, O fan-out; x [B, I], w [I, O], b [1, O]; z = x.w + b [B, O];
 * a = f(z). dX is the gradient of the loss with respect to X and has X's shape. Equation numbers
 * refer to docs/backprop.md. Destinations come first and must not be operands of the same call. All
 * tensors of a call lie on one device; unless stated otherwise they are F32 with padded rows. No
 * call blocks: it checks shapes and queues.
 * Errors: every call may return EBB_ERR_ARGUMENT (shapes, with numbers) and EBB_ERR_DEVICE.
 */
#ifndef EBB_OPS_H
#define EBB_OPS_H

#include <ebb/activations.h>
#include <ebb/schedule.h>
#include <ebb/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The name of an activation's row, without its parameter. */
const char *ebb_activation_name(ebb_activation activation);
bool ebb_activation_needs_z(ebb_activation activation);

/* Makes an activation with a parameter, which is kept to six digits: leaky_relu with a = 0.2.
 * Errors: EBB_ERR_ARGUMENT (a row without parameter, or a number out of range). */
ebb_status ebb_activation_with(ebb_activation *out, ebb_activation row, double parameter);

/* The parameter, 0 if there is none; its name, NULL if there is none. */
double ebb_activation_parameter(ebb_activation activation);
const char *ebb_activation_parameter_name(ebb_activation activation);

/* Parses a name, with the parameter if it differs from its default: "relu", "leaky_relu(0.2)".
 * Errors: EBB_ERR_ARGUMENT. */
ebb_status ebb_activation_parse(ebb_activation *out, const char *text);

/* Writes the activation as text for ebb_activation_parse; returns `text`. */
enum { EBB_ACTIVATION_TEXT = 32 };
const char *ebb_activation_text(char text[EBB_ACTIVATION_TEXT], ebb_activation activation);

/* X(NAME, name, targets: LABELS or VALUES, formula). The loss is the mean over rows and, with
 * values, over columns. */
#define EBB_LOSS_LIST(X)                                                                           \
  X(CROSS_ENTROPY, cross_entropy, LABELS,                                                          \
    "-log softmax(z)[label], nats; smoothing: a part of the label for all classes alike")          \
  X(MSE, mse, VALUES, "(z - y)^2")                                                                 \
  X(HUBER, huber, VALUES, "d^2 / 2 for |d| <= delta, else delta (|d| - delta / 2), d = z - y")     \
  X(MAE, mae, VALUES, "|z - y|")                                                                   \
  X(POISSON, poisson, VALUES, "m - y log m, m = e^z: counts")                                      \
  X(GAMMA, gamma, VALUES, "y / m + log m, m = e^z: values above 0")                                \
  X(TWEEDIE, tweedie, VALUES,                                                                      \
    "m^(2 - power) / (2 - power) + y m^(1 - power) / (power - 1), m = e^z: many zeros")            \
  X(QUANTILE, quantile, VALUES,                                                                    \
    "(1 - q) d for d >= 0, else -q d, d = z - y; up to 8 rising q, an output for each")            \
  X(BCE, bce, VALUES, "-y log p - (1 - y) log(1 - p), p = 1 / (1 + e^-z): two classes, yes or no") \
  X(FOCAL, focal, LABELS, "-(1 - p)^gamma log p, p = softmax(z)[label]")                           \
  X(GAUSSIAN, gaussian, VALUES,                                                                    \
    "(log v + (m - y)^2 / v) / 2, v = e^s of at least eps: outputs m and s for each target")       \
  X(HINGE, hinge, LABELS, "mean over other classes of max(0, margin + z - z[label])")              \
  X(SQUARED_HINGE, squared_hinge, LABELS, "the same, squared")                                     \
  X(COSINE, cosine, VALUES, "1 - cos(z, y): the direction of several values")                      \
  X(SOFT_CROSS_ENTROPY, soft_cross_entropy, VALUES,                                                \
    "-sum of y log softmax(z): a probability for each class")

typedef enum ebb_loss_kind {
#define EBB_LOSS_ENUM(name, text, targets, formula) EBB_LOSS_##name,
  EBB_LOSS_LIST(EBB_LOSS_ENUM)
#undef EBB_LOSS_ENUM
      EBB_LOSS_COUNT
} ebb_loss_kind;

enum { EBB_LOSS_PARAMETERS = 8, EBB_LOSS_TEXT = 256, EBB_LOSS_SCORES = 10 };

/* A loss and its parameters, in the order of its text; unused ones are 0. */
typedef struct ebb_loss {
  ebb_loss_kind kind;
  double parameters[EBB_LOSS_PARAMETERS];
  bool weighted; /* rows have weights: set by trainers and evaluations if the dataset has them */
} ebb_loss;

const char *ebb_loss_name(ebb_loss_kind kind);

/* Returns the loss with default parameters: of a list of numbers, one. */
ebb_loss ebb_loss_default(ebb_loss_kind kind);

/* Returns true if targets are class labels, one a row; false if they are values, one for an output
 * or for several. */
bool ebb_loss_has_labels(ebb_loss_kind kind);

/* Returns the number of outputs for each target, which lie side by side: those of quantile(0.1,0.9)
 * and of gaussian are 2. With labels it is 1: an output for each class. */
size_t ebb_loss_outputs(ebb_loss loss);

/* How an output z becomes a prediction: by the identity, by exp, or by 1 / (1 + exp(-z)). */
typedef enum ebb_link { EBB_LINK_IDENTITY, EBB_LINK_EXP, EBB_LINK_LOGISTIC } ebb_link;
ebb_link ebb_loss_link(ebb_loss_kind kind);

/* Returns true if the targets are best standardised: not where the loss gives their zero, or their
 * range, a meaning. */
bool ebb_loss_scales_target(ebb_loss_kind kind);

/* The target values that the loss has a meaning for. */
typedef struct ebb_loss_domain {
  double least, most; /* infinite: none */
  bool above;         /* `least` itself is not allowed */
  const char *text;   /* "0 or more" */
  double sum, spread; /* a row's values sum to this, within `spread`; 0: any sum */
} ebb_loss_domain;
ebb_loss_domain ebb_loss_domain_of(ebb_loss_kind kind);
bool ebb_loss_takes(ebb_loss_kind kind, double value);

/* Returns the loss that takes this one's place where targets are several values: cross_entropy of
 * probabilities. Other losses are returned as they are. */
ebb_loss ebb_loss_for_values(ebb_loss loss);

/* Returns true if epochs have an accuracy: with labels, and where each output says yes or no. */
bool ebb_loss_has_accuracy(ebb_loss_kind kind);

/* Returns true if only the direction of a row's outputs has a meaning, not their size. */
bool ebb_loss_is_direction(ebb_loss_kind kind);

/* Returns true if the loss also takes two classes, in one output: the values 0 and 1. */
bool ebb_loss_is_binary(ebb_loss_kind kind);

/* Returns true if the loss is the mean of -log of the probability of a row's class. */
bool ebb_loss_is_likelihood(ebb_loss loss);

/* Returns true if the loss is the mean squared error, from which R2 and RMSE can be computed. */
bool ebb_loss_is_squares(ebb_loss_kind kind);

/* Parses a name and the parameters that differ from their defaults: "mse", "huber(0.5)".
 * Errors: EBB_ERR_ARGUMENT (unknown loss, or a parameter out of range). */
ebb_status ebb_loss_parse(ebb_loss *out, const char *text);

/* Writes the loss as text for ebb_loss_parse; returns `text`. */
const char *ebb_loss_text(char text[EBB_LOSS_TEXT], ebb_loss loss);

/* Compares kind and parameters. */
bool ebb_loss_equal(ebb_loss a, ebb_loss b);

/* X(NAME, name, formula of a parameter's change; g is the gradient with weight decay) */
#define EBB_OPTIMIZER_LIST(X)                                                                      \
  X(SGD, sgd, "-rate m, m = momentum m + g; nesterov: -rate (g + momentum m)")                     \
  X(ADAM, adam, "-rate m / (sqrt(v) + epsilon), m and v unbiased averages of g and g^2")           \
  X(ADAMW, adamw, "adam's, and -rate weight_decay p")                                              \
  X(RMSPROP, rmsprop, "-rate m, m = momentum m + g / (sqrt(v) + epsilon), v an average of g^2")    \
  X(ADAGRAD, adagrad, "-rate g / (sqrt(v) + epsilon), v the sum of g^2")                           \
  X(ADADELTA, adadelta,                                                                            \
    "-rate d, d = g sqrt(u + epsilon) / sqrt(v + epsilon), v and u averages of g^2 and d^2")       \
  X(ADAMAX, adamax, "-rate m / u, m an unbiased average of g, u a fading maximum of |g|")          \
  X(NADAM, nadam, "adam's, with Nesterov's form of momentum, which rises from step to step")       \
  X(RADAM, radam, "adam's by a factor for the few squares in v, and -rate m in the first steps")   \
  X(LION, lion, "-rate (sign(c) + weight_decay p), c an average of g, m a slower one")             \
  X(RPROP, rprop, "-sign(g) d, d grows while g keeps its sign and shrinks when it turns")          \
  X(LAMB, lamb, "adamw's step u of a weight tensor, by |p| / |u|")                                 \
  X(MUON, muon,                                                                                    \
    "of weight matrices -rate (k o + weight_decay p), o the average of g made orthogonal; else "   \
    "adamw's")                                                                                     \
  X(LBFGS, lbfgs, "-H g over all rows, H from the last steps, by a line search")

typedef enum ebb_optimizer_kind {
#define EBB_OPTIMIZER_ENUM(name, text, formula) EBB_OPT_##name,
  EBB_OPTIMIZER_LIST(EBB_OPTIMIZER_ENUM)
#undef EBB_OPTIMIZER_ENUM
      EBB_OPT_COUNT
} ebb_optimizer_kind;

const char *ebb_optimizer_name(ebb_optimizer_kind kind);

/* X(field of ebb_optimizer, its type, name of the option, least, most, whether `most` itself is
 * allowed (1), value for optimizers without this setting, description). Append new rows at the end:
 * files list the first six settings for every optimizer. */
#define EBB_OPTIMIZER_SETTING_LIST(X)                                                              \
  X(momentum, double, "momentum", 0, 1, 0, 0,                                                      \
    "momentum of sgd, rmsprop and muon (default: 0, muon 0.95)")                                   \
  X(nesterov, bool, "nesterov", 0, 1, 1, 0, "Nesterov's form of momentum")                         \
  X(beta1, double, "beta1", 0, 1, 0, 0.9,                                                          \
    "adam's decay of the gradients' average, and its kin's (default: 0.9)")                        \
  X(beta2, double, "beta2", 0, 1, 0, 0.999,                                                        \
    "the same of their squares'; of lion a slower average's (default: 0.999, lion 0.99)")          \
  X(epsilon, double, "epsilon", 1.17549435082228751e-38, 1e30, 1, 1e-8,                            \
    "added to the squares' root (default: 1e-8, adagrad 1e-10, adadelta and lamb 1e-6)")           \
  X(weight_decay, double, "weight-decay", 0, 1, 1, 0,                                              \
    "weight decay (default: 0, adamw and lamb 0.01, muon 0.1)")                                    \
  X(alpha, double, "alpha", 0, 1, 0, 0.99,                                                         \
    "decay of the squares' average of rmsprop and adadelta, there called rho (default: 0.99, "     \
    "adadelta 0.9)")                                                                               \
  X(lr_decay, double, "lr-decay", 0, 1e30, 1, 0,                                                   \
    "adagrad's: in step s the learning rate is divided by 1 + (s - 1) D (default: 0)")             \
  X(amsgrad, bool, "amsgrad", 0, 1, 1, 0,                                                          \
    "adam and adamw divide by the largest squares' average so far (AMSGrad)")                      \
  X(momentum_decay, double, "momentum-decay", 0, 1e30, 1, 0.004,                                   \
    "nadam's: how soon momentum rises from about half of beta1 to beta1 (default: 0.004)")         \
  X(decoupled_decay, bool, "decoupled-decay", 0, 1, 1, 0,                                          \
    "nadam and radam take weight decay off the weight, as adamw does")                             \
  X(eta_minus, double, "eta-minus", 0, 1, 0, 0.5,                                                  \
    "rprop's factor of a parameter's step when its gradient turns (default: 0.5)")                 \
  X(eta_plus, double, "eta-plus", 1, 1e30, 1, 1.2,                                                 \
    "the same while its gradient keeps its sign (default: 1.2)")                                   \
  X(step_min, double, "step-min", 1.17549435082228751e-38, 1e30, 1, 1e-6,                          \
    "rprop's least step of a parameter (default: 1e-6)")                                           \
  X(step_max, double, "step-max", 1.17549435082228751e-38, 1e30, 1, 50,                            \
    "rprop's largest step of a parameter (default: 50)")
enum { EBB_SETTINGS_ALWAYS_LISTED = 6 };

typedef enum ebb_optimizer_setting {
#define EBB_OPTIMIZER_SETTING_ENUM(field, type, option, least, most, closed, other, text)          \
  EBB_SETTING_##field,
  EBB_OPTIMIZER_SETTING_LIST(EBB_OPTIMIZER_SETTING_ENUM)
#undef EBB_OPTIMIZER_SETTING_ENUM
      EBB_SETTING_COUNT
} ebb_optimizer_setting;

/* Settings of an optimizer, with PyTorch's meanings. The learning rate is in ebb_state instead.
 * Settings that the optimizer does not have are ignored. */
typedef struct ebb_optimizer {
  ebb_optimizer_kind kind;
#define EBB_OPTIMIZER_FIELD(field, type, option, least, most, closed, other, text) type field;
  EBB_OPTIMIZER_SETTING_LIST(EBB_OPTIMIZER_FIELD)
#undef EBB_OPTIMIZER_FIELD
  double reserved[16 - EBB_SETTING_COUNT]; /* so that the struct keeps its size; 0 */
} ebb_optimizer;

/* Adam with its defaults, as an initializer. */
#define EBB_ADAM_FIELD(field, type, option, least, most, closed, other, text) other,
#define EBB_ADAM_INIT                                                         {EBB_OPT_ADAM, EBB_OPTIMIZER_SETTING_LIST(EBB_ADAM_FIELD){0}}

/* PyTorch's defaults; those of the table above unless the optimizer has its own. */
ebb_optimizer ebb_optimizer_default(ebb_optimizer_kind kind);

/* Returns the default learning rate. */
double ebb_optimizer_learning_rate(ebb_optimizer_kind kind);

/* Whether the optimizer compares gradients of successive steps, which must be of all rows: its
 * batch should be all training rows. */
bool ebb_optimizer_is_full_batch(ebb_optimizer_kind kind);

/* Whether every step uses the learning rate. Otherwise only the first does, so that a schedule has
 * no effect. */
bool ebb_optimizer_is_scheduled(ebb_optimizer_kind kind);

/* Whether the optimizer has a setting; the setting's name, which is also the tool's option. */
bool ebb_optimizer_has(ebb_optimizer_kind kind, ebb_optimizer_setting setting);
const char *ebb_optimizer_setting_name(ebb_optimizer_setting setting);
bool ebb_optimizer_setting_is_flag(ebb_optimizer_setting setting);

/* Access to a setting by its number; a flag is 0 or 1. */
double ebb_optimizer_get(const ebb_optimizer *optimizer, ebb_optimizer_setting setting);
void ebb_optimizer_set(ebb_optimizer *optimizer, ebb_optimizer_setting setting, double value);

/* Number of moments that the optimizer keeps for each parameter. */
enum { EBB_OPTIMIZER_MOMENTS = 3 }; /* at most */
size_t ebb_optimizer_moments(const ebb_optimizer *optimizer);

/* X(NAME, name, gain and fan of the variance = gain / fan, where fan 1 is fan-in and 2 is (fan-in +
 * fan-out) / 2, 1 for a normal distribution) */
#define EBB_INIT_LIST(X)                                                                           \
  X(HE_NORMAL, "he_normal", 2, 1, 1)                                                               \
  X(HE_UNIFORM, "he_uniform", 2, 1, 0)                                                             \
  X(XAVIER_NORMAL, "xavier_normal", 1, 2, 1)                                                       \
  X(XAVIER_UNIFORM, "xavier_uniform", 1, 2, 0)                                                     \
  X(LECUN_NORMAL, "lecun_normal", 1, 1, 1)                                                         \
  X(LECUN_UNIFORM, "lecun_uniform", 1, 1, 0)

typedef enum ebb_init {
  EBB_INIT_ZERO = -1, /* for networks only: zeros, where weights are loaded later */
  EBB_INIT_AUTO,      /* xavier_uniform */
#define EBB_INIT_ENUM(name, text, gain, fan, normal) EBB_INIT_##name,
  EBB_INIT_LIST(EBB_INIT_ENUM)
#undef EBB_INIT_ENUM
      EBB_INIT_COUNT
} ebb_init;

const char *ebb_init_name(ebb_init init);

/* The step state: a small device buffer with everything that changes from step to step. It is an
 * I32 tensor [1, EBB_STATE_WORDS] with this layout; kernels/state.h has its twin. A gather opens a
 * step; an update or metrics closes it. A step can therefore be queued repeatedly without the host.
 */
#define EBB_STATE_WORDS   36
#define EBB_STATE_NONE    UINT32_MAX
#define EBB_STATE_NO_STEP UINT64_MAX

/* The learning rate's schedule, or the present piece of it; written only by the host. */
typedef struct ebb_state_schedule {
  uint64_t first; /* steps done when it was set; its own steps count from there */
  uint64_t warmup, steps;
  float base_rate, factor;
  uint32_t kind; /* of the curve: kernels/schedule.h */
  float power;   /* of the polynomial */
  uint32_t reserved[2];
} ebb_state_schedule;

typedef struct ebb_state {
  uint64_t done;          /* steps closed so far */
  uint64_t epoch_first;   /* `done` at the start of this epoch; this batch is done - epoch_first */
  uint64_t step;          /* the open step, from 1; written by gather */
  uint64_t bad_step;      /* first step whose loss was not finite, or EBB_STATE_NO_STEP */
  uint32_t epoch_steps;   /* steps of an epoch, after which the next begins; 0: never */
  uint32_t epoch;         /* selects the shuffle */
  uint32_t live;          /* valid rows of the open batch; written by gather */
  uint32_t frozen;        /* 1: something is not finite, weights stay; written by gather */
  uint32_t bad_parameter; /* lowest slab index that would have become NaN or Inf, or NONE */
  uint32_t bad_loss;      /* 1: the loss became NaN or Inf first */
  uint32_t rows;          /* rows summed in this epoch; its first gather clears the sums */
  uint32_t correct;       /* rows whose largest logit is the label's */
  float loss_sum;         /* compensated sum of row losses */
  float loss_carry;       /* compensation, to be subtracted from loss_sum */
  float learning_rate;    /* of the open step; written by gather */
  uint32_t reserved;
  ebb_state_schedule schedule;
  float hit_sum, hit_carry; /* rows with weights: the weights of correct rows; `correct` is 0 */
  float weight_sum, weight_carry; /* the weights of all rows summed */
} ebb_state;

/* Returns a state for eager calls without gather: `live` and `step` as given, a constant schedule
 * of this learning rate, bad_step NO_STEP, bad_parameter NONE, all else zero. */
ebb_state ebb_state_default(uint32_t live, uint64_t step, float learning_rate);

/* c = op(a).op(b), where op transposes on request; a and b cannot both be transposed.
 * Shapes: c [m, n], op(a) [m, k], op(b) [k, n].  Source: kernels/matmul_*.cl */
ebb_status ebb_matmul(ebb_tensor *c, const ebb_tensor *a, bool transpose_a, const ebb_tensor *b,
                      bool transpose_b);

/* z = x.w + b; a = f(z). If `z` is NULL, the sums are not kept; if `b` is NULL, there is no bias.
 * Shapes: a, z [B, O]; x [B, I]; w [I, O]; b [1, O].  Source: (1), (2) */
ebb_status ebb_dense_forward(ebb_tensor *a, ebb_tensor *z, const ebb_tensor *x, const ebb_tensor *w,
                             const ebb_tensor *b, ebb_activation activation);

/* dw = x^T.dz; db = sum of dz's rows, unless it is NULL.
 * Shapes: dw [I, O]; db [1, O]; x [B, I]; dz [B, O] */
ebb_status ebb_dense_weight_gradient(ebb_tensor *dw, ebb_tensor *db, const ebb_tensor *x,
                                     const ebb_tensor *dz);

/* dz_below = (dz.w^T) * f'(z_below), elementwise product. `activation` is that of the layer below;
 * `z_below` may be NULL if it does not need z.
 * Shapes: dz_below, z_below, a_below [B, I]; dz [B, O]; w [I, O] */
ebb_status ebb_dense_input_gradient(ebb_tensor *dz_below, const ebb_tensor *dz, const ebb_tensor *w,
                                    const ebb_tensor *z_below, const ebb_tensor *a_below,
                                    ebb_activation activation);

/* The parts that the calls above fuse, for engines that cannot fuse them (CLBlast):
 *
 *   a = f(z + b), z += b in place, b may be NULL;  dz *= f'(z) in place;  db = sum of dz's rows. */
ebb_status ebb_activation_forward(ebb_tensor *a, ebb_tensor *z, const ebb_tensor *b,
                                  ebb_activation activation);
ebb_status ebb_activation_backward(ebb_tensor *dz, const ebb_tensor *z, const ebb_tensor *a,
                                   ebb_activation activation);
ebb_status ebb_bias_gradient(ebb_tensor *db, const ebb_tensor *dz);

/* Creates the tensor of partial sums that a loss over `rows` rows writes: [groups, 2], each group's
 * sum of row losses and number of correct rows. */
ebb_status ebb_loss_partials_create(ebb_tensor **out, ebb_device *device, size_t rows);

/* Computes the loss of the output z and its gradient. The loss is the mean over the state's `live`
 * rows; the other rows get gradient 0. `target` holds I32 labels [B, 1] in [0, O) or F32 values [B,
 * O / ebb_loss_outputs]: of soft_cross_entropy the probabilities of the classes.
 * Shapes: dz, z [B, O]; partials as created above.  Source: kernels/loss.cl */
ebb_status ebb_loss_forward_backward(ebb_tensor *dz, ebb_tensor *partials, const ebb_tensor *z,
                                     const ebb_tensor *target, const ebb_tensor *state,
                                     ebb_loss loss);

/* Adds the partial sums to the state's sums and closes the step. Ends each batch of an evaluation.
 */
ebb_status ebb_metrics_add(ebb_tensor *state, const ebb_tensor *partials);

/* Updates all parameters from their gradients in one launch, adds the partial sums to the state's
 * sums and closes the step. A parameter that would become NaN or Inf keeps its value and is
 * reported in the state; a frozen step changes none. `gradients` may have S rows, one for each
 * slice of the batch, which are added first, in ascending order. Only as many moments are read as
 * the optimizer keeps (ebb_optimizer_moments); NULL if it keeps none. Only a trainer knows the
 * tensors: here lamb's trust ratio is 1, and muon updates all parameters as adamw does.
 * Shapes: gradients [S, count], all others [1, count].  Source: (11) to (14), (17), (O1) to (O7) */
ebb_status ebb_update(ebb_tensor *parameters, ebb_tensor *const *moments,
                      const ebb_tensor *gradients, ebb_tensor *state, const ebb_tensor *partials,
                      const ebb_optimizer *optimizer);

/* Opens a step: fills a batch from a dataset, with rows in order or in the order of the Philox
 * permutation of (seed, state.epoch). uint8 data are scaled by `scale`; rows past the last are 0.
 * Shapes: x [B, I]; y [B, T]; data [n, I] F32 or U8 packed; targets [n, T] I32 or F32 packed, of
 * y's type.  Source: kernels/gather.cl */
ebb_status ebb_gather(ebb_tensor *x, ebb_tensor *y, ebb_tensor *state, const ebb_tensor *data,
                      const ebb_tensor *targets, float scale, bool shuffle, uint64_t seed);

/* Fills w with random weights of `init` (not AUTO). The same seed and stream give the same bits on
 * every device.
 * Shapes: w [I, O].  Source: kernels/init.cl */
ebb_status ebb_init_weights(ebb_tensor *w, ebb_init init, uint64_t seed, uint32_t stream);

#ifdef __cplusplus
}
#endif
#endif
