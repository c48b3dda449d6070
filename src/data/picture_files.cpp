/// Picture files as samples: decoding, from rows of pixels to planes of colours, and leaving out what is damaged.
#include "pcxx/data/picture_files.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>

#include "data/jpeg.h"
#include "data/scale_bytes.h"
#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"

namespace pcxx {
namespace {

class PictureFiles : public SampleSource {
 public:
  PictureFiles(std::vector<std::filesystem::path> files, const PictureFilesOptions& options)
      : files_(std::move(files)), options_(options) {}

  Size size() const override { return static_cast<Size>(files_.size()); }
  Shape shape() const override { return {3, options_.height, options_.width}; }

  void read(Size sample, std::span<float> numbers) const override {
    const std::filesystem::path& file = files_[static_cast<std::size_t>(sample)];
    const Pixels picture = decode_jpeg(read_file(file), file.string());
    if (picture.height != options_.height || picture.width != options_.width) {
      throw FileError("[pictures] '" + file.string() + "' has " + std::to_string(picture.width) + " x " +
                      std::to_string(picture.height) + " pixels; expected " + std::to_string(options_.width) + " x " +
                      std::to_string(options_.height) + "; resize or remove it");
    }
    std::vector<std::uint8_t> planes(picture.bytes.size());
    const std::size_t plane = planes.size() / 3;
    for (std::size_t pixel = 0; pixel < plane; ++pixel) {
      for (std::size_t colour = 0; colour < 3; ++colour) {
        planes[colour * plane + pixel] = picture.bytes[3 * pixel + colour];
      }
    }
    scale_bytes(planes, options_.scaling, numbers);
  }

 private:
  std::vector<std::filesystem::path> files_;
  PictureFilesOptions options_;
};

/// Chosen samples of another source.
class ChosenSamples : public SampleSource {
 public:
  ChosenSamples(std::shared_ptr<const SampleSource> all, std::vector<Size> chosen)
      : all_(std::move(all)), chosen_(std::move(chosen)) {}
  Size size() const override { return static_cast<Size>(chosen_.size()); }
  Shape shape() const override { return all_->shape(); }
  void read(Size sample, std::span<float> numbers) const override {
    all_->read(chosen_[static_cast<std::size_t>(sample)], numbers);
  }

 private:
  std::shared_ptr<const SampleSource> all_;
  std::vector<Size> chosen_;
};

/// Returns what is wrong with each sample, "" where nothing is.
std::vector<std::string> read_once(const SampleSource& source, int threads) {
  std::vector<std::string> problems(static_cast<std::size_t>(source.size()));
  std::atomic<Size> next = 0;
  const auto work = [&] {
    std::vector<float> numbers(static_cast<std::size_t>(source.shape().elements()));
    for (Size sample = next++; sample < source.size(); sample = next++) {
      try {
        source.read(sample, numbers);
      } catch (const FileError& error) {
        problems[static_cast<std::size_t>(sample)] = error.what();
      }
    }
  };
  const unsigned wanted = threads > 0 ? static_cast<unsigned>(threads) : std::thread::hardware_concurrency();
  std::vector<std::jthread> helpers;
  for (unsigned i = 1; i < wanted && static_cast<Size>(i) < source.size(); ++i) {
    helpers.emplace_back(work);
  }
  work();
  helpers.clear();  // waits for them
  return problems;
}

}  // namespace

std::shared_ptr<const SampleSource> picture_files(std::vector<std::filesystem::path> files,
                                                  const PictureFilesOptions& options) {
  if (options.height < 1 || options.width < 1) {
    throw ArgumentError("[pictures] pictures of " + std::to_string(options.width) + " x " +
                        std::to_string(options.height) + " pixels; expected at least 1 x 1");
  }
  return std::make_shared<PictureFiles>(std::move(files), options);
}

Size skip_unreadable(Dataset& dataset, int threads) {
  if (dataset.source == nullptr || dataset.classes == 0) {
    throw ArgumentError("[skip_unreadable] the dataset has no source of samples with labels; expected one of files");
  }
  const std::vector<std::string> problems = read_once(*dataset.source, threads);
  std::vector<Size> kept;
  std::vector<std::int32_t> labels;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    if (problems[i].empty()) {
      kept.push_back(static_cast<Size>(i));
      labels.push_back(dataset.labels.as<std::int32_t>()[i]);
    } else {
      dataset.skipped.push_back(problems[i]);
    }
  }
  const Size left_out = dataset.size() - static_cast<Size>(kept.size());
  if (left_out > 0) {
    dataset.source = std::make_shared<ChosenSamples>(dataset.source, std::move(kept));
    dataset.labels = Array({static_cast<Size>(labels.size())}, ElementType::i32);
    std::copy(labels.begin(), labels.end(), dataset.labels.as<std::int32_t>().begin());
  }
  return left_out;
}

}  // namespace pcxx
