/// The check that no node or variable is read before it has a value.
#pragma once

#include "network/model.h"
#include "program/program.h"

namespace pcxx {

/// Throws ArgumentError, naming the node, if a statement may read a node's value or a variable that no statement before it has
/// set, such as a variable of another program: loops that may not run and branches of which only one sets it do not count.
void require_values(const Model& model, const Region& body);

}  // namespace pcxx
