/// Comparison of numbers with tolerances that follow from the precision and from how much was added up.
#pragma once

#include <gtest/gtest.h>

#include "support/workbench.h"

namespace pcxx::test {

/// Returns how far a result may be from the exact one, relative to its array's scale: `roundings` operations one after
/// the other, of at most 4 units in the last place each, and a sum of `inner_length` terms, whose rounding errors add
/// up to no more than its length in units.
double tolerance(Precision precision, Size roundings, Size inner_length = 1);

/// Passes if all numbers agree to `tolerance` times the array's scale: its largest magnitude, at least 1. NaN agrees with
/// NaN, infinity with itself.
testing::AssertionResult close(const Numbers& actual, const Numbers& expected, double tolerance);

}  // namespace pcxx::test
