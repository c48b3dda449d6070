/// Runs a check once for every instruction set that this CPU has and the library was built for.
#pragma once

#include <gtest/gtest.h>

#include "backend/cpu/vector_targets.h"
// (before Highway, so that it knows which are built)
#include <hwy/targets.h>

namespace pcxx::cpu {

template <class Check>
void for_every_target(const Check& check) {
  const auto targets = hwy::SupportedAndGeneratedTargets();
  ASSERT_FALSE(targets.empty());
  for (const auto target : targets) {
    SCOPED_TRACE(hwy::TargetName(target));
    hwy::SetSupportedTargetsForTest(target);
    check();
  }
  hwy::SetSupportedTargetsForTest(0);
}

}  // namespace pcxx::cpu
