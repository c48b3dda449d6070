/// How the tests run the command line; and that it says what it can do.
#include "cli/command.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <stdexcept>

namespace pcxx::test {
namespace {

[[noreturn]] void become(const std::vector<std::string>& arguments, const CommandOptions& options) {
  for (const auto& [name, value] : options.environment) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  if (!options.folder.empty() && ::chdir(options.folder.c_str()) != 0) {
    ::_exit(126);
  }
  if (!options.output.empty()) {
    ::dup2(::open(options.output.c_str(), O_WRONLY), STDOUT_FILENO);
  }
  if (options.largest_file > 0) {
    const rlimit limit{static_cast<rlim_t>(options.largest_file),
                       static_cast<rlim_t>(options.largest_file)};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ::signal(SIGXFSZ, SIG_IGN);  // writing beyond it fails, as on a full disk
  }
  std::vector<char*> words{const_cast<char*>(PCXX_CLI)};
  for (const std::string& argument : arguments) {
    words.push_back(const_cast<char*>(argument.c_str()));
  }
  words.push_back(nullptr);
  ::execv(PCXX_CLI, words.data());
  ::_exit(127);
}

int exit_code(pid_t process) {
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Command::Command(const std::vector<std::string>& arguments, const CommandOptions& options) {
  int out[2], error[2];
  if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(error, O_CLOEXEC) != 0) {
    throw std::runtime_error("cannot make pipes");
  }
  process_ = ::fork();
  if (process_ == 0) {
    ::dup2(out[1], STDOUT_FILENO);
    ::dup2(error[1], STDERR_FILENO);
    become(arguments, options);
  }
  ::close(out[1]);
  ::close(error[1]);
  out_ = out[0];
  error_ = error[0];
}

Command::~Command() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    exit_code(process_);
  }
  ::close(out_);
  ::close(error_);
}

void Command::signal(int number) const { ::kill(process_, number); }

CommandResult Command::wait() {
  CommandResult result;
  pollfd streams[] = {{out_, POLLIN, 0}, {error_, POLLIN, 0}};
  std::string* texts[] = {&result.out, &result.error};
  char bytes[4096];
  while (streams[0].fd >= 0 || streams[1].fd >= 0) {
    ::poll(streams, 2, -1);
    for (int i = 0; i < 2; ++i) {
      if (streams[i].fd >= 0 && streams[i].revents != 0) {
        const ssize_t count = ::read(streams[i].fd, bytes, sizeof bytes);
        if (count > 0) {
          texts[i]->append(bytes, static_cast<std::size_t>(count));
        } else {
          streams[i].fd = -1;
        }
      }
    }
  }
  result.code = exit_code(process_);
  process_ = -1;
  return result;
}

CommandResult pcxx_command(const std::vector<std::string>& arguments,
                           const CommandOptions& options) {
  return Command(arguments, options).wait();
}

CommandResult pcxx_in_terminal(const std::vector<std::string>& arguments, int columns) {
  int terminal = -1;
  const winsize size{
      .ws_row = 24, .ws_col = static_cast<unsigned short>(columns), .ws_xpixel = 0, .ws_ypixel = 0};
  const pid_t process = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (process == 0) {
    become(arguments, {});
  }
  CommandResult result;
  char bytes[4096];
  for (ssize_t count = 0; (count = ::read(terminal, bytes, sizeof bytes)) > 0;) {
    result.out.append(bytes, static_cast<std::size_t>(count));
  }
  ::close(terminal);
  result.code = exit_code(process);
  return result;
}

std::string last_line(const std::string& text) {
  const std::size_t end = text.find_last_not_of('\n');
  const std::size_t begin = text.rfind('\n', end);
  return text.substr(begin + 1, end - begin);
}

TEST(Help, NamesTheCommands) {
  const CommandResult result = pcxx_command({"--help"});
  EXPECT_EQ(result.code, 0);
  for (const char* command : {"train", "eval", "inspect", "bench", "replay"}) {
    EXPECT_NE(result.out.find(command), std::string::npos) << command;
  }
}

TEST(Help, HasAVersion) { EXPECT_EQ(pcxx_command({"--version"}).code, 0); }

TEST(Misuse, IsExitCodeTwoAndOneLine) {
  const std::vector<std::vector<std::string>> misuses{{},
                                                      {"trian"},
                                                      {"train"},
                                                      {"train", "a.toml", "--bogus"},
                                                      {"bench"},
                                                      {"bench", "moons", "--precision", "f16"},
                                                      {"train", "a.toml", "--threads", "many"}};
  for (const auto& arguments : misuses) {
    const CommandResult result = pcxx_command(arguments);
    EXPECT_EQ(result.code, 2);
    EXPECT_TRUE(result.error.starts_with("pcxx: ")) << result.error;
    EXPECT_EQ(result.error.find('\n'), result.error.size() - 1) << result.error;
    EXPECT_EQ(result.out, "");
  }
}

}  // namespace pcxx::test
