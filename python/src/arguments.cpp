/// Arguments that fit no function: an error that names them, in place of a list of signatures.
#include <fmt/format.h>

#include "bindings.h"

namespace pcxx::python {

/// The first argument of a function that is tried when no other overload wants the arguments, not even converted.
struct Leftover {
  nb::object given;
};

}  // namespace pcxx::python

namespace nanobind::detail {

template <>
struct type_caster<pcxx::python::Leftover> {
  NB_TYPE_CASTER(pcxx::python::Leftover, const_name("object"))

  bool from_python(handle source, uint32_t flags, cleanup_list*) noexcept {
    value.given = borrow(source);
    return (flags & cast_flags::convert) != 0;  // set in the second round, after every overload was tried as it is
  }
};

}  // namespace nanobind::detail

namespace pcxx::python {
namespace {

/// Throws a DTypeError that says which argument of a function, "Network.node", is wrong. `own`: the object of a method.
[[noreturn]] void refuse(const std::string& function, nb::handle own, const Leftover& first, const nb::args& others,
                         const nb::kwargs& named) {
  if (!function.ends_with(".__init__") && own.type().is_valid() && nb::type_check(own.type()) && !nb::inst_ready(own)) {
    throw ArgumentError(fmt::format("[{}] the {} is not initialised; expected super().__init__() to be called first", function,
                                    nb::cast<std::string>(own.type().attr("__name__"))));
  }
  nb::list arguments;
  for (const nb::handle argument : {own, nb::handle(first.given)}) {
    if (!argument.is(nb::ellipsis())) {
      arguments.append(argument);
    }
  }
  for (const nb::handle other : others) {
    arguments.append(other);
  }
  const nb::object explain = nb::module_::import_("pcxx._wrong_arguments").attr("explain");
  throw DTypeError(nb::cast<std::string>(explain(function, arguments, named)));
}

/// Adds to one function an overload for what all others refuse. It has their documentation, so that help() tells it once.
void guard(nb::handle scope, const char* name, const std::string& function, nb::handle existing, bool is_method) {
  const nb::object text = existing.attr("__nb_signature__")[0][1];
  const std::string documentation = text.is_none() ? "" : nb::cast<std::string>(text);
  const std::string signature = "def " + std::string(name) + "(...) -> NoReturn";
  const auto define = [&](auto refusing, auto... kind) {
    nb::cpp_function_def(std::move(refusing), nb::scope(scope), nb::name(name), kind..., nb::arg().none() = nb::ellipsis(),
                         nb::arg("others"), nb::arg("named"), nb::sig(signature.c_str()), documentation.c_str());
  };
  if (is_method) {
    define([function](nb::handle own, const Leftover& first, const nb::args& others, const nb::kwargs& named) {
      refuse(function, own, first, others, named);
    }, nb::is_method());
  } else {
    define([function](const Leftover& first, const nb::args& others, const nb::kwargs& named) {
      refuse(function, nb::ellipsis(), first, others, named);
    });
  }
}

/// Guards the functions that a module or class has itself; `prefix` comes before their names in messages.
void guard_all(nb::handle scope, const std::string& prefix) {
  const nb::dict own(nb::borrow<nb::dict>(nb::module_::import_("builtins").attr("dict")(scope.attr("__dict__"))));
  for (const auto [key, member] : own) {
    const std::string name = nb::cast<std::string>(key);
    const std::string kind = nb::cast<std::string>(nb::handle(member.type()).attr("__name__"));
    if (nb::type_check(member)) {
      guard_all(member, name + ".");
    } else if ((kind == "nb_func" || kind == "nb_method") && (name == "__init__" || name.front() != '_')) {
      guard(scope, name.c_str(), prefix + name, member, kind == "nb_method");
    }
  }
}

}  // namespace

void bind_arguments(nb::module_& module) {
  // Not done while the module is made: stubs are generated of the functions as they are.
  module.def("_name_wrong_arguments", [](const nb::module_& own) { guard_all(own, ""); });
}

}  // namespace pcxx::python
