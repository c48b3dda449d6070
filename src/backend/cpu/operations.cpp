/// Prepared calls of operations that move elements, reduce inner axes or draw random numbers: one sample at a time.
#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <stdexcept>

#include "backend/cpu/call.h"
#include "backend/cpu/operation_body.h"
#include "pcxx/core/errors.h"
#include "program/random_draw.h"
#include "tensor/windows.h"

namespace pcxx::cpu {
namespace {

std::vector<Size> strides_of(const Shape& shape) {
  std::vector<Size> strides(shape.extents().size(), 1);
  for (std::size_t i = strides.size(); i-- > 1;) {
    strides[i - 1] = strides[i] * shape.extents()[i];
  }
  return strides;
}

/// Calls visit(offset) for every element of a shape in row-major order; offset follows the given strides.
template <class Visit>
void walk(const std::vector<Size>& extents, const std::vector<Size>& strides, const Visit& visit, Size offset = 0, std::size_t axis = 0) {
  if (axis == extents.size()) {
    visit(offset);
    return;
  }
  for (Size i = 0; i < extents[axis]; ++i) {
    walk(extents, strides, visit, offset + i * strides[axis], axis + 1);
  }
}

/// Reads the operand through strides: transposition and broadcast.
Body strided(const Shape& out, std::vector<Size> strides, Size first = 0) {
  return [extents = out.extents(), strides = std::move(strides), first](const Inputs& in, float* to) {
    walk(extents, strides, [&](Size offset) { *to++ = in[0][first + offset]; });
  };
}

Body transposed(const Expression& e, const Shape& from) {
  const auto own = strides_of(from);
  std::vector<Size> strides;
  for (const Size axis : e.attributes.integers) {
    strides.push_back(own[static_cast<std::size_t>(axis)]);
  }
  return strided(e.shape, strides);
}

Body broadcast_to(const Expression& e, const Shape& from) {
  std::vector<Size> strides(e.shape.extents().size(), 0);
  const auto own = strides_of(from);
  const std::size_t added = strides.size() - own.size();
  for (std::size_t i = 0; i < own.size(); ++i) {
    strides[added + i] = from.extents()[i] == 1 ? 0 : own[i];
  }
  return strided(e.shape, strides);
}

Body sliced(const Expression& e, const Shape& from) {
  const auto strides = strides_of(from);
  const Size first = std::inner_product(strides.begin(), strides.end(), e.attributes.integers.begin(), Size{0});
  return strided(e.shape, strides, first);
}

Body padded(const Expression& e, const Shape& from) {
  const auto strides = strides_of(e.shape);
  const Size first = std::inner_product(strides.begin(), strides.end(), e.attributes.integers.begin(), Size{0});
  return [extents = from.extents(), strides, first, count = e.shape.elements()](const Inputs& in, float* to) {
    std::fill_n(to, count, 0.0F);
    const float* next = in[0];
    walk(extents, strides, [&](Size offset) { to[first + offset] = *next++; });
  };
}

Body concatenated(const Expression& e, const std::vector<Shape>& from) {
  const auto axis = static_cast<std::size_t>(e.attributes.integers[0]);
  const auto& all = e.shape.extents();
  const Size outer = std::accumulate(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(axis), Size{1}, std::multiplies<>());
  std::vector<Size> pieces;  // elements of each operand for one outer index
  for (const Shape& shape : from) {
    pieces.push_back(outer == 0 ? 0 : shape.elements() / outer);
  }
  return [outer, pieces](const Inputs& in, float* to) {
    for (Size i = 0; i < outer; ++i) {
      for (std::size_t j = 0; j < pieces.size(); ++j) {
        to = std::copy_n(in[j] + i * pieces[j], pieces[j], to);
      }
    }
  };
}

Size checked_index(float value, Size count, const char* who) {
  const auto index = static_cast<Size>(value);
  if (!(value >= 0) || index >= count) {
    throw std::out_of_range("[" + std::string(who) + "] index " + std::to_string(index) + " in a table of " + std::to_string(count) + " rows");
  }
  return index;
}

// [gather]
Body gathered(const Shape& table, const Shape& index) {
  const Size rows = table[0], width = rows == 0 ? 0 : table.elements() / rows;
  return [rows, width, count = index.elements()](const Inputs& in, float* to) {
    for (Size i = 0; i < count; ++i) {
      to = std::copy_n(in[0] + checked_index(in[1][i], rows, "gather") * width, width, to);
    }
  };
}
// [/gather]

Body scattered(const Expression& e, const Shape& index) {
  const Size rows = e.attributes.integers[0], width = rows == 0 ? 0 : e.shape.elements() / rows;
  return [rows, width, count = index.elements()](const Inputs& in, float* to) {
    std::fill_n(to, rows * width, 0.0F);
    for (Size i = 0; i < count; ++i) {
      float* row = to + checked_index(in[0][i], rows, "scatter_add") * width;
      std::transform(row, row + width, in[1] + i * width, row, std::plus<>());
    }
  };
}

Body row_of(const Shape& sequence) {
  const Size rows = sequence[0], width = rows == 0 ? 0 : sequence.elements() / rows;
  return [=](const Inputs& in, float* to) { std::copy_n(in[0] + checked_index(*in[1], rows, "row") * width, width, to); };
}

Body with_row(const Shape& sequence) {
  const Size rows = sequence[0], width = rows == 0 ? 0 : sequence.elements() / rows;
  return [=](const Inputs& in, float* to) {
    const Size place = checked_index(*in[1], rows, "set_row");
    std::copy_n(in[0], rows * width, to);
    std::copy_n(in[2], width, to + place * width);
  };
}

Body one_hot_of(const Expression& e, const Shape& index) {
  return [depth = e.attributes.integers[0], count = index.elements()](const Inputs& in, float* to) {
    std::fill_n(to, count * depth, 0.0F);
    for (Size i = 0; i < count; ++i) {
      to[i * depth + checked_index(in[0][i], depth, "one_hot")] = 1;
    }
  };
}

/// Reductions over any axes: the kept axes outside, the dropped ones inside, in row-major order.
Body reduced(const Expression& e, const Shape& from) {
  const auto strides = strides_of(from);
  std::vector<Size> kept, kept_strides, dropped, dropped_strides;
  for (std::size_t i = 0; i < strides.size(); ++i) {
    const auto& axes = e.attributes.integers;
    const bool drops = std::find(axes.begin(), axes.end(), static_cast<Size>(i)) != axes.end();
    (drops ? dropped : kept).push_back(from.extents()[i]);
    (drops ? dropped_strides : kept_strides).push_back(strides[i]);
  }
  return [=, op = e.op](const Inputs& in, float* to) {
    walk(kept, kept_strides, [&](Size start) {
      float most = -std::numeric_limits<float>::infinity(), total = 0;
      if (op != Op::sum) {
        walk(dropped, dropped_strides, [&](Size offset) { most = std::max(most, in[0][start + offset]); });
      }
      if (op != Op::max) {
        const float shift = op == Op::logsumexp && std::isfinite(most) ? most : 0;
        walk(dropped, dropped_strides, [&](Size offset) {
          const float x = in[0][start + offset];
          total += op == Op::sum ? x : std::exp(x - shift);
        });
        total = op == Op::sum ? total : shift + std::log(total);
      }
      *to++ = op == Op::max ? most : total;
    });
  };
}

/// Numbers of elements around the axis of a table: those outside it, and those inside.
struct TakenAxis {
  TakenAxis(const Expression& e, const Shape& whole)
      : table(e.attributes.integers.begin() + 1, e.attributes.integers.end()), extent(whole[e.attributes.integers[0]]) {
    const auto axis = static_cast<std::ptrdiff_t>(e.attributes.integers[0]);
    outer = Shape(std::vector<Size>(whole.begin(), whole.begin() + axis)).elements();
    inner = Shape(std::vector<Size>(whole.begin() + axis + 1, whole.end())).elements();
  }
  std::vector<Size> table;
  Size extent, outer = 1, inner = 1;
};

Body taken(const Expression& e, const Shape& from) {
  return [axis = TakenAxis(e, from)](const Inputs& in, float* to) {
    for (Size i = 0; i < axis.outer; ++i) {
      for (const Size index : axis.table) {
        to = std::copy_n(in[0] + (i * axis.extent + index) * axis.inner, axis.inner, to);
      }
    }
  };
}

Body taken_back(const Expression& e) {
  return [axis = TakenAxis(e, e.shape)](const Inputs& in, float* to) {
    std::fill_n(to, axis.outer * axis.extent * axis.inner, 0.0F);
    const float* next = in[0];
    for (Size i = 0; i < axis.outer; ++i) {
      for (const Size index : axis.table) {
        float* row = to + (i * axis.extent + index) * axis.inner;
        std::transform(row, row + axis.inner, next, row, std::plus<>());
        next += axis.inner;
      }
    }
  };
}

Body body_of(const Expression& e, const std::vector<Shape>& from) {
  if (Body body = window_body(e, from)) {
    return body;
  }
  switch (e.op) {
    case Op::transpose: return transposed(e, from[0]);
    case Op::broadcast: return broadcast_to(e, from[0]);
    case Op::slice: return sliced(e, from[0]);
    case Op::pad: return padded(e, from[0]);
    case Op::concat: return concatenated(e, from);
    case Op::gather: return gathered(from[0], from[1]);
    case Op::scatter_add: return scattered(e, from[0]);
    case Op::row: return row_of(from[0]);
    case Op::set_row: return with_row(from[0]);
    case Op::one_hot: return one_hot_of(e, from[0]);
    case Op::take: return taken(e, from[0]);
    case Op::take_add: return taken_back(e);
    case Op::sum:
    case Op::max:
    case Op::logsumexp: return reduced(e, from[0]);
    default: throw DeviceError("[cpu] lacks a kernel for the operation '" + std::string(to_string(e.op)) + "'");
  }
}

class OperationCall : public PreparedCall {
 public:
  OperationCall(const Program& program, const Call& call, const CallBuilder& builder) : to_(builder.operand(call.outputs[0])) {
    const Expression& e = (*program.graph)[std::get<OperationKernel>(call.kernel).expression];
    std::vector<Shape> shapes;
    for (std::size_t i = 0; i < call.inputs.size(); ++i) {
      const Symbol& symbol = program.graph->symbol(call.inputs[i]);
      shapes.push_back((*program.graph)[e.operands[i]].shape);
      from_.push_back(builder.operand(call.inputs[i]));
      steps_.push_back(symbol.span == Span::per_sample ? symbol.shape.elements() : 0);
    }
    elements_ = e.shape.elements();
    by_rows_ = program.graph->symbol(call.outputs[0]).span == Span::per_sample;
    flops_ = is_convolution(e.op) ? 2 * static_cast<double>(multiply_adds(*program.graph, e)) : 0;
    body_ = body_of(e, shapes);
  }

