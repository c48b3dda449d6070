/// Names and sizes of the small vocabularies.
#include "pcxx/core/types.h"

#include <string>

#include "pcxx/core/errors.h"

namespace pcxx {

std::string_view to_string(DType dtype) {
  switch (dtype) {
    case DType::real: return "real";
    case DType::index: return "index";
    case DType::boolean: return "boolean";
  }
  return "?";
}

std::string_view to_string(Span span) { return span == Span::shared ? "shared" : "per_sample"; }

std::string_view to_string(Precision precision) {
  switch (precision) {
    case Precision::f32: return "f32";
    case Precision::bf16: return "bf16";
    case Precision::f64: return "f64";
  }
  return "?";
}

std::string_view to_string(ElementType type) {
  switch (type) {
    case ElementType::f32: return "f32";
    case ElementType::f64: return "f64";
    case ElementType::bf16: return "bf16";
    case ElementType::i32: return "i32";
    case ElementType::i64: return "i64";
    case ElementType::u8: return "u8";
  }
  return "?";
}

Precision precision_from(std::string_view name) {
  for (const Precision precision : {Precision::f32, Precision::bf16, Precision::f64}) {
    if (name == to_string(precision)) {
      return precision;
    }
  }
  throw NameError("[precision] unknown name '" + std::string(name) + "'; known: bf16, f32, f64");
}

std::size_t size_of(ElementType type) {
  switch (type) {
    case ElementType::f64:
    case ElementType::i64: return 8;
    case ElementType::f32:
    case ElementType::i32: return 4;
    case ElementType::bf16: return 2;
    case ElementType::u8: return 1;
  }
  return 0;
}

}  // namespace pcxx
