/* Updates by groups: runs of parameters that an update treats differently, as a table on the
 * device. */
#ifndef EBBI_UPDATE_GROUPS_H
#define EBBI_UPDATE_GROUPS_H

#include "tensor/tensor.h"

#include <ebb/ops.h>

/* How a run of parameters is treated; see ebb_update_options. */
typedef struct ebbi_update_group {
  double rate;   /* factor of the learning rate; 0: not trained */
  bool no_decay; /* without weight decay */
  double l1, l2, clip_value, clip_norm;
  bool apart;   /* updated by launches of its own */
  bool trusted; /* a whole tensor, whose rate is multiplied by its trust ratio in each step */
} ebbi_update_group;

/* A run without special treatment. */
#define EBBI_UPDATE_GROUP_INIT {.rate = 1}

/* Twins of update_segment and NORM_GROUPS in kernels/update_groups.h. */
typedef struct ebbi_update_segment {
  int32_t end; /* in vectors */
  float rate, l1, l2, clip_value, clip_norm;
  int32_t trusted;
  float trust;
  float constants[8];
} ebbi_update_segment;
enum { EBBI_SEGMENT_WORDS = sizeof(ebbi_update_segment) / sizeof(int32_t), EBBI_NORM_GROUPS = 64 };

/* The table of an update, and the sums of squares that clipping by norm and trust ratios need. */
typedef struct ebbi_update_groups {
  ebb_tensor *segments; /* I32 [count, EBBI_SEGMENT_WORDS], packed; NULL: all parameters alike */
  ebb_tensor *norms;    /* F32 [EBBI_NORM_GROUPS, 2], packed; NULL: no clipping by norm */
  ebb_tensor *trust;    /* F32 [count, 4 EBBI_NORM_GROUPS], packed; NULL: no row is trusted */
} ebbi_update_groups;

/* Makes the row of a run that ends before float `end` of the slab, a multiple of the width except
 * at the slab's end. */
ebbi_update_segment ebbi_update_segment_of(const ebbi_exec *exec, size_t end,
                                           const ebbi_update_group *group,
                                           const ebb_optimizer *optimizer);

/* Creates the table of `count` rows. */
ebb_status ebbi_update_groups_create(ebbi_update_groups *out, ebb_device *device,
                                     const ebbi_update_segment *segments, size_t count,
                                     bool by_norm);
void ebbi_update_groups_free(ebbi_update_groups *groups);

/* The build option and the arguments of a kernel with an update; nothing without a table. */
const char *ebbi_update_groups_option(const ebbi_update_groups *groups);
void ebbi_update_groups_arguments(ebbi_launch *launch, const ebbi_update_groups *groups);

/* Computes the sums of squares of all gradients that are trained, [slices, count].
 * Source: kernels/gradient_norm.cl */
ebb_status ebbi_gradient_norm(const ebbi_exec *exec, const ebbi_update_groups *groups,
                              const ebb_tensor *gradients);

/* Computes the trust ratios of all trusted rows, before an update with the same arguments.
 * Source: (O8), kernels/trust_ratio.cl */
ebb_status ebbi_trust_ratios(const ebbi_exec *exec, const ebbi_update_groups *groups,
                             const ebb_tensor *parameters, ebb_tensor *const *moments,
                             const ebb_tensor *gradients, const ebb_tensor *state,
                             const ebb_optimizer *optimizer);

/* Norms below this count as 0: their squares would underflow. Twin in kernels/trust_ratio.cl. */
#define EBBI_TRUST_LEAST 1e-12

#endif
