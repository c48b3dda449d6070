/// CIFAR: records of one or two label bytes and 3072 bytes of a picture, red, green and blue one after the other.
#include "pcxx/data/cifar.h"

#include <algorithm>
#include <utility>

#include "data/folders.h"
#include "pcxx/core/errors.h"
#include "pcxx/io/files.h"

namespace pcxx {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kPixels = 3 * 32 * 32;

/// How the records of a set begin.
struct Form {
  std::string name;
  std::size_t labels;  // bytes before the pixels
  std::size_t label;   // the one that counts
  Size classes;
  std::size_t record() const { return labels + kPixels; }
};

const Form kCifar10{"cifar10", 1, 0, 10};

Form cifar100_form(Cifar100Labels labels) {
  return labels == Cifar100Labels::coarse ? Form{"cifar100", 2, 0, 20} : Form{"cifar100", 2, 1, 100};
}

Dataset empty_set(const Form& form, std::size_t samples) {
  Dataset set;
  set.inputs = Array({static_cast<Size>(samples), 3, 32, 32}, ElementType::u8);
  set.labels = Array({static_cast<Size>(samples)}, ElementType::i32);
  set.classes = form.classes;
  return set;
}

std::size_t records_in(std::span<const std::byte> bytes, const std::string& name, const Form& form) {
  if (bytes.empty() || bytes.size() % form.record() != 0) {
    throw FileError("[" + form.name + "] '" + name + "' has " + std::to_string(bytes.size()) +
                    " bytes; expected records of " + std::to_string(form.record()) +
                    ": it is cut short, or another file; get it anew");
  }
  return bytes.size() / form.record();
}

/// Puts a file's records at the samples from `first` on.
void copy_records(std::span<const std::byte> bytes, const std::string& name, const Form& form, Dataset& set,
                  std::size_t first) {
  const std::size_t records = records_in(bytes, name, form);
  for (std::size_t i = 0; i < records; ++i) {
    const auto record = bytes.subspan(i * form.record(), form.record());
    const auto label = std::to_integer<std::int32_t>(record[form.label]);
    if (label >= form.classes) {
      throw FileError("[" + form.name + "] '" + name + "' gives picture " + std::to_string(i) + " the label " +
                      std::to_string(label) + "; expected 0 to " + std::to_string(form.classes - 1) +
                      "; get it anew");
    }
    set.labels.as<std::int32_t>()[first + i] = label;
    std::copy_n(record.begin() + static_cast<std::ptrdiff_t>(form.labels), kPixels,
                set.inputs.data() + (first + i) * kPixels);
  }
}

Dataset parse(std::span<const std::byte> bytes, const std::string& name, const Form& form) {
  Dataset set = empty_set(form, records_in(bytes, name, form));
  copy_records(bytes, name, form, set, 0);
  return set;
}

/// One file after the other, so that there is never more than one of them in memory besides the set.
Dataset load_files(const fs::path& folder, const std::vector<std::string>& names, const Form& form) {
  std::size_t samples = 0;
  for (const std::string& name : names) {
    samples += fs::file_size(folder / name) / form.record();
  }
  Dataset set = empty_set(form, samples);
  std::size_t first = 0;
  for (const std::string& name : names) {
    const std::vector<std::byte> bytes = read_file(folder / name);
    const std::size_t records = records_in(bytes, (folder / name).string(), form);
    if (first + records > samples) {
      throw FileError("[" + form.name + "] '" + (folder / name).string() + "' grew while it was read; try again");
    }
    copy_records(bytes, (folder / name).string(), form, set, first);
    first += records;
  }
  return set;
}

Split load(const fs::path& folder, const std::vector<fs::path>& places, const std::vector<std::string>& train,
           const std::string& test, const Form& form) {
  const auto folders = folder.empty() ? places : std::vector{folder};
  for (const fs::path& place : folders) {
    const auto has = [&](const std::string& name) { return is_there(place / name); };
    if (has(test) && std::all_of(train.begin(), train.end(), has)) {
      return {load_files(place, train, form), load_files(place, {test}, form)};
    }
  }
  throw FileError("[" + form.name + "] the data set is not in " + listed(folders) + "; expected " + train.front() +
                  (train.size() > 1 ? " to " + train.back() : "") + " and " + test +
                  ", the binary version; set PCXX_DATA to the folder that has them");
}

}  // namespace

Dataset parse_cifar10(std::span<const std::byte> bytes, const std::string& name) {
  return parse(bytes, name, kCifar10);
}

Dataset parse_cifar100(std::span<const std::byte> bytes, const std::string& name, Cifar100Labels labels) {
  return parse(bytes, name, cifar100_form(labels));
}

std::vector<fs::path> cifar10_folders() { return dataset_folders("cifar-10-batches-bin"); }
std::vector<fs::path> cifar100_folders() { return dataset_folders("cifar-100-binary"); }

Split load_cifar10(const fs::path& folder) {
  return load(folder, cifar10_folders(),
              {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"},
              "test_batch.bin", kCifar10);
}

Split load_cifar100(const fs::path& folder, Cifar100Labels labels) {
  return load(folder, cifar100_folders(), {"train.bin"}, "test.bin", cifar100_form(labels));
}

ChannelStatistics cifar10_statistics() {
  return {{0.4914F, 0.4822F, 0.4465F}, {0.2023F, 0.1994F, 0.2010F}};
}

ChannelStatistics cifar100_statistics() {
  return {{0.5071F, 0.4867F, 0.4408F}, {0.2675F, 0.2565F, 0.2761F}};
}

}  // namespace pcxx
