/// Inspection: what a recipe is made of and what it costs, before anything is trained.
#pragma once

#include <string>
#include <vector>

#include "pcxx/core/shape.h"
#include "pcxx/run/recipe.h"

namespace pcxx {

struct InspectedNode {
  std::string name;
  Shape shape;
  bool given = false;  // comes as data
  bool predicted = false;
  std::string prediction;  // as the recipe says it: "gelu of 784"
  std::string energy;
};

struct InspectedParameter {
  std::string name;
  Shape shape;
  Size count = 0;
};

struct Inspection {
  std::vector<InspectedNode> nodes;
  std::vector<InspectedParameter> parameters;
  Size parameter_count = 0;
  Size batch = 0;
  std::string plan;        // Executor::explain()
  std::string program;     // before any pass
  double flops = 0;        // of a training step on a full batch
  Size working_bytes = 0;  // what the plan holds for a full batch
  Size state_bytes = 0;    // parameters and optimiser states
  double compile_seconds = 0;
};

/// Builds and compiles what a recipe describes. No data is read.
Inspection inspect(const Recipe& recipe);

}  // namespace pcxx
