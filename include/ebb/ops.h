/* Operations: what a network is computed with, each one launch of a kernel (or a CLBlast call).
 *
 * Letters: B batch rows, I fan-in, O fan-out; x [B, I], w [I, O], b [1, O]; z = x.w + b [B, O];
 * a = f(z). dX is the gradient of the loss by X and has X's shape. Equation numbers are those of
 * docs/backprop.md. Destination first. All tensors of a call live on one device; all are F32
 * with padded rows unless said otherwise, and a destination is no operand of the same call. Nothing
 * here blocks: a call checks shapes and queues. Errors of all: EBB_ERR_ARGUMENT (shapes, with
 * numbers), EBB_ERR_DEVICE.
 */
#ifndef EBB_OPS_H
#define EBB_OPS_H

#include <ebb/activations.h>
#include <ebb/schedule.h>
#include <ebb/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

const char *ebb_activation_name(ebb_activation activation);
bool ebb_activation_needs_z(ebb_activation activation);

/* X(NAME, name, targets: LABELS or VALUES, formula); the mean over rows and, with values, over
 * columns */
#define EBB_LOSS_LIST(X)                                                                           \
  X(CROSS_ENTROPY, cross_entropy, LABELS, "-log softmax(z)[label], nats")                          \
  X(MSE, mse, VALUES, "(z - y)^2")

typedef enum ebb_loss_kind {
#define EBB_LOSS_ENUM(name, text, targets, formula) EBB_LOSS_##name,
  EBB_LOSS_LIST(EBB_LOSS_ENUM)
#undef EBB_LOSS_ENUM
      EBB_LOSS_COUNT
} ebb_loss_kind;

enum { EBB_LOSS_PARAMETERS = 2, EBB_LOSS_TEXT = 96 };

/* A loss with its parameters, in the order in which its text has them; unused ones are 0. */
typedef struct ebb_loss {
  ebb_loss_kind kind;
  double parameters[EBB_LOSS_PARAMETERS];
} ebb_loss;

const char *ebb_loss_name(ebb_loss_kind kind);

/* The loss with the default of each parameter. */
ebb_loss ebb_loss_default(ebb_loss_kind kind);

/* Whether rows have a label each, as classes do, or a value for each output. */
bool ebb_loss_has_labels(ebb_loss_kind kind);

/* Whether the loss is the mean of squared errors, of which R2 and the RMSE are made. */
bool ebb_loss_is_squares(ebb_loss_kind kind);

/* Reads a name with the parameters that differ from their defaults: "mse", "huber(0.5)".
 * Errors: EBB_ERR_ARGUMENT (no such loss, or a parameter out of its range). */
ebb_status ebb_loss_parse(ebb_loss *out, const char *text);

/* Writes what ebb_loss_parse reads as the same loss; returns `text`. */
const char *ebb_loss_text(char text[EBB_LOSS_TEXT], ebb_loss loss);

bool ebb_loss_equal(ebb_loss a, ebb_loss b);

/* X(NAME, name, formula of a parameter's change, of the gradient g with the weight decay) */
#define EBB_OPTIMIZER_LIST(X)                                                                      \
  X(SGD, sgd, "-rate m, m = momentum m + g; nesterov: -rate (g + momentum m)")                     \
  X(ADAM, adam, "-rate m / (sqrt(v) + epsilon), m and v unbiased averages of g and g^2")           \
  X(ADAMW, adamw, "adam's, and -rate weight_decay p")

typedef enum ebb_optimizer_kind {
#define EBB_OPTIMIZER_ENUM(name, text, formula) EBB_OPT_##name,
  EBB_OPTIMIZER_LIST(EBB_OPTIMIZER_ENUM)
#undef EBB_OPTIMIZER_ENUM
      EBB_OPT_COUNT
} ebb_optimizer_kind;

const char *ebb_optimizer_name(ebb_optimizer_kind kind);

/* X(field of ebb_optimizer, its type, name of the option, least, most, may it be `most` (1), what
 * the field holds where the optimizer has no such setting, what it is). A new row goes last: files
 * list the first six whatever the optimizer. */