  void run(const Frame& frame, Size, Size) const override {
    Inputs in;
    for (const Operand& operand : from_) {
      in.push_back(frame.at<const float>(operand));
    }
    auto* out = frame.at<float>(to_);
    for (Size i = 0; i < (by_rows_ ? frame.rows : 1); ++i) {
      body_(in, out);
      out += elements_;
      for (std::size_t j = 0; j < in.size(); ++j) {
        in[j] += steps_[j];
      }
    }
  }
  double flops(Size samples) const override { return flops_ * static_cast<double>(by_rows_ ? samples : 1); }
  double cost(Size samples) const override {
    return kOperation * flops(samples) + kElement * static_cast<double>(elements_ * (by_rows_ ? samples : 1));
  }

 private:
  static constexpr double kElement = 100;  // about what an element costs, and
  static constexpr double kOperation = 8;  // an operation of a convolution, in operations of a product
  std::vector<Operand> from_;
  std::vector<Size> steps_;
  Operand to_;
  Size elements_ = 0;
  double flops_ = 0;
  bool by_rows_ = false;
  Body body_;
};

class RandomCall : public PreparedCall {
 public:
  RandomCall(const Program& program, const Call& call, const CallBuilder& builder)
      : expression_((*program.graph)[std::get<OperationKernel>(call.kernel).expression]), to_(builder.operand(call.outputs[0])) {
    for (const SymbolId symbol : call.inputs) {
      counters_.push_back(builder.operand(symbol));
    }
  }

