/// Lowering: one assignment becomes kernel calls over variables.
#pragma once

#include "program/program.h"

namespace pcxx {

/// Returns the calls that do what the assignment says, in an order in which each finds its inputs; results are written in
/// place where no other call still needs the old value.
Region lowered(Program& program, const Assign& assign);

}  // namespace pcxx
