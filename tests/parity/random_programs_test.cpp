/// Random programs on every backend against the reference in f64, and bit for bit with passes switched off.
#include "parity/subjects.h"
#include "support/random_program.h"

namespace pcxx::test {
namespace {

using RandomPrograms = Parity;

std::vector<Numbers> results_of(const Workbench& bench, const RandomProgram& program, const Backend& backend,
                                Precision precision, CompileOptions options = {}) {
  Session session(bench, program.body, backend, precision, options);
  std::vector<Numbers> results;
  for (int run = 0; run < 2; ++run) {  // states live on
    session.run();
    for (const SymbolId id : program.results) {
      results.push_back(session.value(id));
    }
  }
  return results;
}

constexpr Size kRoundings = 200;  // some tens of statements, each contracting

TEST_P(RandomPrograms, AgreeWithTheReference) {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Workbench bench(kBatches[seed % kBatches.size()], seed);
    const RandomProgram program = random_program(bench);
    const auto expected = results_of(bench, program, *reference_backend(), Precision::f64);
    const auto actual = results_of(bench, program, *GetParam().backend, GetParam().precision);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      ASSERT_TRUE(close(actual[i], expected[i], allowed(kRoundings, 130)))
          << "result " << i << " of seed " << seed << ", " << bench.samples() << " samples\n"
          << listing(program_over(bench, program.body));
    }
  }
}

/// A shared value that a variable per sample took may be multiplied or summed once instead of once a sample: other bits.
TEST_P(RandomPrograms, KeepTheirBitsWithoutPassesThatSkipWork) {
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    Workbench bench(kBatches[seed % kBatches.size()], seed);
    const RandomProgram program = random_program(bench, {.spreads = false});
    const auto all = results_of(bench, program, *GetParam().backend, GetParam().precision);
    for (const CompileOptions& options : {CompileOptions{.known_zeros = false}, CompileOptions{.hoist = false}}) {
      const auto less = results_of(bench, program, *GetParam().backend, GetParam().precision, options);
      for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_TRUE(close(less[i], all[i], 0)) << "result " << i << " of seed " << seed << "\n"
                                               << listing(program_over(bench, program.body));
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, RandomPrograms, testing::ValuesIn(subjects()), name_of);

}  // namespace
}  // namespace pcxx::test
