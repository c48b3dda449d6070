/// Which instruction sets our vector code is compiled for: those whose vectors have a size known to the compiler; and on
/// x86, where SSE4 without AVX2 has died out, AVX-512, AVX2 and a plain baseline.
#pragma once

#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV | HWY_SSSE3 | HWY_SSE4)

/// Defines the function `name` in a file's part that is compiled once, under HWY_ONCE: it returns the table that kernels() of
/// the best instruction set of this machine gives. A macro, because Highway's names for each set are.
#define PCXX_DISPATCH_KERNELS(Table, name)                                   \
  namespace pcxx::cpu {                                                      \
  HWY_EXPORT(kernels);                                                       \
  const Table& name() { return *HWY_DYNAMIC_DISPATCH(kernels)(); }           \
  }
