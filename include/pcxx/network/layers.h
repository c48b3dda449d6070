/// Layers: functions that make parameters and return an expression over them; the table of contents.
///
/// Shapes are those of one sample, channels first: (channels, d1, ..., dn). A layer's parameters are called name.weight,
/// name.bias and so on, with the name of its options, or else with that of the node (or energy term) that it predicts.
#pragma once

#include "pcxx/network/attention.h"
#include "pcxx/network/convolution.h"
#include "pcxx/network/dropout.h"
#include "pcxx/network/embedding.h"
#include "pcxx/network/linear.h"
#include "pcxx/network/mode.h"           // what differs between training and evaluation
#include "pcxx/network/normalisation.h"
#include "pcxx/network/pooling.h"
#include "pcxx/network/sequential.h"     // layers put together
