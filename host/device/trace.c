/* Writes a profile's trace as JSON in Chrome's trace-event format.
 *
 * Complete events (ph X) in microseconds since the earliest event. Device commands are one track
 * and host phases another; the profile's measured clock difference aligns them. The file is written
 * line by line, since a tree of JSON values would need several times the trace's memory. Numbers
 * are formatted from integers, so the locale's decimal comma cannot appear; names contain nothing
 * that JSON escapes.
 *
 * Source: the document "Trace Event Format" of the Chromium project.
 */
#include "base/writer.h"
#include "profiling.h"

#include <stdio.h>
#include <string.h>

enum { TRACK_DEVICE = 1, TRACK_HOST = 2 };

/* Writes a line of the file, truncated if too long, which never happens. */
static void write_line(FILE *stream, const char *line) {
  fwrite(line, 1, strlen(line), stream); /* the commit reports failures */
}

/* The trace's earliest event, by the device's clock. */
static int64_t find_start(const ebbi_profiling *p) {
  int64_t start = INT64_MAX;
  for (size_t i = 0; i < p->traced_count; i++)
    if (p->traced[i].start < start) start = p->traced[i].start;
  for (size_t i = 0; i < p->phase_count; i++)
    if (p->phases[i].start - p->ahead < start) start = p->phases[i].start - p->ahead;
  return start;
}

/* The beginning of an event up to its arguments; `nanoseconds` since the start of the trace. */
static size_t begin_event(char *line, size_t size, const char *name, int track, int64_t nanoseconds,
                          int64_t duration) {
  if (duration < 0) duration = 0;
  return (size_t)snprintf(line, size,
                          ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":%d,\"name\":\"%s\",\"ts\":%lld.%03d,"
                          "\"dur\":%lld.%03d",
                          track, name, (long long)(nanoseconds / 1000), (int)(nanoseconds % 1000),
                          (long long)(duration / 1000), (int)(duration % 1000));
}

static void write_command(FILE *stream, const ebbi_traced *t, int64_t trace_start) {
  char line[512];
  const size_t *shape = t->work.shape;
  size_t used = begin_event(line, sizeof line, t->name, TRACK_DEVICE, t->start - trace_start,
                            t->end - t->start);
  used += (size_t)snprintf(line + used, sizeof line - used, ",\"args\":{\"shape\":[");
  for (size_t i = 0; i < 3 && shape[i]; i++)
    used += (size_t)snprintf(line + used, sizeof line - used, "%s%zu", i ? "," : "", shape[i]);
  snprintf(line + used, sizeof line - used, "],\"flops\":%.0f,\"bytes\":%.0f}}", t->work.flops,
           t->work.bytes);
  write_line(stream, line);
}

static void write_phase(FILE *stream, const ebbi_phase *phase, int64_t trace_start, int64_t ahead) {
  char line[512];
  size_t used = begin_event(line, sizeof line, phase->name, TRACK_HOST,
                            phase->start - ahead - trace_start, phase->end - phase->start);
  snprintf(line + used, sizeof line - used, "}");
  write_line(stream, line);
}

/* Replaces bytes that JSON would escape, or that may not be UTF-8, by '?'. */
static void clean(char *text) {
  for (char *c = text; *c; c++)
    if (*c < ' ' || *c > '~' || *c == '"' || *c == '\\') *c = '?';
}

/* Everything except events: the device, what was left out, the names of the tracks. */
static void write_head(FILE *stream, const ebb_device *device) {
  const ebbi_profiling *p = device->profiling;
  ebb_device_info info = device->info;
  char line[1024];
  clean(info.name);
  clean(info.platform);
  clean(info.driver);
  snprintf(line, sizeof line,
           "{\"displayTimeUnit\":\"ms\",\"otherData\":{\"device\":\"%s\",\"platform\":\"%s\","
           "\"driver\":\"%s\",\"limit\":%zu,\"left_out\":%llu},\n\"traceEvents\":[\n",
           info.name, info.platform, info.driver, p->limit, (unsigned long long)p->left_out);
  write_line(stream, line);
  snprintf(line, sizeof line,
           "{\"ph\":\"M\",\"pid\":1,\"name\":\"process_name\",\"args\":{\"name\":\"ebb on %s\"}}",
           info.name);
  write_line(stream, line);
  static const char *const tracks[] = {[TRACK_DEVICE] = "device", [TRACK_HOST] = "host"};
  for (int i = TRACK_DEVICE; i <= TRACK_HOST; i++) {
    snprintf(line, sizeof line,
             ",\n{\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"name\":\"thread_name\",\"args\":{\"name\":"
             "\"%s\"}}",
             i, tracks[i]);
    write_line(stream, line);
  }
}

ebb_status ebb_profile_write_trace(const ebb_device *device, const char *path) {
  REQUIRE(device && path, EBB_ERR_ARGUMENT, "ebb_profile_write_trace: an argument is NULL");
  const ebbi_profiling *p = device->profiling;
  REQUIRE(p && p->limit && !device->timing, EBB_ERR_ARGUMENT,
          "ebb_profile_write_trace: there is no trace, or it has not ended");
  ebbi_writer writer;
  ebb_status status = ebbi_writer_begin(&writer, path);
  if (status == EBB_OK) {
    int64_t start = find_start(p);
    write_head(writer.stream, device);
    for (size_t i = 0; i < p->phase_count; i++)
      write_phase(writer.stream, &p->phases[i], start, p->ahead);
    for (size_t i = 0; i < p->traced_count; i++) write_command(writer.stream, &p->traced[i], start);
    write_line(writer.stream, "\n]}\n");
    status = ebbi_writer_commit(&writer);
  }
  ebbi_writer_free(&writer);
  return status;
}
