/* The worker process, which does everything that may fail: it opens the device, builds, checks and
 * times.
 *
 * It is forked from a program that has not touched OpenCL, so no driver state is shared. One
 * process answers many questions, since starting one for each would spend the time on opening the
 * device. If it crashes or hangs, the next question starts another. Both ends are the same program,
 * so plain structs go through the pipes. The process is not in the terminal's foreground group: an
 * interrupt reaches only the parent, which then ends the worker; an alarm ends it if the parent is
 * gone.
 */
#include "tune.h"

#include "clock.h"
#include "inputs.h"
#include "output.h"
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The worker's task; it has a copy of its parent's memory. */
typedef struct job {
  const settings *s;
  const ebb_tune_shape *shapes;
  size_t count;
} job;

/* ---- the worker's side ---- */

static bool read_all(int file, void *bytes, size_t size) {
  for (size_t done = 0; done < size;) {
    ssize_t got = read(file, (char *)bytes + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += (size_t)got;
  }
  return true;
}

/* The library's message as one line: a compiler's message has several. */
static void describe_failure(char text[TUNE_TEXT]) {
  snprintf(text, TUNE_TEXT, "%s", ebb_error_message());
  for (char *c = text; *c; c++)
    if ((unsigned char)*c < 0x20) *c = ' ';
}

/* Adds a choice if it exists and would take effect. */
static void offer(tune_hello *hello, ebb_device *device, int choice) {
  if (hello->count == TUNE_CHOICES) return;
  if (ebb_device_set_matmul_choice(device, EBB_LAYOUT_NN, 0, choice) != EBB_OK) return;
  ebb_engine engine = ebb_device_choose_engine(device, EBB_LAYOUT_NN, 1, 1, 1);
  ebb_engine wanted = choice == EBB_MATMUL_CLBLAST ? EBB_ENGINE_CLBLAST : EBB_ENGINE_GPU;
  bool forced = ebb_device_matmul_config(device) != EBB_MATMUL_CONFIG_AUTO;
  if (engine == wanted && !forced) hello->choices[hello->count++] = choice;
}

/* The configuration that the library would choose for the shape. */
static int automatic_for(ebb_device *device, const ebb_tune_shape *s) {
  bool fp32 = ebb_device_precision(device) == EBB_PRECISION_FP32;
  if (fp32 && ebb_device_engine(device) != EBB_ENGINE_GPU) return EBB_MATMUL_CONFIG_AUTO;
  unsigned class_index = ebb_matmul_class(s->rows, s->cols, s->depth);
  int before = ebb_device_matmul_choice(device, s->layout, class_index);
  (void)ebb_device_set_matmul_choice(device, s->layout, class_index, EBB_MATMUL_CONFIG_AUTO);
  int config = ebb_device_choose_matmul_config(device, s->layout, s->rows, s->cols, s->depth);
  (void)ebb_device_set_matmul_choice(device, s->layout, class_index, before);
  return config;
}

/* Lists the candidates. The CPU engine has a single way to multiply, and CLBlast, made for GPUs, is
 * no competition there. */
static void list_choices(tune_hello *hello, ebb_device *device) {
  ebb_precision precision = ebb_device_precision(device);
  if (precision == EBB_PRECISION_FP32 && ebb_device_engine(device) == EBB_ENGINE_CPU) return;
  int before = ebb_device_matmul_choice(device, EBB_LAYOUT_NN, 0);
  for (size_t c = 0; c < ebb_matmul_config_count(precision); c++) offer(hello, device, (int)c);
  offer(hello, device, EBB_MATMUL_CLBLAST);
  (void)ebb_device_set_matmul_choice(device, EBB_LAYOUT_NN, 0, before); /* restores the setting */
}

static void say_hello(tune_hello *hello, ebb_device **device, const job *j) {
  const char *blamed;
  hello->status = try_device(device, &blamed, j->s);
  if (hello->status != EBB_OK) {
    describe_failure(hello->text);
    snprintf(hello->blamed, sizeof hello->blamed, "%s", blamed ? blamed : "");
    return;
  }
  hello->owner = ebb_device_tune_owner(*device);
  snprintf(hello->reason, sizeof hello->reason, "%s", ebb_device_reason(*device));
  list_choices(hello, *device);
  for (size_t i = 0; i < j->count; i++) hello->automatic[i] = automatic_for(*device, &j->shapes[i]);
}

static bool same_shape(const ebb_tune_shape *a, const ebb_tune_shape *b) {
  return a->layout == b->layout && a->rows == b->rows && a->cols == b->cols && a->depth == b->depth;
}

/* Answers one question; *tuner and *shape are kept for the next question about the same shape. */
static void answer_one(tune_answer *answer, ebb_tuner **tuner, ebb_tune_shape *shape,
                       ebb_device *device, const tune_question *question) {
  *answer = (tune_answer){0};
  if (!*tuner || !same_shape(shape, &question->shape)) {
    ebb_tuner_free(*tuner);
    *tuner = NULL;
    *shape = question->shape;
    answer->status = ebb_tuner_create(tuner, device, shape);
    answer->no_shape = answer->status != EBB_OK;
  }
  if (answer->status == EBB_OK && question->building)
    answer->status = ebb_tuner_build(*tuner, question->choice);
  else if (answer->status == EBB_OK)
    answer->status = ebb_tuner_measure(
        &answer->seconds, question->alone ? NULL : &answer->auto_seconds, *tuner, question->choice);
  answer->no_shape = answer->no_shape || answer->status == EBB_ERR_MEMORY;
  if (answer->status != EBB_OK) describe_failure(answer->text);
}

/* Default signals, no core files, and no output to the terminal: messages of a driver about a
 * broken candidate are part of the answer. */
static void isolate(void) {
  const struct rlimit none = {0, 0};
  (void)setpgid(0, 0);
  signals_default();
  signal(SIGALRM, SIG_DFL);
  (void)setrlimit(RLIMIT_CORE, &none);
  int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (nowhere < 0) return;
  (void)dup2(nowhere, STDOUT_FILENO);
  (void)dup2(nowhere, STDERR_FILENO);
  close(nowhere);
}

static void serve(int in, int out, const job *j) {
  static const unsigned grace = 5;
  unsigned limit = (unsigned)j->s->budget + grace; /* time allowed without a question */
  tune_hello *hello = calloc(1, sizeof *hello);
  ebb_device *device = NULL;
  ebb_tuner *tuner = NULL;
  ebb_tune_shape shape;
  tune_question question;
  tune_answer answer;
  isolate();
  alarm(limit);
  if (!hello) return;
  say_hello(hello, &device, j);
  bool good = write_bytes(out, hello, sizeof *hello) && hello->status == EBB_OK;
  free(hello);
  while (good && read_all(in, &question, sizeof question)) {
    alarm(limit);
    answer_one(&answer, &tuner, &shape, device, &question);
    good = write_bytes(out, &answer, sizeof answer);
  }
}

/* ---- the program's side ---- */

/* Waits for a killed process, though not forever: a driver may keep it from dying. */
static int reap(pid_t process) {
  const struct timespec pause = {.tv_nsec = 10000000};
  int status = 0;
  for (int i = 0; i < 200; i++) {
    pid_t ended = waitpid(process, &status, WNOHANG);
    if (ended == process || (ended < 0 && errno != EINTR)) return status;
    nanosleep(&pause, NULL);
  }
  return 0;
}

static int put_away(tune_worker *worker) {
  int status = reap(worker->process);
  close(worker->to);
  close(worker->from);
  *worker = (tune_worker){0};
  return status;
}

void tune_worker_stop(tune_worker *worker) {
  if (!worker->process) return;
  kill(worker->process, SIGKILL);
  (void)put_away(worker);
}

/* True if the process sends something before the time is up. */
static tune_outcome wait_for(const tune_worker *worker, double until) {
  for (;;) {
    if (signals_caught()) return TUNE_STOPPED;
    double left = until - clock_seconds();
    if (left <= 0) return TUNE_SILENT;
    struct pollfd entry = {.fd = worker->from, .events = POLLIN};
    int ready = poll(&entry, 1, left < 0.2 ? (int)(1e3 * left) + 1 : 200);
    if (ready > 0) return TUNE_ANSWERED;
  }
}

static void describe_death(char text[TUNE_TEXT], int status) {
  if (WIFSIGNALED(status))
    snprintf(text, TUNE_TEXT, "its process died of signal %d, %s", WTERMSIG(status),
             strsignal(WTERMSIG(status)));
  else
    snprintf(text, TUNE_TEXT, "its process ended with code %d", WEXITSTATUS(status));
}

/* Receives an answer, or reaps the process. */
static tune_outcome receive(tune_worker *worker, void *bytes, size_t size, double until,
                            char text[TUNE_TEXT]) {
  tune_outcome outcome = wait_for(worker, until);
  if (outcome == TUNE_ANSWERED && read_all(worker->from, bytes, size)) return outcome;
  if (outcome == TUNE_ANSWERED) {
    describe_death(text, put_away(worker));
    return TUNE_DIED;
  }
  tune_worker_stop(worker);
  return outcome;
}

static void close_both(const int ends[2]) {
  close(ends[0]);
  close(ends[1]);
}

/* Forks the worker with two pipes. Returns false if that fails. */
static bool launch(tune_worker *worker, const job *j) {
  int to[2], from[2];
  if (pipe(to) != 0) return false;
  if (pipe(from) != 0) {
    close_both(to);
    return false;
  }
  fflush(NULL); /* otherwise both processes would write it */
  pid_t process = fork();
  if (process < 0) {
    close_both(to);
    close_both(from);
    return false;
  }
  if (process == 0) {
    close(to[1]);
    close(from[0]);
    serve(to[0], from[1], j);
    _exit(0);
  }
  close(to[0]);
  close(from[1]);
  *worker = (tune_worker){process, to[1], from[0]};
  return true;
}

tune_outcome tune_worker_start(tune_worker *worker, tune_hello *hello, const settings *s,
                               const ebb_tune_shape *shapes, size_t count, double seconds) {
  const job j = {s, shapes, count};
  double until = clock_seconds() + seconds;
  char text[TUNE_TEXT];
  *worker = (tune_worker){0};
  if (!launch(worker, &j)) return TUNE_BROKEN;
  tune_outcome outcome = receive(worker, hello, sizeof *hello, until, text);
  if (outcome == TUNE_DIED) snprintf(hello->text, sizeof hello->text, "%s", text);
  return outcome;
}

tune_outcome tune_worker_ask(tune_worker *worker, tune_answer *answer,
                             const tune_question *question, double seconds, char text[TUNE_TEXT]) {
  double until = clock_seconds() + seconds;
  if (!write_bytes(worker->to, question, sizeof *question)) {
    tune_worker_stop(worker);
    snprintf(text, TUNE_TEXT, "its process is gone");
    return TUNE_DIED;
  }
  return receive(worker, answer, sizeof *answer, until, text);
}
