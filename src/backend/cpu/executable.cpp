/// CpuExecutable: preparing the plan's calls and places, and telling about them.
#include "backend/cpu/executable.h"

#include <fmt/format.h>
#include <omp.h>

#include <algorithm>
#include <cstring>
#include <new>

#include "pcxx/core/errors.h"
#include "program/outline.h"
#include "program/passes/passes.h"

namespace pcxx::cpu {
namespace {

constexpr std::align_val_t kAlignment{64};

/// Returns pictures (samples, ..., channels) as (samples, channels, ...).
Array channels_first(const Array& pictures) {
  std::vector<Size> extents = pictures.shape().extents();
  const Size samples = extents.front(), channels = extents.back(), places = pictures.elements() / std::max<Size>(1, samples * channels);
  std::rotate(extents.begin() + 1, extents.end() - 1, extents.end());
  Array result(Shape(extents), ElementType::f32);
  const float* from = pictures.as<float>().data();
  float* to = result.as<float>().data();
  for (Size sample = 0; sample < samples; ++sample) {
    for (Size channel = 0; channel < channels; ++channel) {
      for (Size place = 0; place < places; ++place) {
        *to++ = from[(sample * places + place) * channels + channel];
      }
    }
  }
  return result;
}

}  // namespace

void Arena64::Release::operator()(std::byte* bytes) const noexcept { ::operator delete[](bytes, kAlignment); }

void Arena64::reserve(std::size_t bytes, int threads) {
  constexpr std::size_t kPiece = 512 * 1024;
  if (bytes > size_) {
    bytes_.reset();
    bytes_.reset(static_cast<std::byte*>(::operator new[](bytes, kAlignment)));
    const auto pieces = static_cast<Size>((bytes + kPiece - 1) / kPiece);
    // Touched here, so that no page fault lands in a kernel: the first use of so many pages takes longer than filling them.
#pragma omp parallel for num_threads(threads) if (pieces > threads)
    for (Size i = 0; i < pieces; ++i) {
      const std::size_t from = static_cast<std::size_t>(i) * kPiece;
      std::memset(bytes_.get() + from, 0, std::min(kPiece, bytes - from));
    }
    size_ = bytes;
  }
}

CpuExecutable::CpuExecutable(const Program& written, const CompileOptions& options)
    : program_(compiled(written, {options.precision, options.known_zeros, options.hoist})), options_(options) {
  if (options_.threads <= 0) {
    options_.threads = omp_get_num_procs();
  }
  size_packed();
  for (const auto& [symbol, placement] : program_.placements) {
    index_.emplace(symbol, variables_.size());
    variables_.push_back({symbol, placement});
  }
  steps_ = prepared(program_.body);
}

/// Packed matrices have the size that their product says; everything else its elements'.
void CpuExecutable::size_packed() {
  for_each_statement(program_.body, [&](const Statement& statement) {
    const auto* call = std::get_if<Call>(&statement.content);
    if (call == nullptr) {
      return;
    }
    std::size_t bytes = 0;
    if (const auto* pack = std::get_if<PackKernel>(&call->kernel)) {
      bytes = row_product({pack->n, pack->k, pack->transposed, pack->inputs})->packed_bytes();
    } else if (const auto* weight = std::get_if<PackWeightKernel>(&call->kernel)) {
      bytes = convolution(convolution_shape(weight->reader, weight->inputs))->packed_bytes();
    } else {
      return;
    }
    program_.placements.at(call->outputs[0]).bytes = static_cast<Size>(bytes);
  });
}

/// Places for what outlives a tile, when so many samples run; nothing for the rest.
Packing CpuExecutable::packed_for(Size samples) const {
  std::vector<Occupant> occupants;
  for (const Variable& variable : variables_) {
    const Placement& placement = variable.placement;
    occupants.push_back({outlives_tiles(placement.arena) ? bytes_of(program_, variable.symbol, samples) : 0, placement.first, placement.last});
  }
  return packed_by_use(occupants);
}

Steps CpuExecutable::prepared(const Region& region) {
  Steps steps;
  for (const Statement& statement : region) {
    if (const auto* call = std::get_if<Call>(&statement.content)) {
      steps.push_back({CallStep{prepare(program_, *call, *this)}});
    } else if (const auto* stage = std::get_if<Stage>(&statement.content)) {
      steps.push_back({StageStep{stage->span, prepared(stage->body), {}}});
    } else if (const auto* repeat = std::get_if<Repeat>(&statement.content)) {
      steps.push_back({RepeatStep{repeat->count, repeat->first, operand(repeat->index), prepared(repeat->body)}});
    } else if (const auto* loop = std::get_if<While>(&statement.content)) {
      const SymbolId condition = symbol_of(*program_.graph, loop->condition, "while");
      steps.push_back({WhileStep{loop->limit, operand(condition), prepared(loop->body)}});
    } else if (const auto* branch = std::get_if<Branch>(&statement.content)) {
      const SymbolId condition = symbol_of(*program_.graph, branch->condition, "branch");
      steps.push_back({BranchStep{operand(condition), prepared(branch->yes), prepared(branch->no)}});
    }
  }
  return steps;
}

Operand CpuExecutable::operand(SymbolId symbol) const {
  const std::size_t index = index_.at(symbol);
  const Placement& placement = variables_[index].placement;
  const bool per_sample = program_.graph->symbol(symbol).span == Span::per_sample;
  const bool rows = per_sample && (placement.arena == Arena::batch || placement.arena == Arena::input);
  return {index, rows ? placement.bytes : 0, placement.arena == Arena::tiles ? aligned(placement.bytes) : 0};
}

std::shared_ptr<const RowProduct> CpuExecutable::row_product(const RowProductShape& shape) {
  auto& product = row_products_[shape];
  if (product == nullptr) {
    product = std::make_shared<RowProduct>(shape, program_.tile_rows);
  }
  return product;
}

std::shared_ptr<const SampleProduct> CpuExecutable::sample_product(const SampleProductShape& shape) {
  auto& product = sample_products_[shape];
  if (product == nullptr) {
    product = std::make_shared<SampleProduct>(shape);
  }
  return product;
}

std::shared_ptr<const Convolution> CpuExecutable::convolution(const ConvolutionShape& shape) {
  auto& found = convolutions_[shape];
  if (found == nullptr) {
    found = make_convolution(shape);
  }
  return found;
}

std::shared_ptr<const ConvolutionSum> CpuExecutable::convolution_sum(const ConvolutionSumShape& shape) {
  auto& found = convolution_sums_[shape];
  if (found == nullptr) {
    found = make_convolution_sum(shape);
  }
  return found;
}

double CpuExecutable::flops(Size samples) const {
  double total = 0;
  for_each_call(steps_, 1, [&](const PreparedCall& call, double times) { total += times * call.flops(samples); });
  return total;
}

Size CpuExecutable::bytes(Size samples) const {
  return packed_for(samples).bytes + options_.threads * (program_.tile_bytes + static_cast<Size>(call_scratch_));
}

Plan CpuExecutable::plan(Size samples) const {
  Plan plan = outline(program_, samples);
  plan.device = "cpu";
  plan.precision = options_.precision;
  plan.threads = options_.threads;
  auto planned = plan.calls.begin();
  for_each_call(steps_, 1, [&](const PreparedCall& call, double) {
    planned->flops = call.flops(samples);
    planned->details = call.details();
    plan.flops += planned->flops * static_cast<double>(planned->repeats);
    ++planned;
  });
  const Packing packing = packed_for(samples);
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    if (outlives_tiles(variables_[i].placement.arena)) {
      plan.variables[i].offset = packing.offsets[i];
    }
  }
  plan.batch_bytes = packing.bytes;
  plan.bytes = bytes(samples);
  return plan;
}

