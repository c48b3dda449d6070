/// Plans and profiles: what the compiler made of a program, and what a measured run did when.
#include <fmt/format.h>

#include "bindings.h"

namespace pcxx::python {
namespace {

using namespace nb::literals;

/// Returns a property as its name.
template <class Owner, class Kind>
auto named(Kind Owner::*member) {
  return [member](const Owner& own) { return std::string(to_string(own.*member)); };
}

/// Returns one property of all records as a NumPy array (records).
template <class T, class Read>
nb::object column(const std::vector<CallRecord>& records, const Read& read) {
  std::vector<T> numbers;
  numbers.reserve(records.size());
  for (const CallRecord& record : records) {
    numbers.push_back(static_cast<T>(read(record)));
  }
  return numpy_copy(Shape{static_cast<Size>(records.size())}, std::span<const T>(numbers));
}

nb::dict columns(const Profile& profile) {
  nb::dict result;
  const auto integers = [&](const char* name, auto member) {
    result[name] = column<std::int64_t>(profile.records, [&](const CallRecord& record) { return record.*member; });
  };
  integers("call", &CallRecord::call);
  integers("thread", &CallRecord::thread);
  integers("tile", &CallRecord::tile);
  integers("first_part", &CallRecord::first_part);
  integers("end_part", &CallRecord::end_part);
  integers("turn", &CallRecord::turn);
  result["start"] = column<double>(profile.records, [](const CallRecord& record) { return record.start; });
  result["seconds"] = column<double>(profile.records, [](const CallRecord& record) { return record.seconds; });
  return result;
}

void bind_parts(nb::module_& module) {
  nb::class_<PlanBlock>(module, "PlanBlock", "What stands around calls of a Plan: a stage, a loop or one side of a branch.")
      .def_prop_ro("kind", named(&PlanBlock::kind),
                   "'rows': a stage, every tile of rows goes through all of it; 'shared': a stage, calls on what the samples share, cut "
                   "into parts; 'repeat', 'while', 'if' or 'else'.")
      .def_ro("text", &PlanBlock::text, "Its line in explain(): 'repeat 6 times, step from 2'.")
      .def_ro("parent", &PlanBlock::parent, "The block around it, as an index into Plan.blocks; -1: none.")
      .def_ro("count", &PlanBlock::count, "Turns of a repeat; the most of a while; else 1.")
      .def_ro("first_call", &PlanBlock::first_call, "Its calls, those of inner blocks included: Plan.calls[first_call:end_call].")
      .def_ro("end_call", &PlanBlock::end_call, "One after its last call.")
      .def("__repr__", [](const PlanBlock& own) { return fmt::format("<block '{}'>", own.text); });
  nb::class_<PlanCall>(module, "PlanCall", "One call of a kernel in a Plan.")
      .def_prop_ro("kind", named(&PlanCall::kind),
                   "'fused', 'product', 'convolution', 'pool', 'reduction', 'sum' (over tiles), 'pack', 'convert', 'random' or 'structure'.")
      .def_ro("name", &PlanCall::name, "What it computes, with sizes: \"product (1, 128, 64) b' packed\".")
      .def_ro("text", &PlanCall::text, "Its line in explain(): 'written := name(read)'.")
      .def_ro("reads", &PlanCall::reads, "Indices into Plan.variables.")
      .def_ro("writes", &PlanCall::writes, "Indices into Plan.variables.")
      .def_ro("details", &PlanCall::details, "The instructions of a fused kernel, one a line; else empty.")
      .def_ro("blocks", &PlanCall::blocks, "Around it, outermost first, as indices into Plan.blocks.")
      .def_ro("repeats", &PlanCall::repeats, "How often it runs on each tile or part in a run; a while counts once.")
      .def_ro("flops", &PlanCall::flops, "Floating-point operations of one turn on all samples; a multiply-add counts two.")
      .def_ro("bytes", &PlanCall::bytes, "Bytes of what it reads and writes in one turn on all samples, each variable once.")
      .def("__repr__", [](const PlanCall& own) { return fmt::format("<call '{}'>", own.text); });
  nb::class_<PlanVariable>(module, "PlanVariable", "A variable of a Plan, and its place in memory.")
      .def_ro("name", &PlanVariable::name, "Several may have one.")
      .def_prop_ro("arena", named(&PlanVariable::arena),
                   "Where it lives: 'state', 'input' (with the caller), 'shared' (one for the batch), 'batch' (a row for each sample), 'tiles' "
                   "(a piece for each tile of rows) or 'tile' (scratch of the tile that a thread works on).")
      .def_ro("bytes", &PlanVariable::bytes, "For all samples; in 'tile' for the rows of one tile.")
      .def_ro("offset", &PlanVariable::offset,
              "In bytes: of 'tile' in a thread's scratch, of 'shared', 'batch' and 'tiles' in the memory of what outlives a tile.")
      .def_ro("first_call", &PlanVariable::first_call, "The first call at which its place is taken; outside of 'tile' by whole stages.")
      .def_ro("last_call", &PlanVariable::last_call, "The last such call.")
      .def("__repr__", [](const PlanVariable& own) { return fmt::format("<variable '{}', {} bytes>", own.name, own.bytes); });
}

void bind_profile(nb::module_& module) {
  nb::class_<CallRecord>(module, "CallRecord", "One time that a thread ran a call: on one tile of rows, or on some parts of shared work.")
      .def_ro("call", &CallRecord::call, "Index into Plan.calls.")
      .def_ro("thread", &CallRecord::thread, "Counted from 0.")
      .def_ro("tile", &CallRecord::tile, "Of rows; -1: a call on what the samples share.")
      .def_ro("first_part", &CallRecord::first_part, "Of a shared call: its first part.")
      .def_ro("end_part", &CallRecord::end_part, "One after its last part.")
      .def_ro("turn", &CallRecord::turn, "How often the call had run on this tile or these parts before.")
      .def_ro("start", &CallRecord::start, "Seconds since the run began.")
      .def_ro("seconds", &CallRecord::seconds, "How long it took.")
      .def("__repr__", [](const CallRecord& own) {
        return fmt::format("<call {}, thread {}, tile {}, turn {}: {:.3f} us>", own.call, own.thread, own.tile, own.turn, 1e6 * own.seconds);
      });
  nb::class_<CallCost>(module, "CallCost", "What a call cost in one or several runs.")
      .def_ro("call", &CallCost::call, "Index into Plan.calls.")
      .def_ro("count", &CallCost::count, "Records.")
      .def_ro("turns", &CallCost::turns, "How often it ran on all samples; 0 if branches skipped it.")
      .def_ro("seconds", &CallCost::seconds, "Of all threads together.")
      .def_ro("flops", &CallCost::flops, "Floating-point operations made.")
      .def("__repr__", [](const CallCost& own) { return fmt::format("<call {}: {:.3f} us>", own.call, 1e6 * own.seconds); });
  nb::class_<Profile>(module, "Profile",
      "A measured run: what ran when, call by call, tile by tile, thread by thread; Executor.profile() and Trainer.profile() make it.\n\n"
      "Measuring costs two looks at the clock a record, about 50 ns, which the seconds contain. What the caller pays before and\n"
      "after the run is not in it.")
      .def_ro("plan", &Profile::plan, nb::rv_policy::reference_internal, "The plan, for the samples of the run.")
      .def_ro("threads", &Profile::threads, "Threads that took part.")
      .def_ro("seconds", &Profile::seconds, "Of the whole run.")
      .def_prop_ro("records", [](const Profile& own) { return own.records; }, "All records by start: a new list each time.")
      .def("columns", columns, nb::sig("def columns(self) -> dict[str, numpy.typing.NDArray[typing.Any]]"),
           "The records as arrays (records) by name: 'call', 'thread', 'tile', 'first_part', 'end_part', 'turn' (int64), 'start' and\n"
           "'seconds' (float64, in seconds): pandas.DataFrame(profile.columns()).")
      .def("costs", [](const Profile& own) { return costs({own}); },
           "The costs of every call of the plan, the dearest first; those that never ran are last.\n\n"
           "threads * seconds, less all costs, is what threads spent between calls and waiting for each other.")
      .def("__repr__", [](const Profile& own) {
        return fmt::format("<profile of {} samples: {:.4g} ms, {} threads, {} records>", own.plan.samples, 1e3 * own.seconds, own.threads,
                           own.records.size());
      });
}

}  // namespace

void bind_plan(nb::module_& module) {
  bind_parts(module);
  nb::class_<Plan>(module, "Plan", "What the compiler made of a program, as data, for a number of samples: Executor.plan() returns it.")
      .def_ro("device", &Plan::device, "'cpu'.")
      .def_prop_ro("precision", named(&Plan::precision), "'f32' or 'bf16'.")
      .def_ro("threads", &Plan::threads, "At most.")
      .def_ro("samples", &Plan::samples, "For which work and memory are counted.")
      .def_ro("tile_rows", &Plan::tile_rows, "Rows of a tile.")
      .def_ro("tiles", &Plan::tiles, "Tiles that the samples make.")
      .def_ro("notes", &Plan::notes, "What the passes did, one line each.")
      .def_ro("blocks", &Plan::blocks, "Stages, loops and branches, outer before inner, in order.")
      .def_ro("calls", &Plan::calls, "In order.")
      .def_ro("variables", &Plan::variables, "All variables that the calls name.")
      .def_ro("flops", &Plan::flops, "Of a run, as Executor.flops().")
      .def_ro("bytes", &Plan::bytes, "Held, as Executor.bytes().")
      .def_ro("batch_bytes", &Plan::batch_bytes, "Of them: what outlives a tile.")
      .def_ro("tile_bytes", &Plan::tile_bytes, "A thread's scratch for the variables of one tile.")
      .def("__repr__", [](const Plan& own) {
        return fmt::format("<plan for {}, {}, {} samples: {} calls, {:.4g} FLOPs>", own.device, to_string(own.precision), own.samples,
                           own.calls.size(), own.flops);
      });
  bind_profile(module);
}

}  // namespace pcxx::python
