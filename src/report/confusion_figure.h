/// A confusion matrix as a picture, and the pairs that are confused most.
#pragma once

#include <string>

#include "pcxx/run/confusion.h"

namespace pcxx::report {

/// Returns the matrix as an HTML figure: rows are classes, columns what they were taken for; what is right in one colour, by
/// its part of the row, what is wrong in another, by its part of the worst. Counts are written where there is room.
std::string confusion_figure(const ConfusionMatrix& matrix, const std::string& title);

/// Returns a table of the pairs of classes that are confused most often; nothing if none are.
std::string confused_pairs(const ConfusionMatrix& matrix);

}  // namespace pcxx::report
