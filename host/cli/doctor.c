/* `ebb doctor`: what prevents training on this machine, and what to do about it.
 */
#include "commands.h"
#include "output.h"

static void print_finding(const ebb_finding *finding, void *user) {
  (void)user;
  if (finding->ok)
    say("ok   %s", finding->what);
  else
    say_bad("bad", "  %s", finding->what);
  if (!finding->ok && finding->advice[0]) say("     %s", finding->advice);
}

static void add_finding(const ebb_finding *finding, void *user) {
  json_array_append_new(user,
                        json_pack("{s:b, s:o, s:o}", "ok", (int)finding->ok, "what",
                                  json_text(finding->what), "advice", json_text(finding->advice)));
}

int doctor_run(const settings *s) {
  bool healthy = false;
  json_t *findings = json_array();
  ebb_status status = ebb_doctor(&healthy, s->json ? add_finding : print_finding, findings);
  int code = fail_status(status);
  if (code != EXIT_GOOD) {
    json_decref(findings);
    return code;
  }
  if (s->json) {
    code = print_json(json_pack("{s:b, s:o}", "healthy", (int)healthy, "findings", findings));
  } else {
    json_decref(findings);
    puts(healthy ? "healthy: training can work on this machine"
                 : "not healthy: training cannot work until the findings marked bad are fixed");
  }
  return code != EXIT_GOOD || healthy ? code : EXIT_NO_DEVICE;
}