std::string CpuExecutable::explain() const {
  const Plan one = plan(1), two = plan(2);
  std::string text = "passes\n";
  for (const std::string& note : one.notes) {
    text += "  " + note + "\n";
  }
  text += fmt::format("plan for cpu, {}, {} threads, tiles of {} rows\n", to_string(one.precision), one.threads, one.tile_rows);
  text += listing(program_);
  text += "kernels\n";
  for (const PlanCall& call : one.calls) {
    if (!call.details.empty()) {
      text += fmt::format("  {} x\n", call.repeats) + call.details;
    }
  }
  text += fmt::format("work: {:.0f} floating-point operations, and {:.0f} for each sample\n", 2 * one.flops - two.flops, two.flops - one.flops);
  text += fmt::format("memory: {} bytes, and {} for each sample\n", bytes(0), (bytes(64 * 1024) - bytes(0)) / (64 * 1024));
  return text;
}

Array CpuExecutable::value(SymbolId id) const {
  const Symbol& symbol = program_.graph->symbol(id);
  const auto found = index_.find(id);
  if (found == index_.end() || capacity_ < 0) {
    throw ArgumentError(fmt::format("[cpu] '{}' has no value: {}", symbol.name, capacity_ < 0 ? "nothing has run yet" : "the program never sets it"));
  }
  const Variable& variable = variables_[found->second];
  std::vector<Size> extents = symbol.shape.extents();
  const bool rows = variable.placement.arena == Arena::batch;
  if (rows) {
    extents.insert(extents.begin(), samples_);
  } else if (variable.placement.arena != Arena::shared || !observable(symbol)) {
    throw ArgumentError(fmt::format("[cpu] the value of '{}' is not kept after a run", symbol.name));
  }
  Array result(Shape(extents), ElementType::f32);
  const std::byte* from = memory_.data() + variable.offset;
  std::memcpy(result.data(), from, result.bytes());
  return program_.channels_last.contains(id) ? channels_first(result) : result;
}

namespace {

class CpuBackend : public Backend {
 public:
  std::string name() const override { return "cpu"; }
  std::unique_ptr<Executable> compile(const Program& program, const CompileOptions& options) const override {
    if (options.precision == Precision::f64) {
      throw DeviceError("[cpu] computes in f32 or bf16, not f64; use the device 'reference' for f64");
    }
    return std::make_unique<CpuExecutable>(program, options);
  }
};

}  // namespace
}  // namespace pcxx::cpu

std::shared_ptr<const pcxx::Backend> pcxx::cpu_backend() {
  static const auto instance = std::make_shared<const pcxx::cpu::CpuBackend>();
  return instance;
}
