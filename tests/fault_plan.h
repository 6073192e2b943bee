/* Configures the fault layer by environment variables, and counts.
 *
 *   FAULT_API      name of the call, such as clCreateBuffer
 *   FAULT_N        number of the call, from 1 (default 1); FAULT_STICKY: all later calls too
 *   FAULT_INFO     counts only queries of this parameter, a number (only clGet…Info)
 *   FAULT_MODE     error    fails with FAULT_CODE (default -5) and does nothing (the default)
 *                  lie      reports success and does nothing
 *                  hang     takes FAULT_SECONDS (default 3600) longer
 *                  stall    the command begins FAULT_SECONDS later, and so do all later ones
 *                  corrupt  a read or write transfers a wrong byte: byte FAULT_BYTE, or one in the
 *                           middle, xor FAULT_XOR (default 0x40)
 *   FAULT_LOG      a file for the report: faults, objects live and made, calls by name
 *   SPOOF_GLOBAL, SPOOF_ALLOC, SPOOF_LOCAL, SPOOF_GROUP, SPOOF_UNITS, SPOOF_WIDTH, SPOOF_TYPE,
 *   SPOOF_ALIGN    false answers to queries of devices
 */
#ifndef EBB_FAULT_PLAN_H
#define EBB_FAULT_PLAN_H

#include "device/cl.h"
#include "fault_layer_calls.h"

#define CALL_NUMBER(name, ...) CALL_##name,
enum { EACH_CALL(CALL_NUMBER) CALLS };

/* Kinds of objects. */
enum { CONTEXT, QUEUE, MEMORY, PROGRAM, KERNEL, EVENT, BUFFER, KINDS };

typedef enum verdict { GOOD, ERROR, LIE, HANG, STALL, CORRUPT } verdict;

/* Reads the variables, and writes the report when the process exits. */
void plan_begin(void);

/* For tests: takes the variables from a text, as in "FAULT_API=clFinish FAULT_N=2", instead of the
 * environment, and restarts the counters. */
void fault_layer_restart(const char *variables);

/* Counts a call and returns its verdict, after a hang if it is one. `counts`: FAULT_INFO selects
 * it. */
verdict judge(int call, bool counts);
bool is_wanted_info(cl_uint what);
cl_int planned_error(void);
void sleep_as_planned(void);

/* Corrupts a byte, in place or in a copy that the caller frees. */
void flip(void *bytes, size_t size);
void *flipped_copy(const void *bytes, size_t size);

/* Replaces a size reported by the device by a made-up one. */
void spoof(cl_uint what, void *value);

/* Objects: made (NULL: not), retained, released. */
void note_made(int kind, const void *object);
void note_held(int kind, long more);

#endif
