/// Random draws. The operands are counters, so that the same draw in another step or run is another expression's value.
#include "tensor/rules.h"

#include "pcxx/tensor/operations.h"

namespace pcxx {
namespace {

void infer(const Graph&, Expression& e) {
  // shape and span are the caller's: a draw per sample stays per sample although its counters are shared
  e.span = e.attributes.integers[1] != 0 ? Span::per_sample : Span::shared;
}

std::vector<Tensor> none(const GradientInput& in) { return std::vector<Tensor>(in.operands.size(), Tensor(0.0)); }

const OperationRule kRules[] = {
    {Op::random_uniform, "random_uniform", -1, infer, none},
    {Op::random_normal, "random_normal", -1, infer, none},
    {Op::random_bernoulli, "random_bernoulli", -1, infer, none},
};

}  // namespace

std::span<const OperationRule> random_rules() { return kRules; }

}  // namespace pcxx
