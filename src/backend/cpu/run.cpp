/// CpuExecutable: one run. All threads walk the plan together; within a stage they share its pieces and meet at its end.
#include <omp.h>

#include <algorithm>
#include <cstring>

#include "backend/cpu/executable.h"
#include "pcxx/core/errors.h"

namespace pcxx::cpu {
namespace {

/// Runs a piece of work; the first failure of a team is kept and thrown when all threads are back.
template <class Work>
void guarded(std::exception_ptr& failure, const Work& work) {
  try {
    work();
  } catch (...) {
#pragma omp critical(pcxx_cpu_failure)
    if (!failure) {
      failure = std::current_exception();
    }
  }
}

/// Runs parts of a call; `tile` is -1 for one that the samples share.
void run_call(const PreparedCall& call, const Frame& frame, Size tile, Size first, Size last) {
  if (frame.recorder != nullptr) {
    frame.recorder->run(call, tile, frame, first, last);
  } else {
    call.run(frame, first, last);
  }
}

}  // namespace

void CpuExecutable::reserve(Size samples) {
  samples_ = samples;
  if (samples <= capacity_) {
    return;
  }
  const Packing packing = packed_for(samples);
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    variables_[i].offset = packing.offsets[i];
  }
  Arena64 grown;
  grown.reserve(static_cast<std::size_t>(std::max<Size>(packing.bytes, 64)), options_.threads);
  memory_ = std::move(grown);
  call_scratch_ = 0;
  for_each_call(steps_, 1, [&](const PreparedCall& call, double) { call_scratch_ = std::max(call_scratch_, call.scratch_bytes(samples)); });
  scratch_.resize(static_cast<std::size_t>(options_.threads));
  for (Arena64& scratch : scratch_) {
    scratch.reserve(static_cast<std::size_t>(program_.tile_bytes) + call_scratch_ + 64, options_.threads);
  }
  capacity_ = samples;
}

Array& CpuExecutable::state_array(SymbolId id, State& state) const {
  const Symbol& symbol = program_.graph->symbol(id);
  if (!state.contains(id)) {
    throw ArgumentError("[cpu] the state lacks '" + symbol.name + "', which the program names");
  }
  Array& array = state.at(id);
  if (array.type() != ElementType::f32 || array.shape() != symbol.shape) {
    throw ShapeError("[cpu] the state holds '" + symbol.name + "' as " + std::string(to_string(array.type())) + " " +
                     to_string(array.shape()) + "; expected f32 " + to_string(symbol.shape));
  }
  return array;
}

std::vector<std::byte*> CpuExecutable::resolve(std::span<const InputView> inputs, State& state) {
  std::vector<std::byte*> bases(variables_.size(), nullptr);
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    const Variable& variable = variables_[i];
    switch (variable.placement.arena) {
      case Arena::state: bases[i] = state_array(variable.symbol, state).data(); break;
      case Arena::shared:
      case Arena::batch:
      case Arena::tiles: bases[i] = memory_.data() + variable.offset; break;
      case Arena::input:
      case Arena::tile: break;
    }
  }
  for (const InputView& input : inputs) {
    const auto found = index_.find(input.symbol);
    if (found == index_.end()) {
      continue;  // the program does not need it
    }
    if (input.type == ElementType::f32) {
      bases[found->second] = const_cast<std::byte*>(static_cast<const std::byte*>(input.data));  // only ever read
    } else {
      Arena64& room = converted_[input.symbol];
      room.reserve(static_cast<std::size_t>(std::max<Size>(samples_, 1) * variables_[found->second].placement.bytes) + 64);
      convert_input(input, room.data());
      bases[found->second] = room.data();
    }
  }
  for (std::size_t i = 0; i < variables_.size(); ++i) {
    if (variables_[i].placement.arena == Arena::input && bases[i] == nullptr && samples_ * variables_[i].placement.bytes > 0) {
      throw ArgumentError("[cpu] no data for input '" + program_.graph->symbol(variables_[i].symbol).name + "'");
    }
  }
  return bases;
}

void CpuExecutable::convert_input(const InputView& input, std::byte* to) const {
  const Symbol& symbol = program_.graph->symbol(input.symbol);
  const Size count = (symbol.span == Span::per_sample ? samples_ : 1) * symbol.shape.elements();
  auto* floats = reinterpret_cast<float*>(to);
  if (input.type == ElementType::i32) {
    std::copy_n(static_cast<const std::int32_t*>(input.data), count, floats);
  } else if (input.type == ElementType::f64) {
    std::transform(static_cast<const double*>(input.data), static_cast<const double*>(input.data) + count, floats,
                   [](double x) { return static_cast<float>(x); });
  } else {
    throw ArgumentError("[cpu] input of type " + std::string(to_string(input.type)) + "; expected f32, f64 or i32");
  }
}

/// Few samples and little shared work are done by fewer threads; results do not depend on it.
int CpuExecutable::team_size(Size samples) const {
  constexpr double kWorthAThread = 2e6;  // floating-point operations: a meeting of threads costs about as much as 1e5
  const double work = flops(samples);
  const auto most = static_cast<int>(std::clamp(work / kWorthAThread, 1.0, 4096.0));
  return std::min(options_.threads, most);
}

