/// Observation: rules that do what another rule does and also say how it relaxed and what it taught.
#pragma once

#include "pcxx/learn/rules.h"

namespace pcxx {

/// Returns a rule that moves values and weights as `rule` does, to the bit, and also outputs, for each loop of its program that
/// is in no other (the relaxation), at each state from before the first turn to after the last, means over the batch:
///
///     loop1/energy/<node>    of each node and further term, (turns + 1)
///     loop1/gradient/<node>  the norm of d energy / d h of each node that is free there: 0 where relaxation has settled
///     loop1/states           turns + 1
///
/// and loop2/... for a second loop. A loop that ends by a condition has zeros behind its last state. Rules without a loop
/// (backpropagation, Z-IL) have no such outputs.
LearningRule with_relaxation(const LearningRule& rule);

/// Returns a rule that moves values and weights as `rule` does and compares what it teaches with backpropagation of the energies
/// of the given nodes, at the parameters before the batch. Outputs, for each parameter, the norms of gradients and the cosines
/// of the angles between them (0 where a gradient is zero):
///
///     backpropagation/<parameter>  the norm of backpropagation's gradient
///     taught/<parameter>           the norm of the sum of the gradients that the rule's optimisers were given
///     cosine/<parameter>           between these two
///     loop1/norm/<parameter>       of d energy / d parameter, the mean over the batch, at each state of the rule's first loop
///     loop1/cosine/<parameter>     between that and backpropagation's
///
/// The last two are what weights would be taught if relaxation ended there. Throws ArgumentError when it is compiled if no given
/// node has an energy.
LearningRule with_weight_gradients(const LearningRule& rule);

}  // namespace pcxx
