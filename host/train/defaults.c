/* Amounts that suit a number of rows: batch, epochs, patience; and a learning rate.
 *
 * What counts for a network is the number of updates: an epoch of 100 rows makes 4, one of 100,000
 * rows 3,000. Small data therefore get more epochs, with patience as a fraction of them: a loss
 * that hardly changes within an epoch must not be mistaken for one that has stopped falling. With
 * validation rows, additional epochs only cost time, since the best one is kept. Without them they
 * harm the model, so there are fewer. docs/decisions/0009 has the reasons.
 */
#include <ebb/trainer.h>

enum {
  BATCH = 32,
  UPDATES = 2000, /* least number, unless limited by MOST_EPOCHS */
  MOST_EPOCHS = 500,
  EPOCHS = 100,        /* least number, used for large data */
  EPOCHS_TO_TRY = 200, /* the same if the best epoch is kept */
  PATIENCE = 20,       /* least number */
  PATIENCE_PART = 10   /* one tenth of the epochs */
};

static size_t within(size_t value, size_t least, size_t most) {
  return value < least ? least : value > most ? most : value;
}

ebb_train_amounts ebb_train_amounts_for(size_t rows, size_t valid_rows, size_t batch) {
  if (batch == 0) batch = BATCH;
  size_t steps = (rows + batch - 1) / batch;
  bool judged = valid_rows > 0;
  size_t epochs =
      within(UPDATES / (steps ? steps : 1), judged ? EPOCHS_TO_TRY : EPOCHS, MOST_EPOCHS);
  return (ebb_train_amounts){
      .batch = batch,
      .epochs = epochs,
      .patience = judged ? within(epochs / PATIENCE_PART, PATIENCE, MOST_EPOCHS) : 0,
  };
}
