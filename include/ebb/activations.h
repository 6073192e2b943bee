/* The list of activations, shared by the library and its kernels: only what is valid in both C and
 * OpenCL C. kernels/activation.h has the functions. */
#ifndef EBB_ACTIVATIONS_H
#define EBB_ACTIVATIONS_H

/* X(NAME, name, whether f'(z) needs z (1) or can be computed from f(z) (0), formula) */
#define EBB_ACTIVATION_LIST(X)                                                                     \
  X(IDENTITY, identity, 0, "z")                                                                    \
  X(RELU, relu, 0, "max(z, 0)")                                                                    \
  X(LEAKY_RELU, leaky_relu, 0, "z if z > 0, else 0.01 z")                                          \
  X(SIGMOID, sigmoid, 0, "1 / (1 + exp(-z))")                                                      \
  X(TANH, tanh, 0, "tanh(z)")                                                                      \
  X(GELU, gelu, 1, "z (1 + erf(z / sqrt 2)) / 2")                                                  \
  X(GELU_TANH, gelu_tanh, 1, "z (1 + tanh(sqrt(2/pi) (z + 0.044715 z^3))) / 2")                    \
  X(SILU, silu, 1, "z / (1 + exp(-z))")                                                            \
  X(SOFTPLUS, softplus, 0, "log(1 + exp(z))")                                                      \
  X(ELU, elu, 0, "z if z > 0, else exp(z) - 1")                                                    \
  X(MISH, mish, 1, "z tanh(log(1 + exp(z)))")

typedef enum ebb_activation {
#define EBB_ACTIVATION_ENUM(name, text, needs_z, formula) EBB_ACT_##name,
  EBB_ACTIVATION_LIST(EBB_ACTIVATION_ENUM)
#undef EBB_ACTIVATION_ENUM
      EBB_ACT_COUNT
} ebb_activation;

#endif
