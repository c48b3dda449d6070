/// The CPU backend's executable: runs a plan, one team of threads for the whole of it.
#pragma once

#include <type_traits>
#include <variant>

#include "backend/backend.h"
#include "backend/cpu/call.h"
#include "backend/cpu/recorder.h"
#include "backend/cpu/shares.h"
#include "program/packing.h"

namespace pcxx::cpu {

/// The steps of a plan with their calls prepared.
struct Step;
using Steps = std::vector<Step>;

/// Work cut into pieces, of which each thread has its share.
struct StageStep {
  Span span;
  Steps body;                              // calls; for rows also loops
  std::vector<std::vector<Share>> shares;  // of a shared stage, one a thread
};
struct RepeatStep {
  Size count;
  Size first;
  Operand index;
  Steps body;
};
struct WhileStep {
  Size limit;
  Operand condition;
  Steps body;
};
struct BranchStep {
  Operand condition;
  Steps yes, no;
};
struct CallStep {
  std::unique_ptr<const PreparedCall> call;
};

struct Step {
  std::variant<CallStep, StageStep, RepeatStep, WhileStep, BranchStep> content;
};

/// Memory that grows and never shrinks, 64-byte aligned.
class Arena64 {
 public:
  void reserve(std::size_t bytes, int threads = 1);
  std::byte* data() const { return bytes_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Release {
    void operator()(std::byte* bytes) const noexcept;
  };
  std::unique_ptr<std::byte[], Release> bytes_;
  std::size_t size_ = 0;
};

class CpuExecutable : public Executable, private CallBuilder {
 public:
  CpuExecutable(const Program& written, const CompileOptions& options);

  void run(Size samples, std::span<const InputView> inputs, State& state, std::uint64_t seed) override;
  Profile profile(Size samples, std::span<const InputView> inputs, State& state, std::uint64_t seed) override;
  Array value(SymbolId id) const override;
  Plan plan(Size samples) const override;
  std::string explain() const override;
  double flops(Size samples) const override;
  Size bytes(Size samples) const override;

 private:
  struct Variable {
    SymbolId symbol;
    Placement placement;
    Size offset = 0;  // in the memory of what outlives a tile; bytes
  };

  // --- preparation
  void size_packed();
  Steps prepared(const Region& region);
  Operand operand(SymbolId symbol) const override;
  std::shared_ptr<const RowProduct> row_product(const RowProductShape& shape) override;
  std::shared_ptr<const SampleProduct> sample_product(const SampleProductShape& shape) override;
  std::shared_ptr<const Convolution> convolution(const ConvolutionShape& shape) override;
  std::shared_ptr<const ConvolutionSum> convolution_sum(const ConvolutionSumShape& shape) override;
  template <class Visit>
  void for_each_call(const Steps& steps, double times, const Visit& visit) const;

  // --- one run
  void prepare_for(Size samples);
  void execute(std::span<const InputView> inputs, State& state, std::uint64_t seed, std::vector<Recorder>* recorders);
  Packing packed_for(Size samples) const;
  void reserve(Size samples);
  Array& state_array(SymbolId id, State& state) const;
  std::vector<std::byte*> resolve(std::span<const InputView> inputs, State& state);
  void convert_input(const InputView& input, std::byte* to) const;
  int team_size(Size samples) const;
  void cut_shares(Steps& steps);
  void walk(const Steps& steps, Frame& frame, std::exception_ptr& failure);
  void run_rows(const StageStep& stage, const Frame& frame, std::exception_ptr& failure);
  static void run_shared(const StageStep& stage, const Frame& frame, std::exception_ptr& failure);
  static void run_tile(const Steps& steps, const Frame& frame);

  Program program_;
  CompileOptions options_;
  std::vector<Variable> variables_;
  std::map<SymbolId, std::size_t> index_;  // into variables_
  std::map<RowProductShape, std::shared_ptr<const RowProduct>> row_products_;
  std::map<SampleProductShape, std::shared_ptr<const SampleProduct>> sample_products_;
  std::map<ConvolutionShape, std::shared_ptr<const Convolution>> convolutions_;
  std::map<ConvolutionSumShape, std::shared_ptr<const ConvolutionSum>> convolution_sums_;
  Steps steps_;
  Arena64 memory_;  // of what outlives a tile
  std::map<SymbolId, Arena64> converted_;  // inputs that came in another type
  std::vector<Arena64> scratch_;  // one a thread: the tile's variables, then what calls need
  std::size_t call_scratch_ = 0;
  Size samples_ = 0;              // of the last run
  Size capacity_ = -1;
  int team_ = 1;                  // threads for so many samples
};

template <class Visit>
void CpuExecutable::for_each_call(const Steps& steps, double times, const Visit& visit) const {
  for (const Step& step : steps) {
    std::visit(
        [&](const auto& content) {
          using Content = std::decay_t<decltype(content)>;
          if constexpr (std::is_same_v<Content, CallStep>) {
            visit(*content.call, times);
          } else if constexpr (std::is_same_v<Content, RepeatStep>) {
            for_each_call(content.body, times * static_cast<double>(content.count), visit);
          } else if constexpr (std::is_same_v<Content, StageStep> || std::is_same_v<Content, WhileStep>) {
            for_each_call(content.body, times, visit);
          } else {
            for_each_call(content.yes, times, visit);
            for_each_call(content.no, times, visit);
          }
        },
        step.content);
  }
}

}  // namespace pcxx::cpu
