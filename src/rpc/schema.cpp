#include "rpc/schema.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/check.hpp"
#include "rpc/methods.hpp"

namespace quarry::rpc {
namespace {

struct StringType {
  std::string_view name, pattern, title;
};
struct NamedType {
  std::string_view name, type;
};
#include "rpc/schema_types.inc"

/// What JSON itself has.
constexpr NamedType kPlain[] = {
    {"String", "string"},   {"Integer", "integer"}, {"Number", "number"},
    {"Boolean", "boolean"}, {"null", "null"},
};

/// Reads the notation of schema.hpp. It is our own table's text, so a fault in it is a fault of ours.
class TypeReader {
 public:
  explicit TypeReader(std::string_view text) : text_(text) {}
  Json whole() {
    auto out = type();
    QUARRY_CHECK(at_ == text_.size());
    return out;
  }

 private:
  Json type() {
    auto first = single();
    if (!take('|')) return first;
    Json all = Json::array({std::move(first)});
    do {
      all.push_back(single());
    } while (take('|'));
    return {{"anyOf", std::move(all)}};
  }
  Json single() {
    if (take('[')) {
      Json out = {{"type", "array"}, {"items", type()}};
      expect(']');
      return out;
    }
    return take('{') ? object() : named(word());
  }
  Json object() {
    if (take('*')) {
      expect(':');
      Json out = {{"type", "object"}, {"properties", Json::object()}, {"additionalProperties", type()}};
      expect('}');
      return out;
    }
    Json properties = Json::object(), required = Json::array();
    bool open = false;
    do {
      skip();
      if (text_.substr(at_).starts_with("...")) {
        at_ += 3;
        open = true;
        break;
      }
      const std::string name(word());
      if (!take('?')) required.push_back(name);
      expect(':');
      properties[name] = type();
    } while (take(','));
    expect('}');
    Json out = {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", open}};
    if (!required.empty()) out["required"] = std::move(required);
    return out;
  }
  static Json named(std::string_view name) {
    if (name == "Any") return Json::object();
    if (name == "false") return {{"const", false}};
    for (const auto& row : kPlain)
      if (row.name == name) return {{"type", row.type}};
    const auto is_it = [&](const auto& row) { return row.name == name; };
    QUARRY_CHECK(std::any_of(std::begin(kStrings), std::end(kStrings), is_it) ||
                 std::any_of(std::begin(kTypes), std::end(kTypes), is_it));
    return {{"$ref", fmt::format("#/components/schemas/{}", name)}};
  }
  std::string_view word() {
    skip();
    const auto from = at_;
    while (at_ < text_.size() && (std::isalnum(static_cast<unsigned char>(text_[at_])) || text_[at_] == '_'))
      ++at_;
    QUARRY_CHECK(at_ > from);
    return text_.substr(from, at_ - from);
  }
  void skip() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) { QUARRY_CHECK(take(c)); }

  std::string_view text_;
  std::size_t at_ = 0;
};

Json all_schemas() {
  Json out = Json::object();
  for (const auto& row : kStrings)
    out[std::string(row.name)] = {{"type", "string"}, {"title", row.title}, {"pattern", row.pattern}};
  for (const auto& row : kTypes) out[std::string(row.name)] = schema_of(row.type);
  return out;
}

/// "block, full?" as names and whether they must be there.
struct Parameter {
  std::string_view name;
  bool required = true;
};
std::vector<Parameter> parameters_of(const Method& method) {
  std::vector<Parameter> out;
  for (auto rest = method.params; !rest.empty();) {
    const auto comma = rest.find(", ");
    auto name = rest.substr(0, comma);
    rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 2);
    const bool optional = name.ends_with('?');
    if (optional) name.remove_suffix(1);
    out.push_back({name, !optional});
  }
  return out;
}

Json method_object(const Method& method) {
  Json params = Json::array();
  for (const auto& parameter : parameters_of(method)) {
    params.push_back({{"name", parameter.name},
                      {"required", parameter.required},
                      {"schema", parameter_schema(parameter.name)}});
  }
  return {
      {"name", method.name},
      {"summary", method.doc},
      {"tags", {{{"name", module_of(method.name)}}}},
      {"params", std::move(params)},
      {"result", {{"name", "result"}, {"schema", schema_of(method.result.empty() ? "Any" : method.result)}}}};
}

/// A bar would end the table's column.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

Json schema_of(std::string_view type) {
  return TypeReader(type).whole();
}

Json parameter_schema(std::string_view name) {
  for (const auto& row : kParameters)
    if (row.name == name) return schema_of(row.type);
  return nullptr;
}

Json openrpc_document(std::string_view version) {
  Json methods = Json::array();
  for (const auto& method : all_methods()) methods.push_back(method_object(method));
  return {{"openrpc", "1.2.6"},
          {"info", {{"title", "Quarry JSON-RPC"}, {"version", version}}},
          {"methods", std::move(methods)},
          {"components", {{"schemas", all_schemas()}}}};
}

std::string methods_markdown() {
  std::string out, module;
  for (const auto& method : all_methods()) {
    if (module != module_of(method.name)) {
      module = module_of(method.name);
      out += fmt::format("\n### {}\n\n| method | parameters | result | |\n|---|---|---|---|\n", module);
    }
    out += fmt::format("| {} | {} | {} | {} |\n", method.name, cell(method.params), cell(method.result),
                       cell(method.doc));
  }
  return out;
}

}  // namespace quarry::rpc
