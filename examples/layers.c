/* Networks of every kind of layer, built call by call. Each learns the same small table.
 *
 * The table: column 0 is a code from 0 to 11, columns 1 and 2 are numbers; the value is a
 * triangle wave of the first, plus a multiple of the second and an amount that belongs to the code.
 */
#include <ebb/ebb.h>
#include <stdio.h>

enum { ROWS = 384, INPUTS = 3, CODES = 12, UNITS = 32, EPOCHS = 100 };

static float x[ROWS * INPUTS], y[ROWS];

static void make_table(void) {
  for (int r = 0; r < ROWS; r++) {
    int code = r * 7 % CODES, a = r * 37 % ROWS, b = r * 91 % ROWS, place = 2 * a % ROWS;
    x[INPUTS * r] = (float)code;
    x[INPUTS * r + 1] = 2 * (float)a / ROWS - 1;
    x[INPUTS * r + 2] = 2 * (float)b / ROWS - 1;
    float wave = (float)(place < ROWS / 2 ? place : ROWS - place) / ROWS;
    y[r] = wave + 0.5f * (float)b / ROWS + 0.3f * (float)(code % 3);
  }
}

/* The first layers, which turn codes and numbers into columns that a dense layer can use. */
static bool embed(ebb_spec *s) {
  return ebb_spec_begin(s, INPUTS) == EBB_OK && ebb_spec_add_embedding(s, 1, CODES, 4) == EBB_OK &&
         ebb_spec_add_periodic(s, 2, 6, 4) == EBB_OK;
}

static bool dense(ebb_spec *s) {
  return ebb_spec_add(s, UNITS, EBB_ACT_RELU) == EBB_OK;
}

static bool without_bias(ebb_spec *s) {
  return ebb_spec_add_nobias(s, UNITS, EBB_ACT_RELU) == EBB_OK;
}

static bool normalised(ebb_spec *s) {
  return ebb_spec_add(s, UNITS, EBB_ACT_IDENTITY) == EBB_OK &&
         ebb_spec_add_layernorm(s, 0, EBB_ACT_RELU) == EBB_OK;
}

static bool normalised_by_batch(ebb_spec *s) {
  return ebb_spec_add(s, UNITS, EBB_ACT_IDENTITY) == EBB_OK &&
         ebb_spec_add_batchnorm(s, 0, 0, EBB_ACT_RELU) == EBB_OK;
}

static bool by_the_root_of_squares(ebb_spec *s) {
  return ebb_spec_add(s, UNITS, EBB_ACT_IDENTITY) == EBB_OK &&
         ebb_spec_add_rmsnorm(s, 0, EBB_ACT_RELU) == EBB_OK;
}

static bool learned_slopes(ebb_spec *s) {
  return ebb_spec_add_scale(s) == EBB_OK && ebb_spec_add(s, UNITS, EBB_ACT_IDENTITY) == EBB_OK &&
         ebb_spec_add_prelu(s) == EBB_OK;
}

static bool noisy(ebb_spec *s) {
  return ebb_spec_add_noise(s, 0.01) == EBB_OK && dense(s) &&
         ebb_spec_add_dropout(s, 0.05) == EBB_OK && dense(s) &&
         ebb_spec_add_fading_dropout(s, 0.05) == EBB_OK;
}

static bool gated(ebb_spec *s) {
  return ebb_spec_add(s, 2 * UNITS, EBB_ACT_IDENTITY) == EBB_OK && ebb_spec_add_glu(s) == EBB_OK &&
         ebb_spec_add(s, 2 * UNITS, EBB_ACT_IDENTITY) == EBB_OK && ebb_spec_add_swiglu(s) == EBB_OK;
}

/* A branch begins with the value that is the latest at that time. */
static bool residual(ebb_spec *s) {
  if (!dense(s)) return false;
  size_t before = s->count;
  return dense(s) && ebb_spec_add_residual(s, before) == EBB_OK;
}

static bool wide_and_deep(ebb_spec *s) {
  size_t before = s->count;
  return dense(s) && ebb_spec_add_wide(s, before) == EBB_OK;
}

static const struct {
  const char *name;
  bool (*add)(ebb_spec *spec);
  size_t members; /* of an ensemble of the network; 0: none */
} networks[] = {{"dense", dense, 0},
                {"dense without bias", without_bias, 0},
                {"layer normalisation", normalised, 0},
                {"batch normalisation", normalised_by_batch, 0},
                {"RMS normalisation", by_the_root_of_squares, 0},
                {"scale and PReLU", learned_slopes, 0},
                {"noise and dropout", noisy, 0},
                {"gates", gated, 0},
                {"residual connection", residual, 0},
                {"wide and deep", wide_and_deep, 0},
                {"members that share weights", dense, 4}};

/* Trains a network and computes its R2 over the table. */
static bool train(ebb_metrics *metrics, ebb_device *device, const ebb_spec *spec) {
  const ebb_dataset data = {.rows = ROWS, .inputs = INPUTS, .outputs = 1, .x = x, .values = y};
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  options.loss = ebb_loss_default(EBB_LOSS_MSE);
  options.learning_rate = 0.02f;
  options.schedule = ebb_schedule_default(EBB_SCHEDULE_COSINE);
  options.epochs = EPOCHS;
  ebb_network *network = NULL;
  ebb_trainer *trainer = NULL;
  bool ok = ebb_network_create(&network, device, spec, EBB_INIT_AUTO, 1) == EBB_OK &&
            ebb_trainer_create(&trainer, network, &data, NULL, &options) == EBB_OK &&
            ebb_trainer_run(trainer, NULL, NULL) == EBB_OK &&
            ebb_evaluate(metrics, network, &data, options.loss) == EBB_OK;
  ebb_trainer_free(trainer);
  ebb_network_free(network);
  return ok;
}

int main(void) {
  ebb_device *device = NULL;
  make_table();
  bool ok = ebb_device_open(&device, NULL) == EBB_OK;
  for (size_t n = 0; ok && n < sizeof networks / sizeof *networks; n++) {
    char text[EBB_SPEC_TEXT];
    ebb_spec spec;
    ebb_metrics metrics;
    ok = embed(&spec) && networks[n].add(&spec) &&
         ebb_spec_add(&spec, 1, EBB_ACT_IDENTITY) == EBB_OK &&
         (networks[n].members == 0 ||
          ebb_spec_members(&spec, &spec, networks[n].members, EBB_LOSS_MSE) == EBB_OK) &&
         ebb_spec_text(text, sizeof text, &spec) == EBB_OK && train(&metrics, device, &spec);
    if (!ok) break;
    printf("R2 %.3f  %s: %s\n", metrics.r2, networks[n].name, text);
    if (metrics.r2 > 0.95) continue;
    fprintf(stderr, "layers: a network has learnt too little\n");
    ebb_device_free(device);
    return 1;
  }
  if (!ok) fprintf(stderr, "layers: %s\n", ebb_error_message());
  ebb_device_free(device);
  return ok ? 0 : 1;
}
