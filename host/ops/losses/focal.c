/* Focal loss, for labels: cross-entropy with less weight for rows that are right already. Source:
 * Lin et al., Focal Loss for Dense Object Detection, 2017. */
#include "ops/loss_row.h"

const ebbi_loss_row ebbi_loss_focal = {
    .parameters = {{.name = "gamma", .least = 0, .most = 10, .usual = 2}}, .flops = 8, .bytes = 8};
