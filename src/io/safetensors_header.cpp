/// The safetensors header as a stream of JSON events.
#include "io/safetensors_header.h"

#include <nlohmann/json.hpp>

#include "pcxx/core/errors.h"

namespace pcxx::io {
namespace {

using nlohmann::json;

/// Takes the events of {"__metadata__": {text: text}, name: {"dtype": .., "shape": [..],
/// "data_offsets": [..]}}.
class HeaderReader final : public nlohmann::json_sax<json> {
 public:
  HeaderReader(SafetensorsHeader& header, const std::string& who) : header_(header), who_(who) {}

  bool start_object(std::size_t) override {
    switch (place_) {
      case Place::start: return go(Place::top);
      case Place::tensor_value: return go(Place::tensor);
      case Place::metadata_value: return go(Place::metadata);
      default: unexpected("an object");
    }
  }

  bool end_object() override {
    if (place_ == Place::tensor && seen_ != (kDtype | kShape | kOffsets)) {
      fail("array '" + name_ + "' lacks one of dtype, shape and data_offsets");
    }
    return go(place_ == Place::top ? Place::end : Place::top);
  }

  bool key(std::string& key) override {
    if (place_ == Place::top) {
      return top_key(key);
    }
    if (place_ == Place::metadata) {
      text_ = &claim(header_.metadata, key, "metadata key");
      return go(Place::metadata_text);
    }
    return tensor_key(key);
  }

  bool string(std::string& text) override {
    if (place_ == Place::dtype) {
      tensor_->dtype = std::move(text);
      return go(Place::tensor);
    }
    if (place_ == Place::metadata_text) {
      *text_ = std::move(text);
      return go(Place::metadata);
    }
    unexpected("a text");
  }

  bool start_array(std::size_t) override {
    switch (place_) {
      case Place::shape_value: return go(Place::shape);
      case Place::offsets_value: return go(Place::offsets);
      default: unexpected("a list");
    }
  }

  bool end_array() override {
    if (place_ == Place::offsets && offsets_ != 2) {
      fail("array '" + name_ + "' has " + std::to_string(offsets_) + " data_offsets instead of 2");
    }
    return go(Place::tensor);
  }

  bool number_unsigned(std::uint64_t value) override {
    if (place_ == Place::shape) {
      if (tensor_->extents.size() == kMaximumRank) {
        fail("array '" + name_ + "' has more than " + std::to_string(kMaximumRank) + " axes");
      }
      tensor_->extents.push_back(value);
      return true;
    }
    if (place_ == Place::offsets) {
      if (offsets_ < 2) {
        tensor_->offsets[offsets_] = value;
      }
      ++offsets_;
      return true;
    }
    unexpected("the number " + std::to_string(value));
  }

  bool number_integer(std::int64_t value) override {
    unexpected("the number " + std::to_string(value));
  }
  bool number_float(double, const std::string& text) override { unexpected("the number " + text); }
  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("a boolean"); }
  bool binary(json::binary_t&) override { unexpected("binary data"); }

  bool parse_error(std::size_t position, const std::string&, const json::exception&) override {
    fail("its header is not JSON at byte " + std::to_string(8 + position));
  }

 private:
  enum class Place {
    start,
    top,
    metadata_value,
    metadata,
    metadata_text,
    tensor_value,
    tensor,
    dtype,
    shape_value,
    shape,
    offsets_value,
    offsets,
    end
  };
  static constexpr unsigned kDtype = 1;
  static constexpr unsigned kShape = 2;
  static constexpr unsigned kOffsets = 4;
  static constexpr std::size_t kMaximumRank = 64;

  bool go(Place place) {
    place_ = place;
    return true;
  }

  bool top_key(const std::string& key) {
    if (key == "__metadata__") {
      if (std::exchange(metadata_seen_, true)) {
        fail("it has two entries __metadata__");
      }
      return go(Place::metadata_value);
    }
    tensor_ = &claim(header_.tensors, key, "array");
    name_ = key;
    seen_ = 0;
    offsets_ = 0;
    return go(Place::tensor_value);
  }

  bool tensor_key(const std::string& key) {
    const unsigned bit = key == "dtype"          ? kDtype
                         : key == "shape"        ? kShape
                         : key == "data_offsets" ? kOffsets
                                                 : 0;
    if (bit == 0 || (seen_ & bit) != 0) {
      fail("array '" + name_ + "' has " + (bit == 0 ? "an unknown" : "a second") + " key '" + key +
           "'; known: data_offsets, dtype, shape");
    }
    seen_ |= bit;
    return go(bit == kDtype   ? Place::dtype
              : bit == kShape ? Place::shape_value
                              : Place::offsets_value);
  }

  template <class Map>
  typename Map::mapped_type& claim(Map& map, const std::string& key,
                                   const std::string& what) const {
    const auto [place, made] = map.try_emplace(key);
    if (!made) {
      fail("it has two entries for " + what + " '" + key + "'");
    }
    return place->second;
  }

  [[noreturn]] void unexpected(const std::string& what) const {
    fail("its header has " + what + " where it cannot be" +
         (name_.empty() ? "" : ", at or after array '" + name_ + "'"));
  }

  [[noreturn]] void fail(const std::string& what) const {
    throw FileError(who_ + " is not a sound safetensors file: " + what + "; get or write it anew");
  }

  SafetensorsHeader& header_;
  const std::string& who_;
  Place place_ = Place::start;
  TensorEntry* tensor_ = nullptr;
  std::string* text_ = nullptr;
  std::string name_;
  unsigned seen_ = 0;
  std::size_t offsets_ = 0;
  bool metadata_seen_ = false;
};

}  // namespace

SafetensorsHeader parse_header(std::string_view text, const std::string& who) {
  SafetensorsHeader header;
  HeaderReader reader(header, who);
  json::sax_parse(text.begin(), text.end(), &reader);
  return header;
}

}  // namespace pcxx::io
