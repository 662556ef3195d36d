// Receipts as geth stores them. The form is told by the number of fields:
//   7  (to 1.8)   outcome, cumulative gas, bloom, transaction hash, contract, logs, gas used
//   6  (1.9)      outcome, cumulative gas, transaction hash, contract, logs, gas used
//   3  (from 1.9) outcome, cumulative gas, logs
// The outcome is a state root of 32 bytes, or the status. Logs begin with address, topics and data; older
// ones go on with what can be worked out.
#include "node/geth_source.hpp"

namespace quarry::geth {
namespace {

struct Form {
  std::size_t fields;
  std::size_t logs;  ///< the place of the logs
};
constexpr Form kForms[] = {{7, 5}, {6, 4}, {3, 2}};

bool read_log(rlp::Reader& from, Log& log) {
  auto list = from.list();
  if (!list || !list->read(log.address)) return false;
  auto topics = list->list();
  if (!topics) return false;
  while (!topics->at_end())
    if (!topics->read(log.topics.emplace_back())) return false;
  return bool{list->read(log.data)};
}

bool read_outcome(ByteView text, Receipt& receipt) {
  if (const auto root = RootHash::from(text))
    receipt.outcome = *root;
  else if (text.empty() || (text.size() == 1 && text[0] <= 1))
    receipt.outcome = !text.empty() && text[0] == 1;
  else
    return false;
  return true;
}

bool read_receipt(const rlp::Item& item, Receipt& receipt) {
  if (!item.is_list) return false;
  constexpr std::size_t kMostFields = 7;
  const auto count = rlp::count_items(item.payload, kMostFields);
  const Form* form = nullptr;
  for (const Form& one : kForms)
    if (count && *count == one.fields) form = &one;
  if (form == nullptr) return false;
  rlp::Reader reader(item.payload);
  const auto outcome = reader.string();
  if (!outcome || !read_outcome(*outcome, receipt) || !reader.read(receipt.cumulative_gas_used)) return false;
  for (std::size_t skipped = 2; skipped < form->logs; ++skipped)
    if (!reader.next()) return false;
  auto logs = reader.list();
  if (!logs) return false;
  while (!logs->at_end())
    if (!read_log(*logs, receipt.logs.emplace_back())) return false;
  receipt.logs_bloom = bloom_of(receipt.logs);
  return true;
}

}  // namespace

std::optional<std::vector<Receipt>> decode_receipts(ByteView bytes, const std::vector<Transaction>& txns) {
  auto list = rlp::decode_list(bytes);
  if (!list) return std::nullopt;
  std::vector<Receipt> out;
  while (!list->at_end()) {
    const auto item = list->next();
    if (!item || out.size() == txns.size()) return std::nullopt;
    Receipt& receipt = out.emplace_back();
    receipt.type = txns[out.size() - 1].type;
    if (!read_receipt(*item, receipt)) return std::nullopt;
  }
  if (out.size() != txns.size()) return std::nullopt;
  return out;
}

}  // namespace quarry::geth
