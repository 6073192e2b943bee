/* Amounts that suit a number of rows: batch, epochs, patience; and a learning rate.
 *
 * What a network needs is updates, not looks at the file: an epoch of 100 rows makes 4, one of
 * 100,000 rows 3,000. So small data get more epochs, and a patience that is a part of them: a loss
 * that hardly moves within an epoch must not be taken for one that has stopped falling. With
 * validation rows many epochs cost time at most, since the best one is kept; without them they cost
 * the model, so there are fewer. docs/decisions/0009 has the reasons.
 */
#include <ebb/trainer.h>

enum {
  BATCH = 32,
  UPDATES = 2000, /* the least, unless MOST_EPOCHS make fewer */
  MOST_EPOCHS = 500,
  EPOCHS = 100,        /* at least; as many as large data get */
  EPOCHS_TO_TRY = 200, /* the same where the best one is kept */
  PATIENCE = 20,       /* at least */
  PATIENCE_PART = 10   /* of the epochs: one tenth */
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