/// Decides again who does what of the shared stages, for the samples and the team at hand.
void CpuExecutable::cut_shares(Steps& steps) {
  for (Step& step : steps) {
    if (auto* stage = std::get_if<StageStep>(&step.content)) {
      std::vector<const PreparedCall*> calls;
      for_each_call(stage->body, 1, [&](const PreparedCall& call, double) { calls.push_back(&call); });
      stage->shares = shares_of(calls, samples_, team_);
    } else if (auto* repeat = std::get_if<RepeatStep>(&step.content)) {
      cut_shares(repeat->body);
    } else if (auto* loop = std::get_if<WhileStep>(&step.content)) {
      cut_shares(loop->body);
    } else if (auto* branch = std::get_if<BranchStep>(&step.content)) {
      cut_shares(branch->yes);
      cut_shares(branch->no);
    }
  }
}

void CpuExecutable::run(Size samples, std::span<const InputView> inputs, State& state, std::uint64_t seed) {
  prepare_for(samples);
  execute(inputs, state, seed, nullptr);
}

void CpuExecutable::prepare_for(Size samples) {
  if (samples != samples_ || capacity_ < 0) {
    reserve(samples);
    team_ = team_size(samples);
    cut_shares(steps_);
  }
}

void CpuExecutable::execute(std::span<const InputView> inputs, State& state, std::uint64_t seed, std::vector<Recorder>* recorders) {
  std::vector<std::byte*> bases = resolve(inputs, state);
  if (program_.samples >= 0 && index_.contains(program_.samples)) {
    *reinterpret_cast<float*>(bases[index_.at(program_.samples)]) = static_cast<float>(samples_);
  }
  std::exception_ptr failure;
#pragma omp parallel num_threads(team_) if (team_ > 1)
  {
    const auto thread = static_cast<std::size_t>(omp_get_thread_num());
    std::vector<std::byte*> own = bases;
    std::byte* scratch = scratch_[thread].data();
    for (std::size_t i = 0; i < variables_.size(); ++i) {
      if (variables_[i].placement.arena == Arena::tile) {
        own[i] = scratch + variables_[i].placement.offset;
      }
    }
    Frame frame{own, scratch + program_.tile_bytes, samples_, seed};
    frame.rows = samples_;
    frame.recorder = recorders == nullptr ? nullptr : &(*recorders)[thread];
    walk(steps_, frame, failure);
  }
  if (failure) {
    std::rethrow_exception(failure);
  }
}

void CpuExecutable::walk(const Steps& steps, Frame& frame, std::exception_ptr& failure) {
  for (const Step& step : steps) {
    if (const auto* stage = std::get_if<StageStep>(&step.content)) {
      stage->span == Span::per_sample ? run_rows(*stage, frame, failure) : run_shared(*stage, frame, failure);
    } else if (const auto* repeat = std::get_if<RepeatStep>(&step.content)) {
      for (Size i = 0; i < repeat->count; ++i) {
#pragma omp single
        *frame.at<float>(repeat->index) = static_cast<float>(repeat->first + i);
        walk(repeat->body, frame, failure);
      }
    } else if (const auto* loop = std::get_if<WhileStep>(&step.content)) {
      for (Size i = 0; i < loop->limit && *frame.at<float>(loop->condition) != 0; ++i) {
#pragma omp barrier  // all have looked before any sets it again
        walk(loop->body, frame, failure);
      }
#pragma omp barrier
    } else if (const auto* branch = std::get_if<BranchStep>(&step.content)) {
      const bool yes = *frame.at<float>(branch->condition) != 0;
#pragma omp barrier
      walk(yes ? branch->yes : branch->no, frame, failure);
    }
  }
}

void CpuExecutable::run_rows(const StageStep& stage, const Frame& frame, std::exception_ptr& failure) {
  const Size tiles = program_.tiles_of(frame.samples);
#pragma omp for schedule(static)
  for (Size tile = 0; tile < tiles; ++tile) {
    Frame own = frame;
    own.tile = tile;
    own.row = tile * program_.tile_rows;
    own.rows = std::min(program_.tile_rows, frame.samples - own.row);
    guarded(failure, [&] { run_tile(stage.body, own); });
  }
}

void CpuExecutable::run_tile(const Steps& steps, const Frame& frame) {
  for (const Step& step : steps) {
    if (const auto* call = std::get_if<CallStep>(&step.content)) {
      run_call(*call->call, frame, frame.tile, 0, 1);
    } else if (const auto* repeat = std::get_if<RepeatStep>(&step.content)) {
      for (Size i = 0; i < repeat->count; ++i) {
        *frame.at<float>(repeat->index) = static_cast<float>(repeat->first + i);
        run_tile(repeat->body, frame);
      }
    }
  }
}

void CpuExecutable::run_shared(const StageStep& stage, const Frame& frame, std::exception_ptr& failure) {
  const auto threads = static_cast<std::size_t>(omp_get_num_threads());  // fewer than asked for, perhaps
  for (auto i = static_cast<std::size_t>(omp_get_thread_num()); i < stage.shares.size(); i += threads) {
    for (const Share& share : stage.shares[i]) {
      guarded(failure, [&] { run_call(*share.call, frame, -1, share.first, share.last); });
    }
  }
#pragma omp barrier
}

}  // namespace pcxx::cpu
