"""The interface is whole: what the headers declare Python has, or a reason why not; everything says what it does."""

import inspect
import re
import types
from collections.abc import Callable

import pytest

import pcxx
from headers import declarations, throwing

FOUND = declarations()

_ARRAYS = "NumPy arrays take its place"
_PATHS = "used by readers, which take a folder"
_BYTES = "Python has bytes, files and paths of its own"
_NUMBERS = "the numbers themselves are given: an int, a tuple, 'same'"
_TEXT = "names are given as texts"
_HANDLES = "for code that is written in C++"

# Functions and classes that Python lacks on purpose. A name that begins with Class. is a member or an option.
EXCEPTIONS = {
    "Array": _ARRAYS, "Shape": "shapes are tuples", "size_of": _ARRAYS, "ElementType": _ARRAYS,
    "scaled_inputs": "Dataset.scaled_inputs()", "transformed": "Dataset.input_shape", "check": "Dataset() checks", "check_finite":
    "numpy.isfinite", "load_idx": "the readers of data sets", "parse_idx": _BYTES, "parse_cifar10": _BYTES, "parse_cifar100": _BYTES,
    "parse_npz": _BYTES, "parse_safetensors": _BYTES, "read_file": _BYTES, "write_file_atomically": _BYTES,
    "cifar10_folders": _PATHS, "cifar100_folders": _PATHS, "mnist_folders": _PATHS, "fashion_mnist_folders": _PATHS,
    "tiny_imagenet_folders": _PATHS, "tiny_imagenet_classes": _PATHS, "Cifar100Labels": "load_cifar100(coarse=)",
    "philox": "numpy.random", "stream_from": "numpy.random", "unit_from": "numpy.random", "RandomStream": "numpy.random.Generator",
    "Precision": _TEXT, "precision_from": _TEXT, "to_string": "str()",
    "Arena": _TEXT, "BlockKind": _TEXT, "CallKind": _TEXT, "costs": "Profile.costs()", "bench_profiles": "Executor.profile()",
    "load_recipe": "Recipe.load()", "parse_recipe": "Recipe.parse()", "differences": "Recipe.differences()",
    "Connection.from": "Connection.origin: from is a word of Python",
    "build_network": "Recipe.build_network()", "build_rule": "Recipe.build_rule()", "averages": "Recipe.averages",
    "build_rule_without_learning": "Recipe.build_rule_without_learning()", "load_data": "Recipe.load_data()",
    "batches_per_epoch": "Recipe.batches_per_epoch()", "save_checkpoint": "Checkpoint.save()",
    "TrainingOptions.folder": "an argument of train()", "TrainingOptions.resume": "of train()", "TrainingOptions.force": "of train()",
    "TrainingOptions.tensorboard": "of train()", "Checkpoint.recipe_name": "Checkpoint.recipe.name",
    "RunProgress.log_bytes": "of use to train() alone", "KeyRule": "rules are texts: 'parameter = key'", "key_rule": "rules are texts",
    "KeyPair": "a dict says who took what", "PcxSaveOptions": "arguments of save_pcx_params()",
    "padding_of": _NUMBERS, "same_padding": _NUMBERS, "Padding": _NUMBERS, "PerAxis": _NUMBERS, "Fans": "a pair of ints",
    "LayerParameter": "an Initialiser or a tensor is given", "ParameterOptions": "arguments of Network.parameter()",
    "AttentionOptions.output": "output_weight", "PictureModelOptions": "arguments of vgg5() and alexnet()",
    "EnergyWeight": "a number or a function is given", "Traits": "selections are made of patterns, tags, ~, & and |",
    "NodeRule": _HANDLES, "NodeData": "{node: array}", "Scaling": "a pair of floats", "ChannelStatistics": "arguments of normalise()",
    "Split": "a pair of Datasets", "LinearProblem": "a tuple", "NpzFile": "a dict", "SafetensorsFile": "a pair of dicts",
    "SampleSource": "picture_files(); arrays of one's own fit memory, or torch's DataLoader batches them",
    "Dataset.size": "len()", "Dataset.source": "picture_files()", "Dataset.stored_shape": "Dataset.inputs.shape[1:]",
    "Dataset.whole_numbers": "text_windows()", "Batch.indices": "Batch.inputs are int32 then",
    "Epoch.begin": "iter()", "Epoch.end": "iter()", "Epoch.next": "next()", "Vocabulary.size": "len()",
    "WordOptions": "arguments of Vocabulary.words()", "ConfusionMatrix.at": "ConfusionMatrix.counts[actual, predicted]",
    "Ensemble.size": "len()", "EnsembleMember": "a pair (program, seed)", "Optimisers": "an Optimiser or a list of OptimiserGroups",
    "OptimiserOutput": "a tensor, or (value, [slots])", "Optimiser.prepare": "clipped_by_norm() is the one use of it",
    "ParameterGroup": "Flow.optimiser() over Network.parameters(selection) is as short", "parameter_groups": "see ParameterGroup",
    "Flow.gradients": "Flow.gradient()", "Network.made_at": "told by itself", "Network.model": _HANDLES, "Network.prefix": _HANDLES,
    "Node.index": _HANDLES, "Parameter.index": _HANDLES, "Phase.rule_for": _HANDLES, "Phase.weight_of": _HANDLES,
    "Schedule.constant": _HANDLES, "State.at": "state[name]", "State.contains": "name in state", "State.entries": _HANDLES,
    "Tensor.constant": _HANDLES, "Tensor.graph": _HANDLES, "Tensor.id": _HANDLES,
    "Trainer.shared_state": "Trainer.state",
}