  void run(const Frame& frame, Size, Size) const override {
    std::vector<double> counters;
    for (const Operand& counter : counters_) {
      counters.push_back(*frame.at<const float>(counter));
    }
    const DrawKey key = draw_key(frame.seed, expression_, counters);
    const Size elements = expression_.shape.elements();
    auto* to = frame.at<float>(to_);
    for (Size row = 0; row < (expression_.span == Span::per_sample ? frame.rows : 1); ++row) {
      for (Size i = 0; i < elements; ++i) {
        *to++ = static_cast<float>(draw(expression_, key, frame.row + row, i));
      }
    }
  }
  double flops(Size) const override { return 0; }
  double cost(Size samples) const override {
    constexpr double kDraw = 2000;  // about what a number costs, in operations of a product
    return kDraw * static_cast<double>(expression_.shape.elements() * (expression_.span == Span::per_sample ? samples : 1));
  }

 private:
  Expression expression_;
  std::vector<Operand> counters_;
  Operand to_;
};

}  // namespace

std::unique_ptr<const PreparedCall> prepare_operation(const Program& program, const Call& call, CallBuilder& builder) {
  const Op op = (*program.graph)[std::get<OperationKernel>(call.kernel).expression].op;
  if (op == Op::random_normal || op == Op::random_uniform || op == Op::random_bernoulli) {
    return std::make_unique<RandomCall>(program, call, builder);
  }
  return std::make_unique<OperationCall>(program, call, builder);
}

}  // namespace pcxx::cpu
