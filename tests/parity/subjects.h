/// The backends and precisions under test, and how each is compared with the reference.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/close.h"

namespace pcxx::test {

struct Subject {
  std::string name;
  std::shared_ptr<const Backend> backend;
  Precision precision;
};

inline void PrintTo(const Subject& subject, std::ostream* out) { *out << subject.name; }
inline std::string name_of(const testing::TestParamInfo<Subject>& info) { return info.param.name; }

/// Every backend belongs here: one line each.
inline std::vector<Subject> subjects() {
  return {
      {"reference_f32", reference_backend(), Precision::f32},
      {"cpu_f32", cpu_backend(), Precision::f32},
      {"reference_bf16", reference_backend(), Precision::bf16},
      {"cpu_bf16", cpu_backend(), Precision::bf16},
  };
}

/// Batches around the edges of tiles (64 rows), the smallest ones, and none at all.
inline const std::vector<Size> kBatches = {0, 1, 2, 3, 63, 64, 65, 130};

class Parity : public testing::TestWithParam<Subject> {
 protected:
  /// Returns how far results may be off: see close.h. Only products round to bf16.
  double allowed(Size roundings, Size inner_length = 1) const {
    const bool rounds = GetParam().precision != Precision::bf16 || products_;
    return tolerance(rounds ? GetParam().precision : Precision::f32, roundings, inner_length);
  }

  /// Compares with the reference in f64: what both approximate.
  void expect_agreement(const Workbench& bench, const std::vector<Tensor>& tensors, Size roundings,
                        Size inner_length = 1) const {
    const auto expected = evaluate(bench, tensors);
    std::vector<Numbers> actual;
    try {
      actual = evaluate(bench, tensors, *GetParam().backend, GetParam().precision);
    } catch (const std::exception& error) {
      FAIL() << error.what() << ", computing " << listing(*bench.graph(), tensors[0].id()) << " and more";
    }
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      EXPECT_TRUE(close(actual[i], expected[i], allowed(roundings, inner_length)))
          << to_string(tensors[i].span()) << " " << to_string(tensors[i].shape()) << " "
          << listing(*bench.graph(), tensors[i].id()) << ", " << bench.samples() << " samples";
    }
  }

  bool products_ = true;
};

}  // namespace pcxx::test
