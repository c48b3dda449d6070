/// Profiles: every call with all its tiles, parts and turns, at times that make sense, and to the bits of a plain run.
#include "pcxx/program/profile.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "support/message.h"
#include "support/planned.h"

namespace pcxx::test {
namespace {

constexpr Size kSamples = 200;  // several tiles, the last one not full

/// Everything that runs of a program leave: the state, outputs and node values.
std::vector<std::byte> left_by(const Planned& each, const Executor& executor, const State& state) {
  std::vector<std::byte> bytes;
  const auto append = [&](const Array& array) { bytes.insert(bytes.end(), array.data(), array.data() + array.bytes()); };
  for (const auto& [symbol, entry] : state.entries()) {
    append(entry.array);
  }
  for (const std::string& output : executor.outputs()) {
    append(executor.output(output));
  }
  for (const Node& node : each.network->nodes()) {
    if (std::ranges::find(each.given, node) == each.given.end()) {
      append(executor.value(node));
    }
  }
  return bytes;
}

Profile profiled(const Planned& each, int threads) {
  Executor executor = each.make({.threads = threads});
  return executor.profile(each.data(kSamples));
}

TEST(Profiles, LeaveWhatRunsLeave) {
  for (const Planned& each : planned_programs()) {
    for (const int threads : {1, 3}) {
      const auto data = each.data(kSamples);
      const auto plain_state = each.state(), mixed_state = each.state();
      Executor plain = each.make({.threads = threads}, plain_state), mixed = each.make({.threads = threads}, mixed_state);
      for (int turn = 0; turn < 4; ++turn) {
        plain.run(data);
        turn % 2 == 0 ? static_cast<void>(mixed.profile(data)) : mixed.run(data);
        EXPECT_EQ(left_by(each, plain, *plain_state), left_by(each, mixed, *mixed_state)) << each.name << ", turn " << turn;
      }
    }
  }
}

/// Without conditions every call runs `repeats` times: by rows on every tile, else on all its parts, none of them twice.
TEST(Profiles, HoldEveryCallTileAndTurn) {
  for (const Planned& each : planned_programs()) {
    if (each.name == "looped") {
      continue;
    }
    for (const int threads : {1, 3}) {
      const Profile profile = profiled(each, threads);
      std::map<std::tuple<Size, Size>, std::map<Size, std::pair<Size, Size>>> parts;  // by call and turn: first to (end, count)
      std::map<std::tuple<Size, Size, Size>, int> tiles;                              // by call, turn and tile
      for (const CallRecord& record : profile.records) {
        if (record.tile < 0) {
          auto& [end, count] = parts[{record.call, record.turn}][record.first_part];
          end = record.end_part;
          ++count;
        } else {
          ++tiles[{record.call, record.turn, record.tile}];
        }
      }
      std::size_t seen_tiles = 0, seen_parts = 0;
      for (std::size_t i = 0; i < profile.plan.calls.size(); ++i) {
        const auto call = static_cast<Size>(i);
        const PlanCall& planned = profile.plan.calls[i];
        const bool rows = std::ranges::any_of(planned.blocks, [&](Size block) {
          return profile.plan.blocks[static_cast<std::size_t>(block)].kind == BlockKind::rows;
        });
        for (Size turn = 0; turn < planned.repeats; ++turn) {
          for (Size tile = 0; rows && tile < profile.plan.tiles; ++tile, ++seen_tiles) {
            const auto found = tiles.find({call, turn, tile});
            ASSERT_TRUE(found != tiles.end()) << each.name << ": " << planned.text << ", turn " << turn << ", tile " << tile;
            EXPECT_EQ(found->second, 1);
          }
          Size next = 0;
          for (const auto& [first, end] : parts[{call, turn}]) {
            EXPECT_EQ(first, next) << planned.text;
            EXPECT_EQ(end.second, 1);
            next = end.first;
            ++seen_parts;
          }
          EXPECT_EQ(next > 0, !rows) << planned.text;
        }
      }
      EXPECT_EQ(seen_tiles + seen_parts, profile.records.size()) << each.name;
    }
  }
}

TEST(Profiles, CountTheTurnsThatConditionsAllowed) {
  const Planned looped = planned_programs().back();
  ASSERT_EQ(looped.name, "looped");
  const Profile profile = profiled(looped, 3);
  std::map<Size, Size> turns;
  for (const CallCost& cost : costs({profile})) {
    turns[cost.call] = cost.turns;
  }
  Size branches = 0;
  for (std::size_t i = 0; i < profile.plan.calls.size(); ++i) {
    Size expected = 1;
    for (const Size place : profile.plan.calls[i].blocks) {
      const PlanBlock& block = profile.plan.blocks[static_cast<std::size_t>(place)];
      const bool side = block.kind == BlockKind::yes || block.kind == BlockKind::no;  // each is taken in one turn of two
      branches += side ? 1 : 0;
      expected = block.kind == BlockKind::loop ? expected * 3 : block.kind == BlockKind::repeat ? expected * block.count : expected;
      expected = side ? expected / 2 : expected;
    }
    EXPECT_EQ(turns[static_cast<Size>(i)], expected) << profile.plan.calls[i].text;
  }
  EXPECT_GT(branches, 0);
}

TEST(Profiles, PutRecordsWithinTheRunAndInTheOrderOfThePlan) {
  for (const Planned& each : planned_programs()) {
    for (const int threads : {1, 3}) {
      const Profile profile = profiled(each, threads);
      EXPECT_LE(profile.threads, threads);
      std::map<int, double> free_from;         // by thread
      std::vector<std::pair<double, double>> stages(profile.plan.blocks.size(), {1e9, 0.0});
      double before = 0;
      for (const CallRecord& record : profile.records) {
        EXPECT_GE(record.thread, 0);
        EXPECT_LT(record.thread, profile.threads);
        EXPECT_GE(record.start, before);
        EXPECT_GE(record.seconds, 0);
        const double end = record.start + record.seconds;
        EXPECT_LE(end, profile.seconds + 1e-9);
        EXPECT_GE(record.start, free_from[record.thread] - 1e-9) << "a thread does one thing at a time";
        free_from[record.thread] = end;
        before = record.start;
        const Size outer = profile.plan.calls[static_cast<std::size_t>(record.call)].blocks.front();
        auto& [first, last] = stages[static_cast<std::size_t>(outer)];
        first = std::min(first, record.start);
        last = std::max(last, end);
      }
      double done = 0;
      for (const auto& [first, last] : stages) {
        if (first < 1e9) {  // an outer block: its threads met before it
          EXPECT_GE(first, done - 1e-9) << each.name;
          done = last;
        }
      }
    }
  }
}

TEST(Profiles, AddUpToCosts) {
  const Planned wide = planned_programs().front();
  Executor executor = wide.make({.threads = 3});
  const std::vector<Profile> profiles = {executor.profile(wide.data(kSamples)), executor.profile(wide.data(kSamples))};
  const std::vector<CallCost> all = costs(profiles);
  ASSERT_EQ(all.size(), profiles[0].plan.calls.size());
  double seconds = 0, flops = 0;
  Size count = 0;
  for (const CallCost& cost : all) {
    seconds += cost.seconds;
    flops += cost.flops;
    count += cost.count;
    EXPECT_EQ(cost.turns, 2 * profiles[0].plan.calls[static_cast<std::size_t>(cost.call)].repeats);
  }
  EXPECT_TRUE(std::ranges::is_sorted(all, std::ranges::greater{}, &CallCost::seconds));
  EXPECT_DOUBLE_EQ(flops, 2 * executor.flops(kSamples));
  EXPECT_EQ(static_cast<std::size_t>(count), profiles[0].records.size() + profiles[1].records.size());
  EXPECT_LE(seconds, profiles[0].threads * profiles[0].seconds + profiles[1].threads * profiles[1].seconds);
}

TEST(Profiles, RefuseWhatTheyCannotMeasure) {
  const std::vector<Planned> programs = planned_programs();
  Executor reference = programs[0].make({.device = "reference"});
  EXPECT_EQ(message_of<DeviceError>([&] { (void)reference.profile(programs[0].data(2)); }),
            "[reference] has no profile: it runs the program as it was written, without passes; use the device 'cpu'");
  EXPECT_EQ(message_of<ArgumentError>([] { (void)costs({}); }), "[costs] there are no profiles; expected at least one");
  EXPECT_EQ(message_of<ArgumentError>([&] { (void)costs({profiled(programs[0], 1), profiled(programs[1], 1)}); }),
            "[costs] the profiles are of different plans; expected runs of one executor");
}

}  // namespace
}  // namespace pcxx::test
