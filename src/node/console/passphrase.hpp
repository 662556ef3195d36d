#pragma once
/// \file
/// Passphrases: typed unseen on the terminal, read from standard input when that is none, or from a file.
/// Blocks the calling thread, which is the main one.

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/expected.hpp"

namespace quarry {

/// Shows `prompt` and reads a line with the echo off; a piped standard input gives its next line.
/// The error says that the input ended or Ctrl-C was typed.
Result<std::string> read_passphrase(std::string_view prompt);
/// Asks twice: "Passphrase: ", "Repeat passphrase: ". Unequal: "Passphrases do not match".
Result<std::string> read_new_passphrase();
/// --password FILE: one passphrase a line, line ends of either kind.
Result<std::vector<std::string>> read_password_file(const std::filesystem::path& file);
/// The next line of standard input, not buffered beyond what the console itself reads; nothing at its end.
/// What is piped into `quarry console` may hold both statements and passphrases.
bool read_piped_line(std::string& line);

}  // namespace quarry
