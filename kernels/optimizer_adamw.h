/* AdamW has Adam's text: its constants take the weight decay off p. */
#include "optimizer_adam.h"
