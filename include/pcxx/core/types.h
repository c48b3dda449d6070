/// The small vocabularies: what a traced number is, how it is stored, whom it belongs to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace pcxx {

using Size = std::int64_t;

/// What kind of number a traced tensor holds; how wide it is stored is the plan's choice (Precision).
enum class DType : std::uint8_t { real, index, boolean };

/// Whom a traced tensor belongs to: one for the whole batch, or one for each sample.
enum class Span : std::uint8_t { shared, per_sample };

/// How a plan computes: f32 throughout; bf16 inputs to matrix products with f32 accumulation, states
/// and master weights; or f64 throughout (reference backend only).
enum class Precision : std::uint8_t { f32, bf16, f64 };

/// How the elements of an array lie in memory.
enum class ElementType : std::uint8_t { f32, f64, bf16, i32, i64, u8 };

std::string_view to_string(DType dtype);
std::string_view to_string(Span span);
std::string_view to_string(Precision precision);
std::string_view to_string(ElementType type);

/// Returns the precision named "f32", "bf16" or "f64"; throws NameError otherwise.
Precision precision_from(std::string_view name);

/// Returns the bytes of one element.
std::size_t size_of(ElementType type);

}  // namespace pcxx