#define EBB_OPTIMIZER_SETTING_LIST(X)                                                              \
  X(momentum, double, "momentum", 0, 1, 0, 0, "momentum of sgd (default: 0)")                      \
  X(nesterov, bool, "nesterov", 0, 1, 1, 0, "Nesterov's form of momentum")                         \
  X(beta1, double, "beta1", 0, 1, 0, 0.9, "adam's decay of the gradients' average (default: 0.9)") \
  X(beta2, double, "beta2", 0, 1, 0, 0.999, "the same of their squares' (default: 0.999)")         \
  X(epsilon, double, "epsilon", 1.17549435082228751e-38, 1e30, 1, 1e-8,                            \
    "added to the squares' root (default: 1e-8)")                                                  \
  X(weight_decay, double, "weight-decay", 0, 1, 1, 0, "weight decay (default: 0, adamw 0.01)")
enum { EBB_SETTINGS_ALWAYS_LISTED = 6 };

typedef enum ebb_optimizer_setting {
#define EBB_OPTIMIZER_SETTING_ENUM(field, type, option, least, most, closed, other, text)          \
  EBB_SETTING_##field,
  EBB_OPTIMIZER_SETTING_LIST(EBB_OPTIMIZER_SETTING_ENUM)
#undef EBB_OPTIMIZER_SETTING_ENUM
      EBB_SETTING_COUNT
} ebb_optimizer_setting;

/* Settings of an optimizer, except the learning rate, which is in ebb_state. PyTorch's meanings.
 * Those that an optimizer does not have are ignored. */
typedef struct ebb_optimizer {
  ebb_optimizer_kind kind;
#define EBB_OPTIMIZER_FIELD(field, type, option, least, most, closed, other, text) type field;
  EBB_OPTIMIZER_SETTING_LIST(EBB_OPTIMIZER_FIELD)
#undef EBB_OPTIMIZER_FIELD
} ebb_optimizer;

/* PyTorch's defaults: momentum 0, betas 0.9 and 0.999, epsilon 1e-8, weight decay 0 (adamw: 0.01).
 */
ebb_optimizer ebb_optimizer_default(ebb_optimizer_kind kind);

/* The learning rate to begin with. */
double ebb_optimizer_learning_rate(ebb_optimizer_kind kind);

/* Whether the optimizer has a setting; the setting's name, as the tool's option has it. */
bool ebb_optimizer_has(ebb_optimizer_kind kind, ebb_optimizer_setting setting);
const char *ebb_optimizer_setting_name(ebb_optimizer_setting setting);
bool ebb_optimizer_setting_is_flag(ebb_optimizer_setting setting);

/* A setting by its number; a flag is 0 or 1. */
double ebb_optimizer_get(const ebb_optimizer *optimizer, ebb_optimizer_setting setting);
void ebb_optimizer_set(ebb_optimizer *optimizer, ebb_optimizer_setting setting, double value);

/* Moments that the optimizer keeps of each parameter, 0 to 2. */
size_t ebb_optimizer_moments(const ebb_optimizer *optimizer);

/* X(NAME, name, variance = gain / fan, fan: 1 fan-in, 2 (fan-in + fan-out) / 2, normal?) */
#define EBB_INIT_LIST(X)                                                                           \
  X(HE_NORMAL, "he_normal", 2, 1, 1)                                                               \
  X(HE_UNIFORM, "he_uniform", 2, 1, 0)                                                             \
  X(XAVIER_NORMAL, "xavier_normal", 1, 2, 1)                                                       \
  X(XAVIER_UNIFORM, "xavier_uniform", 1, 2, 0)                                                     \
  X(LECUN_NORMAL, "lecun_normal", 1, 1, 1)                                                         \
  X(LECUN_UNIFORM, "lecun_uniform", 1, 1, 0)

typedef enum ebb_init {
  EBB_INIT_ZERO = -1, /* of networks alone: zeros, for weights that come from elsewhere */
  EBB_INIT_AUTO,      /* xavier_uniform */
#define EBB_INIT_ENUM(name, text, gain, fan, normal) EBB_INIT_##name,
  EBB_INIT_LIST(EBB_INIT_ENUM)
#undef EBB_INIT_ENUM
      EBB_INIT_COUNT
} ebb_init;

