/// The module _pcxx: everything that the package pcxx offers from C++.
#include "bindings.h"

NB_MODULE(_pcxx, module) {
  using namespace pcxx::python;
  module.doc() = "The C++ side of pcxx.";
  module.attr("version") = PCXX_VERSION;
  bind_errors();
  bind_tensor(module);
  bind_operations(module);
  bind_state(module);
  bind_handles(module);
  bind_phases(module);
  bind_network(module);
  bind_connections(module);
  bind_layers(module);
  bind_windows(module);
  bind_optimisers(module);
  bind_flow(module);
  bind_rules(module);
  bind_plan(module);
  bind_executor(module);
  bind_ensemble(module);
  bind_data(module);
  bind_sample_functions(module);
  bind_text(module);
  bind_loader(module);
  bind_io(module);
  bind_trainer(module);
  bind_recipe_parts(module);
  bind_recipe(module);
  bind_checkpoint(module);
  bind_training(module);
  bind_inspection(module);
  bind_pcx(module);
  bind_models(module);
  bind_arguments(module);
  nanobind::module_::import_("atexit").attr("register")(nanobind::cpp_function(release_functions));
}
