/* The kernels. A program contains one of them, built once for each set of options in use: kernels
 * that a training does not launch are never compiled. */
#ifndef EBBI_KERNEL_LIST_H
#define EBBI_KERNEL_LIST_H

/* X(kernel, its file) */
#define EBBI_KERNEL_LIST(X)                                                                        \
  X(gather, "gather.cl")                                                                           \
  X(loss, "loss.cl")                                                                               \
  X(update, "update.cl")                                                                           \
  X(metrics_add, "update.cl")                                                                      \
  X(accumulate, "accumulate.cl")                                                                   \
  X(gradient_norm, "gradient_norm.cl")                                                             \
  X(trust_squares, "trust_ratio.cl")                                                               \
  X(trust_ratio, "trust_ratio.cl")                                                                 \
  X(muon_momentum, "muon.cl")                                                                      \
  X(muon_squares, "muon.cl")                                                                       \
  X(muon_scale, "muon.cl")                                                                         \
  X(muon_combine, "muon.cl")                                                                       \
  X(muon_apply, "muon.cl")                                                                         \
  X(vector_sum, "vector.cl")                                                                       \
  X(vector_dot, "vector.cl")                                                                       \
  X(objective_gradient, "vector.cl")                                                               \
  X(max_norm, "max_norm.cl")                                                                       \
  X(average, "average.cl")                                                                         \
  X(init_weights, "init.cl")                                                                       \
  X(whole_step, "whole_step.cl")                                                                   \
  X(whole_steps, "whole_step.cl")                                                                  \
  X(whole_step_team, "whole_team.cl")                                                              \
  X(whole_steps_team, "whole_team.cl")                                                             \
  X(whole_step_gpu, "whole_step_gpu.cl")                                                           \
  X(whole_steps_gpu, "whole_step_gpu.cl")                                                          \
  X(probe_fma, "probe.cl")                                                                         \
  X(probe_triad, "probe.cl")                                                                       \
  X(activation_forward, "activation.cl")                                                           \
  X(activation_backward, "activation.cl")                                                          \
  X(bias_gradient, "activation.cl")                                                                \
  X(add, "add.cl")                                                                                 \
  X(dropout, "dropout.cl")                                                                         \
  X(noise, "noise.cl")                                                                             \
  X(prelu, "prelu.cl")                                                                             \
  X(prelu_backward, "prelu.cl")                                                                    \
  X(prelu_gradient, "prelu.cl")                                                                    \
  X(scale, "scale.cl")                                                                             \
  X(scale_gradient, "scale.cl")                                                                    \
  X(members, "members.cl")                                                                         \
  X(members_backward, "members.cl")                                                                \
  X(adapter, "adapter.cl")                                                                         \
  X(adapter_backward, "adapter.cl")                                                                \
  X(adapter_gradients, "adapter.cl")                                                               \
  X(heads, "heads.cl")                                                                             \
  X(heads_backward, "heads.cl")                                                                    \
  X(heads_gradients, "heads.cl")                                                                   \
  X(mean, "mean.cl")                                                                               \
  X(embed, "embed.cl")                                                                             \
  X(embed_gradient, "embed.cl")                                                                    \
  X(periodic, "periodic.cl")                                                                       \
  X(periodic_gradient, "periodic.cl")                                                              \
  X(periodic_backward, "periodic.cl")                                                              \
  X(copy_columns, "copy_columns.cl")                                                               \
  X(glu, "glu.cl")                                                                                 \
  X(glu_backward, "glu.cl")                                                                        \
  X(batchnorm_forward, "batchnorm.cl")                                                             \
  X(batchnorm_backward, "batchnorm.cl")                                                            \
  X(batchnorm_settle, "batchnorm.cl")                                                              \
  X(norm_forward, "norm.cl")                                                                       \
  X(norm_backward, "norm.cl")                                                                      \
  X(norm_gradients, "norm.cl")                                                                     \
  X(matmul_nn_cpu, "matmul_cpu.cl")                                                                \
  X(matmul_nt_cpu, "matmul_cpu.cl")                                                                \
  X(matmul_nn_few, "matmul_few.cl")                                                                \
  X(matmul_tn_cpu, "matmul_cpu.cl")                                                                \
  X(add_slices, "add_slices.cl")                                                                   \
  X(matmul_nn_gpu, "matmul_gpu.cl")                                                                \
  X(matmul_nt_gpu, "matmul_gpu.cl")                                                                \
  X(matmul_tn_gpu, "matmul_gpu.cl")                                                                \
  X(matmul_nn_mma, "matmul_mma.cl")                                                                \
  X(matmul_nt_mma, "matmul_mma.cl")                                                                \
  X(matmul_tn_mma, "matmul_mma.cl")                                                                \
  X(finish_slices_nn, "finish_slices.cl")                                                          \
  X(finish_slices_nt, "finish_slices.cl")

#endif
