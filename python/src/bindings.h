/// What the files of the Python module share: handles that know their Python side, callbacks, locks.
#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "casters.h"

namespace pcxx::python {

// One function for each area of the API, in the order in which module.cpp calls them.
void bind_errors();
void bind_tensor(nb::module_& module);
void bind_operations(nb::module_& module);
void bind_state(nb::module_& module);
void bind_handles(nb::module_& module);
void bind_phases(nb::module_& module);
void bind_network(nb::module_& module);
void bind_connections(nb::module_& module);
void bind_layers(nb::module_& module);
void bind_windows(nb::module_& module);
void bind_optimisers(nb::module_& module);
void bind_flow(nb::module_& module);
void bind_rules(nb::module_& module);
void bind_plan(nb::module_& module);
void bind_executor(nb::module_& module);
void bind_ensemble(nb::module_& module);
void bind_data(nb::module_& module);
void bind_text(nb::module_& module);
void bind_sample_functions(nb::module_& module);
void bind_loader(nb::module_& module);
void bind_io(nb::module_& module);
void bind_trainer(nb::module_& module);
void bind_recipe(nb::module_& module);
void bind_recipe_parts(nb::module_& module);
void bind_training(nb::module_& module);
void bind_checkpoint(nb::module_& module);
void bind_inspection(nb::module_& module);
void bind_pcx(nb::module_& module);
void bind_models(nb::module_& module);
void bind_arguments(nb::module_& module);

/// A value of another type than the argument takes; ArgumentError and TypeError to Python.
class DTypeError : public ArgumentError {
  using ArgumentError::ArgumentError;
};

/// A node as Python has it: a tensor, so that it can be used as one.
struct BoundNode : Tensor {
  explicit BoundNode(Node own) : Tensor(own), node(std::move(own)) {}
  Node node;
};

struct BoundParameter : Tensor {
  explicit BoundParameter(Parameter own) : Tensor(own), parameter(std::move(own)) {}
  Parameter parameter;
};

/// Returns a generator of NumPy's with numbers of a stream's own. The interpreter's lock is held.
nb::object numpy_generator(RandomStream& random);

std::vector<BoundNode> bound(const std::vector<Node>& nodes);
std::vector<BoundParameter> bound(const std::vector<Parameter>& parameters);
std::vector<Node> unbound(const std::vector<BoundNode>& nodes);
std::vector<Parameter> unbound(const std::vector<BoundParameter>& parameters);
std::vector<Tensor> unbound(const std::vector<Operand>& operands);

/// One strong reference to a Python object that C++ functions share; the garbage collector is shown it by its owner.
struct Reference {
  explicit Reference(nb::handle object);
  Reference(const Reference&) = delete;
  Reference& operator=(const Reference&) = delete;
  ~Reference();
  PyObject* pointer;
};

/// Lets go of all functions when the interpreter ends: the garbage collector does not see cycles through most C++ objects.
void release_functions();

/// A Python function that C++ calls; `role` says in messages what it is: "the update of optimiser 'mine'".
class Callback {
 public:
  Callback(nb::handle function, std::string role);
  const std::shared_ptr<Reference>& reference() const { return reference_; }

  /// Calls the function. Throws DTypeError if what it returns is no Result, `wanted` in words, and what it throws.
  template <class Result, class... Arguments>
  Result call(const char* wanted, Arguments&&... arguments) const {
    const nb::gil_scoped_acquire held;
    const nb::object result = function()(std::forward<Arguments>(arguments)...);
    Result value{};
    if (!nb::try_cast(result, value)) {
      wrong_result(result, wanted);
    }
    return value;
  }
  /// The same for a function that returns nothing, or whose result does not matter.
  template <class... Arguments>
  void run(Arguments&&... arguments) const {
    const nb::gil_scoped_acquire held;
    function()(std::forward<Arguments>(arguments)...);
  }

 private:
  nb::handle function() const;
  [[noreturn]] void wrong_result(nb::handle result, const char* wanted) const;
  std::shared_ptr<Reference> reference_;
  std::string role_;
};

class BoundNetwork;

/// Returns the line of the user's program that is being run, "model.py:12", behind those of this package; "" if there is none.
std::string place_of_caller();

/// What all Python parts of one network share.
struct Book {
  bool compiled = false;
  std::vector<std::shared_ptr<Reference>> functions;  // that phases and initialisers hold
  std::set<const Phase*> known = {};                  // phases that were asked for
  std::set<const Phase*> frozen = {};                 // those that were there when the network was compiled
  std::set<BoundNetwork*> parts = {};                 // the network itself and what Python has made as parts of it
};

class BoundNetwork : public Network {
 public:
  BoundNetwork();
  BoundNetwork(BoundNetwork& parent, const std::string& name);
  explicit BoundNetwork(const Network& made);  // the same network
  BoundNetwork(const BoundNetwork&) = delete;
  BoundNetwork& operator=(const BoundNetwork&) = delete;
  ~BoundNetwork() override;

  const std::shared_ptr<Book>& book() const { return book_; }
  bool is_whole() const { return is_whole_; }
  /// Throws ArgumentError if the network has been compiled; else what comes next is made at the user's line.
  void check_open(const char* who) const;
  /// Says that what comes later would not be in what was compiled.
  void close();

