/// The devices on which tests of whole programs run.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "backend/backend.h"
#include "pcxx/core/errors.h"

namespace pcxx::test {

/// Returns the names of all devices that this build has.
inline std::vector<std::string> devices() {
  std::vector<std::string> present;
  for (const std::string name : {"reference", "cpu"}) {
    try {
      backend(name);
      present.push_back(name);
    } catch (const DeviceError&) {
    }
  }
  return present;
}

/// Names a test after its device.
inline std::string device_name(const testing::TestParamInfo<std::string>& info) { return info.param; }

}  // namespace pcxx::test
