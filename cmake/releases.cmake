# The releases that stand in for what the system lacks: where they come from, and how each becomes a static library inside pcxx.
#
# Their own build systems are not run: each is a handful of files, and so they bring no options, tests or install rules along.
# The first place is the project's own, the second Debian's (with "ds" or "dfsg" in its name Debian has left out what it may not
# distribute, hence another checksum). All are the bytes that `git archive` of the tag makes, or that Debian's index signs.
include(${CMAKE_CURRENT_LIST_DIR}/fetch.cmake)
set(CMAKE_C_COMPILER_LAUNCHER ${CMAKE_CXX_COMPILER_LAUNCHER})
set(debian https://deb.debian.org/debian/pool/main)

# Makes a fetched library: the target pcxx_fetched_<package>, hidden and without warnings, and the name that find_package gives it.
# Without sources it is headers alone.
function(pcxx_fetched_library package alias include)
  set(target pcxx_fetched_${package})
  if(ARGN)
    add_library(${target} STATIC EXCLUDE_FROM_ALL ${ARGN})
    set_target_properties(${target} PROPERTIES C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden)
    target_include_directories(${target} PRIVATE ${include})
    target_compile_options(${target} PRIVATE -w)
  else()
    add_library(${target} INTERFACE)
  endif()
  target_include_directories(${target} SYSTEM INTERFACE ${include})
  add_library(${alias} ALIAS ${target})
endfunction()

# pcxx_fetch_<package> makes the targets of find_package(<package>), or sets fetch_error to what failed.

function(pcxx_fetch_hwy)
  pcxx_fetch(hwy highway 1.2.0 FILES hwy/*
    PLACES https://github.com/google/highway/archive/refs/tags/1.2.0.tar.gz
           7e0be78b8318e8bdbf6fa545d2ecb4c90f947df03f7aadc42c1967f019e63343
           ${debian}/h/highway/highway_1.2.0.orig.tar.gz
           7e0be78b8318e8bdbf6fa545d2ecb4c90f947df03f7aadc42c1967f019e63343)
  if(hwy)
    set(sources abort aligned_allocator per_target print targets timer)
    list(TRANSFORM sources REPLACE "(.+)" "${hwy}/hwy/\\1.cc")
    pcxx_fetched_library(hwy hwy::hwy ${hwy} ${sources})
    target_compile_definitions(pcxx_fetched_hwy PUBLIC HWY_STATIC_DEFINE)
  endif()
  return(PROPAGATE fetch_error fetch_file)
endfunction()

function(pcxx_fetch_fmt)
  pcxx_fetch(fmt fmt 10.1.1 FILES include/* src/*
    PLACES https://github.com/fmtlib/fmt/archive/refs/tags/10.1.1.tar.gz
           78b8c0a72b1c35e4443a7e308df52498252d1cefc2b08c9a97bc9ee6cfe61f8b
           ${debian}/f/fmtlib/fmtlib_10.1.1+ds1.orig.tar.gz
           7000f214d2628f04174822f8048c573f1608194408d7931121595a03f1c18a17)
  if(fmt)
    pcxx_fetched_library(fmt fmt::fmt ${fmt}/include ${fmt}/src/format.cc ${fmt}/src/os.cc)
  endif()
  return(PROPAGATE fetch_error fetch_file)
endfunction()

function(pcxx_fetch_nlohmann_json)
  pcxx_fetch(json nlohmann-json 3.11.3 FILES include/*
    PLACES https://github.com/nlohmann/json/archive/refs/tags/v3.11.3.tar.gz
           0d8ef5af7f9794e3263480193c491549b2ba6cc74bb018906202ada498a79406
           ${debian}/n/nlohmann-json3/nlohmann-json3_3.11.3.orig.tar.gz
           0d8ef5af7f9794e3263480193c491549b2ba6cc74bb018906202ada498a79406)
  if(json)
    pcxx_fetched_library(nlohmann_json nlohmann_json::nlohmann_json ${json}/include)
  endif()
  return(PROPAGATE fetch_error fetch_file)
endfunction()

function(pcxx_fetch_tomlplusplus)
  pcxx_fetch(toml tomlplusplus 3.4.0 FILES include/*
    PLACES https://github.com/marzer/tomlplusplus/archive/refs/tags/v3.4.0.tar.gz
           8517f65938a4faae9ccf8ebb36631a38c1cadfb5efa85d9a72e15b9e97d25155
           ${debian}/t/tomlplusplus/tomlplusplus_3.4.0+ds.orig.tar.xz
           0ae736e13a49cc8a0aa7799705cf18bd93f5f56624613e6aa554b65fe2d72768)
  if(toml)
    pcxx_fetched_library(tomlplusplus tomlplusplus::tomlplusplus ${toml}/include)
  endif()
  return(PROPAGATE fetch_error fetch_file)
endfunction()

function(pcxx_fetch_ZLIB)
  pcxx_fetch(zlib zlib 1.3.1 FILES *.c *.h
    PLACES https://github.com/madler/zlib/archive/refs/tags/v1.3.1.tar.gz
           17e88863f3600672ab49182f217281b6fc4d3c762bde361935e436a95214d05c
           ${debian}/z/zlib/zlib_1.3.dfsg+really1.3.1.orig.tar.gz
           60dd315c07f616887caa029408308a018ace66e3d142726a97db164b3b8f69fb)
  if(zlib)
    file(GLOB sources ${zlib}/*.c)
    pcxx_fetched_library(ZLIB ZLIB::ZLIB ${zlib} ${sources})
    target_compile_definitions(pcxx_fetched_ZLIB PUBLIC Z_HAVE_UNISTD_H)
  endif()
  return(PROPAGATE fetch_error fetch_file)
endfunction()

# libjpeg-turbo without its assembly, which is slower: reading pictures is a small part of training on them.
function(pcxx_fetch_JPEG)
  pcxx_fetch(jpeg libjpeg-turbo 2.1.5 FILES *.c *.h *.h.in
    PLACES https://github.com/libjpeg-turbo/libjpeg-turbo/archive/refs/tags/2.1.5.tar.gz
           254f3642b04e309fee775123133c6464181addc150499561020312ec61c1bf7c
           ${debian}/libj/libjpeg-turbo/libjpeg-turbo_2.1.5.orig.tar.gz
           254f3642b04e309fee775123133c6464181addc150499561020312ec61c1bf7c)
  if(jpeg)
    set(VERSION 2.1.5)
    set(LIBJPEG_TURBO_VERSION_NUMBER 2001005)
    set(JPEG_LIB_VERSION 62)
    set(BITS_IN_JSAMPLE 8)
    set(MEM_SRCDST_SUPPORTED ON)
    set(C_ARITH_CODING_SUPPORTED ON)
    set(D_ARITH_CODING_SUPPORTED ON)
    set(BUILD pcxx)
    set(COPYRIGHT_YEAR 1991-2023)
    set(INLINE "inline __attribute__((always_inline))")
    set(THREAD_LOCAL __thread)
    set(SIZE_T ${CMAKE_SIZEOF_VOID_P})
    set(HAVE_BUILTIN_CTZL ON)
    foreach(header jconfig jconfigint jversion)
      configure_file(${jpeg}/${header}.h.in ${jpeg}/${header}.h)
    endforeach()
    set(sources
      jaricom jcapimin jcapistd jcarith jccoefct jccolor jcdctmgr jchuff jcicc jcinit jcmainct jcmarker jcmaster jcomapi jcparam
      jcphuff jcprepct jcsample jctrans jdapimin jdapistd jdarith jdatadst jdatasrc jdcoefct jdcolor jddctmgr jdhuff jdicc jdinput
      jdmainct jdmarker jdmaster jdmerge jdphuff jdpostct jdsample jdtrans jerror jfdctflt jfdctfst jfdctint jidctflt jidctfst
      jidctint jidctred jmemmgr jmemnobs jquant1 jquant2 jsimd_none jutils)
    list(TRANSFORM sources REPLACE "(.+)" "${jpeg}/\\1.c")
    pcxx_fetched_library(JPEG JPEG::JPEG ${jpeg} ${sources})
  endif()
  return(PROPAGATE fetch_error fetch_file)
endfunction()
