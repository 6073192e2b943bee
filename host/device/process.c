/* State shared by all devices of the process: one lock, and a flag that says whether this process
 * is a fork of the process that first used OpenCL.
 *
 * PoCL's first discovery of devices races with other threads and aborts the process; opening and
 * closing a device change state that drivers keep for the whole process. So one thread at a time
 * does these. A fork has the driver's memory and none of its threads, so any wait would never end.
 * Comparing process numbers was rejected: it costs a system call at each launch, while a flag can
 * be set by the fork itself.
 */
#include "base/error.h"
#include "watch.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t registered = PTHREAD_ONCE_INIT;
static atomic_bool forked; /* set in children of the process that registered the handler */

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
          "OpenCL: this process was forked from one that has used OpenCL, and drivers do not work "
          "in such a process; fork before the first device is opened, or use exec");
  pthread_mutex_lock(&lock);
  return EBB_OK;
}

void ebbi_driver_unlock(void) {
  pthread_mutex_unlock(&lock);
}
