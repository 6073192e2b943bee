/* The life of objects: made, retained, released, and all of them gone at the end of the process.
 */
#include "checker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static const uint64_t MARK = 0x6368656b6f626a31;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static object *live;

static const char *const kind_names[] = {"platform",       "device",         "context", "queue",
                                         "buffer",         "program",        "kernel",  "event",
                                         "command buffer", "released object"};

void *make_object(kind which, size_t size, object *context, void (*end)(object *o)) {
  object *made = calloc(1, size);
  if (!made) abort();
  *made = (object){.dispatch = &the_dispatch,
                   .mark = MARK,
                   .kind = which,
                   .references = 1,
                   .context = context,
                   .end = end};
  pthread_mutex_lock(&lock);
  made->next = live;
  if (live) live->before = made;
  live = made;
  pthread_mutex_unlock(&lock);
  hold(context);
  return made;
}

bool is_live(const char *call, const void *handle, kind which) {
  const object *o = handle;
  if (!o) violation(0, call, "the %s is NULL", kind_names[which]);
  if (!o) return false;
  if (o == &the_platform || o == &the_device) {
    bool same =
        (o == &the_platform) == (which == PLATFORM) && (o == &the_device) == (which == DEVICE);
    if (!same) violation(0, call, "a device or platform is used as a %s", kind_names[which]);
    return same;
  }
  bool known = o->mark == MARK && o->kind == which;
  if (!known)
    violation(0, call, "not a live %s but %s", kind_names[which],
              o->mark == MARK ? kind_names[o->kind] : "something else");
  return known;
}

void hold(object *o) {
  if (!o) return;
  pthread_mutex_lock(&lock);
  o->references++;
  pthread_mutex_unlock(&lock);
}

void drop(object *o) {
  if (!o) return;
  pthread_mutex_lock(&lock);
  bool last = --o->references == 0;
  if (last) {
    if (o->next) o->next->before = o->before;
    if (o->before) o->before->next = o->next;
    if (live == o) live = o->next;
  }
  pthread_mutex_unlock(&lock);
  if (!last) return;
  if (o->end) o->end(o);
  drop(o->context);
  o->kind = RELEASED;
}

cl_int retain(const char *call, void *handle, kind which, cl_int error) {
  if (!is_live(call, handle, which)) return error;
  hold(handle);
  return CL_SUCCESS;
}

cl_int release(const char *call, void *handle, kind which, cl_int error) {
  if (!is_live(call, handle, which)) return error;
  drop(handle);
  return CL_SUCCESS;
}

/* What is left when the process ends. An object that only others hold is theirs to name. */
__attribute__((destructor)) static void finish(void) {
  unsigned long left[KIND_COUNT] = {0};
  for (object *o = live; o; o = o->next) left[o->kind]++;
  for (int k = 0; k < KIND_COUNT; k++)
    if (left[k]) violation(0, "exit", "%lu objects not released: %s", left[k], kind_names[k]);
  write_end();
}