const char *ebb_init_name(ebb_init init);

/* The small device buffer of what changes from step to step: an I32 tensor [1, EBB_STATE_WORDS]
 * with this layout (kernels/state.h has its twin). gather opens a step, update or metrics closes
 * it; so a step can be queued again and again without the host's help. */
#define EBB_STATE_WORDS   32
#define EBB_STATE_NONE    UINT32_MAX
#define EBB_STATE_NO_STEP UINT64_MAX

/* The schedule of the learning rate; only the host writes it. */
typedef struct ebb_state_schedule {
  uint64_t first; /* steps done when it was set: its own steps count from there */
  uint64_t warmup, steps;
  float base_rate, factor;
  uint32_t kind; /* ebb_schedule_kind */
  uint32_t reserved[3];
} ebb_state_schedule;

typedef struct ebb_state {
  uint64_t done;          /* steps closed so far */
  uint64_t epoch_first;   /* `done` at the start of this epoch: the batch is done - epoch_first */
  uint64_t step;          /* the open step, from 1; written by gather */
  uint64_t bad_step;      /* first step with a loss that is not finite, or EBB_STATE_NO_STEP */
  uint32_t epoch_steps;   /* steps of an epoch: then the next begins; 0: never */
  uint32_t epoch;         /* selects the shuffle */
  uint32_t live;          /* rows of the open batch that count; written by gather */
  uint32_t frozen;        /* 1: something is not finite, weights stay; written by gather */
  uint32_t bad_parameter; /* lowest slab index that would have become not finite, or NONE */
  uint32_t bad_loss;      /* 1: it was the loss that was not finite first */
  uint32_t rows;          /* rows summed in this epoch: gather clears the sums at its first step */
  uint32_t correct;       /* of them, rows whose largest logit is the label's */
  float loss_sum;         /* sum of row losses, compensated */
  float loss_carry;       /* what is to be subtracted from loss_sum */
  float learning_rate;    /* of the open step; written by gather */
  uint32_t reserved;
  ebb_state_schedule schedule;
} ebb_state;

/* All zero except bad_step (NO_STEP) and bad_parameter (NONE), live and step as given, and the
 * constant schedule of this learning rate: what eager calls without gather need. */
ebb_state ebb_state_default(uint32_t live, uint64_t step, float learning_rate);

/* c = op(a).op(b), where op transposes on request. Shapes: c [m, n], op(a) [m, k], op(b) [k, n];
 * both transposed is not offered.  Source: kernels/matmul_*.cl */
ebb_status ebb_matmul(ebb_tensor *c, const ebb_tensor *a, bool transpose_a, const ebb_tensor *b,
                      bool transpose_b);

/* z = x.w + b; a = f(z). `z` may be NULL: then it is not kept.
 * Shapes: a, z [B, O]; x [B, I]; w [I, O]; b [1, O].  Source: (1), (2) */
ebb_status ebb_dense_forward(ebb_tensor *a, ebb_tensor *z, const ebb_tensor *x, const ebb_tensor *w,
                             const ebb_tensor *b, ebb_activation activation);

/* dw = x^T.dz; db = sum of dz's rows.  Shapes: dw [I, O]; db [1, O]; x [B, I]; dz [B, O] */
ebb_status ebb_dense_weight_gradient(ebb_tensor *dw, ebb_tensor *db, const ebb_tensor *x,
                                     const ebb_tensor *dz);

/* dz_below = (dz.w^T) * f'(z_below), elementwise product. `z_below` may be NULL unless the
 * activation (the one of the layer below) needs it.
 * Shapes: dz_below, z_below, a_below [B, I]; dz [B, O]; w [I, O] */
ebb_status ebb_dense_input_gradient(ebb_tensor *dz_below, const ebb_tensor *dz, const ebb_tensor *w,
                                    const ebb_tensor *z_below, const ebb_tensor *a_below,
                                    ebb_activation activation);

