/// Exceptions: what C++ throws as what pcxx/errors.py says.
#include "bindings.h"

namespace pcxx::python {
namespace {

/// Returns a class of pcxx/errors.py. It is looked up when something is thrown: the module holds no reference to the package.
nb::object class_named(const char* name) { return nb::module_::import_("pcxx.errors").attr(name); }

void raise(const char* name, const std::exception& error) { PyErr_SetString(class_named(name).ptr(), error.what()); }

void raise_divergence(const DivergenceError& error) {
  const nb::object type = class_named("DivergenceError");
  const nb::object made = type(error.what());
  made.attr("node") = error.node();
  made.attr("step") = error.step();
  PyErr_SetObject(type.ptr(), made.ptr());
}

void translate(const std::exception_ptr& pointer, void*) {
  try {
    std::rethrow_exception(pointer);
  } catch (const DTypeError& error) {
    raise("DTypeError", error);
  } catch (const ShapeError& error) {
    raise("ShapeError", error);
  } catch (const NameError& error) {
    raise("NameError", error);
  } catch (const RecipeError& error) {
    raise("RecipeError", error);
  } catch (const ArgumentError& error) {
    raise("ArgumentError", error);
  } catch (const FileError& error) {
    raise("FileError", error);
  } catch (const DeviceError& error) {
    raise("DeviceError", error);
  } catch (const DivergenceError& error) {
    raise_divergence(error);
  }
}

}  // namespace

void bind_errors() { nb::register_exception_translator(translate); }

}  // namespace pcxx::python
