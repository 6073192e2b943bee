/* The fault layer's plan: variables, counters, report. A test gives them as a text: changing the
 * environment would race with a driver's threads, which read it whenever they run a command. */
#include "fault_plan.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define CALL_NAME(name, ...) #name,
static const char *const call_names[] = {EACH_CALL(CALL_NAME)};

static struct {
  const char *api;
  long nth, code;
  bool sticky;
  verdict verdict;
  double seconds;
} plan;

static atomic_long calls[CALLS], counted[CALLS], fired;

static const char *const kind_names[] = {"ctx",    "queue", "mem",   "program",
                                         "kernel", "event", "cmdbuf"};
static atomic_long live[KINDS], made[KINDS];

static char given[512]; /* words with a NUL after each and another one at the end */
static bool is_given;

static const char *find_given(const char *variable) {
  size_t length = strlen(variable);
  for (const char *word = given; *word; word += strlen(word) + 1)
    if (strncmp(word, variable, length) == 0 && word[length] == '=') return word + length + 1;
  return NULL;
}

static const char *text_of(const char *variable, const char *otherwise) {
  const char *text = is_given ? find_given(variable) : getenv(variable);
  return text && text[0] != '\0' ? text : otherwise;
}

static long number_of(const char *variable, long otherwise) {
  const char *text = text_of(variable, NULL);
  return text ? strtol(text, NULL, 0) : otherwise;
}

static void read_plan(void) {
  static const char *const modes[] = {
      [ERROR] = "error", [LIE] = "lie", [HANG] = "hang", [STALL] = "stall", [CORRUPT] = "corrupt",
  };
  const char *mode = text_of("FAULT_MODE", "error");
  plan.api = text_of("FAULT_API", "");
  plan.nth = number_of("FAULT_N", 1);
  plan.code = number_of("FAULT_CODE", CL_OUT_OF_RESOURCES);
  plan.sticky = text_of("FAULT_STICKY", NULL) != NULL;
  plan.seconds = strtod(text_of("FAULT_SECONDS", "3600"), NULL);
  plan.verdict = GOOD;
  for (int v = ERROR; v <= CORRUPT; v++)
    if (strcmp(mode, modes[v]) == 0) plan.verdict = (verdict)v;
}

void sleep_as_planned(void) {
  struct timespec left = {.tv_sec = (time_t)plan.seconds};
  left.tv_nsec = (long)((plan.seconds - (double)left.tv_sec) * 1e9);
  while (nanosleep(&left, &left) != 0) {
  }
}

void fault_layer_restart(const char *variables) {
  size_t length = strlen(variables);
  if (length + 2 > sizeof given) abort();
  memset(given, 0, sizeof given);
  for (size_t i = 0; i < length; i++) given[i] = (char)(variables[i] == ' ' ? '\0' : variables[i]);
  is_given = true;
  for (int c = 0; c < CALLS; c++) counted[c] = 0;
  read_plan();
}

verdict judge(int call, bool counts) {
  calls[call]++;
  if (!counts || strcmp(plan.api, call_names[call]) != 0) return GOOD;
  long turn = ++counted[call];
  if (turn != plan.nth && !(plan.sticky && turn > plan.nth)) return GOOD;
  fired++;
  if (plan.verdict != HANG) return plan.verdict;
  sleep_as_planned();
  return GOOD;
}

bool is_wanted_info(cl_uint what) {
  long only = number_of("FAULT_INFO", -1);
  return only < 0 || (cl_uint)only == what;
}

cl_int planned_error(void) {
  return (cl_int)plan.code;
}

void flip(void *bytes, size_t size) {
  size_t at = (size_t)number_of("FAULT_BYTE", (long)(size / 2 | 3));
  if (at < size) ((unsigned char *)bytes)[at] ^= (unsigned char)number_of("FAULT_XOR", 0x40);
}

void *flipped_copy(const void *bytes, size_t size) {
  void *copy = malloc(size);
  if (!copy) abort();
  memcpy(copy, bytes, size);
  flip(copy, size);
  return copy;
}

void spoof(cl_uint what, void *value) {
  static const struct {
    cl_uint what;
    size_t size;
    const char *variable;
  } rows[] = {
      {CL_DEVICE_GLOBAL_MEM_SIZE, sizeof(cl_ulong), "SPOOF_GLOBAL"},
      {CL_DEVICE_MAX_MEM_ALLOC_SIZE, sizeof(cl_ulong), "SPOOF_ALLOC"},
      {CL_DEVICE_LOCAL_MEM_SIZE, sizeof(cl_ulong), "SPOOF_LOCAL"},
      {CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(size_t), "SPOOF_GROUP"},
      {CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(cl_uint), "SPOOF_UNITS"},
      {CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof(cl_uint), "SPOOF_WIDTH"},
      {CL_DEVICE_TYPE, sizeof(cl_device_type), "SPOOF_TYPE"},
      {CL_DEVICE_MEM_BASE_ADDR_ALIGN, sizeof(cl_uint), "SPOOF_ALIGN"},
  };
  for (size_t i = 0; value && i < sizeof rows / sizeof *rows; i++) {
    const char *text = rows[i].what == what ? text_of(rows[i].variable, NULL) : NULL;
    unsigned long long number =
        text ? strtoull(text, NULL, 0) : 0; /* little-endian: its low bytes come first */
    if (text) memcpy(value, &number, rows[i].size);
  }
}

void note_made(int kind, const void *object) {
  if (!object) return;
  live[kind]++;
  made[kind]++;
}

void note_held(int kind, long more) {
  live[kind] += more;
}

static void report(void) {
  const char *path = getenv("FAULT_LOG");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "fired %ld\nlive", (long)fired);
  for (int k = 0; k < KINDS; k++)
    fprintf(file, " %s=%ld/%ld", kind_names[k], (long)live[k], (long)made[k]);
  fputc('\n', file);
  for (int c = 0; c < CALLS; c++)
    if (calls[c]) fprintf(file, "%s %ld\n", call_names[c], (long)calls[c]);
  fclose(file);
}

void plan_begin(void) {
  read_plan();
  atexit(report);
}
