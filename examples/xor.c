/* Trains a network on XOR, from arrays.
 *
 * Each call runs only if all before it succeeded, and _free accepts NULL: there is one way out.
 */
#include <ebb/ebb.h>
#include <stdio.h>

int main(void) {
  const float x[] = {0, 0, 0, 1, 1, 0, 1, 1};
  const int32_t labels[] = {0, 1, 1, 0};
  ebb_dataset xor = {.rows = 4, .inputs = 2, .outputs = 2, .x = x, .labels = labels};
  ebb_train_options options = EBB_TRAIN_OPTIONS_INIT;
  options.epochs = 300;
  options.learning_rate = 0.05f;

  ebb_device *device = NULL;
  ebb_network *network = NULL;
  ebb_trainer *trainer = NULL;
  ebb_spec spec;
  ebb_metrics metrics;
  bool ok = ebb_device_open(&device, NULL) == EBB_OK &&
            ebb_spec_parse(&spec, "2-16tanh-2", 0, 0) == EBB_OK &&
            ebb_network_create(&network, device, &spec, EBB_INIT_AUTO, 1) == EBB_OK &&
            ebb_trainer_create(&trainer, network, &xor, NULL, &options) == EBB_OK &&
            ebb_trainer_run(trainer, NULL, NULL) == EBB_OK &&
            ebb_evaluate(&metrics, network, &xor, options.loss) == EBB_OK;
  if (ok) printf("loss %.4f, accuracy %.2f\n", metrics.loss, metrics.accuracy);
  if (!ok) fprintf(stderr, "xor: %s\n", ebb_error_message());

  ebb_trainer_free(trainer);
  ebb_network_free(network);
  ebb_device_free(device);
  return ok && metrics.accuracy == 1 ? 0 : 1;
}
