/// Runs the plan of an elementwise kernel: block after block of rows through all instructions.
#include "backend/cpu/elementwise.h"

#include <algorithm>
#include <cstring>

#include "backend/cpu/elementwise_plan.h"

namespace pcxx::cpu {

namespace {

/// A place in the caller's memory and how far it moves with the rows and columns of the blocks.
struct Moving {
  std::size_t place;
  Size by_row, by_column;
};

}  // namespace

struct ElementwiseKernel::Implementation {
  ElementwisePlan plan;
  Size unflattened_columns;
  std::vector<Moving> moving;
  Size pointer_floats;  // at the start of scratch: where places are now and where they began

  explicit Implementation(const FusedKernel& kernel) : plan(make_plan(kernel)), unflattened_columns(kernel.columns) {
    for (std::size_t i = 0; i < plan.places.size(); ++i) {
      const Place& place = plan.places[i];
      const bool outside = place.kind == Place::Kind::input || place.kind == Place::Kind::output;
      if (place.domain == Domain::full && outside) {
        moving.push_back({i, plan.columns, 1});
      } else if (place.domain == Domain::row && outside) {
        moving.push_back({i, 1, 0});
      } else if (place.domain == Domain::column && plan.block_columns < plan.columns) {
        moving.push_back({i, 0, 1});
      }
    }
    const std::size_t bytes = 2 * plan.places.size() * sizeof(float*);
    pointer_floats = static_cast<Size>((bytes + 63) / 64 * 64 / sizeof(float));
  }

  void find_places(std::span<const float* const> inputs, std::span<float* const> outputs, float* scratch, float** at) const {
    for (std::size_t i = 0; i < plan.places.size(); ++i) {
      const Place& place = plan.places[i];
      switch (place.kind) {
        case Place::Kind::input: at[i] = const_cast<float*>(inputs[place.index]); break;
        case Place::Kind::output: at[i] = outputs[place.index]; break;
        case Place::Kind::constant: at[i] = const_cast<float*>(plan.constants.data() + place.index); break;
        case Place::Kind::scratch: at[i] = scratch + place.offset; break;
      }
    }
  }

  static void run_all(const std::vector<PlannedInstruction>& instructions, float* const* at, Size rows, Size columns,
                      Size all_columns) {
    const Extent extents[] = {{1, 1, 1},
                              {all_columns, 1, all_columns},
                              {rows, 1, rows},
                              {rows * columns, rows, columns},
                              {rows * columns, 1, rows * columns}};
    for (const PlannedInstruction& each : instructions) {
      each.instruction.run(each.instruction, at, extents[static_cast<std::size_t>(each.reach)]);
    }
  }

  void run(Size rows, std::span<const float* const> inputs, std::span<float* const> outputs, std::byte* memory) const {
    if (plan.flat) {
      rows *= unflattened_columns;
    }
    float** at = reinterpret_cast<float**>(memory);
    float** start = at + plan.places.size();
    float* scratch = reinterpret_cast<float*>(memory) + pointer_floats;
    find_places(inputs, outputs, scratch, at);
    for (std::size_t i = 0; i < moving.size(); ++i) {
      start[i] = at[moving[i].place];
    }
    run_all(plan.once, at, std::min(rows, plan.block_rows), plan.block_columns, plan.columns);
    for (const std::size_t place : plan.sums) {
      std::fill_n(at[place], plan.columns, 0.0F);
    }
    for (Size row = 0; row < rows; row += plan.block_rows) {
      const Size block_rows = std::min(plan.block_rows, rows - row);
      for (Size column = 0; column < plan.columns; column += plan.block_columns) {
        const Size block_columns = std::min(plan.block_columns, plan.columns - column);
        for (std::size_t i = 0; i < moving.size(); ++i) {
          at[moving[i].place] = start[i] + row * moving[i].by_row + column * moving[i].by_column;
        }
        put_aside(at, scratch, block_rows, block_columns);
        run_all(plan.body, at, block_rows, block_columns, plan.columns);
      }
    }
  }

  /// Copies the inputs that an output in the same memory would overwrite before they have been read.
  void put_aside(float** at, float* scratch, Size rows, Size columns) const {
    for (const Hazard& hazard : plan.hazards) {
      if (at[hazard.input] == at[hazard.output]) {
        const bool full = plan.places[hazard.input].domain == Domain::full;
        std::copy_n(at[hazard.input], full ? rows * columns : rows, scratch + hazard.offset);
        at[hazard.input] = scratch + hazard.offset;
      }
    }
  }
};

ElementwiseKernel::ElementwiseKernel(const FusedKernel& kernel) : implementation_(std::make_unique<Implementation>(kernel)) {}
ElementwiseKernel::~ElementwiseKernel() = default;
ElementwiseKernel::ElementwiseKernel(ElementwiseKernel&&) noexcept = default;
ElementwiseKernel& ElementwiseKernel::operator=(ElementwiseKernel&&) noexcept = default;

std::size_t ElementwiseKernel::scratch_bytes() const {
  return static_cast<std::size_t>(implementation_->pointer_floats + implementation_->plan.scratch_floats) * sizeof(float);
}

void ElementwiseKernel::run(Size rows, std::span<const float* const> inputs, std::span<float* const> outputs,
                            std::byte* scratch) const {
  implementation_->run(rows, inputs, outputs, scratch);
}

std::string ElementwiseKernel::listing() const { return cpu::listing(implementation_->plan); }

Size ElementwiseKernel::instructions() const { return static_cast<Size>(implementation_->plan.body.size()); }

}  // namespace pcxx::cpu
