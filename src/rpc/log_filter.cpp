#include "rpc/log_filter.hpp"

#include <algorithm>

namespace quarry::rpc {
namespace {

template <class Value>
bool is_one_of(const std::vector<Value>& values, const Value& value) {
  return values.empty() || std::find(values.begin(), values.end(), value) != values.end();
}

/// Reads one value or an array of them; null is none.
template <class Value>
std::vector<Value> read_alternatives(FieldReader& fields, const Json& json, std::string_view go_type) {
  std::vector<Value> out;
  const auto read_one = [&](const Json& entry) {
    Value value;
    fields.read_fixed(entry, go_type, value.bytes);
    out.push_back(value);
  };
  if (json.is_null()) return out;
  if (!json.is_array()) {
    read_one(json);
    return out;
  }
  if (json.size() > kMostAlternatives) {
    fields.reject("exceed max addresses or topics per search position");
    return out;
  }
  for (const auto& entry : json) {
    // A null among a place's topics means any: the place is open.
    if (entry.is_null()) return {};
    read_one(entry);
  }
  return out;
}

void read_topics(FieldReader& fields, LogFilter& out) {
  const auto* topics = fields.find("topics");
  if (topics == nullptr) return;
  if (!topics->is_array()) return fields.reject("topics are an array");
  if (topics->size() > kMostTopics) return fields.reject("exceed max topics");
  for (const auto& place : *topics) {
    out.topics.push_back(read_alternatives<Hash256>(fields, place, "common.Hash"));
  }
}

}  // namespace

std::size_t LogFilter::terms() const {
  std::size_t out = addresses.size();
  for (const auto& place : topics) out += place.size();
  return out;
}

bool LogFilter::matches(const Log& log) const {
  if (!is_one_of(addresses, log.address) || log.topics.size() < topics.size()) return false;
  for (std::size_t i = 0; i < topics.size(); ++i)
    if (!is_one_of(topics[i], log.topics[i])) return false;
  return true;
}

LogQuery read_log_query(Params& params, std::size_t index) {
  LogQuery out;
  FieldReader fields(params, index, "filters.input");
  if (const auto* hash = fields.find("blockHash")) {
    if (fields.find("fromBlock") != nullptr || fields.find("toBlock") != nullptr) {
      fields.reject("cannot specify both BlockHash and FromBlock/ToBlock, choose one or the other");
    }
    out.block.emplace();
    fields.read_fixed(*hash, "common.Hash", out.block->bytes);
  }
  out.from = fields.block("fromBlock");
  out.to = fields.block("toBlock");
  if (const auto* address = fields.find("address")) {
    out.filter.addresses = read_alternatives<Address>(fields, *address, "common.Address");
  }
  read_topics(fields, out.filter);
  return out;
}

}  // namespace quarry::rpc
