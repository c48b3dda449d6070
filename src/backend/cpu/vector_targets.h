/// Which instruction sets our vector code is compiled for: those whose vectors have a size known to the compiler; and on
/// x86, where SSE4 without AVX2 has died out, AVX-512, AVX2 and a plain baseline.
#pragma once

#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV | HWY_SSSE3 | HWY_SSE4)
