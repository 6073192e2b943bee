/* The table of an update by groups, and the gradient's norm. A row holds the optimizer's constants,
 * so weight decay is left out where a group has none, whatever the optimizer does with it.
 */
#include "update_groups.h"

#include "base/error.h"
#include "base/size.h"
#include "optimizer_row.h"
#include "work.h"

ebbi_update_segment ebbi_update_segment_of(const ebbi_exec *exec, size_t end,
                                           const ebbi_update_group *group,
                                           const ebb_optimizer *optimizer) {
  ebb_optimizer own = *optimizer;
  if (group->no_decay) own.weight_decay = 0;
  ebbi_update_segment segment = {.end = (int32_t)ebbi_ceil_div(end, exec->params.width),
                                 .rate = (float)group->rate,
                                 .l1 = (float)group->l1,
                                 .l2 = (float)group->l2,
                                 .clip_value = (float)group->clip_value,
                                 .clip_norm = (float)group->clip_norm,
                                 .trusted = group->trusted,
                                 .trust = group->apart ? 0 : 1};
  ebbi_optimizer_row_of(own.kind)->constants(segment.constants, &own);
  return segment;
}

ebb_status ebbi_update_groups_create(ebbi_update_groups *out, ebb_device *device,
                                     const ebbi_update_segment *segments, size_t count,
                                     bool by_norm) {
  bool trusts = false;
  for (size_t i = 0; i < count; i++) trusts = trusts || segments[i].trusted;
  *out = (ebbi_update_groups){0};
  TRY(ebb_tensor_create_packed(&out->segments, device, EBB_I32, count, EBBI_SEGMENT_WORDS));
  ebb_status status = ebb_tensor_upload(out->segments, segments);
  if (status == EBB_OK && by_norm)
    status = ebb_tensor_create_packed(&out->norms, device, EBB_F32, EBBI_NORM_GROUPS, 2);
  if (status == EBB_OK && trusts)
    status =
        ebb_tensor_create_packed(&out->trust, device, EBB_F32, count, (size_t)4 * EBBI_NORM_GROUPS);
  if (status != EBB_OK) ebbi_update_groups_free(out);
  return status;
}

void ebbi_update_groups_free(ebbi_update_groups *groups) {
  ebb_tensor_free(groups->segments);
  ebb_tensor_free(groups->norms);
  ebb_tensor_free(groups->trust);
  *groups = (ebbi_update_groups){0};
}

const char *ebbi_update_groups_option(const ebbi_update_groups *groups) {
  return groups && groups->segments ? " -DUPDATE_GROUPS=1" : "";
}

void ebbi_update_groups_arguments(ebbi_launch *launch, const ebbi_update_groups *groups) {
  if (!groups || !groups->segments) return;
  ebbi_launch_buffer(launch, groups->segments->buffer);
  ebbi_launch_buffer(launch, ebbi_tensor_buffer(groups->norms));
}

ebb_status ebbi_gradient_norm(const ebbi_exec *exec, const ebbi_update_groups *groups,
                              const ebb_tensor *gradients) {
  size_t width = exec->params.width;
  ebbi_launch launch =
      ebbi_launch_begin(gradients->device, exec, EBBI_KERNEL_gradient_norm, "-DUPDATE_GROUPS=1");
  ebbi_launch_buffer(&launch, groups->norms->buffer);
  ebbi_launch_buffer(&launch, gradients->buffer);
  ebbi_launch_buffer(&launch, groups->segments->buffer);
  ebbi_launch_int(&launch, gradients->rows);
  ebbi_launch_int(&launch, gradients->stride / width);
  ebbi_launch_int(&launch, ebbi_ceil_div(gradients->cols, width));
  launch.work = ebbi_work_gradient_norm(gradients->cols, gradients->rows);
  return ebbi_launch_run(&launch, EBBI_NORM_GROUPS, 1);
}
