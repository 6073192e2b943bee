/* The list of activations, shared by the library and its kernels: only what is valid in both C and
 * OpenCL C. kernels/activation.h has the functions. */
#ifndef EBB_ACTIVATIONS_H
#define EBB_ACTIVATIONS_H

/* X(NAME, name, whether f'(z) needs z (1) or can be computed from f(z) (0), formula) */
#define EBB_ACTIVATION_LIST(X)                                                                     \
  X(IDENTITY, identity, 0, "z")                                                                    \
  X(RELU, relu, 0, "max(z, 0)")                                                                    \
  X(LEAKY_RELU, leaky_relu, 0, "z if z > 0, else a z")                                             \
  X(SIGMOID, sigmoid, 0, "1 / (1 + exp(-z))")                                                      \
  X(TANH, tanh, 0, "tanh(z)")                                                                      \
  X(GELU, gelu, 1, "z (1 + erf(z / sqrt 2)) / 2")                                                  \
  X(GELU_TANH, gelu_tanh, 1, "z (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))) / 2")                    \
  X(SILU, silu, 1, "z / (1 + exp(-z))")                                                            \
  X(SOFTPLUS, softplus, 0, "log(1 + exp(z))")                                                      \
  X(ELU, elu, 0, "z if z > 0, else a (exp(z) - 1)")                                                \
  X(MISH, mish, 1, "z tanh(log(1 + exp(z)))")                                                      \
  X(RELU6, relu6, 0, "min(max(z, 0), 6)")                                                          \
  X(SELU, selu, 0, "1.0507 z if z > 0, else 1.7581 (exp(z) - 1)")                                  \
  X(SOFTSIGN, softsign, 0, "z / (1 + |z|)")                                                        \
  X(SQUARE, square, 1, "z^2")                                                                      \
  X(HARD_SIGMOID, hard_sigmoid, 1, "min(max(z + 3, 0), 6) / 6")                                    \
  X(EXP, exp, 0, "exp(z)")                                                                         \
  X(HARD_TANH, hard_tanh, 0, "min(max(z, -1), 1)")                                                 \
  X(HARD_SWISH, hard_swish, 1, "z min(max(z + 3, 0), 6) / 6")                                      \
  X(CELU, celu, 0, "z if z > 0, else a (exp(z / a) - 1)")                                          \
  X(SIN, sin, 1, "sin(w z)")

/* X(NAME, its parameter, most, default): the rows with a parameter, a number above 0. */
#define EBB_ACTIVATION_PARAMETER_LIST(X)                                                           \
  X(LEAKY_RELU, "a", 1000, 0.01)                                                                   \
  X(ELU, "a", 1000, 1)                                                                             \
  X(CELU, "a", 1000, 1)                                                                            \
  X(SIN, "w", 1000, 1)

/* A row, with its parameter's default. ebb_activation_with makes one with another parameter: a
 * number whose lowest 8 bits are the row. */
typedef enum ebb_activation {
#define EBB_ACTIVATION_ENUM(name, text, needs_z, formula) EBB_ACT_##name,
  EBB_ACTIVATION_LIST(EBB_ACTIVATION_ENUM)
#undef EBB_ACTIVATION_ENUM
      EBB_ACT_COUNT,
  EBB_ACT_FORMULA_0 = 28, /* the formulas of a spec (ebb/formula.h), by their places in it */
  EBB_ACT_FORMULA_1,
  EBB_ACT_FORMULA_2,
  EBB_ACT_FORMULA_3,
  EBB_ACT_LARGEST = 0x7fffffff /* so that the type holds such numbers */
} ebb_activation;

#define EBB_MAX_FORMULAS 4

#define EBB_ACTIVATION_ROW(activation) ((activation) & 0xff)

#endif
