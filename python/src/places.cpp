/// Places: the line of the user's program that is being run, for errors that are found later.
#include <fmt/format.h>

#include "bindings.h"

namespace pcxx::python {
namespace {

/// The folder of the package, whose own lines are nobody's.
const std::string& package_folder() {
  static const std::string folder = nb::cast<std::string>(nb::module_::import_("pcxx").attr("__path__")[nb::int_(0)]) + "/";
  return folder;
}

}  // namespace

std::string place_of_caller() {
  for (nb::object frame = nb::borrow(reinterpret_cast<PyObject*>(PyEval_GetFrame())); frame.is_valid() && !frame.is_none();
       frame = frame.attr("f_back")) {
    auto* const running = reinterpret_cast<PyFrameObject*>(frame.ptr());
    const nb::object code = nb::steal(reinterpret_cast<PyObject*>(PyFrame_GetCode(running)));
    const auto file = nb::cast<std::string>(code.attr("co_filename"));
    if (!file.starts_with(package_folder())) {
      return fmt::format("{}:{}", file, PyFrame_GetLineNumber(running));
    }
  }
  return "";
}

}  // namespace pcxx::python
