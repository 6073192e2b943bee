/* What a training can be given: every loss, every optimizer, every schedule, and what updates do
 * beside the optimizer. Each training must lower the loss over the rows.
 */
#include <ebb/ebb.h>
#include <stdio.h>

enum { ROWS = 256, INPUTS = 4, CLASSES = 3 };

static float x[ROWS * INPUTS], values[ROWS], shares[2 * ROWS], weights[ROWS];
static int32_t labels[ROWS];

/* Values lie between 0 and 1, so every loss of values takes them; a pair of shares adds up to 1. */
static void make_table(void) {
  for (int r = 0; r < ROWS; r++) {
    float sum = 0;
    for (int c = 0; c < INPUTS; c++) {
      x[INPUTS * r + c] = (float)((r * (2 * c + 3) + c) % 17) / 8 - 1;
      sum += x[INPUTS * r + c] * (float)(c + 1) / 20;
    }
    values[r] = 0.5f + sum;
    shares[2 * r] = values[r], shares[2 * r + 1] = 1 - values[r];
    labels[r] = values[r] < 0.4f ? 0 : values[r] < 0.6f ? 1 : 2;
    weights[r] = 1 + (float)(r % 3);
  }
}

/* A learning rate for every optimizer: its own default where that is large, else ten times it. */
static float rate_of(ebb_optimizer_kind kind) {
  double rate = ebb_optimizer_learning_rate(kind);
  return (float)(rate < 0.01 ? 10 * rate : rate);
}

/* Trains a small network and prints by how much the loss over all rows has fallen. */
static bool train(ebb_device *device, const char *what, const char *name,
                  const ebb_train_options *options) {
  bool classes = ebb_loss_has_labels(options->loss.kind);
  bool pairs = ebb_loss_is_direction(options->loss.kind) || /* or probabilities of classes */
               ebb_loss_domain_of(options->loss.kind).sum > 0;
  const ebb_dataset data = {.rows = ROWS,
                            .inputs = INPUTS,
                            .outputs = classes ? CLASSES
                                       : pairs ? 2
                                               : 1,
                            .x = x,
                            .labels = classes ? labels : NULL,
                            .values = classes ? NULL
                                      : pairs ? shares
                                              : values,
                            .weights = options->loss.weighted ? weights : NULL};
  ebb_spec spec;
  ebb_network *network = NULL;
  ebb_trainer *trainer = NULL;
  ebb_metrics before, after;
  size_t outputs = data.outputs * ebb_loss_outputs(options->loss);
  bool ok = ebb_spec_parse(&spec, "16tanh", INPUTS, outputs) == EBB_OK &&
            ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 1) == EBB_OK &&
            ebb_evaluate(&before, network, &data, options->loss) == EBB_OK &&
            ebb_trainer_create(&trainer, network, &data, NULL, options) == EBB_OK &&
            ebb_trainer_run(trainer, NULL, NULL) == EBB_OK &&
            ebb_evaluate(&after, network, &data, options->loss) == EBB_OK;
  ebb_trainer_free(trainer);
  ebb_network_free(network);
  if (!ok) fprintf(stderr, "training: %s %s: %s\n", what, name, ebb_error_message());
  if (!ok) return false;
  printf("%s %s: loss %.4f, then %.4f\n", what, name, before.loss, after.loss);
  if (!(after.loss < before.loss)) fprintf(stderr, "training: %s %s: no progress\n", what, name);
  return after.loss < before.loss;
}

static ebb_train_options short_training(ebb_loss_kind loss, ebb_optimizer_kind optimizer) {
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  options.loss = ebb_loss_default(loss);
  options.optimizer = ebb_optimizer_default(optimizer);
  options.learning_rate = rate_of(optimizer);
  options.epochs = 10;
  options.step = EBB_STEP_LAYERS; /* fewer kernels to compile */
  if (ebb_optimizer_is_full_batch(optimizer)) options.batch = ROWS;
  return options;
}

static bool every_loss(ebb_device *device) {
  bool ok = true;
  for (int loss = 0; ok && loss < EBB_LOSS_COUNT; loss++) {
    ebb_train_options options = short_training(loss, EBB_OPT_ADAM);
    ok = train(device, "loss", ebb_loss_name(loss), &options);
  }
  return ok;
}

static bool every_optimizer(ebb_device *device) {
  bool ok = true;
  for (int kind = 0; ok && kind < EBB_OPT_COUNT; kind++) {
    ebb_train_options options = short_training(EBB_LOSS_MSE, kind);
    ok = train(device, "optimizer", ebb_optimizer_name(kind), &options);
  }
  return ok;
}

static bool every_schedule(ebb_device *device) {
  bool ok = true;
  for (int kind = 0; ok && kind < EBB_SCHEDULE_COUNT; kind++) {
    ebb_train_options options = short_training(EBB_LOSS_MSE, EBB_OPT_ADAM);
    options.schedule = ebb_schedule_default(kind);
    options.schedule.warmup = 4;
    ok = train(device, "schedule", ebb_schedule_name(kind), &options);
  }
  return ok;
}

/* Fine-tuning: the first layer rests, norms are limited, averaged weights remain at the end. */
static bool update_options(ebb_device *device) {
  static const double rates[] = {0, 1};
  ebb_train_options options = short_training(EBB_LOSS_CROSS_ENTROPY, EBB_OPT_ADAMW);
  options.loss.weighted = true;
  options.update.layer_rates = rates;
  options.update.layers = 2;
  options.update.no_decay_bias = 1;
  options.update.clip_norm = 1;
  options.update.max_norm = 4;
  options.update.ema = 0.9;
  options.update.accumulate = 2;
  return train(device, "update options", "of fine-tuning", &options);
}

int main(void) {
  ebb_device *device = NULL;
  make_table();
  bool ok = ebb_device_open(&device, NULL) == EBB_OK;
  if (!ok) fprintf(stderr, "training: %s\n", ebb_error_message());
  ok = ok && every_loss(device) && every_optimizer(device) && every_schedule(device) &&
       update_options(device);
  ebb_device_free(device);
  return ok ? 0 : 1;
}
