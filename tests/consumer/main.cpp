/// What a project that uses pcxx compiles: public headers only, linked with pcxx::pcxx alone.
#include <cstdio>
#include <string>

#include "pcxx/core/errors.h"
#include "pcxx/core/random.h"
#include "pcxx/core/shape.h"

int main() {
  const pcxx::Shape shape{256, 128};
  pcxx::RandomStream stream(0, pcxx::stream_from("consumer"));
  const double number = stream.uniform();
  if (pcxx::to_string(shape) != "(256, 128)" || number < 0 || number >= 1) {
    return 1;
  }
  try {
    pcxx::Shape wrong{-1};
    return 1;  // an exception must cross the library's border with its type
  } catch (const pcxx::ShapeError&) {
  }
  std::printf("consumer works: %s\n", pcxx::to_string(shape).c_str());
}
