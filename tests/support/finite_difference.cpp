/// Central differences: every element of every variable is moved there and back.
#include "support/finite_difference.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "pcxx/tensor/gradient.h"
#include "support/close.h"

namespace pcxx::test {
namespace {

double total(Session& session) {
  session.run();
  const Numbers values = session.results()[0];
  return std::accumulate(values.begin(), values.end(), 0.0);
}

Numbers differences(Workbench& bench, Session& session, const Tensor& variable, double step) {
  Numbers result;
  for (double& x : bench.data(variable)) {
    const double before = x, up = before + step, down = before - step;
    x = up;
    const double high = total(session);
    x = down;
    const double low = total(session);
    x = before;
    result.push_back((high - low) / (up - down));
  }
  return result;
}

/// Returns a gradient in its variable's extent: one that is the same for all samples may come back shared.
Numbers spread(Numbers numbers, std::size_t size) {
  Numbers result;
  while (result.size() < size) {
    result.insert(result.end(), numbers.begin(), numbers.end());
  }
  return result;
}

}  // namespace

testing::AssertionResult gradient_matches(Workbench& bench, const Tensor& output, const std::vector<Tensor>& variables,
                                          DifferenceOptions options) {
  const std::vector<Tensor> gradients = gradient(output, variables);
  const std::vector<Numbers> analytic = evaluate(bench, gradients);
  Session session(bench, {output}, *reference_backend(), Precision::f64);
  for (std::size_t i = 0; i < variables.size(); ++i) {
    if (gradients[i].shape() != variables[i].shape()) {
      return testing::AssertionFailure() << "gradient " << i << " has shape " << to_string(gradients[i].shape())
                                         << "; expected " << to_string(variables[i].shape());
    }
    if (gradients[i].span() == Span::per_sample && variables[i].span() == Span::shared) {
      return testing::AssertionFailure() << "gradient " << i << " of a shared variable is per sample";
    }
    const Numbers expected = differences(bench, session, variables[i], options.step);
    const auto agrees = close(spread(analytic[i], expected.size()), expected, options.tolerance);
    if (!agrees) {
      return testing::AssertionFailure() << "gradient " << i << " of " << listing(*bench.graph(), output.id()) << ": "
                                         << agrees.message();
    }
  }
  return testing::AssertionSuccess();
}

Tensor weighted_total(Workbench& bench, const Tensor& x) {
  return sum(x * bench.variable(x.shape(), Span::shared, {0.5, 1.5, 0}));
}

}  // namespace pcxx::test
