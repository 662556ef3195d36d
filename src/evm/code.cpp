#include "evm/code.hpp"

#include <list>
#include <mutex>
#include <unordered_map>

#include "evm/analysis.hpp"

namespace quarry::evm {
namespace {
/// What PUSH32 at the end can want, and a STOP.
constexpr std::size_t kPadding = 33;

std::vector<std::uint64_t> find_jump_targets(ByteView code) {
  std::vector<std::uint64_t> targets((code.size() + 63) / 64);
  constexpr std::uint8_t kJumpdest = 0x5b, kFirstPush = 0x60, kLastPush = 0x7f;
  for (std::size_t pc = 0; pc < code.size(); ++pc) {
    const std::uint8_t op = code[pc];
    if (op == kJumpdest)
      targets[pc / 64] |= std::uint64_t{1} << (pc % 64);
    else if (op >= kFirstPush && op <= kLastPush)
      pc += op - kFirstPush + 1;
  }
  return targets;
}

Bytes padded(Bytes bytes) {
  bytes.resize(bytes.size() + kPadding);
  return bytes;
}
}  // namespace

Code::Code(Bytes bytes, const Rules& rules)
    : size_(bytes.size()), targets_(find_jump_targets(bytes)), table_(opcode_table(rules)) {
  bytes_ = padded(std::move(bytes));
  decoded_ = decode(bytes_.data(), size_, table_);
}

std::size_t Code::memory_bytes() const {
  return sizeof *this + bytes_.capacity() + targets_.capacity() * sizeof(std::uint64_t) +
         decoded_.memory_bytes();
}

CodeRef analyse(Bytes bytes, const Rules& rules) {
  return std::make_shared<const Code>(std::move(bytes), rules);
}

ByteView bytes_of(const Code& code) {
  return code.bytes();
}

struct CodeCache::Impl {
  struct Key {
    CodeHash hash;
    std::uint32_t rules;
    friend bool operator==(const Key&, const Key&) = default;
  };
  struct KeyHasher {
    std::size_t operator()(const Key& key) const noexcept {
      return std::hash<CodeHash>{}(key.hash) ^ key.rules * std::size_t{0x9e3779b97f4a7c15};
    }
  };
  struct Entry {
    Key key;
    CodeRef code;
  };

  std::size_t most_bytes;
  std::mutex mutex;
  std::list<Entry> recent;  ///< the last used is first
  std::unordered_map<Key, std::list<Entry>::iterator, KeyHasher> index;
  std::size_t bytes = 0;

  CodeRef find(const Key& key) {
    const auto found = index.find(key);
    if (found == index.end()) return nullptr;
    recent.splice(recent.begin(), recent, found->second);
    return found->second->code;
  }
  /// The newest stays, however large it is.
  void shrink() {
    while (bytes > most_bytes && recent.size() > 1) {
      bytes -= recent.back().code->memory_bytes();
      index.erase(recent.back().key);
      recent.pop_back();
    }
  }
};

CodeCache::CodeCache(std::size_t most_bytes) : impl_(std::make_unique<Impl>()) {
  impl_->most_bytes = most_bytes;
}
CodeCache::~CodeCache() = default;

CodeRef CodeCache::find(const CodeHash& hash, const Rules& rules) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->find({hash, rules.bits()});
}

CodeRef CodeCache::insert(const CodeHash& hash, const Rules& rules, Bytes bytes) {
  CodeRef code = analyse(std::move(bytes), rules);
  const std::lock_guard lock(impl_->mutex);
  const Impl::Key key{hash, rules.bits()};
  if (CodeRef other = impl_->find(key)) return other;  // another thread was quicker
  impl_->recent.push_front({key, code});
  impl_->index.emplace(key, impl_->recent.begin());
  impl_->bytes += code->memory_bytes();
  impl_->shrink();
  return code;
}

CodeCache& shared_code_cache() {
  static CodeCache cache;
  return cache;
}

}  // namespace quarry::evm
