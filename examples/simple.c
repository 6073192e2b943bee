/* The short way: trains a classifier on arrays, keeps it in a file, predicts with what the file
 * has.
 *
 * Each call runs only if all before it succeeded, and _free accepts NULL: there is one way out.
 */
#include <ebb/ebb.h>
#include <stdio.h>

int main(void) {
  const float x[] = {0, 0, 0, 1, 1, 0, 1, 1};
  const int32_t labels[] = {0, 1, 1, 0};
  int32_t found[4] = {0};
  ebb_arrays data = {.x = x, .labels = labels, .rows = 4, .inputs = 2};
  ebb_simple_options options = EBB_SIMPLE_OPTIONS_INIT;
  options.valid = -1; /* four rows leave none to validate */
  options.learning_rate = 0.05;

  ebb_simple *trained = NULL, *model = NULL;
  bool ok = ebb_simple_train(&trained, &data, &options) == EBB_OK &&
            ebb_simple_save(trained, "simple.safetensors") == EBB_OK &&
            ebb_simple_load(&model, "simple.safetensors", NULL) == EBB_OK &&
            ebb_simple_classify(model, found, x, 4) == EBB_OK;
  if (ok) printf("%d %d %d %d\n", found[0], found[1], found[2], found[3]);
  if (!ok) fprintf(stderr, "simple: %s\n", ebb_error_message());
  for (int i = 0; i < 4; i++) ok = ok && found[i] == labels[i];

  ebb_simple_free(model);
  ebb_simple_free(trained);
  return ok ? 0 : 1;
}
