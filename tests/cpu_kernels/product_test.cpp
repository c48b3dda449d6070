/// Products against plain loops in f64, and the promise that a row's bits owe nothing to the rows beside it.
#include "backend/cpu/product.h"

#include <gtest/gtest.h>
#include <omp.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "cpu_kernels/aligned_bytes.h"
#include "cpu_kernels/operand.h"
#include "cpu_kernels/targets.h"

namespace pcxx::cpu {
namespace {

Floats row_product(const RowProduct& product, const RowProductShape& shape, Size rows, const void* a, const AlignedBytes& packed) {
  Floats d(static_cast<std::size_t>(rows * shape.n), std::numeric_limits<float>::quiet_NaN());
  const AlignedBytes scratch(product.scratch_bytes());
  product.run(rows, a, packed.get(), d.data(), scratch.get());
  return d;
}

void pack_all(const RowProduct& product, const float* b, const AlignedBytes& packed) {
  for (Size last = product.pack_parts(); last > 0;) {
    const Size first = std::max<Size>(0, last - 3);
    product.pack(b, packed.get(), first, last);
    last = first;
  }
}

void check_rows(const RowProductShape& shape) {
  SCOPED_TRACE(testing::Message() << "k " << shape.k << " n " << shape.n << " transposed " << shape.transposed_b << " "
                                  << to_string(shape.inputs));
  constexpr Size kTile = 64, kRows = 2 * kTile + 7;
  const Operand a(random_floats(kRows * shape.k, 1), shape.inputs);
  const Floats plain_b = random_floats(shape.k * shape.n, 2);
  const Operand b(plain_b, shape.inputs);
  const RowProduct product(shape, kTile);
  const AlignedBytes packed(product.packed_bytes());
  pack_all(product, plain_b.data(), packed);
  const Floats d = row_product(product, shape, kRows, a.at(0), packed);
  for (Size i = 0; i < kRows; ++i) {
    for (Size j = 0; j < shape.n; ++j) {
      double sum = 0;
      for (Size p = 0; p < shape.k; ++p) {
        const Size at = shape.transposed_b ? j * shape.k + p : p * shape.n + j;
        sum += static_cast<double>(a.values[static_cast<std::size_t>(i * shape.k + p)]) * b.values[static_cast<std::size_t>(at)];
      }
      ASSERT_NEAR(d[static_cast<std::size_t>(i * shape.n + j)], sum, tolerance(shape.k)) << "row " << i << " column " << j;
    }
  }
  for (const Size rows : {1, 2, 3, 5, 12, 13, 31, 63, 64, 65, 70}) {  // at any place in any call: the same bits
    const Size from = kRows - rows;
    const Floats part = row_product(product, shape, rows, a.at(from * shape.k), packed);
    ASSERT_TRUE(std::equal(part.begin(), part.end(), d.begin() + from * shape.n)) << rows << " rows";
  }
}

TEST(RowProduct, AgreesWithPlainLoopsAndNotWithTheNumberOfRows) {
  for_every_target([] {
    for (const auto type : {ElementType::f32, ElementType::bf16}) {
      for (const bool transposed : {false, true}) {
        for (const auto& [k, n] : std::vector<std::pair<Size, Size>>{
                 {1, 1}, {2, 32}, {32, 2}, {5, 17}, {17, 33}, {128, 10}, {10, 128}, {64, 64}, {300, 47}, {784, 100}, {512, 130}}) {
          check_rows({n, k, transposed, type});
        }
      }
    }
  });
}

TEST(RowProduct, TakesNoRowsAndNoDepth) {
  const RowProductShape shape{3, 0, false, ElementType::f32};
  const RowProduct product(shape, 64);
  const AlignedBytes packed(product.packed_bytes());
  pack_all(product, nullptr, packed);
  EXPECT_EQ(row_product(product, shape, 2, nullptr, packed), Floats(6, 0.0F));
  const RowProductShape other{3, 4, false, ElementType::f32};
  const RowProduct some(other, 64);
  const AlignedBytes some_packed(some.packed_bytes());
  const Floats b(12, 1.0F);
  pack_all(some, b.data(), some_packed);
  EXPECT_EQ(row_product(some, other, 0, nullptr, some_packed), Floats());
}

TEST(RowProduct, ManyThreadsShareOneObjectAndTheirNumberChangesNothing) {
  constexpr Size kRows = 64, kCalls = 12;
  for (const auto type : {ElementType::f32, ElementType::bf16}) {
    const RowProductShape shape{100, 300, false, type};
    const Operand a(random_floats(kCalls * kRows * shape.k, 1), type);
    const Floats b = random_floats(shape.k * shape.n, 2);
    const RowProduct product(shape, kRows);
    const AlignedBytes packed(product.packed_bytes());
    pack_all(product, b.data(), packed);
    const int before = omp_get_max_threads();
    const Floats alone = row_product(product, shape, kCalls * kRows, a.at(0), packed);
    EXPECT_EQ(omp_get_max_threads(), before);
    Floats together(alone.size());
#pragma omp parallel for num_threads(4)
    for (Size call = 0; call < kCalls; ++call) {
      const Floats part = row_product(product, shape, kRows, a.at(call * kRows * shape.k), packed);
      std::copy(part.begin(), part.end(), together.begin() + call * kRows * shape.n);
    }
    EXPECT_EQ(together, alone);
  }
}

/// In goes of so many parts, the last ones first.
Floats sample_product(const SampleProduct& product, const SampleProductShape& shape, Size samples, const void* a, const void* b, Size each) {
  Floats d(static_cast<std::size_t>(shape.m * shape.n), std::numeric_limits<float>::quiet_NaN());
  const AlignedBytes scratch(product.scratch_bytes(samples));
  for (Size last = product.parts(); last > 0;) {
    const Size first = std::max<Size>(0, last - each);
    product.run(samples, a, b, d.data(), first, last, scratch.get());
    last = first;
  }
  return d;
}

void check_samples(const SampleProductShape& shape, Size samples) {
  SCOPED_TRACE(testing::Message() << "m " << shape.m << " n " << shape.n << " samples " << samples << " " << to_string(shape.inputs));
  const Operand a(random_floats(samples * shape.m, 3), shape.inputs);
  const Operand b(random_floats(samples * shape.n, 4), shape.inputs);
  const SampleProduct product(shape);
  const Floats d = sample_product(product, shape, samples, a.at(0), b.at(0), product.parts());
  for (const Size each : {1, 2, 5}) {
    ASSERT_EQ(sample_product(product, shape, samples, a.at(0), b.at(0), each), d) << each << " parts in one go";
  }
  for (Size i = 0; i < shape.m; ++i) {
    for (Size j = 0; j < shape.n; ++j) {
      double sum = 0;
      for (Size p = 0; p < samples; ++p) {
        sum += static_cast<double>(a.values[static_cast<std::size_t>(p * shape.m + i)]) *
               b.values[static_cast<std::size_t>(p * shape.n + j)];
      }
      ASSERT_NEAR(d[static_cast<std::size_t>(i * shape.n + j)], sum, tolerance(samples)) << "row " << i << " column " << j;
    }
  }
}

TEST(SampleProduct, AgreesWithPlainLoops) {
  for_every_target([] {
    for (const auto type : {ElementType::f32, ElementType::bf16}) {
      for (const Size samples : {0, 1, 2, 32, 257, 600}) {
        for (const auto& [m, n] : std::vector<std::pair<Size, Size>>{{1, 1}, {2, 32}, {32, 2}, {13, 33}, {128, 10}, {10, 128}, {200, 70}, {300, 260}}) {
          check_samples({m, n, type}, samples);
        }
      }
    }
  });
}

TEST(PlainProduct, AgreesWithPlainLoopsInEveryTransposition) {
  const Size m = 5, n = 7, k = 9;
  const Floats a = random_floats(m * k, 5), b = random_floats(k * n, 6);
  for (const bool ta : {false, true}) {
    for (const bool tb : {false, true}) {
      Floats d(static_cast<std::size_t>(m * n), 1e9F);
      plain_product(ta, tb, m, n, k, a.data(), b.data(), d.data());
      for (Size i = 0; i < m; ++i) {
        for (Size j = 0; j < n; ++j) {
          double sum = 0;
          for (Size p = 0; p < k; ++p) {
            sum += static_cast<double>(a[static_cast<std::size_t>(ta ? p * m + i : i * k + p)]) *
                   b[static_cast<std::size_t>(tb ? j * k + p : p * n + j)];
          }
          EXPECT_NEAR(d[static_cast<std::size_t>(i * n + j)], sum, tolerance(k));
        }
      }
    }
  }
}

TEST(ToBf16, RoundsToNearestEvenAndKeepsNanAndInfinity) {
  for_every_target([] {
    const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
    // 1 + 2^-8 lies between 1 and 1 + 2^-7: to even is down; 1 + 3 * 2^-8 goes up; the largest f32 overflows.
    const Floats from{0.0F,      -0.0F, 1.0F, 1.0F + 0x1p-8F, 1.0F + 3 * 0x1p-8F, 1.0F + 0x1p-8F + 0x1p-20F, inf, -inf,
                      nan, std::bit_cast<float>(0x7f800001U), std::numeric_limits<float>::max(), 0x1p-149F, -3.5F};
    const Floats to{0.0F, -0.0F, 1.0F, 1.0F, 1.0F + 0x1p-6F, 1.0F + 0x1p-7F, inf, -inf, nan, nan, inf, 0.0F, -3.5F};
    for (std::size_t repeats = 1; repeats <= 3; ++repeats) {  // so that each value meets whole vectors and tails
      Floats many;
      for (std::size_t r = 0; r < repeats; ++r) {
        many.insert(many.end(), from.begin(), from.end());
      }
      std::vector<std::uint16_t> halves(many.size() + 1, 0x1234U);
      to_bf16(many.data(), halves.data(), static_cast<Size>(many.size()));
      EXPECT_EQ(halves.back(), 0x1234U);
      for (std::size_t i = 0; i < many.size(); ++i) {
        const float got = from_bf16(halves[i]), expected = to[i % to.size()];
        EXPECT_TRUE(std::isnan(expected) ? std::isnan(got) : std::bit_cast<std::uint32_t>(got) == std::bit_cast<std::uint32_t>(expected))
            << many[i] << " became " << got;
      }
    }
  });
}

}  // namespace
}  // namespace pcxx::cpu