def signatures(thing: object) -> str:
    """Returns the text of the signatures of a function, or of the constructor of a class."""
    made = getattr(thing, "__init__", None) if isinstance(thing, type) else thing
    return " ".join(text for text, *_ in getattr(made, "__nb_signature__", ()))


def excepted(name: str, member: str = "") -> bool:
    return name in EXCEPTIONS or f"{name}.{member}" in EXCEPTIONS


def missing(excepted: Callable[..., bool] = excepted) -> list[str]:
    """Returns what the headers declare and Python neither has nor is excused from."""
    names = [name for name in FOUND.functions if not hasattr(pcxx, name) and not excepted(name)]
    for enum, values in FOUND.enums.items():
        names += [f"{enum}.{value}" for value in values if not excepted(enum) and not hasattr(getattr(pcxx, enum, None), value)]
    for owner, members in FOUND.classes.items():
        own = getattr(pcxx, owner, None)
        takers = [name for name, text in FOUND.takes.items() if re.search(rf"\b{owner}\b", text)]
        options = " ".join(signatures(getattr(pcxx, name, None)) for name in [*takers, owner])
        for member in members:
            if not hasattr(own, member) and not re.search(rf"\b{member}:", options) and not excepted(owner, member):
                names.append(f"{owner}.{member}")
    return sorted(names)


def test_headers_are_read():
    assert {"linear", "gelu", "train", "two_moons"} <= FOUND.functions and len(FOUND.functions) > 150
    assert {"rate", "momentum", "nesterov"} <= FOUND.classes["SgdOptions"] and "step" in FOUND.classes["Trainer"]
    assert FOUND.enums["Role"] == {"free", "following", "clamped"}
    assert not any(name.endswith("_") for members in FOUND.classes.values() for name in members)  # private ones


def test_python_has_what_the_headers_declare():
    assert not missing(), "bind them in python/src, or say in EXCEPTIONS why not"


def test_exceptions_are_of_use():
    """An exception for what is bound, or gone, would hide the next gap."""
    declared = set(FOUND.functions) | set(FOUND.classes) | set(FOUND.enums)
    declared |= {f"{owner}.{member}" for owner, members in FOUND.classes.items() for member in members}
    assert not [name for name in EXCEPTIONS if name not in declared]
    needed = set(missing(lambda *_: False))
    needed |= {name.partition(".")[0] for name in needed}
    assert not [name for name in EXCEPTIONS if name not in needed and hasattr(pcxx, name.partition(".")[0])]


def test_an_option_that_is_new_would_be_missed(monkeypatch):
    monkeypatch.setitem(FOUND.classes, "SgdOptions", FOUND.classes["SgdOptions"] | {"brand_new"})
    monkeypatch.setattr(FOUND, "functions", FOUND.functions | {"new_function"})
    assert missing() == ["SgdOptions.brand_new", "new_function"]


def public(owner: object, prefix: str) -> list[tuple[str, object]]:
    """Returns the public symbols of a module or class with theirs, but what it has from elsewhere."""
    symbols = []
    for name, thing in sorted(vars(owner).items()):
        if name.startswith("_") or isinstance(thing, types.ModuleType) and not thing.__name__.startswith("pcxx."):
            continue
        if not getattr(thing, "__module__", "pcxx").startswith("pcxx"):
            continue
        if not isinstance(thing, (str, int, float)):
            symbols.append((prefix + name, thing))
        if isinstance(thing, type) and thing.__module__.startswith("pcxx"):
            symbols += public(thing, f"{prefix}{name}.")
    return symbols


SYMBOLS = public(pcxx, "pcxx.")


def documentation(thing: object) -> str:
    if isinstance(thing, (classmethod, staticmethod)):
        thing = thing.__func__
    return (inspect.getdoc(thing) or "").strip()


def test_every_public_symbol_says_what_it_does():
    assert len(SYMBOLS) > 500
    silent = [name for name, thing in SYMBOLS if not isinstance(thing, types.MemberDescriptorType) and not documentation(thing)]
    assert not silent


def test_every_value_of_an_enum_says_what_it_means():
    for name in FOUND.enums:
        for value in getattr(pcxx, name, ()):
            assert value.__doc__ and value.__doc__ != type(value).__doc__, f"{name}.{value}"


def test_what_throws_in_cpp_says_what_it_raises():
    functions = [name for name in throwing() if hasattr(pcxx, name)]
    assert len(functions) > 40
    assert not [name for name in functions if not re.search(r"\b[Rr]aise[sd]?\b", documentation(getattr(pcxx, name)))]


def test_layers_say_their_shapes_and_what_they_raise():
    """Layers and operations of tensors: what comes out, in which shape, and which error they have for what does not fit."""
    incomplete = []
    for name, thing in SYMBOLS:
        text = signatures(thing)
        if isinstance(thing, type) or not re.match(r"def \w+\((x|query|index): .*Tensor\b.*\) -> .*Tensor$", text.split("\n")[0]):
            continue
        if "out:" in text and ("(" not in documentation(thing) or "Raises" not in documentation(thing)):
            incomplete.append(name)
    assert not incomplete


@pytest.mark.parametrize("name, source", [
    ("xavier_uniform", "Glorot"), ("he_normal", "He et al."), ("adam", "Kingma"), ("lion", "Chen"), ("cosine_restarts", "Loshchilov"),
    ("PredictiveCoding", "Rao & Ballard"), ("IncrementalPredictiveCoding", "Salvatori"), ("ZeroDivergence", "Song"),
    ("multi_head_attention", "Vaswani"), ("batch_norm", "Ioffe"), ("layer_norm", "Ba, Kiros"), ("dropout", "Srivastava"),
])
def test_formulas_name_their_sources(name, source):
    assert source in documentation(getattr(pcxx, name))
