/// Shapes, spans and dtypes of results, and what operations say when operands do not fit.
#include <gtest/gtest.h>

#include "pcxx/core/errors.h"
#include "pcxx/tensor/gradient.h"
#include "support/message.h"
#include "support/workbench.h"
#include "tensor/rules.h"
#include "tensor/windows.h"

namespace pcxx::test {
namespace {

struct ShapeRules : testing::Test {
  Workbench bench{4};
  Tensor shared(const Shape& shape) { return bench.variable(shape, Span::shared); }
  Tensor per_sample(const Shape& shape) { return bench.variable(shape, Span::per_sample); }
  template <class Body>
  std::string error(const Body& body) {
    return message_of<ShapeError>(body);
  }
};

TEST_F(ShapeRules, EveryOperationHasARuleAndAName) {
  for (int op = 0; op < static_cast<int>(Op::count); ++op) {
    const OperationRule& entry = rule(static_cast<Op>(op));
    EXPECT_EQ(static_cast<int>(entry.op), op);
    EXPECT_FALSE(entry.name.empty()) << op;
    EXPECT_NE(entry.infer, nullptr) << entry.name;
    EXPECT_NE(entry.gradient, nullptr) << entry.name;
  }
}

TEST_F(ShapeRules, Convolutions) {
  const Attributes windows = attributes_of(Convolution{{{3}, {1}, {0}, {1}}, 2});
  const Tensor x = per_sample({6, 4}), w = shared({8, 3, 2}), y = per_sample({4, 8});
  EXPECT_EQ(apply(Op::convolve, {x, w}, windows, {4, 8}).span(), Span::per_sample);
  EXPECT_EQ(apply(Op::convolve_weight, {x, y}, windows).shape(), (Shape{8, 3, 2}));
  EXPECT_EQ(apply(Op::convolve_weight, {x, y}, with_sample_sum(Op::convolve_weight, windows, true)).span(), Span::shared);
  EXPECT_EQ(apply(Op::convolve_transposed, {y, w}, windows, {6, 4}).shape(), (Shape{6, 4}));
  EXPECT_EQ(error([&] { apply(Op::convolve, {x, w}, windows, {4, 9}); }),
            "[convolve] pictures (6, 4) and (4, 9) do not fit a weight (8, 3, 2) in 2 groups: expected 4 channels in, 8 out, and groups "
            "that divide both");
  EXPECT_EQ(error([&] { apply(Op::convolve, {x, shared({8, 2, 2})}, windows, {4, 8}); }),
            "[convolve] weight (8, 2, 2) for windows of other extents than its axes 1 to 1");
  EXPECT_EQ(error([&] { apply(Op::convolve, {x, shared({8, 2})}, windows, {4, 8}); }),
            "[convolve] windows over 1 axes of pictures (6, 4) and (4, 8) with a weight (8, 2); expected (in..., C), (out..., O) and "
            "(O, k..., C / groups)");
  EXPECT_EQ(error([&] { apply(Op::convolve_weight, {per_sample({6, 3}), y}, windows); }),
            "[convolve_weight] of pictures (6, 3) and (4, 8) in 2 groups; expected (in..., C) and (out..., O) with groups that divide C and O");
}

TEST_F(ShapeRules, Windows) {
  const Attributes windows = attributes_of(pcxx::Windows{{3}, {1}, {0}, {1}});
  const Tensor x = per_sample({6, 4});
  EXPECT_EQ(apply(Op::window_sum, {x}, windows, {4, 4}).shape(), (Shape{4, 4}));
  EXPECT_EQ(error([&] { apply(Op::window_sum, {x}, windows, {4, 5}); }),
            "[window_sum] windows over 1 axes from (6, 4) to (4, 5); expected (d1, ..., dn, channels) twice");
  EXPECT_EQ(error([&] { apply(Op::window_pick, {shared({5, 4}), x}, windows, {4, 4}); }),
            "[window_pick] maxima of a picture (5, 4) for elements of one of (6, 4); expected the same shape");
  EXPECT_EQ(take(x, {5, 0, 0}, 0).shape(), (Shape{3, 4}));
  EXPECT_EQ(error([&] { take(x, {6}, 0); }), "[take] index 6 along axis 0 of extent 6; expected 0 to 5");
  EXPECT_EQ(error([&] { apply(Op::take_add, {x}, {{0, 1, 2}, {}}, {5, 4}); }),
            "[take_add] (6, 4) into (5, 4) along axis 0; expected (2, 4)");
}

TEST_F(ShapeRules, OperandsBroadcastAsInNumPy) {
  const auto shape = [&](const Shape& a, const Shape& b) { return (shared(a) + shared(b)).shape(); };
  EXPECT_EQ(shape({2, 3}, {2, 3}), (Shape{2, 3}));
  EXPECT_EQ(shape({3}, {2, 3}), (Shape{2, 3}));
  EXPECT_EQ(shape({2, 1}, {1, 3}), (Shape{2, 3}));
  EXPECT_EQ(shape({}, {2, 3}), (Shape{2, 3}));
  EXPECT_EQ(shape({4, 1, 3}, {2, 1}), (Shape{4, 2, 3}));
  EXPECT_EQ(shape({0, 3}, {1, 3}), (Shape{0, 3}));
  EXPECT_EQ((2.0 * shared({2, 3})).shape(), (Shape{2, 3}));
  EXPECT_EQ(select(shared({2, 1}) < 0.0, shared({3}), 0.0).shape(), (Shape{2, 3}));
}

TEST_F(ShapeRules, ElementwiseMessages) {
  const Tensor a = shared({2, 3}), b = shared({4});
  EXPECT_EQ(error([&] { a + b; }),
            "[add] shapes (2, 3) and (4) do not fit; expected equal extents, or 1, counted from the last axis");
  EXPECT_EQ(error([&] { a < b; }),
            "[less] shapes (2, 3) and (4) do not fit; expected equal extents, or 1, counted from the last axis");
  EXPECT_EQ(error([&] { select(a < 0.0, b, 1.0); }),
            "[select] shapes (2, 3) and (4) and () do not fit; expected equal extents, or 1, counted from the last axis");
  EXPECT_EQ(error([&] { select(a, 1.0, 0.0); }),
            "[select] the condition is real; expected a comparison's result (boolean)");
}

TEST_F(ShapeRules, Dtypes) {
  const Tensor x = shared({3}), index = bench.index({3}, Span::shared, 5);
  EXPECT_EQ((x < 0.0).dtype(), DType::boolean);
  EXPECT_EQ((!(x < 0.0)).dtype(), DType::boolean);
  EXPECT_EQ(((x < 0.0) && (x > 1.0)).dtype(), DType::boolean);
  EXPECT_EQ((1.0 * (x < 0.0)).dtype(), DType::real);
  EXPECT_EQ(sum(x < 0.0).dtype(), DType::real);
  EXPECT_EQ(index.dtype(), DType::index);
  for (const Tensor& moved : {reshape(index, {3, 1}), transpose(reshape(index, {3, 1})), broadcast(index, {2, 3}),
                              slice(index, {0}, {2}), pad(index, {1}, {0}), concat({index, index}, 0)}) {
    EXPECT_EQ(moved.dtype(), DType::index);
  }
  EXPECT_EQ(concat({x, x < 0.0}, 0).dtype(), DType::real);
  EXPECT_EQ(one_hot(index, 5).dtype(), DType::real);
}

TEST_F(ShapeRules, AResultIsPerSampleIfAnyOperandIs) {
  const Tensor s = shared({2, 2}), p = per_sample({2, 2});
  EXPECT_EQ((s + s).span(), Span::shared);
  EXPECT_EQ((s + p).span(), Span::per_sample);
  EXPECT_EQ((p * 2.0).span(), Span::per_sample);
  EXPECT_EQ(matmul(s, p).span(), Span::per_sample);
  EXPECT_EQ(matmul(s, s).span(), Span::shared);
  EXPECT_EQ(concat({s, p}, 0).span(), Span::per_sample);
  EXPECT_EQ(gather(s, bench.index({3}, Span::per_sample, 2)).span(), Span::per_sample);
  EXPECT_EQ(sum(p).span(), Span::per_sample);
}

TEST_F(ShapeRules, OnlyBatchOperationsMixSamples) {
  const Tensor s = shared({2}), p = per_sample({2});
  EXPECT_EQ(batch_sum(p).span(), Span::shared);
  EXPECT_EQ(batch_sum(p).shape(), (Shape{2}));
  EXPECT_EQ(batch_mean(p).span(), Span::shared);
  EXPECT_EQ(batch_mean(s).id(), s.id());
  EXPECT_EQ(batch_sum(s).span(), Span::shared);
  EXPECT_EQ(batch_size(p).span(), Span::shared);
  EXPECT_EQ(batch_size(p).shape(), Shape{});
  EXPECT_EQ(message_of<ArgumentError>([] { batch_sum(Tensor(1.0)); }),
            "[batch_sum] of a plain number; expected a tensor");
}

TEST_F(ShapeRules, ReductionsDropTheirAxes) {
  const Tensor x = shared({2, 3, 4});
  EXPECT_EQ(sum(x).shape(), Shape{});
  EXPECT_EQ(sum(x, {1}).shape(), (Shape{2, 4}));
  EXPECT_EQ(max(x, {-1, 0}).shape(), (Shape{3}));
  EXPECT_EQ(logsumexp(x, {2}).shape(), (Shape{2, 3}));
  EXPECT_EQ(mean(x, {0}).shape(), (Shape{3, 4}));
  EXPECT_EQ(sum(x, {}).id(), x.id());
  EXPECT_EQ(softmax(x).shape(), x.shape());
  EXPECT_EQ(log_softmax(x).shape(), x.shape());
}

TEST_F(ShapeRules, ReductionMessages) {
  const Tensor x = shared({2, 3}), empty = shared({2, 0});
  EXPECT_EQ(error([&] { sum(x, {2}); }), "[sum] axis 2 of a tensor of shape (2, 3); expected -2 to 1");
  EXPECT_EQ(error([&] { sum(shared({}), {0}); }), "[sum] axis 0 of a tensor of shape (), which has none");
  EXPECT_EQ(error([&] { max(x, {-3}); }), "[max] axis -3 of a tensor of shape (2, 3); expected -2 to 1");
  EXPECT_EQ(error([&] { mean(x, {0, -2}); }), "[mean] the same axis twice for a tensor of shape (2, 3)");
  EXPECT_EQ(error([&] { max(empty, {1}); }), "[max] of no elements: axis 1 of (2, 0)");
  EXPECT_EQ(error([&] { logsumexp(empty); }), "[logsumexp] of no elements: axis 1 of (2, 0)");
  EXPECT_EQ(error([&] { mean(empty); }), "[mean] of no elements: shape (2, 0)");
  EXPECT_EQ(error([&] { log_softmax(shared({})); }), "[log_softmax] a scalar has no last axis");
  EXPECT_EQ(error([&] { softmax(shared({})); }), "[softmax] a scalar has no last axis");
}

TEST_F(ShapeRules, ProductsContractTheInnerAxis) {
  const auto shape = [&](const Shape& a, const Shape& b) { return matmul(shared(a), shared(b)).shape(); };
  EXPECT_EQ(shape({2, 3}, {3, 4}), (Shape{2, 4}));
  EXPECT_EQ(shape({3}, {3, 4}), (Shape{4}));
  EXPECT_EQ(shape({2, 3}, {3}), (Shape{2}));
  EXPECT_EQ(shape({3}, {3}), Shape{});
  EXPECT_EQ(shape({2, 0}, {0, 4}), (Shape{2, 4}));
}

TEST_F(ShapeRules, ProductMessages) {
  EXPECT_EQ(error([&] { matmul(shared({2, 3}), shared({4, 5})); }),
            "[matmul] shapes (2, 3) and (4, 5) do not fit: 3 columns meet 4 rows");
  EXPECT_EQ(error([&] { matmul(transpose(shared({2, 3})), shared({4, 5})); }),
            "[matmul] shapes (2, 3) transposed and (4, 5) do not fit: 2 columns meet 4 rows");
  EXPECT_EQ(error([&] { matmul(shared({3}), transpose(shared({5, 4}))); }),
            "[matmul] shapes (1, 3) and (5, 4) transposed do not fit: 3 columns meet 4 rows");
  EXPECT_EQ(error([&] { matmul(shared({2, 3, 4}), shared({4})); }),
            "[matmul] shapes (2, 3, 4) and (4); expected vectors or matrices");
  EXPECT_EQ(error([&] { matmul(shared({}), shared({4})); }), "[matmul] shapes () and (4); expected vectors or matrices");
  EXPECT_EQ(error([&] { matmul(2.0, shared({4})); }), "[matmul] shapes () and (4); expected vectors or matrices");
}

TEST_F(ShapeRules, StructureShapes) {
  const Tensor x = shared({2, 3}), index = bench.index({5}, Span::shared, 2);
  EXPECT_EQ(transpose(x).shape(), (Shape{3, 2}));
  EXPECT_EQ(transpose(shared({2, 3, 4}), {1, -1, 0}).shape(), (Shape{3, 4, 2}));
  EXPECT_EQ(concat({x, x, x}, -1).shape(), (Shape{2, 9}));
  EXPECT_EQ(slice(x, {0, 1}, {1, 3}).shape(), (Shape{1, 2}));
  EXPECT_EQ(pad(x, {1, 0}, {0, 2}).shape(), (Shape{3, 5}));
  EXPECT_EQ(gather(x, index).shape(), (Shape{5, 3}));
  EXPECT_EQ(gather(x, reshape(index, {5, 1})).shape(), (Shape{5, 1, 3}));
  EXPECT_EQ(one_hot(index, 7).shape(), (Shape{5, 7}));
  EXPECT_EQ(row(x, 1.0).shape(), (Shape{3}));
  EXPECT_EQ(row(index, 1.0).dtype(), DType::index);
  EXPECT_EQ(row(index, 1.0).shape(), Shape{});
  EXPECT_EQ(set_row(x, 1.0, row(x, 0.0)).shape(), (Shape{2, 3}));
}

TEST_F(ShapeRules, StructureMessages) {
  const Tensor x = shared({2, 3}), index = bench.index({5}, Span::shared, 2);
  EXPECT_EQ(error([&] { reshape(x, {4, 2}); }), "[reshape] (2, 3) has 6 elements, (4, 2) has 8");
  EXPECT_EQ(error([&] { transpose(x, {0}); }), "[transpose] 1 axes for a tensor of shape (2, 3); expected each axis once");
  EXPECT_EQ(error([&] { transpose(x, {0, 0}); }), "[transpose] the same axis twice for a tensor of shape (2, 3)");
  EXPECT_EQ(error([&] { broadcast(x, {3, 3}); }), "[broadcast] (2, 3) does not stretch to (3, 3)");
  EXPECT_EQ(error([&] { broadcast(x, {3}); }), "[broadcast] (2, 3) does not stretch to (3)");
  EXPECT_EQ(error([&] { concat({}, 0); }), "[concat] of no tensors");
  EXPECT_EQ(error([&] { concat({x, shared({3, 2})}, 0); }),
            "[concat] (2, 3) and (3, 2) along axis 0; the other axes must agree");
  EXPECT_EQ(error([&] { concat({x, shared({3})}, 0); }),
            "[concat] (2, 3) and (3) along axis 0; the other axes must agree");
  EXPECT_EQ(error([&] { slice(x, {0, 1}, {3, 3}); }),
            "[slice] from (0, 1) to (3, 3) of a tensor of shape (2, 3); expected 0 <= start <= stop <= extent for each axis");
  EXPECT_EQ(error([&] { slice(x, {-1, 0}, {2, 3}); }),
            "[slice] from (-1, 0) to (2, 3) of a tensor of shape (2, 3); expected 0 <= start <= stop <= extent for each axis");
  EXPECT_EQ(error([&] { slice(x, {0}, {2}); }),
            "[slice] from (0) to (2) of a tensor of shape (2, 3); expected 0 <= start <= stop <= extent for each axis");
  EXPECT_EQ(error([&] { pad(x, {1, -1}, {0, 0}); }),
            "[pad] needs a non-negative size before and after each axis of (2, 3)");
  EXPECT_EQ(error([&] { gather(shared({}), index); }), "[gather] the table is a scalar; expected (n, ...)");
  EXPECT_EQ(error([&] { gather(x, x); }), "[gather] the index is real; expected a tensor of dtype index");
  EXPECT_EQ(error([&] { row(x, x); }),
            "[row] the sequence is (2, 3) and the place is (2, 3); expected (n, ...) and a scalar");
  EXPECT_EQ(error([&] { set_row(x, 0.0, x); }),
            "[set_row] the row is (2, 3); expected (3) for a sequence that is (2, 3)");
  EXPECT_EQ(error([&] { one_hot(x, 3); }), "[one_hot] the index is real; expected a tensor of dtype index");
  EXPECT_EQ(error([&] { one_hot(index, 0); }), "[one_hot] depth 0; expected at least 1");
}

TEST_F(ShapeRules, OperandsMustBelongTogether) {
  Workbench other(4);
  const Tensor x = shared({2}), y = other.variable({2}, Span::shared);
  EXPECT_EQ(message_of<ArgumentError>([&] { x + y; }), "[add] operands belong to different networks");
  EXPECT_EQ(message_of<ArgumentError>([] { exp(Tensor(1.0)); }),
            "[exp] all operands are plain numbers; at least one must be a tensor");
  EXPECT_EQ(message_of<ArgumentError>([&] { gradient(sum(x), {y}); }),
            "[gradient] output and variables belong to different networks");
}

TEST_F(ShapeRules, ActivationsByName) {
  const Tensor x = shared({2});
  EXPECT_EQ(activate("gelu", x).id(), gelu(x).id());
  EXPECT_EQ(activate("identity", x).id(), x.id());
  EXPECT_EQ(activation_names().size(), static_cast<std::size_t>(Activation::count));
  EXPECT_EQ(message_of<NameError>([&] { activate("gelo", x); }),
            "[activation] unknown name 'gelo'; known: identity, relu, leaky_relu, gelu, gelu_erf, tanh, sigmoid, silu, "
            "softplus, hard_tanh, elu");
}

TEST_F(ShapeRules, GradientMessages) {
  const Tensor x = shared({2});
  EXPECT_EQ(message_of<ShapeError>([&] { gradient(x, {x}); }), "[gradient] of a tensor of shape (2); expected a scalar");
  EXPECT_EQ(message_of<ArgumentError>([&] { gradient(Tensor(1.0), {x}); }), "[gradient] of a plain number");
}

}  // namespace
}  // namespace pcxx::test
