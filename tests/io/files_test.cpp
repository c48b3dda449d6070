/// Whole files: replaced completely or not at all, whatever goes wrong.
#include "pcxx/io/files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "pcxx/core/errors.h"
#include "support/message.h"
#include "support/temporary_folder.h"

namespace pcxx {
namespace {

using test::message_of;
using test::TemporaryFolder;

std::string text_of(const std::filesystem::path& path) {
  const auto bytes = read_file(path);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Runs checks in a child process, which may lower its own limits and rights; returns whether all
/// held.
bool holds_in_child(const std::function<bool()>& checks) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::_exit(checks() ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST(Files, WhatIsWrittenIsRead) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a", std::string_view("one\0two", 7));
  EXPECT_EQ(text_of(folder / "a"), std::string("one\0two", 7));
  write_file_atomically(folder / "a", "");
  EXPECT_EQ(text_of(folder / "a"), "");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(Files, AFileNamedWithoutFolderGoesToTheWorkingFolder) {
  const TemporaryFolder folder;
  EXPECT_TRUE(holds_in_child([&] {
    std::filesystem::current_path(folder.path());
    write_file_atomically("a", "here");
    return text_of("a") == "here";
  }));
  EXPECT_EQ(text_of(folder / "a"), "here");
}

TEST(Files, AReplacedFileKeepsItsPermissions) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a", "old");
  ::chmod((folder / "a").c_str(), 0640);
  write_file_atomically(folder / "a", "new");
  struct stat status = {};
  ::stat((folder / "a").c_str(), &status);
  EXPECT_EQ(status.st_mode & 07777, 0640U);
}

TEST(Files, ASymbolicLinkIsFollowedAndStays) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder / "far");
  write_file_atomically(folder / "far/a", "old");
  std::filesystem::create_symlink("far/a", folder / "link");
  write_file_atomically(folder / "link", "new");
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(text_of(folder / "far/a"), "new");
}

TEST(Files, AMissingFolderIsNamed) {
  const TemporaryFolder folder;
  const std::string path = folder / "no/a";
  EXPECT_EQ(message_of<FileError>([&] { write_file_atomically(path, "x"); }),
            "[file] cannot write '" + path +
                "': No such file or directory; what was there before is unchanged; make its folder "
                "first");
}

TEST(Files, SomethingElseThanAFileIsNotReplaced) {
  const TemporaryFolder folder;
  EXPECT_EQ(message_of<FileError>([] { write_file_atomically("/dev/full", "x"); }),
            "[file] cannot write '/dev/full': it is not a regular file; what was there before is "
            "unchanged; name a file");
  EXPECT_THROW(write_file_atomically(folder.path(), "x"), FileError);
  EXPECT_THROW(write_file_atomically("", "x"), FileError);
}

TEST(Files, AnUnwritableFolderKeepsTheOldFile) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a", "old");
  ::chmod(folder.path().c_str(), 0555);
  EXPECT_TRUE(holds_in_child([&] {
    if (::geteuid() == 0 && ::setuid(65534) != 0) {
      return true;  // no other user to try it as
    }
    return message_of<FileError>([&] { write_file_atomically(folder / "a", "new"); }) ==
           "[file] cannot write '" + (folder / "a").string() +
               "': Permission denied; what was there before is unchanged; make its folder writable "
               "or choose another";
  }));
  ::chmod(folder.path().c_str(), 0755);
  EXPECT_EQ(text_of(folder / "a"), "old");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(Files, AFileSizeLimitKeepsTheOldFile) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "a", "old");
  EXPECT_TRUE(holds_in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{4096, 4096};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    return message_of<FileError>([&] {
             write_file_atomically(folder / "a", std::string(10'000, 'x'));
           }) == "[file] cannot write '" + (folder / "a").string() +
                     "': File too large; what was there before is unchanged; raise the limit on "
                     "file sizes (ulimit -f)";
  }));
  EXPECT_EQ(text_of(folder / "a"), "old");
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(Files, AFullDiskKeepsTheOldFile) {
  const TemporaryFolder folder;
  if (::mount("none", folder.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
    GTEST_SKIP() << "a small disk cannot be mounted without the right to do so";
  }
  write_file_atomically(folder / "a", "old");
  const std::string message = message_of<FileError>(
      [&] { write_file_atomically(folder / "a", std::string(200'000, 'x')); });
  const std::string kept = text_of(folder / "a");
  const std::size_t entries = folder.entries();
  ::umount(folder.path().c_str());
  EXPECT_EQ(message, "[file] cannot write '" + (folder / "a").string() +
                         "': No space left on device; what was there before is unchanged; "
                         "free space on that disk or choose another folder");
  EXPECT_EQ(kept, "old");
  EXPECT_EQ(entries, 1U);
}

TEST(Files, LeftoversOfAKilledWriterAreRemoved) {
  const TemporaryFolder folder;
  std::ofstream(folder / ".a.123-0.tmp") << "half";
  std::ofstream(folder / ".a.notes.tmp") << "not ours";
  std::ofstream(folder / ".b.123-0.tmp") << "of another file";
  write_file_atomically(folder / "a", "new");
  EXPECT_FALSE(std::filesystem::exists(folder / ".a.123-0.tmp"));
  EXPECT_EQ(folder.entries(), 3U);
}

TEST(Files, ATemporaryInUseIsLeftAlone) {
  const TemporaryFolder folder;
  const int other = ::open((folder / ".a.123-0.tmp").c_str(), O_WRONLY | O_CREAT, 0666);
  ASSERT_EQ(::flock(other, LOCK_EX), 0);
  write_file_atomically(folder / "a", "new");
  EXPECT_TRUE(std::filesystem::exists(folder / ".a.123-0.tmp"));
  ::close(other);
}

TEST(Files, ManyWritersOfOneFileLeaveOneWholeFile) {
  const TemporaryFolder folder;
  std::vector<std::thread> writers;
  for (char letter = 'a'; letter < 'e'; ++letter) {
    writers.emplace_back([&folder, letter] {
      for (int i = 0; i < 25; ++i) {
        write_file_atomically(folder / "shared", std::string(5000, letter));
      }
    });
  }
  for (std::thread& writer : writers) {
    writer.join();
  }
  const std::string text = text_of(folder / "shared");
  EXPECT_EQ(text, std::string(5000, text.at(0)));
  EXPECT_EQ(folder.entries(), 1U);
}

TEST(Files, WhatCannotBeReadIsNamed) {
  const TemporaryFolder folder;
  EXPECT_EQ(message_of<FileError>([] { read_file("/no/such/file"); }),
            "[file] cannot read '/no/such/file': No such file or directory; check the name");
  EXPECT_EQ(
      message_of<FileError>([&] { read_file(folder.path()); }),
      "[file] cannot read '" + folder.path().string() + "': it is not a regular file; name a file");
  EXPECT_THROW(read_file("/dev/zero"), FileError);
}

}  // namespace
}  // namespace pcxx
