/// The text of an exception, for tests of messages.
#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <string>

namespace pcxx::test {

/// Runs an action that must throw Expected; returns its message ("" and a test failure otherwise).
template <class Expected, class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const Expected& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "threw another exception: " << error.what();
    return "";
  }
  ADD_FAILURE() << "threw nothing";
  return "";
}

}  // namespace pcxx::test
