/// pcxx: all that programs may name, in reading order; the table of contents.
#pragma once

#include "pcxx/core/errors.h"          // every exception
#include "pcxx/core/array.h"           // numbers in memory: shapes, element types
#include "pcxx/tensor/operations.h"    // traced values and what can be done with them
#include "pcxx/tensor/gradient.h"
#include "pcxx/network/network.h"      // nodes, predictions, energies, parameters, phases
#include "pcxx/network/layers.h"
#include "pcxx/network/flow.h"         // programs over a network
#include "pcxx/network/executor.h"     // programs compiled and run
#include "pcxx/network/ensemble.h"
#include "pcxx/learn/parameter_groups.h"  // optimisers, and who has which parameters
#include "pcxx/learn/rules.h"          // predictive coding, backpropagation
#include "pcxx/learn/observation.h"    // how a rule relaxes, what it teaches
#include "pcxx/data/pictures.h"        // data sets: MNIST, CIFAR, ...
#include "pcxx/data/generators.h"
#include "pcxx/data/loader.h"
#include "pcxx/io/npz.h"               // files of arrays
#include "pcxx/io/safetensors.h"
#include "pcxx/run/trainer.h"          // training, step by step
#include "pcxx/run/training.h"         // training runs: recipes, checkpoints, logs
#include "pcxx/run/replay.h"           // frozen runs of other systems