 private:
  std::shared_ptr<Book> book_;
  bool is_whole_;
};

/// Checks, as BoundNetwork::check_open(), the network that an expression belongs to: layers make parameters.
void check_open(const Tensor& expression, const char* who);
/// Returns the network that an argument is. Throws DTypeError if it is none.
BoundNetwork& network_of(nb::handle object, const char* who);
/// Returns the Python object of a network; None if there is none any more.
nb::object python_network(const Network& network);
/// Makes the Python object of a network that was made in C++.
nb::object new_python_network(const std::unique_ptr<Network>& network);
/// Returns the model that an expression belongs to, if its network was made in Python.
std::shared_ptr<Book> book_of(const void* graph);

/// A phase of a network, or one of a rule's own.
struct BoundPhase {
  std::shared_ptr<Phase> phase;  // of a network: holds all its phases
  std::shared_ptr<Book> book = nullptr;

  /// Returns the phase to change it. Throws ArgumentError if it was there when its network was compiled.
  Phase& open() const;
  /// Returns a callback, of which the network's garbage collection is told.
  Callback callback(nb::handle function, const std::string& role) const;
};

/// A flow that Python may use as long as it is being written.
struct BoundFlow {
  Flow* flow;
  /// Returns the flow, whose next statement is written at the user's line. Throws ArgumentError behind its program.
  Flow& open() const;
};

/// Steps of an optimiser, and the network that is told at which lines of the user's program they are made.
struct BoundSteps {
  OptimiserSteps steps;
  Network network;
  const OptimiserSteps& here() const {
    network.made_at(place_of_caller());
    return steps;
  }
};

/// Returns a function that lets a Python function write a program.
std::function<void(Flow&)> written_by(const Callback& function);

/// A rule and, where Python wrote it, the function that the garbage collector must know of.
struct BoundRule {
  LearningRule rule;
  std::shared_ptr<Reference> function = nullptr;
};
/// Returns the learning rule that an object stands for, or a program for an executor. Throws DTypeError if it is none.
LearningRule rule_of(nb::handle object, const char* who);

/// A dataset as Python has it: never changed, so that views of its arrays and loaders can share it.
struct BoundDataset {
  std::shared_ptr<const Dataset> data;
};

BoundDataset shared_dataset(Dataset&& data);

/// A state and what whoever runs on it or changes it has to hold.
struct BoundState {
  std::shared_ptr<State> state;
  std::shared_ptr<std::recursive_mutex> lock = std::make_shared<std::recursive_mutex>();

  /// Waits, without the interpreter's lock, until nobody else runs on it.
  std::unique_lock<std::recursive_mutex> hold() const {
    std::unique_lock held(*lock, std::defer_lock);
    const nb::gil_scoped_release released;
    held.lock();
    return held;
  }
};

/// Throws DeviceError in a process that was forked off one that had run the engine.
void check_process();

/// Runs something that has all it needs to itself, without the interpreter's lock. Throws DeviceError as check_process().
template <class Run>
auto run_released(const Run& what) {
  check_process();
  const nb::gil_scoped_release released;
  return what();
}

/// Returns energies by name.
nb::dict energies_of(const NamedEnergies& energies);

/// What trainers and executors have in common: one run at a time of each, and of each state.
struct Locks {
  std::shared_ptr<std::recursive_mutex> own = std::make_shared<std::recursive_mutex>();
  std::shared_ptr<std::recursive_mutex> state;

  /// Runs something without the interpreter's lock. Throws DeviceError in a process that was forked off.
  template <class Run>
  auto run(const Run& what) const {
    check_process();
    nb::gil_scoped_release released;
    const std::scoped_lock held(*own, *state);
    return what();
  }
  /// The same for what calls Python functions and changes networks: other threads wait for it, or it for them.
  template <class Compile>
  decltype(auto) compile(const Compile& what) const {
    check_process();
    const Both held(*this);
    return what();
  }

 private:
  struct Both {
    explicit Both(const Locks& locks) : own(*locks.own, std::defer_lock), state(*locks.state, std::defer_lock) {
      nb::gil_scoped_release released;
      std::lock(own, state);
    }
    std::unique_lock<std::recursive_mutex> own, state;
  };
};

/// Rows for nodes as Python gave them: nothing is copied, and what holds them is held.
class Feed {
 public:
  /// Reads {node: array}. Throws DTypeError, ShapeError, DeviceError or ArgumentError, naming the node, what was got and what is
  /// wanted. `wide`: f64 numbers instead of f32.
  Feed(const nb::dict& data, const char* who, bool wide);
  Size samples() const { return samples_; }
  const std::vector<NodeData>& rows() const { return rows_; }
  /// Returns copies, for precision f64.
  BatchArrays arrays() const;
  std::vector<Node> nodes() const;
  bool empty() const { return rows_.empty(); }

 private:
  Size samples_ = 0;
  std::vector<NodeData> rows_;
  std::vector<nb::ndarray<nb::ro>> held_;
};

}  // namespace pcxx::python