/* The three parts that the calls above fuse, for engines that cannot fuse them (CLBlast):
 * a = f(z + b), z += b in place;  dz *= f'(z) in place;  db = sum of dz's rows. */
ebb_status ebb_activation_forward(ebb_tensor *a, ebb_tensor *z, const ebb_tensor *b,
                                  ebb_activation activation);
ebb_status ebb_activation_backward(ebb_tensor *dz, const ebb_tensor *z, const ebb_tensor *a,
                                   ebb_activation activation);
ebb_status ebb_bias_gradient(ebb_tensor *db, const ebb_tensor *dz);

/* Makes the tensor of partial sums that a loss over `rows` rows writes: [groups, 2], a group's
 * summed row losses and its correct rows. */
ebb_status ebb_loss_partials_create(ebb_tensor **out, ebb_device *device, size_t rows);

/* Loss of the output z and its gradient, the mean over the state's `live` rows; rows beyond get
 * gradient 0. `target`: cross_entropy I32 [B, 1] labels in [0, O); mse F32 [B, O].
 * Shapes: dz, z [B, O]; partials as made above.  Source: kernels/loss.cl */
ebb_status ebb_loss_forward_backward(ebb_tensor *dz, ebb_tensor *partials, const ebb_tensor *z,
                                     const ebb_tensor *target, const ebb_tensor *state,
                                     ebb_loss loss);

/* Adds the partial sums to the state's sums and closes the step: what an evaluation ends with. */
ebb_status ebb_metrics_add(ebb_tensor *state, const ebb_tensor *partials);

/* Updates every parameter by its gradient in one launch, adds the partial sums to the state's sums
 * and closes the step. A parameter that would become NaN or Inf keeps its value and is reported in
 * the state; a frozen step changes none. `gradients` may come in S slices, as partial gradients of
 * parts of the batch: their rows are added first, in ascending order. `second` is NULL for sgd, and
 * `first` may be NULL for sgd without momentum, which does not touch it.
 * Shapes: all [1, count], but gradients [S, count].  Source: (11) to (14), kernels/update.cl */
ebb_status ebb_update(ebb_tensor *parameters, ebb_tensor *first, ebb_tensor *second,
                      const ebb_tensor *gradients, ebb_tensor *state, const ebb_tensor *partials,
                      const ebb_optimizer *optimizer);

/* Opens a step: fills a batch from a data set, rows in order or in the order of the Philox-keyed
 * permutation of (seed, state.epoch). uint8 data are scaled by `scale`; rows past the last are 0.
 * Shapes: x [B, I]; y [B, T]; data [n, I] F32 or U8 packed; targets [n, T] I32 or F32 packed, of
 * y's type.  Source: kernels/gather.cl */
ebb_status ebb_gather(ebb_tensor *x, ebb_tensor *y, ebb_tensor *state, const ebb_tensor *data,
                      const ebb_tensor *targets, float scale, bool shuffle, uint64_t seed);

/* Fills w with random weights of `init` (AUTO is not accepted): the same bits on every device for
 * the same seed and stream.  Shapes: w [I, O].  Source: kernels/init.cl */
ebb_status ebb_init_weights(ebb_tensor *w, ebb_init init, uint64_t seed, uint32_t stream);

/* Two probes of what the device can do at most, to measure other operations against: they keep
 * nothing but its multiply-adders, and nothing but its memory, busy.
 *
 * y = x after `steps` times x <- scale x + shift, each one fused multiply-add: 2 count steps
 * operations.  Shapes: y, x [1, count].  Source: kernels/probe.cl */
ebb_status ebb_probe_fma(ebb_tensor *y, const ebb_tensor *x, size_t steps, float scale,
                         float shift);

/* a = b + scale c: 12 count bytes to and from memory.
 * Shapes: a, b, c [1, count].  Source: kernels/probe.cl */
ebb_status ebb_probe_triad(ebb_tensor *a, const ebb_tensor *b, const ebb_tensor *c, float scale);

#ifdef __cplusplus
}
#endif
#endif
