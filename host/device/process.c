/* What all devices of the process share: one lock, and whether it is a fork of the process that
 * first used OpenCL.
 *
 * PoCL's first discovery of devices races with another thread's and ends the process; opening and
 * closing change what drivers keep for the whole process. So these are done by one thread at a
 * time. A fork has the driver's memory but none of its threads: any wait would be one for ever.
 * Comparing process numbers was rejected: a system call at each launch, where a flag does that the
 * fork itself sets.
 */
#include "base/error.h"
#include "watch.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t registered = PTHREAD_ONCE_INIT;
static atomic_bool forked; /* from the process that registered the handler */

static void note_fork(void) {
  atomic_store(&forked, true);
}

static void register_handler(void) {
  pthread_atfork(NULL, NULL, note_fork);
}

bool ebbi_is_fork(void) {
  return atomic_load_explicit(&forked, memory_order_relaxed);
}

ebb_status ebbi_driver_lock(void) {
  pthread_once(&registered, register_handler);
  REQUIRE(!ebbi_is_fork(), EBB_ERR_DEVICE,
          "OpenCL: this process was forked from one that had used OpenCL already, and drivers do "
          "not work in such a process; fork before the first device is looked for, or use exec");
  pthread_mutex_lock(&lock);
  return EBB_OK;
}

void ebbi_driver_unlock(void) {
  pthread_mutex_unlock(&lock);
}
