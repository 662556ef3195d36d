#pragma once
/// \file
/// The files of a database's folder: what RocksDB's own interface does not say of them, its log's form above
/// all. Nothing here opens the database; all may be asked while another process has it open.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/expected.hpp"

namespace quarry {

/// Names and sizes of what may not change while files are read one after another: the manifest by its size,
/// logs and tables by being there.
std::map<std::string, std::uint64_t> file_state(const std::string& path);

/// Notes the write-ahead logs and their sizes in the file CLOSED, when the last owner ends cleanly. So a log
/// that lost its end afterwards is told from one whose writer was killed.
void note_closed_logs(const std::string& path);
/// Removes the note, before an owner opens the database.
void forget_closed_logs(const std::string& path);

/// What is wrong with a write-ahead log.
struct LogFault {
  std::string path;
  std::string what;
  /// The last record is not whole and no note says that it ever was: its writer was killed, or still writes.
  /// It was then not committed, and nothing is lost.
  bool harmless = false;
};
/// Reads all write-ahead logs: lengths, checksums, and the note CLOSED.
std::vector<LogFault> check_logs(const std::string& path);

/// Copies the database into the folder `to`, which is made: tables as hard links where both lie on one disk,
/// the small files as copies. The copy is the database at one instant; an owner may go on writing meanwhile.
/// Gives the bytes that the copy names, most of them shared.
[[nodiscard]] Result<std::uint64_t> link_database(const std::string& path, const std::string& to);

}  // namespace quarry
