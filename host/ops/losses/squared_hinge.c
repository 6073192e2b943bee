/* The squared hinge loss of several classes: smooth where the hinge loss bends. */
#include "ops/loss_row.h"

const ebbi_loss_row ebbi_loss_squared_hinge = {
    .parameters = {{.name = "margin", .least = 0, .most = 1000, .above = true, .usual = 1}},
    .flops = 7,
    .bytes = 8};
