/* Interrupts. The handler only notes the signal, the one thing it may do safely; the report
 * callback of a training sees it and stops, and the model is saved as usual.
 */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t caught;

static void note_signal(int number) {
  caught = number;
}

void signals_watch(void) {
  struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

int signals_caught(void) {
  return caught;
}
