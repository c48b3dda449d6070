/// Handles, callbacks and locks that the bindings share.
#include <fmt/format.h>
#include <unistd.h>

#include <atomic>
#include <map>

#include "bindings.h"

namespace pcxx::python {
namespace {

/// Networks that Python made, by their models: expressions know nothing else. Used under the interpreter's lock.
std::map<const void*, std::weak_ptr<Book>>& books() {
  static std::map<const void*, std::weak_ptr<Book>> all;
  return all;
}

/// All references, for the end of the interpreter. Used under its lock.
std::set<Reference*>& references() {
  static std::set<Reference*>& all = *new std::set<Reference*>;  // outlives what is destroyed at exit
  return all;
}

void check_book(const Book& book, const char* who) {
  if (book.compiled) {
    throw ArgumentError(std::string("[") + who + "] the network has been compiled, by a Trainer or an Executor, which would not " +
                        "see the change; expected a network that is complete before; make another one");
  }
}

template <class To, class From>
std::vector<To> each(const std::vector<From>& from, const auto& make) {
  std::vector<To> result;
  result.reserve(from.size());
  for (const From& one : from) {
    result.push_back(make(one));
  }
  return result;
}

}  // namespace

std::vector<BoundNode> bound(const std::vector<Node>& nodes) {
  return each<BoundNode>(nodes, [](const Node& node) { return BoundNode(node); });
}
std::vector<BoundParameter> bound(const std::vector<Parameter>& parameters) {
  return each<BoundParameter>(parameters, [](const Parameter& parameter) { return BoundParameter(parameter); });
}
std::vector<Node> unbound(const std::vector<BoundNode>& nodes) {
  return each<Node>(nodes, [](const BoundNode& node) { return node.node; });
}
std::vector<Parameter> unbound(const std::vector<BoundParameter>& parameters) {
  return each<Parameter>(parameters, [](const BoundParameter& parameter) { return parameter.parameter; });
}
std::vector<Tensor> unbound(const std::vector<Operand>& operands) {
  return each<Tensor>(operands, [](const Operand& operand) { return operand.tensor; });
}

Reference::Reference(nb::handle object) : pointer(object.inc_ref().ptr()) { references().insert(this); }

Reference::~Reference() {
  references().erase(this);
  if (pointer != nullptr) {
    if (const nb::detail::cleanup_guard alive{}) {
      Py_DECREF(pointer);
    }
  }
}

void release_functions() {
  while (!references().empty()) {
    Reference& first = **references().begin();
    references().erase(references().begin());
    Py_CLEAR(first.pointer);  // may run any code, which may destroy others
  }
}

Callback::Callback(nb::handle function, std::string role)
    : reference_(std::make_shared<Reference>(function)), role_(std::move(role)) {
  if (PyCallable_Check(function.ptr()) == 0) {
    throw DTypeError("[callback] " + role_ + " is a '" + nb::cast<std::string>(nb::inst_name(function.type())) +
                     "'; expected a function");
  }
}

nb::handle Callback::function() const {
  if (reference_->pointer == nullptr) {
    throw ArgumentError("[callback] " + role_ + " is gone: its network was collected, or the interpreter ends");
  }
  return reference_->pointer;
}

void Callback::wrong_result(nb::handle result, const char* wanted) const {
  throw DTypeError("[callback] " + role_ + " returned a '" + std::string(nb::type_name(result.type()).c_str()) + "'; expected " +
                   wanted);
}

BoundNetwork::BoundNetwork() : BoundNetwork(Network()) {}

BoundNetwork::BoundNetwork(const Network& made) : Network(made), book_(std::make_shared<Book>()), is_whole_(true) {
  books()[model().get()] = book_;
  book_->parts.insert(this);
}

BoundNetwork::BoundNetwork(BoundNetwork& parent, const std::string& name)
    : Network((parent.check_open("network"), parent), name), book_(parent.book_), is_whole_(false) {
  book_->parts.insert(this);
}

BoundNetwork::~BoundNetwork() {
  book_->parts.erase(this);
  if (book_.use_count() == 1) {
    books().erase(model().get());
  }
}

void BoundNetwork::check_open(const char* who) const {
  check_book(*book_, who);
  made_at(place_of_caller());
}

void BoundNetwork::close() {
  for (const char* name : {"start", "relax", "predict"}) {
    book_->known.insert(&phase(name));
  }
  book_->compiled = true;
  book_->frozen = book_->known;
}

std::shared_ptr<Book> book_of(const void* graph) {
  const auto found = books().find(graph);
  return found == books().end() ? nullptr : found->second.lock();
}

BoundNetwork& network_of(nb::handle object, const char* who) {
  if (nb::isinstance<BoundNetwork>(object) && nb::inst_ready(object)) {
    return nb::cast<BoundNetwork&>(object);
  }
  const bool is_class = nb::type_check(object) && nb::isinstance(object, nb::handle(reinterpret_cast<PyObject*>(&PyType_Type)));
  throw DTypeError(fmt::format("[{}] argument 'network' is {} '{}'; expected a Network{}", who, is_class ? "the class" : "a",
                               nb::cast<std::string>((is_class ? object : nb::handle(object.type())).attr("__name__")),
                               is_class ? ": an object of the class" : ", initialised by super().__init__()"));
}

void check_open(const Tensor& expression, const char* who) {
  // A model is a graph and nothing before it, so both have one address.
  if (const auto book = book_of(expression.graph().get())) {
    check_book(*book, who);
    if (!book->parts.empty()) {
      (*book->parts.begin())->made_at(place_of_caller());
    }
  }
}

nb::object python_network(const Network& network) {
  if (const auto book = book_of(network.model().get())) {
    for (BoundNetwork* part : book->parts) {
      if (part->prefix() == network.prefix()) {
        return nb::find(*part);
      }
    }
  }
  return nb::none();
}

nb::object new_python_network(const std::unique_ptr<Network>& network) {
  return nb::cast(new BoundNetwork(*network), nb::rv_policy::take_ownership);
}

Flow& BoundFlow::open() const {
  if (flow == nullptr) {
    throw ArgumentError("[flow] the program of this flow has been written; expected the flow that the function was given, while "
                        "it runs");
  }
  flow->network().made_at(place_of_caller());
  return *flow;
}

std::function<void(Flow&)> written_by(const Callback& function) {
  return [function](Flow& flow) {
    const nb::gil_scoped_acquire held;
    const auto handle = std::make_shared<BoundFlow>(BoundFlow{&flow});
    struct End {
      const std::shared_ptr<BoundFlow>& handle;
      ~End() { handle->flow = nullptr; }
    } const end{handle};
    function.run(handle);
  };
}

nb::dict energies_of(const NamedEnergies& energies) {
  nb::dict result;
  for (const auto& [name, energy] : energies) {
    result[name.c_str()] = energy;
  }
  return result;
}

void check_process() {
  static std::atomic<pid_t> first = 0;
  pid_t nobody = 0;
  const pid_t own = getpid();
  if (!first.compare_exchange_strong(nobody, own) && nobody != own) {
    throw DeviceError("[run] this process was forked off one that had run the engine, whose threads are not there; expected a new "
                      "process: multiprocessing.set_start_method('spawn'), or fork before the first run");
  }
}

}  // namespace pcxx::python
