/* The network that a text means for an encoder: behind the embeddings that the encoder's codes
 * need.
 */
#include "base/error.h"
#include "nn/spec.h"

#include <ebb/model.h>

ebb_status ebb_model_spec(ebb_spec *spec, const char *text, const ebb_encoder *encoder,
                          ebb_loss loss) {
  ebb_spec front;
  TRY(ebb_spec_begin(&front, ebb_encoder_inputs(encoder)));
  for (size_t i = 0; i < ebb_encoder_embeddings(encoder); i++) {
    ebb_embedding e = ebb_encoder_embedding(encoder, i);
    TRY(ebb_spec_add_embedding(&front, e.columns, e.categories, e.units));
  }
  ebb_periodic p = ebb_encoder_periodic(encoder);
  if (p.columns > 0) TRY(ebb_spec_add_periodic(&front, p.columns, p.frequencies, p.units));
  return ebbi_spec_parse_behind(spec, text, &front, ebb_model_outputs(encoder, loss));
}
