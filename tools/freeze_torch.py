#!/usr/bin/env python3
"""Freezes what PyTorch's layers compute: outputs and gradients in f64, for tests/network/torch_test.cpp.

  tools/freeze_torch.py tests/torch/layers.npz

Arrays of a case: x (samples, ...), g like the output, y, dx, and for each parameter p: p, dp, summed over the samples;
of layers with running statistics also those before and after.
"""

import sys

import numpy as np
import torch
from torch import nn

SAMPLES = 3


class Attention(nn.Module):
    """torch's multi-head attention of one sequence with itself, its parameters named one by one."""

    def __init__(self, width, heads, mask=None):
        super().__init__()
        self.inner = nn.MultiheadAttention(width, heads, batch_first=True)
        self.mask = mask

    def forward(self, x):
        return self.inner(x, x, x, attn_mask=self.mask, need_weights=False)[0]

    def named(self, grad):
        pick = (lambda p: p.grad) if grad else (lambda p: p.detach())
        weights, biases = pick(self.inner.in_proj_weight).chunk(3), pick(self.inner.in_proj_bias).chunk(3)
        for name, weight, bias in zip(("query", "key", "value"), weights, biases):
            yield f"{name}.weight", weight
            yield f"{name}.bias", bias
        yield "output.weight", pick(self.inner.out_proj.weight)
        yield "output.bias", pick(self.inner.out_proj.bias)


def cases():
    yield "linear", nn.Linear(4, 3), (2, 4)
    yield "conv1d", nn.Conv1d(2, 3, 3), (2, 7)
    yield "conv1d_strided", nn.Conv1d(2, 4, 3, stride=2, padding=2, dilation=2, groups=2), (2, 9)
    yield "conv2d", nn.Conv2d(2, 3, 3, padding=1), (2, 5, 6)
    yield "conv2d_mixed", nn.Conv2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2), bias=False), (2, 6, 5)
    yield "conv2d_groups", nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), (4, 6, 6)
    yield "conv2d_depthwise", nn.Conv2d(3, 3, 3, groups=3), (3, 5, 5)
    yield "conv2d_same", nn.Conv2d(2, 2, (4, 3), padding="same"), (2, 5, 4)
    for mode in ("reflect", "replicate", "circular"):
        yield f"conv2d_{mode}", nn.Conv2d(2, 3, 3, stride=2, padding=(2, 1), padding_mode=mode), (2, 5, 4)
    yield "conv3d", nn.Conv3d(2, 2, (2, 3, 2), stride=(1, 2, 1), padding=(0, 1, 1)), (2, 3, 5, 3)
    yield "conv_transpose1d", nn.ConvTranspose1d(3, 2, 3, stride=2, padding=1, output_padding=1), (3, 4)
    yield "conv_transpose2d", nn.ConvTranspose2d(2, 3, 3, stride=2, padding=1), (2, 3, 4)
    yield "conv_transpose2d_groups", nn.ConvTranspose2d(
        4, 6, (3, 2), stride=(2, 3), padding=(1, 0), output_padding=(1, 2), groups=2, dilation=(2, 1)), (4, 3, 2)
    yield "conv_transpose3d", nn.ConvTranspose3d(2, 2, 2, stride=(1, 2, 2), bias=False), (2, 2, 3, 2)
    yield "max_pool1d", nn.MaxPool1d(2), (2, 7)
    yield "max_pool2d", nn.MaxPool2d(3, stride=2, padding=1), (2, 6, 5)
    yield "max_pool2d_ceil", nn.MaxPool2d((2, 3), stride=(2, 2), padding=(0, 1), dilation=(2, 1), ceil_mode=True), (2, 6, 6)
    yield "max_pool3d", nn.MaxPool3d(2), (2, 4, 2, 5)
    yield "avg_pool1d", nn.AvgPool1d(3, stride=2), (2, 8)
    yield "avg_pool2d", nn.AvgPool2d(3, stride=2, padding=1), (2, 6, 5)
    yield "avg_pool2d_ceil", nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True), (2, 6, 6)
    yield "avg_pool2d_excluded", nn.AvgPool2d(3, stride=2, padding=1, ceil_mode=True, count_include_pad=False), (2, 6, 6)
    yield "avg_pool3d", nn.AvgPool3d(2), (2, 4, 2, 5)
    yield "adaptive_max_pool1d", nn.AdaptiveMaxPool1d(3), (2, 7)
    yield "adaptive_max_pool2d", nn.AdaptiveMaxPool2d((2, 4)), (2, 5, 7)
    yield "adaptive_max_pool3d", nn.AdaptiveMaxPool3d((2, 1, 3)), (2, 4, 3, 5)
    yield "adaptive_avg_pool1d", nn.AdaptiveAvgPool1d(5), (2, 8)
    yield "adaptive_avg_pool2d", nn.AdaptiveAvgPool2d((3, 2)), (2, 5, 4)
    yield "adaptive_avg_pool2d_upwards", nn.AdaptiveAvgPool2d((4, 3)), (2, 3, 2)
    yield "adaptive_avg_pool3d", nn.AdaptiveAvgPool3d(1), (2, 2, 3, 2)
    yield "layer_norm", nn.LayerNorm((3, 4)), (3, 4)
    yield "layer_norm_last", nn.LayerNorm(4, eps=1e-3), (3, 4)
    yield "layer_norm_plain", nn.LayerNorm(4, elementwise_affine=False), (3, 4)
    yield "group_norm", nn.GroupNorm(2, 4), (4, 3, 2)
    yield "batch_norm", nn.BatchNorm2d(2, momentum=0.3), (2, 3, 2)
    yield "batch_norm_vector", nn.BatchNorm1d(4), (4,)
    yield "batch_norm_evaluation", nn.BatchNorm2d(2).eval(), (2, 3, 2)
    yield "attention", Attention(6, 2), (4, 6)
    causal = torch.triu(torch.ones(4, 4, dtype=torch.bool), diagonal=1)
    yield "attention_causal", Attention(6, 3, causal), (4, 6)


def parameters(module, grad=False):
    if isinstance(module, Attention):
        return dict(module.named(grad))
    return {name: (p.grad if grad else p.detach()) for name, p in module.named_parameters()}


def statistics(module):
    return {name: b.clone() for name, b in module.named_buffers() if name.startswith("running")}


def frozen():
    for name, module, shape in cases():
        module = module.double()
        with torch.no_grad():
            for tensor in list(module.parameters()) + [b for b in module.buffers() if b.dtype == torch.float64]:
                tensor.copy_(torch.rand_like(tensor) + 0.2 if tensor.dim() == 1 else torch.randn_like(tensor))
        x = torch.randn(SAMPLES, *shape, dtype=torch.float64, requires_grad=True)
        for key, value in statistics(module).items():
            yield f"{name}/before/{key}", value
        y = module(x)
        g = torch.randn_like(y)
        y.backward(g)
        yield f"{name}/x", x.detach()
        yield f"{name}/g", g
        yield f"{name}/y", y.detach()
        yield f"{name}/dx", x.grad
        for key, value in parameters(module).items():
            yield f"{name}/{key}", value
        for key, value in parameters(module, grad=True).items():
            yield f"{name}/d{key}", value
        for key, value in statistics(module).items():
            yield f"{name}/after/{key}", value


def main():
    torch.manual_seed(0)
    np.savez_compressed(sys.argv[1], torch=np.array(torch.__version__),
                        **{name: value.numpy() for name, value in frozen()})


if __name__ == "__main__":
    main()
