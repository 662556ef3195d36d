/// \file
/// What no import of a chain file can beat: the senders of all its transactions recovered from their
/// signatures on all cores, and nothing else. Decoding is not counted.
///
///     signature_floor FILE      prints {"transactions": …, "seconds": …, "cpu": …}

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <thread>

#include "core/sender.hpp"
#include "core/worker_pool.hpp"
#include "node/chain_file.hpp"

using namespace quarry;

namespace {
/// Transactions that a thread takes at a time, and that are held in memory between two readings.
constexpr std::size_t kPiece = 64, kHeld = 65536;

double cpu_seconds() {
  timespec spent{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &spent);
  return static_cast<double>(spent.tv_sec) + static_cast<double>(spent.tv_nsec) / 1e9;
}

struct Spent {
  double seconds = 0, cpu = 0;
  std::size_t transactions = 0;
};

void recover_all(WorkerPool& workers, const std::vector<Transaction>& txns, Spent& spent) {
  const auto begun = std::chrono::steady_clock::now();
  const double cpu = cpu_seconds();
  std::atomic<std::size_t> unsigned_ones = 0;
  workers.parallel_for((txns.size() + kPiece - 1) / kPiece, [&](std::size_t piece) {
    for (std::size_t i = piece * kPiece; i < std::min(txns.size(), (piece + 1) * kPiece); ++i)
      if (!sender_of(txns[i])) ++unsigned_ones;
  });
  if (unsigned_ones > 0) std::fprintf(stderr, "%zu signatures are none\n", unsigned_ones.load());
  spent.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count();
  spent.cpu += cpu_seconds() - cpu;
  spent.transactions += txns.size();
}
}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: signature_floor FILE\n");
    return 2;
  }
  auto reader = ChainFileReader::open(argv[1], HeaderIdentity::keccak_rlp);
  if (!reader) return std::fprintf(stderr, "%s\n", reader.error().what.c_str()), 1;
  // The calling thread works too.
  WorkerPool workers("recover", std::max(2u, std::thread::hardware_concurrency()) - 1, 1024);
  std::vector<Transaction> txns;
  Spent spent;
  while (true) {
    auto block = reader->next();
    if (!block) return std::fprintf(stderr, "%s\n", block.error().what.c_str()), 1;
    if (*block)
      for (Transaction& txn : (*block)->body.transactions) txns.push_back(std::move(txn));
    if (txns.size() < kHeld && *block) continue;
    recover_all(workers, txns, spent);
    txns.clear();
    if (!*block) break;
  }
  fmt::print("{{\"transactions\": {}, \"seconds\": {:.3f}, \"cpu\": {:.3f}}}\n", spent.transactions,
             spent.seconds, spent.cpu);
  return 0;
}
