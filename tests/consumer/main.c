/* A program of somebody else's: it sees an installed ebb only, and learns the exclusive or with it
 * on the default device. That it compiles, links, finds its kernels and learns is the whole test.
 */
#include <ebb/ebb.h>
#include <stdio.h>

static const float inputs[] = {0, 0, 0, 1, 1, 0, 1, 1};
static const int32_t labels[] = {0, 1, 1, 0};

static ebb_status learn(double *accuracy, ebb_network *network) {
  const ebb_dataset data = {.rows = 4, .inputs = 2, .outputs = 2, .x = inputs, .labels = labels};
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  options.learning_rate = 0.05F;
  options.epochs = 200;
  options.batch = 4;
  ebb_trainer *trainer = NULL;
  ebb_status status = ebb_trainer_create(&trainer, network, &data, NULL, &options);
  if (status == EBB_OK) status = ebb_trainer_run(trainer, NULL, NULL);
  ebb_trainer_free(trainer);
  ebb_metrics metrics = {0};
  if (status == EBB_OK)
    status = ebb_evaluate(&metrics, network, &data, ebb_loss_default(EBB_LOSS_CROSS_ENTROPY));
  *accuracy = metrics.accuracy;
  return status;
}

int main(void) {
  ebb_device *device = NULL;
  ebb_network *network = NULL;
  ebb_spec spec;
  double accuracy = 0;
  ebb_status status = ebb_device_open(&device, NULL);
  if (status == EBB_OK) status = ebb_spec_parse(&spec, "2-8tanh-2", 0, 0);
  if (status == EBB_OK) status = ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 1);
  if (status == EBB_OK) status = learn(&accuracy, network);
  ebb_network_free(network);
  ebb_device_free(device);
  if (status != EBB_OK) fprintf(stderr, "%s\n", ebb_error_message());
  printf("ebb %s: accuracy %g\n", ebb_version(), accuracy);
  return status == EBB_OK && accuracy == 1 ? 0 : 1;
}
