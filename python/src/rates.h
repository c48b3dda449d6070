/// Rates as functions of the module take them.
#pragma once

#include <variant>

#include "bindings.h"

namespace pcxx::python {

/// A rate: a number, a schedule, or a function of the number of updates made before.
using RateFunction = nb::typed<nb::callable, Operand(Tensor)>;
using Rate = std::variant<double, Schedule, RateFunction>;

Schedule schedule_of(const Rate& rate);

}  // namespace pcxx::python
